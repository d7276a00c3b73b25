"""What two gradings of the same answers differ in, task by task, for the terminal and as values."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from core.records import Verdict
from core.regraded import Regraded, Regrading
from reports.live import outcome_words
from reports.text import escape

MOST = 500
"""Differences shown; the rest is counted."""


def to_rich(regrading: Regrading) -> RenderableType:
    """Counts, then every difference: one that decides whether a task passes first."""
    found = regrading.differences
    flips = sum(sample.flips for sample in found)
    total = len(regrading.samples)
    blocks: list[RenderableType] = [
        Text.assemble((f"{regrading.benchmark}  ", "bold"), (escape(regrading.run_id), "bold cyan")),
        Text(f"  native passes {regrading.passed('native'):,} of {total:,} {regrading.kind}, upstream "
             f"{regrading.passed('upstream'):,}; they differ on {len(found):,}, and {flips:,} pass in one way only"),
        Text(f"  isolation {regrading.isolation}" + _also(regrading), style="dim"),
    ]
    for sample in found[:MOST]:
        name = escape(sample.task_id, 80) + (f", sample {sample.sample}" if sample.sample else "")
        blocks.append(Text(f"\n{name}", style="bold yellow" if sample.flips else "bold"))
        blocks += [Padding(Text.assemble((f"{grading} says ", "dim"), words), (0, 0, 0, 2))
                   for grading, words in (("native", said(sample.native)), ("upstream", said(sample.upstream)))]
    if len(found) > MOST:
        blocks.append(Text(f"\nand {len(found) - MOST:,} more; --json has them all", style="dim"))
    return Group(*blocks)


def said(verdict: Verdict) -> str:
    """``crashed: test 3: ValueError``."""
    detail = escape(verdict.detail, 300)
    return f"{outcome_words(verdict.outcome.value)}{': ' + detail if detail else ''}"


def to_values(regrading: Regrading) -> dict[str, Any]:
    """The same for programs."""
    return {
        "run_id": regrading.run_id, "benchmark": regrading.benchmark, "isolation": regrading.isolation,
        regrading.kind: len(regrading.samples), "without_program": regrading.without_program,
        "passed": {grading: regrading.passed(grading) for grading in ("native", "upstream")},
        "differences": [_difference(sample) for sample in regrading.differences],
    } | ({} if regrading.unlike_recorded is None else {"unlike_recorded": regrading.unlike_recorded})


def _difference(sample: Regraded) -> dict[str, Any]:
    return {"task_id": sample.task_id, "sample": sample.sample, "flips": sample.flips} | {
        grading: {"outcome": verdict.outcome.value, "detail": verdict.detail}
        for grading, verdict in (("native", sample.native), ("upstream", sample.upstream))}


def _also(regrading: Regrading) -> str:
    lacks = "hold no program" if regrading.kind == "programs" else "never came"
    more = f"; {regrading.without_program:,} replies {lacks}" if regrading.without_program else ""
    unlike = regrading.unlike_recorded
    return more + (f"; {unlike:,} verdicts are other than the run recorded ({regrading.grading})" if unlike else "")
