"""What we loaded into an Ollama server, so that it leaves memory even if we are killed.

A note lies in the user's cache folder for as long as a model of ours is loaded, and its lock is held by the process
that loaded it: the kernel lets go of a lock however its holder ends. Who finds a note that nobody holds asks that
server to let go of the model, if it is still there with the context that we gave it, and removes the note. Nothing
else is ever unloaded.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from core.errors import BenchError, UsageError
from servers.backends import ollama_api
from system.files import atomic_write, lock
from system.user_cache import user_cache_folder

_FOLDER: Final = "ollama"


def _folder() -> Path:
    return user_cache_folder() / _FOLDER


def _note_of(base_url: str) -> Path:
    return _folder() / f"{hashlib.sha256(base_url.encode()).hexdigest()[:16]}.json"


@contextlib.contextmanager
def held(base_url: str) -> Iterator[Path]:
    """The note of this server, for one run alone. Raises UsageError while another run has it."""
    note = _note_of(base_url)
    note.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(lock(note.with_suffix(".lock"), timeout_s=0))
        except TimeoutError:
            raise UsageError(f"another run of this tool has a model loaded in the Ollama server at {base_url}; two are "
                             "never loaded at once, so wait for it or stop it.") from None
        yield note


def write(note: Path, base_url: str, name: str, ctx_size: int) -> None:
    """Before the model is loaded."""
    atomic_write(note, json.dumps({"base_url": base_url, "model": name, "ctx_size": ctx_size}).encode())


def unload_leftovers() -> tuple[str, ...]:
    """Of runs that were killed; sentences of what was unloaded. Never raises."""
    said = []
    for note in sorted(_folder().glob("*.json")):
        try:
            with lock(note.with_suffix(".lock"), timeout_s=0):
                said += unload_left(note)
        except (TimeoutError, OSError):  # it is in use, or this cache cannot be written
            continue
    return tuple(said)


def unload_left(note: Path) -> list[str]:
    """The same of one note, whose lock is held."""
    try:
        known = json.loads(note.read_bytes())
        base_url, name, ctx_size = str(known["base_url"]), str(known["model"]), int(known["ctx_size"])
    except (OSError, ValueError, TypeError, KeyError):
        note.unlink(missing_ok=True)
        return []
    try:
        ours = [each for each in ollama_api.loaded(base_url)
                if each.name == ollama_api.full(name) and each.ctx_size in {None, ctx_size}]
    except BenchError:  # it is gone, and the model with it
        ours = []
    said = []
    if ours:
        if not ollama_api.unload(base_url, name):
            return []  # it is busy: the note stays for the next time
        said = [f"ollama:{name} was left in memory by a run that was killed, and is unloaded now"]
    note.unlink(missing_ok=True)
    return said
