"""Two models in a row: what the first passes on, and whose answer counts then."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import UsageError
from core.records import Answer, Sample
from core.strategy import StrategySettings
from runner.arguments import parse
from runner.asked_strategies import chain_of, strategies_of
from runner.chain import CASCADE, FALLBACK, Chain, Chained, passed_on
from runner.request import StrategyChoice
from strategies import registry
from strategies.base import Candidate


def lines(**answers: str) -> list[dict[str, Any]]:
    """details.jsonl of tasks that got these answers, a letter each; '-' has none."""
    return [{"task_id": task_id, "sample": index, "answer": letter} | ({} if letter == "-" else {"key": letter})
            for task_id, letters in answers.items() for index, letter in enumerate(letters)]


def test_a_cascade_passes_on_what_the_first_model_is_unsure_of() -> None:
    details = lines(sure="aaaaaaab", leaning="aaaaabbb", torn="aabb", silent="----", few="a-------")
    tasks = ["torn", "sure", "unasked", "leaning", "silent", "few"]
    assert passed_on(Chain(CASCADE, 0.5), tasks, details) == ["torn", "unasked", "leaning", "silent", "few"]
    assert passed_on(Chain(CASCADE, 0.2), tasks, details) == ["torn", "unasked", "silent", "few"]
    assert passed_on(Chain(CASCADE, 0.0), tasks, details) == []


def test_a_fallback_is_asked_where_no_answer_has_more_than_half_of_the_samples() -> None:
    details = lines(most="aabac", half="aabb", scattered="abcd", silent="---", lone="a--")
    tasks = ["most", "half", "scattered", "silent", "lone"]
    assert passed_on(Chain(FALLBACK, 0.5), tasks, details) == ["half", "scattered", "silent", "lone"]


def chosen(first: str, second: str) -> tuple[int, str] | None:
    """(sample, answer) of a task that both were asked, three samples each."""
    strategy = Chained(Chain(CASCADE, 0.5), registry.make("sc_fixed", StrategySettings(n=3)))
    letters = [*enumerate(first), *((index + 3, letter) for index, letter in enumerate(second))]
    candidates = [Candidate(Sample("t", index, letter), Answer(None if letter == "-" else letter),
                            None if letter == "-" else letter) for index, letter in letters]
    at = strategy.choose(candidates)
    return None if at is None else (candidates[at].sample.index, candidates[at].sample.response)


@pytest.mark.parametrize(("first", "second", "expected"), [
    ("aab", "", (0, "a")),
    ("aab", "bba", (3, "b")),
    ("aab", "-cc", (4, "c")),
    ("aab", "---", (0, "a")),
    ("", "bcc", (4, "c")),
    ("", "---", (3, "-")),
    ("", "", None),
])
def test_the_second_models_choice_counts_where_it_gave_an_answer(
    first: str, second: str, expected: tuple[int, str] | None
) -> None:
    assert chosen(first, second) == expected


def asked(line: str) -> tuple[Chain | None, list[StrategyChoice]]:
    _, flags = parse(["--benchmark", "math", *line.split()])
    strategies = strategies_of(flags)
    return chain_of(flags, strategies), list(strategies)


def test_a_cascade_draws_by_self_consistency_and_a_fallback_by_any_strategy() -> None:
    assert asked("--model a b --strategy cascade --n 4 --margin 0.3 --temperature 1") == (
        Chain(CASCADE, 0.3), [StrategyChoice("sc_fixed", StrategySettings(n=4))])
    chain, strategies = asked("--model a --fallback b --strategy esc --max-n 8 --temperature 1")
    assert chain is not None
    assert (chain.rule, strategies) == (FALLBACK, [StrategyChoice("esc", StrategySettings(max_n=8))])
    assert asked("--model a b")[0] is None


@pytest.mark.parametrize(("line", "said"), [
    ("--model a --strategy cascade --temperature 1", "name two models"),
    ("--model a b c --strategy cascade --temperature 1", "name two models"),
    ("--model a b --fallback c --strategy esc --temperature 1", "name one model"),
    ("--model a b --fallback c --strategy cascade --temperature 1", "leave one out"),
    ("--model a --fallback b", "a single sample says nothing.*--n 2"),
    ("--model a b --strategy cascade --n 1", "a single sample says nothing"),
    ("--model a b --strategy cascade --n 2 4 --temperature 1", "one strategy with one budget"),
    ("--model a b --strategy cascade", "at temperature 0"),
    ("--model a --margin 0.2", "--margin: it is for --strategy cascade"),
    ("--model a --fallback b --margin 0.2 --strategy esc --temperature 1", "--margin: it is for --strategy cascade"),
    ("--model a b --strategy cascade --temperature 1 --base-url http://x", "leave out --base-url"),
    ("--model a b --strategy cascade --temperature 1 --until-decided", "leave out --until-decided"),
])
def test_what_cannot_be_chained_is_refused_with_what_to_do(line: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        asked(line)
