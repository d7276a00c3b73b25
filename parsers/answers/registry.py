"""The answer parsers, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from parsers.answers import (
    choice,
    choice_published,
    code,
    formula,
    gsm8k_published,
    human_eval,
    json_value,
    lcb_code,
    lines,
    math_number,
    mbpp,
    mmlu_pro_published,
    text,
)
from parsers.answers.reply import AnswerParser

ANSWER_PARSERS: Final[Mapping[str, AnswerParser]] = {
    "human_eval": human_eval.parse,
    "lcb_code": lcb_code.parse,
    "code": code.parse,
    "math": math_number.parse,
    "formula": formula.parse,
    "text": text.parse,
    "first_line": lines.first_line,
    "last_line": lines.last_line,
    "after": lines.after,
    "gsm8k_published": gsm8k_published.parse,
    "choice": choice.parse,
    "choice_published": choice_published.parse,
    "mmlu_pro_published": mmlu_pro_published.parse,
    "mbpp": mbpp.parse,
    "json": json_value.parse,
}
