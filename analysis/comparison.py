"""Records side by side: what ``compare`` shows, as plain rows of numbers that any report can render.

A row is a mapping that JSON can hold; a key whose value is unknown is absent:

===================  ================================================================================================
``benchmark``        name
``model``            label as in the record
``base``             base name; ``quantization``: its quantization
``run_id``           the run behind the row; ``timestamp``: when it ended; ``status``: ``complete`` or ``incomplete``
``score``            percent; ``interval`` and ``bounds``: ``[low, high]`` in percent
``total_passed``     tasks; ``total_problems``: tasks that count
``validity``         ``ok`` or ``suspect``; ``reasons``: one line each
``tokens_per_second``, ``time_taken_s``, ``size_bytes``, ``isolation``
``settings``         the settings in which this row differs from others of the same model and benchmark
``baseline``         label of the run it is held against; absent when it is that run itself or none is there
``is_baseline``      whether others are held against it
``difference``       points against the baseline, on the same tasks
``p_value``          exact McNemar, two-sided, of that difference, not corrected for the number of comparisons
``flips``            ``[tasks only the baseline passed, tasks only this run passed]``
``audit``            ``[tasks asked twice, texts that differed, verdicts that differed]``, where the run was audited
``within_noise``     whether the two runs disagree on no larger share of tasks than one of them does with itself; absent
                     where neither was audited
``against``          in words: ``clearly lower``, ``clearly higher``, ``no clear difference`` or ``unpaired: <why>``
===================  ================================================================================================
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from analysis.groups import base_and_quantization, order
from analysis.noise import audit_of, within_noise
from analysis.pairs import paired, unpaired_because
from core.errors import UsageError
from core.lookup import count_at, number_at, object_at, text_at, texts_at, value_at

ALPHA = 0.05

NOT_SETTINGS = frozenset({
    "path", "base_name", "quantization", "size_bytes", "parameters", "architecture", "server_build", "server_bin",
    "gpu_layers_of",
    "sampling_effective", "loop",
    "isolation", "verify_timeout_s", "request_timeout_s", "startup_timeout_s", "ctx_train", "layers", "base_url",
})
"""Parts of ``config`` that say what the model or the machine is, not how it was asked (``loop``: only when a reply that
repeats itself is stopped): a later run replaces the row of an earlier one that differs in nothing else."""

Row = dict[str, Any]


def compare_runs(records: Iterable[Mapping[str, Any]], *, benchmark: str | None = None, baseline: str | None = None,
                 every_run: bool = False) -> list[Row]:
    """Rows sorted by benchmark, base name and size, larger first.

    Of runs alike in model, quantization, benchmark and settings the latest is shown, all with ``every_run``. Each row
    is held against the largest quantization of its base name, or against ``baseline``: a model's label, or a base name
    for its largest quantization. Raises UsageError when ``benchmark`` or ``baseline`` is in no record.
    """
    known = list(records)
    chosen = [record for record in known if benchmark is None or text_at(record, "benchmark") == benchmark]
    if benchmark is not None and not chosen:
        there = sorted({text_at(record, "benchmark") or "" for record in known})
        raise UsageError(f"the ledger has no run of {benchmark!r}; it has {', '.join(there) or 'no runs yet'}")
    if not every_run:
        chosen = _latest(chosen)
    chosen.sort(key=lambda record: str(value_at(record, "timestamp") or ""), reverse=True)
    chosen.sort(key=order)
    if baseline is not None and not any(_is_called(record, baseline) for record in chosen):
        models = ", ".join(dict.fromkeys(text_at(record, "model") or "" for record in chosen))
        raise UsageError(f"no run of the baseline {baseline!r} is among those compared; there are {models or 'none'}")
    rows: list[Row] = []
    for _, group in groupby(chosen, key=lambda record: text_at(record, "benchmark")):
        rows += _of_benchmark(list(group), baseline)
    return rows


def _latest(records: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The last of each kind by timestamp; among equal timestamps the one that stands later in the ledger."""
    found: dict[str, Mapping[str, Any]] = {}
    for record in sorted(records, key=lambda record: str(value_at(record, "timestamp") or "")):
        kind = (text_at(record, "benchmark"), *base_and_quantization(record), text_at(record, "tasks_sha256"),
                _settings(record))
        found[json.dumps(kind, sort_keys=True, default=str)] = record
    return list(found.values())


