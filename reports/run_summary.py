"""The last word after a run, or after several: scores, what to doubt about them, and where everything is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from core.judged_in_record import is_for_judges
from core.lookup import count_at, number_at, object_at, text_at, texts_at, value_at
from core.strategy_in_record import told
from reports import numbers
from reports.asked_twice import sentence
from reports.compare import rows
from reports.costs import cost_lines
from reports.decision import sentence as decided
from reports.live import outcome_words
from reports.show import bounds_line, faults, hint_lines, score_line
from reports.strategies import strategy_label
from reports.table import to_rich
from reports.text import escape


def to_rich_summary(records: Sequence[Mapping[str, Any]], compared: Iterable[Mapping[str, Any]], *, ledger: str,
                    run_folders: Sequence[str], width: int) -> RenderableType:
    """One run in a few lines, several as the table of ``compare``.

    ``compared`` are the rows of ``analysis.comparison`` for these records; ``ledger`` and ``run_folders`` are paths.
    """
    if not records:
        return Text("No run was finished.")
    parts: list[RenderableType] = []
    if len(records) == 1:
        parts += _one(records[0])
    else:
        parts.append(to_rich(rows(compared), width))
        parts += [Text(said, style="bold") for said in [decided(records[-1])] if said]
    where = run_folders[0] if len(run_folders) == 1 else f"{len(run_folders)} run folders"
    parts.append(Text(f"Recorded in {escape(ledger, None)}; details in {escape(where, None)}", style="dim"))
    return Group(*parts)


def line(record: Mapping[str, Any]) -> str:
    """One run in one line, for when others are still to come."""
    reasons = texts_at(record, "validity", "reasons") or ()
    took = numbers.seconds(number_at(record, "results", "time_taken"))
    return (f"{escape(text_at(record, 'benchmark') or '?', 30)}  {escape(text_at(record, 'model') or '?', 60)}"
            f"{_by(record)}: score {score_line(record)}{f', {took}' if took else ''}"
            + (f"; suspect: {escape('; '.join(reasons), 400)}" if reasons else ""))


def _by(record: Mapping[str, Any]) -> str:
    """`` by sc_fixed n=4 with v2``; empty where a single sample of each task was drawn with the usual prompt."""
    row, version = told(record), text_at(record, "config", "prompt_version")
    how = "" if row["strategy"] == "single" else f" by {strategy_label(row)}"
    return how + (f" with {escape(version, 32)}" if version and (version != "v1" or is_for_judges(record)) else "")


def thinking_line(record: Mapping[str, Any]) -> str:
    """``62.1 % of the tokens spent thinking (estimated), 3 replies never closed it``; empty where none thought."""
    share, unclosed = number_at(record, "thinking", "share"), count_at(record, "thinking", "unclosed")
    estimated = " (estimated)" if value_at(record, "thinking", "estimated") is True else ""
    facts = [f"{numbers.percent(100 * share)} of the tokens spent thinking{estimated}"] if share is not None else []
    facts += [f"{unclosed:,} {'reply' if unclosed == 1 else 'replies'} never closed it"] if unclosed else []
    return ", ".join(facts)


def loops_line(record: Mapping[str, Any]) -> str:
    """``3 loops cut short: 5,300 tokens, about 41 s saved at the run's own speed``; empty where none was cut."""
    cut, saved = count_at(record, "usage", "loops_cut"), count_at(record, "usage", "tokens_saved")
    if not cut:
        return ""
    said = f"{cut:,} {'loop' if cut == 1 else 'loops'} cut short"
    speed = number_at(record, "latency", "tokens_per_second")
    if not saved:
        return said
    after = f", about {numbers.seconds(saved / speed)} saved at the run's own speed" if speed else " saved"
    return f"{said}: {saved:,} tokens{after}"


def _one(record: Mapping[str, Any]) -> list[RenderableType]:
    parts: list[RenderableType] = [
        Text.assemble((escape(text_at(record, "benchmark") or "?", 30), "bold"), "  ",
                      (escape(text_at(record, "model") or "?", 60), "bold cyan")),
        Text.assemble("  score ", (score_line(record), "bold")),
    ]
    bounds = bounds_line(record)
    if bounds and text_at(record, "validity", "status") == "ok":  # a suspect run's reason has them already
        parts.append(Text(f"  {bounds}"))
    counts = [f"{count:,} {outcome_words(name)}" for name, count in object_at(record, "outcomes").items()
              if isinstance(count, int)]
    facts = [numbers.seconds(number_at(record, "results", "time_taken"))]
    speed = number_at(record, "latency", "tokens_per_second")
    facts += [f"{numbers.rate(speed)} tokens/s"] if speed is not None else []
    isolation = text_at(record, "config", "isolation")
    facts += [f"isolation {escape(isolation, 20)}"] if isolation else []
    parts += [Text(f"  {', '.join(line)}") for line in (counts, [fact for fact in facts if fact]) if line]
    parts += [Text(f"  {said}") for said in cost_lines(record)]
    parts += [Text(f"  {said}") for said in (thinking_line(record), loops_line(record), sentence(record)) if said]
    causes = [(kind, said) for kind, said in faults(record) if kind and not kind.startswith("lost with")]
    parts += [Text(f"  {kind}: {said}") for kind, said in causes]
    reasons = texts_at(record, "validity", "reasons") or ()
    parts += [Text(f"  suspect: {escape(reason)}", style="yellow") for reason in reasons]
    parts += [Text(f"  to do: {hint}", style="cyan") for hint in hint_lines(record)]
    return parts
