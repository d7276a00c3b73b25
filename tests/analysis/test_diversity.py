"""How much the texts of a task differ: distinct-n by hand, self-BLEU with a BLEU that can be worked out."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.diversity import MOST_TEXTS, Diversity, by_task, distinct_n, diversity, mean, self_bleu


class Words:
    """Tokens are words, and BLEU is the share of a text's words that any reference has."""

    def tokens(self, text: str) -> Sequence[str]:
        return text.split()

    def score(self, text: str, references: Sequence[str]) -> float:
        known = {word for reference in references for word in reference.split()}
        words = text.split()
        return sum(word in known for word in words) / len(words)


def test_distinct_n_is_the_share_of_different_n_grams_of_all_texts_together() -> None:
    texts = [["a", "b", "a"], ["a", "b"]]
    assert distinct_n(texts, 1) == pytest.approx(2 / 5)  # a, b of a b a a b
    assert distinct_n(texts, 2) == pytest.approx(2 / 3)  # ab, ba of ab ba ab
    assert distinct_n(texts, 3) == 1.0
    assert distinct_n(texts, 4) is None, "no text is so long"


def test_texts_that_are_all_the_same_have_the_least_diversity_there_is() -> None:
    found = diversity(["one two", "one two", "one two"], Words())
    assert found is not None
    assert found.as_numbers() == {"distinct_1": 0.3333, "distinct_2": 0.3333, "self_bleu": 1.0}
    assert diversity(["one two", "three four"], Words()) == Diversity(1.0, 1.0, 0.0)


def test_a_text_is_never_among_its_own_references() -> None:
    seen = []

    def score(text: str, references: Sequence[str]) -> float:
        seen.append((text, list(references)))
        return 0.5

    assert self_bleu(["a", "b", "a"], score) == 0.5
    assert seen == [("a", ["b", "a"]), ("b", ["a", "a"]), ("a", ["a", "b"])], "a twin is another text"


def test_of_very_many_texts_self_bleu_looks_at_the_first_ones() -> None:
    texts = [str(number) for number in range(MOST_TEXTS)] + ["same"] * 50
    assert self_bleu(texts, Words().score) == 0.0


def test_fewer_than_two_texts_have_nothing_to_differ_from() -> None:
    assert diversity(["alone"], Words()) is None
    assert diversity(["alone", " ", ""], Words()) is None
    assert by_task({"a": ["x", "y"], "b": ["x"]}, Words()).keys() == {"a"}


def test_the_mean_is_over_the_tasks_that_have_the_measure() -> None:
    found = mean([Diversity(0.2, None, 1.0), Diversity(0.4, 0.5, 0.0)])
    assert found.as_numbers() == {"distinct_1": 0.3, "distinct_2": 0.5, "self_bleu": 0.5}
    assert mean([]).as_numbers() == {}


@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=6).map(" ".join), min_size=2, max_size=6))
def test_all_of_it_lies_between_nothing_and_one_and_the_order_decides_nothing(texts: list[str]) -> None:
    found, turned = diversity(texts, Words()), diversity(texts[::-1], Words())
    assert found is not None
    assert turned is not None
    assert all(0 <= value <= 1 for value in found.as_numbers().values())
    assert found.as_numbers() == turned.as_numbers()
