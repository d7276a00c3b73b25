"""The table of benchmarks: one entry each, and all that the rest of the program needs to know of it."""

from __future__ import annotations

from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from benchmarks import judging, own
from benchmarks.benchmark import Benchmark
from benchmarks.entries.behaviour import BEHAVIOUR
from benchmarks.entries.choices import CHOICES
from benchmarks.entries.code import CODE
from benchmarks.entries.first import FIRST
from benchmarks.entries.judged import WAIT_FOR_A_JUDGE
from benchmarks.entries.maths import MATHS
from core.errors import UsageError
from system import plugins

BENCHMARKS: Final[dict[str, Benchmark]] = {
    entry.name: entry for entry in (*FIRST, *MATHS, *CHOICES, *CODE, *BEHAVIOUR, *WAIT_FOR_A_JUDGE)
}


def get(name: str) -> Benchmark:
    """The benchmark of that name, of a plug-in, or of a TOML file; UsageError names those near it, or all."""
    if name.endswith(".toml"):
        return own.read(Path(name), BENCHMARKS)
    if name.endswith(judging.SUFFIX):
        return judging.read(Path(name))
    found = BENCHMARKS.get(name) or _plug_in(name)
    if found is None:
        there = (*BENCHMARKS, *plugins.names(plugins.BENCHMARKS))
        near = get_close_matches(name, there, n=2, cutoff=0.5)
        every = f"there are: {', '.join(there)}, or a .toml of your own"
        hint = f"did you mean {' or '.join(near)}?" if near else every
        raise UsageError(f"--benchmark {name!r}: no such benchmark; {hint}")
    return found


def is_known(name: str) -> bool:
    """Whether ``get`` would look further than its error; nothing is imported or read."""
    return name in BENCHMARKS or name.endswith((".toml", judging.SUFFIX)) or name in plugins.names(plugins.BENCHMARKS)


def _plug_in(name: str) -> Benchmark | None:
    """UsageError for an entry point that is no benchmark."""
    found = plugins.load(plugins.BENCHMARKS, name)
    made = found() if callable(found) else found
    if made is None or (isinstance(made, Benchmark) and made.name == name):
        return made
    raise UsageError(
        f"--benchmark {name}: the plug-in of that name is no Benchmark called {name!r}; see docs/own-benchmark.md"
    )


def refuse_without_needs(benchmark: Benchmark) -> None:
    """UsageError where a module that its answers are judged with is not installed: before any token is spent."""
    missing = [name for name in benchmark.needs if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"--benchmark {benchmark.name}: its answers are judged with {', '.join(missing)}, which is not installed; "
            "./setup --with benchmarks"
        )


def refuse_grading(benchmark: Benchmark, grading: str) -> None:
    """UsageError when ``--grading`` asks for a second way of grading that this benchmark has not."""
    if grading != "native" and not benchmark.graded_two_ways:
        raise UsageError(f"--grading: {benchmark.name} knows only one way of grading; leave the flag out.")
