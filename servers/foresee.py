"""The memory a load would take, told without loading."""

from __future__ import annotations

import difflib

from core.errors import BadInput, UsageError
from core.records import ModelInfo
from servers.backends import ollama, ollama_api, transformers_serve
from servers.backends.base import Found
from servers.backends.hosted import is_hosted
from servers.backends.ollama_names import address, same
from servers.backends.registry import choose
from servers.fitting import size
from servers.memory_plan import MemoryPlan
from servers.planning import RoomFor, plan
from servers.room import room_for
from servers.spec import ServerSettings
from servers.transformers_model import NAME as TRANSFORMERS

_NO_PORT = 0


def is_local(model: ModelInfo, settings: ServerSettings) -> bool:
    """Whether this machine's own memory would hold it, in a server that we start."""
    return settings.base_url is None and not is_hosted(model) and model.backend != ollama.NAME


def memory_of(model: ModelInfo, settings: ServerSettings, room: RoomFor = room_for) -> MemoryPlan | None:
    """The plan that a start would make now; None where that is not ours to plan, or not known before it is fetched.

    Raises UsageError for a model that does not fit, or a setting that the backend has not; BadInput for one that an
    Ollama server which answers does not have.
    """
    if model.backend == ollama.NAME:
        _refuse_missing(model.name, pull=settings.pull)
    if not is_local(model, settings):
        return None
    if model.backend == TRANSFORMERS:
        if model.path is not None:
            kind = transformers_serve.TransformersServe()
            transformers_serve.plan(model, settings, kind, kind.find(settings), _NO_PORT, room)
        return None
    backend = choose(settings)
    found = backend.find(settings)
    if model.path is None:
        _refuse_too_large(model, settings, found, room)
        return None
    return plan(model, settings, backend, found, _NO_PORT, room).memory


def _refuse_missing(name: str, *, pull: bool) -> None:
    base_url = address()
    if pull or ollama_api.version(base_url) is None:  # it may be started, or start, when its turn comes
        return
    there = [each.name for each in ollama_api.installed(base_url)]
    if not any(same(name, each) for each in there):
        near = difflib.get_close_matches(name, there, n=3, cutoff=0.4) or sorted(there)[:8]
        raise BadInput(f"ollama:{name} is not on the Ollama server at {base_url}, which has "
                       f"{', '.join(near) or 'none'}: pull it, or set pull")


def _refuse_too_large(model: ModelInfo, settings: ServerSettings, found: Found, room: RoomFor) -> None:
    """Of a file that is not here yet only its size is known; the weights take that much, whatever else comes."""
    there = room(found, settings.reserve_ram_gib)
    most = there.usable_ram + (0 if there.unified or there.vram_bytes is None else there.vram_bytes)
    if there.gpus and there.vram_bytes is None:
        return
    if (model.size_bytes or 0) > most:
        raise UsageError(f"{model.label} has {size(model.size_bytes or 0)} of weights, and {size(most)} of memory can "
                         "be used: take a smaller quantization.")
