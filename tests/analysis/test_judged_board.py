"""The leaderboard's statistics: scenarios count once, comparisons are paired, the interaction is a contrast."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from scipy import stats
from statsmodels.regression.linear_model import OLS

from analysis.judged import Scored, floor, judged
from analysis.judged_board import board
from core.errors import UsageError
from core.rubric import Criterion, Rubric
from core.standings import ALPHA, Cell

RUBRIC = Rubric("r-v1", "0" * 64, "", 1, 5, (Criterion("a", "?", ()), Criterion("b", "?", (), 3.0)), weighted=True)


def cell(model: str, prompt: str, composites: Mapping[str, float]) -> Cell:
    scored = [Scored(scenario, 0, {"a": value, "b": value}) for scenario, value in composites.items()]
    found = judged(scored, RUBRIC)
    assert found is not None
    return Cell(model, prompt, f"{model}-{prompt}", found, len(scored))


def four(seed: int = 0, scenarios: int = 8) -> list[Cell]:
    random = np.random.default_rng(seed)
    return [cell(model, prompt, {f"s/{place}": float(random.integers(1, 6)) for place in range(scenarios)})
            for model in ("m1", "m2") for prompt in ("v1", "v2")]


def test_a_scenario_counts_once_however_many_candidates_it_has() -> None:
    scored = [Scored("s/0", 0, {"a": 1, "b": 1}), *(Scored("s/1", index, {"a": 5, "b": 5}) for index in range(9))]
    found = judged(scored, RUBRIC)
    assert found is not None
    assert (found.composite.mean, found.composite.size, found.candidates) == (3.0, 2, 10)


def test_weights_weigh_and_criteria_stand_for_themselves() -> None:
    found = judged([Scored("s/0", 0, {"a": 1, "b": 5})], RUBRIC)
    assert found is not None
    assert found.composite.mean == 4.0
    assert {name: each.mean for name, each in found.criteria.items()} == {"a": 1.0, "b": 5.0}


def test_the_floor_counts_what_nobody_saw_as_the_lowest_also_where_a_scenario_has_nothing_else() -> None:
    scored = [Scored("s/0", 0, {"a": 5, "b": 5}), Scored("s/1", 0, {"a": 3, "b": 3})]
    assert floor(scored, {"s/0": 1, "s/2": 4}, RUBRIC) == pytest.approx((3 + 3 + 1) / 3)
    assert floor(scored, {}, RUBRIC) == 4.0


def test_an_interval_never_leaves_the_scale() -> None:
    found = judged([Scored("s/0", 0, {"a": 1, "b": 1}), Scored("s/1", 0, {"a": 5, "b": 5})], RUBRIC)
    assert found is not None
    assert (found.composite.low, found.composite.high) == (1, 5)


@pytest.mark.parametrize(("named", "comparisons"), [(False, 6), (True, 3)])
def test_rows_are_held_against_the_best_by_scipys_paired_test_with_holms_correction(
    named: bool, comparisons: int
) -> None:
    """Over all pairs where the scores have chosen the best, over the rows where it was named."""
    cells = four()
    highest = max(cells, key=lambda each: each.judged.composite.mean)
    found = board(cells, highest.label if named else None)
    best = found.standings[0]
    assert (best.is_baseline, best.cell, found.is_named) == (True, highest, named)
    raw = []
    for standing in found.standings[1:]:
        theirs = stats.ttest_rel(list(standing.cell.judged.by_scenario.values()),
                                 list(best.cell.judged.by_scenario.values()))
        ends = theirs.confidence_interval(0.95)
        assert standing.difference is not None
        assert standing.difference.p_value == pytest.approx(theirs.pvalue)
        assert [standing.difference.low, standing.difference.high] == pytest.approx([ends.low, ends.high])
        raw.append(theirs.pvalue)
    ordered = sorted(raw)
    stepped = np.maximum.accumulate([min(1.0, p * (comparisons - place)) for place, p in enumerate(ordered)])
    for standing, p_value in zip(found.standings[1:], raw, strict=True):
        assert standing.p_corrected == pytest.approx(stepped[ordered.index(p_value)])


def test_the_interaction_is_the_contrast_of_the_four_cells_by_scenario() -> None:
    cells = four(seed=3)
    (one,) = board(cells).interactions
    m1v1, m1v2, m2v1, m2v2 = (np.array(list(each.judged.by_scenario.values())) for each in cells)
    contrast = (m2v2 - m2v1) - (m1v2 - m1v1)
    theirs = stats.ttest_1samp(contrast, 0)
    ends = theirs.confidence_interval(0.95)
    assert (one.model, one.on, one.prompt, one.over) == ("m2", "m1", "v2", "v1")
    assert one.difference.mean == pytest.approx(contrast.mean())
    assert one.gain == pytest.approx((m2v2 - m2v1).mean())
    assert one.gain_there == pytest.approx((m1v2 - m1v1).mean())
    assert [one.difference.low, one.difference.high] == pytest.approx([ends.low, ends.high])
    y = np.concatenate([m1v1, m1v2, m2v1, m2v2])
    second_model, second_prompt = np.repeat([0, 0, 1, 1], 8), np.repeat([0, 1, 0, 1], 8)
    design = np.column_stack([np.tile(np.eye(8), (4, 1)), second_model, second_prompt, second_model * second_prompt])
    assert one.difference.mean == pytest.approx(float(OLS(y, design).fit().params[-1]))  # scenarios as blocks


def test_without_all_four_cells_there_is_no_interaction() -> None:
    assert board(four()[:3]).interactions == ()


def test_only_scenarios_that_both_have_are_paired() -> None:
    one, other = cell("m1", "v1", {"s/0": 5, "s/1": 5, "s/2": 5}), cell("m2", "v1", {"s/2": 3, "s/3": 1})
    found = board([one, other]).standings[1].difference
    assert found is not None
    assert (found.mean, found.size, found.p_value) == (-2.0, 1, None)
    apart = board([one, cell("m2", "v1", {"s/9": 3})]).standings[1]
    assert (apart.difference, apart.p_corrected) == (None, None)


@pytest.mark.parametrize(("name", "found"), [("m2 v1", "m2 v1"), ("m1 v2", "m1 v2")])
def test_a_baseline_is_named_by_model_and_prompt(name: str, found: str) -> None:
    assert board(four(), name).baseline.label == found


@pytest.mark.parametrize(("name", "says"), [("m1", "that is 2 of them, name one"), ("m3 v1", "there is .*'m1 v1'")])
def test_a_baseline_that_names_none_or_two_is_refused(name: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        board(four(), name)


def test_the_interaction_is_held_against_the_baselines_model_and_prompt() -> None:
    (one,) = board(four(), "m2 v2").interactions
    assert (one.model, one.on, one.prompt, one.over) == ("m1", "m2", "v1", "v2")


def test_of_cells_that_are_all_alike_the_best_is_seldom_called_clearly_better() -> None:
    """Each experiment has a best, and its luck must not be taken for more: at most one in twenty, and some chance."""
    random = np.random.default_rng(11)
    told = 0
    for _ in range(100):
        cells = [cell(f"m{number}", "v1", {f"s/{place}": float(random.integers(1, 6)) for place in range(6)})
                 for number in range(9)]
        told += any((each.p_corrected or 1.0) < ALPHA for each in board(cells).standings)
    assert told <= 11  # of 100 at 0.05 eleven or fewer are seen in 99 of 100 cases


def test_one_good_text_is_no_measure_for_all_rows() -> None:
    lucky, others = cell("m0", "v1", {"s/0": 5.0}), four()
    found = board([lucky, *others])
    assert found.standings[0].cell is lucky
    assert found.baseline is max(others, key=lambda each: each.judged.composite.mean)


def test_two_scenarios_that_differ_alike_tell_nothing_apart() -> None:
    high, low = {"s/0": 4.0, "s/1": 3.0}, {"s/0": 3.0, "s/1": 2.0}
    _, other = board([cell("m1", "v1", high), cell("m2", "v1", low)], "m1 v1").standings
    assert other.difference is not None
    assert (other.difference.mean, other.difference.low, other.p_corrected) == (-1.0, None, 0.5)
