"""A record as a row: what ``compare`` shows of a run by itself, whatever it is held against."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from analysis.groups import base_and_quantization
from analysis.noise import audit_of
from analysis.pairs import WHOLE
from core.judged_in_record import awaits_judge, judge_of
from core.lookup import count_at, number_at, object_at, text_at, texts_at, value_at

NOT_SETTINGS = frozenset({
    "path", "base_name", "quantization", "size_bytes", "parameters", "architecture", "server_build", "server_bin",
    "gpu_layers_of",
    "sampling_effective", "loop",
    "until_decided", "experiment", "prompt_sha256",
    "imported", "other_scores",
    "isolation", "verify_timeout_s", "request_timeout_s", "startup_timeout_s", "ctx_train", "layers", "base_url",
})
"""Parts of ``config`` that say what the model or the machine is, not how it was asked (``loop``: only when a reply that
repeats itself is stopped): a later run replaces the row of an earlier one that differs in nothing else."""

QUANTIZATIONS, STRATEGIES, MODELS = "quantizations", "strategies", "models"
BEFORE_AND_AFTER = "before and after"
"""The groups of ``compare``."""

Record = Mapping[str, Any]

Row = dict[str, Any]

Placed = tuple[Record, Row]
"""A row and the record it is of."""


def row_of(record: Record) -> Row:
    """What is known of one run; unknown values are None. The keys are told in ``analysis.comparison``."""
    base, quantization = base_and_quantization(record)
    results, config, memory = (object_at(record, key) for key in ("results", "config", "memory"))
    return {
        "benchmark": text_at(record, "benchmark"),
        "model": text_at(record, "model"),
        "base": base,
        "quantization": quantization,
        "run_id": text_at(record, "run_id"),
        "timestamp": text_at(record, "timestamp"),
        "status": text_at(record, "status"),
        "origin": text_at(config, "origin") if value_at(config, "imported") is True else None,
        "score": number_at(results, "score"),
        "unjudged": True if awaits_judge(record) else None,
        "judge": judge_of(record),
        "interval": _pair(record, "interval"),
        "bounds": _pair(record, "bounds"),
        "total_passed": count_at(results, "total_passed"),
        "total_problems": count_at(results, "total_problems"),
        "validity": text_at(record, "validity", "status"),
        "reasons": list(texts_at(record, "validity", "reasons") or ()) or None,
        "tokens_per_second": number_at(record, "latency", "tokens_per_second"),
        "time_taken_s": number_at(results, "time_taken"),
        "size_bytes": number_at(config, "size_bytes"),
        "ram_bytes": number_at(memory, "server_rss_bytes"),
        "vram_bytes": number_at(memory, "gpu_bytes"),
        "energy_per_solved_j": _energy_per_solved(record),
        "energy_of": _energy_of(record),
        "isolation": text_at(config, "isolation"),
        "audit": list(audit_of(record) or ()) or None,
        "decision": dict(object_at(record, "decision")) or None,
    }


def known(row: Row) -> Row:
    """The row without what is unknown or empty."""
    return {key: value for key, value in row.items() if value is not None and value != {}}


def settings_of(record: Record) -> dict[str, Any]:
    """Every setting by its dotted name."""
    found: dict[str, Any] = {}
    for key, value in object_at(record, "config").items():
        if key in NOT_SETTINGS:
            continue
        if isinstance(value, Mapping):
            found |= {f"{key}.{name}": inner for name, inner in value.items()}
        else:
            found[key] = value
    return found


def differing(every: Sequence[Row]) -> list[Row]:
    """Of each the settings that are not the same in all."""
    names = sorted({name for settings in every for name in settings})
    unequal = [name for name in names if any(settings.get(name) != every[0].get(name) for settings in every)]
    return [{name: settings[name] for name in unequal if name in settings} for settings in every]


def of_other_programs(rows: Iterable[Row]) -> list[str]:
    """A line that names the runs that were imported; none where there are none."""
    named = dict.fromkeys(f"{row.get('model')} of {row.get('benchmark')} ({row['origin']})" for row in rows
                          if row.get("origin"))
    if not named:
        return []
    shown = ", ".join(list(named)[:8]) + (f" and {len(named) - 8:,} more" if len(named) > 8 else "")
    return [f"Run by other programs, with prompts and limits of their own: {shown}."]


def is_sound(record: Record) -> bool:
    """Neither suspect nor incomplete, as far as the record says."""
    status = value_at(record, "status")
    return text_at(record, "validity", "status") != "suspect" and status in (None, *WHOLE)


def _energy_per_solved(record: Record) -> float | None:
    energy, passed = number_at(record, "energy", "energy_j"), count_at(record, "results", "total_passed")
    return energy / passed if energy is not None and energy >= 0 and passed else None


def _energy_of(record: Record) -> list[str] | None:
    """The kinds that were metered, of a run whose joules are known: ``["cpu", "gpu"]``."""
    energy = object_at(record, "energy")
    kinds = sorted(kind for kind in energy if number_at(energy, kind, "energy_j") is not None)
    return kinds if kinds and _energy_per_solved(record) is not None else None


def _pair(record: Record, key: str) -> list[float] | None:
    found = value_at(record, key)
    if not isinstance(found, list | tuple) or len(found) != 2:
        return None
    low, high = number_at({"n": found[0]}, "n"), number_at({"n": found[1]}, "n")
    return [low, high] if low is not None and high is not None and low <= high else None
