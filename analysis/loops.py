"""Whether a reply ends by repeating itself."""

from __future__ import annotations

from core.records import Sample
from core.repetition import LoopRule, repeated_tail

_RULE = LoopRule()


def is_looping(sample: Sample) -> bool:
    """Whether its tail repeats itself: as whoever watched the tokens saw it, else by a look at the text."""
    if sample.looping is not None:
        return sample.looping
    said, thought = sample.completion or sample.response, sample.reasoning or ""
    ends = [said] if said.strip() else [said, thought]  # line breaks without end are a loop as well
    return any(repeated_tail(text, _RULE) is not None for text in ends)
