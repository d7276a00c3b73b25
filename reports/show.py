"""``show``: one record in full, for people. Every text in it is escaped; fields that we do not know are shown too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from core.doubts import Doubt
from core.judged_in_record import awaits_judge, texts_waiting
from core.lookup import count_at, number_at, object_at, text_at, texts_at, value_at
from reports import numbers
from reports.asked_twice import pairs as asked_twice
from reports.decision import sentence as decided
from reports.evidence import NO_FOLDER, heading, lines
from reports.live import LOUD, outcome_words
from reports.table import shown_text
from reports.text import escape

KNOWN = frozenset({
    "timestamp", "benchmark", "model", "config", "results", "format", "run_id", "fingerprint", "status", "validity",
    "interval", "bounds", "tasks_sha256", "outcomes", "usage", "latency", "provenance", "memory", "energy", "faults",
    "thinking", "checks", "audit", "cost", "judging", "judgement_of",
})

Pairs = list[tuple[str, str]]

_FLAT = (("diversity", "Diversity"), ("memory", "Memory"), ("energy", "Energy"), ("cost", "Cost"),
         ("config", "Settings"), ("provenance", "Provenance"))

MOST_FAILED = 2000
"""Names of failed tasks shown; the rest is counted."""


def to_rich(
    record: Mapping[str, Any], run_folder: str | None = None, evidence: Sequence[Doubt] | None = None
) -> RenderableType:
    """The record as blocks of lines; ``run_folder``: where everything behind it is, when it is there; ``evidence``:
    what was found in it.
    """
    title = Text.assemble((escape(text_at(record, "benchmark") or "?"), "bold"), "  ",
                          (escape(text_at(record, "model") or "?"), "bold cyan"))
    blocks: list[RenderableType] = [title, _pairs([*head(record), ("Folder", escape(run_folder or "", None))])]
    blocks += _evidence(record, evidence)
    for section, pairs in sections(record):
        blocks += [Text(f"\n{section}", style="bold"), _pairs(pairs)]
    failed, names = failed_tasks(record)
    if names:
        blocks += [Text(f"\n{failed}", style="bold"), Padding(Text("  ".join(names)), (0, 0, 0, 2))]
    return Group(*blocks)


def sections(record: Mapping[str, Any]) -> list[tuple[str, Pairs]]:
    """(title, pairs of name and value) of everything below the head; sections without a value are left out."""
    others = {key: value for key, value in record.items() if key not in KNOWN}
    found = [
        ("Judged", _judged(record)),
        ("Outcomes", _outcomes(record)),
        ("By difficulty", _counts(object_at(record, "results", "difficulty_scores"))),
        ("By field", _fields(record)),
        ("Faults in mid-run", faults(record)),
        ("Asked twice", asked_twice(record) or _flattened(object_at(record, "audit"))),
        ("Tokens and time", [*_usage(record), *_thinking(record)]),
        ("Checks of the server", _flattened(object_at(record, "checks"))),
        *((title, _flattened(object_at(record, key))) for key, title in _FLAT),
        ("Other fields", _flattened(others)),
    ]
    return [(title, pairs) for title, pairs in found if pairs]


def _judged(record: Mapping[str, Any]) -> Pairs:
    """Of a judgement what it came to, on the rubric's scale, whose texts they were, and who judged."""
    results = object_at(record, "results")
    found = {"run": value_at(record, "judgement_of"), "composite": value_at(results, "composite"),
             **object_at(results, "criteria"), **object_at(record, "judging")}
    return _flattened({name: value for name, value in found.items() if value is not None})


def head(record: Mapping[str, Any]) -> Pairs:
    """What the run is and what came of it, in pairs of name and value; empty values for what is not known."""
    passed, total = count_at(record, "results", "total_passed"), count_at(record, "results", "total_problems")
    pairs = [("Score", score_line(record)), ("Bounds", bounds_line(record))]
    if passed is not None and total is not None:
        pairs.append(("Passed", f"{passed:,} of {total:,} tasks"))
    if value_at(record, "config", "imported") is True:
        pairs.append(("Origin", escape(f"{text_at(record, 'config', 'origin') or 'another program'}, imported")))
    pairs += [("Validity", _validity(record)), ("To do", "\n".join(hint_lines(record))),
              ("Status", escape(text_at(record, "status") or "")), ("Decision", decided(record)),
              ("When", shown_text(value_at(record, "timestamp") or "")),
              ("Run", escape(text_at(record, "run_id") or ""))]
    return pairs


