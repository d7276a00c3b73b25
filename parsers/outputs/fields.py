"""Type-checked fields of untrusted records. What is wrong raises ``FieldError``, which never leaves this room."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from core.records import Json, Sample
from parsers.safe_json import clean

MAX_COUNT: Final = 2**63 - 1
_KINDS: Final[Mapping[type, str]] = {
    type(None): "null", bool: "a boolean", int: "a number", float: "a number", str: "text", list: "a list",
    dict: "an object",
}


class FieldError(ValueError):
    """A field is missing or has the wrong type; the message names it."""


def text(record: Mapping[str, Json], key: str) -> str:
    """A text that must be there; lone surrogates become U+FFFD."""
    value = record.get(key)
    if not isinstance(value, str):
        raise FieldError(f"'{key}' must be text, not {_kind(record, key)}")
    return clean(value)


def optional_text(record: Mapping[str, Json], key: str) -> str | None:
    return None if record.get(key) is None else text(record, key)


def count(record: Mapping[str, Json], key: str) -> int | None:
    """A whole number of 0 or more, or None where it is absent or null."""
    value = record.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_COUNT:
        raise FieldError(f"'{key}' must be a whole number of 0 or more, not {_kind(record, key)}")
    return value


def seed(record: Mapping[str, Json], key: str = "seed") -> int | None:
    """Any whole number of at most 64 bits."""
    value = record.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > MAX_COUNT:
        raise FieldError(f"'{key}' must be a whole number, not {_kind(record, key)}")
    return value


def seconds(record: Mapping[str, Json], key: str) -> float | None:
    value = record.get(key)
    if value is None:
        return None
    number = _number(value)
    if number is None or number < 0:
        raise FieldError(f"'{key}' must be a number of 0 or more, not {_kind(record, key)}")
    return number


def logprob(record: Mapping[str, Json], key: str = "mean_logprob") -> float | None:
    """A mean of log-probabilities: a number of 0 or less."""
    value = record.get(key)
    if value is None:
        return None
    number = _number(value)
    if number is None or number > 0:
        raise FieldError(f"'{key}' must be a number of 0 or less, not {_kind(record, key)}")
    return number


def flag(record: Mapping[str, Json], key: str) -> bool:
    """A boolean; absent is False."""
    value = record.get(key)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise FieldError(f"'{key}' must be true or false, not {_kind(record, key)}")


def timings(record: Mapping[str, Json], key: str = "timings") -> Mapping[str, float] | None:
    """An object of numbers; entries that are null are left out."""
    value = record.get(key)
    if value is None:
        return None
    if not isinstance(value, dict):
        raise FieldError(f"'{key}' must be an object, not {_kind(record, key)}")
    found: dict[str, float] = {}
    for name, entry in value.items():
        if entry is None:
            continue
        number = _number(entry)
        if number is None:
            raise FieldError(f"'{key}.{name[:40]}' must be a number, not {_KINDS.get(type(entry), 'that')}")
        found[clean(name)] = number
    return found


def task_id(record: Mapping[str, Json], key: str = "task_id") -> str:
    """A task's id: text that is not empty, or a whole number (as MBPP numbers its tasks)."""
    value = record.get(key)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_COUNT:
        return str(value)
    if isinstance(value, str) and value:
        return clean(value)
    raise FieldError(f"'{key}' must be text or a whole number, not {_kind(record, key)}")


def sample(record: Mapping[str, Json], *, task: str, index: int) -> Sample:
    """A sample from a record in our own field names; ``response`` or ``completion`` must be there."""
    response, reasoning = optional_text(record, "response"), optional_text(record, "reasoning")
    completion = optional_text(record, "completion")
    if response is None and completion is None and reasoning is None:
        raise FieldError("neither 'response' nor 'completion' is there")
    return Sample(
        task_id=task,
        index=index,
        response=response or "",
        reasoning=reasoning,
        finish_reason=optional_text(record, "finish_reason"),
        prompt_tokens=count(record, "prompt_tokens"),
        completion_tokens=count(record, "completion_tokens"),
        cached_tokens=count(record, "cached_tokens"),
        timings=timings(record),
        wall_s=seconds(record, "wall_s"),
        ttft_s=seconds(record, "ttft_s"),
        seed=seed(record),
        completion=completion,
        thinking_tokens=count(record, "thinking_tokens"),
        prompt_chars=count(record, "prompt_chars"),
        looping=None if record.get("looping") is None else flag(record, "looping"),
        mean_logprob=logprob(record),
        served_model=optional_text(record, "served_model"),
        left_out=names(record, "left_out"),
    )


def names(record: Mapping[str, Json], key: str) -> tuple[str, ...] | None:
    """A list of texts."""
    value = record.get(key)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise FieldError(f"'{key}' must be a list of texts, not {_kind(record, key)}")
    return tuple(clean(name) for name in value)


def shown(value: Json) -> str:
    """A value for an excerpt: names and beginnings only, for a response may be megabytes long."""
    if isinstance(value, dict):
        return ", ".join(f"{key[:40]}: {_brief(entry)}" for key, entry in list(value.items())[:12])
    return _brief(value)


def _brief(value: Json) -> str:
    if isinstance(value, list | dict):
        return f"[{len(value)} entries]" if isinstance(value, list) else f"{{{len(value)} fields}}"
    return value[:80] if isinstance(value, str) else str(value)[:80]


def _number(value: Json) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _kind(record: Mapping[str, Json], key: str) -> str:
    return _KINDS.get(type(record[key]), "that") if key in record else "absent"
