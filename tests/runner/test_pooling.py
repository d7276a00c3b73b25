"""One pool of samples for several strategies: what is drawn for all of them, and what each of them uses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.outcomes import Outcome
from core.records import Answer, Sample, Task, Verdict
from core.strategy import StrategySettings
from runner.appraisal import Appraisal
from runner.collect import Collection
from runner.draws import Draw
from runner.narrowing import narrowed
from runner.plan import drawn_and_replayed, made
from runner.pooling import Pooled, covering
from runner.request import StrategyChoice
from runner.task_lines import task_lines
from strategies.base import Strategy

SEED = 5


def choice(name: str, **settings: int) -> StrategyChoice:
    return StrategyChoice(name, StrategySettings(**settings))  # type: ignore[arg-type]


FIXED = choice("sc_fixed", n=8)
MARGIN, ESC = choice("adaptive_margin", max_n=8), choice("esc", max_n=8, window=3)


def tasks(answers: dict[str, str]) -> list[Task]:
    return [Task(task_id, {}) for task_id in answers]


def played(strategy: Strategy, answers: dict[str, str]) -> Collection:
    """A whole run: sample i of a task gives the i-th letter of its answers, and 'a' is right."""
    collection = Collection(tasks(answers), strategy, SEED)
    waiting = collection.opening()
    while waiting:
        draw = waiting.pop(0)
        for index in range(draw.sample, draw.sample + draw.count):
            take(collection, draw, index, answers[draw.task_id][index])
        more = collection.next_draw(draw.task_id)
        waiting += [more] if more else []
    return collection


def take(collection: Collection, draw: Draw, index: int, letter: str) -> None:
    sample = Sample(draw.task_id, index, letter, prompt_tokens=10, completion_tokens=3 + index,
                    seed=draw.seed + index - draw.sample)
    collection.take(sample, Answer(letter), Appraisal(letter))
    right = Outcome.CORRECT if letter == "a" else Outcome.WRONG
    collection.settle((draw.task_id, index), Verdict(right))


@pytest.mark.parametrize(("asked", "drawn"), [
    ([choice("sc_fixed", n=1), FIXED, MARGIN], FIXED),
    ([MARGIN, FIXED], FIXED),
    ([choice("adaptive_margin", max_n=16), FIXED], choice("adaptive_margin", max_n=16)),
    ([choice("single"), MARGIN], MARGIN),
    ([choice("single")], choice("single")),
])
def test_the_pool_is_drawn_by_the_largest_budget_and_at_a_tie_by_one_that_never_stops_early(
    asked: list[StrategyChoice], drawn: StrategyChoice
) -> None:
    found, others = drawn_and_replayed(tuple(asked))
    assert found == drawn
    assert others == tuple(each for each in asked if each != drawn)


def test_a_strategy_that_always_draws_as_much_as_any_may_want_is_the_pool_by_itself() -> None:
    fixed = made(FIXED)
    assert covering(fixed, [made(MARGIN), made(ESC), made(choice("sc_fixed", n=2))]) is fixed


def test_without_such_a_strategy_a_task_gets_the_samples_of_whichever_goes_furthest() -> None:
    answers = {"agreed": "aaaaaaaa", "torn": "abababab", "late": "abbbbbbb"}
    pool = played(covering(made(MARGIN), [made(ESC), made(choice("sc_fixed", n=2))]), answers)
    for task_id in answers:
        alone = [len(played(made(each), answers).candidates[task_id]) for each in (MARGIN, ESC)]
        assert len(pool.candidates[task_id]) == max(2, *alone)
    assert len(pool.candidates["agreed"]) < 8


@given(st.dictionaries(st.sampled_from(["t/1", "t/2", "t/10"]), st.text("abc", min_size=8, max_size=8), min_size=1),
       st.booleans())
def test_what_a_strategy_uses_of_a_pool_is_what_it_would_have_drawn_alone(
    answers: dict[str, str], covered: bool
) -> None:
    asked = [FIXED] * covered + [MARGIN, ESC, choice("sc_fixed", n=3), choice("adaptive_margin", max_n=4)]
    first, others = drawn_and_replayed(tuple(asked))
    pool = played(covering(made(first), [made(each) for each in others]), answers)
    assert isinstance(covering(made(first), [made(each) for each in others]), Pooled) is not covered
    for each in (first, *others):
        alone, of_it = played(made(each), answers), narrowed(pool, made(each), SEED)
        assert of_it.candidates == alone.candidates
        assert of_it.results() == alone.results()
        assert of_it.completion_tokens == alone.completion_tokens
        assert of_it.outcomes == alone.outcomes
        assert task_lines(of_it) == task_lines(alone)


def test_a_sample_that_never_came_is_missing_in_what_is_replayed_too() -> None:
    pool = Collection(tasks({"t": ""}), made(FIXED), SEED)
    [draw] = pool.opening()
    for index, letter in enumerate("ab-aaaaa"):
        if letter != "-":
            take(pool, draw, index, letter)
    of_two, of_four = (narrowed(pool, made(choice("sc_fixed", n=n)), SEED) for n in (2, 4))
    assert sorted(of_two.candidates["t"]) == [0, 1]
    assert sorted(of_four.candidates["t"]) == [0, 1, 3]


def test_a_task_line_says_which_sample_counted_and_what_all_cost() -> None:
    [line] = task_lines(played(made(choice("sc_fixed", n=3)), {"t": "baa"}))
    assert line == {
        "task_id": "t", "outcome": "correct", "passed": True, "chosen": 1, "samples": 3, "requests": 3,
        "prompt_tokens": 30, "completion_tokens": 12, "votes": {"b": 1, "a": 2},
    }


def test_a_count_that_is_unknown_of_one_sample_is_not_told_of_the_task() -> None:
    collection = Collection(tasks({"t": ""}), made(choice("sc_fixed", n=2)), SEED)
    collection.opening()
    collection.take(Sample("t", 0, "a", completion_tokens=4), Answer("a"))
    collection.take(Sample("t", 1, "a"), Answer("a"))
    collection.settle(("t", 0), Verdict(Outcome.CORRECT))
    [line] = task_lines(collection)
    assert "completion_tokens" not in line


def test_a_strategy_is_not_asked_while_more_is_to_become_known_of_a_sample() -> None:
    collection = Collection(tasks({"t": "", "u": ""}), made(choice("adaptive_margin", max_n=4)), SEED)
    first, second = collection.opening()
    assert first.count == second.count
    for index in range(first.count):
        collection.take(Sample("t", index, "x"), Answer("x"), Appraisal(whole=False))
        collection.take(Sample("u", index, "x"), Answer("x"), Appraisal("abcd"[index]))
    assert collection.next_draw("t") is None
    assert collection.next_draw("u") is not None, "another task does not wait for it"
    for index in range(first.count):
        assert not collection.wants_no_more("t")
        assert collection.next_draw("t") is None
        collection.appraise(("t", index), Appraisal("abcd"[index]))
    assert not collection.appraising
    assert collection.next_draw("t") is not None, "they differ, so more are wanted"
