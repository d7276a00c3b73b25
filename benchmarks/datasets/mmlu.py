"""MMLU: 57 subjects of four-choice questions.

Three forms are read: the authors' archive or its unpacked folder (``test/SUBJECT_test.csv`` without a header, columns
question, A to D, letter; ``dev/SUBJECT_dev.csv`` holds five examples a subject), and one CSV with a header, as OpenAI's
simple-evals publishes it (Question, A, B, C, D, Answer, Subject). The few-shot prompt needs the examples, so it fetches
the archive (166 MB); the zero-shot chat prompt fetches the one CSV (7 MB). Both have the same tasks under the same ids:
``<subject>/<row from 0>``.
"""

from __future__ import annotations

import hashlib
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from benchmarks.datasets.choices import prompt_of
from benchmarks.datasets.csv_rows import Row, read_rows, with_header
from benchmarks.datasets.download import Fetched, Remote
from benchmarks.datasets.lines import sha256_file, unreadable
from benchmarks.datasets.request import DatasetRequest, TaskSet, from_table
from benchmarks.datasets.sources import file_or_fetched
from core.errors import BadInput, UsageError
from core.records import Json, Task

ARCHIVE = Remote(
    "MMLU's archive", "https://people.eecs.berkeley.edu/~hendrycks/data.tar",
    "bec563ba4bac1d6aaf04141cd7d1605d7a5ca833e38f994051e818489592989b",
)
ONE_FILE = Remote(
    "MMLU's test set", "https://openaipublic.blob.core.windows.net/simple-evals/mmlu.csv",
    "15b6785d49e0012602e089558a7a0dfb916baf97e9295aa25b48062f13c6afbb",
)
FEW_SHOT = "5shot"
_SHOTS = 5
_NAME = re.compile(r"(?:.*/)?(?P<split>dev|test)/(?P<subject>[a-z0-9_]+)_(?P=split)\.csv")
_HEADER = ("Question", "A", "B", "C", "D", "Answer", "Subject")
_MEMBER_LIMIT = 64 << 20


@dataclass(frozen=True, slots=True)
class _Item:
    row: Row
    subject: str
    question: str
    choices: tuple[str, ...]
    letter: str


_Items = dict[str, list[_Item]]
"""By subject."""


def open_tasks(request: DatasetRequest) -> TaskSet:
    """All questions, subjects in alphabetical order. Reference: ``answer``, the letter. Difficulty: the subject."""
    few = request.prompt_version == FEW_SHOT
    named = Path(request.problems_file) if request.problems_file is not None else None
    if named is not None and named.is_dir():
        file = Fetched(named, _folder_sha256(named), str(named))
        test, dev = _files(_in_folder(named), named)
    else:
        file = file_or_fetched(request, "mmlu", ARCHIVE if few else ONE_FILE)
        test, dev = _files(_in_archive(file.path), file.path) if _is_tar(file.path) else (_one_file(file.path), {})
    if few and not dev:
        raise UsageError(
            f"--prompt-version {FEW_SHOT}: {file.path} holds no examples (dev/*.csv); name the authors' archive or its "
            "folder with --problems-file, or leave the flag out"
        )
    return _task_set(test, {subject: _examples(items) for subject, items in dev.items()} if few else {}, file)


def _task_set(test: _Items, examples: dict[str, str], file: Fetched) -> TaskSet:
    tasks: list[Task] = []
    references: dict[str, dict[str, Json]] = {}
    for subject, items in sorted(test.items()):
        for number, item in enumerate(items):
            name = f"{subject}/{number}"
            prompt = prompt_of(item.question, item.choices) | {"subject": subject.replace("_", " ")}
            if examples:
                if subject not in examples:
                    raise item.row.bad(f"the subject {subject} has no examples; add dev/{subject}_dev.csv")
                prompt["examples"] = examples[subject]
            tasks.append(Task(name, prompt, subject))
            references[name] = {"answer": item.letter}
    return TaskSet(tuple(tasks), file.sha256, file.source, from_table(references))


