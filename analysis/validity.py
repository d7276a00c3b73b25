"""Whether a score may be taken at its word.

Each record carries ``{"status": "ok" | "suspect", "reasons": [...]}``, computed from what happened, never from what the
score is: a low score is a result, a score made of cut-off replies is not. ``THRESHOLDS`` is the one place for numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from analysis.replies import is_empty
from core.outcomes import Outcome
from core.records import Sample


class Threshold(NamedTuple):
    """From which share of tasks (or requests) on something makes a score suspect, and why from there."""

    share: float
    why: str


THRESHOLDS: Mapping[str, Threshold] = {
    "truncated": Threshold(0.05, "the score could be 5 points higher, as much as the margin below which models count "
                                 "as equal, and the token limit decided it"),
    "no_answer": Threshold(0.20, "weak models miss the format now and then; a fifth of all tasks says that prompt, "
                                 "model and parser do not fit together"),
    "looping": Threshold(0.05, "a reply that repeats itself until it is cut says that sampling and model do not fit "
                               "together; the score is that of the loop"),
    "empty": Threshold(0.05, "a working model does not answer with nothing; a broken template or an early stop does"),
    "blocked": Threshold(0.05, "the provider's filter, not the model, decided as much as the margin of equality"),
    "requests_failed": Threshold(0.05, "a server that fails one request in twenty was not measured at its best"),
    "harness_fault": Threshold(0.0, "our own fault, at any number"),
    "lost": Threshold(0.0, "tasks that were never answered may be the hard ones"),
    "missing": Threshold(0.0, "tasks that were never asked may be the hard ones"),
    "duplicates": Threshold(0.0, "something counted tasks twice before us"),
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a run besides its score. None: unknown, so no rule speaks."""

    tasks_asked: int
    """Tasks selected for the run."""
    outcomes: Mapping[str, int]
    """Tasks by outcome."""
    bounds: tuple[float, float] | None = None
    """Percent: had all truncated tasks failed, or passed."""
    empty: int = 0
    """Tasks whose reply had no text at all."""
    looping: int = 0
    """Tasks whose reply ends by repeating itself, cut off or not."""
    cut_looping: int = 0
    """Of the truncated tasks, those whose reply repeats itself."""
    cut_thinking: int = 0
    """Of the truncated tasks that do not, those cut inside thinking that never closed."""
    cut_context: int = 0
    """Of the rest, those that filled the context, or whose prompt did."""
    prompt_dropped: str | None = None
    """Why the prompts seem not to have reached the model, in a clause."""
    sampling_ignored: tuple[str, ...] = ()
    """Settings that the server reports otherwise than they were asked for, one clause each."""
    duplicates: int = 0
    """Replies to what had one already."""
    requests: int | None = None
    requests_failed: int | None = None
    ctx_asked: int | None = None
    """Tokens a slot."""
    ctx_effective: int | None = None
    chat_template: bool | None = None
    """Whether the model has one, where the benchmark talks to it by chat."""
    extra_reasons: tuple[str, ...] = field(default=())
    """What the runner saw besides, one line each."""


def validity(evidence: Evidence) -> dict[str, Any]:
    """The ``validity`` of a record."""
    reasons = [*_of_prompt(evidence), *_of_tasks(evidence), *_of_server(evidence), *evidence.extra_reasons]
    return {"status": "suspect" if reasons else "ok", "reasons": reasons}


def validity_of_server(evidence: Evidence) -> dict[str, Any]:
    """The same of a score that the user's script printed: its replies were never seen, but its server was."""
    reasons = [*_of_prompt(evidence), *_of_server(evidence)]
    return {"status": "suspect" if reasons else "ok", "reasons": reasons}


def empty_replies(samples: Iterable[Sample]) -> int:
    """How many tasks got a reply without any text, thinking included."""
    return len({sample.task_id for sample in samples if is_empty(sample)})


def _exceeds(name: str, count: int, total: int) -> bool:
    """At or above the threshold's share; a threshold of 0 means any at all."""
    return count > 0 and count >= THRESHOLDS[name].share * total


def _of_tasks(evidence: Evidence) -> Iterator[str]:
    asked, outcomes = evidence.tasks_asked, evidence.outcomes
    verified = sum(outcomes.values())
    unscored = outcomes.get(Outcome.LOST, 0) + outcomes.get(Outcome.HARNESS_FAULT, 0)
    if verified == unscored:
        yield "no task was scored"
    truncated = _exceeds("truncated", outcomes.get(Outcome.TRUNCATED, 0), asked)
    if truncated:
        between = f"; score between {evidence.bounds[0]:.1f} and {evidence.bounds[1]:.1f} %" if evidence.bounds else ""
        yield f"{_of(outcomes[Outcome.TRUNCATED], asked)} cut off{_causes(evidence)}{between}"
    if _exceeds("looping", evidence.looping, asked) and not (truncated and evidence.looping == evidence.cut_looping):
        yield f"{_of(evidence.looping, asked)} with a reply that ends by repeating itself"
    sentences = {
        "empty": (evidence.empty, "answered with nothing"),
        "no_answer": (outcomes.get(Outcome.NO_ANSWER, 0), "without an answer the parser could take"),
        "blocked": (outcomes.get(Outcome.BLOCKED, 0), "blocked by the provider"),
        "harness_fault": (outcomes.get(Outcome.HARNESS_FAULT, 0), "not verified, by our own fault"),
        "lost": (outcomes.get(Outcome.LOST, 0), "lost, without a reply"),
        "missing": (asked - verified, "never answered"),
    }
    for name, (count, sentence) in sentences.items():
        if _exceeds(name, count, asked):
            yield f"{_of(count, asked)} {sentence}"
    if _exceeds("duplicates", evidence.duplicates, asked):
        came = "1 reply" if evidence.duplicates == 1 else f"{evidence.duplicates:,} replies"
        yield f"{came} more than were asked for; the first of a task counts"


def _causes(evidence: Evidence) -> str:
    """What cut the truncated tasks off: the one cause, or all of them in brackets with their counts."""
    counts = {"while repeating themselves": evidence.cut_looping,
              "inside thinking that never closed": evidence.cut_thinking,
              "by the context": evidence.cut_context}
    counts["by the token limit"] = evidence.outcomes.get(Outcome.TRUNCATED, 0) - sum(counts.values())
    causes = {words: count for words, count in counts.items() if count > 0}
    if len(causes) == 1:
        return f" {next(iter(causes))}"
    return f" ({', '.join(f'{count} {words}' for words, count in causes.items())})"


def _of_prompt(evidence: Evidence) -> Iterator[str]:
    if evidence.prompt_dropped is not None:
        yield f"the prompt does not reach the model: {evidence.prompt_dropped}"
    if evidence.chat_template is False:
        yield "the model has no chat template, so the server made one up"


def _of_server(evidence: Evidence) -> Iterator[str]:
    failed, requests = evidence.requests_failed, evidence.requests
    if failed and requests and _exceeds("requests_failed", failed, requests):
        yield f"{failed} of {requests} requests failed"
    asked, effective = evidence.ctx_asked, evidence.ctx_effective
    if asked is not None and effective is not None and effective < asked:
        yield f"the server gave a context of {effective} tokens instead of {asked}"
    if evidence.sampling_ignored:
        yield f"the server did not take the sampling as asked: {'; '.join(evidence.sampling_ignored)}"


def _of(count: int, total: int) -> str:
    return f"{count} of {total} tasks"
