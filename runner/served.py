"""What a provider's replies say of how they came about, for the record. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from core.records import Sample


def served_models(samples: Sequence[Sample]) -> list[str]:
    """The models that answered, as their replies name them: a provider may change a name's version in mid-run."""
    return sorted({sample.served_model for sample in samples if sample.served_model})


def left_out(samples: Sequence[Sample]) -> str | None:
    """Settings that a provider refused to take, one clause each; None where it took all."""
    counts = Counter(name for sample in samples for name in sample.left_out or ())
    clauses = [f"{name} was refused and left out of {count:,} of {len(samples):,} requests"
               for name, count in sorted(counts.items())]
    return "; ".join(clauses) or None
