"""What a run tells whoever watches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from core.errors import BenchError
from core.records import Endpoint, ModelInfo, Sample
from reports.live import LiveState
from runner.meters import Meters, NotMetered


class Observer(Protocol):
    """Receives what passes by; must return quickly."""

    def note(self, text: str) -> None:
        """One line for people that stays on the screen."""
        ...

    def status(self, text: str) -> None:
        """What is going on now, while there is no live state: a load, a download."""
        ...

    def transfer(self, name: str, done_bytes: int, total_bytes: int | None) -> None:
        """How far the download of a file is; told often, and once more when it is whole."""
        ...

    def live(self, state: LiveState) -> None:
        """The state of the running cell; replaces the last one."""
        ...

    def finished(self, record: Mapping[str, Any]) -> None:
        """A cell's record has been written to the ledger."""
        ...


class Quiet:
    """Watches nothing."""

    def note(self, text: str) -> None:
        return None

    def status(self, text: str) -> None:
        return None

    def transfer(self, name: str, done_bytes: int, total_bytes: int | None) -> None:
        return None

    def live(self, state: LiveState) -> None:
        return None

    def finished(self, record: Mapping[str, Any]) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Bought:
    """What was asked of a model by a run, over all its sittings."""

    samples: Sequence[Sample]
    max_tokens: int
    """Of a reply."""
    may_have_used: Sequence[tuple[int, int]] = ()
    """Tokens, of the prompt and of a reply, of requests that brought none: the most there can be."""
    broken_off: int = 0
    """Requests that were under way when the run was stopped."""


class Purse(Protocol):
    """What may be spent (``runner.spending``)."""

    @property
    def spent_usd(self) -> float: ...
    def count(self, run_id: str, endpoint: Endpoint, bought: Bought) -> None: ...
    def rates(self, endpoint: Endpoint) -> Mapping[str, float]: ...
    def used_up(self, why: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Hooks:
    """How a run reaches the one who asked for it."""

    observer: Observer
    stop_requested: Callable[[], bool]
    confirm: Callable[[str], bool]
    meters: Meters = field(default_factory=NotMetered)
    """Of energy, where it is measured."""
    wallet: Purse | None = None
    """Of money, where a provider may want it."""
    failed: Callable[[Sequence[str], BenchError], None] | None = None
    """Told the keys of cells that come to no record, and why."""
    following: ModelInfo | None = None
    """Who is loaded once this command is through."""
    starts: Callable[..., AbstractContextManager[Any]] | None = None
    """What opens servers in place of ``runner.serving.Serving``: one that may keep them for the next command."""
    ctx_needed: int = 0
    """Tokens per slot, at least, that the commands need which share a server."""
