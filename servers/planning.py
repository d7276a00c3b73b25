"""From what the user asked to one start of a server, with nothing left open."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

from core.errors import BadInput, UsageError
from core.records import ModelInfo
from servers.backends.base import Backend, Found, Launch
from servers.fitting import MOST_SLOTS, Room, Wanted, choose, refusal
from servers.gguf_parts import read_model
from servers.memory import MemoryModel, Setting
from servers.memory_options import memory_options
from servers.memory_plan import MemoryPlan
from servers.room import room_for
from servers.spec import DEFAULT_CTX_SIZE, ServerSettings
from system.host import physical_cores, usable_cores, vector_kind

CPU_SLOTS = 4
"""Slots on a processor where the user leaves it open, at most one a core. Beyond about four, the cores are shared by
more sequences without more tokens in total (``benches/slots.py``)."""
GPU_SLOTS = 8
"""Slots on a GPU where the user leaves it open and memory holds them. Decoding waits for the weights, which are read
once for all slots, so more of them cost little up to what the matrix-vector kernels take in one go: eight columns in
llama.cpp's CUDA backend (``MMVQ_MAX_BATCH_SIZE``). Beyond that every slot gets slower, and all the contexts' memory is
taken; who wants more tokens in total at that price says so by ``--parallel``."""

RoomFor = Callable[[Found, float | None], Room]


def plan(
    model: ModelInfo, settings: ServerSettings, backend: Backend, found: Found, port: int, room: RoomFor = room_for,
) -> Launch:
    """Raises UsageError for a setting that this backend or build lacks, or a model that does not fit into memory,
    BadInput for a model without a file.
    """
    if model.path is None:
        raise BadInput(f"The model {model.label} has no file; a local server needs a GGUF.")
    backend.check(settings, found)
    layers = _gpu_layers(settings, found)
    ctx_size = settings.ctx_size or default_ctx_size(model.ctx_train, settings.ctx_needed)
    slots = _slots(settings, backend, on_gpu=layers != 0 and bool(found.gpu))
    memory = _memory(model, settings, (backend, found), Wanted(slots, ctx_size, layers), room)
    if memory is not None:
        slots = [memory.setting.slots]
        if settings.gpu_layers == "auto" and memory.setting.gpu_layers < memory.layers:
            layers = memory.setting.gpu_layers
    return Launch(
        model_path=model.path, label=model.label, port=port, api_key=secrets.token_urlsafe(24),
        gpu_layers=layers, ctx_size=ctx_size, slots=slots[0],
        threads=settings.threads or default_threads(physical_cores(), usable_cores()),
        server_args=settings.server_args, memory=memory,
    )


def _memory(
    model: ModelInfo, settings: ServerSettings, kind: tuple[Backend, Found], wanted: Wanted, room_of: RoomFor,
) -> MemoryPlan | None:
    """The setting that fits, with its plan; None for a file whose header cannot be read. Raises UsageError."""
    backend, found = kind
    try:
        header, _ = read_model(model.path or "")
    except BadInput:  # it changed since it was named; the server's own words say what is wrong with it now
        return None
    options = memory_options(settings.server_args, backend.memory_options)
    room = room_of(found, settings.reserve_ram_gib)
    if options.uncounted and room.gpus:  # these move weights between the GPU and RAM
        room = Room(room.ram_bytes, room.reserve_bytes, None, room.gpus, room.unified)
    counted = MemoryModel(header, options, vector_kind(), room.gpus)
    most = counted.all_layers
    if not room.gpus:
        layers: int | None = 0
    elif wanted.gpu_layers is None:
        layers = None if settings.gpu_layers == "auto" else most
    else:
        layers = min(wanted.gpu_layers, most)
    asked = Wanted(wanted.slots, wanted.ctx_size, layers, min(CPU_SLOTS, usable_cores()))
    setting = choose(counted, asked, room)
    if setting is None:
        raise refusal(counted, asked, room)
    return MemoryPlan(counted.needs(setting), setting, room, most, _left_out(counted, setting, room))


def _left_out(counted: MemoryModel, setting: Setting, room: Room) -> tuple[str, ...]:
    """What the plan does not know, in words for its line."""
    found = [f"what {', '.join(counted.options.uncounted)} changes"] if counted.options.uncounted else []
    if not counted.shape.certain:
        found.append("the cache, of which the header says nothing")
    if room.vram_bytes is None and setting.gpu_layers and not counted.options.uncounted:
        found.append("whether the GPU has room, which no one tells here")
    return tuple(found)


def default_ctx_size(ctx_train: int | None, needed: int | None) -> int:
    """Tokens per slot where the user leaves it open: what the tasks need, at most what the model was trained for."""
    wanted = max(DEFAULT_CTX_SIZE, needed or 0)
    return wanted if ctx_train is None else min(ctx_train, wanted)


def default_threads(physical: int, usable: int) -> int:
    """Threads where the user leaves it open: one logical core is kept free, at least one is used.

    llama.cpp's threads wait for each other at a barrier after every operation, spinning. One that the system has put
    aside for another process, the benchmark script or a verifier, holds up all the others for a whole time slice.
    Measured with the demo model on two cores and one other busy process: 1 thread 940 tokens/s, 2 threads 40.
    """
    return max(1, min(physical, usable - 1))


def _gpu_layers(settings: ServerSettings, found: Found) -> int | None:
    """Layers to offload; None is all of them. A build that cannot tell is believed, and its log read afterwards."""
    asked = settings.gpu_layers
    if asked == "auto":
        return 0 if found.gpu is False else None
    if asked != 0 and found.gpu is False:
        raise UsageError(f"--gpu-layers {asked}: {found.where} ({found.build}) sees no GPU or is built without GPU "
                         "support; use --gpu-layers 0, or see the doctor verb for how to install a GPU build.")
    return None if asked == "all" else asked


def _slots(settings: ServerSettings, backend: Backend, *, on_gpu: bool) -> Sequence[int]:
    """The slots that may be taken, best first: all that make sense where the user leaves it open."""
    most = backend.max_slots
    if settings.parallel == "auto":
        wanted = GPU_SLOTS if on_gpu else min(CPU_SLOTS, usable_cores())
        return tuple(reversed(range(1, (wanted if most is None else min(wanted, most)) + 1)))
    if most is not None and settings.parallel > most:
        raise UsageError(f"--parallel {settings.parallel}: {backend.name} serves at most {most} request at a time; "
                         f"use --parallel {most} or another --server.")
    if settings.parallel > MOST_SLOTS:
        raise UsageError(f"--parallel {settings.parallel}: llama.cpp serves at most {MOST_SLOTS} requests at a time; "
                         f"use --parallel {MOST_SLOTS}.")
    return (settings.parallel,)
