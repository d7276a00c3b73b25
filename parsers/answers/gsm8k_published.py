r"""GSM8K's answer as published graders take it, to compare with other harnesses' scores.

In this order: what follows the last ``####``, as the data set's own grader reads it; the last ``The answer is N``, as
the chain-of-thought prompt has it; else the last number of the reply, as lm-evaluation-harness's flexible filter takes
it. Commas, dollar signs and a full stop at the end are dropped, and nothing else: the published comparison is of texts.
Thinking is passed over, as everywhere here. Value: the text.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping

from core.records import Answer, Json, Sample
from parsers.answers.reply import reply_of

_FORMS = (
    re.compile(r"#### (-?[0-9.,]+)"),
    re.compile(r"The answer is \$?(-?[0-9.,]+)"),
    re.compile(r"(-?[$0-9.,]{2,}|-?[0-9]+)"),
)


def parse(sample: Sample, prompt: Mapping[str, Json], *, thinking_opened: bool = False) -> Answer:  # noqa: ARG001  # one signature for all
    """A completion is read like a reply."""
    reply = reply_of(sample, thinking_opened=thinking_opened)
    for form in _FORMS:
        last = deque(form.finditer(reply.text), maxlen=1)
        if last and (text := dropped(last[0][1])):
            return reply.answer(text)
    return reply.none("no number in the reply")


def dropped(text: str) -> str:
    """Without what the published comparison ignores."""
    return text.replace(",", "").replace("$", "").strip().removesuffix(".")
