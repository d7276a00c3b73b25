"""How sure a share is: Wilson's score interval.

Wilson, E. B. (1927), Probable inference, the law of succession, and statistical inference, JASA 22:209-212. Chosen over
the textbook interval because it stays inside 0..100 and keeps its coverage with few tasks and with shares near the ends
(Brown, Cai and DasGupta 2001, Statistical Science 16:101-133).
"""

from __future__ import annotations

import math
from functools import cache
from statistics import NormalDist


def wilson(passed: int, total: int, confidence: float = 0.95) -> tuple[float, float] | None:
    """The interval in percent; None at a total of 0. Raises ValueError for counts that cannot be."""
    if not 0 <= passed <= total:
        raise ValueError(f"{passed} of {total} cannot be")
    if total == 0:
        return None
    z = z_of(confidence)
    share, squared = passed / total, z * z
    middle = (share + squared / (2 * total)) / (1 + squared / total)
    half = z / (1 + squared / total) * math.sqrt(share * (1 - share) / total + squared / (4 * total * total))
    # The ends are exact by algebra where all or none passed; rounding must not make them 1e-15.
    low = 0.0 if passed == 0 else 100 * max(0.0, middle - half)
    high = 100.0 if passed == total else 100 * min(1.0, middle + half)
    return low, high


@cache
def z_of(confidence: float) -> float:
    """The two-sided quantile: 1.96 at 95 %."""
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence lies between 0 and 1, and {confidence} does not")
    return NormalDist().inv_cdf((1 + confidence) / 2)
