"""What lies behind the doubts about a score: of each thing that happened, how often, and the first replies to show it.

Made from a run folder's lines, so that it can be looked at long after the run. Counted in replies: with one sample a
task that is the same as tasks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from analysis.loops import is_looping
from analysis.prompts import Sent, dropped_because
from analysis.replies import is_empty
from core.lookup import text_at
from core.outcomes import Outcome
from core.records import Sample

MOST_EXAMPLES = 3
TAIL_CHARS = 160

KINDS: Mapping[str, str] = {
    "prompt": "prompts that did not reach the model",
    "truncated": "cut off by the token limit or the context",
    "unclosed": "thinking that never closed",
    "looping": "ends by repeating itself",
    "empty": "answered with nothing",
    "no_answer": "without an answer the parser could take",
    "blocked": "blocked by the provider",
    "lost": "lost with the server",
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
class Finding:
    """One kind of doubt."""

    kind: str
    count: int = 0
    examples: list[Example] = field(default_factory=list)

    @property
    def words(self) -> str:
        """What it is called."""
        return KINDS[self.kind]


def findings(
    details: Iterable[Mapping[str, Any]], samples: Iterable[Sample], failures: Iterable[Mapping[str, Any]] = ()
) -> list[Finding]:
    """What occurred, in the order of ``KINDS``; ``samples`` are gone through once and none is kept."""
    verdicts = {(str(line.get("task_id")), line.get("sample")): line for line in details}
    found = {kind: Finding(kind) for kind in KINDS}
    seen: set[tuple[str, int]] = set()
    prompts: dict[str, Sent] = {}
    for sample in samples:
        place = (sample.task_id, sample.index)
        if sample.prompt_chars is not None and sample.prompt_tokens is not None:
            prompts.setdefault(sample.task_id, Sent(sample.task_id, sample.prompt_chars, sample.prompt_tokens, True))
        line = verdicts.get(place, {})
        for kind in (["duplicates"] if place in seen else _kinds(sample, line)):
            _add(found[kind], _example(sample, line))
        seen.add(place)
    for place, line in verdicts.items():
        if place not in seen:
            for kind in _outcome_kinds(line):
                _add(found[kind], Example(place[0], int(place[1] or 0), detail=text_at(line, "detail") or ""))
    lines = sorted(prompts.values(), key=lambda sent: (sent.chars, sent.task_id))
    for sent in lines if dropped_because(lines) else ():
        _add(found["prompt"], Example(sent.task_id, 0, detail=f"{sent.chars:,} characters, {sent.tokens:,} tokens"))
    for line in failures:
        message = f"{text_at(line, 'kind') or ''}: {text_at(line, 'message') or ''}"
        if line.get("task_id") is not None:
            _add(found["failed"], Example(str(line["task_id"]), int(line.get("sample") or 0), detail=message))
    return [finding for finding in found.values() if finding.count]


def _add(finding: Finding, example: Example) -> None:
    finding.count += 1
    if len(finding.examples) < MOST_EXAMPLES:
        finding.examples.append(example)


def _kinds(sample: Sample, line: Mapping[str, Any]) -> Iterator[str]:
    yield from _outcome_kinds(line)
    if line.get("thinking_closed") is False:
        yield "unclosed"
    if is_looping(sample):
        yield "looping"
    if is_empty(sample):
        yield "empty"


def _outcome_kinds(line: Mapping[str, Any]) -> Iterator[str]:
    outcome = text_at(line, "outcome")
    for known in (Outcome.TRUNCATED, Outcome.NO_ANSWER, Outcome.BLOCKED, Outcome.LOST, Outcome.HARNESS_FAULT):
        if outcome == known:
            yield str(known)


def _example(sample: Sample, line: Mapping[str, Any]) -> Example:
    texts = (sample.completion or sample.response, sample.reasoning or "")
    said = next((text for text in texts if text.strip()), "")
    return Example(sample.task_id, sample.index, sample.finish_reason, sample.completion_tokens, said[-TAIL_CHARS:],
                   text_at(line, "detail") or "")
