"""A record of the ledger, what judges said of it and its files → what MLflow is to show. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from core.lookup import number_at, object_at, text_at, value_at
from tracking.mlflow.description import (
    EXPERIMENT,
    JUDGE_PENDING,
    MOST_PARAM,
    MOST_TAG,
    RUN_ID,
    Artifact,
    Tracked,
)
from tracking.mlflow.figures import Judged, metrics_of, that_counts
from tracking.mlflow.hiding import hidden, hidden_text
from tracking.mlflow.names import cut, distinct, name_of

Record = Mapping[str, Any]
FORMAT = 1
"""Of the description: a higher one means that what was sent before is sent again."""
_MOST_NAME = 400
_PLAIN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_TAGS = (
    ("model", "model"), ("benchmark", "benchmark"), ("status", "status"), ("fingerprint", "fingerprint"),
    ("cell", "cell"), ("replayed_from", "replayed_from"), ("passed_on_by", "passed_on_by"),
    ("base_name", "config.base_name"), ("quantization", "config.quantization"), ("backend", "config.backend"),
    ("server_build", "config.server_build"), ("prompt_version", "config.prompt_version"),
    ("prompt_sha256", "config.prompt_sha256"), ("strategy", "config.strategy"), ("origin", "config.origin"),
    ("validity", "validity.status"), ("runner_version", "provenance.runner_version"),
    ("mlflow.source.git.commit", "provenance.runner_commit"), ("gguf_sha256", "provenance.gguf_sha256"),
    ("dataset_sha256", "provenance.dataset_sha256"), ("experiment", "config.experiment"),
)


def identity(record: Record) -> str:
    """The record's run id; of one that has none, or no plain one, a name made of its content."""
    own = text_at(record, "run_id")
    if own is not None and _PLAIN_ID.fullmatch(own):
        return own
    return "record-" + _sha256(_text(record))[:32]


def experiment_of(record: Record) -> str:
    """MLflow's experiment. The record alone decides it: looked for in another one, a run would be sent twice."""
    name = _clean(hidden_text(text_at(record, "config", "experiment") or "")).strip()
    return cut(name or EXPERIMENT, _MOST_NAME)


def digest_of(record: Record, judgements: Sequence[Record]) -> str:
    """Changes when anything that is to be shown does; the files of a run do not change after its record."""
    return _sha256("\n".join([str(FORMAT), _text(record), *map(_text, judgements)]))[:32]


def describe(
    record: Record, judgements: Sequence[Record], artifacts: Sequence[Artifact] = (), remark: str | None = None
) -> Tracked:
    """``judgements``: those of this record, in the order of the ledger. ``remark``: on what files are missing."""
    end = _milliseconds(record)
    judged = [Judged(each, _milliseconds(each), place) for place, each in enumerate(judgements, 1)]
    metrics, left_out = metrics_of(record, end, judged)
    tags = dict(distinct(_tags(record, judged)))
    if left_out:
        tags["bench_left_out"] = f"{left_out:,} metrics; record.json has them all"
    if remark is not None:
        tags["bench_files"] = cut(_clean(remark), MOST_TAG)
    seconds = number_at(record, "results", "time_taken") or 0.0
    return Tracked(
        run_id=identity(record), experiment=experiment_of(record), name=_name(record),
        start_ms=max(0, end - int(seconds * 1000)), end_ms=end,
        status="FAILED" if record.get("status") == "incomplete" else "FINISHED",
        params=dict(distinct(_params(record))), metrics=metrics, tags=tags,
        artifacts=(Artifact("record.json", _pretty(hidden(dict(record)))),
                   *([Artifact("judgements.json", _pretty(hidden([dict(each) for each in judgements])))]
                     if judgements else []),
                   *artifacts),
        digest=digest_of(record, judgements),
    )


def waits_for_a_judge(record: Record, judgements: Sequence[Record]) -> bool:
    """Whether texts were collected, and none has been judged."""
    return not judgements and bool(number_at(record, "outcomes", "unjudged"))


def _name(record: Record) -> str:
    parts = (record.get("model"), record.get("benchmark"), text_at(record, "config", "prompt_version"))
    return cut(hidden_text(" ".join(str(part) for part in parts if part)), 200)


def _params(record: Record) -> Iterator[tuple[str, str]]:
    """The settings, flattened: ``sampling.temperature``."""
    yield "model", cut(hidden_text(str(record.get("model"))), MOST_PARAM)
    yield "benchmark", cut(hidden_text(str(record.get("benchmark"))), MOST_PARAM)
    yield from _flat("", hidden(object_at(record, "config")))


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flat(name_of(name, str(key)), item)
    elif value is not None:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield name, cut(_clean(text), MOST_PARAM)


def _tags(record: Record, judged: Sequence[Judged]) -> Iterator[tuple[str, str]]:
    yield RUN_ID, identity(record)
    yield "mlflow.source.name", "bench_runner.py"
    for name, where in _TAGS:
        if (text := text_at(record, *where.split("."))) is not None:
            yield name, cut(_clean(hidden_text(text)), MOST_TAG)
    reasons = value_at(record, "validity", "reasons")
    if isinstance(reasons, list | tuple) and reasons:
        yield "mlflow.note.content", cut(_clean(hidden_text("\n".join(map(str, reasons)))), MOST_TAG)
    counts = that_counts(judged)
    if counts is not None:
        yield "judged_by", cut(_clean(", ".join(dict.fromkeys(each.judge for each in judged))), MOST_TAG)
        for name in ("rubric", "rubric_sha256"):
            if (text := text_at(counts.record, "judging", name)) is not None:
                yield name, cut(_clean(text), MOST_TAG)
    elif waits_for_a_judge(record, ()):
        yield JUDGE_PENDING, "true"


def _milliseconds(record: Record) -> int:
    """When it ended, since 1970; 0 where the record does not tell: always the same, so that nothing is sent twice."""
    try:
        when = datetime.fromisoformat(str(record.get("timestamp")))
        when = when.replace(tzinfo=UTC) if when.tzinfo is None else when
        return max(0, int(when.timestamp() * 1000))
    except (ValueError, OverflowError):
        return 0


def _clean(text: str) -> str:
    """Without what no database takes: NUL, and halves of characters."""
    return text.replace("\0", "�").encode("utf-8", "replace").decode("utf-8")


def _text(record: Record) -> str:
    return json.dumps(dict(record), sort_keys=True, default=dict)


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, default=dict) + "\n"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
