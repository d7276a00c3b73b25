"""One server's life: start it, make sure that it is ready, watch it, stop it.

Theory of operation
-------------------
``stopped → starting → ready → (lost) → stopped``. A start is first planned completely (``servers.planning``), so that
what the user got wrong is said before anything runs. The child gets a free port of ours, the loopback address and a
random key that it reads from its environment or standard input. It runs under guard (``system.guard``): its process
group ends with us, however we end.

While it starts, three things are watched at once: whether we were asked to stop, whether the child has died, and the
deadline. A dead child is an error at once, with the cause found in its log (``servers.reasons``); only one cause, a
port that somebody took between our choice and its bind, is worth another try. The child is ready when its own socket
(not a stranger's on the same port) answers as the backend's ``probe`` demands: model, slots and context as asked. What
took effect is then read back and kept in the endpoint.

Stop is idempotent: TERM, a grace, KILL for the group. Nothing that we did not start is ever signalled.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from core.errors import BadInput, BenchError, Interrupted, ServerError, UsageError
from core.records import Endpoint, ModelInfo
from servers.backends import ollama, transformers_serve
from servers.backends.attach import attach
from servers.backends.base import Backend, Command, Found, Launch, Ready
from servers.backends.hosted import PROVIDERS, ask_for_models, connect, is_hosted
from servers.backends.ollama_api import Progress
from servers.backends.registry import choose
from servers.http import Reply, get_json
from servers.memory_plan import MemoryCheck, MemoryPlan
from servers.memory_taken import check_taken, used_before
from servers.planning import RoomFor, plan
from servers.read_back import read_back
from servers.reasons import Reason, reason_of
from servers.room import room_for
from servers.server_log import ServerLog
from servers.spec import ServerSettings
from system.clock import monotonic_s, sleep_s
from system.ports import free_port, listens
from system.process import PIPE, STDOUT, GuardedProcess, Streams

TRANSFORMERS: Final = transformers_serve.TransformersServe()
PORT_TRIES: Final = 3
STOP_GRACE_S: Final = 5.0
FIRST_LOOK_S, LAST_LOOK_S = 0.02, 0.25


class State(StrEnum):
    """Where a server is in its life."""

    STOPPED = "stopped"
    STARTING = "starting"
    READY = "ready"
    LOST = "lost"


OnState = Callable[[State], None]
OnPlan = Callable[[MemoryPlan], None]
StopRequested = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Watch:
    """What is looked at while a server starts."""

    stop_requested: StopRequested
    on_state: OnState
    timeout_s: float
    on_plan: OnPlan = lambda _: None
    on_transfer: Progress = lambda *_: None
    on_note: Callable[[str], None] = lambda _: None
    room: RoomFor = room_for


class RunningServer:
    """A server that was ready. ``pid`` is None for one that somebody else runs."""

    def __init__(
        self, endpoint: Endpoint, child: GuardedProcess | None = None, log: ServerLog | None = None,
        warnings: tuple[str, ...] = (), memory: MemoryCheck | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.warnings = warnings
        """Sentences for people: where less took effect than was asked for."""
        self.memory = memory
        """What it was expected to take and what it took; None for one that somebody else runs."""
        self._child, self._log = child, log

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    def alive(self) -> bool:
        """Whether it still runs; of somebody else's server, whether it still answers or may just be busy."""
        if self._child is not None:
            return self._child.poll() is None
        end = self.endpoint
        if end.backend in PROVIDERS:
            reply = ask_for_models(end)
        else:
            path = "/api/version" if end.backend == ollama.NAME else "/v1/models"
            reply = get_json(end.base_url, path, end.api_key)
        return reply.status != 0 or reply.slow

    def answers(self) -> bool:
        """Whether it says anything at all, within two seconds, to a question that needs no model."""
        return get_json(self.endpoint.base_url, "/health", self.endpoint.api_key).status != 0

    def exit_reason(self) -> str:
        """Why it is gone, in one clause, from its log and its exit code."""
        if self._child is None or self._log is None:
            return f"{self.endpoint.base_url} no longer answers"
        return reason_of(self._log.last_lines(), self._child.poll()).sentence

    def log_tail(self) -> tuple[str, ...]:
        return self._log.tail() if self._log else ()

    def stop(self) -> None:
        """Ends it if we started it. Idempotent."""
        if self._child is not None:
            self._child.stop()

    def kill(self) -> None:
        """The same, without the grace: for one that hangs. Idempotent."""
        if self._child is not None:
            self._child.kill()


