"""What a GGUF file says of itself: name, quantization, size, and whether all of it is there.

The header (versions 2 and 3, little endian) is: magic, version, number of tensors, number of metadata entries, the
entries (key, type, value), the tensors' infos (name, shape, type, offset), then aligned to a power of two the data.
``servers.gguf_reader`` reads it; what is wanted of it is decided here. A file of a split model describes its own part
only: ``servers.gguf_parts`` puts them together.
"""

from __future__ import annotations

import math
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import BadInput
from servers.gguf_names import name_in_header, name_of_file
from servers.gguf_reader import HeaderReader, Value
from servers.gguf_types import ARRAY_TYPE, FILE_TYPES, SCALAR_FORMATS, STRING_TYPE, TENSOR_TYPES, TensorInfo

MAX_KEY_BYTES: Final = 65_535  # the format's own limit
MAX_ENTRIES: Final = 4_096
MAX_TENSORS: Final = 100_000
MAX_TENSOR_NAME_BYTES: Final = 1024
MAX_DIMENSIONS: Final = 4
MAX_ALIGNMENT: Final = 1 << 20

# What people give by mistake, by the bytes it starts with.
NOT_GGUF: Final[dict[bytes, str]] = {
    b"version https://git-lfs": "a Git LFS pointer; run `git lfs pull` to fetch the file itself",
    b"PK\x03\x04": "a zip archive; unpack it first",
    b"\x1f\x8b": "gzip-compressed; unpack it first",
    b"<": "a web page, so the download went wrong; fetch it again",
    b"lmgg": "a model of llama.cpp before GGUF; convert it again from the original weights",
    b"fmgg": "a model of llama.cpp before GGUF; convert it again from the original weights",
    b"tjgg": "a model of llama.cpp before GGUF; convert it again from the original weights",
}


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """One GGUF file's header, or that of all parts of a split model taken together."""

    version: int
    metadata: Mapping[str, Value]
    """Scalars, texts (their first 64 KiB) and short arrays of numbers; arrays of strings and long ones are left out."""
    name: str
    """Base name, the same for all quantizations of a model: ``demo-5M``."""
    name_from_file: bool
    """True where the header names no model, so that ``name`` had to be taken from the file's."""
    file_bytes: int
    tensors: int
    parameters: int
    expert_parameters: int
    """Of these, how many belong to experts of a mixture."""
    bytes_by_type: Mapping[str, int]
    """Bytes of weights by tensor type, of the types that ``servers.gguf_types`` knows."""
    tensor_bytes_end: int
    """Where the last tensor's data ends, in bytes from the start of the file."""
    tensor_infos: tuple[TensorInfo, ...] = ()
    """Every tensor, in the order of the header."""

    @property
    def architecture(self) -> str | None:
        return self.text("general.architecture")

    @property
    def kind(self) -> str:
        """``model``, or what llama.cpp also keeps in GGUF files: ``adapter``, ``mmproj``, ``imatrix``."""
        return self.text("general.type") or "model"

    @property
    def quantization(self) -> str | None:
        """The recipe named in the header; without one, the tensor type that most bytes are of."""
        named = FILE_TYPES.get(self.integer("general.file_type", -1) or 0)
        if named or not self.bytes_by_type:
            return named
        return max(self.bytes_by_type, key=lambda name: self.bytes_by_type[name])

    @property
    def active_parameters(self) -> int | None:
        """Parameters that take part in one token; None unless it is a mixture that says how many experts it uses."""
        experts, used = self.of_architecture("expert_count"), self.of_architecture("expert_used_count")
        if not experts or not used or used > experts or not self.expert_parameters:
            return None
        return self.parameters - self.expert_parameters + self.expert_parameters * used // experts

    @property
    def ctx_train(self) -> int | None:
        return self.of_architecture("context_length")

    @property
    def layers(self) -> int | None:
        return self.of_architecture("block_count")

    @property
    def has_chat_template(self) -> bool:
        return bool(self.text("tokenizer.chat_template"))

    @property
    def opens_thinking(self) -> bool:
        """Whether the chat template's generation prompt opens a thinking block and leaves it open."""
        generation = (self.text("tokenizer.chat_template") or "").rpartition("add_generation_prompt")[2]
        return generation.rfind("<think>") > generation.rfind("</think>")

    @property
    def split_count(self) -> int:
        """How many files the model is split into; 1 for a whole one."""
        return self.integer("split.count", 1) or 1

    @property
    def split_no(self) -> int:
        """Which part this file is, from 0."""
        return self.integer("split.no", 0) or 0

    @property
    def weight_bytes(self) -> int:
        return sum(self.bytes_by_type.values())

    def text(self, key: str) -> str | None:
        value = self.metadata.get(key)
        return value if isinstance(value, str) and value else None

    def integer(self, key: str, default: int | None = None) -> int | None:
        """A whole number of 0 or more; ``default`` where the key is missing or holds something else."""
        value = self.metadata.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else default

    def of_architecture(self, key: str) -> int | None:
        """A number of the model's architecture, e.g. ``block_count`` for ``llama.block_count``."""
        return self.integer(f"{self.architecture}.{key}")


