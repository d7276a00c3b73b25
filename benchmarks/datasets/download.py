"""A published file, fetched once and kept in this user's cache.

Theory of operation. A file's folder in the cache is named after its address, so a newer version of a data set lies
beside the older one. There, ``NAME`` is the whole file and ``NAME.json`` says where it came from, when, and with what
SHA-256; while it is being fetched ``NAME.part`` grows, and a download that was cut goes on where it stopped, if the
server still has the same file (its ETag, or the checksum known beforehand, says so). A file is whole only when its
checksum was taken: against the one known beforehand where there is one, else the one of its first download (``seen``).
Each later use takes the checksum again, so a damaged copy is fetched anew instead of being asked to a model. What is
there needs no network; with ``BENCH_OFFLINE`` or ``HF_HUB_OFFLINE`` set, nothing else is tried.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from benchmarks.datasets import seen
from benchmarks.datasets.lines import sha256_file
from benchmarks.datasets.request import DatasetRequest
from core.errors import BadInput
from system.files import lock

if TYPE_CHECKING:
    import requests

MOST_BYTES = 4 << 30
_TRIES = 4
_TIMEOUT_S = (15.0, 60.0)
_LOCK_S = 3600.0
_OK, _PARTIAL, _NOT_THAT_RANGE = 200, 206, 416
_LOCAL = seen.LOCAL


@dataclass(frozen=True, slots=True)
class Remote:
    """A file that somebody published."""

    what: str
    """Names it in messages: ``GSM8K's test set``."""
    url: str
    sha256: str | None = None
    """Known beforehand: of the very version that this address means."""

    @property
    def name(self) -> str:
        """The file's own name."""
        return urlsplit(self.url).path.rsplit("/", 1)[-1] or "data"


@dataclass(frozen=True, slots=True)
class Fetched:
    """A whole file, and what a record says of it."""

    path: Path
    sha256: str
    source: str
    """Address and the day it was fetched."""


class _Gone(Exception):
    """The connection ended before the file did."""


def fetch(remote: Remote, request: DatasetRequest, folder: Path | None = None) -> Fetched:
    """From the cache (``folder``; None: this user's), or from its address. BadInput when neither has it."""
    home = seen.home_of(remote.url, folder)
    with _disk(remote, home):
        home.mkdir(parents=True, exist_ok=True)
        with lock(home / "lock", timeout_s=_LOCK_S):
            found = _cached(remote, home, request)
            if found is None:
                _refuse_offline(remote)
                _download(remote, home / remote.name, request)
                found = _cached(remote, home, request)
    if found is None:
        raise BadInput(f"{remote.what}: the fetched copy in {home} was changed at once; check that disk, {_LOCAL}")
    return found


def _cached(remote: Remote, home: Path, request: DatasetRequest) -> Fetched | None:
    """The whole file, its checksum taken again; None where there is none, or a damaged one, which is removed."""
    path, note = home / remote.name, seen.read(home, remote.name)
    if note is None or not path.is_file():
        return None
    digest = sha256_file(path)
    if digest == (remote.sha256 or note.sha256):
        return Fetched(path, digest, f"{remote.url} (fetched {note.day})")
    fault = "damaged (another SHA-256 than when it was fetched)" if digest != note.sha256 else "not the published file"
    if request.say is not None:
        request.say(f"{remote.what}: the copy in {path} is {fault}")
    _refuse_offline(remote)
    path.unlink(missing_ok=True)
    return None


def _refuse_offline(remote: Remote) -> None:
    variable = offline()
    if variable is not None:
        raise BadInput(
            f"{remote.what} is not in the cache and {variable} is set; go online once to fetch {remote.url}, {_LOCAL}"
        )


def offline() -> str | None:
    """The variable by which the user forbids the network, if one does."""
    return next((variable for variable in ("BENCH_OFFLINE", "HF_HUB_OFFLINE")
                 if os.environ.get(variable, "").strip().lower() not in {"", "0", "false", "no"}), None)


