"""A budget for a whole run: where each further sample goes, and when it ends."""

from __future__ import annotations

import pytest

from core.errors import UsageError
from core.outcomes import Outcome
from core.records import Answer, Sample, Task, Verdict
from core.strategy import StrategySettings
from parsers.events import RequestFailed
from runner.appraisal import Appraisal
from runner.arguments import parse
from runner.asked_strategies import budget_of, strategies_of
from runner.budget import Budget
from runner.collect import Collection
from runner.draws import Draw
from runner.rationing import Rationing, Singly, Used, refuse_unmetered
from strategies import registry

ANSWERS = {"sure": "aaaaaaaa", "torn": "abababab", "blank": "----cc--"}
PER_SAMPLE = 10


def collection(max_n: int = 8) -> Collection:
    strategy = registry.make("adaptive_margin", StrategySettings(max_n=max_n))
    return Collection([Task(task_id, {}) for task_id in ANSWERS], strategy, 0, drawing=Singly)


def take(here: Collection, draw: Draw) -> None:
    letter = ANSWERS[draw.task_id][draw.sample]
    answer = Answer(None if letter == "-" else letter)
    sample = Sample(draw.task_id, draw.sample, letter, completion_tokens=PER_SAMPLE, seed=draw.seed)
    here.take(sample, answer, Appraisal(None if letter == "-" else letter))
    here.settle((draw.task_id, draw.sample), Verdict(Outcome.CORRECT if letter == "a" else Outcome.WRONG))


def rationing(here: Collection, budget: Budget, slots: int = 1) -> Rationing:
    return Rationing(budget, here, slots, lambda: Used(here.completion_tokens, 0.0, None))


def played(here: Collection, ration: Rationing) -> list[str]:
    """Tasks in the order in which they were asked, one at a time."""
    asked = []
    while draws := ration.draws(1):
        for draw in draws:
            assert draw.count == 1
            asked.append(draw.task_id)
            take(here, draw)
    return asked


def test_every_task_has_a_sample_before_any_has_two_and_then_the_doubtful_ones_get_more() -> None:
    here = collection()
    asked = played(here, rationing(here, Budget(tokens=PER_SAMPLE * 14)))
    assert asked[:3] == ["sure", "torn", "blank"]
    assert asked[3] == "blank", "nobody has voted yet: any vote changes that"
    assert len(asked) == 14
    assert asked.count("sure") < asked.count("torn")
    assert asked.count("sure") < asked.count("blank")


def test_a_budget_that_is_never_spent_ends_where_the_strategy_wants_no_more() -> None:
    here = collection()
    asked = played(here, rationing(here, Budget(tokens=10**9)))
    assert asked.count("torn") >= 7, "the last one cannot change it: of equal votes the first answer is ahead"
    assert 2 <= asked.count("sure") < 8


def test_no_more_is_asked_for_ahead_than_keeps_the_slots_busy() -> None:
    here = collection()
    ration = rationing(here, Budget(tokens=10**9), slots=2)
    assert [draw.task_id for draw in ration.draws(0)] == ["sure", "torn", "blank"], "of no task two at once"
    assert ration.draws(3) == []
    assert rationing(collection(), Budget(tokens=10**9), slots=1).draws(2) == []


def test_once_it_is_spent_nothing_is_begun() -> None:
    here = collection()
    ration = rationing(here, Budget(tokens=PER_SAMPLE))
    first = ration.draws(1)
    take(here, first[0])
    assert ration.draws(0) == []
    assert ration.is_spent()
    assert "before 2 of 3 tasks had a sample" in (ration.remark() or "")


def test_taken_up_again_it_asks_what_was_under_way_and_goes_on_with_what_was_used() -> None:
    before = collection()
    played(before, rationing(before, Budget(tokens=PER_SAMPLE * 9)))
    again = collection()
    lost = {("torn", 0)}
    for task_id, here in before.candidates.items():
        for index, candidate in here.items():
            if (task_id, index) not in lost:
                again.restore(candidate.sample, candidate.answer, Appraisal(candidate.key))
    missing = again.opening()
    assert [(draw.task_id, draw.sample) for draw in missing] == [("torn", 0)]
    take(again, missing[0])
    assert again.completion_tokens == before.completion_tokens
    assert rationing(again, Budget(tokens=PER_SAMPLE * 9)).draws(0) == []
    whole = collection()
    on = rationing(again, Budget(tokens=PER_SAMPLE * 12))
    assert [*played(before, rationing(before, Budget(tokens=PER_SAMPLE * 12)))] == played(again, on)
    assert len(played(whole, rationing(whole, Budget(tokens=PER_SAMPLE * 12)))) == 12


def test_a_place_that_was_given_up_is_not_asked_again_when_the_run_is_taken_up() -> None:
    here = collection()
    here.restore_failure(RequestFailed("sure", 0, "too long", "context"))
    assert here.opening() == []
    assert here.drawn_of("sure") == 1


def test_joules_that_nobody_measures_are_refused_and_a_lost_meter_ends_the_run() -> None:
    with pytest.raises(UsageError, match="no meter of this machine can be read"):
        refuse_unmetered(Budget(joules=5.0), False)
    refuse_unmetered(Budget(joules=5.0), True)
    refuse_unmetered(Budget(tokens=5), False)
    here = collection()
    used = [Used(0, 0.0, None), Used(10, 0.0, 3.0), Used(20, 0.0, None), Used(20, 0.0, 5.0)]
    ration = Rationing(Budget(joules=5.0), here, 1, lambda: used.pop(0))
    assert [ration.is_spent() for _ in range(4)] == [False, False, True, True]


def asked(line: str) -> Budget | None:
    _, flags = parse(["--model", "a", "--benchmark", "math", *line.split()])
    return budget_of(flags, strategies_of(flags))


def test_the_flags_mean_a_budget() -> None:
    assert asked("--strategy esc --temperature 1 --budget-tokens 500 --budget-seconds 9") == Budget(500, 9.0)
    assert asked("") is None


@pytest.mark.parametrize(("line", "said"), [
    ("--budget-tokens 500", "with one sample a task there is nothing to ration"),
    ("--budget-tokens 500 --strategy sc_fixed --n 1 4 --temperature 1", "one strategy with one budget"),
    ("--budget-joules 5 --strategy esc --temperature 1", "add --measure-energy"),
    ("--budget-seconds 5 --strategy esc --temperature 1 --audit 3", "leave out --audit"),
    ("--budget-seconds 5 --strategy esc --temperature 1 --fallback b", "leave out --fallback"),
])
def test_what_no_budget_can_be_given_to_is_refused(line: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        asked(line)
