from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.answers.numbers import canonical, parse_number, same_number
from tests.parsers.asking import answer, value


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("18", "18"),
        ("-18", "-18"),
        ("\u22127", "-7"),
        ("- 5", "-5"),
        ("+5", "5"),
        ("007", "7"),
        ("-0", "0"),
        ("0.10", "0.1"),
        (".5", "0.5"),
        ("100.", "100"),
        ("1,234,567", "1234567"),
        ("1,234.50", "1234.5"),
        ("12,34,567", "1234567"),
        ("1.234.567", "1234567"),
        ("1.234,56", "1234.56"),
        ("3,5", "3.5"),
        ("0,125", "0.125"),
        ("1.234", "1.234"),
        ("1 234 567", "1234567"),
        ("1\u202f234", "1234"),
        ("1{,}234", "1234"),
        (r"1\,234", "1234"),
        ("$5", "5"),
        ("-$5", "-5"),
        ("$-5.00", "-5"),
        ("5 €", "5"),
        ("£1,000", "1000"),
        (r"\$18", "18"),
        ("50%", "50"),
        ("50 %", "50"),
        (r"50\%", "50"),
        ("3/4", "3/4"),
        ("6/8", "3/4"),
        ("8/4", "2"),
        ("-3/4", "-3/4"),
        ("1 1/2", "3/2"),
        (r"\frac{3}{4}", "3/4"),
        (r"-\dfrac{3}{4}", "-3/4"),
        (r"1\tfrac{1}{2}", "3/2"),
        (r"\frac12", "1/2"),
        ("1e3", "1000"),
        ("1.5E-4", "0.00015"),
        (r"1.2\times10^3", "1200"),
        (r"3 \cdot 10^{-2}", "0.03"),
        ("2 \u00d7 10^5", "200000"),
        ("10^3", "1000"),
        ("18 apples", "18"),
        ("18 km/h", "18"),
        (r"18\text{ km}^2", "18"),
        ("5 m2", "5"),
        (r"90^\circ", "90"),
        ("**42**", "42"),
        ("x = 5", "5"),
        (r"\text{12 cm}", "12"),
        ("$18$", "18"),
        ("(18)", "18"),
    ],
)
def test_a_number_is_read_out_of_its_dress(text: str, number: str) -> None:
    read = parse_number(text)
    assert read is not None
    assert canonical(read) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "none",
        "5 or 6",
        "1.2.3",
        "3/4/2024",
        "1/0",
        "2^10",
        "x+1",
        "x-1",
        r"2\pi",
        r"\sqrt{2}",
        "1,2,3",
        "9" * 1001,
        "1e1001",
        "1e-99999999999",
        "x2",
        "[1, 2]",
        "1.234,567.8",
        "12:30",
    ],
)
def test_what_is_no_single_number_is_none(text: str) -> None:
    assert parse_number(text) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12+35: 2+5=7 1+3=4 -> 47\n47-8: 17-8=9 4-1=3 -> 39\n#### 39", "39"),
        ("#### 0", "0"),
        ("####18", "18"),
        ("#### $1,200.00", "1200"),
        ("#### -3", "-3"),
        ("#### **7**", "7"),
        ("#### 18 apples and 3", "18"),
        ("#### 1. First step\nfoo\n#### Step 2\nthe result is 9", "9"),
        ("##### 5\nso 6", "6"),
        ("#### 3\nthen\n#### 4", "4"),
        (r"#### 5 but \boxed{6}", "6"),
        (r"\boxed{1} no \boxed{2}", "2"),
        (r"\boxed{\frac{3}{4}}", "3/4"),
        (r"\boxed{\text{18 cm}}", "18"),
        (r"\boxed {x = 5}", "5"),
        (r"\fbox{4}", "4"),
        (r"\boxed{} so 7", "7"),
        (r"\boxed{42", "42"),
        (r"\boxed{\boxed{3}} 4", "3"),
        ("The answer is 18. I used 3 steps.", "18"),
        ("the answer is: 5 - 3 = 2 apples", "2"),
        ("**Answer:** $1,200", "1200"),
        ("Answer:\n\n18", "18"),
        ("The final answer is therefore **3.5**.", "3.5"),
        ("answer = -4", "-4"),
        ("the answer is 3/4.", "3/4"),
        ("I thought the answer is 5. No, the answer is 6. 7 pens.", "6"),
        ("Answer: C, so 4", "4"),
        ("10-3=7", "7"),
        ("so 3, 4,5", "5"),
        ("the total is -5.", "-5"),
        ("from 3-5", "5"),
        ("it costs $1,234.50.", "1234.5"),
        ("2**3 = 8", "8"),
        ("about 50 %", "50"),
        ("version 1.2.3 has 4 parts of H2O", "4"),
        ("<think>the answer is 3</think>It is 4", "4"),
    ],
)
def test_the_number_a_solution_ends_with_is_found(text: str, number: str) -> None:
    assert value("math", text) == number


