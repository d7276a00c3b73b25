"""Numbers by value, as the maths evaluator compares them: 1/2 is 0.5, 1,000 is 1000, 3.10 is 3.1; no tolerance.

A value that still has its percent sign counts in hundredths, so 50% is 1/2. The maths parser leaves the sign on only
where the question asks for no percentage; where it does, 50% and 50 are the same answer and both come as ``50``.
"""

from __future__ import annotations

from core.records import Json
from parsers.answers.numbers import exact, is_percent
from parsers.keys.shape import short


def key(value: Json) -> str | None:
    """An integer or a fraction in lowest terms: ``18``, ``-5/2``."""
    number = exact(value)
    if number is None:
        return None
    if isinstance(value, str) and is_percent(value):
        number /= 100
    return short(str(number))