def _examples(items: list[_Item]) -> str:
    return "".join(
        f"{prompt_of(item.question, item.choices)['question']}\n{prompt_of(item.question, item.choices)['lines']}\n"
        f"Answer: {item.letter}\n\n"
        for item in items[:_SHOTS]
    )


def _one_file(path: Path) -> _Items:
    found: _Items = {}
    with _opened(path) as file:
        for row, record in with_header(read_rows(file, str(path)), _HEADER):
            item = _item(row, record["Subject"].strip(), tuple(str(record[name]) for name in _HEADER[:6]))
            found.setdefault(item.subject, []).append(item)
    return _some(found, path)


def _files(files: Iterator[tuple[str, str, list[Row]]], path: Path) -> tuple[_Items, _Items]:
    splits: dict[str, _Items] = {"test": {}, "dev": {}}
    for split, subject, rows in files:
        splits[split][subject] = [_item(row, subject, row.fields) for row in rows]
    return _some(splits["test"], path), splits["dev"]


def _some(found: _Items, path: Path) -> _Items:
    if not any(found.values()):
        raise BadInput(
            f"{path}: holds no questions; give the authors' archive, its folder (test/SUBJECT_test.csv), or one CSV "
            f"with the columns {', '.join(_HEADER)}"
        )
    return found


def _item(row: Row, subject: str, fields: tuple[str, ...]) -> _Item:
    if len(fields) != 6:
        raise row.bad(f"has {len(fields)} fields, not the six of question, A, B, C, D and answer; correct it")
    letter = fields[5].strip().upper()
    if letter not in {"A", "B", "C", "D"}:
        raise row.bad(f"the answer {fields[5][:20]!r} is none of A, B, C, D; correct it")
    if not fields[0].strip() or not subject:
        raise row.bad("has no question or no subject; correct it")
    return _Item(row, subject, fields[0].strip(), tuple(text.strip() for text in fields[1:5]), letter)


def _opened(path: Path) -> BinaryIO:
    try:
        return cast("BinaryIO", path.open("rb"))
    except OSError as error:
        raise unreadable(path, error) from error


def _is_tar(path: Path) -> bool:
    try:
        return tarfile.is_tarfile(path)
    except OSError as error:
        raise unreadable(path, error) from error


def _in_archive(path: Path) -> Iterator[tuple[str, str, list[Row]]]:
    """Nothing is unpacked to the disk, and no name in it is used as a path."""
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                found = _NAME.fullmatch(member.name)
                if found is None or not member.isfile():
                    continue
                if member.size > _MEMBER_LIMIT:
                    raise BadInput(f"{path}: {member.name} is larger than {_MEMBER_LIMIT >> 20} MiB; this is not MMLU")
                file = archive.extractfile(member)
                if file is not None:
                    yield found["split"], found["subject"], list(read_rows(file, f"{path}:{member.name}"))  # type: ignore[arg-type]  # IO[bytes]
    except (tarfile.TarError, EOFError, OSError) as error:
        raise BadInput(f"{path}: the archive cannot be read ({error}); fetch it again") from error


def _members(folder: Path) -> list[tuple[Path, str, str]]:
    there = [(path, _NAME.fullmatch(f"{path.parent.name}/{path.name}")) for path in sorted(folder.glob("*/*.csv"))]
    return [(path, found["split"], found["subject"]) for path, found in there if found is not None]


def _in_folder(folder: Path) -> Iterator[tuple[str, str, list[Row]]]:
    for path, split, subject in _members(folder):
        with _opened(path) as file:
            yield split, subject, list(read_rows(file, str(path)))


def _folder_sha256(folder: Path) -> str:
    digest = hashlib.sha256()
    for path, split, subject in _members(folder):
        digest.update(f"{split}/{subject} {sha256_file(path)}\n".encode())
    return digest.hexdigest()
