"""How fast a provider may be asked, and how much it may cost: when the next request may go. Pure; times are given.

Four things hold a request back. A *pace* that the user gives: requests, and tokens, a minute. A request takes its place
when it is sent, with the most tokens that it may use, and gives back what it did not; so no minute ever holds more
than the limit. What the provider *tells*: with each reply how many requests and tokens are left until when, and with a
refusal how long to stay away, which goes for all of us. A refusal also *teaches*: so many requests were let in in the
time until the next one is; from then on they go at that pace, which each reply quickens a little, and at first one by
one, each reply letting one more be under way. And *money*: a request goes only if what was spent, the most that those
under way may cost, and the most that it may cost itself stay within what is left.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

NEVER = math.inf
_MINUTE_S = 60.0
_LESS, _MORE = 1.02, 0.03
"""What is learnt is taken 2 % slower, and quickened by 3 % in as many replies as taught it: so a limit that was raised
is found again, and of a hundred requests three are refused.
"""
_TELLING = 3
"""So many requests that were let in say something; of fewer, the count goes on."""


@dataclass(frozen=True, slots=True)
class Rates:
    """What the user allows. None is no limit."""

    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    hold_s: float = 0.0
    """Until the first request, where another session has asked just now."""
    usd_left: float | None = None
    usd_prompt: float = 0.0
    """For a token of a prompt, of one that came from the provider's cache, and of a reply."""
    usd_cached: float = 0.0
    usd_completion: float = 0.0

    def usd(self, prompt: int, cached: int, completion: int) -> float:
        """What so many tokens cost; ``cached`` of the prompt's."""
        return (prompt - cached) * self.usd_prompt + cached * self.usd_cached + completion * self.usd_completion


@dataclass(frozen=True, slots=True)
class Need:
    """The most that one request may use."""

    tokens: float
    usd: float = 0.0
    prompt: int = 0
    """Tokens, of the prompt and of the reply, at the most: what ``usd`` is for."""
    completion: int = 0


@dataclass(slots=True)
class _Told:
    """What a provider says is left of something, until a time."""

    left: float
    until: float


@dataclass(slots=True)
class Passage:
    """A request under way."""

    need: Need
    sent_at: float


@dataclass(slots=True)
class Limits:
    """One provider's, for all that ask it. Not for several threads at once."""

    rates: Rates
    slots: int
    """Most requests under way."""
    _under_way: list[Passage] = field(default_factory=list)
    _held_until: float = -math.inf
    _next_request: float = -math.inf
    _next_tokens: float = -math.inf
    _told: dict[str, _Told] = field(default_factory=dict)
    _window: float = math.inf
    _refused_at: float = -math.inf
    refusals: int = 0
    """One after the other, without a reply between them; those of requests that were sent before the first is none."""
    usd_spent: float = 0.0
    _learnt_s: float = 0.0
    _learnt_of: int = 0
    """Between two requests; and how many taught it."""
    _since: float | None = None
    _let_in: int = 0
    """Requests that were served, and since when they are counted."""

    def ready_at(self, now: float, need: Need) -> float:
        """When such a request may go, as far as is known now; NEVER: something has to come back first, or not at all
        (``spent``).
        """
        if len(self._under_way) >= min(self.slots, self._window) or not self._affords(need):
            return NEVER
        return max(
            self._held_until, self._next_request, self._next_tokens,
            self._until(now, "requests", 1), self._until(now, "tokens", need.tokens),
        )

    def spent(self, need: Need) -> bool:
        """Whether there is no money for it, and nothing under way that may give some back."""
        return not self._under_way and not self._affords(need)

    def _affords(self, need: Need) -> bool:
        if self.rates.usd_left is None:
            return True
        return self.usd_spent + sum(each.need.usd for each in self._under_way) + need.usd <= self.rates.usd_left

    def _until(self, now: float, what: str, wanted: float) -> float:
        told = self._told.get(what)
        if told is None or told.until <= now:
            self._told.pop(what, None)
            return -math.inf
        return told.until if told.left < wanted else -math.inf

    def send(self, now: float, need: Need) -> Passage:
        """It goes."""
        rates, passage = self.rates, Passage(need, now)
        self._under_way.append(passage)
        self._since = now if self._since is None else self._since
        pace_s = _MINUTE_S / rates.requests_per_minute if rates.requests_per_minute else 0.0
        self._next_request = max(now, self._next_request) + max(pace_s, self._learnt_s)
        if rates.tokens_per_minute:
            self._next_tokens = max(now, self._next_tokens) + need.tokens * _MINUTE_S / rates.tokens_per_minute
        for what, taken in (("requests", 1.0), ("tokens", need.tokens)):
            if what in self._told:
                self._told[what].left -= taken
        return passage

    def end(self, passage: Passage, tokens: float, usd: float) -> None:
        """It came back, having used so much."""
        self._under_way.remove(passage)
        self.usd_spent += usd
        if self.rates.tokens_per_minute:
            self._next_tokens -= (passage.need.tokens - tokens) * _MINUTE_S / self.rates.tokens_per_minute

    def tell(self, now: float, told: Mapping[str, tuple[float, float]]) -> None:
        """What a reply says is left: ``requests`` and ``tokens``, each with the seconds until all of it is there again.

        Whether it counted those under way nobody knows, so they are taken off. One request may be let in long before
        all of them are, so none waits for longer than a minute: too early, it is told when to come back.
        """
        taken = {"requests": float(len(self._under_way)), "tokens": sum(each.need.tokens for each in self._under_way)}
        for what, (left, reset_s) in told.items():
            self._told[what] = _Told(left - taken[what], now + min(reset_s, _MINUTE_S))

    def replied(self) -> None:
        """A request was served."""
        self.refusals = 0
        self._window += 1
        self._let_in += 1
        if self._learnt_of:
            self._learnt_s *= 1 - _MORE / self._learnt_of

    def refuse(self, now: float, passage: Passage) -> bool:
        """A request was turned away for being one too many; False: it was sent before an earlier one was."""
        if passage.sent_at < self._refused_at:
            return False
        self._refused_at, self._window = now, 1
        self.refusals += 1
        return True

    def hold(self, until: float) -> None:
        """Nothing goes before."""
        self._held_until = max(self._held_until, until)

    def learn(self, until: float) -> None:
        """It was a limit that refused, and more is let in from ``until`` on."""
        if self._let_in >= _TELLING and self._since is not None:
            self._learnt_s, self._learnt_of = _LESS * (until - self._since) / self._let_in, self._let_in
            self._since, self._let_in = None, 0
