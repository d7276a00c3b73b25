"""A model split into several GGUF files is one model: finding the parts and adding them up.

llama.cpp's ``gguf-split`` writes ``NAME-00001-of-0000N.gguf`` and puts ``split.no`` (from 0) and ``split.count`` into
each header; the first part carries the model's metadata. A server is given the first part and finds the others by name.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Final

from core.errors import BadInput
from servers.gguf import GgufHeader, read_header

MAX_PARTS: Final = 9_999
_PART = re.compile(r"^(?P<stem>.*)-(?P<number>[0-9]{5})-of-(?P<count>[0-9]{5})\.gguf$", re.DOTALL)


def read_model(path: str | Path) -> tuple[GgufHeader, tuple[Path, ...]]:
    """The header of a whole model and its files in order; ``path`` is any of its parts.

    Raises BadInput for a part that is missing, misnamed, cut short or damaged, and for a model without weights.
    """
    path = Path(path)
    header = read_header(path)
    paths = _part_paths(path, header.split_count)
    headers = tuple(header if part == path else _read_part(part, path) for part in paths)
    for number, (part, found) in enumerate(zip(paths, headers, strict=True)):
        if (found.split_no, found.split_count) != (number, len(paths)):
            raise BadInput(f"{part} says it is part {found.split_no + 1} of {found.split_count}, "
                           f"its name says part {number + 1} of {len(paths)}: fetch the parts again")
    whole = _add_up(headers)
    if not whole.architecture:
        raise BadInput(f"{path} names no architecture in its header, so no server can load it: fetch it again")
    if not whole.tensors:
        raise BadInput(f"{path} holds a vocabulary and no weights: name a file with the model's weights")
    return whole, paths


def _part_paths(path: Path, count: int) -> tuple[Path, ...]:
    if count == 1:
        return (path,)
    name = _PART.match(path.name)
    if count > MAX_PARTS or name is None or int(name["count"]) != count:
        raise BadInput(f"{path} is one of {count:,} parts of a model, but its name does not end in "
                       f"-00001-of-{min(count, MAX_PARTS):05d}.gguf or the like: give the parts their own names back")
    paths = tuple(path.with_name(f"{name['stem']}-{number:05d}-of-{count:05d}.gguf") for number in range(1, count + 1))
    missing = next((part for part in paths if not part.exists()), None)
    if missing:
        raise BadInput(f"{missing} is missing, one of the {count} parts of the model: fetch it into the same folder")
    return paths


def first_of(path: Path) -> Path:
    """The first file of the model that ``path`` belongs to by its name; of one in a single file, itself."""
    name = _PART.match(path.name)
    return path.with_name(f"{name['stem']}-{1:05d}-of-{name['count']}.gguf") if name else path


def _read_part(part: Path, asked: Path) -> GgufHeader:
    try:
        return read_header(part)
    except BadInput as error:
        raise BadInput(f"{error} (it is a part of the same model as {asked.name})") from error


def _add_up(headers: tuple[GgufHeader, ...]) -> GgufHeader:
    """The first part's header with the sums over all parts; ``tensor_bytes_end`` stays the first part's."""
    if len(headers) == 1:
        return headers[0]
    bytes_by_type: dict[str, int] = {}
    for header in headers:
        for name, size in header.bytes_by_type.items():
            bytes_by_type[name] = bytes_by_type.get(name, 0) + size
    return replace(
        headers[0],
        file_bytes=sum(header.file_bytes for header in headers),
        tensors=sum(header.tensors for header in headers),
        parameters=sum(header.parameters for header in headers),
        expert_parameters=sum(header.expert_parameters for header in headers),
        bytes_by_type=bytes_by_type,
        tensor_infos=tuple(info._replace(part=part) for part, header in enumerate(headers)
                           for info in header.tensor_infos),
    )
