"""Where a data set comes from: the file that is named, or the published one, from its address or from the hub."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.datasets import seen
from benchmarks.datasets.download import Fetched, Remote, fetch, offline
from benchmarks.datasets.hub import HubFile, cached_file, fetch_file
from benchmarks.datasets.lines import sha256_file
from benchmarks.datasets.request import DEMO, DatasetRequest, refuse_dates
from core.errors import BadInput, UsageError


def file_or_fetched(request: DatasetRequest, benchmark: str, remote: Remote) -> Fetched:
    """The file that ``--problems-file`` names, or the published one. For benchmarks without demo tasks and dates."""
    refuse_others(request, benchmark)
    if request.problems_file is None:
        return fetch(remote, request)
    path = Path(request.problems_file)
    return Fetched(path, sha256_file(path), str(path))


@dataclass(frozen=True, slots=True)
class Hub:
    """A file that somebody published on the Hugging Face hub."""

    what: str
    """Names it in messages: ``MATH-500``."""
    repository: str
    name: str
    """Of the file, with its folders."""
    revision: str
    """The commit it is taken from, in full: a branch may move."""
    sha256: str | None = None
    """Known beforehand."""

    @property
    def address(self) -> str:
        """As records name it."""
        return f"hf:{self.repository}@{self.revision} {self.name}"


def file_or_hub(request: DatasetRequest, benchmark: str, hub: Hub) -> Fetched:
    """As ``file_or_fetched``, from a dataset repository of the Hugging Face hub."""
    refuse_others(request, benchmark)
    if request.problems_file is not None:
        path = Path(request.problems_file)
        return Fetched(path, sha256_file(path), str(path))
    file = cached_file(hub.repository, hub.name, hub.revision)
    if file is None:
        named = f"{hub.what} (hub dataset {hub.repository})"
        if offline() is not None:
            raise BadInput(f"{named} is not in the cache and {offline()} is set; go online once, {seen.LOCAL}")
        if request.say is not None:
            request.say(f"fetching {hub.what}: {hub.name} of the hub dataset {hub.repository}")
        file = fetch_file(hub.repository, hub.name, named, request.progress, revision=hub.revision)
    return _checked(hub, file)


def _checked(hub: Hub, file: HubFile) -> Fetched:
    """The hub client keeps the file; the note of it is ours. BadInput where it is not what it should be."""
    digest = sha256_file(file.path)
    if file.sha256 not in {None, digest}:
        raise BadInput(
            f"{file.path}: the cached copy is damaged (its checksum is not the hub's); delete "
            f"{file.path.resolve()} and run again to fetch it anew"
        )
    home, name = seen.home_of(hub.address), hub.name.rpartition("/")[2]
    note = seen.read(home, name)
    try:
        seen.refuse_another(hub.what, hub.address, digest, hub.sha256, (note, seen.note_path(home, name)))
    except BadInput as error:
        raise BadInput(f"{error} (the copy that was checked is {file.path}; delete it before)") from error
    if note is None or note.sha256 != digest:
        try:
            home.mkdir(parents=True, exist_ok=True)
            note = seen.write(home, name, hub.address, digest, file.path.stat().st_size)
        except OSError as error:
            told = f"{hub.what}: its checksum cannot be noted in {home} ({error.strerror or error}); make room"
            raise BadInput(f"{told}, {seen.LOCAL}") from error
    return Fetched(file.path, digest, f"{hub.address} (fetched {note.day})")


def refuse_others(request: DatasetRequest, benchmark: str) -> None:
    """UsageError for demo tasks and dates, of a benchmark that has neither."""
    refuse_dates(request, benchmark)
    if request.problems_file == DEMO:
        raise UsageError(f"{benchmark} has no demo tasks; leave --problems-file out, or use --benchmark math")
