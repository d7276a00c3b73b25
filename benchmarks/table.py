"""The table of benchmarks: one entry each, and all that the rest of the program needs to know of it."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

from benchmarks.benchmark import Benchmark
from benchmarks.entries.behaviour import BEHAVIOUR
from benchmarks.entries.choices import CHOICES
from benchmarks.entries.code import CODE
from benchmarks.entries.first import FIRST
from benchmarks.entries.maths import MATHS
from core.errors import UsageError

BENCHMARKS: Final[dict[str, Benchmark]] = {entry.name: entry for entry in (*FIRST, *MATHS, *CHOICES, *CODE, *BEHAVIOUR)}


def get(name: str) -> Benchmark:
    """The benchmark of that name; UsageError names those near it, or all."""
    found = BENCHMARKS.get(name)
    if found is None:
        near = get_close_matches(name, BENCHMARKS, n=2, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(BENCHMARKS)}"
        raise UsageError(f"--benchmark {name!r}: no such benchmark; {hint}")
    return found


def refuse_grading(benchmark: Benchmark, grading: str) -> None:
    """UsageError when ``--grading`` asks for a second way of grading that this benchmark has not."""
    if grading != "native" and not benchmark.graded_two_ways:
        raise UsageError(f"--grading: {benchmark.name} knows only one way of grading; leave the flag out.")
