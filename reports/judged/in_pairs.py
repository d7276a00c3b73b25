"""Comparisons two by two: what was won, and whether the judge went by the place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.standings import PositionBias
from reports import numbers
from reports.judged.findings import InPairs
from reports.table import Line, Section
from reports.text import escape

_SHOWN = 40


def section(found: InPairs) -> Section:
    """Its rows, the best first; the bias as what they come to."""
    title = (f"Compared in pairs by {escape(found.judge, _SHOWN)}{' (a model)' if found.kind == 'model' else ''} under "
             f"{escape(found.rubric_version, _SHOWN)}")
    lines = tuple(
        Line({
            "name": escape(found.labels[each.run_id][0], _SHOWN),
            "prompt": escape(found.labels[each.run_id][1], _SHOWN),
            "won": numbers.score_cell(each.share.mean, _ends(each.share.low, each.share.high)),
            "compared": numbers.whole(each.comparisons),
        }, styles={"won": "bold"})
        for each in found.won if each.run_id in found.labels
    )
    alone = (f"left out: answers to pairs that have none in the other order ({found.one_order:,})",)
    return Section(title, lines, alone if found.one_order else (), f"{bias_sentence(found.bias)}.", "Model, in pairs")


def bias_sentence(found: PositionBias | None) -> str:
    """Of a judge's liking for a place."""
    if found is None:
        return "position bias: no pair was answered in both orders"
    share = numbers.percent(100 * found.consistent / found.pairs)
    return (f"position bias: of {found.pairs:,} pairs in both orders {found.consistent:,} ({share}) had the same "
            f"winner in both; {found.for_first:,} leaned to the text shown first, {found.for_second:,} to the second "
            f"(sign test, p {numbers.probability(found.p_value)})")


def values(found: InPairs) -> dict[str, Any]:
    """For programs."""
    bias = found.bias
    told: Mapping[str, Any] = {} if bias is None else {"position_bias": {
        "pairs": bias.pairs, "consistent": bias.consistent, "for_first": bias.for_first,
        "for_second": bias.for_second, "p_value": bias.p_value}}
    return {
        "judge": found.judge, "kind": found.kind, "rubric": found.rubric_version, **told,
        "in_one_order_only": found.one_order,
        "rows": [{"model": found.labels[each.run_id][0], "prompt": found.labels[each.run_id][1],
                  "run_id": each.run_id, "won_percent": each.share.mean,
                  **({} if each.share.low is None else {"interval": [each.share.low, each.share.high]}),
                  "scenarios": each.share.size, "comparisons": each.comparisons}
                 for each in found.won if each.run_id in found.labels],
    }


def _ends(low: float | None, high: float | None) -> tuple[float, float] | None:
    return None if low is None or high is None else (low, high)
