"""How much the texts of one task differ from one another.

``distinct_n``: of all n-grams of the texts together, the share that are different ones (Li et al., A
Diversity-Promoting Objective Function for Neural Conversation Models, NAACL 2016, arXiv:1510.03055). 1: no n-gram comes
twice. It falls with the length and the number of the texts, so only runs with the same number of candidates compare.

``self_bleu``: the mean over the texts of the BLEU of each against all others as its references (Zhu et al., Texygen,
SIGIR 2018, arXiv:1802.01886), from 0 to 1. 1: all texts are the same. What BLEU is, and what a token is, are the
caller's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

MOST_TEXTS = 100
"""Texts of a task that self-BLEU looks at, the first ones: each is held against each, so a thousand take minutes."""


class Bleu(Protocol):
    """What is needed of a BLEU library."""

    def tokens(self, text: str) -> Sequence[str]: ...

    def score(self, text: str, references: Sequence[str]) -> float:
        """From 0 to 1."""
        ...


@dataclass(frozen=True, slots=True)
class Diversity:
    """Of one task, or the mean over several. None: there were fewer than two texts to differ."""

    distinct_1: float | None
    distinct_2: float | None
    self_bleu: float | None

    def as_numbers(self) -> dict[str, float]:
        """Those that are known, rounded."""
        found = {"distinct_1": self.distinct_1, "distinct_2": self.distinct_2, "self_bleu": self.self_bleu}
        return {name: round(value, 4) for name, value in found.items() if value is not None}


def diversity(texts: Sequence[str], bleu: Bleu) -> Diversity | None:
    """Of the texts of one task; None for fewer than two that hold anything."""
    there = [text for text in texts if text.strip()]
    if len(there) < 2:
        return None
    tokens = [bleu.tokens(text) for text in there]
    return Diversity(distinct_n(tokens, 1), distinct_n(tokens, 2), self_bleu(there, bleu.score))


def mean(found: Sequence[Diversity]) -> Diversity:
    """The mean of each measure over the tasks that have it."""
    return Diversity(*(_mean([value for each in found if (value := getattr(each, name)) is not None])
                       for name in ("distinct_1", "distinct_2", "self_bleu")))


def by_task(texts: Mapping[str, Sequence[str]], bleu: Bleu) -> dict[str, Diversity]:
    """Of each task that has two texts or more."""
    return {task: found for task, several in texts.items() if (found := diversity(several, bleu)) is not None}


def distinct_n(texts: Sequence[Sequence[str]], n: int) -> float | None:
    """None where no text has as many as ``n`` tokens."""
    grams = [tuple(tokens[start : start + n]) for tokens in texts for start in range(len(tokens) - n + 1)]
    return len(set(grams)) / len(grams) if grams else None


def self_bleu(texts: Sequence[str], score: Callable[[str, Sequence[str]], float]) -> float:
    """Of at least two texts, at most ``MOST_TEXTS`` of them."""
    looked_at = list(texts[:MOST_TEXTS])
    scores = [score(text, looked_at[:place] + looked_at[place + 1 :]) for place, text in enumerate(looked_at)]
    return sum(scores) / len(scores)


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
