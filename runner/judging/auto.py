"""``judge auto``: a model as judge.

What is to be judged becomes the tasks of a benchmark (``benchmarks.judging``), in a file beside the runs, asked by
the run verb's own loop: any backend, hosted models and their keys and prices, resume, tokens, energy. The judge's run
has a record of its own in the ledger. Then every reply that keeps to its schema becomes a judgement, as one by a person
would; of the others it is said how many there are. Texts that this judge has scored under this rubric are not asked
again, so the same command goes on where it was stopped.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import BadInput, BenchError, UsageError
from core.lookup import count_at, object_at, text_at, texts_at
from core.outcomes import Outcome
from core.records import ModelInfo
from core.rubric import Rubric
from ledger import store
from ledger.folder import RunFolder
from ledger.lines import lines_of
from runner.judging import judgements, rubrics
from runner.judging.applying import Applied, OfOneRun, Source, enter
from runner.judging.experiment import Candidate, all_candidates, judged_runs, the_benchmark
from runner.judging.material import Question, score_question
from runner.judging.pairs import pair_questions, preference_lines
from runner.judging.selves import refuse_self
from runner.request import Outputs
from system import files
from system.clock import utc_timestamp
from tracking.judging import judge_key, scoring

Record = Mapping[str, Any]
Ask = Callable[[Path], Sequence[Record]]
"""Runs the model on a file of questions; the records of its runs, none where it failed."""


@dataclass(frozen=True, slots=True)
class AutoRequest:
    """One invocation of ``judge auto``."""

    experiment: str
    model: ModelInfo
    outputs: Outputs
    rubric: str | None = None
    benchmark: str | None = None
    judge: str | None = None
    """What it is called; None: as the model is."""
    pairwise: bool = False
    baseline: str | None = None
    """Of pairs, only those with this model and prompt."""
    allow_self: bool = False
    limit: int | None = None


@dataclass(slots=True)
class Judged:
    """What came of it."""

    judge: str
    rubric: str
    asked: int = 0
    usable: int = 0
    unusable: dict[str, int] = field(default_factory=dict)
    """Outcome → replies that are no judgement."""
    left: int = 0
    """Questions that ``--limit`` left for another time."""
    done_before: int = 0
    records: list[Record] = field(default_factory=list)
    """Judgements that were added to the ledger."""
    written: int = 0
    """Lines that were added to run folders."""
    hints: tuple[str, ...] = ()
    """What would let the judge end the replies that were cut off: a text may be too long for its context."""
    remarks: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the verb works on."""

    request: AutoRequest
    runs: tuple[Record, ...]
    candidates: Mapping[tuple[str, str, int], Candidate]
    rubric: Rubric


def auto(request: AutoRequest, ask: Ask) -> Judged:
    """Raises UsageError, BadInput or BenchError before anything is asked, and what ``ask`` raises."""
    runs = judged_runs(store.read(request.outputs.results), request.experiment, request.benchmark)
    refuse_self(request.model, runs, allowed=request.allow_self)
    rubric = rubrics.load(rubrics.source_for(the_benchmark(runs), request.rubric))
    found = Judged(request.judge or request.model.label, rubric.version)
    root = request.outputs.runs_root
    candidates = all_candidates(runs, root, found.remarks)
    judgements.refuse_namesake((root / str(run["run_id"]) for run in runs), found.judge, "model")
    with judge_key.asking(root, found.judge or "the model", request.experiment):
        _judge(_Asked(request, runs, candidates, rubric), ask, found)
    return found


def _judge(asked: _Asked, ask: Ask, found: Judged) -> None:
    request = asked.request
    questions = sorted(_questions(asked, found), key=lambda question: (question.set_id, question.task_id))
    found.left = max(0, len(questions) - request.limit) if request.limit is not None else 0
    questions = questions[:request.limit]
    if not questions:
        return
    rubrics.keep(request.outputs.runs_root, asked.rubric)
    records = ask(_write(request, questions))
    if records:
        _take(asked, {question.task_id: question for question in questions}, records[-1], found)


def _questions(asked: _Asked, found: Judged) -> list[Question]:
    request, rubric = asked.request, asked.rubric
    if request.pairwise:
        every = pair_questions(asked.runs, asked.candidates, rubric, request.baseline)
    else:
        every = [score_question(rubric, candidate) for candidate in asked.candidates.values()]
    if not every:
        raise BadInput(found.remarks[0] if found.remarks else f"--experiment {request.experiment}: there is nothing "
                       "to judge" + (" in pairs: one model with one prompt has no other" if request.pairwise else ""))
    done = _answered(asked, found.judge)
    left = [question for question in every if any((question.task_id, each.run_id) not in done
                                                  for each in question.about)]
    found.done_before = len(every) - len(left)
    return left


def _answered(asked: _Asked, judge: str) -> frozenset[tuple[str, str]]:
    """Questions that this judge has answered under this rubric, with the run whose folder says so."""
    root = asked.request.outputs.runs_root
    return frozenset(
        (text_at(line, "question") or "", str(run["run_id"]))
        for run in asked.runs for line in judgements.read(root / str(run["run_id"]))
        if text_at(line, "judge") == judge and text_at(line, "rubric_sha256") == asked.rubric.sha256
    )


