"""A judge's scores held against the rubric."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.rubric import Rubric


def fault_of(rubric: Rubric, scores: Mapping[str, Any]) -> str | None:
    """What is wrong with these scores, in a clause; None where each is missing (null) or on the scale."""
    for name in scores:
        if name not in rubric.names:
            return f"{ascii(name)[:60]} is no criterion of {rubric.version} ({', '.join(rubric.names)})"
    for name in rubric.names:
        if name not in scores:
            return f"the criterion {name!r} is missing (write null where there is no score yet)"
        score = scores[name]
        if score is None:
            continue
        if isinstance(score, bool) or not isinstance(score, int):
            return (f"{name} is {ascii(score)[:40]}, and a score is a whole number from {rubric.lowest} to "
                    f"{rubric.highest}, without quotes")
        if not rubric.lowest <= score <= rubric.highest:
            shown = str(score) if abs(score) < 10**6 else "a huge number"
            return f"{name} is {shown}, outside the scale {rubric.lowest}-{rubric.highest}"
    return None


def whole(rubric: Rubric, scores: Mapping[str, Any]) -> dict[str, int] | None:
    """The scores of a text that has them all; None where one is missing. ``fault_of`` has found nothing."""
    return None if any(scores[name] is None for name in rubric.names) else {name: scores[name] for name in rubric.names}
