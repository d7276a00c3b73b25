"""MBPP+ and files of its schema: as ``human_eval_plus``, with what is particular to MBPP's tasks.

The data set is JSON, which has neither tuples nor sets nor complex numbers; which task's arguments are what, evalplus
0.3 states by task number (its ``data/mbpp.py``), and so does the table here. Some tasks have many right answers, or
values that have no plain form; how those are compared (``oracle``) is upstream's rule as well.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from core.records import Answer, Verdict
from evaluators import human_eval_plus
from evaluators.box import Box
from evaluators.sandbox import values

Arguments = list[Any]
_MOST_ITEMS = 1_000_000
_MOST_ADDED = 10_000_000

_ORACLES: Mapping[str, str] = {
    **dict.fromkeys(("similar_elements", "find_char_long", "common_in_nested_lists", "extract_singly", "larg_nnum",
                     "intersection_array", "find_dissimilar", "Diff"), "set"),
    **dict.fromkeys(("check_str", "text_match_three", "text_starta_endb"), "not_none"),
    "are_equivalent": "any", "sum_div": "or_zero", "surface_Area": "surface", "digit_distance_nums": "digits",
}
"""By entry point: how a value is compared where equality will not do; the words are those of ``sandbox/plus``."""


def evaluate(task_id: str, reference: Mapping[str, Any], answer: Answer, box: Box) -> Verdict:
    """``reference``: as for HumanEval+; the prompt is no code here, and the value is a whole program."""
    number = re.search(r"(\d{1,9})\Z", task_id, re.ASCII)
    shape = _SHAPES.get(int(number[1])) if number else None
    given = dict(reference) | {
        key: _encoded(_affordable(reference.get("entry_point"), reference[key]), shape)
        for key in ("base_input", "plus_input") if key in reference
    }
    oracle = _ORACLES.get(str(reference.get("entry_point")))
    return human_eval_plus.judged(task_id, given, answer, box, {"tagged": True, "oracle": oracle})


def _encoded(inputs: Any, shape: Callable[[Arguments], Arguments] | None) -> Any:
    """Arguments in the values' own grammar; what is no list of argument lists stays, and is found out later."""
    if not isinstance(inputs, list) or not all(isinstance(item, list) for item in inputs):
        return inputs
    return [[values.encode(argument) for argument in (shape(item) if shape else item)] for item in inputs]


def _affordable(entry: Any, inputs: Any) -> Any:
    """Without the inputs of Mbpp/255 whose value, all combinations with repetition, runs to a gigabyte.

    Of the sixteen of Mbpp/599 that make its solution add up a hundred million numbers two are kept: all of them take
    the whole minute there is, so that the verdict would be the machine's.
    """
    if not isinstance(inputs, list):
        return inputs
    if entry == "sum_average":
        long = [given for given in inputs if given and isinstance(given[0], int) and given[0] > _MOST_ADDED]
        return [given for given in inputs if given not in long[2:]]
    if entry != "combinations_colors":
        return inputs
    return [given for given in inputs if _items(*given) <= _MOST_ITEMS]


def _items(colours: Any, count: Any) -> int:
    """How many there are in the value."""
    if not isinstance(colours, (list, str)) or not isinstance(count, int) or not colours or count < 1:
        return 0
    return math.comb(len(colours) + count - 1, count) * count


def _tuples(arguments: Arguments) -> Arguments:
    return [tuple(item) for item in arguments]


def _lists_of_tuples(arguments: Arguments) -> Arguments:
    return [[tuple(item) for item in argument] for argument in arguments]


def _tuples_of_tuples(arguments: Arguments) -> Arguments:
    return _tuples(_lists_of_tuples(arguments))


def _all_tuples(value: Any) -> Any:
    return tuple(_all_tuples(item) for item in value) if isinstance(value, list) else value


_BY_SHAPE: tuple[tuple[Callable[[Arguments], Arguments], tuple[int, ...]], ...] = (
    (_tuples, (2, 116, 132, 143, 222, 261, 273, 394, 399, 421, 424, 429, 470, 560, 579, 596, 616, 630, 726, 740, 744,
               809)),
    (_lists_of_tuples, (63, 64, 70, 94, 120, 237, 272, 299, 400, 409, 417, 438, 473, 614, 780)),
    (lambda given: [[tuple(item) for item in given[0]], given[1]], (75, 413, 444, 753)),
    (lambda given: [given[0], tuple(given[1])], (106, 750)),
    (lambda given: [[set(item) if isinstance(item, list) and item else {} for item in given[0]]], (115,)),
    (lambda given: [float(given[0]), complex(given[1])], (124,)),
    (lambda given: [tuple(given[0]), given[1]], (250, 405, 446, 617, 720, 763, 808)),
    (_tuples_of_tuples, (259, 401, 445)),
    (lambda given: [tuple(tuple(item) if isinstance(item, list) else item for item in given[0])], (278,)),
    (lambda given: [tuple(given[0]), given[1], given[2]], (307,)),
    (lambda given: [{key: tuple(value) for key, value in given[0].items()}, *given[1:]], (722,)),
    (lambda given: [complex(given[0])], (252,)),
    (lambda given: [_all_tuples(item) for item in given], (580, 615, 791)),
)
_SHAPES: Mapping[int, Callable[[Arguments], Arguments]] = {
    number: shape for shape, numbers in _BY_SHAPE for number in numbers
}
