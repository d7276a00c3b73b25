"""inspect_ai's logs, ``.eval`` and ``.json``, through its own reader (the extra ``inspect``).

The first scorer counts; ``C`` or 1 is passed, anything less is not. Of several epochs the first decides a task. A
sample that ended in an error has no reply and is ``lost``.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from core.errors import UsageError
from core.records import Answer, Sample, Verified
from ledger.imports.found import Found, Wish, judged, lost
from ledger.imports.names import benchmark_called, numbered, task_called
from ledger.imports.source import MAX_TASKS, Source, text_of

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog, EvalSample

_ZIP: Final = b"PK\x03\x04"
MAX_UNPACKED: Final = 1024 * 1024 * 1024
"""Bytes of all files in a ``.eval`` together: it is an archive, and a small one can hold very much."""

_VALUES: Final = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}
"""As its ``value_to_float`` has them: correct, incorrect, in part, no answer."""


def knows(source: Source) -> bool:
    if source.data.startswith(_ZIP):
        return True
    if source.is_lines:
        return False
    inner = source.first.get("eval")
    return isinstance(inner, dict) and "task" in inner and {"version", "status"} & source.first.keys() != set()


def read(source: Source, wish: Wish) -> list[Found]:
    """One run. Raises BadInput that names the file, UsageError without the extra."""
    log = _log(source)
    if not log.samples:
        raise source.bad(None, f"the log holds no samples (status: {log.status})")
    scorer = _scorer(source, log.samples)
    benchmark = wish.benchmark or benchmark_called(log.eval.task)
    ids = _ids(log, benchmark)
    rows = sorted((_row(source, ids[sample.id], sample, scorer) for sample in log.samples),
                  key=lambda row: row.sample.index)
    partial = sum(0 < (_value(sample, scorer) or 0) < 1 for sample in log.samples)
    remarks = [] if log.status == "success" else [f"inspect_ai ended this evaluation with the status '{log.status}'"]
    remarks += [f"{partial} samples have a part of the score {scorer}, and count as not passed"] if partial else []
    config = log.eval.model_generate_config
    asked = {"temperature": config.temperature, "top_p": config.top_p, "top_k": config.top_k,
             "max_tokens": config.max_tokens, "seed": config.seed}
    return [Found(
        f"inspect_ai {version}" if (version := text_of(log.eval.packages.get("inspect_ai"))) else "inspect_ai", "log",
        benchmark, wish.model or log.eval.model, timestamp=str(log.eval.created), rows=rows,
        prompts={ids[sample.id]: {"prompt": sample.input} for sample in log.samples if isinstance(sample.input, str)},
        config={"sampling": {key: value for key, value in asked.items() if value is not None}, "metric": scorer},
        samples_per_task=max(row.sample.index for row in rows) + 1, finish_known=True,
        time_taken_s=_took(log), reported_percent=_reported(log, scorer), remarks=remarks,
    )]


def _log(source: Source) -> EvalLog:
    try:
        from inspect_ai.log import read_eval_log  # noqa: PLC0415  # an extra, and slow to import
    except ImportError:
        raise UsageError(f"{source.path} is a log of inspect_ai, which its own reader reads, and that is not here; "
                         "install it: .venv/bin/python -m pip install -e '.[inspect]'") from None
    if source.data.startswith(_ZIP):
        _refuse_bomb(source)
    try:
        return read_eval_log(str(source.path.absolute()), resolve_attachments=True)
    except Exception as error:  # its reader raises what zipfile, json and pydantic raise
        first = " ".join(str(error).split())[:200]
        line = None if source.data.startswith(_ZIP) else 1
        raise source.bad(line, f"inspect_ai cannot read this log ({first})") from error


def _refuse_bomb(source: Source) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(source.data)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise source.bad(None, f"the archive is damaged or cut short ({error})") from error
    size = sum(entry.file_size for entry in entries)
    if size > MAX_UNPACKED or len(entries) > MAX_TASKS:
        raise source.bad(None, f"the archive would unpack to {size:,} bytes in {len(entries):,} files, more than "
                         "is read")


def _scorer(source: Source, samples: Sequence[EvalSample]) -> str:
    named = [name for sample in samples for name in (sample.scores or {})]
    if not named:
        raise source.bad(None, "no sample has a score")
    return str(named[0])


def _value(sample: EvalSample, scorer: str) -> float | None:
    score = (sample.scores or {}).get(scorer)
    value = score.value if score is not None else None
    if isinstance(value, str):
        return _VALUES.get(value)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _ids(log: EvalLog, benchmark: str) -> Mapping[int | str, str]:
    """Task ids by sample ids. Numbers that it gave itself, from 1 and in the data set's order, are rows from 0."""
    ids = [sample.id for sample in log.samples or ()]
    everything = log.eval.dataset.sample_ids or []
    given = bool(everything) and log.eval.dataset.shuffled is not True and all(
        isinstance(name, int) for name in everything) and sorted(everything) == list(range(1, len(everything) + 1))
    return {name: numbered(benchmark, name - 1) if given and isinstance(name, int) else
            task_called(text_of(str(name)) or "") for name in ids}


def _row(source: Source, task: str, sample: EvalSample, scorer: str) -> Verified:
    index = sample.epoch - 1
    if sample.error is not None and not sample.scores:
        return lost(task, index, f"inspect_ai: {sample.error.message}")
    value, choice = _value(sample, scorer), sample.output.choices[0] if sample.output.choices else None
    if value is None:
        raise source.bad(None, f"the sample {sample.id!r} has no score {scorer} that is a number, C or I")
    usage = sample.output.usage
    reply = Sample(
        task, index, text_of(sample.output.completion) or "", reasoning=_reasoning(choice),
        finish_reason=choice.stop_reason if choice is not None else None,
        prompt_tokens=sum(filter(None, (usage.input_tokens, usage.input_tokens_cache_read))) if usage else None,
        cached_tokens=usage.input_tokens_cache_read if usage else None,
        completion_tokens=usage.output_tokens if usage else None,
        thinking_tokens=usage.reasoning_tokens if usage else None,
        wall_s=sample.working_time)
    said = sample.scores[scorer].answer if sample.scores else None
    return judged(passed=value >= 1, sample=reply, answer=Answer(text_of(said)))


def _reasoning(choice: Any) -> str | None:
    content = choice.message.content if choice is not None else None
    parts = [part.reasoning for part in content if part.type == "reasoning"] if isinstance(content, list) else []
    return text_of("\n".join(parts)) if parts else None


def _took(log: EvalLog) -> float | None:
    try:
        began, ended = (datetime.fromisoformat(str(at)) for at in (log.stats.started_at, log.stats.completed_at))
        seconds = (ended - began).total_seconds()
    except (ValueError, TypeError):
        return None
    return seconds if seconds > 0 else None


def _reported(log: EvalLog, scorer: str) -> float | None:
    for score in log.results.scores if log.results else ():
        if score.name == scorer and "accuracy" in score.metrics:
            value = score.metrics["accuracy"].value
            return 100 * value if math.isfinite(value) and 0 <= value <= 1 else None
    return None
