"""What all answer parsers share: their shape, and a reply without its thinking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from core.records import Answer, Json, Sample
from parsers.safe_json import clean
from parsers.thinking import split

_CUT: Final = frozenset({"length", "max_tokens", "looping"})


class AnswerParser(Protocol):
    """An entry of the registry."""

    def __call__(self, sample: Sample, prompt: Mapping[str, Json], *, thinking_opened: bool = False) -> Answer:
        """The answer in the sample; never raises.

        ``prompt`` is the task's prompt in the dataset's own names. ``thinking_opened``: the chat template ended the
        prompt inside thinking, so a reply without any closing tag is thinking throughout.
        """


@dataclass(frozen=True, slots=True)
class Reply:
    """A sample's text without its thinking."""

    text: str
    thinking: str | None
    closed: bool
    cut: bool
    """It did not end by itself: the token limit, or a loop, ended it."""

    def answer(self, value: Json) -> Answer:
        return Answer(value, thinking=self.thinking, thinking_closed=self.closed)

    def none(self, reason: str) -> Answer:
        """No answer; thinking that never ended, an empty reply and the token limit explain more than ``reason``."""
        if not self.closed:
            reason = "the thinking never ended"
        elif not self.text.strip():
            reason = "the reply is empty"
        elif self.cut:
            reason = f"cut by the token limit: {reason}"
        return Answer(None, reason, self.thinking, self.closed)


def reply_of(sample: Sample, *, thinking_opened: bool = False) -> Reply:
    """Take the thinking out of a sample. A completion (it continues the prompt) holds none and is taken as it is."""
    if sample.completion is not None:
        return Reply(clean(sample.completion), sample.reasoning, True, was_cut(sample))
    found = split(clean(sample.response), sample.reasoning, thinking_opened)
    return Reply(found.answer, found.thinking, found.closed, was_cut(sample))


def was_cut(sample: Sample) -> bool:
    return (sample.finish_reason or "").lower() in _CUT


def prompt_text(prompt: Mapping[str, Json], key: str) -> str:
    """A text of the prompt, empty where it is absent or something else."""
    value = prompt.get(key)
    return value if isinstance(value, str) else ""
