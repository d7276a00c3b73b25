"""One line of a reply: the first or the last that is not blank, or what follows a text on its line.

``after`` looks for the last place of the task's ``answer_after`` and takes the rest of that line; where nothing follows
there, the next line that is not blank. Markdown's stars around it go. Value: the text.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.records import Answer, Json, Sample
from parsers.answers.reply import prompt_text, reply_of


def first_line(sample: Sample, prompt: Mapping[str, Json], *, thinking_opened: bool = False) -> Answer:  # noqa: ARG001  # one signature for all
    """A completion is read like a reply."""
    reply = reply_of(sample, thinking_opened=thinking_opened)
    text = next((line.strip() for line in reply.text.split("\n") if line.strip()), None)
    return reply.none("the reply is empty") if text is None else reply.answer(text)


def last_line(sample: Sample, prompt: Mapping[str, Json], *, thinking_opened: bool = False) -> Answer:  # noqa: ARG001  # one signature for all
    """A reply cut by the token limit has no last line."""
    reply = reply_of(sample, thinking_opened=thinking_opened)
    text = next((line.strip() for line in reversed(reply.text.split("\n")) if line.strip()), None)
    return reply.none("no last line") if text is None or reply.cut else reply.answer(text)


def after(sample: Sample, prompt: Mapping[str, Json], *, thinking_opened: bool = False) -> Answer:
    """``prompt``: ``answer_after``. Capital letters count."""
    reply = reply_of(sample, thinking_opened=thinking_opened)
    mark = prompt_text(prompt, "answer_after")
    _, found, rest = reply.text.rpartition(mark) if mark else ("", "", "")
    lines = [line.strip().strip("*").strip() for line in rest.split("\n")] if found else []
    text = next((line for line in lines if line), None)
    return reply.none(f"nothing behind {mark!r}") if text is None else reply.answer(text)
