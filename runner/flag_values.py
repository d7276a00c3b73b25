"""What a flag's value may be. Each takes the text and raises ``ArgumentTypeError`` that says what is wrong with it."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from typing import TypeVar

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_EXPERIMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")


_Number = TypeVar("_Number", int, float)


def whole(text: str) -> int:
    """Any whole number."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number") from None


def number(text: str) -> float:
    """Any finite number."""
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number") from None
    if not abs(value) < float("inf"):
        raise argparse.ArgumentTypeError(f"'{text}' is not a finite number")
    return value


def _such(
    read: Callable[[str], _Number], holds: Callable[[_Number], bool], must: str
) -> Callable[[str], _Number]:
    """What ``read`` makes of the text, where it ``holds``."""
    def value_of(text: str) -> _Number:
        value = read(text)
        if not holds(value):
            raise argparse.ArgumentTypeError(f"'{text}' must {must}")
        return value

    return value_of


index = _such(whole, lambda value: value >= 0, "be 0 or more")
count = _such(whole, lambda value: value >= 1, "be 1 or more")
tokens = _such(count, lambda value: value < 1 << 31, f"be at most {(1 << 31) - 1}, as servers count in 32 bits")
repeats = _such(count, lambda value: value >= 3, "be 3 or more: twice is no loop")
share = _such(number, lambda value: 0 <= value <= 1, "lie between 0 and 1")
chance = _such(number, lambda value: 0 < value < 1, "lie between 0 and 1")
margin = _such(number, lambda value: 0 < value <= 100, "be above 0 and at most 100 points")
"""Percentage points."""
amount = _such(number, lambda value: value >= 0, "not be negative")
positive = _such(number, lambda value: value > 0, "be above 0")
seconds = _such(number, lambda value: value > 0, "be above 0 seconds")


def date(text: str) -> str:
    """As it is written."""
    if not _DATE.match(text):
        raise argparse.ArgumentTypeError(f"'{text}' is not a date like 2025-02-01")
    return text


def experiment(text: str) -> str:
    """Short, and plain enough for a table, a file's name and an address."""
    if not _EXPERIMENT.match(text):
        raise argparse.ArgumentTypeError(f"'{text[:80]}' is no name of letters, digits, '.', '_' and '-', 64 at most, "
                                         "such as tip-bench")
    return text


def layers(text: str) -> str | int:
    """``auto``, ``all``, or how many."""
    return text if text in {"auto", "all"} else index(text)


def auto_or_count(text: str) -> str | int:
    """``auto``, or how many."""
    return text if text == "auto" else count(text)
