"""Votes are counted by what an answer means, not by how it is written."""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from benchmarks.table import BENCHMARKS
from core.outcomes import Outcome
from core.records import Answer
from evaluators import exact, extraction, formula, math_answers
from parsers.keys.registry import KEY_FUNCTIONS, key_of
from parsers.keys.shape import MAX_KEY
from tests.parsers.asking import answer

PRICE = {"question": "What part of the cake is left?"}
PERCENT = {"question": "What percentage of the cake is left?"}


def math_key(response: str, prompt: dict[str, str] | None = None) -> str | None:
    return key_of("number", answer("math", response, prompt or PRICE))


@pytest.mark.parametrize("same", [
    ("The answer is 1/2", "0.5", r"\boxed{\frac{1}{2}}", "50 %", r"\boxed{50\%}", "#### 0.50", "it is 50 percent."),
    ("1,000", "1000", "$1\u202f000.00", r"\boxed{1{,}000}", "1e3", "the answer is 1000 dollars"),
    ("-2.5", r"\boxed{-\frac{5}{2}}", "\u22125/2", "-2.50 m"),
    ("#### 0", "-0.0", "0/3"),
], ids=str)
def test_spellings_of_one_number_are_one_vote(same: tuple[str, ...]) -> None:
    assert len({math_key(response) for response in same}) == 1
    assert math_key(same[0]) is not None


def test_where_a_percentage_is_asked_for_its_sign_is_dress() -> None:
    assert math_key("50 %", PERCENT) == math_key("50", PERCENT) == "50"
    assert math_key("0.5", PERCENT) == "1/2"


@pytest.mark.parametrize("response", ["no idea", r"\boxed{x+1}", "", "1.2.3"])
def test_a_reply_without_a_number_does_not_vote(response: str) -> None:
    assert math_key(response) is None


def test_different_numbers_are_different_votes() -> None:
    assert len({math_key(text) for text in ("0.333", "1/3", "0.3333", "33 %", "-1/3", "3")}) == 6


numbers = st.one_of(st.integers(-10**12, 10**12), st.decimals(-10**6, 10**6, allow_nan=False, places=4),
                    st.fractions(-1000, 1000, max_denominator=999))


@given(numbers, st.sampled_from(["{}", " {} ", "${}", "{}.", "x = {}", "{} km", r"\text{{ {} }}", "**{}**"]))
def test_what_the_evaluator_takes_for_the_gold_number_has_the_gold_numbers_key(number: Any, dress: str) -> None:
    gold, given_text = str(number), dress.format(number)
    verdict = math_answers.evaluate("t", {"answer": gold}, Answer(given_text), None)  # type: ignore[arg-type]
    assume(verdict.outcome is Outcome.CORRECT)
    assert key_of("number", Answer(given_text)) == key_of("number", Answer(gold)) is not None


@given(numbers, numbers)
def test_two_numbers_share_a_key_only_if_the_evaluator_takes_one_for_the_other(one: Any, other: Any) -> None:
    verdict = math_answers.evaluate("t", {"answer": str(one)}, Answer(str(other)), None)  # type: ignore[arg-type]
    equal = key_of("number", Answer(str(one))) == key_of("number", Answer(str(other)))
    assert equal is (verdict.outcome is Outcome.CORRECT)


scalars = st.one_of(st.none(), st.booleans(), st.integers(-10**25, 10**25), st.text(max_size=8),
                    st.floats(allow_nan=False, allow_infinity=False))
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4)
                      | st.dictionaries(st.text(max_size=4), inner, max_size=4), max_leaves=12)


