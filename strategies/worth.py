"""Which task the next sample should go to, where a budget is for the whole run.

A sample is worth the chance that it changes the answer. One sample alone changes it only in a tie, so the worth is that
of going on for a while: the chance that the winner is another one k samples later, for each of these k samples, at the
k where that is the most. The chance is ``adaptive_margin``'s, times the share of the task's samples that have an answer
(with one added to both counts, so that a task with no answer yet is not given up at once, and fades with every further
reply without one). A task that has no sample yet is worth 1, more than any other.

One sample goes to the task of the greatest worth, which is then worth less; with several slots one each to as many. Two
or more at once to one task would be spent before the first of them could show that the others are not needed.

Source: the greedy choice by the best average value of several further steps, where that of a single one is nil, is the
KG(*) policy of Frazier and Powell, Paradoxes in Learning and the Marginal Value of Information (Decision Analysis 7,
2010, 378-403).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from strategies.adaptive_margin import chance_of_change
from strategies.base import Candidate
from strategies.overtaking import lead
from strategies.votes import tally

FURTHEST = 64
"""Samples ahead that are looked at; a change that takes more is worth next to nothing a sample."""


def worth(candidates: Sequence[Candidate], drawn: int, most: int) -> float:
    """The chance, 0 to 1, that one further sample of this task changes its answer; 0 when ``most`` are drawn.

    ``candidates``: what came back of the ``drawn`` samples so far.
    """
    votes, left = tally(candidates), most - drawn
    if left <= 0:
        return 0.0
    answering, now = (votes.total() + 1) / (drawn + 1), lead(votes)
    if now.first == 0:
        return answering
    return answering * max(chance_of_change(now, further) / further for further in range(1, min(left, FURTHEST) + 1))


def neediest(worths: Mapping[str, float], count: int) -> list[str]:
    """The ``count`` tasks to which the next samples should go, the neediest first, of equals the first; fewer where
    fewer are worth any.
    """
    wanting = [task_id for task_id, value in worths.items() if value > 0]
    return sorted(wanting, key=lambda task_id: -worths[task_id])[:count]
