"""Log-probabilities of a reply's tokens, as OpenAI's API and llama.cpp's server report them when asked. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from core.records import Json

ASKED: Final[Mapping[str, Json]] = {"logprobs": True, "top_logprobs": 1}
"""What a request says to be told them; llama.cpp takes ``top_logprobs`` 0 for a no, and twenty for its absence."""


class MeanLogprob:
    """Of the tokens whose probability the server told; thinking counts, as it is part of the completion.

    llama.cpp tells that of the token that ends a text in a whole reply only, not in a stream.
    """

    def __init__(self) -> None:
        self._sum, self._count = 0.0, 0
        self._sound = True

    def add(self, said: Any) -> None:
        """The ``logprobs`` of a choice: ``{"content": [{"logprob": -0.1, …}, …]}``. Never raises."""
        entries = said.get("content") if isinstance(said, dict) else None
        for entry in entries if isinstance(entries, list) else ():
            value = entry.get("logprob") if isinstance(entry, dict) else None
            if isinstance(value, int | float) and not isinstance(value, bool) and -math.inf < value <= 0:
                self._sum += value
                self._count += 1
            else:
                self._sound = False  # a mean without its worst token would look too good

    @property
    def mean(self) -> float | None:
        """None where nothing was told, or something that is no probability."""
        return round(self._sum / self._count, 6) if self._count and self._sound else None


def mean_of(said: Any) -> float | None:
    """The same of a whole reply's choice."""
    found = MeanLogprob()
    found.add(said)
    return found.mean
