"""The examples in asserts that a prompt shows, as MBPP's do: ``assert f(1, 2) == 3``. Nothing is run.

Where the asserts shown are those that grade (MBPP's own prompt shows all three), what they expect is kept back: a
program picked for passing them would be picked by the grading tests. Its calls can still be made, to see which programs
do the same.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from benchmarks.doctests import MAX_EXAMPLES, call_name, example_of
from core.examples import Example, PublicExamples
from parsers import python_source


def examples_of(asserts: Sequence[str], *, judged: bool) -> PublicExamples | None:
    """``judged``: none of these asserts grades. None where no assert is the plain call of one function."""
    found = [example for text in asserts for example in _calls(text)]
    names = {name for name, _ in found}
    if len(names) != 1:
        return None
    examples = tuple(example if judged else Example(example.given, named=example.named, judged=False)
                     for _, example in found)
    return PublicExamples(names.pop(), examples[:MAX_EXAMPLES])


def _calls(text: str) -> list[tuple[str, Example]]:
    """Of each assert that compares a call with a literal for equality."""
    tree = python_source.parse(text)
    tests = [node.test for node in tree.body if isinstance(node, ast.Assert)] if tree is not None else []
    found = []
    for test in tests:
        if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq)):
            continue
        name = call_name(test.left)
        example = example_of(test.left, test.comparators[0], name) if name else None
        if name and example is not None:
            found.append((name, example))
    return found
