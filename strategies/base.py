"""What a strategy is.

The runner owns the loop: it asks ``first`` when a task begins and ``more`` whenever all samples it drew for that task
have been parsed; a strategy answers with a number of samples and keeps no state of its own, so that stored samples can
be replayed through it later. When ``more`` says 0, ``choose`` names the sample whose verdict is the task's.

Fewer candidates may come back than were drawn: a request that failed for good leaves no sample. What was drawn is
counted against the budget all the same, so every strategy ends, also where nothing ever comes back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from core.records import Answer, Json, Sample


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a strategy may see of a sample: never its verdict, never anything of the reference."""

    sample: Sample
    answer: Answer
    key: str | None = None
    """The normalised answer that votes are counted by; None: it has none, and does not vote."""
    merits: Mapping[str, float] = field(default_factory=dict)
    """What a selector may know of it: ``schema`` (0 or 1), ``examples`` (share of the public examples passed),
    ``logprob`` (mean log-probability of its tokens), ``command`` (a score); an absent one is unknown.
    """


class Strategy(Protocol):
    """How many samples are drawn per task, and which one counts."""

    @property
    def name(self) -> str: ...

    def settings(self) -> Mapping[str, Json]:
        """Every number it goes by, under the name of its flag: part of the record and of the fingerprint."""
        ...

    def budget(self) -> int:
        """The most samples it draws of one task."""
        ...

    def merits(self) -> frozenset[str]:
        """The merits it looks at, so that only these are found out."""
        ...

    def first(self) -> int:
        """Samples to draw at once for a fresh task; at least 1."""
        ...

    def more(self, candidates: Sequence[Candidate], drawn: int) -> int:
        """Samples to draw in addition to the ``drawn`` so far, of which ``candidates`` came back (in index order); 0
        ends the task.
        """
        ...

    def choose(self, candidates: Sequence[Candidate]) -> int | None:
        """Position in ``candidates`` of the one whose verdict is the task's; None when there are none."""
        ...
