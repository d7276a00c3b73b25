"""``judge apply``: a filled-in file's scores into the run folders and the ledger.

Theory of operation. Everything is checked before anything is written: the file against its key, its rubric against the
rubric as it is now, every score against the scale, every text against the run folder it came from. Then each run's
``judgements.jsonl`` is replaced whole and its record appended. What is there already is not written again, so applying
twice adds nothing, and a kill between two runs is mended by applying once more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import BadInput
from core.lookup import text_at
from core.rubric import Rubric
from ledger import record as ledger_record
from ledger import store
from runner.judging import checking, judgements, rubrics
from runner.judging import record as judgement_record
from runner.judging.checking import Read
from runner.judging.drawing import SampleKey
from runner.judging.experiment import Candidate, all_candidates
from runner.request import Outputs
from system.clock import utc_timestamp
from tracking.judging import judge_key, scoring
from tracking.judging.judge_file import Entry
from tracking.judging.judge_key import Place

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ApplyRequest:
    """One invocation of ``judge apply``."""

    file: Path
    results: Path
    runs_root: Path
    rubric: str | None = None
    """Where the rubric lies now, if it was moved."""
    partial: bool = False
    experiment: str | None = None


@dataclass(slots=True)
class Applied:
    """What became of it."""

    judge: str
    rubric: str
    scored: int = 0
    """Candidates in the file that have all their scores."""
    missing: int = 0
    """Those that have not, and those that were taken out of it."""
    written: int = 0
    """Scores that were not in the run folders yet."""
    records: list[Record] = field(default_factory=list)
    """What was added to the ledger."""
    unchanged: int = 0
    """Runs whose record says the same already."""


def apply(request: ApplyRequest) -> Applied:
    """Raises BadInput or UsageError, and then nothing has changed."""
    with judge_key.held(request.runs_root):
        found = checking.read(request.file, request.runs_root)
        rubric = _rubric(request, found)
        checking.refuse_faults(found, rubric)
        filled = [(entry, found.key.places[entry.entry_id]) for entry in found.file.entries
                  if scoring.whole(rubric, entry.scores) is not None]
        gone = len(set(found.key.in_file) - {entry.entry_id for entry in found.file.entries})
        applied = Applied(found.key.judge, rubric.version, len(filled), len(found.file.entries) - len(filled) + gone)
        _refuse_unfilled(request, applied, gone)
        records = store.in_experiments(request.results)
        runs = _runs(records, found, filled)
        texts = all_candidates(runs.values(), request.runs_root)
        _refuse_other_texts(found, filled, texts)
        outputs = Outputs(request.results, request.runs_root)
        source = Source(found.key.judge, "human", rubric, found.key.file_id)
        for run_id, run in runs.items():
            lines = [line_of(source, place, scoring.whole(rubric, entry.scores) or {}, entry.note)
                     for entry, place in filled if place.run_id == run_id]
            one = OfOneRun(run, lines, sum(key[0] == run_id for key in texts))
            enter(outputs, one, source, applied, records)
    return applied


@dataclass(frozen=True, slots=True)
class Source:
    """Who scored, and by what."""

    judge: str
    kind: str
    rubric: Rubric
    file_id: str


def line_of(source: Source, place: Place, scores: Mapping[str, int], note: str = "") -> dict[str, Any]:
    """A line of ``judgements.jsonl``."""
    return {
        "task_id": place.task_id, "sample": place.sample, "occasion": place.occasion, "judge": source.judge,
        "kind": source.kind, "rubric": source.rubric.version, "rubric_sha256": source.rubric.sha256,
        "scores": dict(scores), **({"note": note} if note else {}), "text_sha256": place.text_sha256,
        "file_id": source.file_id, "at": utc_timestamp(),
    }


@dataclass(frozen=True, slots=True)
class OfOneRun:
    """A run and what was judged of it."""

    run: Record
    lines: Sequence[Mapping[str, Any]]
    candidates: int
    """Texts that the run has in all."""


def enter(
    outputs: Outputs, one: OfOneRun, source: Source, applied: Applied, records: Sequence[Record]
) -> None:
    """Puts one run's scores into its folder, and what they come to into the ledger, of which ``records`` is what it
    holds: a run is entered once.
    """
    run_id = str(one.run["run_id"])
    folder = outputs.runs_root / run_id
    there = judgements.read(folder)
    new = judgements.new_ones(there, one.lines)
    judgements.add(folder, new)
    applied.written += len(new)
    counting = judgements.latest([*there, *new], source.judge, source.rubric.sha256)
    record = judgement_record.build(one.run, counting, source.rubric, one.candidates, utc_timestamp())
    if record is None:
        return
    before = judgement_record.latest(records, run_id, source.judge, source.rubric.sha256)
    if before is not None and judgement_record.is_same(before, record):
        applied.unchanged += 1
        return
    applied.records.append(store.append(outputs.results, ledger_record.make(record)))


def _rubric(request: ApplyRequest, found: Read) -> Rubric:
    """The rubric as it is now, which must be the one in the file."""
    key = found.key
    if request.experiment not in {None, key.experiment}:
        raise BadInput(f"{request.file}: belongs to the experiment {key.experiment[:60]!a}, not to "
                       f"{str(request.experiment)[:60]!a}; leave --experiment out, or name another file")
    rubric = rubrics.load(str(Path(request.rubric).resolve()) if request.rubric else key.rubric_source)
    if rubric.sha256 != found.file.rubric_sha256:
        raise BadInput(f"{request.file}: is stale: its rubric {key.rubric_version} (SHA-256 "
                       f"{found.file.rubric_sha256[:12]}) has changed since it was exported (now {rubric.version}, "
                       f"{rubric.sha256[:12]}); put the rubric back, or export anew under another name")
    return rubric


def _refuse_unfilled(request: ApplyRequest, applied: Applied, gone: int) -> None:
    """``gone``: how many were taken out of the file, which is as good as not scored."""
    total = applied.scored + applied.missing
    if not applied.scored:
        raise BadInput(f"{request.file}: none of its {total:,} candidates has all its scores yet; fill them in first")
    if applied.missing and not request.partial:
        out = f" ({gone:,} of them were taken out of the file: judge export puts them back)" if gone else ""
        raise BadInput(f"{request.file}: {applied.missing:,} of {total:,} candidates lack a score{out}; fill them in, "
                       "or apply what is there with --partial")


def _runs(records: Sequence[Record], found: Read, filled: Sequence[tuple[Entry, Place]]) -> dict[str, Record]:
    """The runs that were judged, by id, in the ledger's order. BadInput where it does not have one."""
    by_id = {run_id: record for record in records if (run_id := text_at(record, "run_id")) is not None}
    for entry, place in filled:
        if place.run_id not in by_id:
            raise found.bad(entry.entry_id, "is of a run that the ledger does not have; give --results the ledger it "
                                            "was exported from")
    judged = {place.run_id for _, place in filled}
    return {run_id: record for run_id, record in by_id.items() if run_id in judged}


def _refuse_other_texts(
    found: Read, filled: Sequence[tuple[Entry, Place]], texts: Mapping[SampleKey, Candidate]
) -> None:
    """Every text is in its run's folder still, as it was handed out."""
    for entry, place in filled:
        now = texts.get(place.sample_key)
        if now is None or now.text_sha256 != place.text_sha256:
            what = "is not in its run's folder any more" if now is None else "is another in its run's folder now"
            raise found.bad(entry.entry_id, f"is stale: its text {what}; export anew under another name")
