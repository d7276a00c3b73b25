"""What the columns of ``compare`` mean, told below the table where they are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from reports.table import Legend

ON_FRONT: Final = "*"
UNJUDGED: Final = "unjudged"

Row = Mapping[str, Any]


def legend_of(listed: Sequence[Row]) -> Iterable[Legend]:
    """For these rows; a line is told only where its column is."""
    if any("interval" in row and "judge" not in row for row in listed):
        yield Legend("score", "[low, high]: 95 % interval of the score (Wilson).")
    if any(row.get("unjudged") is True for row in listed):
        yield Legend("score", f"{UNJUDGED}: texts that wait for a judge (docs/judging.md), without a score until then.")
    if any("judge" in row for row in listed):
        yield Legend("judge", "Judge: its score is the mean of the criteria, in percent of the way from the lowest to "
                     "the highest; its interval is over the tasks.")
    if any("difference" in row for row in listed):
        before = ", a version against the one before it" if any(
            row.get("group") == "before and after" for row in listed) else ""
        yield Legend("against", f"vs baseline: points against the row marked baseline{before}, on the same tasks; "
                     "'lower' and 'higher' only where an exact paired test (McNemar) gives p < 0.05 after Holm's "
                     "correction for all comparisons of the group.")
        yield Legend("between", "[95 %] of the difference: Tango's interval, each by itself.")
        yield Legend("flips", "Lost/won: tasks that only the baseline passed, and that only this run passed; --flips "
                     "lists them.")
        yield Legend("shows", "Would show: the smallest difference that so many tasks show in 4 of 5 cases.")
    if any(row.get("group") == "strategies" for row in listed):
        yield Legend("tokens", "Samples, Tokens/task: requests and generated tokens a task, in the mean; x tokens: of "
                     "the baseline's.")
        yield Legend("oracle", "Any right: tasks of which any sample is right, an upper bound and no score (pass@n).")
    yield Legend("texts", "Same text: of the tasks in both run folders, those with the same reply to the letter.")
    if any("audit" in row for row in listed):
        yield Legend("noise", "Asked twice: verdicts that changed when the same tasks were put to the same server "
                     "again (--audit).")
    if any(row.get("pareto") is True for row in listed):
        yield Legend("quantization", f"Marked {ON_FRONT}: on the Pareto front, where no run on the same tasks and "
                     "machine beats it in score, tokens/s and memory at once, as measured; suspect runs are not on it.")
