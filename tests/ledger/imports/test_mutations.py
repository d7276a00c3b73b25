"""Files with something wrong in them, wherever it is: they are read, or refused in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadInput
from ledger.imports.found import Wish
from ledger.imports.registry import read_file
from ledger.imports.source import Source

FILES = Path(__file__).with_name("files")
READ_HERE = sorted(path for path in FILES.rglob("*.json*") if "inspect" not in path.name)

junk: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, -1, 2**70, 10**400, 1e308, float("nan"), "", "\ud800", "/../..", [], {}, [[]], {"a": 1}, 0.5])


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) in a value, so that what is there can be put in the place of something else."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    return [(value, key) for key in keys] + [place for key in keys for place in places(value[key])]


@pytest.mark.parametrize("path", READ_HERE, ids=lambda path: path.name)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_file_with_anything_in_the_place_of_anything_is_read_or_refused(path: Path, data: st.DataObject) -> None:
    texts = path.read_text().splitlines() if path.suffix == ".jsonl" else [path.read_text()]
    number = data.draw(st.integers(0, len(texts) - 1))
    value = json.loads(texts[number])
    container, key = data.draw(st.sampled_from(places(value)))
    if data.draw(st.booleans()):
        del container[key]
    else:
        container[key] = data.draw(junk)
    source = Source(path)
    source.data = "\n".join([*texts[:number], json.dumps(value), *texts[number + 1:]]).encode()
    try:
        found = read_file(source, Wish())
    except BadInput:
        return
    assert all(run.rows or run.older is not None or run.reported_percent is not None for run in found)
