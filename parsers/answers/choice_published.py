"""A choice as published graders take it, to compare with other harnesses' scores.

The first ``Answer: B``, as OpenAI's simple-evals reads a chat reply (dollar signs around the letter allowed; Markdown's
stars dropped, as its later versions do); else the first "answer is (B)", as many harnesses have it; else the
reply's first letter where it stands alone, which is what few-shot prompts that end in "Answer:" ask for. Thinking is
passed over, as everywhere here. Value: the letter, in capitals.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from core.records import Answer, Json, Sample
from parsers.answers.choice import LETTERS, choices_of
from parsers.answers.reply import reply_of

_FORMS = (
    re.compile(r"Answer[ \t]*:[ \t]*\$?([A-Z])\$?(?![A-Za-z])", re.IGNORECASE),
    re.compile(r"answer is \(?([A-Z])\)?(?![A-Za-z])"),
    re.compile(r"\s*\(?([A-Z])(?![A-Za-z])"),
)


def parse(sample: Sample, prompt: Mapping[str, Json], *, thinking_opened: bool = False) -> Answer:
    """A completion is read like a reply."""
    reply = reply_of(sample, thinking_opened=thinking_opened)
    letters = LETTERS[:len(choices_of(prompt)) or 4]
    text = reply.text.replace("**", "")
    for form, find in zip(_FORMS, (re.search, re.search, re.match), strict=True):
        found = find(form, text)
        if found is not None and found[1].upper() in letters:
            return reply.answer(found[1].upper())
    return reply.none("no letter of a choice where published graders look for it")
