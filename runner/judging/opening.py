"""A judge file as its judge opens it: on the machine that exported it, or on another, where its key is not."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.errors import BadInput
from core.rubric import Rubric
from runner.judging import checking, rubrics
from runner.judging.experiment import sha256_of
from tracking.judging import judge_file, judge_key, scoring
from tracking.judging import rubric as rubric_file
from tracking.judging.judge_file import JudgeFile


@dataclass(frozen=True, slots=True)
class Opened:
    """The file, and what its scores are held against."""

    data: bytes
    file: JudgeFile
    rubric: Rubric
    exported_here: bool
    """Whether ``judge apply`` can follow on this machine."""
    remarks: tuple[str, ...] = ()

    @property
    def done(self) -> int:
        """Texts that have all their scores."""
        return sum(scoring.whole(self.rubric, entry.scores) is not None for entry in self.file.entries)


def open_file(path: Path, runs_root: Path) -> Opened:
    """Whole, unchanged as far as can be told here, every score on the scale. Raises BadInput, one sentence."""
    data, file = checking.parsed(path)
    key = judge_key.read(runs_root, file.file_id)
    if key is not None:
        found = checking.read(path, runs_root)
        data, file = found.data, found.file
    elif sha256_of(file.rubric_text) != file.rubric_sha256:
        raise BadInput(f"{path}: its rubric was changed, and scores are given under the one it was exported with; ask "
                       "for the file again")
    rubric = rubric_file.parse(file.rubric_text, f"the rubric in {path}")
    for entry in file.entries:
        if (fault := scoring.fault_of(rubric, entry.scores)) is not None:
            raise BadInput(f"{path}:{judge_file.line_of(data, entry.entry_id)}: candidate {entry.entry_id[:30]!a}: "
                           f"{fault}; correct it")
    if not file.entries:
        raise BadInput(f"{path}: there is no candidate in it; export it again")
    remarks = () if key is None else _changed_since(path, key.rubric_source, rubric)
    return Opened(data, file, rubric, key is not None, remarks)


def _changed_since(path: Path, source: str, rubric: Rubric) -> tuple[str, ...]:
    """What would keep its scores from being applied: said before the work, not after it."""
    with suppress(BadInput):  # moved, perhaps; apply takes --rubric
        if rubrics.load(source).sha256 != rubric.sha256:
            where = source.removeprefix(rubrics.SHIPPED)
            said = (f"{path}: its rubric {rubric.version} ({where}) has changed since it was exported: scores can be "
                    "applied only when that is put back; or export anew under another name")
            return (said,)
    return ()
