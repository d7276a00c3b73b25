"""What a flag's value may be. Each takes the text and raises ``ArgumentTypeError`` that says what is wrong with it."""

from __future__ import annotations

import argparse
import re

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)


def count(text: str) -> int:
    """A whole number of 1 or more."""
    value = whole(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"'{text}' must be 1 or more")
    return value


def repeats(text: str) -> int:
    """A whole number of 3 or more."""
    value = count(text)
    if value < 3:
        raise argparse.ArgumentTypeError(f"'{text}' must be 3 or more: twice is no loop")
    return value


def index(text: str) -> int:
    """A whole number of 0 or more."""
    value = whole(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"'{text}' must be 0 or more")
    return value


def whole(text: str) -> int:
    """Any whole number."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number") from None


def share(text: str) -> float:
    """From 0 to 1."""
    value = number(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"'{text}' must lie between 0 and 1")
    return value


def margin(text: str) -> float:
    """Percentage points, above 0."""
    value = number(text)
    if not 0 < value <= 100:
        raise argparse.ArgumentTypeError(f"'{text}' must be above 0 and at most 100 points")
    return value


def chance(text: str) -> float:
    """Between 0 and 1, neither of them."""
    value = number(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"'{text}' must lie between 0 and 1")
    return value


def amount(text: str) -> float:
    """0 or more."""
    value = number(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"'{text}' must not be negative")
    return value


def positive(text: str) -> float:
    """Above 0."""
    value = number(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"'{text}' must be above 0")
    return value


def seconds(text: str) -> float:
    """Above 0."""
    value = number(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"'{text}' must be above 0 seconds")
    return value


def number(text: str) -> float:
    """Any finite number."""
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number") from None
    if not abs(value) < float("inf"):
        raise argparse.ArgumentTypeError(f"'{text}' is not a finite number")
    return value


def date(text: str) -> str:
    """As it is written."""
    if not _DATE.match(text):
        raise argparse.ArgumentTypeError(f"'{text}' is not a date like 2025-02-01")
    return text


def layers(text: str) -> str | int:
    """``auto``, ``all``, or how many."""
    return text if text in {"auto", "all"} else index(text)


def auto_or_count(text: str) -> str | int:
    """``auto``, or how many."""
    return text if text == "auto" else count(text)
