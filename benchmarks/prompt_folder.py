"""A folder of a user's own prompts: one version a file, ``VERSION.txt`` or ``VERSION.md`` (``docs/prompts.md``).

The sections are those of ``scripts/prompt_files``; a file without any is the user's message as a whole. A file may say
anything, so it is bounded, and every fault is told with the file and the line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from benchmarks.scripts.prompt_files import FIELD, parse
from core.errors import BadInput, UsageError

Sections = Mapping[str, str]
"""Section name → text: one version of a prompt."""

SUFFIXES: Final = (".txt", ".md")
NO_PROMPTS: Final = frozenset({"readme", "rubric", "changelog", "license", "licence"})
"""Names of files that are something else than a prompt, in small letters."""
SIZE_LIMIT: Final = 1 << 20
_MOST_FILES: Final = 1_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_HEAD = re.compile(r"\[\[(.*)\]\]\s*")
_ROLE = re.compile(r"(?:system|user)(?: [a-z_]+)?|stop|end")


def read_folder(folder: Path) -> dict[str, Sections]:
    """Version → sections, sorted by name. BadInput for whatever is wrong, a folder without prompts included."""
    try:
        paths = sorted(path for path in folder.iterdir() if _is_prompt(path))
    except (OSError, ValueError) as error:  # a name with a null byte is a ValueError
        why = (error.strerror if isinstance(error, OSError) else None) or error
        raise BadInput(f"{str(folder)[:300]!r} cannot be read as a folder of prompts ({why})") from error
    if not paths or len(paths) > _MOST_FILES:
        many = f"more than {_MOST_FILES:,}" if paths else "no"
        raise BadInput(f"{folder}: holds {many} prompts; a prompt is a file such as v1.txt or v2-mentor.md "
                       "(docs/prompts.md)")
    found: dict[str, Sections] = {}
    for path in paths:
        if not _NAME.fullmatch(path.stem):
            raise BadInput(f"{path}: {path.stem[:60]!r} is no name for a version; letters, digits, '.', '_' and '-'")
        if path.stem in found:
            raise BadInput(f"{path}: there are two files for the version {path.stem!r}; rename or remove one")
        found[path.stem] = read_prompt(path)
    return found


def read_prompt(path: Path) -> Sections:
    """The sections of one file. BadInput names the line that is wrong."""
    try:
        with path.open("rb") as file:
            raw = file.read(SIZE_LIMIT + 1)
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror or error})") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from error
    if len(raw) > SIZE_LIMIT:
        raise BadInput(f"{path}: is larger than 1 MiB, which no context holds; shorten it")
    heads = [(number, head[1]) for number, line in enumerate(text.split("\n"), 1) if (head := _HEAD.fullmatch(line))]
    if not heads:
        if not text.strip():
            raise BadInput(f"{path}: is empty; write the prompt into it, e.g. A tip for {{persona}}, please.")
        return {"user": text.removesuffix("\n")}
    _check_heads(path, text, heads)
    return parse(text if text.endswith("\n") else f"{text}\n").sections


def placeholders(sections: Sections) -> tuple[str, ...]:
    """The fields that its messages show."""
    texts = [text for name, text in sections.items() if name.partition(" ")[0] in {"system", "user"}]
    return tuple(dict.fromkeys(field for text in texts for field in FIELD.findall(text)))


def refuse_unshowable(where: str, sections: Sections, tasks: Iterable[tuple[str, Mapping[str, object]]]) -> None:
    """UsageError where a field that the prompt shows is not in each of the tasks (id, fields), or none is shown."""
    shown = placeholders(sections)
    for task_id, fields in tasks:
        there = ", ".join(f"{{{name}}}" for name in list(fields)[:12])
        for name in shown:
            if name not in fields:
                near = get_close_matches(name, fields, n=1)
                meant = f"did you mean {{{near[0]}}}? " if near else ""
                which = ascii(task_id)[1:-1][:80]
                raise UsageError(f"{where}: shows {{{name}}}, which the task {which} has not; {meant}it has {there}.")
        if not shown:
            raise UsageError(f"{where}: shows nothing of a task, so all tasks would be asked the same; show {there}.")


def _is_prompt(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.stem.lower() not in NO_PROMPTS and path.is_file()


def _check_heads(path: Path, text: str, heads: list[tuple[int, str]]) -> None:
    before = text.split("\n")[: heads[0][0] - 1]
    if "".join(before).strip():
        raise BadInput(f"{path}:1: there is text before the first section; put it below [[user]] or [[system]]")
    seen: dict[str, int] = {}
    for number, name in heads:
        if not _ROLE.fullmatch(name):
            raise BadInput(f"{path}:{number}: [[{name[:40]}]] is no section; there are [[system]], [[user]], "
                           "[[stop]] and [[end]]")
        if name in seen:
            raise BadInput(f"{path}:{number}: [[{name}]] is there twice, first on line {seen[name]}; take one out")
        seen[name] = number
    if not any(name.partition(" ")[0] == "user" for name in seen):
        raise BadInput(f"{path}: has no [[user]] section, so nothing would be asked; add one")
