"""What a strategy may know of a sample beside its text. No verdict and nothing of a reference passes through here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Appraisal:
    """The key that its vote is counted by, and its merits (``strategies.base.Candidate``)."""

    key: str | None = None
    merits: Mapping[str, float] = field(default_factory=dict)
    whole: bool = True
    """False: more is to become known of it, and no strategy looks at its task before."""


NOTHING_KNOWN = Appraisal()
