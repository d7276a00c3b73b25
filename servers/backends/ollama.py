"""Models that an Ollama server holds: ``ollama:NAME``.

Theory of operation. The server is somebody's: the one that ``OLLAMA_HOST`` names, else the one on its usual port. Where
none answers on this machine and the program ``ollama`` is on PATH, a server of our own is started (``ollama serve``, on
a free port, under guard) and ended with the run; ``ollama run`` needs a server as well, so nothing is lost by that. A
server in which another model is loaded is refused, since two models would share the memory and the processors.

The model is loaded before the first question, with the context of the run (``num_ctx``), which is then read back from
``/api/ps``. Every request has to say the same options again, or Ollama would load the model anew; so they are part of
the endpoint (``Endpoint.native``), and a prompt that does not fit is an error instead of being cut. After the run the
model is unloaded (``keep_alive`` 0), which ``/api/ps`` must show; a note (``ollama_notes``) sees to it when we are
killed.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import BadInput, Interrupted, ServerError, UsageError
from core.records import Endpoint, Json, ModelInfo
from servers.backends import ollama_api as api
from servers.backends import ollama_notes as notes
from servers.backends.base import child_environment
from servers.backends.ollama_names import address, checked_name, is_here, same
from servers.backends.ollama_wait import POLL_S, Waited
from servers.model_size import check_size
from servers.planning import default_ctx_size
from servers.server_log import ServerLog
from servers.spec import ServerSettings
from system.clock import monotonic_s, sleep_s
from system.ports import free_port
from system.process import DEVNULL, STDOUT, GuardedProcess, Streams

NAME: Final = "ollama"
KEEP_ALIVE: Final = "15m"
"""How long a model stays between two requests, while programs are verified for instance."""
UNLOAD_S: Final = 20.0
_LATER = "it is unloaded at the next start of this tool"
_CAPABILITIES = frozenset({"seed", "json_schema", "timings", "reasoning_content"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked at, and told, meanwhile."""

    stop_requested: Callable[[], bool]
    progress: api.Progress
    log_path: Path
    note: Callable[[str], None] = lambda _: None
    """Told what the user has to know after the run."""


@dataclass(frozen=True, slots=True)
class Connected:
    """A model that is loaded."""

    endpoint: Endpoint
    warnings: tuple[str, ...]
    child: GuardedProcess | None
    """The server, if it is ours."""
    log: ServerLog | None


def named(name: str) -> ModelInfo:
    """The model behind ``ollama:NAME``; its server describes it later. Raises UsageError for a name that is none."""
    return ModelInfo(name=checked_name(name), backend=NAME)


@contextlib.contextmanager
def connected(model: ModelInfo, settings: ServerSettings, asked: Asked) -> Iterator[Connected]:
    """The model, loaded for as long as the block lasts.

    Raises UsageError where another model is loaded, BadInput for a model
    that is not there, ServerError where Ollama does not answer or load it, Interrupted on a requested stop.
    """
    base_url = address()
    with contextlib.ExitStack() as held:
        child, log = None, None
        build = api.version(base_url)
        if build is None:
            base_url, child, log = held.enter_context(_own_server(base_url, settings, asked))
            build = api.version(base_url)
        note = held.enter_context(notes.held(base_url))
        warnings = notes.unload_left(note)
        found = _installed(base_url, model.name, settings, asked)
        _refuse_company(base_url, found.name)
        shown = api.show(base_url, found.name)
        _refuse_speechless(found.name, shown)
        described = _described(model, found, shown)
        check_size(described, settings.max_model_b)
        native = _native(settings, shown)
        ctx_size = int(native["options"]["num_ctx"])
        notes.write(note, base_url, found.name, ctx_size, shown.ctx_train)
        loading = Waited(lambda: api.load(base_url, found.name, native, settings.startup_timeout_s))
        held.callback(_let_go, base_url, found.name, note, loading, asked)
        loading.result(asked.stop_requested, "Stopped while the model was loaded.")
        there = next((each for each in api.loaded(base_url) if same(each.name, found.name)), None)
        if there is None:
            raise ServerError(f"Ollama at {base_url} says that {found.name} was loaded, but /api/ps does not show it.")
        notes.write(note, base_url, found.name, there.ctx_size or ctx_size)
        endpoint = Endpoint(
            base_url=base_url, model=found.name, backend=NAME, build=build,
            slots=1 if settings.parallel == "auto" else settings.parallel, ctx_size=there.ctx_size or ctx_size,
            capabilities=_CAPABILITIES, effective=_effective(settings, base_url, there, shown, ctx_size),
            native=native, described=described,
        )
        if there.ctx_size is not None and there.ctx_size < ctx_size:
            warnings.append(f"Ollama gives {found.name} {there.ctx_size} tokens of context, less than the {ctx_size} "
                            "asked for.")
        yield Connected(endpoint, tuple(warnings), child, log)


