"""Deciding early which of two runs is better: a paired test that may be asked at any time, as often as one likes.

How it works. A benchmark has N tasks, drawn without replacement in a random order, so what is unknown is two whole
numbers: how many of the N the first run alone passes, and how many the second. Against every such pair of numbers a
bet is kept, which starts with a stake of 1: its worth is the probability of the tasks drawn so far under a law fixed
beforehand, divided by their probability if the pair were true. For the true pair that worth is a martingale, because
the law's probabilities of what can come next add up to at most 1; so, by Ville's inequality, the chance that it ever
reaches 1/alpha is at most alpha, whenever and however often one looks and whatever makes one stop. What is open are
the pairs whose bets have not reached it, and the interval spans their differences: with a chance of at least 1 - alpha
it holds the true difference on the N tasks at every look. The words follow from it:

==============  ====================================================================
better, worse   every open difference is above (below) 0
equivalent      every open difference is nearer to 0 than the margin
undecided       none of these yet, or none when the tasks ran out
==============  ====================================================================

A word is false only when the interval has lost the true difference, so with a chance of at most alpha for all words
together. This is the prior-posterior ratio of Waudby-Smith and Ramdas (2020), Confidence sequences for sampling without
replacement, NeurIPS 33, with two changes that keep the argument and sharpen the bets. Their one prior becomes a law for
each pair: pairs within the margin are bet against as if one run were better, pairs beyond it as if the two were alike
(``NEAR`` and ``FAR`` in ``analysis.urns``). And the law staked on most takes the number of flips from the pair itself
and bets only on how they split, so that not knowing how often the two disagree costs nothing. All laws are Polya urns
and have closed forms: a look takes less than a millisecond at hundreds of tasks, tens of them at ten thousand.

One thing is added. When nearly all tasks are drawn the interval knows that a run is ahead by a single task, which is
true of these N tasks and says little of any others. So a word is given only when the ordinary test of the tasks drawn
says the same, as ``compare`` would: better and worse want an exact McNemar p below alpha, equivalent wants Tango's
interval within the margin. A further condition can only make false words rarer. When all tasks are drawn the interval
is a point, and the words are those of the ordinary tests.

How a run asks. The order of the tasks is random and fixed before the first one. The two models take turns, a batch of
tasks each, the second starting the next batch before the first is loaded again, so that one swap serves a batch. A look
may follow every task that both have done, also in the middle of a batch. What counts as drawn is the longest beginning
of the order that both have done: with several slots quick tasks come back first, and they are not a random sample. A
task that cannot be scored for one of the two stays among the N and counts as seen without a flip, since leaving it out
would change the N under the bets. Nothing is remembered between looks but the counts, so a run that is taken up goes on
as if it had never stopped.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from analysis.mcnemar import exact_p
from analysis.tango import tango
from analysis.urns import Drawn, left_open

Word = Literal["better", "worse", "equivalent", "undecided"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What can be said of the second run against the first, on all tasks of the benchmark."""

    word: Word
    low_points: float
    """The interval of the difference on all tasks: with a chance of 1 - alpha it holds the true one at every look."""
    high_points: float
    seen_points: float
    """The difference on the tasks drawn."""
    p_value: float
    """Exact McNemar on the tasks drawn, two-sided. It knows nothing of the looks before; the interval does."""
    drawn: Drawn


def decide(drawn: Drawn, margin_points: float | None = None, alpha: float = 0.05) -> Decision:
    """The word after the tasks drawn, and the interval. Without a margin nothing is called equivalent.

    Where better and equivalent are reached at the same look, better is said; the interval then shows that it is by less
    than the margin. Raises ValueError for a margin or an alpha out of range.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"an alpha lies between 0 and 1, and {alpha} does not")
    margin = None if margin_points is None else margin_tasks(drawn.total, margin_points)
    low, high = left_open(drawn, margin, alpha)
    p_value = exact_p(drawn.only_first, drawn.only_second)
    word: Word = "undecided"
    if low > 0 and p_value < alpha:
        word = "better"
    elif high < 0 and p_value < alpha:
        word = "worse"
    elif margin_points is not None and margin is not None and -margin < low and high < margin:
        ordinary = tango(drawn.seen, drawn.only_first, drawn.only_second, 1 - alpha)
        if ordinary is not None and -margin_points < ordinary[0] and ordinary[1] < margin_points:
            word = "equivalent"
    seen_points = 100 * (drawn.only_second - drawn.only_first) / drawn.seen if drawn.seen else 0.0
    return Decision(word, 100 * low / drawn.total, 100 * high / drawn.total, seen_points, p_value, drawn)


def margin_tasks(total: int, margin_points: float) -> int:
    """The fewest tasks that are ``margin_points`` or more: a difference of fewer is within the margin.

    Raises ValueError for a margin outside 0..100.
    """
    if not 0 < margin_points <= 100:
        raise ValueError(f"an equivalence margin lies between 0 and 100 points, and {margin_points} does not")
    return math.ceil(total * Fraction(str(margin_points)) / 100)  # as written: 0.1 is a tenth, not the float above it
