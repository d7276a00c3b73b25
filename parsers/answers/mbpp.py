"""A program for one MBPP task out of a chat reply, or out of a continuation of the few-shot prompt.

The few-shot prompt shows programs between ``[BEGIN]`` and ``[DONE]``; what a reply has of those lines is dropped, with
all that follows the end. The rest is read as every program is (``code``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from core.records import Answer, Json, Sample
from parsers.answers import code

_END = re.compile(r"^\s*\[/?DONE\]", re.MULTILINE)
_BEGIN = re.compile(r"^\s*\[BEGIN\][ \t]*$", re.MULTILINE)


def parse(sample: Sample, prompt: Mapping[str, Json], *, thinking_opened: bool = False) -> Answer:
    """``sample.completion`` is a whole program and taken as it is. ``prompt`` may have ``starter_code``."""
    if "[BEGIN]" in sample.response or "[DONE]" in sample.response:
        text = sample.response
        end = _END.search(text)
        text = text[: end.start()] if end is not None else text
        sample = replace(sample, response=_BEGIN.sub("", text))
    return code.parse(sample, prompt, thinking_opened=thinking_opened)
