"""``compare``: runs side by side, quantizations under their base model, models under the best, versions in time.

Takes the rows of ``analysis.comparison``, whose docstring lists their keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from core.lookup import number_at, object_at, text_at, texts_at, value_at
from reports import decision, numbers
from reports.compare_legend import ON_FRONT, UNJUDGED, legend_of
from reports.strategies import strategy_label
from reports.table import Column, Legend, Line, Section, Table, shown_text
from reports.text import escape
from reports.verdicts import sentences

COLUMNS = (
    Column("quantization", "Quant."),
    Column("score", "Score % [95 %]", "right"),
    Column("judge", "Judge (rubric)"),
    Column("validity", "Validity"),
    Column("samples", "Samples", "right"),
    Column("tokens", "Tokens/task", "right"),
    Column("times", "x tokens", "right"),
    Column("oracle", "Any right", "right", dropped=7),
    Column("against", "vs baseline", "right"),
    Column("between", "[95 %]", "right", dropped=12),
    Column("p", "p (Holm)", "right", dropped=9),
    Column("flips", "Lost/won", "right", dropped=14),
    Column("shows", "Would show", "right", dropped=4, pasted=False),
    Column("verdicts", "Same verdict", "right", dropped=3, pasted=False),
    Column("texts", "Same text", "right", dropped=8),
    Column("noise", "Asked twice", "right", dropped=13),
    Column("speed", "Tok/s", "right", dropped=16),
    Column("time", "Time", "right", dropped=5),
    Column("ram", "RAM", "right", dropped=10),
    Column("vram", "VRAM", "right", dropped=11),
    Column("size", "Size", "right", dropped=15),
    Column("energy", "J/solved", "right", dropped=7),
    Column("tasks", "Tasks", "right", dropped=6),
    Column("isolation", "Isolation", dropped=1, pasted=False),
    Column("date", "Date", dropped=2, pasted=False),
)

CSV_KEYS = ("group", "benchmark", "base", "quantization", "model", "strategy", "budget", "samples", "completion_tokens",
            "times_tokens", "oracle", "unjudged", "judge", "score", "interval_low", "interval_high", "validity",
            "reasons", "total_passed", "total_problems", "baseline", "baseline_run_id", "difference", "difference_low",
            "difference_high", "p_value", "p_corrected", "comparisons", "against", "only_baseline_passed",
            "only_this_passed", "same_verdicts", "same_texts", "texts_compared", "would_have_shown", "within_noise",
            "audit_tasks", "audit_texts_differ", "audit_verdicts_differ", "tokens_per_second", "time_taken_s",
            "ram_bytes", "vram_bytes", "size_bytes", "energy_per_solved_j", "energy_of", "pareto", "isolation",
            "status", "timestamp", "run_id", "settings", "version", "origin")

_SPLIT = {"interval": ("interval_low", "interval_high"), "difference_interval": ("difference_low", "difference_high"),
          "flips": ("only_baseline_passed", "only_this_passed"), "same_texts": ("same_texts", "texts_compared"),
          "audit": ("audit_tasks", "audit_texts_differ", "audit_verdicts_differ")}
"""Lists of a row whose members programs get by name."""

LETTERS = "abcdefghijklmnopqrstuvwxyz"

_PROMPT = "prompt_version"

_WORDS = {"clearly lower": "lower", "clearly higher": "higher", "no clear difference": ""}
_STYLES = {"clearly lower": "red", "clearly higher": "green"}

_TITLES = {"models": "models against each other", "strategies": "strategies", "before and after": "before and after"}
_HEADINGS = {"models": "Model", "strategies": "Strategy", "before and after": "Version"}

Row = Mapping[str, Any]


def rows(compared: Iterable[Row], remarks: Sequence[str] = ()) -> Table:
    """The table of compared runs, a section for each group of a benchmark. ``remarks``: what is to be said below it."""
    listed = list(compared)
    grouped = groupby(listed, key=lambda row: (row.get("benchmark"), *_group(row)))
    sections = tuple(_section(list(group)) for _, group in grouped)
    legend = (*legend_of(listed), *(Legend("quantization", escape(remark, None)) for remark in remarks))
    return Table(COLUMNS, sections, legend, tuple(map(_flat, listed)))


def _group(row: Row) -> tuple[str, Any]:
    """What stands together: models of any base name, one model's strategies, and otherwise those of one base name."""
    group = text_at(row, "group") or ""
    return group, None if group == "models" else _asked_first(row) if group == "strategies" else row["base"]


