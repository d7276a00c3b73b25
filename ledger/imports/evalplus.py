"""evalplus' ``*_eval_results.json``: each task's programs with a status under the base tests and under the added ones.

Such a file is two runs: of the benchmark itself, and of its Plus variant, which a program passes that passes both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from core.outcomes import Outcome
from core.records import Answer, Sample, Verified
from ledger.imports.found import Found, Wish, judged, repeats
from ledger.imports.names import model_in, stem, task_called
from ledger.imports.source import Source, text_of

_STATUSES: Final = {"pass": None, "fail": Outcome.WRONG, "timeout": Outcome.TIMED_OUT}


def knows(source: Source) -> bool:
    first = source.first
    return not source.is_lines and isinstance(first.get("eval"), dict) and ("hash" in first or "pass_at_k" in first)


def read(source: Source, wish: Wish) -> list[Found]:
    """One run, or two. Raises BadInput, file and line named."""
    entries = _entries(source)
    tasks = [task for task, _, _ in entries]
    each, duplicates = repeats(tasks)
    model, temperature = model_in(stem(source.path, "_eval_results.json", ".eval_results.json", ".json"))
    is_mbpp = any(task.lower().startswith("mbpp/") for task in source.first["eval"])
    benchmark = wish.benchmark or ("mbpp" if is_mbpp else "human_eval")
    plus = all(entry.get("plus_status") is not None for _, _, entry in entries)
    sampling = {"temperature": temperature} if temperature is not None else {}
    return [Found(
        "evalplus", variant, benchmark + ("_plus" if variant == "plus" else ""), wish.model or model,
        timestamp=_date(source.first.get("date")),
        rows=[_row(source, task, index, entry, variant) for task, index, entry in entries],
        model_named=wish.model is not None, config={"sampling": sampling}, samples_per_task=each, duplicates=duplicates,
        reported_percent=_reported(source.first.get("pass_at_k"), variant),
    ) for variant in (("base", "plus") if plus else ("base",))]


def _entries(source: Source) -> list[tuple[str, int, Mapping[str, Any]]]:
    """(task id, sample, entry) of all that was evaluated."""
    found: list[tuple[str, int, Mapping[str, Any]]] = []
    for name, entries in source.first["eval"].items():
        if isinstance(entries, dict) and "nfiles" in entries:
            raise source.bad(source.line_with(name),
                             "the layout of evalplus before 0.2, which this does not read: evaluate anew")
        if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
            raise source.bad(source.line_with(name), f"the task {name!r} has no list of evaluated programs")
        found += [(task_called(text_of(name) or ""), index, entry) for index, entry in enumerate(entries)]
    if not found:
        raise source.bad(source.line_with("eval"), "there is no task in it")
    return found


def _row(source: Source, task: str, index: int, entry: Mapping[str, Any], variant: str) -> Verified:
    keys = ("base_status", "plus_status") if variant == "plus" else ("base_status",)
    failed: Outcome | None = None
    for key in keys:
        status = entry.get(key)
        if not isinstance(status, str) or status not in _STATUSES:
            raise source.bad(source.line_with(task, f"Mbpp/{task}"), f"the task {task!r} has no {key} that is known")
        failed = failed or _STATUSES[status]
    program = text_of(entry.get("solution"))
    sample = Sample(task, index, program or "")
    return judged(passed=failed is None, sample=sample, answer=Answer(program), failed=failed or Outcome.WRONG,
                  detail="" if failed is None else f"{variant} tests")


def _reported(found: Any, variant: str) -> float | None:
    value = found.get(variant, {}) if isinstance(found, dict) else {}
    share = value.get("pass@1") if isinstance(value, dict) else None
    return 100 * share if isinstance(share, int | float) and not isinstance(share, bool) and 0 <= share <= 1 else None


def _date(value: Any) -> str | None:
    """``2025-10-02 17:56``, in the time of a machine that is not named, as far as the day."""
    text = text_of(value) or ""
    return f"{text[:10]}T00:00:00Z" if len(text) >= 10 else None
