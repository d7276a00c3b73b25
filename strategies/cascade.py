"""Which tasks a larger model should be asked, by how sure the smaller one is of its own answers.

The smaller model answers every task several times. Its margin is the lead of its first answer over its second, as a
share of the samples that were asked for: 1 when all agree, 0 in a tie or when nobody has an answer. Replies without an
answer, and requests that brought none, count as no agreement. The tasks whose margin is below a threshold go to the
larger model, all together, so that each model is loaded once.

Source: Yue et al., Large Language Model Cascades with Mixture of Thoughts Representations for Cost-efficient Reasoning
(ICLR 2024, arXiv 2310.03094), section 3, vote-based decisions; Varshney and Baral, Model Cascading (EMNLP 2022, arXiv
2210.05528), for the threshold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from strategies.base import Candidate
from strategies.overtaking import lead
from strategies.votes import tally

THRESHOLD = 0.5
"""Of eight samples, six against two are enough, five against three are not."""


def margin(candidates: Sequence[Candidate], drawn: int) -> float:
    """The lead of the first answer as a share of the ``drawn`` samples; from 0 to 1."""
    now = lead(tally(candidates))
    return (now.first - now.second) / drawn if drawn else 0.0


def escalates(candidates: Sequence[Candidate], drawn: int, threshold: float = THRESHOLD) -> bool:
    """Whether the larger model is to be asked."""
    return margin(candidates, drawn) < threshold


def has_majority(candidates: Sequence[Candidate], drawn: int) -> bool:
    """Whether more than half of the ``drawn`` samples gave one answer."""
    return 2 * lead(tally(candidates)).first > drawn


def escalated(answers: Mapping[str, tuple[Sequence[Candidate], int]], tasks: Iterable[str],
              threshold: float = THRESHOLD) -> list[str]:
    """Of these tasks, in their order, those that go to the larger model: by task the candidates and what was drawn.

    A task of which nothing is known goes too.
    """
    return [task_id for task_id in tasks if escalates(*answers.get(task_id, ((), 0)), threshold=threshold)]
