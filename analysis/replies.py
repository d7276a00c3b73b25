"""What can be seen of one reply without judging it: whether it is empty, and what it spent on thinking."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from core.records import Answer, Sample


def is_empty(sample: Sample) -> bool:
    """No text at all, thinking included."""
    return not any((text or "").strip() for text in (sample.response, sample.completion, sample.reasoning))


def thinking(replies: Iterable[tuple[Sample, Answer]]) -> dict[str, Any] | None:
    """What thinking cost: the ``thinking`` of a record; None where no reply thought.

    ``tokens`` are the server's count where it has one. Elsewhere the completion tokens are split by characters, which
    is right to a few per cent as long as thinking and answer are the same sort of text; ``estimated`` then says so.
    """
    tokens = completion = unclosed = 0
    thought = estimated = False
    for sample, answer in replies:
        completion += sample.completion_tokens or 0
        unclosed += not answer.thinking_closed
        text = answer.thinking or ""
        thought = thought or bool(text.strip()) or not answer.thinking_closed or bool(sample.thinking_tokens)
        if sample.thinking_tokens is not None:
            tokens += sample.thinking_tokens
        elif sample.completion_tokens and text:
            said = len(sample.response) + len(sample.reasoning or "")
            tokens += round(sample.completion_tokens * min(1.0, len(text) / max(1, said)))
            estimated = True
    if not thought:
        return None
    return {
        "tokens": tokens if completion else None,
        "share": round(tokens / completion, 4) if completion else None,
        "unclosed": unclosed,
        "estimated": (estimated and completion > 0) or None,
    }