def read_header(path: str | Path) -> GgufHeader:
    """Reads one file's header and checks that all of its data is there.

    Raises BadInput, in one sentence, for a file that is missing, a folder, no GGUF, cut short or damaged.
    """
    path = Path(path)
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise BadInput(f"{path} is a folder, not a GGUF file: name the .gguf file in it")
        if not stat.S_ISREG(found.st_mode):  # a pipe would block, a device would never end
            raise BadInput(f"{path} is not a regular file: name a .gguf file")
        with path.open("rb", buffering=0) as file:
            start = file.read(24)
            _check_magic(path, start, found.st_size)
            return _read(HeaderReader(file, path, found.st_size), path, found.st_size)
    except FileNotFoundError:
        raise BadInput(f"{path} does not exist: check the path of the model") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadInput(f"{path} cannot be read ({reason}): check the file and its permissions") from error
    except ValueError as error:  # a path with a null character in it
        raise BadInput(f"{str(path)!r} is not a path ({error}): name a .gguf file") from error


def _check_magic(path: Path, start: bytes, size: int) -> None:
    if not start:
        raise BadInput(f"{path} is empty, not a GGUF file: fetch it again")
    if not start.startswith(b"GGUF"):
        what = next((hint for prefix, hint in NOT_GGUF.items() if start.lower().startswith(prefix.lower())), None)
        what = what or f"something that starts with {start[:4]!r} instead of b'GGUF'; name another file"
        raise BadInput(f"{path} is not a GGUF file: it is {what}")
    if len(start) < 24:
        raise BadInput(f"{path} is cut short: its header needs at least 24 bytes, the file has {size}: fetch it again")
    version = int.from_bytes(start[4:8], "little")
    if version & 0xFFFF == 0:
        raise BadInput(f"{path} is a big-endian GGUF: fetch or convert a little-endian one")
    if version not in {2, 3}:
        raise BadInput(f"{path} is GGUF version {version}, versions 2 and 3 can be read: convert the model again")


def _read(reader: HeaderReader, path: Path, size: int) -> GgufHeader:
    reader.skip(4)
    version = int(reader.number("<I"))
    tensors = reader.count("tensors", 24, MAX_TENSORS)
    entries = reader.count("metadata entries", 13, MAX_ENTRIES)
    metadata: dict[str, Value] = {}
    seen: set[str] = set()
    for _ in range(entries):
        key = reader.string("a key", MAX_KEY_BYTES).decode("utf-8", "replace")
        if not key or key in seen:
            raise reader.damaged(f"key {key[:80]!r} twice" if key else "an empty key")
        seen.add(key)
        value = _read_value(reader, key)
        if value is not None:
            metadata[key] = value
    totals = _read_tensors(reader, tensors, _alignment(reader, metadata))
    name = name_in_header(metadata)
    return GgufHeader(version=version, metadata=metadata, name=name or name_of_file(path), name_from_file=name is None,
                      file_bytes=size, tensors=tensors, parameters=totals.parameters,
                      expert_parameters=totals.expert_parameters, bytes_by_type=totals.bytes_by_type,
                      tensor_bytes_end=totals.end, tensor_infos=tuple(totals.infos))


def _read_value(reader: HeaderReader, key: str) -> Value | None:
    """One metadata value; None for an array that is not kept."""
    kind = int(reader.number("<I"))
    if kind == STRING_TYPE:
        return reader.string("a text").decode("utf-8", "replace")
    if kind in SCALAR_FORMATS:
        return reader.number(SCALAR_FORMATS[kind])
    if kind == ARRAY_TYPE:
        item = int(reader.number("<I"))
        if item == STRING_TYPE:
            reader.skip_strings()
            return None
        if item in SCALAR_FORMATS:
            return reader.numbers(SCALAR_FORMATS[item])
        kind = item  # arrays of arrays included: llama.cpp reads none either
    raise reader.damaged(f"value type {kind} under {key[:80]!r}")


def _alignment(reader: HeaderReader, metadata: Mapping[str, Value]) -> int:
    alignment = metadata.get("general.alignment", 32)
    if not isinstance(alignment, int) or not 0 < alignment <= MAX_ALIGNMENT or alignment & (alignment - 1):
        raise reader.damaged(f"alignment {str(alignment)[:40]}")
    return alignment


@dataclass(slots=True)
class _Totals:
    """Sums over the tensors; offsets are counted from the start of the data until the header's end is known."""

    parameters: int
    expert_parameters: int
    bytes_by_type: dict[str, int]
    end: int
    infos: list[TensorInfo]


def _read_tensors(reader: HeaderReader, tensors: int, alignment: int) -> _Totals:
    totals = _Totals(0, 0, {}, 0, [])
    for _ in range(tensors):
        name = reader.string("a tensor's name", MAX_TENSOR_NAME_BYTES)
        dimensions = int(reader.number("<I"))
        if dimensions > MAX_DIMENSIONS:
            raise reader.damaged(f"a tensor of {dimensions:,} dimensions")
        shape = tuple(int(reader.number("<Q")) for _ in range(dimensions))
        elements, row = math.prod(shape), shape[0] if shape else 1
        kind, offset = int(reader.number("<I")), int(reader.number("<Q"))
        packed = TENSOR_TYPES.get(kind)  # None: newer than this table, so that only the tensor's start can be checked
        if elements >= 1 << 63 or (packed and row % packed.block_elements):
            raise reader.damaged(f"a tensor of impossible shape, {elements:,} elements in rows of {row:,}")
        size = elements // packed.block_elements * packed.block_bytes if packed else 0
        if packed:
            totals.bytes_by_type[packed.name] = totals.bytes_by_type.get(packed.name, 0) + size
        totals.parameters += elements
        totals.expert_parameters += elements if b"_exps." in name else 0
        totals.end = max(totals.end, offset + size)
        text = name.decode("utf-8", "replace")
        totals.infos.append(TensorInfo(text, packed.name if packed else None, shape, size, offset))
    if tensors:
        totals.end += -(-reader.position // alignment) * alignment
        reader.need(totals.end, "data")
    return totals
