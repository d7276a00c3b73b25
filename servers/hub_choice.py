"""Which files of a Hugging Face repository a name means, as llama.cpp's ``-hf OWNER/REPO:QUANT`` decides it. Pure.

llama.cpp (``common/download.cpp``, ``find_best_model``) goes through the files by name and takes the first one in whose
path the quantization is followed by a dot or a dash, whatever the case; without a quantization ``Q4_K_M``, else
``Q8_0``, else the first file there is. Projectors, importance matrices and drafts do not count, and of a model in
several files all are taken.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

DEFAULTS: Final = ("Q4_K_M", "Q8_0")
_NO_MODEL = ("mmproj", "imatrix", "mtp-", "eagle3-", "dflash-", "dspark-")
_SPLIT = re.compile(r"(?P<stem>.+)-(?P<number>[0-9]{5})-of-(?P<count>[0-9]{5})\.gguf", re.DOTALL | re.IGNORECASE)
_QUANTIZATION = re.compile(
    r"[-._](?P<name>(?:UD-)?(?:I?Q[0-9][A-Z0-9_]*|TQ[0-9]_[0-9]|B?F16|F32|FP16|MXFP4\w*|NVFP4))$", re.IGNORECASE
)


def chosen(paths: Sequence[str], quantization: str) -> tuple[str, ...] | None:
    """The files of the model, in order; None where nothing matches. ``quantization`` may also name a file."""
    models = [path for path in sorted(paths) if _is_first_of_a_model(path)]
    if quantization.lower().endswith(".gguf"):
        named = [path for path in models if path.lower() == quantization.lower()]
        return _whole(named[0], paths) if named else None
    for wanted in (quantization,) if quantization else DEFAULTS:
        pattern = re.compile(re.escape(wanted) + "[.-]", re.IGNORECASE)
        for path in models:
            if pattern.search(path):
                return _whole(path, paths)
    return _whole(models[0], paths) if models and not quantization else None


def quantizations(paths: Sequence[str]) -> tuple[str, ...]:
    """What there is to choose from: quantizations where the names have one, else file names."""
    found = []
    for path in sorted(paths):
        if not _is_first_of_a_model(path):
            continue
        split = _SPLIT.fullmatch(path)
        stem = split["stem"] if split else path[: -len(".gguf")]
        named = _QUANTIZATION.search(stem.rpartition("/")[2])
        found.append(named["name"] if named else path)
    return tuple(dict.fromkeys(found))


def _is_first_of_a_model(path: str) -> bool:
    name = path.rpartition("/")[2]
    split = _SPLIT.fullmatch(path)
    return (path.lower().endswith(".gguf") and not any(part in name.lower() for part in _NO_MODEL)
            and (split is None or int(split["number"]) == 1))


def _whole(first: str, paths: Sequence[str]) -> tuple[str, ...]:
    """All files that a model begun by ``first`` consists of, whether or not they are there."""
    split = _SPLIT.fullmatch(first)
    if split is None:
        return (first,)
    there = {path.lower(): path for path in paths}
    names = [f"{split['stem']}-{number:05d}-of-{split['count']}.gguf" for number in range(1, int(split["count"]) + 1)]
    return tuple(there.get(name.lower(), name) for name in names)
