"""Whether a reply ends by repeating itself."""

from __future__ import annotations

from core.records import Sample
from core.repetition import LoopRule, repeated_tail


def is_looping(sample: Sample, rule: LoopRule | None) -> bool:
    """Whether its tail repeats itself: as whoever watched the tokens saw it, else by a look at the text.

    ``rule``: what counts as a loop; None: nobody is to look.
    """
    if sample.looping is not None or rule is None:
        return bool(sample.looping)
    said, thought = sample.completion or sample.response, sample.reasoning or ""
    ends = [said] if said.strip() else [said, thought]  # line breaks without end are a loop as well
    return any(repeated_tail(text, rule) is not None for text in ends)