def _asked_first(row: Row) -> str:
    """The model, and of two that are chained the first."""
    base, quantization = text_at(row, "base") or "?", text_at(row, "quantization")
    return f"{base}:{quantization}" if quantization else base


def _section(group: Sequence[Row]) -> Section:
    kind = text_at(group[0], "group") or ""
    names = names_of(group)
    totals = {number_at(row, "total_problems") for row in group}
    lines = tuple(_line(row, name, alike=len(totals) == 1) for row, name in zip(group, names, strict=True))
    notes: list[str] = []
    for name, row in zip(names, group, strict=True):
        settings = object_at(row, "settings").items()
        if settings and not _is_prompt_alone(group):
            notes.append(f"{name}: {', '.join(f'{escape(key, 60)} {shown_text(value)}' for key, value in settings)}")
        reasons = "; ".join(escape(reason) for reason in texts_at(row, "reasons") or ())
        if reasons:
            notes.append(f"{name} is suspect: {reasons}")
        notes += _noise_notes(name, row)
        if "decision" in row and row.get("is_baseline") is not True:
            notes.append(f"--until-decided: {decision.sentence(row)}")
    notes += _energy_notes(names, group)
    said = sentences(list(zip(names, group, strict=True)), _baseline_namer(group, names))
    return Section(_title(group[0], totals), lines, tuple(notes), said, _HEADINGS.get(kind, ""))


def _title(row: Row, totals: set[float | None]) -> str:
    of_it = _asked_first(row) if text_at(row, "group") == "strategies" else text_at(row, "base") or "?"
    kind = _TITLES.get(text_at(row, "group") or "", "")
    what = {"": escape(of_it, 60), "models against each other": kind}.get(kind, f"{escape(of_it, 60)} {kind}")
    total = next(iter(totals)) if len(totals) == 1 else None
    tasks = "" if total is None else f", {numbers.whole(total)} {'task' if total == 1 else 'tasks'}"
    return f"{escape(text_at(row, 'benchmark') or '?', 60)}: {what}{tasks}"


def names_of(group: Sequence[Row]) -> list[str]:
    """What the rows of one group are called in it, escaped."""
    if _is_prompt_alone(group):
        versions = [text_at(row, "settings", _PROMPT) for row in group]
        return [f"{_name(row)} {escape(version, 32)}" if version else _name(row)
                for row, version in zip(group, versions, strict=True)]
    letters = _letters(group)
    return [_name(row) + letters.get(place, "") for place, row in enumerate(group)]


def _name(row: Row) -> str:
    quantization = escape(text_at(row, "quantization") or "-", 24)
    if row.get("group") == "models":
        return escape(text_at(row, "model") or "?", 40)
    if row.get("group") == "strategies":
        return strategy_label(row)
    if row.get("group") == "before and after":
        version = ", ".join(shown_text(value_at(row, "version", name), 32) for name in texts_at(row, "told_by") or ()
                            if value_at(row, "version", name) is not None)
        return f"{quantization} ({version or 'version unknown'})"
    return f"{quantization} {strategy_label(row)}" if "strategy" in row else quantization


def _is_prompt_alone(group: Sequence[Row]) -> bool:
    """Whether the prompt's version is all that tells the rows of one quantization apart: then it is their name."""
    return all(object_at(row, "settings").keys() <= {_PROMPT} for row in group) and any(
        _PROMPT in object_at(row, "settings") for row in group)


def _letters(group: Sequence[Row]) -> dict[int, str]:
    """A letter for each row whose settings differ from another's of the same quantization."""
    marked = [index for index, row in enumerate(group) if object_at(row, "settings")]
    return {index: f" ({LETTERS[place] if place < len(LETTERS) else place + 1})" for place, index in enumerate(marked)}


def _baseline_namer(group: Sequence[Row], names: Sequence[str]) -> Any:
    """What a group calls the run that a row is held against: by its name there, else by its label."""
    by_id = {row["run_id"]: name for row, name in zip(group, names, strict=True) if "run_id" in row}
    return lambda row: by_id.get(text_at(row, "baseline_run_id")) or escape(text_at(row, "baseline") or "?", 60)


