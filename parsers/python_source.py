"""Looking at Python source without running it, within bounds.

``ast.parse`` is linear C, but hostile text can make it slow (deep nesting) or make it warn; both are kept out here.
"""

from __future__ import annotations

import ast
import warnings
from typing import Final

from parsers.safe_json import depth

MAX_CHARS: Final = 200_000
_MAX_NESTING: Final = 90  # the compiler itself gives up at 200 brackets, and its error path slows down before that

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_STATEMENTS = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Assign, ast.AugAssign, ast.For,
    ast.While, ast.If, ast.With, ast.Try, ast.Return, ast.Raise, ast.Assert, ast.Delete,
)


def parse(source: str) -> ast.Module | None:
    """The syntax tree, or None if the text is no Python of this version, or is beyond the bounds."""
    if not bounded(source):
        return None
    try:
        with warnings.catch_warnings():  # "\d" in somebody's program is no concern of ours
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def bounded(source: str) -> bool:
    """Whether ``parse`` looks at the text at all."""
    return len(source) <= MAX_CHARS and depth(source.replace("(", "[").replace(")", "]")) <= _MAX_NESTING


def is_code(tree: ast.Module) -> bool:
    """Whether a text that parses is meant as code: ``Hello`` and ``Answer: x`` are Python too."""
    return any(
        isinstance(node, _STATEMENTS) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call))
        for node in tree.body
    )


def defines(tree: ast.Module, name: str) -> bool:
    """Whether the module's top level binds the name by ``def``, ``class`` or assignment."""
    for node in tree.body:
        if isinstance(node, _Function | ast.ClassDef) and node.name == name:
            return True
        if isinstance(node, ast.Assign) and any(isinstance(at, ast.Name) and at.id == name for at in node.targets):
            return True
    return False


def defines_by_line(source: str, name: str) -> bool:
    """Whether some line begins a function of that name; for source that does not parse."""
    for line in source.split("\n"):
        words = line.replace("(", " ( ", 1).split(maxsplit=3)
        if words[:1] == ["async"]:
            words = words[1:]
        if words[:2] == ["def", name] and (len(words) < 3 or words[2].startswith("(")):
            return True
    return False


def bare_code(text: str) -> str | None:
    """Code in a reply without fences: the whole reply, or its part from the first line that begins like code.

    At most four attempts to parse, so the time stays linear.
    """
    tree = parse(text)
    if tree is not None:
        return text if is_code(tree) else None
    lines = text.split("\n")
    begins = next((number for number, line in enumerate(lines) if _begins_code(line)), None)
    if begins is None:
        return None
    ends = len(lines)
    while ends > begins and not _may_end_code(lines[ends - 1]):
        ends -= 1
    for last in (len(lines), ends, _end_of_block(lines, begins)):
        part = "\n".join(lines[begins:last])
        tree = parse(part)
        if tree is not None and is_code(tree):
            return part + "\n"
    return None


_BEGINNINGS: Final = ("def ", "class ", "import ", "from ", "@", "async def ", "if __name__")


def _begins_code(line: str) -> bool:
    # "from here on …" and "import it first" are prose; code has nothing but names there, or ends in a colon
    if line.startswith("from "):
        return " import " in line
    if line.startswith("import "):
        return len(line.split()) == 2 or " as " in line or "," in line
    return line.startswith(_BEGINNINGS)


def _may_end_code(line: str) -> bool:
    return line[:1] in {" ", "\t", "#", ")", "]", "}"} or _begins_code(line) or (
        bool(line.strip()) and ("(" in line or "=" in line))


def _end_of_block(lines: list[str], begins: int) -> int:
    """Behind the last indented or code-like line before prose sets in after the first function or class."""
    last, inside = begins + 1, False
    for number in range(begins, len(lines)):
        line = lines[number]
        if not line.strip():
            continue
        if line[0] in " \t":
            inside = True
        elif inside and not _may_end_code(line):
            break
        last = number + 1
    return last