@contextlib.contextmanager
def serve(
    model: ModelInfo,
    settings: ServerSettings,
    log_path: Path,
    *,
    on_state: OnState | None = None,
    stop_requested: StopRequested | None = None,
    limits: Mapping[str, int] | None = None,
    choose_port: Callable[[], int] = free_port,
    on_plan: OnPlan | None = None,
    on_transfer: Progress | None = None,
    on_note: Callable[[str], None] | None = None,
    room: RoomFor = room_for,
) -> Iterator[RunningServer]:
    """A ready server for as long as the block lasts.

    ``on_plan`` is told what memory it will take before it is started, ``on_transfer`` how far a download is,
    ``on_note`` what the user has to know after its end; ``room`` tells what there is; ``limits`` are set on the child
    (``system.guard.LIMITS``). Raises UsageError or BadInput for what the user got wrong, what does not fit into memory
    included, ServerError when the server does not come up, Interrupted when ``stop_requested`` says so meanwhile.
    """
    watch = Watch(stop_requested or (lambda: False), on_state or (lambda _: None), settings.startup_timeout_s,
                  on_plan or (lambda _: None), on_transfer or (lambda *_: None), on_note or (lambda _: None), room)
    if model.backend == ollama.NAME:
        asked = ollama.Asked(watch.stop_requested, watch.on_transfer, log_path, watch.on_note)
        with ollama.connected(model, settings, asked) as held:
            watch.on_state(State.READY)
            yield RunningServer(held.endpoint, held.child, held.log, held.warnings)
        watch.on_state(State.STOPPED)
        return
    if settings.base_url is not None or is_hosted(model):
        endpoint, warnings = (connect if is_hosted(model) else attach)(model, settings)
        watch.on_state(State.READY)
        yield RunningServer(endpoint, warnings=warnings)
        return
    backend = TRANSFORMERS if model.backend == TRANSFORMERS.name else choose(settings)
    found = backend.find(settings)
    server = _start(model, settings, (backend, found), log_path, watch, limits, choose_port)
    try:
        watch.on_state(State.READY)
        yield server
    finally:
        if not server.alive():
            watch.on_state(State.LOST)
        server.stop()
        watch.on_state(State.STOPPED)


def _start(
    model: ModelInfo, settings: ServerSettings, kind: tuple[Backend, Found], log_path: Path, watch: Watch,
    limits: Mapping[str, int] | None, choose_port: Callable[[], int],
) -> RunningServer:
    """Tries a few ports; every other failure is final."""
    backend, found = kind
    for left in reversed(range(PORT_TRIES)):
        if backend is TRANSFORMERS:
            launch = transformers_serve.plan(model, settings, TRANSFORMERS, found, choose_port(), watch.room)
        else:
            launch = plan(model, settings, backend, found, choose_port(), watch.room)
        if launch.memory is not None and left == PORT_TRIES - 1:
            watch.on_plan(launch.memory)
        gpu_before = used_before(launch.memory)
        log = ServerLog(log_path)
        watch.on_state(State.STARTING)
        child = _spawn(backend.command(launch, found), found, log, limits)
        try:
            ready = _until_ready(backend, launch, child, log, watch)
            memory = check_taken(launch.memory, child.pid, log, gpu_before)  # waits until the log tells all
            endpoint, warnings = read_back(settings, (backend, found), launch, (ready, log))
            if backend is TRANSFORMERS:
                endpoint = transformers_serve.as_its_own(endpoint, model)
        except _PortTakenError as taken:
            child.stop()
            if left == 0:
                raise ServerError(f"{backend.name} found its port taken {PORT_TRIES} times in a row (last: "
                                  f"{launch.port}); another program takes ports as fast as they are chosen.",
                                  log.tail()) from taken
            continue
        except BaseException:
            child.stop()
            watch.on_state(State.STOPPED)
            raise
        warning = memory.warning()
        return RunningServer(endpoint, child, log, (*warnings, warning) if warning else warnings, memory)
    raise AssertionError("the last try returns or raises")


class _PortTakenError(Exception):
    """Somebody bound the port between our choice and the child's bind."""


def _spawn(command: Command, found: Found, log: ServerLog, limits: Mapping[str, int] | None) -> GuardedProcess:
    with log.path.open("ab") as output:
        try:
            child = GuardedProcess.start(
                command.argv, Streams(PIPE, output, STDOUT), env=command.env, grace_s=STOP_GRACE_S, limits=limits,
            )
        except OSError as error:
            raise ServerError(f"{found.where} cannot be run ({error.strerror or error}).") from error
    if child.stdin is not None:
        with contextlib.suppress(BrokenPipeError):  # it died at once; its log says why
            child.stdin.write(command.stdin)
            child.stdin.flush()
        with contextlib.suppress(BrokenPipeError):
            child.stdin.close()
    return child


def _until_ready(
    backend: Backend, launch: Launch, child: GuardedProcess, log: ServerLog, watch: Watch,
) -> Ready:
    deadline = monotonic_s() + watch.timeout_s
    pause_s, listening = FIRST_LOOK_S, False

    def get(path: str, /) -> Reply:
        return get_json(launch.base_url, path, launch.api_key, min(2.0, max(0.1, deadline - monotonic_s())))

    while True:
        if watch.stop_requested():
            raise Interrupted("Stopped while the server was starting.")
        if (code := child.poll()) is not None:
            raise _death(backend, launch, reason_of(log.start_lines(), code), log)
        if monotonic_s() > deadline:
            doing = "it has opened its port but is still loading" if listening else "it never opened its port"
            raise ServerError(f"{backend.name} was not ready after {watch.timeout_s:g} s: {doing}; "
                              "raise --startup-timeout if the model is large or the disk slow.", log.tail())
        listening = listening or listens(child.pid, launch.port)
        if listening:
            try:
                if (ready := backend.probe(get, launch)) is not None:
                    return ready
            except ServerError as error:
                raise ServerError(str(error), log.tail()) from error
        sleep_s(pause_s)
        pause_s = min(pause_s * 1.5, LAST_LOOK_S)


def _death(backend: Backend, launch: Launch, reason: Reason, log: ServerLog) -> BenchError | _PortTakenError:
    """The error for a child that died while starting: who is to blame decides its class."""
    said = f"{backend.name} did not start: {reason.sentence}"
    match reason.blame:
        case "port":
            return _PortTakenError()
        case "input":
            return BadInput(f"{said} ({launch.model_path}).")
        case "usage":
            return UsageError(f"{said}; see --server-arg.")
        case "server":
            return ServerError(f"{said}.", log.tail())
