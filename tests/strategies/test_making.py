"""Strategies are made from what a person said, and refuse what means nothing."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from core.errors import UsageError
from core.strategy import StrategySettings
from strategies.registry import FLAGS, STRATEGIES, make, takes

GIVEN = StrategySettings(n=4, max_n=12, confidence=0.9, window=3, selectors=("schema", "command:./s.py"), batch=2)


def only(*names: str) -> StrategySettings:
    """GIVEN without the rest."""
    return replace(StrategySettings(), **{name: getattr(GIVEN, name) for name in names})


@pytest.mark.parametrize(("name", "settings", "budget"), [
    ("single", {}, 1),
    ("best_of_n", {"n": 4, "selector": ["schema", "command:./s.py"]}, 4),
    ("sc_fixed", {"n": 4}, 4),
    ("weighted_vote", {"n": 4}, 4),
    ("adaptive_margin", {"max_n": 12, "confidence": 0.9, "batch": 2}, 12),
    ("esc", {"max_n": 12, "window": 3}, 12),
])
def test_every_strategy_goes_by_what_was_said_and_says_so(name: str, settings: dict[str, object], budget: int) -> None:
    strategy = make(name, only(*takes(name)))
    assert strategy.name == name
    assert dict(strategy.settings()) == settings
    assert strategy.budget() == budget
    assert json.loads(json.dumps(strategy.settings())) == settings


@pytest.mark.parametrize(("name", "settings"), [
    ("single", {}),
    ("best_of_n", {"n": 8, "selector": ["agreement"]}),
    ("sc_fixed", {"n": 8}),
    ("weighted_vote", {"n": 8}),
    ("candidates", {"n": 5}),
    ("adaptive_margin", {"max_n": 16, "confidence": 0.9, "batch": 1}),
    ("esc", {"max_n": 16, "window": 4}),
])
def test_what_was_not_said_has_a_default(name: str, settings: dict[str, object]) -> None:
    assert dict(make(name).settings()) == settings


def test_each_of_them_is_tested_here() -> None:
    assert set(STRATEGIES) == {"single", "best_of_n", "sc_fixed", "weighted_vote", "candidates", "adaptive_margin",
                               "esc"}


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("field", FLAGS)
def test_a_flag_that_a_strategy_does_not_take_is_refused_with_those_that_do(name: str, field: str) -> None:
    if field in takes(name):
        make(name, only(field))
        return
    with pytest.raises(UsageError) as refused:
        make(name, only(field))
    said = str(refused.value)
    assert said.startswith(f"{FLAGS[field]}: the strategy {name} does not take it; ")
    assert all(other in said for other in STRATEGIES if field in takes(other))


def test_an_unknown_strategy_is_refused_with_near_ones() -> None:
    with pytest.raises(UsageError, match="--strategy: there is no strategy 'sc_fix'; there is: sc_fixed"):
        make("sc_fix")
    with pytest.raises(UsageError, match="there is: adaptive_margin, best_of_n"):
        takes("zzz")


@pytest.mark.parametrize(("name", "settings", "message"), [
    ("sc_fixed", StrategySettings(n=0), "--n 0: must be from 1 to 1024"),
    ("sc_fixed", StrategySettings(n=1025), "--n 1025: must be from 1 to 1024"),
    ("esc", StrategySettings(max_n=-1), "--max-n -1: must be"),
    ("esc", StrategySettings(window=1), "--window 1: must be from 2"),
    ("esc", StrategySettings(max_n=3), "--window 4: --max-n 3 leaves fewer"),
    ("adaptive_margin", StrategySettings(batch=17), "--batch 17: --max-n 16 allows fewer"),
    ("adaptive_margin", StrategySettings(batch=0), "--batch 0: must be"),
    ("adaptive_margin", StrategySettings(confidence=0.5), "--confidence 0.5: must be above 0.5 and below 1"),
    ("adaptive_margin", StrategySettings(confidence=1.0), "--confidence 1.0: must be"),
    ("adaptive_margin", StrategySettings(confidence=float("nan")), "--confidence nan: must be"),
    ("best_of_n", StrategySettings(selectors=("shema",)), r"no selector 'shema' \(did you mean schema\?\)"),
    ("best_of_n", StrategySettings(selectors=("schema:x",)), "no selector 'schema:x'"),
    ("best_of_n", StrategySettings(selectors=("verdict",)), "no selector 'verdict'"),
    ("best_of_n", StrategySettings(selectors=("command",)), "--selector command:PATH: say which program"),
    ("best_of_n", StrategySettings(selectors=("command:",)), "--selector command:PATH: say which program"),
    ("best_of_n", StrategySettings(selectors=("schema", "schema")), "--selector: schema is given twice"),
    ("best_of_n", StrategySettings(selectors=("command:a", "command:b")), "--selector: command is given twice"),
])
def test_what_makes_no_sense_is_refused_by_the_name_of_its_flag(
    name: str, settings: StrategySettings, message: str,
) -> None:
    with pytest.raises(UsageError, match=message):
        make(name, settings)
