#!/usr/bin/env python3
"""The strategies that stop early against the published rules, on streams of votes whose distribution is known.

A stream is a task's answers in the order in which they come; each has the same distribution, of which the first answer
is the right one. Adaptive-Consistency (Aggarwal et al., 2023) looks after every answer and stops when the Beta
posterior of the two leading answers, at a threshold of 0.95, has the first one the likelier. Early-stopping
self-consistency (Li et al., 2024) stops after a window of like answers, and answers what that window says. Both are
written down here from their papers; with --peers DIR Adaptive-Consistency's own package is asked instead (`pip install
--target DIR AdaptiveConsistency`).

``adaptive_margin`` is held against the published rule at the same confidence: at the 0.95 that was published, and at
the default here, which spends less.

Where there are few courses that a stream can take, all are summed up, which leaves no error; else streams are drawn,
and both rules see the same ones. Accuracy is in points, and for the rules of this project the difference to the peer;
samples are a mean, and the share of the peer's. The program ends with 1 when an accuracy is more than 0.1 point below
the peer's or more samples are needed than there. Where the majority is wrong and the peer is right more often than all
samples are, because it stops before that shows, theirs is the accuracy to keep.

example:
  benches/vote_streams.py --streams 50000
"""

from __future__ import annotations

import argparse
import math
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import accumulate, product
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.records import Answer, Sample
from strategies.adaptive_margin import AdaptiveMargin
from strategies.base import Candidate
from strategies.esc import Esc
from strategies.registry import CONFIDENCE
from strategies.replay import replay
from strategies.sc_fixed import ScFixed

DISTRIBUTIONS: Mapping[str, Sequence[float]] = {
    "easy": (0.85, 0.1, 0.05),
    "middling": (0.6, 0.25, 0.15),
    "hard": (0.4, 0.32, 0.28),
    "two-horse, close": (0.55, 0.45),
    "two-horse": (0.65, 0.35),
    "wrong leader": (0.35, 0.5, 0.15),
    "flat": (0.1,) * 10,
    "long-tailed": (0.3, *(0.02,) * 35),
}
"""Probabilities of the answers; the first is the right one."""

PUBLISHED = 0.95
"""Adaptive-Consistency's threshold."""
THRESHOLDS = (PUBLISHED, CONFIDENCE)
WINDOWS = {16: 4, 40: 5}
FEW = 3
"""Answers up to which every course is summed up."""
SHARES = 100
"""Probabilities, evenly between 0 and 1, over which an error rate is averaged."""
ALL_STREAMS = 2**16
"""Streams up to which a rule is asked about each."""
TOLERANCE = 0.1
"""Points."""


class Outcome(NamedTuple):
    """What a rule comes to on one distribution."""

    accuracy: float
    """Points."""
    samples: float


Stop = Callable[[Counter[str], int], bool]
"""Whether to stop, with these votes (in the order in which the answers came up) and so many samples left."""
Rule = Callable[[Sequence[str]], tuple[int, str]]
"""Of a stream: how many of its answers are drawn, and which answer wins."""


@cache
def likelier(first: int, second: int) -> float:
    """The mass of Beta(first + 1, second + 1) above one half: Adaptive-Consistency's criterion, in whole numbers."""
    tosses = first + second + 1
    return sum(math.comb(tosses, heads) for heads in range(first + 1)) / (1 << tosses)


def adaptive_consistency(threshold: float = PUBLISHED) -> Stop:
    """The published rule."""
    def stop(votes: Counter[str], left: int) -> bool:
        counts = [count for _, count in votes.most_common(2)]
        return left == 0 or likelier(counts[0], counts[1] if len(counts) > 1 else 0) >= threshold

    return stop


def packaged(threshold: float) -> Stop:
    """The rule of their package."""
    from adaptive_consistency import AC, BetaStoppingCriteria  # type: ignore[import-not-found]  # noqa: PLC0415

    judge = AC(stop_criteria=BetaStoppingCriteria(threshold))
    known: dict[tuple[int, ...], bool] = {}

    def stop(votes: Counter[str], left: int) -> bool:
        shape = tuple(count for _, count in votes.most_common(2))
        if shape not in known:
            known[shape] = bool(judge.should_stop(list(votes.elements())))
        return left == 0 or known[shape]

    return stop


def early_stopping(window: int) -> Rule:
    """The published rule of early-stopping self-consistency, and the answer that its authors' program gives."""
    def rule(stream: Sequence[str]) -> tuple[int, str]:
        for end in range(window, len(stream) + 1, window):
            if len(set(stream[end - window:end])) == 1:
                return end, stream[end - 1]
        return len(stream), Counter(stream).most_common(1)[0][0]

    return rule


def candidates(answers: Sequence[str]) -> list[Candidate]:
    return [_candidate(at, answer) for at, answer in enumerate(answers)]


@cache
def _candidate(at: int, answer: str) -> Candidate:
    return Candidate(Sample("task", at, answer), Answer(answer), answer)


