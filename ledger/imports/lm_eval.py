"""lm-eval: ``results_*.json`` and the ``samples_*.jsonl`` beside it; either may be named.

Each task is a run. Its samples decide it, one line a document and answer filter: the first filter and the first metric
that is all-or-nothing count, and the others' means are kept in ``config.other_scores``. A task without samples is a
score without tasks. lm-eval does not record how replies ended, so a reply that was cut off cannot be told.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from core.errors import BadInput
from core.records import Answer, Sample, Verified
from core.task_ids import task_id_of
from ledger.imports.found import Found, Wish, judged
from ledger.imports.names import benchmark_called, numbered
from ledger.imports.source import Source, text_of
from parsers.safe_json import clean

_STAMP = re.compile(r"_(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(?:\.\d{1,9})?)\.jsonl?\Z", re.ASCII)
_INVALID = "[invalid]"
"""What its filters say of a reply without an answer."""

Line = tuple[int, Mapping[str, Any]]


def knows(source: Source) -> bool:
    first = source.first
    if source.is_lines:
        return "doc_id" in first and "resps" in first
    return isinstance(first.get("results"), dict) and bool({"lm_eval_version", "n-samples", "configs"} & first.keys())


def read(source: Source, wish: Wish) -> list[Found]:
    """A run for each task. Raises BadInput, file and line named."""
    stamp = _STAMP.search(source.name)
    if source.is_lines:
        task = source.name.removeprefix("samples_")[:-len(stamp[0])] if stamp and source.name.startswith("samples_") \
            else source.path.stem
        beside = source.beside(f"results_{stamp[1]}.json") if stamp else None
        results = beside.first if beside is not None else {}
        return [_task(source, task, results, wish)]
    results = source.first
    tasks = list(_object(results, "n-samples")) or list(_object(results, "results"))
    if wish.benchmark is not None and len(tasks) > 1:
        raise BadInput(f"{source.path} holds {len(tasks)} tasks ({', '.join(tasks[:5])}), so --benchmark cannot name "
                       "them all; leave it out, or import one samples_*.jsonl")
    found = []
    for task in tasks:
        beside = source.beside(f"samples_{task}_{stamp[1]}.jsonl") if stamp else None
        found.append(_task(beside, task, results, wish) if beside is not None
                     else _score(source, task, results, wish))
    if not found:
        raise source.bad(source.line_with("results"), "there is no task in it")
    return found


def _task(source: Source, task: str, results: Mapping[str, Any], wish: Wish) -> Found:
    by_filter = _by_filter(source)
    name, lines = next(iter(by_filter.items()))
    metric = _metric(source, lines)
    benchmark = wish.benchmark or benchmark_called(task)
    ids = {number: _task_id(line, benchmark) for number, line in lines}
    others = {f"{other},{kind}": mean for kind, entries in by_filter.items() for other in _metrics(entries[0][1])
              if (other, kind) != (metric, name) and (mean := _mean(entries, other)) is not None}
    unique = {ids[number]: (number, line) for number, line in reversed(lines)}
    rows = [_row(task_id, line, metric) for task_id, (_, line) in reversed(unique.items())]
    partial = sum(line[metric] not in {0, 1} for _, line in unique.values())
    responses = {ids[number]: _texts(line) for number, line in unique.values()}
    return Found(
        _version(results), f"task {task}", benchmark, wish.model or _model(source, results),
        digest=source.sha256, timestamp=_when(source, results), rows=rows,
        extra_samples=[Sample(key, index, text) for key, texts in responses.items()
                       for index, text in enumerate(texts) if index],
        prompts={ids[number]: {"prompt": prompt} for number, line in lines if (prompt := _prompt(line)) is not None},
        config={"sampling": _sampling(lines[0][1], _object(results, "configs", task)), "metric": f"{metric},{name}",
                "fewshot": _count(_object(results, "n-shot").get(task)), "other_scores": others or None},
        samples_per_task=max(1, *(len(texts) for texts in responses.values())),
        duplicates=len(lines) - len(unique), time_taken_s=_seconds(results),
        reported_percent=_percent(_object(results, "results", task).get(f"{metric},{name}")),
        remarks=[f"{partial} tasks have a part of {metric}, and count as not passed"] if partial else [],
    )


def _score(source: Source, task: str, results: Mapping[str, Any], wish: Wish) -> Found:
    """A task whose samples are not there: a score, and how many tasks it is of."""
    scores = _object(results, "results", task)
    key = next((key for key, value in scores.items() if "stderr" not in key and "," in key
                and _percent(value) is not None), None)
    total = _count(_object(results, "n-samples", task).get("effective"))
    if key is None:
        raise source.bad(source.line_with(task),
                         f"the task {task!r} has no score between 0 and 1 in it, and no samples beside it")
    passed = round(scores[key] * total) if total else 0
    exact = bool(total) and abs(passed - scores[key] * (total or 0)) < 1e-6 * (total or 1)
    return Found(
        _version(results), f"task {task}", wish.benchmark or benchmark_called(task),
        wish.model or _model(source, results), timestamp=_when(source, results), time_taken_s=_seconds(results),
        config={"metric": key, "fewshot": _count(_object(results, "n-shot").get(task)),
                "sampling": _sampling({}, _object(results, "configs", task))},
        passed_of=(passed, total) if total and exact else None, reported_percent=_percent(scores[key]),
    )


def _by_filter(source: Source) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    for number, line in source.lines():
        if _count(line.get("doc_id")) is None:
            raise source.bad(number, "doc_id is no whole number of 0 or more")
        if not isinstance(line.get("resps"), list):
            raise source.bad(number, "there are no resps")
        found.setdefault(text_of(line.get("filter")) or "none", []).append((number, line))
    if not found:
        raise source.bad(1, "there is no sample in it")
    return found


def _metrics(line: Mapping[str, Any]) -> list[str]:
    named = line.get("metrics")
    if isinstance(named, list):
        return [name for name in named if isinstance(name, str)]
    return [key for key in ("exact_match", "acc", "pass@1", "pass_at_1") if key in line]


def _metric(source: Source, lines: Sequence[Line]) -> str:
    """The first metric that every document has whole or not at all; else the first that lies between 0 and 1."""
    number, first = lines[0]
    names = _metrics(first)
    for wanted in (frozenset({0.0, 1.0}), None):
        for name in names:
            values = [_share(line.get(name)) for _, line in lines]
            if None not in values and (wanted is None or set(values) <= wanted):
                return name
    for name in names[:1]:
        number = next(at for at, line in lines if _share(line.get(name)) is None)
        raise source.bad(number, f"{name} is no number from 0 to 1")
    raise source.bad(number, "the sample names no metric")


def _row(task: str, line: Mapping[str, Any], metric: str) -> Verified:
    texts, filtered = _texts(line), line.get("filtered_resps")
    answer = filtered[0] if isinstance(filtered, list) and filtered else None
    while isinstance(answer, list) and answer:
        answer = answer[0]
    said = text_of(answer)
    none = said is None or said == _INVALID
    return judged(passed=line[metric] == 1, sample=Sample(task, 0, texts[0] if texts else ""),
                  answer=Answer(None if none else said, "no answer for this filter" if said == _INVALID else None))


def _task_id(line: Mapping[str, Any], benchmark: str) -> str:
    """The document's own id; else GSM8K's by line, MMLU's by subject and row, others by benchmark and row."""
    doc = line.get("doc") if isinstance(line.get("doc"), dict) else {}
    number = _count(line["doc_id"]) or 0
    answer = doc.get("answer") if doc else None
    if isinstance(answer, str) and "####" in answer and doc and "question" in doc:
        benchmark = "gsm8k"
    found = task_id_of(doc or {}, benchmark, number)
    return clean(numbered(benchmark, number) if found == f"{benchmark}/{number}" else found)