@pytest.mark.parametrize(
    ("text", "finish"),
    [
        ("no number", "stop"),
        ("", "stop"),
        (r"\boxed{x+1} 7", "stop"),
        (r"\boxed{3 \text{ or } 4}", "stop"),
        ("<think>so the answer is 12", "length"),
        ("first 3 then 4", "length"),
        ("first 3 then 4 then 4 then 4", "looping"),
        ("9" * 1001, "stop"),
        ("x2", "stop"),
        ("8 " + "9" * 1500, "stop"),
    ],
)
def test_without_a_number_there_is_no_answer_and_a_reason(text: str, finish: str) -> None:
    read = answer("math", text, finish_reason=finish)
    assert read.value is None
    assert read.reason


def test_a_reply_that_was_cut_still_has_its_explicit_answer() -> None:
    assert answer("math", "The answer is 18. Let me check: 3", finish_reason="length").value == "18"


def test_spellings_of_one_number_are_the_same_and_of_two_are_not() -> None:
    assert same_number("0.75", "3/4")
    assert same_number("$1,200.00", "1200")
    assert same_number("50%", "50")
    assert not same_number("0.333", "1/3")
    assert not same_number("x", "x")


decimals = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**12), max_value=10**12)
fractions = st.fractions(max_denominator=10**6)


@given(decimals | fractions)
def test_the_canonical_spelling_reads_back_as_the_same_number(number: Decimal | Fraction) -> None:
    text = canonical(number)
    read = parse_number(text)
    assert read is not None
    assert Fraction(read) == Fraction(number)
    assert canonical(read) == text


@given(
    decimals,
    st.sampled_from([r"\boxed{{{}}}", "#### {}", "The answer is {}.", "so it is {}", "**Answer:** {}\n", "= ${}$"]),
)
def test_a_number_is_found_back_in_every_form(number: Decimal, form: str) -> None:
    text = canonical(number)
    assert value("math", "We begin with 3 of 17.\n" + form.format(text)) == text


@given(st.integers(0, 10**15))
def test_thousands_separators_change_nothing(number: int) -> None:
    assert value("math", f"in all {number:,} pens") == str(number)


@given(
    st.lists(
        st.sampled_from(
            [
                "\\boxed{",
                "}",
                "{",
                "####",
                "the answer is",
                "1",
                ",",
                ".",
                "/",
                "-",
                "e",
                "^",
                " ",
                "\n",
                "10",
                "$",
                "%",
                "x",
                "\\frac{",
                "\\times",
                "\u202f",
                "=",
                "\\",
                "**",
                "٣",
                "²",
            ]
        ),
        max_size=30,
    )
)
def test_no_text_raises(parts: list[str]) -> None:
    text = "".join(parts)
    read = answer("math", text)
    assert (read.value is None) == (read.reason is not None)
    if isinstance(read.value, str):
        again = parse_number(read.value)
        assert again is not None
        assert canonical(again) == read.value
    parse_number(text)
