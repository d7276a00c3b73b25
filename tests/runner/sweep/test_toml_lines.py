"""Lines of a TOML file's keys and elements: all that are in its values, and where they stand."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.sweep.toml_lines import Place, line_of, lines_of

PLAN = """\
# a plan
name = 'x # no comment'
models = [
  "demo:F16",  # the first
  { model = "a]b}.gguf", ctx-size = 4096 },

  "demo:Q2_K"]
text = \"\"\"
two = 2
"quoted" \\\"\"\" end\"\"\"
raw = '''
'it's''''
[settings]
limit = 20
"odd key".inner = 1

[[exclude]]
model = "a"
[[exclude]]
model = "b"
deep = { er = [1, [2, {x = 3}]] }
[exclude.sub]
y = 1
"""


@pytest.mark.parametrize(("place", "line"), [
    (("name",), 2),
    (("models",), 3),
    (("models", 0), 4),
    (("models", 1), 5),
    (("models", 1, "ctx-size"), 5),
    (("models", 2), 7),
    (("text",), 8),
    (("raw",), 11),
    (("settings",), 13),
    (("settings", "limit"), 14),
    (("settings", "odd key", "inner"), 15),
    (("exclude", 0, "model"), 18),
    (("exclude", 1), 19),
    (("exclude", 1, "model"), 20),
    (("exclude", 1, "deep", "er", 1, 1, "x"), 21),
    (("exclude", 1, "sub", "y"), 23),
])
def test_each_key_and_element_has_its_line(place: Place, line: int) -> None:
    assert lines_of(PLAN)[place] == line


def test_what_is_not_there_has_the_line_of_what_it_would_be_in() -> None:
    lines = lines_of(PLAN)
    assert line_of(lines, ("exclude", 1, "benchmark")) == 19
    assert line_of(lines, ("benchmarks",)) == 1


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    yield place
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*place, key))
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*place, index))


def test_every_value_of_the_text_is_found() -> None:
    assert set(places(tomllib.loads(PLAN))) == set(lines_of(PLAN))


KEYS = st.one_of(st.from_regex(r"[A-Za-z0-9_-]{1,6}", fullmatch=True), st.text("ab .\"'#[]{}=", min_size=1, max_size=4))
VALUES = st.recursive(
    st.one_of(st.integers(-9, 9), st.booleans(), st.text("ab\"'\\#[]{},=\n", max_size=6)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)), max_leaves=8)


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(key)} = {written(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[ # ]\n" + "".join(f"{written(inner)} ,\n" for inner in value) + "]"
    return quoted(value) if isinstance(value, str) else str(value)


@given(st.dictionaries(KEYS, VALUES, max_size=4), st.lists(st.dictionaries(KEYS, VALUES, max_size=3), max_size=3))
def test_no_key_and_no_element_of_any_text_is_missed(table: dict[str, Any], tables: list[dict[str, Any]]) -> None:
    table.pop("many", None)
    pairs = [f"{quoted(key)} = {written(value)}\n" for key, value in table.items()]
    for each in tables:
        pairs += ["[[many]]\n", *(f"{quoted(key)} = {written(value)}\n" for key, value in each.items())]
    text = "".join(pairs)
    assert set(places(tomllib.loads(text))) == set(lines_of(text))