def stop_of(strategy: AdaptiveMargin) -> Stop:
    """Asks the strategy itself."""
    def stop(votes: Counter[str], left: int) -> bool:
        return strategy.more(candidates(list(votes.elements())), strategy.max_n - left) == 0

    return stop


def rule_of(strategy: AdaptiveMargin | Esc | ScFixed) -> Rule:
    """Asks the strategy itself."""
    def rule(stream: Sequence[str]) -> tuple[int, str]:
        found = replay(strategy, candidates(stream), len(stream))
        return found.drawn, stream[found.chosen or 0]

    return rule


def summed(chances: Sequence[float], stop: Stop, most: int) -> Outcome:
    """Every course summed up. A course is told by the votes in the order in which their answers came up."""
    here: dict[tuple[tuple[str, int], ...], float] = {(): 1.0}
    right = samples = 0.0
    for drawn in range(1, most + 1):
        after: defaultdict[tuple[tuple[str, int], ...], float] = defaultdict(float)
        for course, mass in here.items():
            for answer, chance in enumerate(chances):
                votes = dict(course)
                votes[str(answer)] = votes.get(str(answer), 0) + 1
                after[tuple(votes.items())] += mass * chance
        here = {}
        for course, mass in after.items():
            votes = Counter(dict(course))
            if drawn == most or stop(votes, most - drawn):
                right += mass * (votes.most_common(1)[0][0] == "0")
                samples += mass * drawn
            else:
                here[course] = mass
    return Outcome(100 * right, samples)


def streams(chances: Sequence[float], most: int, count: int, seed: str) -> list[list[str]]:
    source, names = random.Random(seed), [str(answer) for answer in range(len(chances))]
    sums = list(accumulate(chances))
    return [source.choices(names, cum_weights=sums, k=most) for _ in range(count)]


def drawn(rule: Rule, given: Sequence[Sequence[str]]) -> Outcome:
    """The rule on streams that were drawn."""
    ends = [rule(stream) for stream in given]
    return Outcome(100 * sum(answer == "0" for _, answer in ends) / len(ends), sum(n for n, _ in ends) / len(ends))


def one_by_one(stop: Stop) -> Rule:
    """A rule that looks after every answer."""
    def rule(stream: Sequence[str]) -> tuple[int, str]:
        votes: Counter[str] = Counter()
        for count, answer in enumerate(stream, 1):
            votes[answer] += 1
            if stop(votes, len(stream) - count):
                return count, votes.most_common(1)[0][0]
        return len(stream), votes.most_common(1)[0][0]

    return rule


class Row(NamedTuple):
    """A distribution: the published rule, ours, and all samples."""

    peer: Outcome
    ours: Outcome
    whole: Outcome


def against_adaptive_consistency(chances: Sequence[float], most: int, peer: Stop, confidence: float,
                                 given: list[list[str]]) -> Row:
    """``adaptive_margin`` beside the peer."""
    strategy = AdaptiveMargin(most, confidence)
    if len(chances) <= FEW:
        return Row(*(summed(chances, stop, most) for stop in (peer, stop_of(strategy), lambda _, left: left == 0)))
    return Row(drawn(one_by_one(peer), given), drawn(rule_of(strategy), given), drawn(rule_of(ScFixed(most)), given))


def against_early_stopping(chances: Sequence[float], most: int, given: list[list[str]]) -> Row:
    """``esc`` beside the peer."""
    window = WINDOWS[most]
    rules = [early_stopping(window), rule_of(Esc(most, window)), rule_of(ScFixed(most))]
    if len(chances) ** most <= ALL_STREAMS:
        return Row(*(enumerated(rule, chances, most) for rule in rules))
    return Row(*(drawn(rule, given) for rule in rules))


def enumerated(rule: Rule, chances: Sequence[float], most: int) -> Outcome:
    """The rule on every stream there can be."""
    right = samples = 0.0
    for stream in product(*[[str(answer) for answer in range(len(chances))]] * most):
        mass = math.prod(chances[int(answer)] for answer in stream)
        count, answer = rule(stream)
        right += mass * (answer == "0")
        samples += mass * count
    return Outcome(100 * right, samples)


def is_as_accurate(peer: Outcome, ours: Outcome, whole: Outcome) -> bool:
    """Also where the majority is wrong and the peer is right more often only because it stops before it shows."""
    return ours.accuracy >= min(peer.accuracy, whole.accuracy) - TOLERANCE


def falls_short(row: Row) -> bool:
    return not is_as_accurate(row.peer, row.ours, row.whole) or row.ours.samples > row.peer.samples + 1e-9


