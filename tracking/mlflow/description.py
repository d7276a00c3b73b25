"""What a record of the ledger looks like in MLflow. Knows MLflow's limits, and nothing of MLflow itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

MOST_KEY = 250
"""Characters of a param's, metric's or tag's name."""
MOST_PARAM = 6_000
"""Characters of a param's value."""
MOST_TAG = 5_000
"""Characters of a tag's value; newer servers take 8,000."""
MOST_METRICS = 800
"""Of one run; a request takes 1,000 entries in all, 100 params and 100 tags among them."""

RUN_ID = "bench_run_id"
SENT = "bench_sent"
"""A digest of what was sent; written last."""
ARTIFACTS = "bench_artifacts"
"""Where the artifacts are: ``server``, or ``tags`` and why."""
JUDGE_PENDING = "judge_pending"
EXPERIMENT = "bench-runner"
"""MLflow's experiment for records that belong to none."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One number. Its time and step are the record's, so that sending it again changes nothing."""

    key: str
    value: float
    timestamp_ms: int
    step: int = 0


@dataclass(frozen=True, slots=True)
class Artifact:
    """One file of a run: its text, or where it lies."""

    name: str
    text: str | None = None
    path: str | None = None
    tag: str | None = None
    """What stands for it in a tag where the server takes no artifacts; None: nothing does."""


@dataclass(frozen=True, slots=True)
class Tracked:
    """One run of MLflow."""

    run_id: str
    """That of the ledger's record, or a name made of its content where it has none."""
    experiment: str
    name: str
    start_ms: int
    end_ms: int
    status: str
    """``FINISHED`` or, of an incomplete run, ``FAILED``."""
    params: Mapping[str, str]
    metrics: tuple[Metric, ...]
    tags: Mapping[str, str]
    artifacts: tuple[Artifact, ...]
    digest: str
    """Of the record and its judgements: a run with this digest is whole in MLflow."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        metrics = tuple(Metric(**metric) for metric in value["metrics"])
        artifacts = tuple(Artifact(**artifact) for artifact in value["artifacts"])
        return cls(**{**value, "metrics": metrics, "artifacts": artifacts})