def spelled_otherwise(value: Any) -> Any:
    """The same value to the evaluator: keys in another order, blanks around texts, whole floats for ints."""
    if isinstance(value, str):
        return f" {value}\n"
    if isinstance(value, dict):
        return {name: spelled_otherwise(value[name]) for name in reversed(value)}
    if isinstance(value, list):
        return [spelled_otherwise(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and Decimal(repr(float(value))) == value:
        return float(value)
    return value


@given(values)
def test_json_that_the_evaluator_takes_for_equal_is_one_vote(value: Any) -> None:
    other = spelled_otherwise(value)
    assert extraction.same(value, other)
    assert key_of("json", Answer(value)) == key_of("json", Answer(other))


@given(values, values)
def test_json_is_one_vote_only_if_the_evaluator_takes_it_for_equal(one: Any, other: Any) -> None:
    assume(one is not None and other is not None)
    assert (key_of("json", Answer(one)) == key_of("json", Answer(other))) is extraction.same(one, other)


@pytest.mark.parametrize(("one", "other", "equal"), [
    ('{"a": 1, "b": [1, 2]}', '{ "b":[1.0,2],"a":1.00 }', True),
    ('{"a": "x "}', '{"a": " x"}', True),
    ('{"a": [1, 2]}', '{"a": [2, 1]}', False),
    ('{"a": "1"}', '{"a": 1}', False),
    ('{"a": true}', '{"a": 1}', False),
    ('{"a": null}', "{}", False),
    ("12.50", "12.5", True),
    ("1e2", "100", True),
    ("-0.0", "0", True),
    ("100000000000000000000001", "1e23", False),
])
def test_json_is_compared_by_value(one: str, other: str, *, equal: bool) -> None:
    keys = [key_of("json", answer("json", text)) for text in (one, other)]
    assert None not in keys
    assert (keys[0] == keys[1]) is equal


def test_a_letter_is_read_with_or_without_its_brackets() -> None:
    assert {key_of("choice", Answer(text)) for text in ("B", "b", "(B)", "b)", " B. ", "[b]", "B:")} == {"B"}
    assert key_of("choice", Answer("Both")) == "Both"


@pytest.mark.parametrize("same", [
    (r"\dfrac12", r"\frac{1}{2}", "0.5", r"$\tfrac{1}{2}$", r"\boxed{\frac12}"),
    (r"x = 5", "5", r"\(5\)", "$5$."),
    (r"\left( 3, \frac{\pi}{2} \right)", r"(3,\frac{\pi}{2})", r"\boxed{(3, \dfrac{\pi}{2})}"),
    (r"2\sqrt{3}", r"2\sqrt3", r"$2\sqrt 3$"), (r"x^{2}+1", "x^2 + 1"), (r"\text{Evelyn}", "Evelyn"),
    (r"90^\circ", "90"), (r"50\%", "50"), ("1 1/2", r"1\frac{1}{2}", "1.5"),
], ids=str)
def test_formulas_are_one_vote_without_their_dress(same: tuple[str, ...]) -> None:
    assert len({key_of("formula", Answer(text)) for text in same}) == 1
    assert key_of("formula", Answer(same[0])) is not None


SAME = [
    (r"\frac{1}{2}", r"\dfrac{1}{2}", r"\tfrac{1}{2}"), ("x", "x ", r"x\, "), ("y^{2}", "y^{ 2}", r"y^{2}\quad "),
    (r"50\%", "50"), (r"90^\circ", "90"), (r"\sqrt{3}", r"\sqrt{3} "), (r"\left(x\right)", "(x)", r"\left( x \right)"),
    (r"\pi", r"\pi "), (r"a\leftarrow b", r"a \leftarrow b"), ("1,000", "1, 000"),
]
terms = st.sampled_from(SAME).flatmap(lambda group: st.tuples(st.sampled_from(group), st.sampled_from(group)))
dresses = st.sampled_from(["{}", "${}$", "{}.", " {} ", r"\displaystyle {}"])


@given(st.lists(terms, min_size=1, max_size=4), st.sampled_from("+-=<*"), dresses)
def test_formulas_that_the_evaluator_takes_for_the_same_text_are_one_vote(
    pairs: list[tuple[str, str]], sign: str, dress: str) -> None:
    gold, given_text = (sign.join(part) for part in zip(*pairs, strict=True))
    given_text = dress.format(given_text)
    assume(formula.plain(gold) == formula.plain(given_text))
    assert key_of("formula", Answer(gold)) == key_of("formula", Answer(given_text))


@given(numbers, st.sampled_from(
    ["{}", " {} ", "${}$", "{}.", "x = {}", "{} km", r"\text{{{}}}", r"{}\%", r"\boxed{{{}}}"]))
def test_numbers_among_formulas_are_counted_by_value(number: Any, dress: str) -> None:
    assert key_of("formula", Answer(dress.format(number))) == key_of("number", Answer(str(number)))


def test_different_formulas_are_different_votes() -> None:
    texts = ("x+1", "x-1", r"\frac{x}{2}", r"\sqrt{x}", "(1,2)", "(2,1)", "[1,2]", "12", r"1\frac{1}{2}", "1,2",
             "1.2", "(1,234)", "1,234", r"a\leftarrow b", "x-1/2", "-1/2", "x^{12}", "x^12")
    assert len({key_of("formula", Answer(text)) for text in texts}) == len(texts)


def test_programs_that_differ_in_layout_and_comments_are_one_vote() -> None:
    one = "def f(x):\n    '''Adds.'''\n    return x + 1  # one more\n"
    other = {"program": "def f(x):\n\n    return (x+1)\n", "completion": "unlooked at"}
    assert key_of("program", Answer(one)) == key_of("program", Answer(other))
    assert key_of("program", Answer(one)) != key_of("program", Answer("def f(x):\n    return x + 2\n"))


def test_a_program_that_is_no_python_does_not_vote_and_one_too_long_to_parse_does() -> None:
    assert key_of("program", Answer("def f(:\n")) is None
    long = "x = 1\n" * 50_000
    assert key_of("program", Answer(long)) == key_of("program", Answer("\n" + long.replace("\n", "  \n"))) is not None


words = st.text(alphabet="aBé \n\t", max_size=8)


@given(words, words, st.booleans())
def test_texts_are_one_vote_exactly_where_the_evaluator_takes_them_for_equal(
    one: str, other: str, fold: bool) -> None:
    assume(one.strip() and other.strip())
    reference = {"expected": [one], "ignore_case": fold}
    same = exact.evaluate("t", reference, Answer(other), None).outcome is Outcome.CORRECT  # type: ignore[arg-type]
    kind = "caseless" if fold else "text"
    assert (key_of(kind, Answer(one)) == key_of(kind, Answer(other))) is same


def test_of_replies_that_may_refuse_only_that_is_the_vote() -> None:
    refusals = ("I'm sorry, but I can't help with that.", "I cannot assist you in this.")
    replies = ("Press Ctrl+C.", "Use `kill -9`, then look again.")
    assert {key_of("refusal", Answer(text)) for text in refusals} == {"refused"}
    assert {key_of("refusal", Answer(text)) for text in replies} == {"answered"}
    assert key_of("refusal", Answer("  ")) is None


def test_a_text_is_its_words() -> None:
    assert key_of("text", Answer(" New  York\n")) == key_of("text", Answer("New York")) == "New York"
    assert key_of("text", Answer("   ")) is None


@pytest.mark.parametrize("kind", KEY_FUNCTIONS)
def test_no_answer_has_no_key(kind: str) -> None:
    assert key_of(kind, Answer(None, "the reply is empty")) is None


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


HOSTILE = [
    "9" * 5000, "1e999999", "1/" + "9" * 900, "-" * 10_000, "(" * 100_000, "1" + "+1" * 20_000, "\ud800", "\0", "%",
    "x" * 300_000, 10**5000, sys.float_info.max, float("nan"), float("inf"), deep(59), deep(500), deep(50_000),
    {"a": float("nan")}, {1: 2}, [0] * 30_000, True, {"program": 5}, {"program": "a" + ".b" * 5000},
    {"x" * 5000: "\ud800"}, "not " * 20_000 + "x", b"bytes", object(),
]


@pytest.mark.parametrize("kind", KEY_FUNCTIONS)
@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: f"{type(value).__name__}-{sys.getsizeof(value)}")
def test_no_value_makes_a_key_raise_or_grow(kind: str, value: Any) -> None:
    found = key_of(kind, Answer(value))
    assert found is None or (len(found) <= MAX_KEY and found.isprintable())
    json.dumps({found: 1}).encode()


@given(st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_any_value_has_the_same_key_each_time(value: Any) -> None:
    for kind in KEY_FUNCTIONS:
        assert key_of(kind, Answer(value)) == key_of(kind, Answer(value))


def test_a_percentage_is_right_for_the_part_it_is_of() -> None:
    gold = {"answer": "0.5"}
    right = math_answers.evaluate("t", gold, answer("math", "50 %", PRICE), None)  # type: ignore[arg-type]
    assert right.outcome is Outcome.CORRECT
    dress = math_answers.evaluate("t", {"answer": "50"}, answer("math", "50 %", PRICE), None)  # type: ignore[arg-type]
    assert dress.outcome is Outcome.CORRECT
    asked = math_answers.evaluate("t", gold, answer("math", "50 %", PERCENT), None)  # type: ignore[arg-type]
    assert asked.outcome is Outcome.WRONG


@pytest.mark.parametrize("name", BENCHMARKS)
def test_each_benchmark_names_a_key_that_there_is(name: str) -> None:
    assert BENCHMARKS[name].votes_by in KEY_FUNCTIONS


def test_of_replies_whose_form_is_graded_only_the_very_same_text_is_the_same_vote() -> None:
    two, one = "A paragraph.\n\nAnother.", "A paragraph. Another."
    assert key_of("text", Answer(two)) == key_of("text", Answer(one))
    assert key_of("verbatim", Answer(two)) == key_of("verbatim", Answer(two))
    assert key_of("verbatim", Answer(two)) != key_of("verbatim", Answer(one))
    assert key_of("verbatim", Answer(" \n")) is None
