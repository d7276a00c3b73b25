"""Agreement of judges, held against statsmodels' weighted kappa and Krippendorff's own example of alpha."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import cohens_kappa

from analysis.agreement import alpha, between, weighted_kappa, with_itself
from core.rubric import Criterion, Rubric

RUBRIC = Rubric("r-v1", "0" * 64, "", 1, 5, (Criterion("tone", "?", ()),))
SCORES = st.integers(1, 5)


@given(st.lists(st.tuples(SCORES, SCORES), min_size=2, max_size=40))
def test_weighted_kappa_is_statsmodels(pairs: list[tuple[int, int]]) -> None:
    table = np.zeros((5, 5))
    for one, other in pairs:
        table[one - 1, other - 1] += 1
    found = weighted_kappa([one for one, _ in pairs], [other for _, other in pairs])
    if found is None:
        assert len({score for pair in pairs for score in pair}) == 1
        return
    theirs = cohens_kappa(table, weights=np.arange(5), wt="quadratic", return_results=False)
    assert found == pytest.approx(float(theirs), abs=1e-9)


def test_judges_who_always_agree_have_1_and_who_are_opposed_have_less_than_0() -> None:
    assert weighted_kappa([1, 3, 5], [1, 3, 5]) == 1
    assert weighted_kappa([1, 3, 5], [5, 3, 1]) == -1
    assert weighted_kappa([], []) is None
    assert weighted_kappa([3, 3], [3, 3]) is None


def test_alpha_is_that_of_krippendorffs_own_example() -> None:
    """Four observers, twelve units, missing values; ordinal alpha 0.815 (Krippendorff 2011, section E)."""
    rows: list[list[float | None]] = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
        [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
    ]
    assert alpha(rows) == pytest.approx(0.815, abs=0.001)


def test_alpha_of_too_little_is_none() -> None:
    assert alpha([[3, 3], [3, 3]]) is None
    assert alpha([[1, None], [None, 5]]) is None
    assert alpha([[], []]) is None


def ratings(*scores: int, start: int = 0) -> dict[tuple[str, str, int], dict[str, float]]:
    return {("run", "task", place): {"tone": float(score)} for place, score in enumerate(scores, start)}


def test_judges_are_compared_on_the_texts_that_both_saw() -> None:
    found = between({"ann": ratings(1, 2, 3, 4), "bob": ratings(2, 3, 4, 5, start=1)}, RUBRIC)
    assert [(one.judges, one.texts, one.kappa, one.exact) for one in found] == [(("ann", "bob"), 3, 1.0, 1.0)]
    assert found[0].words == "of 3 texts only: rough"


def test_three_judges_have_every_pair_and_an_alpha_of_all() -> None:
    three = {name: ratings(1, 2, 3, 4, 5) for name in ("ann", "bob", "cy")}
    found = between(three, RUBRIC)
    assert [one.judges for one in found] == [("ann", "bob"), ("ann", "cy"), ("bob", "cy"), ("ann", "bob", "cy")]
    assert (found[-1].alpha, found[-1].kappa, found[-1].texts) == (1.0, None, 5)


def test_where_there_is_too_little_words_say_why() -> None:
    apart = between({"ann": ratings(1, 2), "bob": ratings(3, start=7)}, RUBRIC)[0]
    assert (apart.kappa, apart.texts, apart.words) == (None, 0, "no text was scored by both")
    alike = with_itself("ann", ratings(3, 3), ratings(3, 3), RUBRIC)[0]
    assert (alike.kappa, alike.alpha, alike.exact) == (None, None, 1.0)
    assert alike.words == "all scores are alike, so chance cannot be told from agreement"
    assert with_itself("ann", ratings(3, 3), {}, RUBRIC) == ()
    assert between({"ann": ratings(3)}, RUBRIC) == ()


def test_without_the_package_there_is_kappa_alone() -> None:
    two = {"ann": ratings(1, 2, 3), "bob": ratings(1, 2, 4)}
    found = between(two, RUBRIC, with_alpha=False)[0]
    assert found.alpha is None
    assert found.kappa is not None
