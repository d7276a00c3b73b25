"""What lies behind the doubts about a score: of each thing that happened, how often, and the first replies to show it.

Made from a run folder's lines, so that it can be looked at long after the run. Counted in replies: with one sample a
task that is the same as tasks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from analysis.loops import is_looping
from analysis.prompts import Sent, dropped_because
from analysis.replies import is_empty
from core.doubts import KINDS, Doubt, Example
from core.lookup import count_at, text_at
from core.outcomes import Outcome
from core.records import Sample
from core.repetition import LoopRule

MOST_EXAMPLES = 3
TAIL_CHARS = 160


def findings(
    details: Iterable[Mapping[str, Any]], samples: Iterable[Sample], failures: Iterable[Mapping[str, Any]] = (),
    rule: LoopRule | None = None,
) -> list[Doubt]:
    """What occurred, in the order of ``KINDS``; ``samples`` are gone through once and none is kept.

    ``rule``: what counts as a loop where nobody watched the tokens.
    """
    verdicts = {(str(line.get("task_id")), count_at(line, "sample") or 0): line for line in details}
    found = {kind: Doubt(kind) for kind in KINDS}
    seen: set[tuple[str, int]] = set()
    prompts: dict[str, Sent] = {}
    for sample in samples:
        place = (sample.task_id, sample.index)
        if sample.prompt_chars is not None and sample.prompt_tokens:
            prompts.setdefault(sample.task_id, Sent(sample.task_id, sample.prompt_chars, sample.prompt_tokens, True))
        line = verdicts.get(place, {})
        for kind in (["duplicates"] if place in seen else _kinds(sample, line, rule)):
            _add(found[kind], _example(sample, line))
        seen.add(place)
    for place, line in verdicts.items():
        if place not in seen:
            for kind in _outcome_kinds(line):
                _add(found[kind], Example(*place, detail=text_at(line, "detail") or ""))
    lines = sorted(prompts.values(), key=lambda sent: (sent.chars, sent.task_id))
    for sent in lines if dropped_because(lines) else ():
        _add(found["prompt"], Example(sent.task_id, 0, detail=f"{sent.chars:,} characters, {sent.tokens:,} tokens"))
    for line in failures:
        message = f"{text_at(line, 'kind') or ''}: {text_at(line, 'message') or ''}"
        if line.get("task_id") is not None:
            _add(found["failed"], Example(str(line["task_id"]), count_at(line, "sample") or 0, detail=message))
    return [finding for finding in found.values() if finding.count]


def _add(finding: Doubt, example: Example) -> None:
    finding.count += 1
    if len(finding.examples) < MOST_EXAMPLES:
        finding.examples.append(example)


def _kinds(sample: Sample, line: Mapping[str, Any], rule: LoopRule | None) -> Iterator[str]:
    yield from _outcome_kinds(line)
    if line.get("thinking_closed") is False:
        yield "unclosed"
    if is_looping(sample, rule):
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