def _texts(line: Mapping[str, Any]) -> list[str]:
    """The responses; none where the model was asked for likelihoods."""
    resps = line["resps"]
    if len(resps) == 1 and isinstance(resps[0], list):
        resps = resps[0]
    return [clean(text) for text in resps] if all(isinstance(text, str) for text in resps) else []


def _prompt(line: Mapping[str, Any]) -> str | None:
    arguments = line.get("arguments")
    first = arguments.get("gen_args_0") if isinstance(arguments, dict) else None
    prompt = first.get("arg_0") if isinstance(first, dict) else None
    return text_of(prompt[0] if isinstance(prompt, list) and prompt else prompt)


def _sampling(line: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    asked: Mapping[str, Any] = _object(line, "arguments", "gen_args_0", "arg_1") or _object(config, "generation_kwargs")
    found = {"temperature": asked.get("temperature"), "top_p": asked.get("top_p"), "top_k": asked.get("top_k"),
             "max_tokens": asked.get("max_gen_toks")}
    if asked.get("do_sample") is False:
        found["temperature"] = 0.0
    return {key: value for key, value in found.items()
            if isinstance(value, int | float) and not isinstance(value, bool)}


def _model(source: Source, results: Mapping[str, Any]) -> str:
    named = text_of(results.get("model_name"))
    arguments = _object(results, "config").get("model_args")
    if named is None and isinstance(arguments, str):
        given = dict(part.split("=", 1) for part in arguments.split(",") if "=" in part)
        named = given.get("pretrained") or given.get("model")
    return named or source.path.absolute().parent.name.replace("__", "/") or "unnamed"


def _version(results: Mapping[str, Any]) -> str:
    version = text_of(results.get("lm_eval_version"))
    return f"lm-eval {version[:40]}" if version else "lm-eval"


def _when(source: Source, results: Mapping[str, Any]) -> str | None:
    date = results.get("date")
    if isinstance(date, int | float) and not isinstance(date, bool) and 0 < date < 1e11:
        return datetime.fromtimestamp(date, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    stamp = _STAMP.search(source.name)
    return f"{stamp[1][:10]}T{stamp[1][11:19].replace('-', ':')}Z" if stamp else None


def _seconds(results: Mapping[str, Any]) -> float | None:
    """Of the whole evaluation, so only where that was one task."""
    try:
        value = float(results.get("total_evaluation_time_seconds") or 0)
    except (TypeError, ValueError):
        return None
    return value if 0 < value < 1e9 and len(_object(results, "results")) == 1 else None


def _object(value: Any, *keys: str) -> dict[str, Any]:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, dict) else {}


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else None


def _share(value: Any) -> float | None:
    if isinstance(value, bool):
        return float(value)
    return float(value) if isinstance(value, int | float) and 0 <= value <= 1 and math.isfinite(value) else None


def _percent(value: Any) -> float | None:
    share = _share(value)
    return None if share is None or isinstance(value, bool) else 100 * share


def _mean(lines: Sequence[Line], metric: str) -> float | None:
    values = [_share(line.get(metric)) for _, line in lines]
    known = [value for value in values if value is not None]
    return round(100 * sum(known) / len(known), 4) if len(known) == len(values) else None
