"""Evaluators that run nothing: numbers and extracted objects."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UsageError
from core.outcomes import Outcome
from core.records import Answer, Verdict
from evaluators.extraction import same
from evaluators.math_answers import number
from evaluators.pool import Programs, VerifierPool


@pytest.fixture(scope="module")
def pure() -> Any:
    with VerifierPool(2, programs=Programs(needed=False)) as made:
        yield made


def judge(pool: VerifierPool, evaluator: str, reference: dict[str, Any], value: Any) -> Verdict:
    return pool.submit(evaluator, "t", lambda: reference, Answer(value)).result(10)


@pytest.mark.parametrize(("gold", "given_"), [
    ("18", "18"), ("18", "18.0"), ("1/2", "0.5"), ("0.5", "1/2"), ("2,125", "2125"), ("-7", "\N{MINUS SIGN}7"),
    ("25", "25%"),
    ("25%", "25"), ("3.10", "3.1"), ("18", 18), ("18", "18 apples"), ("$4.50", "4.5"), ("2/3", "4/6")])
def test_numbers_that_are_equal(pure: VerifierPool, gold: str, given_: Any) -> None:
    assert judge(pure, "math", {"answer": gold}, given_).outcome is Outcome.CORRECT


@pytest.mark.parametrize(("gold", "given_"), [
    ("18", "19"), ("0.33", "1/3"), ("25%", "0.25"), ("18", "-18"), ("18", "eighteen"), ("18", True), ("18", [18]),
    ("18", "1e1"), ("1", "1/0"), ("18", "9" * 5000), ("18", "18 or 19"),
    pytest.param("18", 10**5000, id="an int of 5000 digits")])
def test_numbers_that_are_not(pure: VerifierPool, gold: str, given_: Any) -> None:
    assert judge(pure, "math", {"answer": gold}, given_).outcome is Outcome.WRONG


@given(st.text(max_size=300) | st.integers() | st.floats() | st.none() | st.booleans())
def test_reading_a_number_never_raises(value: object) -> None:
    number(value)


def test_a_gold_answer_that_is_no_number_is_our_fault(pure: VerifierPool) -> None:
    assert judge(pure, "math", {"answer": "see the book"}, "18").outcome is Outcome.HARNESS_FAULT


SCHEMA = {"type": "object", "required": ["name", "price"], "additionalProperties": False,
          "properties": {"name": {"type": "string"}, "price": {"type": "number"},
                         "tags": {"type": "array", "items": {"type": "string"}}}}
TASK = {"schema": SCHEMA, "expected": {"name": "Bolt M4", "price": 12.5, "tags": ["a", "b"]}}


@pytest.mark.parametrize("value", [
    {"name": "Bolt M4", "price": 12.50, "tags": ["a", "b"]}, {"tags": ["a", "b"], "price": 12.5, "name": " Bolt M4 "}])
def test_an_object_that_agrees_is_correct(pure: VerifierPool, value: Any) -> None:
    verdict = judge(pure, "extraction", TASK, value)
    assert verdict.outcome is Outcome.CORRECT
    assert verdict.fields == {"name": True, "price": True, "tags": True}
    assert verdict.detail == ""


@pytest.mark.parametrize(("value", "fields", "detail"), [
    ({"name": "Bolt M4", "price": "12.5", "tags": ["a", "b"]}, (True, False, True), "schema: $.price"),
    ({"name": "Bolt M4", "price": 12.5, "tags": ["b", "a"]}, (True, True, False), "wrong: tags"),
    ({"name": "Bolt M4", "price": 12.5}, (True, True, False), "wrong: tags"),
    ({"name": "bolt m4", "price": 12.5, "tags": ["a", "b"]}, (False, True, True), "wrong: name"),
    ({"name": "Bolt M4", "price": 12.5, "tags": ["a", "b"], "x": 1}, (True, True, True), "schema: $"),
    ([], (False, False, False), "schema: $"),
    ("Bolt M4", (False, False, False), "schema: $")])
def test_an_object_that_differs_is_scored_by_field(
        pure: VerifierPool, value: Any, fields: tuple[bool, ...], detail: str) -> None:
    verdict = judge(pure, "extraction", TASK, value)
    assert verdict.outcome is Outcome.WRONG
    assert verdict.fields == dict(zip(("name", "price", "tags"), fields, strict=True))
    assert verdict.detail.startswith(detail)


def test_types_are_not_mixed_up() -> None:
    assert same(31, 31.0)
    assert same({"a": [1, None]}, {"a": [1.0, None]})
    assert not same(True, 1)
    assert not same("1", 1)
    assert not same(None, "")
    assert not same(float("nan"), float("nan"))
    assert not same(10**16 + 1, float(10**16))


def test_an_answer_too_large_to_look_at_is_wrong_at_once(pure: VerifierPool) -> None:
    deep: Any = 1
    for _ in range(500):
        deep = [deep]
    for value in (deep, list(range(100_000)), {"name": "x" * 10**6}, {"price": 10**5000}):
        verdict = judge(pure, "extraction", TASK, value)
        assert verdict.outcome is Outcome.WRONG
        assert "too large" in verdict.detail


def test_a_schema_elsewhere_is_not_fetched(pure: VerifierPool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        schema = {"$ref": f"http://127.0.0.1:{server.getsockname()[1]}/schema.json"}
        verdict = judge(pure, "extraction", {"schema": schema, "expected": {"a": 1}}, {"a": 1})
        with pytest.raises(BlockingIOError):
            server.accept()
    assert verdict.outcome is Outcome.HARNESS_FAULT


def test_a_broken_schema_is_our_fault(pure: VerifierPool) -> None:
    for schema in ({"type": 7}, {"$ref": "#/nowhere"}):
        verdict = judge(pure, "extraction", {"schema": schema, "expected": {"a": 1}}, {"a": 1})
        assert verdict.outcome is Outcome.HARNESS_FAULT, verdict


def test_no_answer_needs_no_reference(pure: VerifierPool) -> None:
    def load() -> dict[str, Any]:
        raise AssertionError

    verdict = pure.submit("math", "t", load, Answer(None, "there is no number in it")).result(5)
    assert verdict == Verdict(Outcome.NO_ANSWER, "there is no number in it", wall_s=verdict.wall_s)


def test_an_unknown_evaluator_lists_near_names(pure: VerifierPool) -> None:
    with pytest.raises(UsageError, match="human_eval"):
        pure.submit("humaneval", "t", dict, Answer("x"))
