"""What a published file was when it was first fetched: trust on first use.

Beside each file that was fetched lies ``NAME.json``: from where, when, how many bytes, with what SHA-256. The note
outlives the file. Where no checksum was known beforehand, the first one seen is what every later download must have:
a revision does not change, so a file that does is no longer what earlier runs were asked.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from core.errors import BadInput
from system.clock import utc_timestamp
from system.files import atomic_write
from system.user_cache import user_cache_folder

LOCAL = "or name a local file with --problems-file"


@dataclass(frozen=True, slots=True)
class Note:
    """What is known of a file since it was first fetched."""

    url: str
    sha256: str
    bytes: int
    fetched: str
    """When, UTC."""

    @property
    def day(self) -> str:
        """When it was fetched, as a record says it."""
        return self.fetched[:10]


def home_of(url: str, folder: Path | None = None) -> Path:
    """The folder of what comes from there, in ``folder`` or this user's cache. A newer version lies in another."""
    return (folder or user_cache_folder() / "datasets") / hashlib.sha256(url.encode()).hexdigest()[:16]


def note_path(home: Path, name: str) -> Path:
    """Where the note of a file lies."""
    return home / f"{name}.json"


def read(home: Path, name: str) -> Note | None:
    """None where there is none, or one that cannot be read."""
    try:
        known = json.loads(note_path(home, name).read_text(encoding="utf-8"))
        return Note(str(known["url"]), str(known["sha256"]), int(known["bytes"]), str(known["fetched"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write(home: Path, name: str, url: str, sha256: str, size: int) -> Note:
    """Notes that it was fetched now. Raises OSError."""
    note = Note(url, sha256, size, utc_timestamp())
    atomic_write(note_path(home, name), json.dumps(asdict(note)).encode())
    return note


def refuse_another(what: str, url: str, sha256: str, pinned: str | None, first: tuple[Note | None, Path]) -> None:
    """BadInput where a file that came is not the one that is ``pinned``, or else not the one that came first.

    ``first``: the note of the first time, and its path.
    """
    note, path = first
    if pinned is not None and sha256 != pinned:
        raise BadInput(
            f"{what}: what {url} sent is not the published file (SHA-256 {sha256[:12]}…, not {pinned[:12]}…); "
            f"run again, {LOCAL}"
        )
    if pinned is None and note is not None and sha256 != note.sha256:
        raise BadInput(
            f"{what}: what {url} sends now is not what it sent on {note.day} (SHA-256 {sha256[:12]}…, not "
            f"{note.sha256[:12]}…), so scores would not compare with earlier ones; delete {path} to take it, {LOCAL}"
        )
