"""How far judges agree with one another, and a judge with itself.

Weighted kappa with quadratic weights (Cohen 1968, Psychological Bulletin 70:213-220): 1 less the mean squared
difference of two judges' scores over what it would be were each judge's scores dealt to texts at random. Krippendorff's
alpha for ordinal data (Krippendorff 2018, Content Analysis, 4th ed., chapter 12), for any number of judges and texts
that not all of them saw; the package ``krippendorff`` computes it. Both are 1 where judges always agree and 0 where
they agree as chance would have it, and neither means anything where all scores are alike.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Final

from core.errors import UsageError
from core.rubric import Rubric
from core.standings import Agreement

FEW: Final = 20
"""Below so many texts a figure of agreement is said to be rough."""

Text = tuple[str, str, int]
"""A run, its task and sample."""

Ratings = Mapping[Text, Mapping[str, float]]
"""Of one judge: text → criterion → score."""


def weighted_kappa(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Quadratic; None where there are no scores, or chance could not have made them differ."""
    if not one:
        return None
    count = len(one)
    seen = count * sum((a - b) ** 2 for a, b in zip(one, other, strict=True))
    by_chance = count * (sum(a * a for a in one) + sum(b * b for b in other)) - 2 * sum(one) * sum(other)
    return None if by_chance == 0 else 1 - seen / by_chance  # both times the square of the count: whole numbers


def alpha(rows: Sequence[Sequence[float | None]]) -> float | None:
    """Ordinal; a row a judge, a column a text, None where a judge did not see it. None where it means nothing.

    Raises UsageError where the package is missing.
    """
    columns = [[score for score in column if score is not None] for column in zip(*rows, strict=True)]
    paired = {score for column in columns if len(column) > 1 for score in column}
    if len(paired) < 2:
        return None
    try:
        import krippendorff  # noqa: PLC0415  # an extra, and numpy takes its time
    except ImportError as error:
        raise UsageError("Krippendorff's alpha needs the package krippendorff; ./setup --with prompts") from error
    data = [[math.nan if score is None else score for score in row] for row in rows]
    found = float(krippendorff.alpha(reliability_data=data, level_of_measurement="ordinal"))
    return found if math.isfinite(found) else None


def between(ratings: Mapping[str, Ratings], rubric: Rubric, *, with_alpha: bool = True) -> tuple[Agreement, ...]:
    """Of every two judges, and of all where there are more than two; none where there is one judge.

    ``with_alpha``: whether the package is here that computes alpha; without it there is kappa alone.
    """
    found = [_two(pair, (ratings[pair[0]], ratings[pair[1]]), name, with_alpha=with_alpha)
             for pair in combinations(sorted(ratings), 2) for name in rubric.names]
    if len(ratings) > 2 and with_alpha:
        found += [_all(ratings, name) for name in rubric.names]
    return tuple(found)


def with_itself(judge: str, first: Ratings, again: Ratings, rubric: Rubric, *,
                with_alpha: bool = True) -> tuple[Agreement, ...]:
    """Of what a judge saw twice; none where nothing was."""
    if not again:
        return ()
    return tuple(_two((judge, judge), (first, again), name, with_alpha=with_alpha) for name in rubric.names)


def _all(ratings: Mapping[str, Ratings], name: str) -> Agreement:
    judges = tuple(sorted(ratings))
    texts = sorted({text for judge in judges for text in ratings[judge]})
    rows = [[ratings[judge].get(text, {}).get(name) for text in texts] for judge in judges]
    both = sum(sum(row[place] is not None for row in rows) > 1 for place in range(len(texts)))
    found = alpha(rows)
    return Agreement(judges, name, both, alpha=found, words=_words(both, found))


def _two(judges: tuple[str, ...], seen: tuple[Ratings, Ratings], name: str, *, with_alpha: bool) -> Agreement:
    texts = sorted(seen[0].keys() & seen[1].keys())
    one, other = ([ratings[text][name] for text in texts] for ratings in seen)
    kappa = weighted_kappa(one, other)
    return Agreement(
        judges, name, len(texts), kappa=kappa, alpha=alpha([one, other]) if with_alpha else None,
        exact=sum(a == b for a, b in zip(one, other, strict=True)) / len(texts) if texts else None,
        words=_words(len(texts), kappa),
    )


def _words(texts: int, found: float | None) -> str:
    if texts == 0:
        return "no text was scored by both"
    if found is None:
        return "all scores are alike, so chance cannot be told from agreement"
    return f"of {texts} {'text' if texts == 1 else 'texts'} only: rough" if texts < FEW else ""
