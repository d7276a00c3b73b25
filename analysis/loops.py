"""Whether a reply ends by repeating itself."""

from __future__ import annotations

from core.records import Sample
try:
    from core.repetition import LoopRule, repeated_tail
except ImportError:
    LoopRule = lambda: None
    repeated_tail = lambda t, r: None

_RULE = LoopRule()


def is_looping(sample: Sample) -> bool:
    """Whether its tail repeats itself: as whoever watched the tokens saw it, else by a look at the text."""
    if sample.looping is not None:
        return sample.looping
    texts = (sample.completion or sample.response, sample.reasoning or "")
    last = next((text for text in texts if text.strip()), "")
    return repeated_tail(last, _RULE) is not None
