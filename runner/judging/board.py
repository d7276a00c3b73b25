"""``leaderboard``: from the ledger and the run folders to what judges' scores of an experiment come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from analysis import agreement
from analysis.judged import floor, judged
from analysis.judged_board import board
from analysis.preferences import position_bias, won
from analysis.rows import differing, settings_of
from core.errors import BenchError, UsageError
from core.lookup import count_at, number_at, text_at
from core.rubric import Rubric
from core.standings import Agreement, Board, Cell
from ledger import store
from reports.judged.findings import Findings, InPairs, OfJudge
from reports.table import shown_text
from runner.judging import judgements, rubrics
from runner.judging.bias import comparisons
from runner.judging.experiment import Candidate, candidates_of, judged_runs, the_benchmark, without_text
from runner.judging.judgements import Line
from runner.judging.record import scored

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BoardRequest:
    """One invocation of ``leaderboard``."""

    experiment: str
    results: Path
    runs_root: Path
    baseline: str | None = None
    judges: tuple[str, ...] = ()
    benchmark: str | None = None


@dataclass(frozen=True, slots=True)
class _Run:
    """One run as its folder has it."""

    record: Record
    label: tuple[str, str]
    """Model, prompt."""
    candidates: tuple[Candidate, ...]
    lines: tuple[Line, ...]
    """Scores that count."""
    preferences: tuple[Line, ...]
    without_text: Mapping[str, int]
    """Samples that no judge is shown, by task."""


def leaderboard(request: BoardRequest) -> Findings:
    """Raises UsageError where nothing was judged, BadInput for a ledger or folder that is damaged."""
    records = judged_runs(store.in_experiments(request.results), request.experiment, request.benchmark)
    benchmark = the_benchmark(records)
    remarks: list[str] = []
    runs = list(_runs(records, request.runs_root, remarks))
    sources = _sources(runs, request)
    with_alpha = find_spec("krippendorff") is not None
    found: list[OfJudge] = []
    for judge, sha256 in sources:
        rubric = rubrics.kept(request.runs_root, sha256)
        if rubric is None:
            remarks.append(f"left out: the scores of {judge} under a rubric that is not in {request.runs_root} any "
                           f"more ({sha256[:12]})")
            continue
        found.append(_of_judge(judge, rubric, runs, request.baseline, with_alpha=with_alpha))
    pairs = tuple(_in_pairs(runs, request.judges))
    if not found and not pairs:
        raise UsageError(remarks[-1] if remarks else f"--experiment {request.experiment}: nothing is judged yet")
    if not with_alpha:
        remarks.append("Krippendorff's alpha needs a package that is not here: ./setup --with prompts")
    return Findings(request.experiment, benchmark, tuple(found), _between(found, runs, with_alpha=with_alpha),
                    pairs, tuple(remarks))


def _runs(records: Sequence[Record], runs_root: Path, remarks: list[str]) -> Iterable[_Run]:
    labels = _labels(records)
    for record, label in zip(records, labels, strict=True):
        try:
            candidates = candidates_of(record, runs_root)
            every = judgements.read(runs_root / str(record["run_id"]))
        except BenchError as error:
            remarks.append(f"left out: {error}")
            continue
        texts = {(each.task_id, each.sample): each.text_sha256 for each in candidates}
        current = [line for line in every if texts.get(_place(line), "") == text_at(line, "text_sha256")]
        preferences = tuple(line for line in current if "preferred" in line)
        yield _Run(record, label, candidates, judgements.latest(current), preferences,
                   without_text(record, runs_root))


def _place(line: Line) -> tuple[str, int]:
    return text_at(line, "task_id") or "", count_at(line, "sample") or 0


def _labels(records: Sequence[Record]) -> list[tuple[str, str]]:
    """Model and prompt; of runs that share both, the prompt with the settings that tell them apart."""
    plain = [(text_at(record, "model") or "?", text_at(record, "config", "prompt_version") or "-")
             for record in records]
    found = list(plain)
    for label in {each for each in plain if plain.count(each) > 1}:
        places = [place for place, each in enumerate(plain) if each == label]
        for place, settings in zip(places, differing([settings_of(records[at]) for at in places]), strict=True):
            told = ", ".join(f"{name.rpartition('.')[2]} {shown_text(value)}" for name, value in settings.items())
            found[place] = label[0], f"{label[1]} ({told or text_at(records[place], 'run_id')})"
    return found


def _sources(runs: Sequence[_Run], request: BoardRequest) -> list[tuple[str, str]]:
    """Judges and the hashes of their rubrics: people first, then by name. Raises UsageError where there is none."""
    kinds = {(line["judge"], line["rubric_sha256"]): text_at(line, "kind") or "" for run in runs for line in run.lines}
    compared = {text_at(line, "judge") or "" for run in runs for line in run.preferences}
    names = sorted({*(judge for judge, _ in kinds), *compared})
    if not names:
        raise UsageError(f"--experiment {request.experiment}: nothing is judged yet; judge export writes the file for "
                         "a judge, judge apply brings the scores back (docs/judging.md).")
    for judge in request.judges:
        if judge not in names:
            raise UsageError(f"--judge {ascii(judge)[1:-1]}: has judged nothing of {request.experiment}; there is "
                             f"{', '.join(names)}.")
    wanted = [key for key in kinds if not request.judges or key[0] in request.judges]
    return sorted(wanted, key=lambda key: (kinds[key] != "human", key))


def _of_judge(judge: str, rubric: Rubric, runs: Sequence[_Run], baseline: str | None, *,
              with_alpha: bool) -> OfJudge:
    mine = [replace(run, lines=tuple(_lines(run, judge, rubric.sha256))) for run in runs]
    cells = [cell for run in mine if (cell := _cell(run, rubric)) is not None]
    kind = next(text_at(line, "kind") or "human" for run in mine for line in run.lines)
    twice = ratings(mine, 1, rubric), ratings(mine, 2, rubric)
    itself = agreement.with_itself(judge, *twice, rubric, with_alpha=with_alpha)
    unjudged = tuple(" ".join(run.label) for run in mine if not run.lines and run.candidates)
    return OfJudge(judge, kind, rubric, board_of(cells, baseline, judge), itself, unjudged)


def _in_pairs(runs: Sequence[_Run], judges: Sequence[str]) -> Iterable[InPairs]:
    labels = {str(run.record["run_id"]): run.label for run in runs}
    lines = [(str(run.record["run_id"]), line) for run in runs for line in run.preferences]
    sources = {(text_at(line, "judge") or "", text_at(line, "rubric_sha256"), text_at(line, "rubric") or "?"):
               text_at(line, "kind") or "model" for _, line in lines}
    for (judge, sha256, version), kind in sorted(sources.items(), key=str):
        if judges and judge not in judges:
            continue
        found = [one for one in comparisons(lines, judge, sha256) if {one.shown_first, one.shown_second} <= set(labels)]
        if found:
            bias = position_bias(found)
            alone = len(found) - 2 * (bias.pairs if bias else 0)
            yield InPairs(judge, kind, version, won(found), bias, labels, alone)


def board_of(cells: Sequence[Cell], baseline: str | None, judge: str) -> Board:
    """Raises UsageError where all that a judge scored were second looks."""
    if not cells:
        raise UsageError(f"--judge {judge}: has scored no text for the first time; complete that file first")
    return board(cells, baseline)


def _cell(run: _Run, rubric: Rubric) -> Cell | None:
    scores = scored(run.lines, rubric)
    found = judged(scores, rubric)
    if found is None:
        return None
    record = run.record
    requests = number_at(record, "usage", "requests")
    return Cell(
        *run.label, str(record["run_id"]), found, len(run.candidates), sum(run.without_text.values()),
        floor=floor(scores, run.without_text, rubric) if run.without_text else None,
        tokens=_per(number_at(record, "usage", "completion_tokens"), requests),
        seconds=_per(number_at(record, "results", "time_taken"), requests),
        usd=_per(number_at(record, "cost", "cost_usd"), requests),
    )


def _per(total: float | None, count: float | None) -> float | None:
    return None if total is None or not count else total / count


def ratings(runs: Iterable[_Run], occasion: int, rubric: Rubric) -> dict[agreement.Text, Mapping[str, float]]:
    """A judge's scores of that occasion by text."""
    return {(str(run.record["run_id"]), line["task_id"], line["sample"]): judgements.scores_of(line, rubric.names)
            for run in runs for line in run.lines if line["occasion"] == occasion}


def _lines(run: _Run, judge: str, sha256: str) -> Iterable[Line]:
    return (line for line in run.lines if line["judge"] == judge and line["rubric_sha256"] == sha256)


def _between(found: Sequence[OfJudge], runs: Sequence[_Run], *, with_alpha: bool) -> tuple[Agreement, ...]:
    """Of the judges under each rubric; scores under different rubrics are not comparable."""
    agreements: list[Agreement] = []
    for sha256, rubric in {one.rubric.sha256: one.rubric for one in found}.items():
        judges = [one.judge for one in found if one.rubric.sha256 == sha256]
        of_it = {judge: ratings([replace(run, lines=tuple(_lines(run, judge, sha256))) for run in runs], 1, rubric)
                 for judge in judges}
        agreements += agreement.between(of_it, rubric, with_alpha=with_alpha)
    return tuple(agreements)
