"""What casts doubt on a score: counted and shown with examples. Made by ``analysis.evidence``, shown by reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

KINDS: Mapping[str, str] = {
    "prompt": "prompts that did not reach the model",
    "truncated": "cut off before the end",
    "unclosed": "thinking that never closed",
    "looping": "ends by repeating itself",
    "empty": "answered with nothing",
    "no_answer": "without an answer the parser could take",
    "blocked": "blocked by the provider",
    "lost": "lost, without a reply",
    "harness_fault": "not verified, by our own fault",
    "duplicates": "came more than once",
    "failed": "requests that brought no reply",
}
"""What is looked for, in the order in which it is shown, and how it is called."""


@dataclass(frozen=True, slots=True)
class Example:
    """One reply that shows it. None: not known."""

    task_id: str
    sample: int
    finish_reason: str | None = None
    tokens: int | None = None
    """Of the reply."""
    tail: str = ""
    """The last characters of the reply, or of its thinking where it has nothing else."""
    detail: str = ""
    """What was said about it: the verdict's line, the failure's message."""


@dataclass(slots=True)
class Doubt:
    """One kind of doubt."""

    kind: str
    count: int = 0
    examples: list[Example] = field(default_factory=list)

    @property
    def words(self) -> str:
        """What it is called."""
        return KINDS[self.kind]
