"""The server of one load: started, and started again with the same settings when it is lost in mid-run.

What the user left open (slots, layers on the GPU) is decided by the memory that is free at the first start. It
is no longer open at the next ones, nor when a run is taken up: less memory then must not make it another run. A server
that comes up otherwise all the same (another build) would not be asked the same: the run then ends as one whose server
was lost, and can be taken up. Somebody else's server is never started.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from core.errors import BenchError, Interrupted, ServerLost, UsageError
from core.records import Endpoint, ModelInfo
from runner.observer import Hooks
from servers.lifecycle import OnPlan, RunningServer, Watch, serve
from servers.spec import ServerSettings
from system.clock import monotonic_s, sleep_s
from system.processors import left_over, usable

_LOOK_EVERY_S = 1.0
_DEATH_SEEN_S, _DEATH_POLL_S = 0.3, 0.02  # a killed server's sockets close before its death is known
HUNG_AFTER_S = 10.0
"""Nothing said for so long, not even that it is there. A machine that swaps answers within seconds."""


class Serving:
    """A running server for as long as the block lasts. Entering raises what ``servers.lifecycle.serve`` raises."""

    def __init__(
        self, model: ModelInfo, settings: ServerSettings, log: Path, hooks: Hooks,
        before: Mapping[str, Any] | None = None,
    ) -> None:
        """``before``: what took effect in a run that is to be taken up (``slots``, ``gpu_layers``)."""
        self._model, self._settings, self._log, self._hooks = model, settings, log, hooks
        self._before = before
        self._held = ExitStack()
        self._looked = monotonic_s()
        self._hung = False
        self.startup_s = 0.0
        """How long the first start took."""
        self.is_told = False
        """Whether people were told what runs, where one serves several commands."""

    @property
    def log(self) -> Path:
        """Where the server writes."""
        return self._log

    def __enter__(self) -> Self:
        began = monotonic_s()
        self.server = self._start_as_before(lambda plan: self._hooks.observer.note(plan.line()))
        self.startup_s = monotonic_s() - began
        if self.server.pid is not None:
            end = self.server.endpoint
            self._settings = chosen(self._settings, end.slots, end.effective.get("gpu_layers"))
        return self

    def _start_as_before(self, on_plan: OnPlan) -> RunningServer:
        """With what took effect in the run that is to be taken up; if memory no longer holds that, as was asked."""
        asked = self._settings
        if self._before is not None and asked.base_url is None:
            try:
                self._settings = chosen(asked, self._before.get("slots"), self._before.get("gpu_layers"))
                return self._start(on_plan)
            except UsageError:
                self._settings = asked
        return self._start(on_plan)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()

    def _start(self, on_plan: OnPlan | None = None) -> RunningServer:
        watch = Watch(self._hooks.stop_requested, on_transfer=self._hooks.observer.transfer,
                      on_note=self._hooks.observer.note)
        if on_plan is not None:
            watch = replace(watch, on_plan=on_plan)
        return self._held.enter_context(serve(self._model, self._settings, self._log, watch))

    def look(self, so_far: Callable[[], str]) -> None:
        """Once a second, whether our own process lives. Raises ServerLost that ends with ``so_far()``.

        Somebody else's server would have to be asked, in the middle of its work; that it is gone is seen by a request.
        """
        if self.server.pid is not None and monotonic_s() - self._looked >= _LOOK_EVERY_S:
            self._check(so_far)

    def watch(self, so_far: Callable[[], str]) -> None:
        """After a lost connection: long enough that a death is seen before the request is blamed. Raises ServerLost."""
        until = monotonic_s() + _DEATH_SEEN_S
        self._check(so_far)
        while self.server.pid is not None and monotonic_s() < until:
            sleep_s(_DEATH_POLL_S)
            self._check(so_far)

    def watch_for_hang(self, so_far: Callable[[], str]) -> None:
        """After a request without a reply in time: a server that answers nothing at all is ended. Raises ServerLost.

        One that is only slow answers this question at once, whatever its slots do. Somebody else's is left alone.
        """
        until = monotonic_s() + HUNG_AFTER_S
        while self.server.pid is not None and not self._hooks.stop_requested():
            self._check(so_far)
            if self.server.answers():
                return
            if monotonic_s() > until:
                self._hung = True
                self.server.kill()
            sleep_s(_DEATH_POLL_S)

    def why_lost(self) -> str:
        """In one clause."""
        if self._hung:
            return f"it hung: it ran, answered nothing for {HUNG_AFTER_S:g} s, and was stopped"
        return self.server.exit_reason()

    def _check(self, so_far: Callable[[], str]) -> None:
        self._looked = monotonic_s()
        if not self.server.alive():
            raise ServerLost(
                f"the server was lost while the benchmark ran: {self.why_lost()}; the {so_far()}",
                self.server.log_tail(),
            )

    def restart(self, lost: ServerLost) -> RunningServer:
        """Raises ServerLost when it does not come up as it was, Interrupted when asked to stop meanwhile."""
        before = self.server.endpoint
        if self.server.pid is None:
            raise lost
        self._held.close()
        self._hung = False
        try:
            self.server = self._start()
        except Interrupted:
            raise
        except BenchError as error:
            raise ServerLost(
                f"{lost} It could not be started again: {error}", getattr(error, "log_tail", ())
            ) from error
        if _settled(self.server.endpoint) != _settled(before):
            raise ServerLost(f"{lost} Started again, it came up with other settings than before.", lost.log_tail)
        return self.server


def chosen(settings: ServerSettings, slots: Any, gpu_layers: Any) -> ServerSettings:
    """With what an earlier start chose from the memory there was, where that is known: a later one must not choose."""
    return replace(
        settings,
        parallel=slots if isinstance(slots, int) else settings.parallel,
        gpu_layers=gpu_layers if isinstance(gpu_layers, int) or gpu_layers == "all" else settings.gpu_layers,
    )


def _settled(endpoint: Endpoint) -> tuple[Any, ...]:
    """What decides a result."""
    return (
        endpoint.model, endpoint.backend, endpoint.build, endpoint.slots, endpoint.ctx_size, endpoint.capabilities,
        endpoint.effective.get("gpu_layers"),
    )


def processors_beside(server: RunningServer) -> frozenset[int]:
    """Where programs can run without taking a processor from a server of ours that computes on them.

    llama.cpp's threads wait for each other after every operation: one that is put aside holds up all. Empty: anywhere,
    since the server computes on a GPU, is somebody else's, or uses every processor there is.
    """
    effective = server.endpoint.effective
    threads = effective.get("threads")
    if server.pid is None or effective.get("gpu_layers") != 0 or not isinstance(threads, int):
        return frozenset()
    return left_over(threads, usable())
