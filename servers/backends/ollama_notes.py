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

from core.errors import ServerError, UsageError
from servers.backends import ollama_api as api
from servers.backends.ollama_names import same
from system.clock import monotonic_s, since_epoch_s, sleep_s
from system.files import atomic_write, lock
from system.user_cache import user_cache_folder

LEFT_WITHIN_S: Final = 5.0
LEFT_ASK_S: Final = 2.0
"""A start of the tool does not wait longer than that for a server that may be anywhere."""
FORGOTTEN_S: Final = 24 * 3600.0
"""Of a server that does not answer: Ollama itself unloads long before that what nobody asks (``keep_alive``)."""
_FOLDER: Final = "ollama"
_POLL_S = 0.05


def _folder() -> Path:
    return user_cache_folder() / _FOLDER


def _note_of(base_url: str) -> Path:
    known_as = base_url.replace("//localhost:", "//127.0.0.1:")  # one server, one note
    return _folder() / f"{hashlib.sha256(known_as.encode()).hexdigest()[:16]}.json"


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


def write(note: Path, base_url: str, name: str, ctx_size: int, ctx_train: int | None = None) -> None:
    """Before the model is loaded, with the context asked for (Ollama gives no more than ``ctx_train``), and again
    with the one that it got.
    """
    known = {"base_url": base_url, "model": name, "ctx_size": ctx_size}
    atomic_write(note, json.dumps(known if ctx_train is None else {**known, "ctx_train": ctx_train}).encode())


def release(
    base_url: str, name: str, within_s: float, ctx_sizes: frozenset[int] | None = None,
    ask_s: float = api.ASK_TIMEOUT_S,
) -> bool | None:
    """Has the model unloaded, if it is there with one of these contexts (None: any).

    True: it was there and is out of its memory. None: it was not there. False: it is still there, or nobody knows.
    """
    deadline, was_there = monotonic_s() + within_s, None
    while True:
        try:
            there = [each for each in api.loaded(base_url, ask_s) if same(each.name, name)
                     and (ctx_sizes is None or each.ctx_size is None or each.ctx_size in ctx_sizes)]
            if not there:
                return was_there
            was_there = True
        except ServerError:
            if api.is_gone(base_url):
                return was_there
        if monotonic_s() > deadline:
            return False
        if was_there:
            api.unload(base_url, name)
        sleep_s(_POLL_S)


def unload_leftovers() -> tuple[str, ...]:
    """Of runs that were killed; sentences of what was unloaded, and of what would not go. Never raises."""
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
        age_s = since_epoch_s() - note.stat().st_mtime
        known = json.loads(note.read_bytes())
        base_url, name, ctx_size = str(known["base_url"]), str(known["model"]), int(known["ctx_size"])
        ctx_sizes = frozenset({ctx_size, min(ctx_size, int(known.get("ctx_train") or ctx_size))})
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        note.unlink(missing_ok=True)
        return []
    left = f"ollama:{name} was left in memory by a run that was killed, and"
    released = release(base_url, name, LEFT_WITHIN_S, ctx_sizes, LEFT_ASK_S)
    if released is False and age_s < FORGOTTEN_S:  # the note stays for the next time
        sentence = (f"{left} Ollama at {base_url} does not say that it let go of it; it is asked again at the next "
                    f"start, or by 'ollama stop {name}'")
        return [sentence]
    note.unlink(missing_ok=True)
    return [f"{left} is unloaded now"] if released else []
