"""Settings of a plan as the flags of a command, and what is wrong with their values. Each value is tried alone."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from runner import arguments
from runner.sweep.schema import settings

if TYPE_CHECKING:
    import argparse

_APPENDED: Final = frozenset({"server-arg"})
_DATES: Final = frozenset({"start-date", "end-date"})
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Setting:
    """A value, and the line where it stands."""

    value: Any
    line: int


Settings = Mapping[str, Setting]


def flags_of(chosen: Mapping[str, Any]) -> tuple[str, ...]:
    """The settings as flags, in the order of the command's help."""
    return tuple(flag for name in settings() if name in chosen for flag in _flags(name, chosen[name]))


def _flags(name: str, value: Any) -> Iterable[str]:
    if isinstance(value, bool):
        return (f"--{name}",) if value else ()
    if isinstance(value, list):
        return tuple(f"--{name}={each}" for each in value) if name in _APPENDED else (f"--{name}", *map(str, value))
    return (f"--{name}={value}",)


def fault_of(name: str, value: Any) -> str | None:
    """What is wrong with this value, in one sentence; None of one that the command takes, and of one that the schema
    has something against already.
    """
    if name not in settings() or not _fits(name, value):
        return None
    if any(isinstance(each, str) and _CONTROL.search(each) for each in (value if isinstance(value, list) else [value])):
        return f"{name}: holds a control character"
    if isinstance(value, list) and name not in _APPENDED and any(str(each).startswith("-") for each in value):
        return f"{name}: a value begins with a dash, which a command takes for a flag"
    if name in _DATES and (said := _no_date(value)) is not None:
        return f"{name}: {said}"
    printed = io.StringIO()
    try:
        with contextlib.redirect_stderr(printed):
            _parser().parse_args(list(_flags(name, value)))
    except SystemExit:
        return f"{name}: {printed.getvalue().rpartition('error: ')[2].partition(': ')[2].strip()}"
    return None


def _no_date(value: str) -> str | None:
    try:
        date.fromisoformat(value)
    except ValueError:
        return f"'{value[:40]}' is not a date like 2025-02-01"
    return None


def _fits(name: str, value: Any) -> bool:
    from jsonschema import Draft202012Validator  # noqa: PLC0415  (a tenth of a second, and only plans need it)

    return bool(Draft202012Validator(settings()[name]).is_valid(value))


def is_sound(name: str, value: Any) -> bool:
    """Whether the setting is known, and its value one that the command takes."""
    return name in settings() and _fits(name, value) and fault_of(name, value) is None


def parsed(argv: Sequence[str]) -> argparse.Namespace:
    """The flags of a command. A parser is made once: a plan may come to thousands of them."""
    return _parser().parse_args(list(argv))


@cache
def _parser() -> argparse.ArgumentParser:
    return arguments.run_parser()
