"""Several comparisons at once: Holm's step-down correction.

Holm, S. (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6:65-70.
The chance that any true null among them is rejected stays at the level, however the tests depend on one another.
"""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float], among: int | None = None) -> list[float]:
    """The adjusted p-values, in the order given: each to be held against the level as if it were the only one.

    ``among``: how many hypotheses there were, where these are only some of them; the others count as if none of them
    came close, which is never the more lenient. Raises ValueError for a p-value outside 0..1, and for fewer hypotheses
    than p-values.
    """
    count = len(p_values) if among is None else among
    if count < len(p_values):
        raise ValueError(f"{len(p_values)} p-values among {count} cannot be")
    for p in p_values:
        if not 0 <= p <= 1:  # so that NaN is refused too
            raise ValueError(f"a p-value of {p} cannot be")
    adjusted, largest = [1.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, (count - rank) * p_values[place])
        adjusted[place] = min(1.0, largest)
    return adjusted
