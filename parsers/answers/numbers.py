"""Numbers as people and models write them: one reading and one spelling, for parsers, evaluators and gold answers.

``parse_number`` reads a text that *is* a number with its dress: currency, percent, thousands separators, units, LaTeX,
Markdown. ``canonical`` writes it back the one way: ``18``, ``-2.5``, ``3/4``; no exponent, no trailing zeros, fractions
in lowest terms (a whole one is an integer). A percent sign is dress: ``50 %`` is 50.

Separators: a comma followed by groups of three digits separates thousands (``1,234``), as do spaces and the Indian
grouping (``12,34,567``). European forms only where nothing else is possible: ``3,5`` and ``0,125`` (a decimal comma),
``1.234,56`` and ``1.234.567``; ``1.234`` is a decimal and ``1,234`` is not. ``1.2.3`` is no number.

Numbers of more than ``MAX_DIGITS`` digits (also once an exponent is written out) are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Final, NamedTuple

MAX_DIGITS: Final = 1000
_MAX_TEXT: Final = 1100
"""Characters of a value that is looked at."""
Number = Decimal | Fraction

_SPACES: Final = "\u00a0\u2007\u2009\u202f"
_RUN = re.compile(
    r"(?:(?<![0-9A-Za-z.)\]])\.)?[0-9](?:[0-9]|[.,](?=[0-9])|[" + _SPACES + r"](?=[0-9]{3}(?![0-9])))*")
# Each character of a run can be taken in one way only, so a run costs its length and the scan is linear.
_EXPONENT = re.compile(r"[eE]([+-]?[0-9]++)(?![A-Za-z])| ?[\u00d7x*] ?10 ?\^ ?\{? ?([+-]?[0-9]++) ?\}?")
_POWER_OF_TEN = re.compile(r" ?\^ ?\{? ?([+-]?[0-9]++) ?\}?")
_PERCENT = re.compile(r" ?(?:%|per ?cent\b)", re.IGNORECASE)
_UNIT_POWER = re.compile(r"[A-Za-z\u00b5] ?\}? ?\^ ?\{? ?$")
_GROUPS = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+")
_INDIAN = re.compile(r"[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}")
_CURRENCY: Final = frozenset("$€£¥₹")
_OPERATORS: Final = frozenset("+-*/^\u00d7\u2212")
_MINUS: Final = frozenset("-\u2212\u2013\u2012\uff0d")


class Found(NamedTuple):
    """A number in a text."""

    number: Number | None
    """None: these digits are no number we read (a version, a number too long)."""
    start: int
    end: int
    percent: bool = False
    """Whether a percent sign, or the word, stands behind it."""


def parse_number(text: str) -> Number | None:
    r"""The number that the text is, or None if it is no number or holds several.

    Of an equation the right-hand side counts (``x = 5``); units and words around one number are dropped. A number
    that is part of an expression (``x+1``, ``2\pi``) is not the number that the text is.
    """
    found = parse_found(text)
    return None if found is None else found.number


def parse_found(text: str) -> Found | None:
    """As ``parse_number``, with what stands around the number."""
    plain = plain_text(text.strip())
    plain = plain.rpartition("=")[2] if "=" in plain else plain
    plain = plain.replace("{", " ").replace("}", " ").strip().rstrip(" .")
    if plain[:1] in _MINUS:
        plain = plain[0] + plain[1:].lstrip()
    plain = _join_thousands(plain)
    found = list(_first(_numbers(plain), 2))
    if len(found) != 1 or _in_expression(plain, found[0]):
        return None
    return found[0]


def exact(value: object) -> Fraction | None:
    """The exact number that an answer's value is or writes; None if it writes none, several, or one too long."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    if isinstance(value, int) and value.bit_length() > 4 * _MAX_TEXT:
        return None
    text = str(value)
    found = parse_number(text) if len(text) <= _MAX_TEXT else None
    return None if found is None else Fraction(found)


def is_percent(text: str) -> bool:
    """Whether the one number that the text is has a percent sign: ``50%``, ``50 percent``."""
    found = parse_found(text) if len(text) <= _MAX_TEXT else None
    return found is not None and found.percent