def _line(row: Row, name: str, *, alike: bool) -> Line:
    """``alike``: the number of tasks is the same in the whole section, and told in its title."""
    validity = text_at(row, "validity") or ""
    if validity != "suspect" and row.get("status") == "incomplete":
        validity = "incomplete"
    against = text_at(row, "against") or ""
    return Line({
        "quantization": name + (f" {ON_FRONT}" if row.get("pareto") is True else ""),
        "score": UNJUDGED if row.get("unjudged") is True else numbers.score_cell(number_at(row, "score"),
                                                                                 value_at(row, "interval")),
        "judge": escape(text_at(row, "judge") or "", 40),
        "validity": escape(validity, 12),
        "samples": numbers.amount(number_at(row, "samples")),
        "tokens": numbers.amount(number_at(row, "completion_tokens")),
        "times": _ratio(number_at(row, "times_tokens")),
        "oracle": numbers.percent(number_at(row, "oracle")),
        "against": _against(row, against),
        "between": numbers.between(value_at(row, "difference_interval")),
        "p": numbers.probability(number_at(row, "p_corrected")),
        "flips": _counts(row, "flips", "/"),
        "shows": numbers.amount(number_at(row, "would_have_shown")),
        "verdicts": numbers.percent(number_at(row, "same_verdicts")),
        "texts": _share(value_at(row, "same_texts")),
        "noise": _noise(row),
        "speed": numbers.rate(number_at(row, "tokens_per_second")),
        "time": numbers.seconds(number_at(row, "time_taken_s")),
        "ram": numbers.size(number_at(row, "ram_bytes")),
        "vram": numbers.size(number_at(row, "vram_bytes")),
        "size": numbers.size(number_at(row, "size_bytes")),
        "energy": numbers.amount(number_at(row, "energy_per_solved_j")),
        "tasks": "" if alike else numbers.whole(number_at(row, "total_problems")),
        "isolation": escape(text_at(row, "isolation") or "", 12),
        "date": escape(numbers.date(text_at(row, "timestamp"))),
    }, styles={"against": _STYLES.get(against, ""), "validity": "" if validity == "ok" else "yellow", "score": "bold"})


def _against(row: Row, against: str) -> str:
    if row.get("is_baseline") is True:
        return "baseline"
    if against.startswith("unpaired"):
        return "unpaired"
    return f"{_WORDS.get(against, '')} {numbers.points(number_at(row, 'difference'))}".strip()


def _ratio(times: float | None) -> str:
    return "" if times is None else f"{times:.2f}"


def _counts(row: Row, key: str, between: str) -> str:
    found = value_at(row, key)
    return between.join(f"{count:,}" for count in found) if isinstance(found, list) else ""


def _share(counts: Any) -> str:
    return numbers.percent(100 * counts[0] / counts[1]) if isinstance(counts, list) and counts[1] else ""


def _noise(row: Row) -> str:
    audit = value_at(row, "audit")
    return f"{audit[2]} of {audit[0]}" if isinstance(audit, list) else ""


def _noise_notes(name: str, row: Row) -> list[str]:
    """What asking twice says of this row's difference."""
    notes = []
    audit = value_at(row, "audit")
    if isinstance(audit, list) and any(audit[1:]):
        notes.append(f"{name} asked twice: {audit[2]} of {audit[0]} verdicts differed, {audit[1]} texts")
    flips = value_at(row, "flips")
    if row.get("within_noise") is True and isinstance(flips, list) and sum(flips):
        baseline = escape(text_at(row, "baseline") or "the baseline", 60)
        tasks = f"{sum(flips):,} {'task' if sum(flips) == 1 else 'tasks'}"
        notes.append(f"{name} is within the noise floor: it disagrees with {baseline} on {tasks}, no larger a share "
                     "than the same model asked twice with itself")
    return notes


def _energy_notes(names: Sequence[str], group: Sequence[Row]) -> list[str]:
    """A word where not the same parts of the machines were metered."""
    metered: dict[str, list[str]] = {}
    for name, row in zip(names, group, strict=True):
        kinds = texts_at(row, "energy_of") or ()
        if kinds:
            metered.setdefault(" and ".join(escape(kind, 12).upper() for kind in kinds), []).append(name)
    if len(metered) < 2:
        return []
    said = "; ".join(f"{kinds} of {', '.join(of_it)}" for kinds, of_it in metered.items())
    return [f"J/solved does not compare across these runs, of which not the same was metered: {said}"]


def _flat(row: Row) -> dict[str, Any]:
    """A row for programs; what stands in lists also by name, for CSV."""
    found = {key: value for key, value in row.items() if key not in {"audit", "same_texts"}}
    for key, names in _SPLIT.items():
        values = value_at(row, key)
        if isinstance(values, list | tuple) and len(values) == len(names):
            found |= dict(zip(names, values, strict=True))
    return found
