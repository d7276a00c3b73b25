"""One text for all values that a test would take for equal, so that what two programs did can be told the same.

1, 1.0 and True are one, as they are to ``==``; floats are spelled to twelve digits, since which of two neighbours a sum
ends on is the order of its terms. Output is spelled as it is compared: line by line, numbers by their value.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

_DIGITS = 12


def spelled(value: Any) -> str:  # noqa: PLR0911 - one a kind
    """Of a decoded value, at most ``values.MAX_DEPTH`` levels deep."""
    if value is None:
        return "None"
    if isinstance(value, (int, float, complex, Fraction, Decimal)):
        return _number(value)
    if isinstance(value, str):
        return f"s{len(value)}:{value}"
    if isinstance(value, (bytes, bytearray)):
        return f"b{value.hex()}"
    if isinstance(value, dict):
        return f"d({','.join(sorted(f'{spelled(key)}={spelled(item)}' for key, item in value.items()))})"
    if isinstance(value, (set, frozenset)):
        return f"u({','.join(sorted(map(spelled, value)))})"
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__[0]}({','.join(map(spelled, value))})"
    if isinstance(value, range):
        return _range(value)
    if isinstance(value, type):
        return f"T{value.__name__}"
    return f"{type(value).__name__}({','.join(map(spelled, value))})" if hasattr(value, "__iter__") else repr(value)


def _range(value: Any) -> str:
    """By its items, of which there may be more than can be counted."""
    ends = (value[0], value[-1]) if value else ()
    return f"r({','.join(map(hex, ends))},{hex(value.step) if value and value[0] != value[-1] else ''})"


def _number(value: Any) -> str:
    if isinstance(value, int):
        return hex(value)
    if isinstance(value, float):
        return hex(int(value)) if value.is_integer() else format(value, f".{_DIGITS}g")
    if isinstance(value, complex):
        return _number(value.real) if not value.imag else f"c({_number(value.real)},{_number(value.imag)})"
    if isinstance(value, Fraction):
        return hex(value.numerator) if value.denominator == 1 else f"q({value.numerator:x}/{value.denominator:x})"
    return hex(int(value)) if _short(value) and value == int(value) else _decimal(value)


def _short(number: Decimal) -> bool:
    return number.is_finite() and number.adjusted() < 1000  # written out, others would fill the memory


def _decimal(number: Decimal) -> str:
    """Exact, without zeros at the end, and never written out: an exponent may have a billion zeros."""
    sign, digits, exponent = number.as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    if not isinstance(exponent, int):
        return str(number)
    bare = text.rstrip("0")
    return f"{'-' if sign else ''}{bare}e{exponent + len(text) - len(bare)}" if bare else "0"


def spelled_lines(output: str) -> str:
    """Standard output, as ``compare`` splits it."""
    return "\n".join(_line(line.strip()) for line in output.strip().split("\n"))


def _line(line: str) -> str:
    try:
        numbers = [Decimal(word) for word in line.split()]
    except (ArithmeticError, ValueError):
        return line
    if not all(number.is_finite() for number in numbers):
        return line
    return " ".join(map(_decimal, numbers))
