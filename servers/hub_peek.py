"""A model of the hub, told without fetching it: its size, its digest, and how much of it is in the cache."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from core.errors import BadInput
from core.records import ModelInfo
from servers import hub_models as hub
from servers.hub_errors import hub_errors
from servers.hub_models import Telling
from servers.hub_repository import LIST_TIMEOUT_S
from servers.models import resolve
from servers.transformers_model import NAME as TRANSFORMERS


@dataclass(frozen=True, slots=True)
class Peek:
    """What is known of a model."""

    model: ModelInfo
    """Its header read where it is here; else with the digest that a fetched copy will have."""
    missing_bytes: int = 0
    """That are to be fetched before it can be loaded."""


def peek(spec: str, telling: Telling) -> Peek:
    """Of ``hf:`` and ``transformers:`` specs; any other is ``resolve``d. Raises BadInput where it cannot be had."""
    prefix, _, name = spec.partition(":")
    if prefix == "hf":
        return _gguf(spec, name, telling)
    if prefix == TRANSFORMERS and not _is_here(name):
        return _safetensors(spec, name, telling)
    return Peek(resolve(spec, telling))


def _gguf(spec: str, name: str, telling: Telling) -> Peek:
    files = hub.files_of(name, telling)
    missing = [file for file in files if not file.is_here]
    if not missing:
        return Peek(resolve(spec, telling))
    model = ModelInfo(
        name=PurePosixPath(files[0].path).stem, size_bytes=_sum([file.size_bytes for file in files]),
        source=f"{spec} {files[0].path}", sha256=_together([file.sha256 for file in files], spec),
    )
    return Peek(model, sum(file.size_bytes or 0 for file in missing))


def _is_here(name: str) -> bool:
    folder = Path(name.strip()).expanduser()
    return bool(name.strip()) and folder.is_dir()


def _safetensors(spec: str, name: str, telling: Telling) -> Peek:
    from huggingface_hub import HfApi, snapshot_download  # noqa: PLC0415  (half a second)
    from huggingface_hub.errors import LocalEntryNotFoundError  # noqa: PLC0415  (as above)

    try:
        snapshot_download(name.strip(), allow_patterns=["*.safetensors", "config.json"], local_files_only=True)
        return Peek(resolve(spec, telling))
    except LocalEntryNotFoundError:
        pass
    except Exception:  # noqa: BLE001  (a name that is none: the hub's own check says so below)
        return Peek(resolve(spec, telling))
    with hub_errors(spec, "or give the path of its folder"):
        said = HfApi(library_name="bench-runner").model_info(name.strip(), files_metadata=True,
                                                             timeout=LIST_TIMEOUT_S)
    files = sorted((each for each in said.siblings or () if each.rfilename.endswith(".safetensors")
                    and "/" not in each.rfilename and not each.rfilename.startswith("consolidated")),
                   key=lambda each: each.rfilename)
    files = [each for each in files if each.rfilename == "model.safetensors"] or files  # as resolve_transformers does
    if not files:
        raise BadInput(f"{spec}: that repository holds no weights in safetensors files; name another")
    size = _sum([each.size for each in files])
    digest = _together([each.lfs.sha256 if each.lfs else None for each in files], spec)
    model = ModelInfo(name=name.rpartition("/")[2], size_bytes=size, source=f"hf:{name.strip()}", sha256=digest,
                      backend=TRANSFORMERS)
    return Peek(model, size or 0)


def _together(digests: Sequence[str | None], spec: str) -> str:
    """As ``servers.model_hash`` makes one of several."""
    known = [digest for digest in digests if digest is not None]
    if len(known) < len(digests):
        raise BadInput(f"{spec}: the hub tells no SHA-256 of its files, so a plan cannot know it; fetch it once by a "
                       "run of its own")
    return known[0] if len(known) == 1 else hashlib.sha256("\n".join(known).encode()).hexdigest()


def _sum(sizes: Sequence[int | None]) -> int | None:
    return None if None in sizes else sum(size or 0 for size in sizes)
