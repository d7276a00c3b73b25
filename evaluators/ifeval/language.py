"""In which language a text is, by ``langdetect``, which the published grader uses; its draws always the same."""

from __future__ import annotations

import threading
from functools import lru_cache

_ONE_AT_A_TIME = threading.Lock()
_MOST = 20_000
"""Characters that are looked at; the answer does not change with more."""


class NoDetector(Exception):
    """The package is not installed."""


@lru_cache(maxsize=256)
def language_of(text: str) -> str | None:
    """ISO code; None where there is nothing to tell it by. Raises NoDetector."""
    try:
        import langdetect  # noqa: PLC0415  (an extra, and its profiles take a second)
    except ImportError as error:
        raise NoDetector from error
    with _ONE_AT_A_TIME:  # its seed is one for the whole process
        langdetect.DetectorFactory.seed = 0
        try:
            return str(langdetect.detect(text[:_MOST]))
        except langdetect.LangDetectException:
            return None