def _download(remote: Remote, path: Path, request: DatasetRequest) -> None:
    """Fetches until the file is whole, and writes its note. BadInput when it does not come."""
    import requests  # noqa: PLC0415  (a sixth of a second, and most runs fetch nothing)
    from urllib3.exceptions import HTTPError  # noqa: PLC0415  (as above)

    if request.say is not None:
        request.say(f"fetching {remote.what} from {remote.url}")
    part = path.with_name(f"{path.name}.part")
    failure: Exception = _Gone("nothing came")
    for _ in range(_TRIES):
        try:
            _go_on(remote, part, request)
            break
        except (_Gone, requests.ConnectionError, requests.Timeout, HTTPError) as error:
            failure = error
        except requests.RequestException as error:
            told = f"{remote.what} could not be fetched from {remote.url} ({_short(error)}), {_LOCAL}"
            raise BadInput(told) from error
    else:
        raise BadInput(
            f"{remote.what} could not be fetched from {remote.url} ({_short(failure)}); check the network and run "
            f"again: it resumes, {_LOCAL}"
        ) from failure
    _keep(remote, part, path)


def _keep(remote: Remote, part: Path, path: Path) -> None:
    digest, home = sha256_file(part), path.parent
    try:
        first = seen.read(home, remote.name), seen.note_path(home, remote.name)
        seen.refuse_another(remote.what, remote.url, digest, remote.sha256, first)
    except BadInput:
        part.unlink()
        _etag_file(part).unlink(missing_ok=True)
        raise
    size = part.stat().st_size
    part.replace(path)
    _etag_file(part).unlink(missing_ok=True)
    seen.write(home, remote.name, remote.url, digest, size)


def _go_on(remote: Remote, part: Path, request: DatasetRequest) -> None:
    """One request: the whole file, or what is missing of it. Raises _Gone when the connection ends early."""
    import requests  # noqa: PLC0415  (as above)

    there = part.stat().st_size if part.exists() else 0
    etag = _etag_of(part)
    if there and etag is None and remote.sha256 is None:
        there = 0  # nothing says that the rest would be of the same file
    headers = {"User-Agent": "bench-runner", "Accept-Encoding": "identity"}
    if there:
        headers["Range"] = f"bytes={there}-"
        if etag is not None:
            headers["If-Range"] = etag
    with requests.get(remote.url, headers=headers, stream=True, timeout=_TIMEOUT_S) as reply:
        if reply.status_code == _NOT_THAT_RANGE:
            part.unlink()
            raise _Gone("the part that was here is longer than the file")
        if reply.status_code not in {_OK, _PARTIAL}:
            raise BadInput(_refused(remote, reply.status_code))
        begin = there if reply.status_code == _PARTIAL else 0
        _remember_etag(part, reply.headers.get("ETag"))
        _take(reply, part, begin, request.progress)


def _take(reply: requests.Response, part: Path, begin: int, progress: Any) -> None:
    length = reply.headers.get("Content-Length", "")
    total = begin + int(length) if length.isdecimal() else None
    done = begin
    with part.open("r+b" if begin else "wb") as file:
        file.truncate(begin)
        file.seek(begin)
        while piece := reply.raw.read1(1 << 18):  # what has come, also when no more will: iter_content loses it then
            done += len(piece)
            if done > MOST_BYTES:
                raise BadInput(f"{reply.url} sends more than {MOST_BYTES >> 30} GiB; that is no data set of this kind")
            file.write(piece)
            if progress is not None:
                progress(part.name.removesuffix(".part"), done, total)
        file.flush()
        os.fsync(file.fileno())
    if total is not None and done < total:
        raise _Gone(f"it ended after {done} of {total} bytes")


def _refused(remote: Remote, status: int) -> str:
    if status in {401, 403}:
        return f"{remote.what}: {remote.url} may not be read without permission ({status}); fetch it yourself, {_LOCAL}"
    if status in {404, 410}:
        return f"{remote.what} is no longer at {remote.url} ({status}); fetch it from where it is now, {_LOCAL}"
    return f"{remote.what}: {remote.url} answered {status}; try again later, {_LOCAL}"


def _etag_file(part: Path) -> Path:
    return part.with_name(f"{part.name}.etag")


def _etag_of(part: Path) -> str | None:
    try:
        text = _etag_file(part).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    return text if text and text.isprintable() else None


def _remember_etag(part: Path, etag: str | None) -> None:
    if etag is None or not etag.isascii() or etag.startswith("W/"):  # a weak one promises no equal bytes
        _etag_file(part).unlink(missing_ok=True)
    else:
        _etag_file(part).write_text(etag, encoding="ascii")


@contextmanager
def _disk(remote: Remote, home: Path) -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise BadInput(f"{remote.what} is being fetched by another run; wait for it, {_LOCAL}") from error
    except OSError as error:
        told = f"{remote.what} cannot be kept in {home} ({error.strerror or error}); make room, {_LOCAL}"
        raise BadInput(told) from error


def _short(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "")[:200] or type(error).__name__
