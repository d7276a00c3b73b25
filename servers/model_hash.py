"""A model's SHA-256, remembered between runs.

Hashing 40 GB takes minutes, so a digest is kept in the user's cache folder with the size and the modification time that
the file had. The file there is only a memory: one that is damaged or cannot be written costs the time to hash again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from core.errors import BadInput, UsageError
from core.records import ModelInfo
from system.files import atomic_write, lock, sha256_file
from system.user_cache import user_cache_folder

CACHE_FILE: Final = "gguf-sha256.json"
MAX_REMEMBERED: Final = 1_000
LOCK_TIMEOUT_S: Final = 10.0


def model_sha256(model: ModelInfo, cache_folder: Path | None = None) -> str:
    """The hex digest of the model's file; of a split model, of its parts' hex digests in order, one a line.

    Raises UsageError for a model without files and BadInput for a file that cannot be read.
    """
    if not model.parts:
        raise UsageError(f"{model.label} has no file that could be hashed")
    digests = [file_sha256(Path(part), cache_folder) for part in model.parts]
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def file_sha256(path: Path, cache_folder: Path | None = None, begins: Callable[[int], None] = lambda _: None) -> str:
    """The hex digest of one file; where it is not remembered, ``begins`` is told how many bytes are read.

    Raises BadInput for one that cannot be read.
    """
    cache = (cache_folder or user_cache_folder()) / CACHE_FILE
    try:
        real = path.resolve()
        before = real.stat()
        entry = {"size": before.st_size, "mtime_ns": before.st_mtime_ns}
        known = _remembered(cache).get(str(real))
        if isinstance(known, dict) and {**known, "sha256": None} == {**entry, "sha256": None} and _is_digest(known):
            return str(known["sha256"])
        begins(before.st_size)
        digest = sha256_file(real)
        after = real.stat()
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadInput(f"{path} cannot be read ({reason}): check the file and its permissions") from error
    if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise BadInput(f"{path} changed while it was read: wait until it is written, then start again")
    # a cache that cannot be written (a read-only home) only means hashing again next time
    with contextlib.suppress(OSError):
        _remember(cache, str(real), {**entry, "sha256": digest})
    return digest


def _is_digest(entry: dict[str, Any]) -> bool:
    digest = entry.get("sha256")
    return isinstance(digest, str) and len(digest) == 64 and all(char in "0123456789abcdef" for char in digest)


def _remembered(cache: Path) -> dict[str, Any]:
    """What the cache holds, the oldest first; nothing where it is missing or damaged."""
    try:
        found = json.loads(cache.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _remember(cache: Path, path: str, entry: dict[str, Any]) -> None:
    cache.parent.mkdir(parents=True, exist_ok=True)
    with lock(cache.with_suffix(".lock"), timeout_s=LOCK_TIMEOUT_S):
        entries = _remembered(cache)
        entries.pop(path, None)
        entries[path] = entry
        for old in list(entries)[:-MAX_REMEMBERED]:
            del entries[old]
        atomic_write(cache, json.dumps(entries, indent=1).encode())
