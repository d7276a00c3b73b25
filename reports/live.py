"""What is seen while a run goes on: a display that redraws itself on a terminal, plain lines elsewhere.

Pure: a state goes in, a renderable or a line comes out; the runner decides when.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from reports import numbers
from reports.text import escape

LOUD = frozenset({"lost", "harness_fault", "truncated", "no_answer", "blocked", "refused_by_sandbox"})
"""Outcomes that say more about the run than about the model; shown in another colour."""


@dataclass(frozen=True, slots=True)
class LiveState:
    """A run at one moment. None: not known yet."""

    benchmark: str
    model: str
    phase: str
    """What is being done, in a few words: ``starting the server``, ``answering``, ``verifying the rest``."""
    tasks_done: int = 0
    """Tasks with a verdict."""
    tasks_total: int | None = None
    score: float | None = None
    """Percent of the tasks done so far."""
    interval: tuple[float, float] | None = None
    """Its 95 % interval, in percent."""
    tokens_per_second: float | None = None
    elapsed_s: float = 0.0
    left_s: float | None = None
    """Estimated time left."""
    queue_depth: int = 0
    """Answers waiting for a verifier."""
    outcomes: Mapping[str, int] = field(default_factory=dict)
    cell: int = 1
    """Which of ``cells`` runs this is, from 1."""
    cells: int = 1
    looping: int = 0
    """Replies that end by repeating themselves; they have an outcome as well."""
    pair: str | None = None
    """Of two models that are asked by turns: both scores and their difference, in words."""


def render(state: LiveState) -> RenderableType:
    """For a terminal: at most four lines, five with a pair, which fit 80 columns."""
    done, total = state.tasks_done, state.tasks_total
    title = Text.assemble((f"{escape(state.benchmark, 30)}  ", "bold"), (escape(state.model, 60), "bold cyan"))
    if state.cells > 1:
        title.append(f"  run {state.cell} of {state.cells}", "dim")
    title.append(f"  {escape(state.phase, 60)}", "dim")
    lines: list[RenderableType] = [title]
    if total:
        bar = Table.grid(expand=True, padding=(0, 1))
        bar.add_column(ratio=1)
        bar.add_column(no_wrap=True, justify="right")
        bar.add_row(ProgressBar(total=total, completed=done), f"{done} of {total} tasks")
        lines.append(bar)
    facts = [f"score {_score(state)}"] if state.score is not None else []
    facts += [f"{numbers.rate(state.tokens_per_second)} tok/s"] if state.tokens_per_second is not None else []
    left = f", about {numbers.seconds(state.left_s)} left" if state.left_s is not None else ""
    facts += [f"{numbers.seconds(state.elapsed_s)}{left}"]
    lines.append(Text("   ".join(facts)))
    if state.outcomes or state.looping or state.queue_depth:
        lines.append(_outcomes(state))
    if state.pair is not None:
        lines.append(Text(escape(state.pair, 200), "bold"))
    return Group(*lines)


def plain_line(state: LiveState) -> str:
    """For a log: one line, no colours, no control characters."""
    parts = [f"{escape(state.benchmark, 30)} {escape(state.model, 60)}: {escape(state.phase, 60)}"]
    parts += [f"{state.tasks_done} of {state.tasks_total} tasks"] if state.tasks_total else []
    parts += [f"score {_score(state)}"] if state.score is not None else []
    parts += [f"{numbers.rate(state.tokens_per_second)} tok/s"] if state.tokens_per_second is not None else []
    parts += [f"about {numbers.seconds(state.left_s)} left"] if state.left_s is not None else []
    parts += [f"{state.queue_depth} to verify"] if state.queue_depth else []
    parts += [f"{count} {outcome_words(name)}" for name, count in state.outcomes.items() if name in LOUD and count]
    parts += [f"{state.looping} looping"] if state.looping else []
    parts += [escape(state.pair, 200)] if state.pair is not None else []
    return ", ".join(parts)


def render_transfer(name: str, done_bytes: int, total_bytes: int | None) -> RenderableType:
    """For a terminal: a file's download, with a bar where its size is known."""
    bar = Table.grid(expand=True, padding=(0, 1))
    bar.add_column(no_wrap=True)
    bar.add_column(ratio=1)
    bar.add_column(no_wrap=True, justify="right")
    bar.add_row(Text(f"fetching {escape(name, 40)}"), ProgressBar(total=total_bytes, completed=done_bytes),
                _so_far(done_bytes, total_bytes))
    return bar


def transfer_line(name: str, done_bytes: int, total_bytes: int | None) -> str:
    """The same for a log."""
    return f"fetching {escape(name, 40)}: {_so_far(done_bytes, total_bytes)}"


def _so_far(done_bytes: int, total_bytes: int | None) -> str:
    whole = f" of {numbers.size(total_bytes)}" if total_bytes is not None else ""
    return f"{numbers.size(done_bytes)}{whole}"


def outcome_words(name: str) -> str:
    """An outcome as people say it: ``no answer``."""
    return escape(name.replace("_", " "), 30)


def _score(state: LiveState) -> str:
    interval = f" [{state.interval[0]:.1f}, {state.interval[1]:.1f}]" if state.interval is not None else ""
    return f"{numbers.percent(state.score)}{interval}"


def _outcomes(state: LiveState) -> Text:
    line = Text()
    for name, count in state.outcomes.items():
        if count:
            style = "green" if name == "correct" else "yellow" if name in LOUD else ""
            line.append(f"{count} {outcome_words(name)}   ", style)
    if state.looping:
        line.append(f"{state.looping} looping   ", "yellow")
    if state.queue_depth:
        line.append(f"{state.queue_depth} to verify", "dim")
    line.rstrip()
    return line
