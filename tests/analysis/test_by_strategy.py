"""Strategies side by side: what stands together, what it is held against, and what it costs."""

from __future__ import annotations

from typing import Any

import pytest

from analysis.comparison import compare_runs
from analysis.pairs import unpaired_because
from reports.compare import rows
from reports.strategies import strategy_label
from tests.analysis.test_comparison import record


def asked(strategy: str, failed: int, requests: int, quantization: str = "Q8_0", **config: Any) -> dict[str, Any]:
    """A run of 100 tasks, ten tokens a request."""
    always = {"samples_per_task": config["n"]} if "n" in config else {}
    return record(quantization, failed, run_id=f"{strategy}-{quantization}-{config.get('n', config.get('max_n'))}",
                  config={"strategy": strategy, **always, **config},
                  usage={"requests": requests, "completion_tokens": 10 * requests})


FOUR, ONE = asked("sc_fixed", 20, 400, n=4), asked("sc_fixed", 35, 100, n=1)
MARGIN = asked("adaptive_margin", 21, 180, max_n=4, confidence=0.95)
SINGLE = record("Q8_0", 35, run_id="single", config={"strategy": "single", "samples_per_task": 1},
                usage={"requests": 100, "completion_tokens": 1000})


def of_group(found: list[dict[str, Any]], group: str) -> list[dict[str, Any]]:
    return [row for row in found if row["group"] == group]


def test_one_models_strategies_are_held_against_the_one_that_always_draws_most() -> None:
    found = compare_runs([MARGIN, FOUR, SINGLE, ONE])
    assert {row["group"] for row in found} == {"strategies"}, "there is no other quantization to hold them against"
    assert [strategy_label(row) for row in found] == [
        "single", "adaptive_margin n<=4", "sc_fixed n=1", "sc_fixed n=4"]
    assert [row.get("is_baseline") for row in found] == [None, None, None, True]
    assert [row["times_tokens"] for row in found] == pytest.approx([0.25, 0.45, 0.25, 1.0])
    assert [row["completion_tokens"] for row in found] == pytest.approx([10, 18, 10, 40])
    assert [row.get("difference") for row in found] == pytest.approx([-15.0, -1.0, -15.0, None])
    assert [row.get("against") for row in found[:2]] == ["clearly lower", "no clear difference"]


def test_other_strategies_are_never_paired_as_the_same_thing() -> None:
    for one in (SINGLE, ONE, MARGIN):
        assert unpaired_because(FOUR, one) == "other settings"
    other_window = [asked("esc", 20, 300, max_n=8, window=window) for window in (3, 4)]
    assert unpaired_because(*other_window) == "other settings"
    rationed = asked("esc", 20, 300, max_n=8, window=3, budget={"tokens": 500})
    assert unpaired_because(other_window[0], rationed) == "other settings"


def test_quantizations_are_held_against_the_larger_one_under_the_same_strategy() -> None:
    found = compare_runs([FOUR, ONE, asked("sc_fixed", 50, 100, "Q2_K", n=1), asked("sc_fixed", 30, 400, "Q2_K", n=4)])
    held = {row["run_id"]: row.get("baseline_run_id") for row in of_group(found, "quantizations")}
    assert held == {"sc_fixed-Q8_0-4": None, "sc_fixed-Q8_0-1": None, "sc_fixed-Q2_K-4": "sc_fixed-Q8_0-4",
                    "sc_fixed-Q2_K-1": "sc_fixed-Q8_0-1"}
    names = [line.cells["quantization"] for section in rows(found).sections for line in section.lines]
    assert {"Q8_0 sc_fixed n=4", "Q2_K sc_fixed n=1"} <= {name.removesuffix(" *") for name in names}


def test_what_a_second_model_was_passed_on_has_no_row_and_what_both_came_to_stands_by_the_first() -> None:
    part = record("F16", 5, total=20, passed_on_by="sc_fixed-Q8_0-4", config={"strategy": "sc_fixed", "n": 4})
    chain = {"models": ["demo-5M:Q8_0", "demo-5M:F16"], "passed_on": 20}
    both = asked("cascade", 10, 480, n=4, draws_by="sc_fixed", margin=0.5, chain=chain)
    found = compare_runs([FOUR, part, both | {"model": "demo-5M:Q8_0 > demo-5M:F16"}])
    assert [strategy_label(row) for row in found] == ["cascade n=4 > demo-5M:F16", "sc_fixed n=4"]
    assert found[0]["baseline_run_id"] == FOUR["run_id"]
    [section] = rows(found).sections
    assert section.title == "math: demo-5M:Q8_0 strategies, 100 tasks"


def test_a_label_names_selectors_and_limits() -> None:
    assert strategy_label({"strategy": "best_of_n", "budget": 4, "selector": ["schema", "agreement"]}) == (
        "best_of_n n=4 by schema, agreement")
    assert strategy_label({"strategy": "esc", "budget": 8, "window": 4, "limits": {"tokens": 20_000}}) == (
        "esc n<=8, 20,000 tokens")


def test_nothing_in_a_strangers_record_of_a_strategy_breaks_the_table() -> None:
    odd = record("Q8_0", 5, run_id="odd", config={
        "strategy": "\x1b[2J", "n": "many", "max_n": -3, "selector": {"a": 1}, "confidence": "x", "window": [],
        "budget": {"\x1b": "x", "tokens": "y"}, "chain": {"models": [3, None]}}, usage={"requests": "x"})
    table = rows(compare_runs([FOUR, odd]))
    assert "\x1b" not in str(table.sections)
