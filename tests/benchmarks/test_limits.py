"""How fast a provider is asked and what it may cost, on a clock of the test's own."""

from __future__ import annotations

import heapq
import threading
from dataclasses import dataclass, field

import pytest

from benchmarks.scripts.gate import Gate
from benchmarks.scripts.limits import NEVER, Limits, Need, Passage, Rates

NEED = Need(tokens=100)


@dataclass
class Provider:
    """Lets ``most`` requests in in any ``window_s`` and says how long to stay away; answers after ``takes_s``."""

    limits: Limits
    most: int = 10**9
    window_s: float = 60.0
    takes_s: float = 0.5
    tokens: float = 100
    tells: bool = False
    sent: list[float] = field(default_factory=list)
    let_in: list[float] = field(default_factory=list)
    refused: int = 0

    def serve(self, requests: int) -> None:
        """All of them, in no time but the provider's."""
        now, left = 0.0, requests
        coming: list[tuple[float, int, Passage, float | None]] = []
        while left or coming:
            ready_at = self.limits.ready_at(now, NEED) if left else NEVER
            if ready_at <= now:
                passage = self.limits.send(now, NEED)
                self.sent.append(now)
                left -= 1
                heapq.heappush(coming, (*self._answer(now), passage, self._wait(now)))
                continue
            if coming and coming[0][0] <= ready_at:
                now, _, passage, wait_s = heapq.heappop(coming)
                left += self._take(now, passage, wait_s)
                continue
            now = ready_at

    def _recent(self, now: float) -> list[float]:
        return [at for at in self.let_in if at > now - self.window_s]

    def _answer(self, now: float) -> tuple[float, int]:
        full = len(self._recent(now)) >= self.most
        return now + (0.01 if full else self.takes_s), len(self.sent)

    def _wait(self, now: float) -> float | None:
        recent = self._recent(now)
        if len(recent) >= self.most:
            return recent[0] + self.window_s - now
        self.let_in.append(now)
        return None

    def _take(self, now: float, passage: Passage, wait_s: float | None) -> int:
        limits = self.limits
        limits.end(passage, self.tokens, 0.0)
        if self.tells:
            recent = self._recent(now)
            reset_s = recent[0] + self.window_s - now if recent else 0.0
            limits.tell(now, {"requests": (self.most - len(recent), reset_s)})
        if wait_s is None:
            limits.replied()
            return 0
        self.refused += 1
        if limits.refuse(now, passage):
            limits.hold(now + wait_s)
            limits.learn(now + wait_s)
        return 1

    def most_in(self, seconds: float, after: float = 0.0) -> int:
        """Requests sent in any so many seconds."""
        late = [at for at in self.sent if at >= after]
        return max(sum(at <= other < at + seconds for other in late) for at in late)


@pytest.mark.parametrize("per_minute", [10, 60, 500])
@pytest.mark.parametrize("slots", [1, 8, 64])
def test_no_minute_holds_more_requests_than_the_user_allows_and_hardly_fewer(per_minute: int, slots: int) -> None:
    provider = Provider(Limits(Rates(requests_per_minute=per_minute), slots), takes_s=0.1)
    provider.serve(4 * per_minute)
    assert provider.most_in(59.999) <= per_minute
    served_per_minute = len(provider.sent) / (provider.sent[-1] / 60)
    assert served_per_minute >= 0.95 * per_minute


def test_no_minute_holds_more_tokens_than_the_user_allows() -> None:
    """A request takes the place of the most that it may use, and gives back what it did not."""
    provider = Provider(Limits(Rates(tokens_per_minute=6000), 8), tokens=60)
    provider.serve(400)
    assert 0.9 * 100 <= provider.most_in(60) <= 1.05 * 100
    assert provider.refused == 0


@pytest.mark.parametrize(("most", "window_s"), [(20, 2.0), (60, 60.0), (200, 60.0)])
def test_a_limit_that_a_refusal_tells_is_kept_to_5_percent_from_then_on(most: int, window_s: float) -> None:
    provider = Provider(Limits(Rates(), 8), most=most, window_s=window_s, takes_s=0.2)
    provider.serve(20 * most)
    assert len(provider.let_in) == 20 * most, "no request is lost"
    assert provider.refused <= 0.05 * 20 * most
    assert provider.most_in(window_s, after=window_s) <= 1.05 * most
    assert len(provider.let_in) / (provider.let_in[-1] / window_s) >= 0.85 * most


def test_a_limit_that_every_reply_tells_is_never_passed() -> None:
    provider = Provider(Limits(Rates(), 8), most=30, window_s=60.0, tells=True)
    provider.serve(300)
    assert provider.refused == 0
    assert provider.most_in(60) <= 30


def test_a_refusal_holds_all_and_then_lets_one_go_first() -> None:
    limits = Limits(Rates(), 8)
    passages = [limits.send(0.0, NEED) for _ in range(8)]
    for number, passage in enumerate(passages):
        limits.end(passage, 0, 0)
        assert limits.refuse(0.1, passage) is (number == 0), "those that were under way with the first say nothing new"
        limits.hold(5.0)
    assert limits.refusals == 1
    assert limits.ready_at(1.0, NEED) == 5.0
    first = limits.send(5.0, NEED)
    assert limits.ready_at(5.0, NEED) == NEVER
    limits.end(first, 100, 0)
    limits.replied()
    limits.send(5.5, NEED)
    limits.send(5.5, NEED)
    assert limits.ready_at(5.5, NEED) == NEVER, "each reply lets one more be under way"


def test_no_request_goes_that_could_cost_more_than_is_left() -> None:
    rates = Rates(usd_left=1.0, usd_prompt=0.001, usd_cached=0.0005, usd_completion=0.002)
    assert rates.usd(100, 40, 10) == pytest.approx(0.06 + 0.02 + 0.02)
    limits, need = Limits(rates, 8), Need(100, 0.4)
    first, second = limits.send(0, need), limits.send(0, need)
    assert limits.ready_at(0, need) == NEVER, "0.8 is promised"
    assert not limits.spent(need), "some of it may come back"
    limits.end(first, 100, 0.1)
    assert limits.ready_at(0, need) <= 0
    limits.end(second, 100, 0.4)
    limits.end(limits.send(0, need), 100, 0.2)
    assert limits.usd_spent == pytest.approx(0.7)
    assert limits.spent(need)
    assert not limits.spent(Need(100, 0.3))


def test_a_session_that_follows_another_holds_back_at_first() -> None:
    now = [5.0]
    gate = Gate(Rates(hold_s=0.3), 1, lambda: now[0])
    asked = threading.Thread(target=gate.enter, args=(NEED,), daemon=True)
    asked.start()
    asked.join(0.4)
    assert asked.is_alive(), "it waits for its clock"
    now[0] = 5.3
    asked.join(10)
    assert not asked.is_alive()


def test_nobody_waits_until_all_of_a_days_requests_are_there_again() -> None:
    limits = Limits(Rates(), 8)
    limits.tell(0.0, {"requests": (0, 7200.0)})
    assert limits.ready_at(1.0, NEED) == 60.0
