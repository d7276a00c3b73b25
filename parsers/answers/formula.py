r"""The formula that a worked solution ends with, as the model wrote it.

The last ``\boxed{…}`` counts, else what follows the last ``Answer:`` (also ``The answer is``) on its line. Dollar signs
around it, a full stop after it and Markdown's stars go; all else is for the evaluator, which knows what is equal.
A reply cut by the token limit counts where it has one of these. Value: the text, at most 2,000 characters.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from typing import Final

from core.records import Answer, Json, Sample
from parsers.answers.math_number import boxed
from parsers.answers.reply import reply_of

_SAID = re.compile(r"\banswer\b[*_ \t]{0,4}(?::|\bis\b:?)[*_ \t]{0,8}([^\n]+)", re.IGNORECASE)
_MOST: Final = 2000


def parse(sample: Sample, prompt: Mapping[str, Json], *, thinking_opened: bool = False) -> Answer:  # noqa: ARG001  # one signature for all
    """A completion is read like a reply."""
    reply = reply_of(sample, thinking_opened=thinking_opened)
    found = boxed(reply.text)
    if found is None:
        last = deque(_SAID.finditer(reply.text), maxlen=1)
        found = last[0][1] if last else None
    if found is None:
        return reply.none(r"no \boxed{} and no line with Answer:")
    text = bare(found)
    if not text:
        return reply.none("the answer is empty")
    return reply.answer(text) if len(text) <= _MOST else reply.none(f"the answer is longer than {_MOST} characters")


def bare(text: str) -> str:
    """Without what surrounds a formula in prose."""
    text = text.strip().strip("*").strip()
    for opening, closing in (("\\(", "\\)"), ("\\[", "\\]"), ("$$", "$$"), ("$", "$")):
        ended = text.rstrip(". ")
        if ended.startswith(opening) and ended.endswith(closing) and len(ended) > len(opening) + len(closing):
            inner = ended[len(opening):-len(closing)]
            text = inner.strip() if closing not in inner else text
    return text.rstrip(". ") if not text.endswith("\\.") else text
