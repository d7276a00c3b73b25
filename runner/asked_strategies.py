"""Which strategies a command means.

``--strategy sc_fixed adaptive_margin --n 1 2 4 --max-n 8 16`` means five: each strategy named, with each value of the
flags that it takes.
"""

from __future__ import annotations

import argparse
from collections.abc import Collection
from itertools import product
from typing import Any

from core.errors import UsageError
from core.strategy import StrategySettings
from runner.request import StrategyChoice
from strategies import registry
from strategies.base import Strategy

_MANY = ("n", "max_n")
"""Flags that take several values, one cell each."""


def strategies_of(flags: argparse.Namespace) -> tuple[StrategyChoice, ...]:
    """Every strategy that is meant, each once.

    Raises UsageError: no such strategy, a flag that none of those named takes, a value that makes no sense, or several
    samples of a reply that would be the same every time.
    """
    names = tuple(dict.fromkeys(flags.strategy))
    given = {"n": flags.n, "max_n": flags.max_n, "confidence": flags.confidence, "window": flags.window,
             "selectors": tuple(flags.selector) or None, "batch": flags.batch}
    given = {field: value for field, value in given.items() if value is not None}
    _refuse_untaken(names, given)
    found: dict[StrategyChoice, Strategy] = {}
    for name in names:
        taken = {field: value for field, value in given.items() if field in registry.takes(name)}
        many = [[(field, value) for value in taken[field]] for field in _MANY if field in taken]
        once = {field: value for field, value in taken.items() if field not in _MANY}
        for numbers in product(*many):
            settings = StrategySettings(**once, **dict(numbers))
            found.setdefault(StrategyChoice(name, settings), registry.make(name, settings))
    _refuse_same_replies(flags, found.values())
    _refuse_with_others(flags, found)
    return tuple(found)


def _refuse_untaken(names: tuple[str, ...], given: dict[str, Any]) -> None:
    taken = frozenset[str]().union(*map(registry.takes, names))
    for field, value in given.items():
        if field not in taken:
            if len(names) == 1:
                registry.make(names[0], StrategySettings(**{field: _first(value)}))
            raise UsageError(f"{registry.FLAGS[field]}: none of the strategies {', '.join(names)} takes it; leave it "
                             "out or name one that does (docs/strategies.md).")


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) else value


def _refuse_same_replies(flags: argparse.Namespace, strategies: Collection[Strategy]) -> None:
    """A greedy reply is the same however often it is asked for."""
    several = next((one for one in strategies if one.budget() > 1), None)
    if several is None:
        return
    why = None
    if not flags.temperature:
        why = "at temperature 0 all samples of a task would be the same"
    elif flags.top_k == 1:
        why = "with --top-k 1 all samples of a task would be the same"
    if why is not None:
        do = "leave --top-k out" if flags.temperature else "add a temperature, e.g. --temperature 0.8"
        raise UsageError(f"--strategy {several.name}: {why}, so up to {several.budget()} of them say no more than one; "
                         f"{do}.")


def _refuse_with_others(flags: argparse.Namespace, found: dict[StrategyChoice, Strategy]) -> None:
    if flags.until_decided and len(found) > 1:
        raise UsageError("--until-decided: name one strategy with one budget; two models are compared, not strategies.")
