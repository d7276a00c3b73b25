"""The examples that a task's prompt shows: what the model saw, and so what a user would have without the tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.records import Json


@dataclass(frozen=True, slots=True)
class Example:
    """One example: a call of the task's function, or a text on standard input."""

    given: tuple[Json, ...] | str
    """A call's arguments as plain Python values (tuples and sets too); a text is what stands on standard input."""
    expected: Json = None
    """What the prompt says comes back: a value, or the text on standard output. Means nothing unless ``judged``."""
    named: Mapping[str, Json] = field(default_factory=dict)
    """Arguments given by name."""
    judged: bool = True
    """False where the expected value may not be looked at, because the prompt shows the very tests that grade."""


@dataclass(frozen=True, slots=True)
class PublicExamples:
    """The examples of one task."""

    entry: str | None
    """The function that is called; None: a program that reads standard input."""
    examples: tuple[Example, ...]
    prelude: bool = False
    """Whether programs may count on the names that competitive solutions take for granted."""
    rows: bool = False
    """Whether a returned tuple is as good as a list, as LiveCodeBench compares."""