def canonical(number: Number) -> str:
    """The one spelling: an integer, a decimal without exponent or trailing zeros, or a fraction in lowest terms."""
    if isinstance(number, Fraction):
        return str(number)
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def same_number(one: str, other: str) -> bool:
    """Whether two spellings name exactly the same number: ``0.75`` and ``3/4`` do."""
    first, second = parse_number(one), parse_number(other)
    return first is not None and second is not None and Fraction(first) == Fraction(second)


def _in_expression(text: str, found: Found) -> bool:
    before, after = text[:found.start].rstrip(), text[found.end:].lstrip()
    if "\\" in text or (before[-1:] in _OPERATORS and before[:-1].strip()):
        return True
    return after[:1] in _OPERATORS and not (after[0] == "/" and after[1:2].isalpha())  # 18/hour is a unit


def find_numbers(text: str) -> Iterator[Found]:
    """The numbers in prose that ``plain_text`` has been through, from left to right."""
    return _numbers(text, prose=True)


def plain_text(text: str) -> str:
    """The text without the LaTeX and Markdown that numbers are dressed in."""
    if "\\" in text:
        text = _FRACTION.sub(_over, text)
        for old, new in _LATEX:
            text = text.replace(old, new)
    return text.replace("**", " ").replace("__", " ").replace("{,}", ",")


_FRACTION = re.compile(r"\\[dtc]?frac ?(?:\{([^{}\\]*)\} ?\{([^{}\\]*)\}|([0-9]) ?([0-9]))")
_LATEX: Final = (
    ("^\\circ", " "), ("^{\\circ}", " "),
    ("\\!", ""), ("\\,", "\u2009"), ("\\;", "\u2009"), ("\\:", "\u2009"), ("\\ ", "\u2009"), ("\\$", "$"), ("\\%", "%"),
    ("\\times", "\u00d7"), ("\\cdot", "\u00d7"), ("\\left", ""), ("\\right", ""), ("\\textbf", ""), ("\\text", " "),
    ("\\mathrm", " "), ("\\mathbf", ""), ("\\mbox", " "), ("\\boxed", ""), ("\\fbox", ""), ("\\circ", " "), ("\\(", ""),
    ("\\)", ""), ("\\[", ""), ("\\]", ""), ("\\displaystyle", ""),
    ("\\qquad", " "), ("\\quad", " "), ("\\approx", " "), ("\\degree", " "), ("\\\\", " "),
)


def _over(match: re.Match[str]) -> str:
    top, bottom, *digits = match.groups()
    if top is None:
        top, bottom = digits
    before = match.string[match.start() - 1:match.start()] if match.start() else ""
    return f"{' ' if before.isdecimal() else ''}{top.strip()}/{bottom.strip()}"


def _join_thousands(text: str) -> str:
    """Plain spaces as thousands separators, where the text is one number and nothing else could be meant."""
    words = text.split(" ")
    digits = [word.strip("$€£¥₹%+-\u2212") for word in words]
    if len(words) > 1 and 1 <= len(digits[0]) <= 3 and all(
            word.isascii() and word.isdecimal() and (len(word) == 3 or at == 0)
            for at, word in enumerate([*digits[:-1], digits[-1].partition(".")[0]])):
        return "".join(words)
    return text


def _numbers(text: str, *, prose: bool = False) -> Iterator[Found]:
    """Numbers from left to right; fractions, mixed numbers and exponents are one number each."""
    at = 0
    while (run := _RUN.search(text, at)) is not None:
        at = run.end()
        begin = run.start()
        before = text[begin - 1:begin]
        if before.isalpha() or before == "_" or _UNIT_POWER.search(text[max(0, begin - 6):begin]):
            continue  # part of a name or a unit: x2, H2O, km^2
        number, at = _whole(text, run.group(), at, prose=prose)
        begin, negative = _signed(text, begin)
        if number is not None and negative:
            number = number.copy_negate() if isinstance(number, Decimal) else -number
        yield Found(number, begin, at, _PERCENT.match(text, at) is not None)


def _whole(text: str, run: str, at: int, *, prose: bool) -> tuple[Number | None, int]:
    """The number that begins with this run, and where it ends."""
    mantissa = _run_value(run, prose=prose)
    if mantissa is None:
        return None, at
    power = _POWER_OF_TEN.match(text, at) if run == "10" else None
    exponent = power or _EXPONENT.match(text, at)
    if exponent is not None:
        digits = exponent.group(1) or exponent.group(2)
        return _scaled(Decimal(1) if power else mantissa, digits), exponent.end()
    if text[at - len(run) - 1:at - len(run)] == "/":
        return mantissa, at  # a date goes on: 3/4/2024
    if (over := _denominator(text, at)) is not None:
        return _ratio(mantissa, over)
    return _mixed(text, run, at) or (mantissa, at)


