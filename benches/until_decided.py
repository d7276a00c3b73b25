#!/usr/bin/env python3
"""How often the early decision is wrong, and how many tasks it needs, on benchmarks of which everything is known.

Each row is a benchmark of which it is laid down how many tasks the first model alone passes, and the second. Its tasks
are drawn without replacement in a random order, and after each batch ``analysis.anytime`` is asked, until it says a
word or the tasks run out. A word is wrong when it is better or worse and the true difference is zero or of the
other sign, or equivalent and the true difference is the margin or more. Printed are how often each word was said, the
wrong ones with Wilson's 95 % interval, and the mean share of the tasks that were drawn. With --exact nothing is drawn:
the chances of all courses that the drawing can take are summed up instead, which leaves no error.

A difference in points is the nearest whole number of tasks; flips are the nearest number that allows it. The row
marked with > is the smallest difference that is at the margin or beyond. The program ends with 1 when more are wrong
than alpha allows or a row needs more tasks than its limit.

example:
  benches/until_decided.py --draws 10000
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from analysis.anytime import Word, decide, margin_tasks
from analysis.urns import Drawn
from analysis.wilson import wilson

Rule = Callable[[Drawn], Word]

DIFFERENCES = (0, 1, 2, 5, 10)
"""Points."""
FLIPS = (5, 10, 15, 20)
"""Percent of the tasks."""
LIMITS = {(10, 10): 42, (10, 15): 50, (10, 20): 55, (0, 5): 45, (0, 10): 55, (0, 15): 62}
"""The mean share of tasks, in percent, that may be needed at a difference and flips, with the usual flags."""


@dataclass(frozen=True)
class Truth:
    """A benchmark of which everything is known."""

    total: int
    only_first: int
    only_second: int

    @property
    def difference(self) -> int:
        return self.only_second - self.only_first


@dataclass(frozen=True)
class Courses:
    """How the drawings from one benchmark ended: shares of 1."""

    words: dict[Word, float]
    mean_seen: float
    """Share of the tasks."""

    def wrong(self, difference: int, margin: int) -> float:
        return sum(share for word, share in self.words.items() if is_wrong(word, difference, margin))


def is_wrong(word: Word, difference: int, margin: int) -> bool:
    """Whether the word is false of a benchmark with that difference, in tasks."""
    return ((word == "better" and difference <= 0) or (word == "worse" and difference >= 0)
            or (word == "equivalent" and abs(difference) >= margin))


def remembered(rule: Rule) -> Rule:
    """The rule, asked once for each state: drawings pass through the same few thousand again and again."""
    known: dict[tuple[int, int, int], Word] = {}

    def ask(drawn: Drawn) -> Word:
        state = drawn.seen, drawn.only_first, drawn.only_second
        if state not in known:
            known[state] = rule(drawn)
        return known[state]

    return ask


def drawn_at_random(truth: Truth, rule: Rule, draws: int, batch: int, source: random.Random) -> Courses:
    """The courses of so many drawings."""
    words: Counter[Word] = Counter()
    seen = 0
    flips = [1] * truth.only_second + [-1] * truth.only_first
    for _ in range(draws):
        at = dict(zip(source.sample(range(truth.total), len(flips)), flips, strict=True))
        only = {-1: 0, 0: 0, 1: 0}
        for task in range(truth.total):
            only[at.get(task, 0)] += 1
            if (task + 1) % batch and task + 1 < truth.total:
                continue
            word = rule(Drawn(truth.total, task + 1, only[-1], only[1]))
            if word != "undecided" or task + 1 == truth.total:
                words[word] += 1
                seen += task + 1
                break
    return Courses({word: count / draws for word, count in words.items()}, seen / draws / truth.total)


def summed(truth: Truth, rule: Rule, batch: int) -> Courses:
    """The courses of all drawings, each with its chance."""
    words: defaultdict[Word, float] = defaultdict(float)
    mean = 0.0
    states = {(0, 0): 1.0}
    for seen in range(1, truth.total + 1):
        grown: defaultdict[tuple[int, int], float] = defaultdict(float)
        left = truth.total - seen + 1
        for (first, second), chance in states.items():
            to_first, to_second = truth.only_first - first, truth.only_second - second
            for key, ways in (((first + 1, second), to_first), ((first, second + 1), to_second),
                              ((first, second), left - to_first - to_second)):
                if ways:
                    grown[key] += chance * ways / left
        states = dict(grown)
        if seen % batch and seen < truth.total:
            continue
        for (first, second), chance in grown.items():
            word = rule(Drawn(truth.total, seen, first, second))
            if word != "undecided" or seen == truth.total:
                words[word] += chance
                mean += chance * seen
                del states[first, second]
    return Courses(dict(words), mean / truth.total)


def truths(total: int, margin_points: float) -> Iterator[tuple[str, int, int, Truth]]:
    """The rows: a mark, the difference in points, the flips in percent, and the benchmark that comes nearest."""
    at_margin = margin_tasks(total, margin_points)
    for mark, points, tasks in ([(" ", points, round(total * points / 100)) for points in DIFFERENCES]
                                + [(">", round(100 * at_margin / total), at_margin)]):
        for percent in FLIPS:
            # The difference and the flips are odd or even together.
            spare = max(0, round((total * percent / 100 - tasks) / 2))
            if tasks - total * percent / 100 <= total / 100 and 2 * spare + tasks <= total:
                yield mark, points, percent, Truth(total, spare, spare + tasks)


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"at least 1, and not {number}")
    return number


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    summary, rest = str(__doc__).split("\n\n", 1)
    parser = argparse.ArgumentParser(description=summary, epilog=rest,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=positive, default=164, help="in the benchmark (%(default)s)")
    parser.add_argument("--draws", type=positive, default=10_000, help="from each benchmark (%(default)s)")
    parser.add_argument("--margin", type=float, default=10.0, help="of equivalence, in points (%(default)s)")
    parser.add_argument("--alpha", type=float, default=0.05, help="chance of a wrong word (%(default)s)")
    parser.add_argument("--batch", type=positive, default=1, help="tasks between two looks (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the drawings (%(default)s)")
    parser.add_argument("--exact", action="store_true", help="sum up every course instead of drawing")
    args = parser.parse_args(argv)
    try:
        margin_tasks(args.tasks, args.margin)
        decide(Drawn(args.tasks, 0, 0, 0), args.margin, args.alpha)
    except ValueError as error:
        parser.error(str(error))
    return args


def row(truth: Truth, courses: Courses, margin: int, draws: int | None) -> tuple[str, float]:
    """The figures of one benchmark, and the share of wrong words, of drawings the low end of its interval."""
    wrong = courses.wrong(truth.difference, margin)
    interval = wilson(round(wrong * draws), draws) if draws else None
    said = "".join(f"{100 * courses.words.get(word, 0):8.2f}" for word in get_args(Word))
    around = f"[{interval[0]:.2f}, {interval[1]:.2f}]" if interval else ""
    text = (f"{truth.only_first:4d}/{truth.only_second:<4d}{said}{100 * wrong:8.3f} {around:13s}"
            f"{100 * courses.mean_seen:6.1f}")
    return text, (interval[0] / 100 if interval else wrong)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse(argv)
    rule = remembered(lambda drawn: decide(drawn, args.margin, args.alpha).word)
    margin = margin_tasks(args.tasks, args.margin)
    usual = (args.tasks, args.margin, args.alpha, args.batch) == (164, 10.0, 0.05, 1)
    how = "all courses summed" if args.exact else f"{args.draws} draws, seed {args.seed}"
    print(f"{args.tasks} tasks, margin {args.margin:g} points ({margin} tasks), alpha {args.alpha:g}, "
          f"{args.batch} a batch, {how}")
    print("  points flips  1st/2nd   better   worse  equiv.  undec.   wrong % of draws    tasks %")
    failed = False
    for number, (mark, points, percent, truth) in enumerate(truths(args.tasks, args.margin)):
        if args.exact:
            courses = summed(truth, rule, args.batch)
        else:
            courses = drawn_at_random(truth, rule, args.draws, args.batch, random.Random(f"{args.seed} {number}"))
        text, surely_wrong = row(truth, courses, margin, None if args.exact else args.draws)
        limit = LIMITS.get((points, percent)) if usual and mark == " " else None
        missed = surely_wrong > args.alpha or (limit is not None and 100 * courses.mean_seen > limit)
        failed |= missed
        print(f"{mark}{points:7d} {percent:3d} % {text}" + (f" of at most {limit}" if limit else "")
              + (" MISSED" if missed else ""), flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
