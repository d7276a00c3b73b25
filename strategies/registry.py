"""The strategies there are, and the flags that each takes."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace

from core.errors import UsageError
from core.strategy import StrategySettings
from strategies import selectors
from strategies.base import Strategy
from strategies.sc_fixed import ScFixed
from strategies.single import Single

FLAGS: Mapping[str, str] = {
    "n": "--n", "max_n": "--max-n", "confidence": "--confidence", "window": "--window", "selectors": "--selector",
    "batch": "--batch",
}
"""The flag of every field of ``StrategySettings``."""

MOST = 1024
"""The most samples a task: beyond it a mistyped number is likelier than a wish."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A strategy as it is made."""

    make: Callable[[StrategySettings], Strategy]
    """Reads the settings that ``takes`` names; what was not given has its default by then."""
    defaults: Mapping[str, object]
    """Every setting it takes, with what holds when its flag is not given."""


STRATEGIES: Mapping[str, Entry] = {
    "single": Entry(lambda _: Single(), {}),
    "sc_fixed": Entry(lambda given: ScFixed(_int(given.n)), {"n": 8}),
}


def takes(name: str) -> frozenset[str]:
    """The fields of ``StrategySettings`` that mean something to the strategy of that name; UsageError for none."""
    return frozenset(_entry(name).defaults)


def make(name: str, given: StrategySettings | None = None) -> Strategy:
    """The strategy of that name with these settings.

    UsageError, which names the flag: no such strategy, a setting that this strategy does not take (it would change
    nothing and be recorded as if it did), or one that makes no sense.
    """
    entry, given = _entry(name), given or StrategySettings()
    asked = [field.name for field in fields(given) if getattr(given, field.name) not in {None, ()}]
    for field in asked:
        if field not in entry.defaults:
            whose = [other for other, one in STRATEGIES.items() if field in one.defaults]
            raise UsageError(f"{FLAGS[field]}: the strategy {name} does not take it; "
                             f"{'it is' if len(whose) == 1 else 'they are'} for {' and '.join(whose)}.")
    missing = {field: value for field, value in entry.defaults.items() if field not in asked}
    settled = replace(given, **missing)  # type: ignore[arg-type]
    _check(settled)
    return entry.make(settled)


def get(name: str) -> Strategy:
    """The strategy of that name with its defaults; UsageError lists the near ones."""
    return make(name)


def _entry(name: str) -> Entry:
    if name in STRATEGIES:
        return STRATEGIES[name]
    near = difflib.get_close_matches(name, STRATEGIES, n=3, cutoff=0.4) or sorted(STRATEGIES)
    raise UsageError(f"--strategy: there is no strategy '{name}'; there is: {', '.join(near)}.")


def _check(given: StrategySettings) -> None:
    for field in ("n", "max_n", "window", "batch"):
        value, least = getattr(given, field), 2 if field == "window" else 1
        if value is not None and not least <= value <= MOST:
            raise UsageError(f"{FLAGS[field]} {value}: must be from {least} to {MOST}.")
    if given.confidence is not None and not (math.isfinite(given.confidence) and 0.5 < given.confidence < 1):
        raise UsageError(f"--confidence {given.confidence}: must be above 0.5 and below 1, e.g. 0.95.")
    if given.window is not None and given.max_n is not None and given.window > given.max_n:
        raise UsageError(f"--window {given.window}: --max-n {given.max_n} leaves fewer answers than that.")
    if given.batch is not None and given.max_n is not None and given.batch > given.max_n:
        raise UsageError(f"--batch {given.batch}: --max-n {given.max_n} allows fewer samples than that.")
    selectors.check(given.selectors)


def _int(value: int | None) -> int:
    if value is None:
        raise TypeError("a setting without a default was not given")
    return value
