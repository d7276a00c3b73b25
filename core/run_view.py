"""A run with all its tasks and replies, as a page shows it: read by the runner, shown by reports. Absent: not known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.doubts import Doubt


@dataclass(frozen=True, slots=True)
class SampleView:
    """One reply and what became of it."""

    index: int
    outcome: str | None = None
    """None: it was not verified."""
    detail: str = ""
    answer: str | None = None
    """What the parser took out of the reply, as text."""
    no_answer: str = ""
    """Why it took nothing."""
    response: str = ""
    """Without its thinking."""
    thinking: str = ""
    thinking_closed: bool = True
    finish_reason: str = ""
    looping: bool = False
    key: str | None = None
    """What its vote counts for, where votes are counted."""
    merits: Mapping[str, float] = field(default_factory=dict)
    """What a selector knew of it: ``schema``, ``examples``, ``logprob``, ``command``."""
    fields: Mapping[str, bool] = field(default_factory=dict)
    """Which fields of the answer agree, where the benchmark scores by field."""
    numbers: Mapping[str, float] = field(default_factory=dict)
    """``prompt_tokens``, ``cached_tokens``, ``completion_tokens``, ``thinking_tokens``, ``wall_s``, ``verify_s``,
    ``tokens_per_second``, ``seed``: those that are known."""

    @property
    def passed(self) -> bool:
        return self.outcome == "correct"


@dataclass(frozen=True, slots=True)
class TaskView:
    """One task with all its replies."""

    task_id: str
    samples: Sequence[SampleView]
    prompt: Sequence[tuple[str, str, bool]] = ()
    """The fields of the task that the benchmark's script saw: name, text, and whether it was a text (else JSON)."""
    reference: str | None = None
    """The right answer, where the benchmark lets it be shown."""
    difficulty: str | None = None
    outcome: str | None = None
    """Of the answer that was chosen."""
    chosen: int | None = None
    """The index of the sample that was chosen, where there was a choice."""
    votes: Mapping[str, int] = field(default_factory=dict)
    failures: Sequence[str] = ()
    """Requests for it that brought no reply."""


@dataclass(frozen=True, slots=True)
class RunView:
    """The whole run."""

    record: Mapping[str, Any]
    """Of a run that has not ended: what is known of it."""
    tasks: Sequence[TaskView]
    evidence: Sequence[Doubt] = ()
    remarks: Sequence[str] = ()
    """What could not be read, or is left out, in whole sentences."""
    command: str = ""
    """What draws the page anew."""
