"""Money for tokens: worked out by hand, dated, and never guessed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.prices import Price, cost_usd, find, table_of
from core.errors import BadInput
from core.records import Endpoint, Sample
from runner.prices import SHIPPED, prices, unpriced

MINI = Price("gpt-4o-mini", 0.15, 0.6, "2026-11-24", "a page", cached=0.075)


def sample(**tokens: int) -> Sample:
    return Sample("a", 0, "", **tokens)  # type: ignore[arg-type]  # numbers of tokens


def test_a_reply_costs_its_prompt_what_was_cached_of_it_and_its_tokens() -> None:
    # 1,000 x 0.15 + 3,000 x 0.075 + 500 x 0.6 dollars for a million
    assert cost_usd(MINI, sample(prompt_tokens=4000, cached_tokens=3000, completion_tokens=500)) == pytest.approx(
        0.000675)
    assert cost_usd(MINI, sample(prompt_tokens=1000, completion_tokens=0)) == pytest.approx(0.00015)


def test_without_a_price_of_its_own_what_is_cached_costs_as_much_as_any() -> None:
    plain = Price("m", 2.0, 8.0, "2026-11-24", "a page")
    assert cost_usd(plain, sample(prompt_tokens=10, cached_tokens=9, completion_tokens=1)) == pytest.approx(28e-6)


def test_unknown_tokens_and_prompts_too_long_for_the_price_have_no_cost() -> None:
    assert cost_usd(MINI, sample(prompt_tokens=10)) is None
    short = Price("m", 2.0, 8.0, "2026-11-24", "a page", prompt_limit=100)
    assert cost_usd(short, sample(prompt_tokens=100, completion_tokens=1)) is not None
    assert cost_usd(short, sample(prompt_tokens=101, completion_tokens=1)) is None


def test_a_dated_version_has_the_price_of_its_name_unless_it_has_its_own() -> None:
    old = Price("gpt-4o-2024-05-13", 5, 15, "2026-11-24", "a page")
    new = Price("gpt-4o", 2.5, 10, "2026-11-24", "a page")
    table = (new, old)
    assert find(table, "gpt-4o-2024-08-06") is new
    assert find(table, "gpt-4o-2024-05-13") is old
    assert find(table, "gpt-4o-mini") is None
    assert find(table, "gpt-4o-2024-08") is None
    flash = Price("gemini-2.0-flash", 0.1, 0.4, "2026-11-24", "a page")
    assert find([flash], "gemini-2.0-flash-001") is flash
    assert find([MINI, Price("gpt-4o-mini", 9, 9, "2027-01-01", "mine")], "gpt-4o-mini") is MINI


GOOD = {"model": "m", "prompt": 1, "completion": 2.5, "source": "a page"}


@pytest.mark.parametrize(("wrong", "named"), [
    ({"model": ""}, "model"), ({"prompt": -1}, "prompt"), ({"prompt": "1"}, "prompt"), ({"completion": True}, "compl"),
    ({"completion": 10**400}, "completion"), ({"cached": float("nan")}, "cached"), ({"date": "2026-11-24"}, "date"),
    ({"source": None}, "source"), ({"prompt_limit": 0}, "prompt_limit"), ({"input": 3}, "unknown field 'input'"),
])
def test_an_entry_that_is_none_is_named_with_what_is_wrong(wrong: dict[str, Any], named: str) -> None:
    entry = {**GOOD, "date": dt.date(2026, 11, 24), **wrong}
    with pytest.raises(BadInput, match=f"prices.toml: price 1.*{named}"):
        table_of({"price": [entry]}, "prices.toml")


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner)
                    | st.dictionaries(st.sampled_from(["price", "model", "prompt", "date", "source", "x"]), inner)))
def test_whatever_a_file_holds_it_is_a_table_or_bad_input(data: Any) -> None:
    try:
        table_of(data if isinstance(data, dict) else {"price": data}, "some.toml")
    except BadInput as error:
        told = str(error)
    else:
        told = "some.toml: it is one"
    assert told.startswith("some.toml: ")


def test_every_shipped_price_is_dated_and_has_its_source() -> None:
    shipped = prices(None).shipped
    assert len({price.model for price in shipped}) == len(shipped) > 20
    assert all(price.date >= "2026-11-24" and price.source and price.completion >= price.prompt > 0
               for price in shipped)


def test_the_users_table_stands_before_ours_and_holds_for_servers_on_this_machine_too(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('[[price]]\nmodel = "gpt-4o"\nprompt = 1\ncompletion = 1\ndate = 2027-01-01\nsource = "my bill"\n')
    hosted, here = (Endpoint(f"{url}", "gpt-4o", "openai") for url in ("https://api.example.com", "http://127.0.0.1:1"))
    both, ours = prices(own), prices(None)
    assert [getattr(table.of(end), "source", "none")[:7] for table in (both, ours) for end in (hosted, here)] == [
        "my bill", "my bill", "develop", "none"]


def test_a_hosted_model_without_a_price_is_told_and_one_at_home_is_not() -> None:
    told = unpriced(Endpoint("https://a.example", "x", "openai"))
    assert told == "what x costs is not in the table of prices; name one that has it by --prices FILE"
    assert unpriced(Endpoint("http://127.0.0.1:8080", "x", "llama.cpp")) is None


@pytest.mark.parametrize("text", ["[[price", "price = 3", "", "a = 1", "[[price]]\nmodel = 1\n", "\x00",
                                  "p = " + "[" * 9000])
def test_a_file_that_is_no_table_is_bad_input_that_names_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "p.toml"
    path.write_text(text)
    if not text:
        assert prices(path).own == ()
        return
    with pytest.raises(BadInput, match=r"--prices .*p\.toml"):
        prices(path)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(BadInput, match=r"--prices nowhere\.toml: it cannot be read"):
        prices(Path("nowhere.toml"))
    assert SHIPPED.exists()
