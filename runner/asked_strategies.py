"""Which strategies a command means.

``--strategy sc_fixed adaptive_margin --n 1 2 4 --max-n 8 16`` means five: each strategy named, with each value of the
flags that it takes.
"""

from __future__ import annotations

import argparse
from collections.abc import Collection, Sequence
from itertools import product
from typing import Any

from core.errors import UsageError
from core.strategy import StrategySettings
from runner.budget import Budget
from runner.chain import CASCADE, FALLBACK, Chain
from runner.request import StrategyChoice
from runner.spending_asked import serves_one_model
from strategies import registry
from strategies.base import Strategy
from strategies.candidates import NAME as CANDIDATES
from strategies.cascade import THRESHOLD

_MANY = ("n", "max_n")
"""Flags that take several values, one cell each."""


DRAWN_BY = {CASCADE: "sc_fixed"}
"""What both models of a cascade draw by."""


def chain_of(flags: argparse.Namespace, strategies: Sequence[StrategyChoice]) -> Chain | None:
    """How two models are chained, if they are. Raises UsageError for what does not go with it."""
    if CASCADE not in flags.strategy and flags.fallback is None:
        if flags.margin is not None:
            raise UsageError("--margin: it is for --strategy cascade; add that or leave it out.")
        return None
    flag = "--fallback" if flags.fallback is not None else "--strategy cascade"
    models = len(flags.model)
    if flags.fallback is not None and CASCADE in flags.strategy:
        raise UsageError("--fallback: with --strategy cascade the second model of --model is asked; leave one out.")
    if flags.fallback is None and models != 2:
        raise UsageError(f"{flag}: name two models, the one that is asked everything first, e.g. --model demo:Q2_K "
                         "demo:F16.")
    if flags.fallback is not None and models != 1:
        raise UsageError(f"{flag}: name one model with --model, which is asked everything, and another one here.")
    if flags.fallback is not None and flags.margin is not None:
        raise UsageError("--margin: it is for --strategy cascade; a fallback is asked where there is no majority.")
    _refuse_beside_a_chain(flags, flag, strategies)
    return Chain(CASCADE if flags.fallback is None else FALLBACK, THRESHOLD if flags.margin is None else flags.margin)


def _refuse_beside_a_chain(flags: argparse.Namespace, flag: str, strategies: Sequence[StrategyChoice]) -> None:
    for name, why in (("base_url", "a server that runs serves one model"), ("until_decided", "it compares two models"),
                      ("script", "a script of your own need not ask the tasks that are passed on")):
        if getattr(flags, name) and (name != "base_url" or serves_one_model(flags)):
            raise UsageError(f"{flag}: leave out --{name.replace('_', '-')}: {why}.")
    if len(strategies) != 1:
        raise UsageError(f"{flag}: name one strategy with one budget; both models draw by it.")
    if registry.make(strategies[0].name, strategies[0].settings).budget() < 2:
        raise UsageError(f"{flag}: a single sample says nothing of how sure a model is; give --strategy sc_fixed and "
                         "--n 2 or more.")


def budget_of(flags: argparse.Namespace, strategies: Sequence[StrategyChoice]) -> Budget | None:
    """What each run may use, if that is limited. Raises UsageError for what does not go with it."""
    budget = Budget(flags.budget_tokens, flags.budget_seconds, flags.budget_joules)
    if budget == Budget():
        return None
    flag = next(f"--budget-{name}" for name in ("tokens", "seconds", "joules") if getattr(budget, name) is not None)
    beside = {
        "--until-decided": (flags.until_decided, "it asks as many tasks as it takes"),
        "--audit": (flags.audit, "second askings are not rationed"),
        "--fallback": (flags.fallback, "what the second model is asked depends on the first"),
        "--strategy cascade": (CASCADE in flags.strategy, "what the second model is asked depends on the first"),
    }
    for name, (given, why) in beside.items():
        if given:
            raise UsageError(f"{flag}: leave out {name}: {why}.")
    if len(strategies) != 1:
        raise UsageError(f"{flag}: name one strategy with one budget of its own (--n or --max-n), which is the most "
                         "that a task may get.")
    if registry.make(strategies[0].name, strategies[0].settings).budget() < 2:
        raise UsageError(f"{flag}: with one sample a task there is nothing to ration; give --strategy adaptive_margin, "
                         "or --limit to ask fewer tasks.")
    if budget.joules is not None and not flags.measure_energy:
        raise UsageError("--budget-joules: add --measure-energy, without which nobody knows when they are spent.")
    return budget


def strategies_of(flags: argparse.Namespace) -> tuple[StrategyChoice, ...]:
    """Every strategy that is meant, each once.

    Raises UsageError: no such strategy, a flag that none of those named takes, a value that makes no sense, or several
    samples of a reply that would be the same every time.
    """
    names, n = _named(flags)
    given = {"n": n, "max_n": flags.max_n, "confidence": flags.confidence, "window": flags.window,
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


def _named(flags: argparse.Namespace) -> tuple[tuple[str, ...], list[int] | None]:
    """The strategies, and ``--n``, with ``--n-candidates`` spelt out."""
    if flags.n_candidates is None:
        return tuple(dict.fromkeys(DRAWN_BY.get(name, name) for name in flags.strategy)), flags.n
    if flags.n is not None or flags.strategy not in (["single"], [CANDIDATES]):
        raise UsageError("--n-candidates: it says how many samples are drawn, and that none is chosen; leave out --n "
                         "and --strategy.")
    return (CANDIDATES,), [flags.n_candidates]


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
    """A greedy reply is the same however often it is asked for. Candidates have their benchmark's temperature."""
    several = next((one for one in strategies if one.budget() > 1 and one.name != CANDIDATES), None)
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
