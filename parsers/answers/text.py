"""The whole reply without its thinking. Value: the text, stripped."""

from __future__ import annotations

from collections.abc import Mapping

from core.records import Answer, Json, Sample
from parsers.answers.reply import reply_of


def parse(sample: Sample, prompt: Mapping[str, Json], *, thinking_opened: bool = False) -> Answer:  # noqa: ARG001  # one signature for all
    """A completion is taken as it is."""
    reply = reply_of(sample, thinking_opened=thinking_opened)
    return reply.answer(reply.text.strip()) if reply.text.strip() else reply.none("the reply is empty")
