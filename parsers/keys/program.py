"""A program by its text, for tasks without public examples to try it on: comments, layout and docstrings do not count.

Where there are examples, what the program does with them is the key instead (``evaluators/examples.py``); two programs
that compute the same in different ways agree only there.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Mapping

from core.records import Json
from parsers import python_source

_DOCUMENTED = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def key(value: Json) -> str | None:
    """``ast:…`` of the syntax tree; None for what is no Python, and so cannot be right. What is too long or too deep to
    be parsed counts by its lines, without blanks at their ends: ``text:…``.
    """
    source = source_of(value)
    if source is None or not source.strip():
        return None
    try:
        tree = python_source.parse(source)
        if tree is None and python_source.bounded(source):
            return None
        kind, text = ("ast", _shape(tree)) if tree is not None else ("text", _lines(source))
    except RecursionError:  # a chain of a thousand operators has no bracket to count
        kind, text = "text", _lines(source)
    return f"{kind}:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def source_of(value: Json) -> str | None:
    """The program in an answer of a code benchmark: its text, or the ``program`` of HumanEval's pair."""
    source = value.get("program") if isinstance(value, Mapping) else value
    return source if isinstance(source, str) else None


def _shape(tree: ast.Module) -> str:
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            del node.body[0]
    return ast.dump(tree)


def _lines(source: str) -> str:
    return "\n".join(line.rstrip() for line in source.strip().splitlines())
