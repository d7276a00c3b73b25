"""What a run cost, as people read it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.costs import cost_lines

USAGE = {"completion_tokens": 1085, "prompt_tokens": 1364, "cached_tokens": 1098}
ENERGY = {"energy_j": 1234.4, "mean_watts": 96.04, "above_idle_j": 560.2, "per_solved_j": 30.86, "shared_with": []}
COST = {"cost_usd": 0.01234, "per_solved_usd": 0.000412, "price": {"model": "gpt-4o-mini", "date": "2026-11-24"}}

PLAIN = "energy: 1,234 J (96.0 W, 560 J above idle), 30.9 J a solved task"


@pytest.mark.parametrize(("record", "said"), [
    ({"usage": USAGE, "checks": {"tokens": "as the server counts them"}},
     "tokens: 1,085 of replies, 1,364 of prompts (1,098 of them cached)"),
    ({"usage": {"completion_tokens": 9}}, "tokens: 9 of replies"),
    ({"usage": {"completion_tokens": 9}, "checks": {"tokens": "the server counts 2 completion tokens more"}},
     "tokens: 9 of replies; the server counts 2 completion tokens more"),
    ({"energy": ENERGY}, PLAIN),
    ({"energy": {**ENERGY, "shared_with": ["Xorg (pid 812)", "a process"]}},
     f"{PLAIN}; the GPU was shared with Xorg (pid 812), a process"),
    ({"energy": {"energy_j": 50, "apportioned": True}}, "energy: 50.0 J (its samples' part)"),
    ({"energy": {"energy_j": 50, "above_idle_j": -3.2}}, "energy: 50.0 J (-3.2 J above idle)"),
    ({"cost": COST}, "cost: $0.012, $0.00041 a solved task (gpt-4o-mini, prices of 2026-11-24)"),
    ({"cost": {"cost_usd": 12.345}}, "cost: $12.35"),
    ({"cost": {"cost_usd": 0.000002}}, "cost: $0.000002"),
])
def test_a_line_says_what_is_known(record: dict[str, Any], said: str) -> None:
    assert cost_lines(record) == [said]


def test_nothing_known_is_nothing_said() -> None:
    assert cost_lines({}) == []
    assert cost_lines({"usage": {"requests": 3}, "energy": {"source": "x"}, "cost": {}}) == []


@given(st.dictionaries(st.sampled_from(["usage", "energy", "cost", "checks"]), st.recursive(
    st.none() | st.floats() | st.text(max_size=5) | st.integers(), lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from([*USAGE, *ENERGY, *COST, "tokens"]), inner, max_size=5))))
def test_whatever_a_ledger_holds_it_is_read(record: dict[str, Any]) -> None:
    for line in cost_lines(record):
        assert "\n" not in line
