"""Money: what a command will cost at most, said before it is spent; and how much of ``--max-cost`` is left.

Beforehand, a token of a prompt is four characters, a reply is as long as it may be, and every strategy draws the most
that it may. What comes is counted at its real usage. How much is left goes to the script with each start, where no
request is sent that might cost more (``benchmarks/scripts/limits.py``); the runner counts what has come.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from analysis.prices import Price, cost_usd
from core.errors import UsageError
from core.records import Endpoint, Sample
from runner.observer import Bought
from runner.prices import is_hosted as answers_elsewhere
from runner.prices import prices
from runner.request import Request
from runner.work import Work
from servers.backends.hosted import address, is_hosted, key_of
from system.clock import monotonic_s

_CHARS: Final = 4
_MILLION: Final = 1_000_000
_MINUTE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """The most that one cell takes."""

    label: str
    requests: int
    prompt_tokens: int
    completion_tokens: int
    price: Price | None
    paid: bool
    """Whether somebody wants, or may want, money for it."""

    @property
    def usd(self) -> float | None:
        if self.price is None:
            return None
        return (self.prompt_tokens * self.price.prompt + self.completion_tokens * self.price.completion) / _MILLION

    def sentence(self) -> str:
        """For people."""
        many = f"up to {self.requests:,} requests" if self.requests else "as many requests as your script makes"
        usd = "its price is not in the table (--prices FILE)"
        if self.usd is not None and self.price is not None:
            usd = f"at most {_dollars(self.usd)}, by prices of {self.price.date}"
        return (f"{self.label}: {many}, about {self.prompt_tokens:,} tokens of prompts and at most "
                f"{self.completion_tokens:,} of replies; {usd}")


def _dollars(usd: float) -> str:
    """Never less than it is."""
    return f"${math.ceil(usd * 100) / 100:,.2f}" if usd >= 1 else f"${math.ceil(usd * 10_000) / 10_000:.4f}"


def confirm(request: Request, works: Sequence[Work], ask: Callable[[str], bool]) -> None:
    """Says what the cells of paid models may cost, and asks. What an earlier try answered already is counted anew.

    Raises UsageError where a key is not there, where nobody agrees, and for ``--max-cost`` where a price is not known.
    """
    for work in works:
        if is_hosted(work.cell.model):
            key_of(work.cell.model, request.server)
    every = [_estimate(request, work) for work in works if _is_served(request, work)]
    most_usd = request.spending.most_usd
    unpriced = [each.label for each in every if each.price is None]
    if most_usd is not None and unpriced:
        raise UsageError(f"--max-cost: what {unpriced[0]} costs is not in the table of prices, so nobody knows when it "
                         "is spent; name a table that has it by --prices FILE (docs/hosted.md).")
    found = [each for each in every if each.paid]
    if not found:
        return
    limit = f" No more than ${most_usd:g} will be spent (--max-cost)." if most_usd is not None else ""
    total = sum(each.usd or 0.0 for each in found)
    together = f" Together at most {_dollars(total)}." if len(found) > 1 and not unpriced else ""
    if not ask(f"{'. '.join(each.sentence() for each in found)}.{together}{limit} Ask them?"):
        raise UsageError("not asked: nobody agreed to what it may cost; lower it by --limit or --max-tokens.")


def endpoint_of(request: Request, work: Work) -> Endpoint:
    """Where a cell's model is asked, as far as its price is about."""
    model = work.cell.model
    url = address(model, request.server) if is_hosted(model) else request.server.base_url or ""
    return Endpoint(url, model.name, model.backend or "")


def _is_served(request: Request, work: Work) -> bool:
    return is_hosted(work.cell.model) or request.server.base_url is not None


def _estimate(request: Request, work: Work) -> Estimate:
    model, own = work.cell.model, is_hosted(work.cell.model)
    endpoint = endpoint_of(request, work)
    url = endpoint.base_url
    price = prices(request.prices).of(endpoint)
    draws = work.drawing.budget()
    requests = draws * len(work.tasks) + work.audited
    label = f"{model.backend}:{model.name}" if own else model.name or url
    return Estimate(
        f"{label} on {work.title}", requests, _prompt_tokens(work, draws),
        requests * work.sampling.max_tokens, price, paid=price is not None or (own and answers_elsewhere(endpoint)),
    )


