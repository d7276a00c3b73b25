"""Our own format: one JSON object a line with ``event`` = start, sample, error or end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from core.records import Json
from parsers.events import Ended, Event, RequestFailed, SampleRead, Started, unreadable
from parsers.outputs import fields
from parsers.outputs.formats import as_object


class EventLines:
    """Reads event objects; see ``docs/benchmark-scripts.md`` for their fields."""

    def read(self, value: Json) -> list[Event] | None:
        record = as_object(value)
        if record is None or "event" not in record:
            return None
        name = record["event"]
        build = _EVENTS.get(name) if isinstance(name, str) else None
        if build is None:
            return [unreadable(fields.shown(record), f"'event' must be one of {', '.join(_EVENTS)}")]
        try:
            return [build(record)]
        except fields.FieldError as error:
            problem = f"{name} event: {error}"
            return [unreadable(fields.shown(record), problem), *_without(record, problem)]


def _start(record: Mapping[str, Json]) -> Event:
    return Started(fields.count(record, "total"), fields.flag(record, "interactive"))


def _sample(record: Mapping[str, Json]) -> Event:
    task = fields.task_id(record)
    return SampleRead(fields.sample(record, task=task, index=fields.count(record, "sample") or 0))


def _without(record: Mapping[str, Json], problem: str) -> list[Event]:
    """A sample that cannot be read is none, and who waits for it must know; nothing where it does not say which."""
    if record["event"] != "sample":
        return []
    try:
        return [RequestFailed(fields.task_id(record), fields.count(record, "sample") or 0, problem, "unreadable")]
    except fields.FieldError:
        return []


def _error(record: Mapping[str, Json]) -> Event:
    task = None if record.get("task_id") is None else fields.task_id(record)
    return RequestFailed(task, fields.count(record, "sample") or 0, fields.text(record, "message"),
                         fields.optional_text(record, "kind") or "", _may_have_used(record))


def _may_have_used(record: Mapping[str, Json]) -> tuple[int, int] | None:
    used = record.get("may_have_used")
    if not isinstance(used, Mapping):
        return None
    return fields.count(used, "prompt_tokens") or 0, fields.count(used, "completion_tokens") or 0


def _end(_record: Mapping[str, Json]) -> Event:
    return Ended()


_EVENTS: Final[Mapping[str, Callable[[Mapping[str, Json]], Event]]] = {
    "start": _start, "sample": _sample, "error": _error, "end": _end,
}
