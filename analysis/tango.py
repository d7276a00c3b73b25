"""How sure a difference between two runs on the same tasks is: Tango's score interval.

Tango, T. (1998), Equivalence test and confidence interval for the difference in proportions for the paired-sample
design, Statistics in Medicine 17:891-908. The interval holds the differences that the score test does not reject, with
the nuisance (how often the two disagree) at its most likely value under each. Chosen over the textbook interval because
it stays inside -100..100, does not shrink to a point when the two never disagree, and keeps its coverage with few tasks
(Newcombe 1998, Statistics in Medicine 17:2635-2650).
"""

from __future__ import annotations

import math

from analysis.wilson import z_of


def tango(total: int, only_first: int, only_second: int, confidence: float = 0.95) -> tuple[float, float] | None:
    """The interval of the second's score less the first's, in points; None at a total of 0.

    ``only_first`` and ``only_second`` count the tasks that one of them alone passed. Raises ValueError for counts that
    cannot be.
    """
    if min(only_first, only_second) < 0 or only_first + only_second > total:
        raise ValueError(f"{only_first} and {only_second} of {total} cannot be")
    if total == 0:
        return None
    z = z_of(confidence)
    return -100 * _upper(total, only_second, only_first, z), 100 * _upper(total, only_first, only_second, z)


def _upper(total: int, minus: int, plus: int, z: float) -> float:
    """The largest difference, as a share, that is not rejected; bisected until the two ends are neighbouring floats."""
    if plus == total:
        return 1.0
    low, high = (plus - minus) / total, 1.0
    while low < (middle := (low + high) / 2) < high:
        if _score(total, minus, plus, middle) > -z:
            low = middle
        else:
            high = middle
    return low


def _score(total: int, minus: int, plus: int, difference: float) -> float:
    """Tango's statistic: how many standard errors what was seen lies above ``difference``."""
    if difference < 0:  # mirrored, so that what follows adds and never cancels
        return -_score(total, plus, minus, -difference)
    spread = difference * (1 - difference)
    linear = (2 * total - plus + minus) * difference - plus - minus
    root = math.sqrt(linear * linear + 8 * total * minus * spread)
    # The likelier of the two flips' rate under this difference: the positive root of 2nq^2 + linear q - minus spread.
    rate = 2 * minus * spread / (root + linear) if linear > 0 else (root - linear) / (4 * total)
    variance = total * (2 * rate + spread)
    seen = plus - minus - total * difference
    return seen / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, seen) if seen else 0.0
