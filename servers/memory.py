"""The memory that a model needs at a setting, from its header alone, as llama.cpp will allocate it.

Theory of operation. llama.cpp allocates five things when it loads a model, and names the size of each in its log:

*Weights* ("model buffer size"), as they lie in the file. On a processor the file is mapped, from the first tensor used
in place to the last. A build without a GPU copies tensors of some types into an order that its instructions like
(``ggml-cpu/repack.cpp``) and counts them in the mapped range as well; those pages of the file are never looked at
again, so they are reported but not needed (``droppable``).
*Cache* ("KV buffer size", ``llama-kv-cache.cpp``): for each layer, slot and token a row of keys and one of values, each
in the cache's type. The tokens of a slot are rounded up to 256. A layer with a sliding window keeps the window and one
batch (``llama-kv-cache-iswa.cpp``), latent attention keeps keys only, a recurrent layer a state of fixed size ("RS
buffer size"), in four-byte numbers, for each slot.
*Computation* ("compute buffer size", ``llama_context::sched_reserve``): the largest graph, that of a prompt's batch of
``n_ubatch`` tokens, is laid out once, tensors that do not live at the same time in the same place. What is largest in
it, worked out from the graphs of ``src/models`` and checked against what the library reports for headers of two dozen
real models: in a feed-forward layer three times its width beside five times the embedding's (residual, norm and what
the attention left); in a mixture the same with the experts used, and their outputs where those do not fit into what
the first step freed; in a recurrent layer five times its width, and the states of all slots before and after; without
flash attention the scores of every head against the whole cache. To that come the masks, a number for each token of
the batch and each cell. All numbers have four bytes, masks two with flash attention.
*Output* ("output buffer size", ``llama_context::output_reserve``): the vocabulary's logits, once a slot.

While it runs, a server keeps copies of windows and recurrent states in RAM, to go back to a prompt's end ("context
checkpoints"); they are in no report, and are planned for (``checkpoints``).

For dense models and mixtures all this is exact to about a per cent, for recurrent ones up to a tenth above, and so is
latent attention without flash attention. A server compiled from an older llama.cpp may keep logits for the whole batch.

With layers on a GPU (``llama_model::load_tensors``): the last layers go there, the output first, each with its cache;
the token embedding stays in RAM, and where it doubles as the output there is a second copy of it. A model that is only
partly there needs room for one layer's weights more, which are sent over for each batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from servers.gguf import GgufHeader
from servers.gguf_types import TENSOR_TYPES
from servers.memory_options import MemoryOptions
from servers.shape import Layer, Shape, shape_of
from servers.weights import Weights, in_ram, weights_of

CELL_STEP: Final = 256
NUMBER_BYTES: Final = 4
PLACE_BYTES: Final = 8
INPUT_BYTES: Final = 40
"""Of each token of a batch: its number, its position, its cell in the cache and the like."""
_TYPES: Final = {kind.name: kind for kind in TENSOR_TYPES.values()}


@dataclass(frozen=True, slots=True)
class Setting:
    """What decides the memory beside the model."""

    slots: int
    ctx_size: int
    """Tokens per slot."""
    gpu_layers: int = 0
    """Of ``MemoryModel.all_layers``."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Bytes in one place, RAM or a GPU's memory."""

    weights: int = 0
    kv_cache: int = 0
    buffers: int = 0
    droppable: int = 0
    """Of the weights: what the system may take back without being missed."""
    checkpoints: int = 0
    """What comes on top while it runs: copies of states, and the prompt cache where an argument switched it on."""

    @property
    def total(self) -> int:
        """As the server reports it."""
        return self.weights + self.kv_cache + self.buffers

    @property
    def needed(self) -> int:
        return self.total - self.droppable + self.checkpoints


@dataclass(frozen=True, slots=True)
class Needs:
    """Bytes at one setting."""

    ram: Parts
    vram: Parts = Parts()

    @property
    def both(self) -> Parts:
        pairs = ((getattr(self.ram, name), getattr(self.vram, name)) for name in Parts.__dataclass_fields__)
        return Parts(*(ram + vram for ram, vram in pairs))


