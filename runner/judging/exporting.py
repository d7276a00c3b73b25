"""``judge export``: the experiment's texts into a file for a judge, blind, in an order drawn by lot.

Exporting again to the same file keeps every score that is in it and adds what is new. Texts that this judge has scored
already (applied, under the same rubric) are pending no more and stay out of a new file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from core.errors import BadInput
from core.rubric import Rubric
from ledger import store
from runner.judging import checking, judgements, rubrics
from runner.judging.drawing import AGAIN, FIRST, SampleKey, draw
from runner.judging.experiment import Candidate, all_candidates, judged_runs, the_benchmark
from system import files
from tracking.judging import judge_file, judge_key
from tracking.judging.judge_file import Entry, JudgeFile
from tracking.judging.judge_key import Key


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """One invocation of ``judge export``."""

    experiment: str
    out: Path
    results: Path
    runs_root: Path
    rubric: str | None = None
    twice: float = 0.0
    """The share of the texts that are shown a second time."""
    judge: str | None = None
    benchmark: str | None = None


@dataclass(frozen=True, slots=True)
class Exported:
    """What is in the file now."""

    candidates: int
    twice: int
    kept: int
    """Those that had scores in the file before."""
    added: int
    scored_before: int
    """Texts that are not in it, because their scores by this judge are in the run folders."""
    rubric: str
    """Its version."""
    remarks: tuple[str, ...]


def export(request: ExportRequest) -> Exported:
    """Writes the file, and its key before it. Raises UsageError or BadInput, and then nothing has changed."""
    runs = judged_runs(store.in_experiments(request.results), request.experiment, request.benchmark)
    remarks: list[str] = []
    candidates = all_candidates(runs, request.runs_root, remarks)
    if not candidates:
        raise BadInput(remarks[0].removeprefix("left out: ") if remarks else f"{request.experiment}: no texts to judge")
    with judge_key.held(request.runs_root):
        before = _before(request, rubrics.source_for(the_benchmark(runs), request.rubric))
        rubric = rubrics.load(before.key.rubric_source)
        _refuse_other_rubric(request, before, rubric)
        folders = (request.runs_root / str(run["run_id"]) for run in runs)
        judgements.refuse_namesake(folders, before.key.judge, "human")
        done = _done(request.runs_root, before.key.judge, rubric, candidates)
        pending = {key: each for key, each in candidates.items() if key not in done}
        drawn = draw(before.entries, before.key.places, pending, request.twice)
        if not drawn.entries:
            raise BadInput(f"{request.experiment}: {before.key.judge} has scored all {len(done)} texts under "
                           f"{rubric.version} already; name another judge with --judge for a second opinion")
        key = replace(before.key, rubric_version=rubric.version, rubric_sha256=rubric.sha256, places=drawn.places,
                      in_file=tuple(entry.entry_id for entry in drawn.entries))
        file = JudgeFile(key.file_id, key.experiment, key.judge, rubric.version, rubric.sha256, rubric.text,
                         drawn.entries)
        data = judge_file.to_bytes(file, rubric)
        if len(data) > checking.MOST_BYTES:
            raise BadInput(f"--out {request.out}: with {len(drawn.entries):,} texts it would have {len(data):,} bytes, "
                           f"and judge apply reads {checking.MOST_BYTES:,}; give fewer runs one --experiment")
        rubrics.keep(request.runs_root, rubric)
        judge_key.write(request.runs_root, key)
        _write(request.out, data)
    occasions = [drawn.places[entry.entry_id].occasion for entry in drawn.entries]
    return Exported(
        candidates=occasions.count(FIRST),
        twice=occasions.count(AGAIN),
        kept=sum(entry.touched for entry in drawn.entries),
        added=len(drawn.places) - len(before.key.places),
        scored_before=len(done - {drawn.places[entry.entry_id].sample_key for entry in drawn.entries}),
        rubric=rubric.version,
        remarks=tuple(remarks),
    )


@dataclass(frozen=True, slots=True)
class _Before:
    """The file as it was, or an empty one."""

    key: Key
    read: checking.Read | None = None

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What was in it."""
        return self.read.file.entries if self.read else ()


def _before(request: ExportRequest, source: str) -> _Before:
    """Raises BadInput for a file that is no judge file, or one of another experiment, judge or machine."""
    out = request.out
    if not out.exists():
        judge = request.judge or "human"
        return _Before(Key(judge_key.new_file_id(), request.experiment, judge, "", "", source, {}))
    read = checking.read(out, request.runs_root)
    key = read.key
    if key.experiment != request.experiment:
        raise BadInput(f"{out}: belongs to the experiment {ascii(key.experiment)[1:-1]}; name another --out")
    if request.judge not in {None, key.judge}:
        raise BadInput(f"{out}: is {ascii(key.judge)[1:-1]}'s; name another --out for another judge")
    if request.rubric is not None and key.rubric_source != source:
        raise BadInput(f"{out}: was made with another rubric ({key.rubric_source}); name another --out")
    return _Before(key, read)


def _refuse_other_rubric(request: ExportRequest, before: _Before, rubric: Rubric) -> None:
    """Raises BadInput: scores under another rubric are not kept."""
    if before.read is None:
        return
    if before.read.file.rubric_sha256 != rubric.sha256:
        raise BadInput(f"{request.out}: its rubric ({before.key.rubric_version}) has changed since (it is "
                       f"{rubric.version} now), so its scores mean something else; name another --out")
    checking.refuse_faults(before.read, rubric)


def _done(
    runs_root: Path, judge: str, rubric: Rubric, candidates: Mapping[SampleKey, Candidate]
) -> frozenset[SampleKey]:
    """The texts that this judge has scored under this rubric."""
    found = set()
    for run_id in {key[0] for key in candidates}:
        for line in judgements.latest(judgements.read(runs_root / run_id), judge, rubric.sha256):
            key = run_id, line["task_id"], line["sample"]
            if key in candidates and line.get("text_sha256") == candidates[key].text_sha256:
                found.add(key)
    return frozenset(found)


def _write(out: Path, data: bytes) -> None:
    try:
        files.atomic_write(out, data)
    except OSError as error:
        raise BadInput(f"--out {out}: cannot be written ({error.strerror}); {files.remedy(error)}, or name another "
                       "place") from error
