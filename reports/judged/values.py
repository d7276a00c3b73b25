"""The leaderboard of judged texts for programs: unrounded, nothing left out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from core.standings import Agreement, Estimate, Interaction, Standing
from reports.judged import in_pairs
from reports.judged.findings import Findings, OfJudge


def to_json(found: Findings) -> str:
    """One object. A key is absent where there is nothing to say."""
    value = {
        "experiment": found.experiment,
        "benchmark": found.benchmark,
        "judges": [_of_judge(one) for one in found.judges],
        "agreement": [_agreement(one) for one in found.agreement],
        "pairs": [in_pairs.values(one) for one in found.pairs],
        "remarks": list(found.remarks),
    }
    return json.dumps(value, indent=2, allow_nan=False) + "\n"


def _of_judge(one: OfJudge) -> dict[str, Any]:
    rubric = one.rubric
    return {
        "judge": one.judge,
        "kind": one.kind,
        "rubric": known({
            "version": rubric.version, "sha256": rubric.sha256, "scale": [rubric.lowest, rubric.highest],
            "weights": {each.name: each.weight for each in rubric.criteria} if rubric.weighted else None,
        }),
        "baseline": one.board.baseline.label,
        "rows": [_row(standing) for standing in one.board.standings],
        "interactions": [_interaction(each) for each in one.board.interactions],
        "with_itself": [_agreement(each) for each in one.itself],
        "unjudged": list(one.unjudged),
    }


def _row(standing: Standing) -> dict[str, Any]:
    cell = standing.cell
    return known({
        "model": cell.model,
        "prompt": cell.prompt,
        "run_id": cell.run_id,
        "composite": level(cell.judged.composite),
        "criteria": {name: level(each) for name, each in cell.judged.criteria.items()},
        "scenarios": dict(cell.judged.by_scenario),
        "texts": cell.texts,
        "scored": cell.judged.candidates,
        "without_text": cell.missing,
        "composite_floor": cell.floor,
        "tokens_per_text": cell.tokens,
        "seconds_per_text": cell.seconds,
        "usd_per_text": cell.usd,
        "is_baseline": standing.is_baseline,
        "difference": difference(standing.difference),
        "p_corrected": standing.p_corrected,
    })


def _interaction(one: Interaction) -> dict[str, Any]:
    return known({
        "prompt": one.prompt, "over": one.over, "model": one.model, "on": one.on, "gain": one.gain,
        "gain_there": one.gain_there, "difference": difference(one.difference), "p_corrected": one.p_corrected,
    })


def _agreement(one: Agreement) -> dict[str, Any]:
    return known({"judges": list(one.judges), "criterion": one.criterion, "texts": one.texts, "kappa": one.kappa,
                  "alpha": one.alpha, "same_score": one.exact, "words": one.words or None})


def level(found: Estimate) -> dict[str, Any]:
    """Mean and interval on the rubric's scale, and of how many scenarios."""
    interval = None if found.low is None else [found.low, found.high]
    return known({"mean": found.mean, "interval": interval, "scenarios": found.size})


def difference(found: Estimate | None) -> dict[str, Any] | None:
    """The same, and the p-value of no difference."""
    return None if found is None else known({**level(found), "p_value": found.p_value})


def known(value: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is unknown."""
    return {key: item for key, item in value.items() if item is not None}
