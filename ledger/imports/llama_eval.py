"""The state file of llama.cpp's llama-eval: every case with its response and verdict.

llama-eval shows its score over the cases it calls ``ok``: replies that were cut short are ``error:
finish_reason=length`` there and leave its denominator, so that a model that never comes to an end looks good. Here they
are truncated and count as not passed. Its GSM8K takes the gold answer as far as its first comma (``2,125`` is ``2``),
so 16 of 1,319 tasks cannot be passed by a right answer; that is said of the score and not mended.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.records import Answer, Sample, Verified
from ledger.imports.found import Found, Wish, judged, lost
from ledger.imports.names import benchmark_called, numbered, stem
from ledger.imports.source import Source, text_of

_GOLD = "llama-eval reads a GSM8K gold answer as far as its first comma: 16 of the 1,319 tasks cannot be passed there"
_CUT = "error: finish_reason="


def knows(source: Source) -> bool:
    states = source.first.get("task_states")
    return not source.is_lines and isinstance(states, dict) and isinstance(states.get("cases"), dict)


def read(source: Source, wish: Wish) -> list[Found]:
    """One run. Raises BadInput, file and line named."""
    state = source.first
    dataset = text_of(state.get("id")) or ""
    benchmark = benchmark_called(dataset) or "llama-eval"
    cases: Mapping[str, Any] = state["task_states"]["cases"]
    if not cases:
        raise source.bad(source.line_with("cases"), "there is no case in it")
    rows = [_row(source, name, case, benchmark) for name, case in cases.items()]
    asked = state.get("tasks")
    rows += [lost(*_place(name, benchmark), "never asked") for name in (asked if isinstance(asked, list) else ())
             if isinstance(name, str) and name not in cases]
    rows.sort(key=lambda row: row.sample.index)
    ok = [case for case in cases.values() if case.get("status") == "ok"]
    return [Found(
        "llama-eval", "state", wish.benchmark or benchmark,
        wish.model or text_of(state.get("model_name")) or stem(source.path), rows=rows,
        model_named=bool(wish.model or state.get("model_name")),
        prompts=_prompts(cases, benchmark), config={"sampling": _sampling(state.get("sampling_config"))},
        samples_per_task=1 + max(row.sample.index for row in rows), finish_known=True,
        time_taken_s=_number(state["task_states"].get("total_time")) or None,
        reported_percent=100 * sum(case.get("correct") is True for case in ok) / len(ok) if ok else None,
        remarks=[_GOLD] if dataset == "gsm8k" else [],
    )]


def _row(source: Source, name: str, case: Any, benchmark: str) -> Verified:
    place = _place(name, benchmark)
    if not isinstance(case, dict):
        raise source.bad(source.line_with(name), f"the case {name!r} is no object")
    status = text_of(case.get("status"))
    if status is None:
        raise source.bad(source.line_with(name), f"the case {name!r} has no status")
    response = text_of(case.get("response"))
    cut = status.startswith(_CUT)
    if response is None or (status != "ok" and not cut):
        return lost(*place, f"llama-eval recorded this case as '{status[:100]}'")
    if not isinstance(case.get("correct"), bool):
        raise source.bad(source.line_with(name), f"the case {name!r} does not say whether it is correct")
    answer = text_of(case.get("answer"))
    sample = Sample(
        *place, response, reasoning=text_of(case.get("reasoning_content")),
        finish_reason=status.removeprefix(_CUT) if cut else "stop",
        completion_tokens=int(count) if (count := _number(case.get("tokens"))) is not None else None,
        timings={"predicted_ms": took} if (took := _number(case.get("t_gen_ms"))) is not None else None)
    return judged(passed=case["correct"] and not cut, sample=sample,
                  answer=Answer(answer, None if answer is not None else "no answer in the reply"),
                  detail=text_of((case.get("grader_log") or {}).get("reason")) or ""
                  if isinstance(case.get("grader_log"), dict) else "")


def _place(name: str, benchmark: str) -> tuple[str, int]:
    """``<dataset>_<repeat>_<row>`` as task id and sample; an id of another shape is kept."""
    parts = name.rsplit("_", 2)
    if len(parts) == 3 and all(part.isascii() and part.isdecimal() and len(part) <= 9 for part in parts[1:]):
        return numbered(benchmark, int(parts[2])), int(parts[1])
    return text_of(name) or "", 0


def _prompts(cases: Mapping[str, Any], benchmark: str) -> dict[str, dict[str, Any]]:
    return {_place(name, benchmark)[0]: {"prompt": prompt} for name, case in cases.items()
            if (prompt := text_of(case.get("prompt"))) is not None}


def _sampling(found: Any) -> dict[str, float]:
    given = found if isinstance(found, dict) else {}
    return {key: value for key in ("temperature", "top_p", "top_k", "min_p")
            if isinstance(value := given.get(key), int | float) and not isinstance(value, bool)}


def _number(value: Any) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e12
    return float(value) if known else None