@contextlib.contextmanager
def _own_server(
    base_url: str, settings: ServerSettings, asked: Asked,
) -> Iterator[tuple[str, GuardedProcess, ServerLog]]:
    """``ollama serve`` on a free port. Raises ServerError where that cannot be."""
    program = shutil.which("ollama")
    if not is_here(base_url) or program is None:
        how = "start it there, or set OLLAMA_HOST" if not is_here(base_url) else \
            "start it (ollama serve), set OLLAMA_HOST, or install it from ollama.com"
        raise ServerError(f"no Ollama server answers at {base_url}: {how}.")
    own = f"http://127.0.0.1:{free_port()}"
    log = ServerLog(asked.log_path)
    with log.path.open("ab") as output:
        child = GuardedProcess.start([program, "serve"], Streams(DEVNULL, output, STDOUT),
                                     env=child_environment({"OLLAMA_HOST": own.partition("//")[2]}))
    try:
        deadline = monotonic_s() + min(settings.startup_timeout_s, 60.0)
        while not _answers(own):
            if asked.stop_requested():
                raise Interrupted("Stopped while the server was starting.")
            if child.poll() is not None or monotonic_s() > deadline:
                raise ServerError(f"no Ollama server answers at {base_url}, and {program} serve did not start.",
                                  log.tail())
            sleep_s(POLL_S)
        yield own, child, log
    finally:
        child.stop()


def _answers(base_url: str) -> bool:
    try:
        return api.version(base_url) is not None
    except ServerError:  # it has its port and is not ready yet
        return False


def _installed(base_url: str, name: str, settings: ServerSettings, asked: Asked) -> api.Installed:
    """The model on its disk, pulled where that was asked for. Raises BadInput."""
    there = api.installed(base_url)
    found = next((each for each in there if same(each.name, name)), None)
    if found is None and settings.pull:
        stopped = f"Stopped while {name} was pulled; the same command goes on there."
        pulling = Waited(lambda: api.pull(base_url, name, asked.progress, asked.stop_requested))
        if not pulling.result(asked.stop_requested, stopped):
            raise Interrupted(stopped)
        there = api.installed(base_url)
        found = next((each for each in there if same(each.name, name)), None)
    if found is not None:
        return found
    names = ", ".join(sorted(each.name for each in there)[:8]) or "none"
    raise BadInput(f"Ollama at {base_url} has no model {name}: fetch it with 'ollama pull {name}', or add --pull; "
                   f"there are: {names}.")


def _refuse_company(base_url: str, name: str) -> None:
    """Raises UsageError where another model is loaded."""
    others = [each for each in api.loaded(base_url) if not same(each.name, name)]
    if others:
        shown = ", ".join(f"{each.name} ({(each.size_bytes or 0) / 1e9:.1f} GB)" for each in others)
        raise UsageError(f"Ollama at {base_url} has {shown} in memory, which would take memory and time from {name}: "
                         f"unload it first with 'ollama stop {others[0].name}'.")


def _refuse_speechless(name: str, shown: api.Shown) -> None:
    if shown.remote_host:
        raise BadInput(f"ollama:{name} is not computed by this Ollama but at {shown.remote_host}, where nothing of it "
                       "can be set or read back: name a model that is on its disk, or ask that service itself with "
                       "openai:NAME and --base-url.")
    if shown.capabilities and "completion" not in shown.capabilities:
        raise BadInput(f"ollama:{name} is no language model that answers (it can: "
                       f"{', '.join(sorted(shown.capabilities))}); name another.")


def _native(settings: ServerSettings, shown: api.Shown) -> dict[str, Json]:
    """What every request says besides its messages and its sampling."""
    options: dict[str, Json] = {
        "num_ctx": settings.ctx_size or default_ctx_size(shown.ctx_train, settings.ctx_needed)}
    if settings.threads is not None:
        options["num_thread"] = settings.threads
    if settings.gpu_layers != "auto":
        options["num_gpu"] = 999 if settings.gpu_layers == "all" else settings.gpu_layers
    native: dict[str, Json] = {"options": options, "keep_alive": KEEP_ALIVE, "truncate": False, "shift": False}
    return {**native, "think": True} if "thinking" in shown.capabilities else native


def _described(model: ModelInfo, found: api.Installed, shown: api.Shown) -> ModelInfo:
    return ModelInfo(
        name=model.name, quantization=shown.quantization, size_bytes=found.size_bytes, architecture=shown.architecture,
        parameters=shown.parameters, ctx_train=shown.ctx_train, backend=NAME,
        source=f"ollama:{found.name}@{found.digest.removeprefix('sha256:')[:12]}",
        sha256=shown.blob_sha256 or found.digest.removeprefix("sha256:") or None,
    )


def _effective(
    settings: ServerSettings, base_url: str, there: api.Loaded, shown: api.Shown, ctx_size: int,
) -> dict[str, Json]:
    facts: dict[str, Json] = {
        "ctx_size": there.ctx_size or ctx_size, "slots": 1 if settings.parallel == "auto" else settings.parallel,
        "base_url": base_url, "loaded_bytes": there.size_bytes, "loaded_vram_bytes": there.vram_bytes,
        "threads": settings.threads, "model_parameters": shown.model_parameters or None,
        "gpu_layers": None if settings.gpu_layers == "auto" else settings.gpu_layers,
        "ctx_size_asked": ctx_size if there.ctx_size not in {None, ctx_size} else None,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _let_go(base_url: str, name: str, note: Path, loading: Waited[None], asked: Asked) -> None:
    """Unloads, and looks that it is gone; where it is not, that is told, and the note stays for the next start.

    What is still being loaded would be there after an unload: its end is waited for.
    """
    if not loading.ended(UNLOAD_S):
        asked.note(f"ollama:{name} was still being loaded after {UNLOAD_S:g} s: {_LATER}, or by 'ollama stop {name}'")
        return
    if notes.release(base_url, name, UNLOAD_S) is False:
        asked.note(f"Ollama at {base_url} did not let go of {name} within {UNLOAD_S:g} s, so it may still be in "
                   f"memory: {_LATER}, or by 'ollama stop {name}'")
        return
    note.unlink(missing_ok=True)