def score_line(record: Mapping[str, Any]) -> str:
    """``48.2 %, 95 % interval 40.7 to 55.8 %``; one that is suspect is never said without that word."""
    score = number_at(record, "results", "score")
    if score is None and awaits_judge(record):
        texts = texts_waiting(record)
        waiting = "" if texts is None else f", {texts:,} {'text waits' if texts == 1 else 'texts wait'} for a judge"
        return f"unjudged{waiting}"
    if score is None:
        return "none: no task was scored"
    between = interval_line(record)
    doubt = " (suspect)" if text_at(record, "validity", "status") == "suspect" else ""
    return numbers.percent(score) + doubt + (f", {between}" if between else "")


def interval_line(record: Mapping[str, Any]) -> str:
    """``95 % interval 40.7 to 55.8 %``; empty where none is known."""
    between = _range(record, "interval")
    return f"95 % interval {between}" if between else ""


def bounds_line(record: Mapping[str, Any]) -> str:
    """``31.7 to 41.7 % had all truncated tasks failed or passed``; empty where none was cut off."""
    between = _range(record, "bounds")
    return f"{between} had all truncated tasks failed or passed" if between else ""


def _range(record: Mapping[str, Any], key: str) -> str:
    found = value_at(record, key)
    if not isinstance(found, list | tuple) or len(found) != 2:
        return ""
    low, high = number_at({"n": found[0]}, "n"), number_at({"n": found[1]}, "n")
    return "" if low is None or high is None else f"{low:.1f} to {numbers.percent(high)}"


def _validity(record: Mapping[str, Any]) -> str:
    status = escape(text_at(record, "validity", "status") or "not known")
    reasons = [escape(reason) for reason in texts_at(record, "validity", "reasons") or ()]
    untold = [escape(what) for what in texts_at(record, "validity", "unchecked") or ()]
    more = [f"not known: {'; '.join(untold)}"] if untold else []
    return "\n".join([f"{status}:", *reasons, *more]) if reasons or more else status


def hint_lines(record: Mapping[str, Any]) -> list[str]:
    """What can be done where a limit decided the score."""
    return [escape(hint, 400) for hint in texts_at(record, "validity", "hints") or ()]


def _evidence(record: Mapping[str, Any], evidence: Sequence[Doubt] | None) -> list[RenderableType]:
    if evidence is None:
        suspect = text_at(record, "validity", "status") == "suspect"
        return [Text("\nEvidence", style="bold"), Text(f"  {NO_FOLDER}", style="dim")] if suspect else []
    if not evidence:
        return []
    blocks: list[RenderableType] = [Text("\nEvidence", style="bold")]
    for finding in evidence:
        blocks.append(Text(f"  {heading(finding)}", style="yellow"))
        for what, said in lines(finding):
            blocks.append(Padding(Text.assemble((what, "dim"), "  ", said), (0, 0, 0, 4)))
    return blocks


def faults(record: Mapping[str, Any]) -> Pairs:
    """What went wrong without ending the run: how often, and the first reason."""
    faults = value_at(record, "faults")
    if not isinstance(faults, list | tuple):
        return [("faults", shown_text(faults, 300))] if faults is not None else []
    found = []
    for fault in faults:
        kind, count = text_at(fault, "kind"), count_at(fault, "count")
        reason = text_at(fault, "reason") or ""
        if kind is None or count is None:
            found.append(("", shown_text(fault, 300)))
        else:
            found.append((escape(kind, 34), f"{count:,} {'time' if count == 1 else 'times'}; {escape(reason, 300)}"))
    return found


