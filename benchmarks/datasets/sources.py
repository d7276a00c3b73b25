"""Where a data set comes from: the file that is named, or the published one, from its address or from the hub."""

from __future__ import annotations

from pathlib import Path

from benchmarks.datasets.download import Fetched, Remote, fetch
from benchmarks.datasets.hub import cached_file, fetch_file
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


def file_or_hub(request: DatasetRequest, benchmark: str, what: str, repository: str, name: str) -> Fetched:
    """As ``file_or_fetched``, from a dataset repository of the Hugging Face hub."""
    refuse_others(request, benchmark)
    if request.problems_file is not None:
        path = Path(request.problems_file)
        return Fetched(path, sha256_file(path), str(path))
    file = cached_file(repository, name)
    if file is None:
        if request.say is not None:
            request.say(f"fetching {what}: {name} of the hub dataset {repository}")
        file = fetch_file(repository, name, f"{what} (hub dataset {repository})", request.progress)
    digest = sha256_file(file.path)
    if file.sha256 not in {None, digest}:
        raise BadInput(
            f"{file.path}: the cached copy is damaged (its checksum is not the hub's); delete "
            f"{file.path.resolve()} and run again to fetch it anew"
        )
    return Fetched(file.path, digest, f"hf:{repository}@{file.commit} {name}")


def refuse_others(request: DatasetRequest, benchmark: str) -> None:
    """UsageError for demo tasks and dates, of a benchmark that has neither."""
    refuse_dates(request, benchmark)
    if request.problems_file == DEMO:
        raise UsageError(f"{benchmark} has no demo tasks; leave --problems-file out, or use --benchmark math")