def _of_benchmark(records: list[Mapping[str, Any]], baseline: str | None) -> list[Row]:
    rows: list[Row] = []
    named = _named(records, baseline)
    for _, group in groupby(records, key=lambda record: base_and_quantization(record)[0]):
        members = list(group)
        largest = _same_quantization(members)
        heads = named if baseline is not None else largest if len(largest) < len(members) else []
        for _, alike in groupby(members, key=lambda record: base_and_quantization(record)[1]):
            same = list(alike)
            for record, settings in zip(same, _differing([_settings(record) for record in same]), strict=True):
                row = _row(record) | {"settings": settings} | _against(record, heads)
                rows.append({key: value for key, value in row.items() if value is not None and value != {}})
    return rows


def _row(record: Mapping[str, Any]) -> Row:
    base, quantization = base_and_quantization(record)
    return {
        "benchmark": text_at(record, "benchmark"),
        "model": text_at(record, "model"),
        "base": base,
        "quantization": quantization,
        "run_id": text_at(record, "run_id"),
        "timestamp": text_at(record, "timestamp"),
        "status": text_at(record, "status"),
        "score": number_at(record, "results", "score"),
        "interval": _pair(record, "interval"),
        "bounds": _pair(record, "bounds"),
        "total_passed": count_at(record, "results", "total_passed"),
        "total_problems": count_at(record, "results", "total_problems"),
        "validity": text_at(record, "validity", "status"),
        "reasons": list(texts_at(record, "validity", "reasons") or ()) or None,
        "tokens_per_second": number_at(record, "latency", "tokens_per_second"),
        "time_taken_s": number_at(record, "results", "time_taken"),
        "size_bytes": number_at(record, "config", "size_bytes"),
        "isolation": text_at(record, "config", "isolation"),
        "audit": list(audit_of(record) or ()) or None,
    }


def _against(record: Mapping[str, Any], heads: Sequence[Mapping[str, Any]]) -> Row:
    """How a record compares with the first of ``heads`` that it pairs with, or why with none."""
    if not heads:
        return {}
    if any(record is head for head in heads):
        return {"is_baseline": True}
    for head in heads:
        found = paired(head, record)
        if found is not None:
            clear = found.p_value < ALPHA
            words = "no clear difference"
            if clear:
                words = "clearly lower" if found.difference_points < 0 else "clearly higher"
            audits = [audit for audit in map(audit_of, (head, record)) if audit is not None]
            flips = found.only_first + found.only_second
            return {"within_noise": within_noise(flips, found.total, audits),
                    "baseline": text_at(head, "model"), "difference": found.difference_points, "p_value": found.p_value,
                    "flips": [found.only_first, found.only_second], "against": words}
    why = unpaired_because(heads[0], record) or "no task counted"
    return {"baseline": text_at(heads[0], "model"), "against": f"unpaired: {why}"}


def _named(records: Sequence[Mapping[str, Any]], name: str | None) -> list[Mapping[str, Any]]:
    """The records that ``name`` means: those with that label, else the largest quantization of that base name."""
    called = [record for record in records if name is not None and _is_called(record, name)]
    labelled = [record for record in called if base_and_quantization(record)[0] != name]
    return labelled or _same_quantization(called)


def _same_quantization(records: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those with the quantization of the first, which is the largest."""
    return [record for record in records if base_and_quantization(record) == base_and_quantization(records[0])]


def _is_called(record: Mapping[str, Any], name: str) -> bool:
    """Whether ``name`` means this record's model: its label, or base and quantization; or its base name."""
    base, quantization = base_and_quantization(record)
    return name in {text_at(record, "model"), base, f"{base}:{quantization}"}


def _settings(record: Mapping[str, Any]) -> dict[str, Any]:
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


def _differing(every: Sequence[Row]) -> list[Row]:
    """Of each the settings that are not the same in all."""
    names = sorted({name for settings in every for name in settings})
    differing = [name for name in names if any(settings.get(name) != every[0].get(name) for settings in every)]
    return [{name: settings[name] for name in differing if name in settings} for settings in every]


def _pair(record: Mapping[str, Any], key: str) -> list[float] | None:
    found = value_at(record, key)
    if not isinstance(found, list | tuple) or len(found) != 2:
        return None
    low, high = number_at({"n": found[0]}, "n"), number_at({"n": found[1]}, "n")
    return [low, high] if low is not None and high is not None and low <= high else None
