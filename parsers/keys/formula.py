r"""A formula by its text, numbers by value: ``\dfrac12``, ``\frac{1}{2}`` and ``0.5`` are one; ``x = 5`` is 5.

Only dress is taken off. Whether ``2(x+1)`` and ``2x+2`` are equal is a computer algebra's question, which a program of
the sandbox answers when they are graded; as votes they are counted apart, which can cost a majority, never make one.
"""

from __future__ import annotations

import re
from typing import Final

from core.records import Json
from parsers.answers.numbers import exact
from parsers.keys import text
from parsers.keys.shape import short

_MAX_CHARS: Final = 4000
_BOXED = re.compile(r"\\(?:boxed|fbox)\s*\{(.*)\}", re.DOTALL)
_NAMED = re.compile(r"\\(?:text|textbf|mathrm|mathbf|mbox|operatorname)\s*\{([^{}]*)\}")
_SHORT_FRACTION = re.compile(r"\\frac\s*([0-9a-z])\s*([0-9a-z])")
_SHORT_ROOT = re.compile(r"\\sqrt\s*([0-9a-z])")
_ONE_IN_BRACES = re.compile(r"([\^_])\{([0-9A-Za-z])\}")
_VARIABLE = re.compile(r"[A-Za-z](?:_[0-9A-Za-z])?=(?=[^=]+$)")
_MIXED = re.compile(r"\s*[0-9]{1,3}\s+[0-9]{1,3}\s*/\s*[0-9]{1,3}\s*")
"""Three halves as ``1 1/2``: the one place where a blank counts."""
_LIST = re.compile(r"^[\[({\\].*,|,(?![0-9]{3}(?![0-9]))")
"""A comma that does not part thousands: a point, an interval, several solutions."""
_DRESS = re.compile(
    r"\\(?:left|right|displaystyle|quad|qquad|degree)(?![a-zA-Z])|\\[,;!: $%()\[\]]|\^\{?\\circ\}?|\s+|[$~\u00b0]")
_SAME: Final = (("\\dfrac", "\\frac"), ("\\tfrac", "\\frac"), ("\\cdot", "*"), ("\\times", "*"), ("\\leq", "\\le"),
                ("\\geq", "\\ge"), ("\u2212", "-"), ("\u03c0", "\\pi"), ("\u221e", "\\infty"), ("\u221a", "\\sqrt"))


def key(value: Json) -> str | None:
    """The number where it is one number, its percent sign aside; else the formula without its dress."""
    if not isinstance(value, str):
        return _number(value) or text.key(value)
    if len(value) > _MAX_CHARS:
        return text.key(value)
    boxed = _BOXED.fullmatch(value.strip())
    inside = boxed.group(1) if boxed is not None else value
    bare = _undressed(inside)
    if not bare:
        return None
    if _LIST.search(bare):
        return short(bare)
    return _number(inside if _MIXED.fullmatch(inside) else bare) or short(bare)


def _number(value: Json) -> str | None:
    number = exact(value)
    return None if number is None else short(str(number))


def _undressed(formula: str) -> str:
    formula = _NAMED.sub(r"\1", formula)
    for old, new in _SAME:
        formula = formula.replace(old, new)
    formula = _SHORT_ROOT.sub(r"\\sqrt{\1}", _SHORT_FRACTION.sub(r"\\frac{\1}{\2}", formula))
    formula = _ONE_IN_BRACES.sub(r"\1\2", _DRESS.sub("", formula)).rstrip(".,;")
    return _VARIABLE.sub("", formula, count=1) if _VARIABLE.match(formula) else formula
