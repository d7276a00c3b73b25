"""A decision as the ledger has it: one object in the record of each of the two runs, told from that run's side.

==================  ==================================================================================================
``word``            ``better``, ``worse``, ``equivalent`` or ``undecided``: this run against the other
``against``         label of the other run's model; ``against_run_id``: its run
``margin_points``   differences below it do not matter (points); ``alpha``: the chance of a wrong word
``tasks_seen``      tasks that both had done, from the beginning of the random order; ``tasks_total``: tasks there are
``difference``      on the tasks seen (points)
``interval_points`` ``[low, high]`` of the difference on all tasks: valid at every look; once all are seen, Tango's
``flips``           ``[tasks the other alone passed, tasks this run alone passed]``, of those seen
``p_value``         exact McNemar on the tasks seen; it knows nothing of earlier looks
==================  ==================================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.anytime import Decision
from analysis.tango import tango

_MIRRORED = {"better": "worse", "worse": "better"}


def as_fields(decision: Decision, margin_points: float, alpha: float) -> dict[str, Any]:
    """Told from the side of the second run, without the names of the two."""
    drawn = decision.drawn
    interval = [decision.low_points, decision.high_points]
    if drawn.seen == drawn.total:  # then that is a point, true of these tasks alone
        interval = list(tango(drawn.seen, drawn.only_first, drawn.only_second, 1 - alpha) or interval)
    return {
        "word": decision.word, "margin_points": margin_points, "alpha": alpha,
        "tasks_seen": drawn.seen, "tasks_total": drawn.total,
        "difference": decision.seen_points, "interval_points": interval,
        "flips": [drawn.only_first, drawn.only_second], "p_value": decision.p_value,
    }


def mirrored(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The same from the other side."""
    low, high = fields["interval_points"]
    return {
        **fields, "word": _MIRRORED.get(fields["word"], fields["word"]), "difference": _turned(fields["difference"]),
        "interval_points": [_turned(high), _turned(low)], "flips": list(reversed(fields["flips"])),
    }


def _turned(points: float) -> float:
    return -points if points else 0.0
