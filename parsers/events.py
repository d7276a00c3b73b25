"""What can come out of a benchmark script: the events every output format is read into."""

from __future__ import annotations

from dataclasses import dataclass

from core.records import Sample


@dataclass(frozen=True, slots=True)
class Started:
    """The script began."""

    total: int | None = None
    """Tasks it means to put; None where it does not say."""
    interactive: bool = False
    """True: it waits for draw lines on its standard input."""


@dataclass(frozen=True, slots=True)
class SampleRead:
    """One response, whole and type-checked."""

    sample: Sample


@dataclass(frozen=True, slots=True)
class RequestFailed:
    """One request that brought no response."""

    task_id: str | None
    index: int
    message: str
    kind: str = ""
    """``http``, ``timeout``, ``connection``: may be better next time; ``context``, ``refused``: will not;
    ``unreadable`` where a reply came and could not be read; ``foreign`` where another harness recorded a failure."""
    may_have_used: tuple[int, int] | None = None
    """Tokens, of the prompt and of a reply: the most that a provider may want money for all the same."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The script said that it is done."""


@dataclass(frozen=True, slots=True)
class ScoreRead:
    """A score the script computed itself. Where samples came too, this is only the script's own claim."""

    score_percent: float
    passed: int | None = None
    total: int | None = None
    detail: str = ""
    """What was read and how, e.g. ``0.55 read as 55 %``."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A line, or a record inside one, that no parser could read."""

    excerpt: str
    """At most ``EXCERPT_CHARS`` characters of it."""
    reason: str = ""


Event = Started | SampleRead | RequestFailed | Ended | ScoreRead | Unreadable

EXCERPT_CHARS = 200


def unreadable(text: str, reason: str) -> Unreadable:
    """An ``Unreadable`` with the text shortened to one line that fits a screen."""
    shown = " ".join(text[: 4 * EXCERPT_CHARS].split())
    if len(shown) > EXCERPT_CHARS or len(text) > 4 * EXCERPT_CHARS:
        shown = shown[: EXCERPT_CHARS - 1] + "…"
    return Unreadable(shown, reason)
