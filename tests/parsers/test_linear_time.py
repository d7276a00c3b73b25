"""Eight times the text may take eight times the time, with room for noise, and not sixty-four times."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

import pytest

from parsers.answers.numbers import parse_number
from parsers.answers.registry import ANSWER_PARSERS
from parsers.fences import blocks
from parsers.outputs.registry import OUTPUT_PARSERS
from parsers.python_source import bare_code, parse
from parsers.safe_json import depth
from parsers.thinking import split
from tests.parsers.asking import answer, events

PROMPT = {"prompt": "def f(x):\n", "entry_point": "f", "starter_code": "class Solution:\n    def f(self):\n        "}

UNITS = [
    "{",
    "[",
    "}",
    "{}",
    "[1,",
    "1,",
    "111,",
    "1.",
    ".",
    "1 ",
    "1/",
    "1/2/",
    "1 1/2 ",
    "10^",
    "1e9",
    "-",
    "9",
    "\u202f",
    " ",
    "\n",
    '"',
    '\\"',
    "\\",
    '{"a":',
    '{"a":1}\n',
    '{"a":"',
    "[{]",
    '{"',
    "```",
    "```\n",
    "```a\n",
    "~~~\n",
    "`",
    "``` ```",
    "\\boxed{",
    "\\boxed{}",
    "\\frac{",
    "\\frac{1}{",
    "####",
    "#### 1\n",
    "#### \n",
    "answer ",
    "answer is ",
    "the answer is x\n",
    "answer:\n",
    "<think>",
    "</think>",
    "<think></think>",
    "<think>\n'</think>'\n",
    "<think>\n```\n</think>\n",
    "\n<think>",
    "<thinking></think>",
    "<|channel|>",
    "<|start|>assistant<|channel|>",
    "<|channel|>analysis<|message|>",
    "analysis",
    "assistantfinal",
    "def f(x):\n",
    "def f(x):\n    return x\n",
    "(",
    "lambda:",
    "not ",
    "-x",
    "f(",
    "x=",
    "'''",
    "from a import b\n",
    "class A:\n",
    " x\n",
    "\tx\n",
    "score",
    "score: ",
    "score: 1 ",
    "1/2 ",
    "1/2 passed ",
    "score:\n",
    '{"event":"sample",\n',
    '{"event":"end"}\n',
    "{\n",
    "[\n",
    "{\n}\n",
    "{}{",
    '{"task_id":"a","completion":"x"}\n',
    "\x00",
    "é",
    "\ud800",
]

FUNCTIONS: dict[str, Callable[[str], object]] = {
    "thinking": split,
    "thinking opened": lambda text: split(text, None, True),
    "fences": blocks,
    "depth": depth,
    "python": parse,
    "bare code": bare_code,
    "number": parse_number,
    "output": events,
    "humaneval output": lambda text: events(text, OUTPUT_PARSERS["humaneval"]()),
} | {name: (lambda text, name=name: answer(name, text, PROMPT)) for name in ANSWER_PARSERS}


def seconds(function: Callable[[str], object], text: str) -> float:
    """Of this thread's own processor time: other work on the machine does not count, save for what it costs caches."""
    gc.disable()  # a collection looks at all that the test run holds, and not at this text
    try:
        began = time.thread_time()
        function(text)
        return time.thread_time() - began
    finally:
        gc.enable()


def is_linear(function: Callable[[str], object], unit: str, head: str = "", chars: int = 4_000) -> bool:
    """Whether eight times the text takes less than 24 times as long.

    The least of several, because a busy machine only ever adds to a time; and where that says no, it is asked again of
    four times as much text, where what is quadratic is as far from linear as before and noise is less of the time.
    """
    for more in (1, 4):
        small = head + unit * (more * chars // len(unit))
        large = head + unit * (8 * more * chars // len(unit))
        best_small = best_large = float("inf")
        for _attempt in range(8):
            best_large = min(best_large, seconds(function, large))
            best_small = min(best_small, seconds(function, small))
            if best_large < 0.06 * more or best_large < 24 * best_small:
                return True
            if best_large > 20:
                return False
    return False


@pytest.mark.parametrize("name", FUNCTIONS)
def test_time_grows_with_the_length_alone(name: str) -> None:
    slow = [unit for unit in UNITS if not is_linear(FUNCTIONS[name], unit)]
    assert slow == []


@pytest.mark.parametrize(
    "head", ["{", '{"a": [', "<think>", "```python\n", "\\boxed{", "def f(x):\n    return (", "the answer is ", "#### "]
)
def test_so_it_does_behind_a_beginning_that_never_ends(head: str) -> None:
    slow = [
        (name, unit)
        for name, function in FUNCTIONS.items()
        for unit in UNITS[::3]
        if not is_linear(function, unit, head, 2_500)
    ]
    assert slow == []


def test_a_long_text_is_read_in_a_moment() -> None:
    text = 'I think 1,234 is {"a": [1, 2]} and `x`.\n' * 25_000
    for name, function in FUNCTIONS.items():
        assert any(seconds(function, text) < 20 for _attempt in range(2)), f"{name}: a second or so on an idle machine"
