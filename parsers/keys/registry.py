"""The key functions, by the kind of answer they are for. A benchmark names its kind in the table of benchmarks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.records import Answer
from parsers.keys import choice, formula, json_value, number, program, refusal, text
from parsers.keys.shape import KeyFunction

KEY_FUNCTIONS: Final[Mapping[str, KeyFunction]] = {
    "number": number.key,
    "formula": formula.key,
    "json": json_value.key,
    "choice": choice.key,
    "program": program.key,
    "refusal": refusal.key,
    "text": text.key,
    "caseless": text.caseless,
    "verbatim": text.verbatim,
}


def key_of(kind: str, answer: Answer) -> str | None:
    """What a vote for ``answer`` is counted under; None when there is no answer, or none that could be right."""
    return None if answer.value is None else KEY_FUNCTIONS[kind](answer.value)