def _mixed(text: str, run: str, at: int) -> tuple[Number, int] | None:
    """``1 1/2``, if that is what begins with the run that ends at ``at``."""
    top = _RUN.match(text, at + 1) if run.isdecimal() and len(run) <= 3 and text[at:at + 1] == " " else None
    if top is None or not top.group().isdecimal() or len(top.group()) > 3:
        return None
    over = _denominator(text, top.end())
    part, end = (None, at) if over is None else _ratio(Decimal(top.group()), over)
    return (int(run) + Fraction(part), end) if part is not None and 0 < part < 1 else None


def _denominator(text: str, at: int) -> re.Match[str] | None:
    """The run behind a slash, if that makes a fraction (``3/4``) and not a date or a path (``3/4/2024``)."""
    if text[at:at + 1] == " " and text[at + 1:at + 3] == "/ ":
        begin = at + 3
    elif text[at:at + 1] == "/":
        begin = at + 1
    else:
        return None
    run = _RUN.match(text, begin)
    return None if run is None or text[run.end():run.end() + 1] == "/" else run


def _ratio(top: Decimal, under: re.Match[str]) -> tuple[Number | None, int]:
    bottom = _run_value(under.group(), prose=False)
    if bottom is None or not bottom:
        return None, under.end()
    return Fraction(top) / Fraction(bottom), under.end()


def _scaled(mantissa: Decimal, power: str) -> Decimal | None:
    """``mantissa`` times ten to the ``power``; None if written out it had too many digits."""
    sign, digits, own = mantissa.as_tuple()
    if len(power) > 6 or not isinstance(own, int) or abs(own + int(power)) + len(digits) > MAX_DIGITS:
        return None
    return Decimal((sign, digits, own + int(power)))


def _signed(text: str, begin: int) -> tuple[int, bool]:
    """Where the number begins with its sign and currency, and whether it is negative.

    A minus is a sign where nothing stands before it that could be subtracted from.
    """
    at = begin
    if text[at - 1:at] in _CURRENCY and at:
        at -= 1
    if at and text[at - 1] in _MINUS:
        before = text[at - 2:at - 1] if at > 1 else ""
        if not (before.isalnum() or before in {")", "]", "}", "%"}):
            return at - 1, True
    return at, False


def _run_value(run: str, *, prose: bool) -> Decimal | None:
    """A run of digits and separators as a number."""
    for space in _SPACES:
        run = run.replace(space, "")
    if len(run) > 2 * MAX_DIGITS:
        return None
    digits = _decimal_form(run, prose=prose)
    if digits is None or sum(map(str.isdecimal, digits)) > MAX_DIGITS:
        return None
    return Decimal(digits)


def _decimal_form(run: str, *, prose: bool) -> str | None:
    """The run with a decimal point and nothing else between its digits; None if it cannot be one number."""
    commas, points = run.count(","), run.count(".")
    if not commas:
        return run if points <= 1 else run.replace(".", "") if _GROUPS.fullmatch(run.replace(".", ",")) else None
    head, _, tail = run.rpartition("." if run.rfind(".") > run.rfind(",") else ",")
    if points and run.rfind(".") > run.rfind(","):  # 1,234.56
        return head.replace(",", "") + "." + tail if points == 1 and _grouped(head) else None
    if points:  # 1.234,56
        whole = head.replace(".", ",")
        return head.replace(".", "") + "." + tail if commas == 1 and _GROUPS.fullmatch(whole) else None
    if _grouped(run) and run[0] != "0":
        return run.replace(",", "")
    if commas == 1 and (not prose or (run[:2] == "0," and len(tail) > 1)):  # 3,5 0,125
        return run.replace(",", ".")
    return tail if prose else None  # in prose this is a list; its last member is what the text ends with


def _grouped(run: str) -> bool:
    return _GROUPS.fullmatch(run) is not None or _INDIAN.fullmatch(run) is not None


def _first(numbers: Iterator[Found], count: int) -> Iterator[Found]:
    for _, found in zip(range(count), numbers, strict=False):
        yield found
