"""The judge's file while it is filled in through the page: every change goes into the file before it counts.

Theory of operation. One ``judge serve`` at a time has a file (a lock beside it), and within it one change at a time.
What is to be saved comes with the revision that the page knows: a second tab that lags behind is told, instead of
writing over the first. Before a save the file is held against what was last read or written, and once more when the new
one lies ready beside it: a file that an editor or an export has changed is never replaced; the page is told, and takes
over what is there when its judge agrees, by loading anew. Where the file's key is here, saves take the lock that export
and apply take, so that an export that adds texts cannot lose a score between its reading and its writing.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from core.errors import BadInput, BenchError
from runner.judging.opening import Opened, open_file
from system import files
from tracking.judging import judge_file, judge_key, scoring
from tracking.judging.judge_file import MOST_NOTE_CHARS, Entry

_LONGEST_BREAK_S: Final = 120.0
"""What is longer between two scores was no judging."""

_Stamp = tuple[int, int, int, int]
_GONE: Final[_Stamp] = (0, -1, 0, 0)


class Conflict(BenchError):
    """Somebody else changed what was to be changed: nothing was written. ``by``: ``tab`` or ``file``."""

    def __init__(self, by: str, message: str) -> None:
        super().__init__(message)
        self.by = by


@contextmanager
def only_one(path: Path) -> Iterator[Callable[[str], None]]:
    """Only one ``judge serve`` has the file; gives what notes its address for others to read. Raises BadInput,
    BenchError.
    """
    target = path.resolve()
    beside = target.with_name(f".{target.name}.lock")
    with ExitStack() as stack:
        try:
            fd = stack.enter_context(files.lock(beside, timeout_s=0))
        except TimeoutError:
            raise BenchError(f"{path}: another judge serve has it open{_who(beside)}; go on in its page, or stop that "
                             "one first") from None
        except OSError as error:
            raise BadInput(f"{beside}: cannot be written ({error.strerror}); scores are saved in that folder: see to "
                           "its permissions") from error
        try:
            yield lambda where: _note(fd, {"pid": os.getpid(), "at": where})
        finally:
            _note(fd, None)


def _note(fd: int, noted: Mapping[str, Any] | None) -> None:
    with suppress(OSError):  # a courtesy to whoever comes second
        os.ftruncate(fd, 0)
        os.pwrite(fd, json.dumps(noted).encode("ascii") if noted else b"", 0)


def _who(lock: Path) -> str:
    with suppress(OSError, ValueError, KeyError, TypeError):
        noted = json.loads(lock.read_text("ascii"))
        return f" (process {int(noted['pid'])}, {str(noted['at'])[:60]!a})"
    return ""


class Desk:
    """One file, while it is judged."""

    def __init__(self, path: Path, runs_root: Path, clock: Callable[[], float]) -> None:
        """Raises BadInput. ``clock``: seconds that only rise."""
        self.path = path
        self.runs_root = runs_root
        self._stamp = _stamp(path)
        self.opened = open_file(path, runs_root)
        self.revision = 1
        self.spent_s = 0.0
        """At work, breaks left out."""
        self.finished = 0
        """Texts that got the last of their scores meanwhile."""
        self.unsaved: str | None = None
        """Why the last save failed; None when it did not."""
        self._clock = clock
        self._last = clock()
        self._lock = threading.Lock()
        with self._guarded():
            files.clear_parts(path.resolve().parent, path.resolve().name)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nothing is being saved within."""
        with self._lock:
            yield

    def current(self) -> tuple[Opened, int]:
        """The file as it is now, and its revision: one that was changed underneath is taken over. Raises BadInput where
        it is broken.
        """
        with self._lock:
            if not self.is_ours():
                before, stamp = self.opened, _stamp(self.path)
                now = open_file(self.path, self.runs_root)
                if now.file.file_id != before.file.file_id:
                    raise BadInput(f"{self.path}: is another judge file now; stop judge serve and start it again")
                self._stamp, self.opened = stamp, now
                self.revision += 1
            return self.opened, self.revision

    def look(self) -> tuple[int, bool]:
        """The revision, and whether the file is another than the one it belongs to."""
        with self._lock:
            return self.revision, not self.is_ours()

    def save(self, revision: int, changes: Sequence[Mapping[str, Any]]) -> int:
        """Into the file, all of them or none; gives the new revision. Raises BadInput, Conflict or BenchError."""
        with self._lock:
            if revision != self.revision:
                raise Conflict("tab", "another tab has changed scores meanwhile")
            entries = {entry.entry_id: entry for entry in self.opened.file.entries}
            for change in changes:
                entry = _changed(self.opened, entries, change)
                entries[entry.entry_id] = entry
            file = replace(self.opened.file, entries=tuple(entries.values()))
            data = judge_file.to_bytes(file, self.opened.rubric)
            self._write(data)
            before, self.opened = self.opened.done, replace(self.opened, data=data, file=file)
            self.revision += 1
            self._passed(self.opened.done - before)
            return self.revision

    def _write(self, data: bytes) -> None:
        try:
            with self._guarded():
                self._refuse_changed()
                with files.replacing(self.path, data):
                    self._refuse_changed()
                self._stamp = _stamp(self.path)
        except OSError as error:
            self.unsaved = f"{self.path}: cannot be written ({error.strerror}); {files.remedy(error)}"
            raise BenchError(self.unsaved) from error
        except BenchError as error:
            self.unsaved = str(error)
            raise
        self.unsaved = None

    def _guarded(self) -> AbstractContextManager[None]:
        """No export or apply of this machine is at work on the file within."""
        return judge_key.held(self.runs_root) if self.opened.exported_here else nullcontext()

    def _refuse_changed(self) -> None:
        if not self.is_ours():
            raise Conflict("file", f"{self.path.name} was changed by another program meanwhile; nothing in it was "
                                   "overwritten")

    def is_ours(self) -> bool:
        """Whether the file is what was last read or written here. One that is gone can be written anew: it is all in
        memory, and nothing is overwritten.
        """
        now = _stamp(self.path)
        if now in {self._stamp, _GONE}:
            return True
        same = now[1] == len(self.opened.data) and self.path.read_bytes() == self.opened.data
        if same:  # touched, or copied over with the same content
            self._stamp = now
        return same

    def _passed(self, finished: int) -> None:
        now = self._clock()
        self.spent_s += min(now - self._last, _LONGEST_BREAK_S)
        self.finished += max(0, finished)
        self._last = now


def _changed(opened: Opened, entries: Mapping[str, Entry], change: Mapping[str, Any]) -> Entry:
    """The entry with one score or its note changed. Raises BadInput for what no page of ours sends."""
    entry = entries.get(str(change.get("id")))
    if entry is None:
        raise BadInput("no candidate of the file has that id")
    name, value = change.get("criterion"), change.get("value")
    if name is None:
        if not isinstance(value, str) or len(value) > MOST_NOTE_CHARS:
            raise BadInput(f"a note is a text of at most {MOST_NOTE_CHARS:,} characters")
        return replace(entry, note=value)
    scores = {**entry.scores, str(name): value}
    if (fault := scoring.fault_of(opened.rubric, scores)) is not None:
        raise BadInput(fault)
    return replace(entry, scores=scores)


def _stamp(path: Path) -> _Stamp:
    """What a write of whatever kind changes."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return _GONE
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
