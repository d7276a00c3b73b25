"""Scores in a run's folder: ``judgements.jsonl``, one line a score, the later line counts.

A line: ``task_id``, ``sample``, ``occasion`` (2: seen again by the same judge), ``judge``, ``kind`` (``human`` or
``model``), ``rubric`` (version), ``rubric_sha256``, ``scores`` (criterion → whole number), ``note``, ``text_sha256``,
``file_id``, ``at`` (UTC). Of a pairwise comparison, in the folders of both runs: ``preferred`` (``this``, ``other``,
``neither``), ``against`` (the other's ``run_id``, ``task_id``, ``sample``) and ``shown_first`` instead of ``scores``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.errors import BadInput, BenchError, UsageError
from core.lookup import count_at, object_at, text_at
from ledger.lines import lines_of, read_lines
from system import files

NAME = "judgements.jsonl"

Line = Mapping[str, Any]


def read(folder: Path) -> tuple[Line, ...]:
    """All lines, oldest first; none where nobody judged. Raises BadInput for a damaged file."""
    return tuple(read_lines(folder / NAME))


def latest(lines: Iterable[Line], judge: str | None = None, rubric_sha256: str | None = None) -> tuple[Line, ...]:
    """Of every judge, rubric, text and occasion the last score. Lines that are no scores are left out."""
    found: dict[tuple[Any, ...], Line] = {}
    for line in lines:
        if "scores" not in line or (key := _key(line)) is None:
            continue
        if judge in {None, key[0]} and rubric_sha256 in {None, key[1]}:
            found.pop(key, None)
            found[key] = line
    return tuple(found.values())


def refuse_namesake(folders: Iterable[Path], judge: str, kind: str) -> None:
    """UsageError where a judge of the other kind is called so: a model's scores would supersede a person's."""
    for folder in folders:
        for line in read(folder):
            if text_at(line, "judge") == judge and text_at(line, "kind") not in {None, kind}:
                other = "a person" if kind == "model" else "a model"
                raise UsageError(f"--judge {ascii(judge)[1:-1]}: {other} of that name has judged {folder.name}; name "
                                 "another, so that their scores stay apart")


def new_ones(there: Sequence[Line], wanted: Sequence[Line]) -> list[Line]:
    """Those of ``wanted`` that say something else than what counts already."""
    counts = {_key(line): _said(line) for line in latest(there)}
    return [line for line in wanted if counts.get(_key(line)) != _said(line)]


def add(folder: Path, lines: Sequence[Line]) -> None:
    """Adds the lines to what is there, the file replaced whole; under ``judge_key.held``. Raises BenchError."""
    if not lines:
        return
    path = folder / NAME
    files.clear_parts(folder, NAME)
    try:
        files.atomic_write(path, lines_of([*read(folder), *lines]))
    except OSError as error:
        raise BenchError(f"{path} cannot be written ({error.strerror}); {files.remedy(error)}, then run the same "
                         "command again") from error


def scores_of(line: Line, names: Sequence[str]) -> dict[str, float]:
    """A line's score for every criterion. Raises BadInput where one is missing: the file is not as we wrote it."""
    scores = object_at(line, "scores")
    found = {name: count_at(scores, name) for name in names}
    if None in found.values():
        raise BadInput(f"{NAME}: a line of {text_at(line, 'judge')} has no score for "
                       f"{next(name for name, score in found.items() if score is None)}; apply the judge file again")
    return {name: float(score) for name, score in found.items() if score is not None}


def _key(line: Line) -> tuple[Any, ...] | None:
    texts = [text_at(line, name) for name in ("judge", "rubric_sha256", "task_id")]
    numbers = [count_at(line, name) for name in ("sample", "occasion")]
    return None if None in texts or None in numbers else (*texts, *numbers)


def _said(line: Line) -> tuple[Any, ...]:
    return dict(object_at(line, "scores")), text_at(line, "note"), text_at(line, "text_sha256"), text_at(line, "kind")
