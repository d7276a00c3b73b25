"""The strategies there are, and the flags that each takes."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from core.errors import UsageError
from core.strategy import StrategySettings
from strategies import selectors
from strategies.adaptive_margin import AdaptiveMargin
from strategies.base import Strategy
from strategies.best_of_n import BestOfN
from strategies.candidates import Candidates
from strategies.esc import Esc
from strategies.sc_fixed import ScFixed
from strategies.selectors import AGREEMENT
from strategies.single import Single
from strategies.weighted_vote import WeightedVote

FLAGS: Mapping[str, str] = {
    "n": "--n", "max_n": "--max-n", "confidence": "--confidence", "window": "--window", "selectors": "--selector",
    "batch": "--batch",
}
"""The flag of every field of ``StrategySettings``."""

CONFIDENCE = 0.9
"""The least round one at which three samples alike are enough, which most of the saving comes from."""
MOST = 1024
"""The most samples a task: beyond it a mistyped number is likelier than a wish."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A strategy as it is made."""

    make: Callable[[StrategySettings], Strategy]
    """Reads the settings that ``usual`` holds; what was not given is what it is there."""
    usual: StrategySettings
    """The settings that the strategy takes, with what holds when their flags are not given."""

    @property
    def takes(self) -> frozenset[str]:
        return frozenset(_given(self.usual))


STRATEGIES: Mapping[str, Entry] = {
    "single": Entry(lambda _: Single(), StrategySettings()),
    "best_of_n": Entry(
        lambda given: BestOfN(_int(given.n), given.selectors),
        StrategySettings(n=8, selectors=(AGREEMENT,)),
    ),
    "sc_fixed": Entry(lambda given: ScFixed(_int(given.n)), StrategySettings(n=8)),
    "weighted_vote": Entry(lambda given: WeightedVote(_int(given.n)), StrategySettings(n=8)),
    "adaptive_margin": Entry(
        lambda given: AdaptiveMargin(_int(given.max_n), given.confidence or CONFIDENCE, _int(given.batch)),
        StrategySettings(max_n=16, confidence=CONFIDENCE, batch=1),
    ),
    "candidates": Entry(lambda given: Candidates(_int(given.n)), StrategySettings(n=5)),
    "esc": Entry(lambda given: Esc(_int(given.max_n), _int(given.window)), StrategySettings(max_n=16, window=4)),
}


def takes(name: str) -> frozenset[str]:
    """The fields of ``StrategySettings`` that mean something to the strategy of that name; UsageError for none."""
    return _entry(name).takes


def make(name: str, given: StrategySettings | None = None) -> Strategy:
    """The strategy of that name with these settings.

    UsageError, which names the flag: no such strategy, a setting that this strategy does not take (it would change
    nothing and be recorded as if it did), or one that makes no sense.
    """
    entry, asked = _entry(name), _given(given or StrategySettings())
    for field in asked:
        if field not in entry.takes:
            whose = [other for other, one in STRATEGIES.items() if field in one.takes]
            raise UsageError(f"{FLAGS[field]}: the strategy {name} does not take it; {' and '.join(whose)} "
                             f"{'do' if len(whose) > 1 else 'does'}.")
    settled = replace(entry.usual, **asked)
    _check(settled)
    return entry.make(settled)


def _entry(name: str) -> Entry:
    if name in STRATEGIES:
        return STRATEGIES[name]
    near = difflib.get_close_matches(name, STRATEGIES, n=3, cutoff=0.4) or sorted(STRATEGIES)
    raise UsageError(f"--strategy: there is no strategy '{name}'; there is: {', '.join(near)}.")


def _given(settings: StrategySettings) -> dict[str, Any]:
    values = {field.name: getattr(settings, field.name) for field in fields(settings)}
    return {name: value for name, value in values.items() if value not in {None, ()}}


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