def _thinking(record: Mapping[str, Any]) -> Pairs:
    share, unclosed = number_at(record, "thinking", "share"), count_at(record, "thinking", "unclosed")
    estimated = "  (estimated from characters)" if value_at(record, "thinking", "estimated") is True else ""
    found = [("of them thinking", f"{numbers.percent(100 * share)}{estimated}")] if share is not None else []
    return found + ([("thinking never closed", f"{unclosed:,} replies")] if unclosed else [])


def _outcomes(record: Mapping[str, Any]) -> Pairs:
    outcomes = object_at(record, "outcomes")
    return [(outcome_words(name), f"{shown_text(count)}{'  (not in the denominator)' if name in _UNCOUNTED else ''}")
            for name, count in outcomes.items()]


_UNCOUNTED = frozenset({"lost", "harness_fault"}) & LOUD


def _counts(groups: Mapping[str, Any]) -> Pairs:
    found = []
    for name in groups:
        passed, total = count_at(groups, name, "passed"), count_at(groups, name, "total")
        if passed is not None and total:
            found.append((escape(name, 40), f"{passed} of {total}  ({numbers.percent(100 * passed / total)})"))
    return found


def _fields(record: Mapping[str, Any]) -> Pairs:
    score = number_at(record, "results", "field_scores", "score")
    mean = [("mean over tasks", numbers.percent(score))] if score is not None else []
    return mean + _counts(object_at(record, "results", "field_scores", "fields"))


_USAGE = (
    (("results", "time_taken"), "time taken", numbers.seconds),
    (("latency", "startup_s"), "server start", numbers.seconds),
    (("latency", "generation_s"), "generating", numbers.seconds),
    (("latency", "verify_s"), "verifying, all workers", numbers.seconds),
    (("latency", "request_s_p50"), "request, median", numbers.seconds),
    (("latency", "request_s_p95"), "request, 95th percentile", numbers.seconds),
    (("latency", "tokens_per_second"), "tokens/s, all slots", numbers.rate),
    (("latency", "decode_tokens_per_second"), "tokens/s, one slot", numbers.rate),
    (("latency", "prompt_tokens_per_second"), "prompt tokens/s, one slot", numbers.rate),
    (("usage", "requests"), "requests", numbers.whole),
    (("usage", "requests_failed"), "requests failed", numbers.whole),
    (("usage", "prompt_tokens"), "prompt tokens", numbers.whole),
    (("usage", "cached_tokens"), "of them from the cache", numbers.whole),
    (("usage", "completion_tokens"), "completion tokens", numbers.whole),
)


def _usage(record: Mapping[str, Any]) -> Pairs:
    return [(words, shown(value)) for keys, words, shown in _USAGE if (value := number_at(record, *keys)) is not None]


def _flattened(values: Mapping[str, Any], prefix: str = "") -> Pairs:
    """Names and values, objects taken apart one level at a time to a depth that stays readable."""
    found: list[tuple[str, str]] = []
    for key, value in values.items():
        name = f"{prefix}{escape(str(key), 60)}"
        if isinstance(value, Mapping) and value and name.count(".") < 3:
            found += _flattened(value, f"{name}.")
        elif name.endswith("_bytes") and (number := number_at(values, key)) is not None:
            found.append((name, numbers.size(number)))
        else:
            found.append((name, shown_text(value, 300)))
    return found


def failed_tasks(record: Mapping[str, Any]) -> tuple[str, list[str]]:
    """(heading, names): the tasks that did not pass, as many as can be looked at."""
    failed = texts_at(record, "results", "failed_tasks") or ()
    more = [f"and {len(failed) - MOST_FAILED:,} more"] if len(failed) > MOST_FAILED else []
    return f"Failed tasks ({len(failed):,})", [*(escape(task, 80) for task in failed[:MOST_FAILED]), *more]


def _pairs(pairs: Iterable[tuple[str, str]]) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", min_width=12, max_width=34, overflow="fold")
    grid.add_column(overflow="fold")
    for name, value in pairs:
        if value:
            grid.add_row(Text(name), Text(value))
    return Padding(grid, (0, 0, 0, 2))