@dataclass(frozen=True)
class MemoryModel:
    """A model whose memory can be told for any setting."""

    header: GgufHeader
    options: MemoryOptions
    processor: str | None = None
    """A key of ``servers.weights.REPACKED``, or nothing."""
    gpus: int = 0
    """How many the build sees; with one, nothing is repacked."""

    @cached_property
    def shape(self) -> Shape:
        return shape_of(self.header)

    @property
    def all_layers(self) -> int:
        """The repeating layers and the output."""
        return len(self.shape.layers) + 1

    def needs(self, setting: Setting) -> Needs:
        """The bytes in RAM and on the GPU."""
        first = max(0, self.all_layers - setting.gpu_layers)  # the first layer that is on the GPU
        cache = [self._layer_cache(layer, setting) for layer in self.shape.layers]
        compute, masks = self._compute(setting), self._masks(setting)
        output = setting.slots * self.shape.vocabulary * NUMBER_BYTES
        if not self.gpus or not setting.gpu_layers:
            mapped, droppable = self._mapped
            buffers = compute + masks + output
            return Needs(Parts(mapped, sum(cache), buffers, droppable, self._checkpoints(setting)))
        weights = self._weights
        there = sum(size for layer, size in weights.by_layer.items() if layer >= first) + weights.output
        beside = self.header.weight_bytes - there + weights.shared
        partly = max((size for layer, size in weights.by_layer.items() if layer < first), default=0)
        cache_there = sum(cache[first:]) if self.options.cache_on_gpu else 0
        staging = self._batch(setting) * self.shape.embedding * NUMBER_BYTES
        host = Parts(beside, sum(cache) - cache_there, masks + staging + output,
                     checkpoints=self._checkpoints(setting))
        return Needs(host, Parts(there, cache_there, (compute + masks) * self.gpus + partly))

    @cached_property
    def _weights(self) -> Weights:
        return weights_of(self.header)

    @cached_property
    def _mapped(self) -> tuple[int, int]:
        packed = self.options.repack and not self.gpus
        return in_ram(self.header, self.processor if packed else None, mapped=self.options.mapped)

    # -- cache -----------------------------------------------------------------------------------------------------

    def _cells(self, setting: Setting) -> int:
        """Of one slot; rounded as the server rounds them."""
        return _padded(_padded(setting.slots * setting.ctx_size) // setting.slots)

    def _window_cells(self, setting: Setting) -> int:
        cells = self._cells(setting)
        return cells if self.options.full_window else min(cells, _padded(self.shape.window + self._batch(setting)))

    def _layer_cache(self, layer: Layer, setting: Setting) -> int:
        cells = self._window_cells(setting) if layer.windowed else self._cells(setting)
        row = _row_bytes(layer.key, self.options.key_type) + _row_bytes(layer.value, self.options.value_type)
        return setting.slots * (cells * row + layer.state * NUMBER_BYTES)

    def _checkpoints(self, setting: Setting) -> int:
        kept = [layer for layer in self.shape.layers if layer.windowed or layer.state]
        if self.options.full_window:
            kept = [layer for layer in kept if layer.state]
        copies = self.options.checkpoints * sum(self._layer_cache(layer, setting) for layer in kept)
        return copies + self.options.prompt_cache_bytes

    # -- buffers ---------------------------------------------------------------------------------------------------

    def _batch(self, setting: Setting) -> int:
        """Tokens of the largest step of a prompt."""
        return min(self.options.n_batch, self.options.n_ubatch, self._cells(setting) * setting.slots)

    def _outputs(self, setting: Setting) -> int:
        return self.options.outputs or setting.slots

    def _masks(self, setting: Setting) -> int:
        """The masks of both caches; without flash attention values lie across, and the place of each is an input."""
        layers = [layer for layer in self.shape.layers if layer.key]
        whole = [layer.value for layer in layers if not layer.windowed]
        windowed = [layer.value for layer in layers if layer.windowed]
        total = 0
        for cells, values in ((self._cells(setting), whole), (self._window_cells(setting), windowed)):
            if values:
                total += 2 * cells if self.options.flash_attention else NUMBER_BYTES * cells + PLACE_BYTES * max(values)
        return self._batch(setting) * total

    def _compute(self, setting: Setting) -> int:
        """The largest graph, without its masks."""
        shape, tokens = self.shape, self._batch(setting)
        key = max((layer.key for layer in shape.layers), default=0)
        value = max((layer.value for layer in shape.layers), default=0)
        experts, out = shape.experts_used * shape.expert_width, shape.experts_used * shape.embedding
        mixture = 3 * experts + (out if out > 2 * experts else 0)
        widest = 5 * shape.embedding + max(3 * shape.feed_forward, mixture)
        states = 2 * setting.slots * max((layer.state for layer in shape.layers), default=0)
        recurrent = tokens * 5 * (shape.embedding + shape.inner) + states if states else 0
        attention = 2 * shape.embedding + 3 * shape.query + key + value
        if not self.options.flash_attention:
            scores = shape.heads * self._cells(setting)
            norms = 3 if (self.header.architecture or "").startswith("gemma") else 2
            attention = norms * shape.embedding + 4 * shape.query + scores
        logits = min(self._outputs(setting), tokens) * shape.vocabulary + 2 * shape.embedding * tokens
        return NUMBER_BYTES * max(tokens * max(widest, attention), recurrent, logits) + INPUT_BYTES * tokens


def _padded(tokens: int) -> int:
    return -(-tokens // CELL_STEP) * CELL_STEP


def _row_bytes(width: int, kind: str) -> int:
    """A row of so many numbers in that type; of a type that is not known, in F16."""
    packed = _TYPES.get(kind, _TYPES["F16"])
    return -(-width // packed.block_elements) * packed.block_bytes