def _write(request: AutoRequest, questions: Iterable[Question]) -> Path:
    """The questions' file, named by what is in it, so that the same questions are the same run."""
    data = lines_of(question.line() for question in questions)
    folder = request.outputs.runs_root / judge_key.FOLDER
    path = folder / f"{hashlib.sha256(data).hexdigest()[:16]}.judging"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files.atomic_write(path, data, mode=0o600)
    except OSError as error:
        raise BenchError(f"{path} cannot be written ({error.strerror}); {files.remedy(error)}, then run the same "
                         "command again") from error
    return path


def _take(asked: _Asked, questions: Mapping[str, Question], record: Record, found: Judged) -> None:
    """The judge's replies, as judgements of the runs that they are about."""
    request = asked.request
    found.hints = texts_at(record, "validity", "hints") or ()
    found.judge = found.judge or text_at(record, "model") or "model"  # of a server that runs, what it says it serves
    described = ModelInfo(text_at(record, "config", "base_name") or found.judge, text_at(record, "config",
                          "quantization"))
    refuse_self(described, asked.runs, allowed=request.allow_self)
    replies = _replies(RunFolder(request.outputs.runs_root, str(record["run_id"])), questions, found)
    source = Source(found.judge, "model", asked.rubric, str(record["run_id"]))
    with judge_key.held(request.outputs.runs_root):
        if request.pairwise:
            found.written = _enter_pairs(asked, source, questions, replies)
            return
        applied, records = Applied(found.judge, asked.rubric.version), store.in_experiments(request.outputs.results)
        for run in asked.runs:
            lines = [_score_line(source, questions[task_id], scores) for task_id, scores in replies.items()
                     if questions[task_id].about[0].run_id == run["run_id"]]
            texts = sum(key[0] == run["run_id"] for key in asked.candidates)
            if lines:
                enter(request.outputs, OfOneRun(run, lines, texts), source, applied, records)
        found.records, found.written = applied.records, applied.written


def _replies(folder: RunFolder, questions: Mapping[str, Question], found: Judged) -> dict[str, dict[str, Any]]:
    """By question, those that keep to their schema; the others are counted."""
    last = {str(line.get("task_id")): line for line in folder.details() if count_at(line, "sample") == 0}
    usable = {task_id: dict(object_at(line, "answer")) for task_id, line in last.items()
              if task_id in questions and text_at(line, "outcome") == Outcome.CORRECT}
    found.asked, found.usable = len(questions), len(usable)
    outcomes = (text_at(last.get(task_id, {}), "outcome") or Outcome.LOST for task_id in questions
                if task_id not in usable)
    found.unusable = dict(sorted(Counter(map(str, outcomes)).items()))
    return usable


def _score_line(source: Source, question: Question, scores: Mapping[str, Any]) -> dict[str, Any]:
    if scoring.fault_of(source.rubric, scores) is not None:  # 3.0 keeps to the schema, too
        scores = {name: int(score) for name, score in scores.items()}
    candidate = question.about[0]
    return {**_line(source, question, candidate), "occasion": 1, "scores": dict(scores)}


def _line(source: Source, question: Question, candidate: Candidate) -> dict[str, Any]:
    return {
        "task_id": candidate.task_id, "sample": candidate.sample, "judge": source.judge, "kind": source.kind,
        "rubric": source.rubric.version, "rubric_sha256": source.rubric.sha256, "question": question.task_id,
        "text_sha256": candidate.text_sha256, "file_id": source.file_id, "at": utc_timestamp(),
    }


def _enter_pairs(asked: _Asked, source: Source, questions: Mapping[str, Question],
                 replies: Mapping[str, Mapping[str, Any]]) -> int:
    """Each answer into the folders of both runs; how many lines were added."""
    there, by_run = _answered(asked, source.judge), dict[str, list[dict[str, Any]]]()
    for task_id, reply in replies.items():
        question = questions[task_id]
        told = preference_lines(question, str(reply["better"]))
        for candidate, preference in zip(question.about, told, strict=True):
            if (task_id, candidate.run_id) not in there:
                by_run.setdefault(candidate.run_id, []).append({**_line(source, question, candidate), **preference})
    for run_id, lines in by_run.items():
        judgements.add(asked.request.outputs.runs_root / run_id, lines)
    return sum(map(len, by_run.values()))


def said(found: Judged, model: str) -> str:
    """What came of it, in a sentence."""
    lost = ", ".join(f"{count:,} {outcome}" for outcome, count in found.unusable.items())
    unusable = f"; no judgement in {sum(found.unusable.values()):,} ({lost})" if lost else ""
    return f"{model}: {found.usable:,} of {found.asked:,} replies are judgements under {found.rubric}{unusable}"


def as_json(found: Judged) -> str:
    """For programs."""
    return json.dumps({"judge": found.judge, "rubric": found.rubric, "asked": found.asked, "usable": found.usable,
                       "unusable": found.unusable, "left": found.left, "done_before": found.done_before,
                       "runs": [dict(record) for record in found.records]}) + "\n"


def refuse_baseline_without_pairs(request: AutoRequest) -> None:
    """``--baseline`` says which pairs are compared."""
    if request.baseline is not None and not request.pairwise:
        raise UsageError("--baseline: it says which pairs are compared; add --pairwise, or leave it out.")
