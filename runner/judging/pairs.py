"""Texts in pairs, each pair in both orders, so that a judge's liking for a place is told from its liking for a text.

Of every two runs and every scenario that both have a text for, the first candidates are compared. A line of
``judgements.jsonl`` in the folders of both: ``preferred`` (``this``, ``other``, ``neither``), ``against`` and
``shown_first``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from core.errors import UsageError
from core.lookup import text_at
from core.rubric import Rubric
from runner.judging.experiment import Candidate
from runner.judging.material import Question, pair_question

Record = Mapping[str, Any]


def pair_questions(
    runs: Sequence[Record], candidates: Mapping[tuple[str, str, int], Candidate], rubric: Rubric,
    baseline: str | None = None,
) -> list[Question]:
    """All of them; with ``baseline`` those of this model and prompt against every other. Raises UsageError where it
    names none, or several.
    """
    firsts: dict[str, dict[str, Candidate]] = {}
    for (run_id, task_id, _), candidate in sorted(candidates.items()):
        firsts.setdefault(run_id, {}).setdefault(task_id, candidate)
    ids = [str(run["run_id"]) for run in runs if run["run_id"] in firsts]
    pairs = list(combinations(ids, 2))
    if baseline is not None:
        chosen = _called(runs, baseline)
        pairs = [pair for pair in pairs if chosen in pair]
    return [
        pair_question(rubric, *order)
        for one, other in pairs
        for task_id in firsts[one].keys() & firsts[other].keys()
        for order in ((firsts[one][task_id], firsts[other][task_id]), (firsts[other][task_id], firsts[one][task_id]))
    ]


def preference_lines(question: Question, better: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What one answer says of the text shown first, and of the other."""
    first, second = question.about
    seen = {"first": ("this", "other"), "second": ("other", "this")}.get(better, ("neither", "neither"))
    return (
        {"preferred": seen[0], "shown_first": True, "against": _place(second)},
        {"preferred": seen[1], "shown_first": False, "against": _place(first)},
    )


def _place(candidate: Candidate) -> dict[str, Any]:
    return {"run_id": candidate.run_id, "task_id": candidate.task_id, "sample": candidate.sample}


def _called(runs: Sequence[Record], name: str) -> str:
    labels = {str(run["run_id"]): f"{text_at(run, 'model')} {text_at(run, 'config', 'prompt_version') or '-'}"
              for run in runs}
    found = [run_id for run_id, label in labels.items() if name in {label, run_id}]
    if len(found) != 1:
        raise UsageError(f"--baseline {ascii(name[:80])[1:-1]}: must be one 'MODEL PROMPT' of "
                         f"{', '.join(ascii(label) for label in labels.values())}.")
    return found[0]
