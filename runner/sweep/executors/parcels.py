"""A unit's own ledger and runs' root: read while its command works there, and carried into the sweep's.

Wherever a unit runs, its command writes into a folder of its own. What is in there is told piece by piece: records with
their run folders, failures, and run folders that did not end. The sweep's side puts a run folder in its place as if the
run had been here, and then concludes it by the steps that any run ends with (``runner.conclude``), so a kill between
two of them is taken up the same way.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from core.errors import BadInput, BenchError
from ledger import store
from ledger.folder import RECORD, SUMMARY, RunFolder
from ledger.run_id import is_run_id
from runner.conclude import conclude_again
from runner.sweep import failures
from runner.sweep.failures import Failure

Files = Mapping[str, bytes]
"""A run folder's files by their names in it."""
_ARRIVING: Final = ".arriving"
_NOT_CARRIED: Final = frozenset({"request.json"})
"""What is written anew by each sitting, and holds an address of the machine it was on."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A run that ended."""

    record: Mapping[str, Any]
    files: Files


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A run that did not, so far: with it another machine can go on."""

    run_id: str
    files: Files


class UnitFolder:
    """``results.json`` and ``runs/`` in a folder; the command that writes there may be working."""

    def __init__(self, folder: Path) -> None:
        self.results, self.runs = folder / "results.json", folder / "runs"
        self._told: set[str] = set()
        self._sizes: dict[str, int] = {}
        self._ledger = (0, 0)

    def where(self) -> tuple[str, ...]:
        """The flags that make a command write here."""
        return ("--results", str(self.results), "--runs-root", str(self.runs))

    def unpack(self, runs: Sequence[Unfinished]) -> None:
        """Run folders that the command is to take up. Raises BenchError where the disk takes none."""
        for run in runs:
            put(self.runs, run.run_id, run.files)

    def recorded(self) -> Iterator[Recorded]:
        """Runs whose records came since the last look."""
        with suppress(FileNotFoundError):
            found = self.results.stat()
            if (found.st_size, found.st_mtime_ns) == self._ledger:
                return
            for record in store.read(self.results):
                run_id = str(record.get("run_id"))
                if run_id not in self._told and (self.runs / run_id / SUMMARY).exists():
                    self._told.add(run_id)
                    yield Recorded(dict(record), packed(self.runs / run_id))
            if all(str(record.get("run_id")) in self._told for record in store.read(self.results)):
                self._ledger = (found.st_size, found.st_mtime_ns)  # else one is being concluded

    def unfinished(self) -> Iterator[Unfinished]:
        """Runs under way that have grown since the last look."""
        for folder in sorted(self.runs.iterdir()) if self.runs.is_dir() else ():
            if is_run_id(folder.name) and folder.name not in self._told and not (folder / SUMMARY).exists():
                files = packed(folder)
                size = sum(map(len, files.values()))
                if size != self._sizes.get(folder.name) and "run_config.json" in files:
                    self._sizes[folder.name] = size
                    yield Unfinished(folder.name, files)

    def failed(self, cells: Sequence[str]) -> Iterator[Failure]:
        """What is noted of these cells."""
        for cell in cells:
            if (failure := failures.failure_of(self.runs, cell)) is not None:
                yield failure


def packed(folder: Path) -> Files:
    """A run folder's files. One that is being written may end in half a line, as after a kill."""
    found: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        with suppress(OSError):
            if path.is_file() and not path.is_symlink() and path.name not in _NOT_CARRIED:
                found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


def put(runs_root: Path, run_id: str, files: Files) -> RunFolder | None:
    """Makes ``runs_root/run_id`` what ``files`` say, at once. None where a run of that name has ended there, or come
    further, as by a run by hand while a machine that had it was away.

    Raises BadInput for names that lead elsewhere, BenchError where the disk takes nothing more.
    """
    bad = [name for name in files if PurePosixPath(name).is_absolute() or {"..", ""} & set(name.split("/"))]
    if bad or not is_run_id(run_id):
        raise BadInput(f"a run folder that came back is none ({run_id!r:.80}, {bad[:1]}); it was left out")
    folder, part = RunFolder(runs_root, run_id), runs_root / _ARRIVING / run_id
    if folder.ended or (RECORD not in files and _is_further(folder, files)):
        return None
    try:
        shutil.rmtree(part, ignore_errors=True)
        for name, data in files.items():
            (part / name).parent.mkdir(parents=True, exist_ok=True)
            (part / name).write_bytes(data)
        shutil.rmtree(folder.path, ignore_errors=True)
        part.rename(folder.path)
    except OSError as error:
        raise BenchError(f"{folder.path}: the run folder cannot be written ({error.strerror}); see to the disk, then "
                         "run the sweep again") from error
    return folder


def _is_further(folder: RunFolder, files: Files) -> bool:
    with suppress(OSError):
        return folder.samples_path.stat().st_size > len(files.get(folder.samples_path.name, b""))
    return False


def enter(results: Path, runs_root: Path, found: Recorded, entered: Callable[[], None]) -> Mapping[str, Any] | None:
    """Brings a run that ended elsewhere into the ledger; None where it is there. Raises as ``conclude`` does."""
    run_id = str(found.record.get("run_id"))
    files = {RECORD if name == SUMMARY else name: data for name, data in found.files.items()}
    if put(runs_root, run_id, files) is None:
        return None
    with RunFolder.resume(runs_root, run_id) as folder:
        return conclude_again(results, folder, found.record, entered)


def of_cells(runs_root: Path, cells: Sequence[str]) -> list[Unfinished]:
    """The run folders here that did not end and belong to one of these cells; of each cell the latest."""
    latest: dict[str, str] = {}
    for config in sorted(runs_root.glob("*/run_config.json")):
        folder = RunFolder(runs_root, config.parent.name)
        with suppress(OSError, ValueError):
            cell = json.loads(config.read_bytes()).get("cell") if not folder.ended else None
            if isinstance(cell, str) and cell in cells and is_run_id(folder.run_id):
                latest[cell] = folder.run_id
    return [Unfinished(run_id, packed(runs_root / run_id)) for run_id in latest.values()]
