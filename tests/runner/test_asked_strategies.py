"""Which strategies a command line means, and which it cannot mean."""

from __future__ import annotations

import pytest

from core.errors import UsageError
from core.strategy import StrategySettings
from runner.arguments import parse
from runner.asked_strategies import strategies_of
from runner.request import StrategyChoice


def asked(line: str) -> list[StrategyChoice]:
    _, flags = parse(["--model", "demo", "--benchmark", "math", *line.split()])
    return list(strategies_of(flags))


def test_without_a_flag_one_sample_is_drawn() -> None:
    assert asked("") == [StrategyChoice("single")]


def test_each_strategy_is_meant_with_each_value_of_the_flags_it_takes() -> None:
    found = asked("--strategy sc_fixed adaptive_margin --n 1 2 --max-n 4 8 --confidence 0.9 --temperature 0.8")
    assert found == [
        StrategyChoice("sc_fixed", StrategySettings(n=1)),
        StrategyChoice("sc_fixed", StrategySettings(n=2)),
        StrategyChoice("adaptive_margin", StrategySettings(max_n=4, confidence=0.9)),
        StrategyChoice("adaptive_margin", StrategySettings(max_n=8, confidence=0.9)),
    ]


def test_a_value_given_twice_is_meant_once() -> None:
    assert len(asked("--strategy sc_fixed sc_fixed --n 4 4 --temperature 1")) == 1


def test_several_selectors_are_one_strategy_in_their_order() -> None:
    [found] = asked("--strategy best_of_n --n 4 --selector schema agreement --temperature 1")
    assert found.settings.selectors == ("schema", "agreement")


@pytest.mark.parametrize(("line", "said"), [
    ("--strategy best", "there is no strategy 'best'.*best_of_n"),
    ("--n 4", "--n: the strategy single does not take it"),
    ("--strategy sc_fixed adaptive_margin --window 4 --temperature 1", "--window: none of the strategies"),
    ("--strategy single esc --selector agreement --temperature 1", "--selector: none of the strategies"),
    ("--strategy sc_fixed --n 4", "at temperature 0 all samples of a task would be the same.*--temperature 0.8"),
    ("--strategy sc_fixed --n 4 --temperature 0", "at temperature 0"),
    ("--strategy esc --temperature 1 --top-k 1", "--top-k 1 all samples.*leave --top-k out"),
    ("--strategy adaptive_margin --confidence 0.4 --temperature 1", "--confidence 0.4: must be above 0.5"),
    ("--strategy esc --window 8 --max-n 4 --temperature 1", "--window 8: --max-n 4"),
    ("--strategy sc_fixed --n 5000 --temperature 1", "--n 5000: must be from 1 to"),
    ("--strategy best_of_n --selector skema --temperature 1", "no selector 'skema'.*schema"),
    ("--strategy single sc_fixed --until-decided --temperature 1", "--until-decided: name one strategy"),
])
def test_what_cannot_be_meant_is_refused_with_what_to_do(line: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        asked(line)


def test_one_sample_a_task_is_fine_at_any_temperature() -> None:
    assert asked("--strategy sc_fixed --n 1") == [StrategyChoice("sc_fixed", StrategySettings(n=1))]
