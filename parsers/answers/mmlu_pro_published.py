"""MMLU-Pro's letter as its authors' own script takes it, to compare with their numbers.

The first "answer is (B)"; else what follows an "Answer:" (the last one of the first line that has one); else the last
letter that stands alone. A letter beyond the task's choices is none of them. Where they then guess at random, here is
no answer: a guess would be right in one task of ten, without the model. Thinking is passed over, as everywhere here.
Value: the letter.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping

from core.records import Answer, Json, Sample
from parsers.answers.choice import LETTERS, choices_of
from parsers.answers.reply import reply_of

_SAID = re.compile(r"answer is \(?([A-J])\)?")
_AGAIN = re.compile(r"[aA]nswer:\s*([A-J])")
_ALONE = re.compile(r"\b[A-J]\b")


def parse(sample: Sample, prompt: Mapping[str, Json], *, thinking_opened: bool = False) -> Answer:
    """A completion is read like a reply."""
    reply = reply_of(sample, thinking_opened=thinking_opened)
    letter = _first(reply.text)
    if letter is None or letter not in LETTERS[:len(choices_of(prompt)) or 10]:
        return reply.none("no letter of a choice where the published script looks for it")
    return reply.answer(letter)


def _first(text: str) -> str | None:
    said = _SAID.search(text)
    if said is not None:
        return said[1]
    again = _AGAIN.search(text)
    if again is not None:  # "Answer: " may be at a line's end, and its letter on the next
        end = text.find("\n", again.start())
        end = len(text) if end < 0 else end
        last = deque((found for found in _AGAIN.finditer(text, again.start()) if found.start() < end), maxlen=1)
        return last[0][1]
    alone = deque(_ALONE.finditer(text), maxlen=1)
    return alone[0][0] if alone else None
