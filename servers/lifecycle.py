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
from pathlib import Path
from typing import Final

from core.errors import BadInput, BenchError, Interrupted, ServerError, UsageError
from core.records import ModelInfo
from servers.backends import ollama, transformers_serve
from servers.backends.attach import attach
from servers.backends.base import Backend, Command, Found, Launch, Ready
from servers.backends.hosted import connect, is_hosted
from servers.backends.ollama_api import Progress
from servers.backends.registry import choose
from servers.http import Reply, get_json
from servers.memory_plan import MemoryPlan
from servers.memory_taken import check_taken, used_before
from servers.planning import RoomFor, plan
from servers.read_back import read_back
from servers.reasons import Reason, reason_of
from servers.room import room_for
from servers.running import RunningServer, State
from servers.server_log import ServerLog
from servers.spec import ServerSettings
from system.clock import monotonic_s, sleep_s
from system.ports import free_port, listens
from system.process import PIPE, STDOUT, GuardedProcess, Streams

__all__ = ["UNWATCHED", "OnPlan", "RunningServer", "State", "Watch", "serve"]

TRANSFORMERS: Final = transformers_serve.TransformersServe()
PORT_TRIES: Final = 3
STOP_GRACE_S: Final = 5.0
FIRST_LOOK_S, LAST_LOOK_S = 0.02, 0.25


OnState = Callable[[State], None]
OnPlan = Callable[[MemoryPlan], None]
StopRequested = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is asked and told while a server starts; by default nobody."""

    stop_requested: StopRequested = lambda: False
    on_state: OnState = lambda _: None
    on_plan: OnPlan = lambda _: None
    """What memory it will take, before it is started."""
    on_transfer: Progress = lambda *_: None
    """How far a download is."""
    on_note: Callable[[str], None] = lambda _: None
    """What the user has to know after its end."""
    room: RoomFor = room_for
    """What memory there is."""


UNWATCHED: Final = Watch()


@dataclass(frozen=True, slots=True)
class _Start:
    watch: Watch
    timeout_s: float
    limits: Mapping[str, int] | None
    choose_port: Callable[[], int]


@contextlib.contextmanager
def serve(
    model: ModelInfo,
    settings: ServerSettings,
    log_path: Path,
    watch: Watch = UNWATCHED,
    *,
    limits: Mapping[str, int] | None = None,
    choose_port: Callable[[], int] = free_port,
) -> Iterator[RunningServer]:
    """A ready server for as long as the block lasts.

    ``limits`` are set on the child (``system.guard.LIMITS``). Raises UsageError or BadInput for what the user got
    wrong, what does not fit into memory included, ServerError when the server does not come up, Interrupted when
    ``watch.stop_requested`` says so meanwhile.
    """
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
    start = _Start(watch, settings.startup_timeout_s, limits, choose_port)
    server = _start(model, settings, (backend, found), log_path, start)
    try:
        watch.on_state(State.READY)
        yield server
    finally:
        if not server.alive():
            watch.on_state(State.LOST)
        server.stop()
        watch.on_state(State.STOPPED)


def _start(
    model: ModelInfo, settings: ServerSettings, kind: tuple[Backend, Found], log_path: Path, start: _Start,
) -> RunningServer:
    """Tries a few ports; every other failure is final."""
    (backend, found), watch = kind, start.watch
    for left in reversed(range(PORT_TRIES)):
        if backend is TRANSFORMERS:
            launch = transformers_serve.plan(model, settings, TRANSFORMERS, found, start.choose_port(), watch.room)
        else:
            launch = plan(model, settings, backend, found, start.choose_port(), watch.room)
        if launch.memory is not None and left == PORT_TRIES - 1:
            watch.on_plan(launch.memory)
        gpu_before = used_before(launch.memory)
        log = ServerLog(log_path)
        watch.on_state(State.STARTING)
        child = _spawn(backend.command(launch, found), found, log, start.limits)
        try:
            ready = _until_ready(backend, launch, child, log, start)
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
    backend: Backend, launch: Launch, child: GuardedProcess, log: ServerLog, start: _Start,
) -> Ready:
    deadline = monotonic_s() + start.timeout_s
    pause_s, listening = FIRST_LOOK_S, False

    def get(path: str, /) -> Reply:
        return get_json(launch.base_url, path, launch.api_key, min(2.0, max(0.1, deadline - monotonic_s())))

    while True:
        if start.watch.stop_requested():
            raise Interrupted("Stopped while the server was starting.")
        if (code := child.poll()) is not None:
            raise _death(backend, launch, reason_of(log.start_lines(), code), log)
        if monotonic_s() > deadline:
            doing = "it has opened its port but is still loading" if listening else "it never opened its port"
            raise ServerError(f"{backend.name} was not ready after {start.timeout_s:g} s: {doing}; "
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
