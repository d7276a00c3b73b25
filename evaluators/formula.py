r"""Formulas: equal as texts, as numbers, or as mathematics.

Equal texts (blanks and a few ways of setting the same formula aside) and equal numbers are settled here, where both are
a number and nothing else (``1,2`` is a list, ``x -1/2`` a difference), and so are intervals whose ends differ in being
open or closed, of which the library knows nothing. All else is for ``math-verify``
to say: it reads LaTeX by a grammar and asks sympy whether the two are equal. That runs in the sandbox, as a program of
ours to which both formulas are values: a formula can make sympy compute for ever, and one that does is not shown to be
equal, which is wrong. Limit: 10 seconds, as the library has it for itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from core.outcomes import Outcome
from core.records import Answer, Verdict
from evaluators import math_answers
from evaluators.box import Box
from evaluators.sandbox.job import CALLS, Job
from evaluators.sandbox.protocol import shown
from system.sandbox.limits import MIB

LIMIT_S: Final = 10.0
_MOST: Final = 2000
_MISSING: Final = "MissingLibrary"
_PROGRAM: Final = f"""
import logging
logging.disable(logging.CRITICAL)
class {_MISSING}(Exception):
    pass
def same(gold, given):
    try:
        from math_verify import parse, verify
    except ImportError as error:
        raise {_MISSING}(str(error)) from None
    one, other = (parse("$" + text + "$", parsing_timeout=None) for text in (gold, given))
    return bool(one) and bool(other) and bool(verify(one, other, timeout_seconds=None))
"""
_SETTING: Final = re.compile(
    r"\\(?:left|right|displaystyle|,|;|!|:|quad|qquad)(?![a-zA-Z])|(?<![0-9])\s+|\s+(?![0-9])|\\ |(?<!\\)\$")
"""A blank between digits stays: ``1 1/2`` is not ``11/2``."""
_NUMBER: Final = re.compile(
    r"[-+]?(?:\\?\$)?(?:(?:[0-9]{1,3}(?:[, ][0-9]{3})+|[0-9]+)(?:\.[0-9]*)?|\.[0-9]+|(?:[0-9]{1,3} )?[0-9]+/[0-9]+"
    r"|\\frac(?:\{[0-9]+\}\{[0-9]+\}|[0-9][0-9]))")
"""A number and nothing else, of a formula that ``plain`` has been through."""


def evaluate(task_id: str, reference: Mapping[str, Any], answer: Answer, box: Box) -> Verdict:
    """``reference``: answer, the gold formula as LaTeX. The value is LaTeX, or plain text."""
    gold, given = reference.get("answer"), answer.value
    if not isinstance(gold, str) or not gold.strip():
        return Verdict(Outcome.HARNESS_FAULT, f"task {task_id} has no answer to compare with")
    if not isinstance(given, str) or len(given) > _MOST:
        return Verdict(Outcome.WRONG, f"{shown(given, 60)} is no formula")
    if plain(gold) == plain(given) or _same_number(gold, given):
        return Verdict(Outcome.CORRECT)
    if _other_ends(plain(gold), plain(given)):
        return Verdict(Outcome.WRONG, f"{shown(given, 60)} instead of {shown(gold, 60)}: other ends")
    return _said(_as_mathematics(gold, given, box), gold, given)


def _said(verdict: Verdict, gold: str, given: str) -> Verdict:
    """The library's verdict. That it is missing is our fault; that it did not end is the formula's."""
    if _MISSING in verdict.detail:
        told = "the package math-verify is not installed for the verifying Python; ./setup --with benchmarks"
        return replace(verdict, outcome=Outcome.HARNESS_FAULT, detail=told)
    if verdict.outcome in {Outcome.CORRECT, Outcome.HARNESS_FAULT}:
        return verdict
    why = "" if verdict.outcome is Outcome.WRONG else f" (not shown equal: {verdict.detail})"
    return replace(verdict, outcome=Outcome.WRONG, detail=f"{shown(given, 60)} instead of {shown(gold, 60)}{why}"[:300])


def _as_mathematics(gold: str, given: str, box: Box) -> Verdict:
    tests = {"inputs": [f"{json.dumps(gold)}\n{json.dumps(given)}"], "outputs": ["true"]}
    limits = box.limits(LIMIT_S, address_space_bytes=2048 * MIB, tree_bytes=1024 * MIB)
    return box.run(Job(CALLS, "functional", _PROGRAM, tests, entry="same", limits=limits))


def _same_number(gold: str, given: str) -> bool:
    one, other = plain(gold), plain(given)
    if not (_NUMBER.fullmatch(one) and _NUMBER.fullmatch(other)):
        return False
    number = math_answers.number(one)
    return number is not None and number == math_answers.number(other)


def _other_ends(gold: str, given: str) -> bool:
    """Whether the gold is an interval, and the other one of other brackets; (1,2) alone may as well be a point."""
    is_interval = "\\infty" in gold or "\\cup" in gold or (gold[:1] + gold[-1:]) in {"[)", "(]"}
    return is_interval and re.sub(r"[^][()]", "", gold) != re.sub(r"[^][()]", "", given) and given[:1] in "[("


def plain(formula: str) -> str:
    """The formula without what only sets it."""
    text = formula.replace("\\dfrac", "\\frac").replace("\\tfrac", "\\frac").replace("^\\circ", "").replace("\\%", "")
    return _SETTING.sub("", text).rstrip(".")