def _prompt_tokens(work: Work, draws: int) -> int:
    """All of a task's fields are taken for its prompt."""
    if work.benchmark is None:
        return 0
    words = sum(map(_size, work.benchmark.prompt(work.prompt_version).sections.values()))
    fields = [sum(map(_size, task.prompt.values())) for task in work.tasks]
    again = work.audited * (words + max(fields, default=0))
    return (draws * (words * len(work.tasks) + sum(fields)) + again) // _CHARS


def _size(value: Any) -> int:
    """In characters of English; of other scripts, one may be a token."""
    text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    return len(text) + (_CHARS - 1) * sum(not char.isascii() for char in text)


class Wallet:
    """What a command may spend, and what its runs have cost so far."""

    def __init__(self, request: Request, clock: Callable[[], float] = monotonic_s) -> None:
        self._spending = request.spending
        self._table = request.prices
        self._spent: dict[str, float] = {}
        self._clock = clock
        self._heard: dict[str, int] = {}
        """How many replies of each run are known."""
        self._next_at: dict[str, float] = {}
        """When an address may be asked again: each start of a script knows nothing of the one before."""

    def count(self, run_id: str, endpoint: Endpoint, bought: Bought) -> None:
        """What a run has cost by now. A request whose usage is not known counts as the most it can have cost."""
        price = prices(self._table).of(endpoint) if self._spending.most_usd is not None else None
        if price is not None:
            self._spent[run_id] = _all(price, bought)
        if len(bought.samples) > self._heard.get(run_id, 0):
            self._heard[run_id] = len(bought.samples)
            self._next_at[endpoint.base_url] = self._clock() + self._pace_s(bought)

    def _pace_s(self, bought: Bought) -> float:
        """Between the last request and one that follows, at the most."""
        asked = self._spending
        most = max((sample.prompt_tokens or 0) + (sample.completion_tokens or 0) for sample in bought.samples)
        return max(_MINUTE_S / asked.requests_per_minute if asked.requests_per_minute else 0.0,
                   most * _MINUTE_S / asked.tokens_per_minute if asked.tokens_per_minute else 0.0)

    @property
    def spent_usd(self) -> float:
        return sum(self._spent.values())

    def rates(self, endpoint: Endpoint) -> Mapping[str, float]:
        """What the script is told: how fast it may ask, what is left, what a token costs."""
        asked = self._spending
        found: dict[str, float | None] = {
            "requests_per_minute": asked.requests_per_minute, "tokens_per_minute": asked.tokens_per_minute,
            "hold_s": max(0.0, self._next_at.get(endpoint.base_url, 0.0) - self._clock()) or None}
        if asked.most_usd is not None and (price := prices(self._table).of(endpoint)) is not None:
            cached = price.prompt if price.cached is None else price.cached
            found |= {"usd_left": max(0.0, asked.most_usd - self.spent_usd), "usd_prompt": price.prompt / _MILLION,
                      "usd_cached": cached / _MILLION, "usd_completion": price.completion / _MILLION}
        return {name: value for name, value in found.items() if value is not None}

    def used_up(self, why: str) -> str:
        """What is said when a request was not sent for its cost."""
        return f"--max-cost ${self._spending.most_usd or 0:g}: ${self.spent_usd:.4f} spent, and {why}"


def _all(price: Price, bought: Bought) -> float:
    replies = sum(_cost(price, sample, bought.max_tokens) for sample in bought.samples)
    broke = sum(prompt * price.prompt + reply * price.completion for prompt, reply in bought.may_have_used)
    longest = max((sample.prompt_tokens or 0 for sample in bought.samples), default=0)
    under_way = bought.broken_off * (longest * price.prompt + bought.max_tokens * price.completion)
    return replies + (broke + under_way) / _MILLION


def _cost(price: Price, sample: Sample, max_tokens: int) -> float:
    if (known := cost_usd(price, sample)) is not None:
        return known
    prompt = sample.prompt_tokens if sample.prompt_tokens is not None else (sample.prompt_chars or 0)
    completion = sample.completion_tokens if sample.completion_tokens is not None else max_tokens
    return 2 * (prompt * price.prompt + completion * price.completion) / _MILLION  # a long prompt's price at most
