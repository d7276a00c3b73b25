"""A judge file held against its key: whatever a judge may not have changed is as it was handed out, or is refused.

Raises BadInput throughout, one sentence each: no file of ours (hand-broken), exported elsewhere (foreign), a candidate
that the key does not know, a text that was changed in the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import BadInput
from core.rubric import Rubric
from runner.judging.experiment import scenario_sha256, sha256_of
from tracking.judging import judge_file, judge_key, scoring
from tracking.judging.judge_file import JudgeFile
from tracking.judging.judge_key import Key

MOST_BYTES: Final = 200_000_000


@dataclass(frozen=True, slots=True)
class Read:
    """A file as it was read, and its key."""

    path: Path
    data: bytes
    file: JudgeFile
    key: Key

    def bad(self, entry_id: str, what: str) -> BadInput:
        """The error that says so of a candidate, with the line where it stands."""
        line = judge_file.line_of(self.data, entry_id)
        return BadInput(f"{self.path}{f':{line}' if line else ''}: candidate {entry_id[:30]!a}: {what}")


def parsed(path: Path) -> tuple[bytes, JudgeFile]:
    """The file by itself, which may be of another machine."""
    data = _bytes(path)
    return data, judge_file.parse(data, str(path))


def read(path: Path, runs_root: Path) -> Read:
    """The file and its key, every candidate in it known and its text as it was handed out."""
    data, file = parsed(path)
    key = judge_key.read(runs_root, file.file_id)
    if key is None:
        raise BadInput(f"{path}: was not exported from {runs_root}, where its key would be ({file.file_id}); give "
                       "--runs-root the folder it was exported from")
    found = Read(path, data, file, key)
    for name, ours, theirs in (("experiment", key.experiment, file.experiment), ("judge", key.judge, file.judge)):
        if ours != theirs:
            raise BadInput(f"{path}: its {name} is {theirs[:60]!a}, and it was exported for {ours[:60]!a}; put that "
                           "back")
    told, sha256 = file.rubric_sha256, sha256_of(file.rubric_text)
    if not told == sha256 == (key.rubric_sha256 or told):
        raise BadInput(f"{path}: its rubric is not the one that it was exported with; scores are given under that one: "
                       "put it back, or export anew under another name")
    for entry in file.entries:
        place = key.places.get(entry.entry_id)
        if place is None:
            raise found.bad(entry.entry_id, "was never exported into this file; take it out")
        if sha256_of(entry.text) != place.text_sha256:
            raise found.bad(entry.entry_id, "its text is not the one that was handed out; put it back, or export "
                                            "again under another name")
        if scenario_sha256(entry.scenario) != place.scenario_sha256:
            raise found.bad(entry.entry_id, "its scenario is not the one that was handed out; put it back, or export "
                                            "again under another name")
    return found


def refuse_faults(found: Read, rubric: Rubric) -> None:
    """Every score there is is on the rubric's scale."""
    for entry in found.file.entries:
        if (fault := scoring.fault_of(rubric, entry.scores)) is not None:
            raise found.bad(entry.entry_id, f"{fault}; correct it")


def _bytes(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():
            raise BadInput(f"{path}: is no ordinary file; name one that judge export wrote")
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}); name a file that judge export wrote") from error
    if len(data) > MOST_BYTES:
        raise BadInput(f"{path}: is larger than {MOST_BYTES:,} bytes, so it is no judge file of ours")
    return data
