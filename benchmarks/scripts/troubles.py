"""What a provider's refusal means: whether to ask again and when, or not at all. Pure.

Kinds, as ``Failure`` has them, beside those of any server: ``busy`` (too many requests just now, or too much to do: ask
again later, it is nobody's fault) and ``denied`` (the key, the account or its quota: nothing will be answered).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from core.records import Json

BUSY, DENIED, BLOCKED = "busy", "denied", "blocked"
_BUSY_STATUS = frozenset({429, 503, 529})
_DENIED_STATUS = frozenset({401, 402, 404})
_USED_UP = re.compile(
    r"insufficient_quota|billing_hard_limit|billing_not_active|credit balance|insufficient balance|PerDay",
    re.IGNORECASE,
)
"""A quota that is not there again within minutes: OpenAI's, and Google's of the day."""
_BLOCKED_CODES = frozenset({"content_filter", "content_policy_violation", "invalid_prompt"})
"""A prompt that was refused for what it says, as an error instead of a reply."""
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_UNITS_S = (86400.0, 3600.0, 60.0, 1.0, 0.001)
_TELLING = ("requests", "tokens")
_MOST_S = 86400.0


def kind_of(status: int | None, error: Any) -> str | None:
    """``busy``, ``denied``, ``blocked``, or None: it is like any server's."""
    detail = error if isinstance(error, dict) else {}
    marks = f"{detail.get('code')} {detail.get('type')} {detail.get('message')} {_quotas(detail)} {_reasons(detail)}"
    if detail.get("code") in _BLOCKED_CODES:
        return BLOCKED
    if status in _DENIED_STATUS or "API_KEY_INVALID" in marks:
        return DENIED
    if status == 403 and isinstance(error, dict):
        return _forbidden(detail, marks)
    if (status == 429 and _USED_UP.search(marks)) or detail.get("status") == "FAILED_PRECONDITION":
        return DENIED  # the latter is Google's, of a country or an account
    return BUSY if status in _BUSY_STATUS else None


def _forbidden(detail: Mapping[str, Any], marks: str) -> str | None:
    """The account may not have the model. But OpenRouter forbids a prompt for what it says, and OpenAI a setting."""
    metadata = detail.get("metadata")
    if isinstance(metadata, dict) and ("flagged_input" in metadata or "reasons" in metadata):
        return BLOCKED
    return None if "logprob" in marks.lower() else DENIED


def wait_of(headers: Mapping[str, str], error: Any) -> float | None:
    """Seconds that the provider wants to be left alone, where it says so: in a header, or in an error's details."""
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        return milliseconds / 1000
    if "retry-after" in headers and (seconds := _retry_after(headers["retry-after"])) is not None:
        return seconds
    for detail in _details(error):
        if isinstance(detail.get("retryDelay"), str) and (delay := seconds_in(detail["retryDelay"])) is not None:
            return delay
    empty = [reset_s for left, reset_s in told_by(headers).values() if left < 1]
    return max(empty, default=None)


def told_by(headers: Mapping[str, str]) -> dict[str, tuple[float, float]]:
    """What is left of requests and tokens, and in how many seconds all of it is there again."""
    told = {}
    for what in _TELLING:
        left = _number(headers.get(f"x-ratelimit-remaining-{what}"))
        reset_s = seconds_in(headers.get(f"x-ratelimit-reset-{what}", ""))
        if left is not None and reset_s is not None:
            told[what] = (left, reset_s)
    return told


def seconds_in(text: str) -> float | None:
    """``6m0s``, ``1.5s``, ``120ms``, ``47s``, ``20``; None for anything else, and for what is longer than a day."""
    text = text.strip()
    seconds = _number(text)
    if seconds is None:
        found = _DURATION.fullmatch(text)
        if found is None or not text:
            return None
        seconds = sum(float(part) * unit for part, unit in zip(found.groups(), _UNITS_S, strict=True) if part)
    return seconds if seconds <= _MOST_S else None


def _retry_after(text: str) -> float | None:
    """In seconds or as a date, read by urllib3."""
    from urllib3.exceptions import InvalidHeader  # noqa: PLC0415  (dear, and most sessions need none)
    from urllib3.util.retry import Retry  # noqa: PLC0415

    if (seconds := _number(text)) is not None:
        return seconds
    try:
        return max(0.0, Retry(0).parse_retry_after(text))
    except (InvalidHeader, ValueError, OverflowError):
        return None


def _number(text: str | None) -> float | None:
    return float(text) if text is not None and re.fullmatch(r"\s*\d{1,15}(\.\d{1,9})?\s*", text, re.ASCII) else None


def _details(error: Any) -> list[dict[str, Json]]:
    details = error.get("details") if isinstance(error, dict) else None
    return [detail for detail in details if isinstance(detail, dict)] if isinstance(details, list) else []


def _quotas(error: Any) -> str:
    """The names of the quotas that are used up, as Google tells them."""
    found = []
    for detail in _details(error):
        violations = detail.get("violations")
        found += [str(each.get("quotaId")) for each in violations if isinstance(each, dict)] \
            if isinstance(violations, list) else []
    return " ".join(found)


def _reasons(error: Any) -> str:
    return " ".join(str(detail.get("reason")) for detail in _details(error))
