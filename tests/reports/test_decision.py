"""What two models asked by turns came to, in a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from analysis.anytime import decide
from analysis.decision import as_fields, mirrored
from analysis.urns import Drawn
from reports.decision import sentence


def record(drawn: Drawn, *, first: bool = False, margin: float = 5.0) -> dict[str, Any]:
    told = as_fields(decide(drawn, margin), margin, 0.05)
    this, other = ("m:F16", "m:Q2_K") if first else ("m:Q2_K", "m:F16")
    return {"model": this, "decision": {**(mirrored(told) if first else told), "against": other}}


def test_worse_is_told_from_either_side_with_the_same_numbers() -> None:
    drawn = Drawn(200, 24, 18, 1)
    worse, better = sentence(record(drawn)), sentence(record(drawn, first=True))
    assert worse.startswith("m:Q2_K is worse than m:F16 by 70.8 points [")
    assert worse.endswith("] after 24 of 200 tasks (always-valid, alpha 0.05); 176 tasks were not needed")
    assert better == worse.replace("m:Q2_K is worse than m:F16", "m:F16 is better than m:Q2_K")
    low, high = (float(end) for end in worse[worse.index("[") + 1 : worse.index("]")].split(", "))
    assert 0 < low < 70.8 < high < 100


def test_equivalent_names_the_margin_and_the_interval_within_it() -> None:
    said = sentence(record(Drawn(200, 60, 0, 0), margin=10.0))
    assert said.startswith("m:Q2_K and m:F16 are equivalent within 10 points: a difference of 0 [-")
    assert "after 60 of 200 tasks" in said


def test_when_the_tasks_ran_out_the_interval_is_the_ordinary_one() -> None:
    said = sentence(record(Drawn(20, 20, 1, 2)))
    assert said.startswith("m:Q2_K and m:F16 are neither told apart nor shown to be equivalent within 5 points: ")
    assert said.endswith("after all 20 tasks (Tango's interval, alpha 0.05)")
    [low, high] = record(Drawn(20, 20, 1, 2))["decision"]["interval_points"]
    assert low < 5 < high


@pytest.mark.parametrize("other", [{}, {"decision": None}, {"decision": {"word": 3}}, {"model": "m"}])
def test_of_a_record_without_a_decision_nothing_is_said(other: dict[str, Any]) -> None:
    assert sentence(other) == ""
