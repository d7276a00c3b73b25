"""The examples in a function's docstring, read from the prompt's text as the model saw it. Nothing is run.

Three plain forms are read, a line at a time, and everything else is passed over in silence, for an example that was
guessed would punish right programs:

* ``>>> f(1, 2)`` with what it prints below (by the standard library's ``doctest``);
* ``f(1, 2) == 3``, also with ``=>``, ``->``, ``=``, ``returns`` and the like between call and value;
* ``Input: a = 1, b = 2`` with ``Output: 3`` on the next line that is not blank, ``For a = 1 the output should be 3``.

Arguments and value must be literals. What the prompt states may be wrong; it is what the model was told all the same.
"""

from __future__ import annotations

import ast
import doctest
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from core.examples import Example, PublicExamples
from core.records import Json
from parsers import python_source

MAX_EXAMPLES: Final = 20
_MAX_PROMPT: Final = 50_000
_MAX_CALL: Final = 2_000
_QUOTES = re.compile(r'"""|\'\'\'')
_BETWEEN = re.compile(
    r"\s*#?\s*(?:=+>|==|=|-+>|\u279e|\u2794|\u2192|(?:should )?(?:return|equal)s?|(?:should|will) be)\s*:?\s*")
_INPUT = re.compile(r"\s*Input\s*:\s*(?P<given>.+)", re.IGNORECASE)
_OUTPUT = re.compile(r"\s*Output\s*:\s*(?P<value>.+)", re.IGNORECASE)
_FOR = re.compile(r"\s*For (?P<given>.+?),? the output should be (?P<value>.+)")
_WORDS: Final[dict[str, Json]] = {"true": True, "false": False, "null": None}
_MADE: Final[dict[str, Callable[[Any], Json]]] = {
    "set": set, "frozenset": frozenset, "tuple": tuple, "list": list, "dict": dict}
_COMMENT = re.compile(r"\s+#.*|\s+\(.*\)\s*|\s*[.;,]?\s*")


class _NoLiteral(ValueError):
    """Not a literal."""


def examples_in(prompt: str, entry: str) -> tuple[Example, ...]:
    """At most ``MAX_EXAMPLES`` of them, each input once, in the order in which they stand. Never raises."""
    found: dict[str, Example] = {}
    for text in _docstrings(prompt[:_MAX_PROMPT]):
        for example in (*_doctests(text, entry), *_by_line(text, entry)):
            found.setdefault(repr((example.given, sorted(example.named.items()))), example)
    return tuple(found.values())[:MAX_EXAMPLES]


def examples_of(prompt: str, entry: str) -> PublicExamples | None:
    """The same for ``TaskSet``; None where there are none."""
    found = examples_in(prompt, entry)
    return PublicExamples(entry, found) if found else None


def call_of(text: str, entry: str) -> tuple[tuple[Json, ...], dict[str, Json]] | None:
    """The arguments of a text that is a call of ``entry`` with literals; None for anything else."""
    try:
        return _arguments(_expression(text), entry)
    except _NoLiteral:
        return None


def call_name(node: ast.expr) -> str | None:
    """The name of the function that an expression calls; None where it calls none by a plain name."""
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else None


def example_of(call: ast.expr, value: ast.expr, entry: str) -> Example | None:
    """The example of a call of ``entry`` and its value, where all are literals."""
    try:
        given, named = _arguments(call, entry)
        return Example(given, _value(value), named)
    except _NoLiteral:
        return None


def _docstrings(prompt: str) -> list[str]:
    """What stands between triple quotes, backslashes as they are written; the whole text where there are none."""
    parts = _QUOTES.split(prompt)
    return parts[1::2] if len(parts) > 1 else parts


def _doctests(text: str, entry: str) -> Iterator[Example]:
    try:
        lines = doctest.DocTestParser().get_examples(text)
    except ValueError:  # it is indented in a way that is no doctest
        return
    for line in lines:
        try:
            given, named = _arguments(_expression(line.source), entry)
            yield Example(given, _literal(line.want), named)
        except _NoLiteral:
            continue


def _by_line(text: str, entry: str) -> Iterator[Example]:
    lines = text.split("\n")
    for number, line in enumerate(lines):
        example = _with_value_behind(line, entry)
        if example is None and (given := _INPUT.fullmatch(line) or _FOR.fullmatch(line)) is not None:
            below = next((other for other in lines[number + 1:number + 3] if other.strip()), "")
            value = given if given.re is _FOR else _OUTPUT.fullmatch(below)
            example = None if value is None else _example(f"{entry}({given['given']})", value["value"], entry)
        if example is not None:
            yield example


def _with_value_behind(line: str, entry: str) -> Example | None:
    """``f(1, 2) == 3``; the last call of ``f`` in the line that has a value behind it."""
    at = line.find(f"{entry}(")
    if at < 0 or (at and (line[at - 1].isalnum() or line[at - 1] in "_.")):
        return None
    end = _closing(line, at + len(entry))
    between = _BETWEEN.match(line, end) if end is not None else None
    return None if between is None else _example(line[at:end], line[between.end():], entry)


def _closing(line: str, opening: int) -> int | None:
    """The place behind the bracket that closes the one at ``opening``, strings apart."""
    level, quote = 0, ""
    at = opening
    while at < min(len(line), opening + _MAX_CALL):
        char = line[at]
        if quote:
            at += char == "\\"
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char in "([{":
            level += 1
        elif char in ")]}":
            level -= 1
            if level == 0:
                return at + 1
        at += 1
    return None


def _example(call: str, value: str, entry: str) -> Example | None:
    arguments = call_of(call, entry)
    if arguments is None:
        return None
    try:
        return Example(arguments[0], _literal_before_comment(value), arguments[1])
    except _NoLiteral:
        return None


def _literal_before_comment(text: str) -> Json:
    """The literal that a text is, or that it begins with and only a remark follows."""
    try:
        return _literal(text)
    except _NoLiteral:
        ends = [match.start() for match in re.finditer(r"[\s.;,]", text) if _COMMENT.fullmatch(text, match.start())]
        for end in ends:
            try:
                return _literal(text[:end])
            except _NoLiteral:
                continue
        raise


def _expression(text: str) -> ast.expr:
    tree = python_source.parse(text.strip()) if len(text) <= _MAX_CALL else None
    if tree is None or len(tree.body) != 1 or not isinstance(tree.body[0], ast.Expr):
        raise _NoLiteral
    return tree.body[0].value


def _literal(text: str) -> Json:
    """Also ``true``, ``false`` and ``null``, as some prompts have them."""
    expression = _expression(text)
    if isinstance(expression, ast.Name) and expression.id in _WORDS:
        return _WORDS[expression.id]
    return _value(expression)


def _value(node: ast.expr) -> Json:
    """Of a literal, or of ``set((1, 2))`` and the like."""
    if isinstance(node, ast.Call) and call_name(node) in _MADE and len(node.args) == 1 and not node.keywords:
        made, items = _MADE[call_name(node) or ""], _value(node.args[0])
        try:
            return made(items)
        except (TypeError, ValueError):
            raise _NoLiteral from None
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, RecursionError, MemoryError, SyntaxError):
        raise _NoLiteral from None


def _arguments(node: ast.expr, entry: str) -> tuple[tuple[Json, ...], dict[str, Json]]:
    if not isinstance(node, ast.Call) or call_name(node) != entry:
        raise _NoLiteral
    named = {keyword.arg: _value(keyword.value) for keyword in node.keywords if keyword.arg is not None}
    if len(named) < len(node.keywords):
        raise _NoLiteral
    return tuple(map(_value, node.args)), named
