"""What the ids in a judge file stand for: ``<runs root>/.judging/<file_id>.json``, readable by this user alone.

Theory of operation. A judge file must not tell who wrote a text, so it has ids drawn by lot and nothing else; the key
says which run, task and sample each is, and the SHA-256 of the text as it was handed out. It never leaves this machine,
and whoever has only the judge file cannot recover a model from it by any computation. It is written before the judge
file, so that no file goes out whose key is missing; ids that a killed export drew and never wrote are of no use to
anybody. A file whose key is not here was exported elsewhere.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from core.errors import BadInput, BenchError
from system import files
from tracking.judging.judge_file import is_file_id

FOLDER: Final = ".judging"
_LOCK_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Place:
    """Which sample an id stands for."""

    run_id: str
    task_id: str
    sample: int
    occasion: int
    """1; 2 for a text that the same judge sees again, which measures the judge."""
    text_sha256: str
    scenario_sha256: str
    """Of what was shown beside the text."""

    @property
    def sample_key(self) -> tuple[str, str, int]:
        """Which sample, whatever the occasion."""
        return self.run_id, self.task_id, self.sample


@dataclass(frozen=True, slots=True)
class Key:
    """Of one judge file."""

    file_id: str
    experiment: str
    judge: str
    rubric_version: str
    rubric_sha256: str
    rubric_source: str
    """``shipped:tips``, or the path of the rubric's file."""
    places: Mapping[str, Place]
    in_file: tuple[str, ...] = ()
    """The ids that the file was last written with, so that what is taken out of it is missed."""


def new_file_id() -> str:
    """One that nobody has."""
    return f"j{secrets.token_hex(8)}"


def new_entry_id() -> str:
    """One that says nothing."""
    return f"c{secrets.token_hex(6)}"


@contextmanager
def held(runs_root: Path) -> Iterator[None]:
    """Only one export or apply at a time works under a runs root. Raises BenchError."""
    folder = runs_root / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with files.lock(folder / ".lock", timeout_s=_LOCK_S):
            files.clear_parts(folder)
            yield
    except TimeoutError:
        raise BenchError(f"another export or apply is at work in {folder}; run the same command again when it is "
                         "done") from None


@contextmanager
def asking(runs_root: Path, judge: str, experiment: str) -> Iterator[None]:
    """Only one at a time has this judge, a model, asked about this experiment. Raises BenchError."""
    folder = runs_root / FOLDER
    name = sha256(json.dumps([judge, experiment]).encode("ascii")).hexdigest()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with files.lock(folder / f".asking-{name}.lock", timeout_s=0):
            yield
    except TimeoutError:
        raise BenchError(f"{judge} is being asked about {experiment} by another command, and each answer would be paid "
                         "for twice; wait for its end") from None


def write(runs_root: Path, key: Key) -> None:
    """Replaces the key whole. Raises BenchError."""
    path = _path(runs_root, key.file_id)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.atomic_write(path, json.dumps(asdict(key), indent=1).encode("ascii") + b"\n", mode=0o600)
    except OSError as error:
        raise BenchError(f"{path} cannot be written ({error.strerror}); {files.remedy(error)}, then run the same "
                         "command again") from error


def read(runs_root: Path, file_id: str) -> Key | None:
    """None where there is no key of that file. Raises BadInput for one that is damaged."""
    path = _path(runs_root, file_id)
    try:
        value = json.loads(path.read_text("utf-8"))
        places = {str(name): Place(**place) for name, place in value["places"].items()}
        return Key(**{**value, "places": places, "in_file": tuple(map(str, value.get("in_file", ())))})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BadInput(f"{path}: the key of a judge file cannot be read ({str(error)[:80]}); take it from a backup, or "
                       "export anew under another name") from error


def _path(runs_root: Path, file_id: str) -> Path:
    if not is_file_id(file_id):
        raise BadInput(f"{ascii(file_id)[:60]} is no id of a judge file")
    return runs_root / FOLDER / f"{file_id}.json"

