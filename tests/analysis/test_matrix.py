"""Every model against every other: who pairs, what is counted, what is corrected for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from analysis.holm import holm
from analysis.matrix import matrices
from analysis.mcnemar import mcnemar
from analysis.pairs import tasks_sha256

TASKS = [f"t/{number}" for number in range(40)]


def record(model: str, failed: Sequence[int], benchmark: str = "math", **more: Any) -> dict[str, Any]:
    names = [TASKS[number] for number in failed]
    return {"benchmark": benchmark, "model": model, "run_id": f"run-{model}", "tasks_sha256": tasks_sha256(TASKS),
            "results": {"score": 100 * (40 - len(names)) / 40, "total_passed": 40 - len(names), "total_problems": 40,
                        "failed_tasks": names}, "status": "complete", "validity": {"status": "ok"}, **more}


def test_counts_flips_and_p_values_of_a_pair_are_those_of_the_paired_test() -> None:
    (found,) = matrices([record("worse", range(20)), record("best", [0, 30])])
    assert [one.label for one in found.standings] == ["best", "worse"]
    (pair,) = found.pairs
    assert pair.only_first == tuple(f"t/{number}" for number in range(1, 20))
    assert pair.only_second == ("t/30",)
    test = mcnemar(["t/0", "t/30"], TASKS[:20], 40)
    assert test is not None
    assert pair.p_value == test.p_value


def test_all_pairs_of_a_matrix_are_corrected_for_together() -> None:
    runs = [record("a", [0]), record("b", range(8)), record("c", range(16)), record("d", range(30))]
    (found,) = matrices(runs)
    assert len(found.pairs) == 6
    assert [pair.p_corrected for pair in found.pairs] == holm([pair.p_value for pair in found.pairs])


@pytest.mark.parametrize("other", [
    record("b", [1], tasks_sha256="0" * 64), record("b", [1], benchmark="gsm8k"), record("b", [1], status="incomplete"),
    record("b", [1], config={"sampling": {"temperature": 0.8}}), {"benchmark": "math", "model": "b", "results": {}},
])
def test_runs_that_do_not_pair_stand_in_no_matrix_together(other: dict[str, Any]) -> None:
    assert matrices([record("a", [0]), other]) == []


def test_of_more_runs_than_a_matrix_shows_the_best_are_and_the_rest_is_counted() -> None:
    (found,) = matrices([record(f"m{number}", range(number)) for number in range(30)], most=5)
    assert [one.label for one in found.standings] == ["m0", "m1", "m2", "m3", "m4"]
    assert found.left_out == 25
    assert len(found.pairs) == 10


def test_two_runs_of_one_name_are_told_apart() -> None:
    (found,) = matrices([record("a", [0]), record("a", [1, 2])])
    assert [one.label for one in found.standings] == ["a", "a (2)"]


def test_a_suspect_run_is_marked() -> None:
    (found,) = matrices([record("a", [0], validity={"status": "suspect"}), record("b", [1, 2])])
    assert [one.suspect for one in found.standings] == [True, False]
