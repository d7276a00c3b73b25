"""What a record of ours must be before it is written."""

from __future__ import annotations

import json
import math
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BenchError
from ledger.jsontext import one_line, read_document, strict_value
from ledger.record import FORMAT, make

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12)


def fields(**more: Any) -> dict[str, Any]:
    return {"timestamp": "2026-11-21T00:00:00Z", "benchmark": "math", "model": "demo-5M:Q8_0", "format": FORMAT,
            "run_id": "r1", "fingerprint": "f" * 64, "status": "complete", "config": {},
            "results": {"score": 0.0}, "validity": {"status": "ok", "reasons": []}, "tasks_sha256": "a" * 64,
            "outcomes": {}, **more}


def test_an_unknown_number_becomes_an_absent_key_at_every_level() -> None:
    record = make(fields(latency={"request_s_p50": None, "startup_s": 1.5}, energy=None))
    assert record["latency"] == {"startup_s": 1.5}
    assert "energy" not in record
    assert "null" not in record.text


@pytest.mark.parametrize(("more", "says"), [
    ({"results": {"score": math.nan}}, "results.score is nan"),
    ({"latency": {"request_s_p50": math.inf}}, "latency.request_s_p50 is inf"),
    ({"interval": (0.0, -math.inf)}, r"interval\[1\] is -inf"),
    ({"results": {"failed_tasks": ["a/2", "a/2"]}}, "names a task twice"),
    ({"results": {"failed_tasks": ["a/10", "a/9"]}}, "not sorted naturally"),
    ({"results": {"total_passed": 3, "total_problems": 2}}, "3 of 2 tasks"),
    ({"results": {"total_passed": 1, "total_problems": 2, "failed_tasks": []}}, "names 0"),
    ({"results": {"score": 101}}, "no percentage"),
    ({"status": "fine"}, "none of complete, incomplete"),
    ({"format": 2}, "its format is 2"),
    ({"run_id": ""}, "run_id must be a text"),
    ({"outcomes": None}, 'no "outcomes"'),
    ({"validity": "ok"}, "validity must be an object"),
])
def test_a_record_that_would_be_untrue_is_refused_by_name(more: dict[str, Any], says: str) -> None:
    with pytest.raises(BenchError, match=says):
        make(fields(**more))


def test_naturally_sorted_failures_are_taken() -> None:
    record = make(fields(results={"failed_tasks": ["a/9", "a/10", "b"]}))
    assert record["results"]["failed_tasks"] == ["a/9", "a/10", "b"]


@given(json_values)
def test_joining_the_lines_of_any_json_changes_no_value(value: Any) -> None:
    text = one_line(json.dumps(value, indent=2, ensure_ascii=False))
    assert "\n" not in text
    assert json.loads(text) == value


@given(st.lists(st.dictionaries(st.text(), json_values, max_size=4), max_size=4), st.sampled_from([None, 1, "\t"]),
       st.dictionaries(st.text(max_size=3), json_values, max_size=2))
def test_a_document_rendered_and_read_again_is_the_same(runs: list[Any], indent: Any, others: dict[str, Any]) -> None:
    whole = {**others, "runs": runs}
    document = read_document(json.dumps(whole, indent=indent), "x")
    again = "".join(document.render())
    assert json.loads(again) == whole
    assert "".join(read_document(again, "x").render()) == again
    assert json.loads("".join(document.render(('{"new": 1}',))))["runs"] == [*runs, {"new": 1}]


def test_white_space_and_quotes_without_end_take_linear_time() -> None:
    for text in ('{"a":\n1,' + " " * 500_000 + '"b":1}', '{"a": "' + '\\"x' * 300_000 + '"\n' + " " * 500_000 + "\n}"):
        began = time.monotonic()
        assert json.loads(one_line(text)) == json.loads(text)
        assert time.monotonic() - began < 5


def test_values_are_read_strictly_wherever_they_stand() -> None:
    for text in ('{"a": 1} x', '{"a": {"b": 1, "b": 1}}', "[NaN]", "[1,]", ""):
        with pytest.raises(ValueError, match=r".+"):
            strict_value(text)
