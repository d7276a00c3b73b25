"""A judge's comparisons out of the run folders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from analysis import preferences
from analysis.preferences import Comparison
from core.lookup import text_at, value_at
from ledger import store
from reports.judged.in_pairs import bias_sentence
from runner.judging import judgements
from runner.judging.experiment import judged_runs
from runner.request import Outputs


def comparisons(
    lines: Iterable[tuple[str, Mapping[str, Any]]], judge: str, rubric_sha256: str | None
) -> tuple[Comparison, ...]:
    """The judge's answers, each once although both runs' folders have it. ``lines``: with the id of their run."""
    found: dict[tuple[str, str, str, str, str], Comparison] = {}
    for run_id, line in lines:
        other = text_at(line, "against", "run_id")
        scenario, said = text_at(line, "task_id"), text_at(line, "preferred")
        if (text_at(line, "judge") != judge or rubric_sha256 not in {None, text_at(line, "rubric_sha256")}
                or other is None or scenario is None or said not in _SAID):
            continue
        first = value_at(line, "shown_first") is True
        shown = (run_id, other) if first else (other, run_id)
        better = {"this": "first" if first else "second", "other": "second" if first else "first"}.get(said, "tie")
        key = (text_at(line, "question") or "", scenario, *shown, text_at(line, "rubric_sha256") or "")
        found[key] = Comparison(scenario, *shown, better)
    return tuple(found.values())


_SAID = frozenset({"this", "other", "neither"})


def position_bias(outputs: Outputs, experiment: str, judge: str, benchmark: str | None) -> str:
    """What a judge's liking for a place came to, over all that it has compared, in a sentence."""
    runs = judged_runs(store.in_experiments(outputs.results), experiment, benchmark)
    lines = [(run_id, line) for run in runs if (run_id := str(run["run_id"]))
             for line in judgements.read(outputs.runs_root / run_id)]
    return bias_sentence(preferences.position_bias(comparisons(lines, judge, None)))
