"""Our count of tokens against the server's: equal to the token, or how far apart."""

from __future__ import annotations

from analysis.token_check import AGREE, Tokens, compared, ours
from core.records import Sample


def test_a_prompt_from_the_cache_was_not_worked_off() -> None:
    samples = [Sample("a", 0, "", prompt_tokens=100, completion_tokens=7),
               Sample("a", 1, "", prompt_tokens=100, cached_tokens=99, completion_tokens=8)]
    assert ours(samples) == Tokens(101, 15)
    assert ours([*samples, Sample("b", 0, "", completion_tokens=8)]) is None


def test_equal_counts_agree_and_others_say_how_far_they_are_apart() -> None:
    assert compared(Tokens(101, 15), Tokens(101, 15), 0) == AGREE
    assert compared(Tokens(101, 15), Tokens(100, 1_040), 2) == (
        "the server counts 1 prompt token fewer and 1,025 completion tokens more, with 2 replies cut short or lost")
    assert compared(Tokens(101, 15), Tokens(101, 16), 1) == (
        "the server counts 1 completion token more, with 1 reply cut short or lost")


def test_counts_over_a_million_agree_as_far_as_they_are_printed() -> None:
    servers = Tokens(1_234_570, 999_999, 5).since(Tokens(0, 0))
    assert servers is not None
    assert compared(Tokens(1_234_568, 999_999), servers, 0) == f"{AGREE}, to the six digits that it prints"
    assert "more" in compared(Tokens(1_234_560, 999_999), servers, 0)


def test_a_server_that_was_started_again_has_begun_to_count_anew() -> None:
    assert Tokens(5, 5).since(Tokens(100, 2)) is None
    assert Tokens(105, 5).since(Tokens(100, 2)) == Tokens(5, 3)