def table(title: str, rows: Mapping[str, Row]) -> bool:
    """Prints a table; whether any row falls short."""
    print(f"\n{title}\n{'':18}{'peer':>14}{'ours':>20}{'all samples':>14}")
    for name, (peer, ours, whole) in rows.items():
        print(f"{name:18}{peer.accuracy:7.2f}{peer.samples:7.2f}"
              f"{ours.accuracy - peer.accuracy:+11.2f} {ours.samples / peer.samples:7.3f}x"
              f"{whole.accuracy - peer.accuracy:+14.2f}"
              + ("  <- falls short" if falls_short(Row(peer, ours, whole)) else ""))
    return any(map(falls_short, rows.values()))


class Changes(NamedTuple):
    """Streams of two answers, as shares: those that stop early, and those of them that all samples would contradict."""

    early: float
    wrong: float


def changes(share: float, most: int, stop: Stop) -> Changes:
    """Every course of a stream that gives its first answer with that probability, summed up."""
    here, early, wrong = {(0, 0, True): 1.0}, 0.0, 0.0  # votes of the two, and whether the first one came up first
    for count in range(1, most):
        after: defaultdict[tuple[int, int, bool], float] = defaultdict(float)
        for (a, b, a_first), mass in here.items():
            after[a + 1, b, a_first if a + b else True] += mass * share
            after[a, b + 1, a_first if a + b else False] += mass * (1 - share)
        here = {}
        for (a, b, a_first), mass in after.items():
            votes = {"a": a, "b": b} if a_first else {"b": b, "a": a}
            if stop(Counter({key: n for key, n in votes.items() if n}), most - count):
                early += mass
                wrong += mass * _contradicted((a, b), most - count, share, a_first=a_first)
            else:
                here[a, b, a_first] = mass
    return Changes(early, wrong)


def _contradicted(votes: tuple[int, int], left: int, share: float, *, a_first: bool) -> float:
    """The chance that after the samples that are left another answer leads than does now."""
    def leads(a: int, b: int) -> bool:
        return a > b or (a == b and a_first)

    return sum(math.comb(left, k) * share**k * (1 - share) ** (left - k) for k in range(left + 1)
               if leads(votes[0] + k, votes[1] + left - k) != leads(*votes))


def print_changes(most: int) -> bool:
    """The stated error rate of ``adaptive_margin`` beside what it is; whether it is ever more than stated."""
    print(f"\nadaptive_margin --max-n {most}: stopped early on what all samples would contradict, two answers, percent")
    print(f"{'confidence':>12}{'stated':>9}{'over all shares':>18}{'worst share':>22}{'stopped early':>16}")
    broken = False
    for confidence in (0.8, 0.9, 0.95, 0.99):
        stop = stop_of(AdaptiveMargin(most, confidence))
        over_all = [changes((at + 0.5) / SHARES, most, stop) for at in range(SHARES)]
        early, wrong = (sum(column) / SHARES for column in zip(*over_all, strict=True))
        worst = max(range(SHARES // 2, SHARES), key=lambda at, given=over_all: given[at].wrong)  # type: ignore[misc]
        broken |= wrong > (1 - confidence) * early
        print(f"{confidence:12.2f}{100 * (1 - confidence):8.1f}%{100 * wrong / early:17.2f}%"
              f"{100 * over_all[worst].wrong:13.2f}% at {(worst + 0.5) / SHARES:.2f}{100 * early:15.1f}%")
    return broken


def main(arguments: Sequence[str] | None = None) -> int:
    flags = parse(arguments)
    if flags.peers:
        sys.path.insert(0, flags.peers)
    peer_at = packaged if flags.peers else adaptive_consistency
    asked = {name: DISTRIBUTIONS[name] for name in flags.only}
    short = False
    for most in flags.max_n:
        given = {name: streams(chances, most, flags.streams, f"{name} {most}")
                 for name, chances in asked.items()}
        for confidence in THRESHOLDS:
            peer = peer_at(confidence)
            rows = {name: against_adaptive_consistency(chances, most, peer, confidence, given[name])
                    for name, chances in asked.items()}
            short |= table(f"adaptive_margin --max-n {most} against Adaptive-Consistency, both at {confidence}", rows)
        rows = {name: against_early_stopping(chances, most, given[name]) for name, chances in asked.items()}
        short |= print_changes(most)
        short |= table(f"esc --max-n {most} --window {WINDOWS[most]} against early-stopping self-consistency", rows)
    return int(short)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=50000, metavar="N", help="of each distribution (default: 50000)")
    parser.add_argument("--max-n", type=int, nargs="+", choices=sorted(WINDOWS), default=sorted(WINDOWS), metavar="N",
                        help="the most samples: 16, 40 (default: both)")
    parser.add_argument("--only", nargs="+", choices=DISTRIBUTIONS, default=list(DISTRIBUTIONS), metavar="NAME",
                        help=f"of the distributions: {', '.join(DISTRIBUTIONS)} (default: all)")
    parser.add_argument("--peers", metavar="DIR", help="where Adaptive-Consistency's package lies")
    flags = parser.parse_args(arguments)
    if flags.streams < 1:
        parser.error("--streams: at least 1")
    return flags


if __name__ == "__main__":
    sys.exit(main())
