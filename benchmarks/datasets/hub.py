"""One file from a dataset repository of the Hugging Face hub, through its own client.

The client keeps what it fetched in its own cache (``HF_HOME``), honours ``HF_ENDPOINT``, ``HF_HUB_OFFLINE`` and
``HF_TOKEN``, and resumes a download that was cut. Large files are named there by their SHA-256.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import BadInput

AWAY = "is not in the cache, and the hub cannot be reached (offline, or HF_HUB_OFFLINE is set); go online once"
_CUT = "could not be downloaded; check the network and the disk, and run again: it resumes"
_SHA256 = re.compile(r"[0-9a-f]{64}")
Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a repository."""

    name: str
    path: Path
    commit: str
    """The hub repository's commit that the file belongs to."""
    sha256: str | None
    """What the hub says the file's digest is; None where it keeps none."""


def fetch_file(
    repository: str, name: str, what: str, progress: Progress | None, *, asked: bool = False,
    revision: str | None = None,
) -> HubFile:
    """The file, cached or fetched; ``what`` names it in messages. BadInput when it cannot be had.

    ``asked``: that it is there has been asked already. ``revision``: the commit wanted; None: the newest.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url  # noqa: PLC0415  (half a second)

    if not asked:
        with mapped(what, AWAY):  # without the client's own retries: who is offline should hear it at once
            get_hf_file_metadata(hf_hub_url(repository, name, repo_type="dataset", revision=revision))
    with mapped(what, _CUT):
        bar = bar_class(name, progress)
        path = Path(hf_hub_download(repository, name, repo_type="dataset", tqdm_class=bar, revision=revision))
    return _of(path, name)


def cached_file(repository: str, name: str, revision: str | None = None) -> HubFile | None:
    """The file as it lies in the client's cache; no network is asked whether there is a newer one."""
    from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415  (as above)

    found = try_to_load_from_cache(repository, name, repo_type="dataset", revision=revision)
    return _of(Path(found), name) if isinstance(found, str) else None


def _of(path: Path, name: str) -> HubFile:
    digest = path.resolve().name  # the cache names its blobs by their ETag
    return HubFile(name, path, _commit(path, name), digest if _SHA256.fullmatch(digest) else None)


def _commit(path: Path, name: str) -> str:
    """``…/snapshots/<commit>/<name>``, whatever folders are in the name."""
    return path.parents[name.count("/")].name


@contextmanager
def mapped(what: str, otherwise: str) -> Iterator[None]:
    """Every error of the hub client as one sentence; ``otherwise`` for those of networks and disks."""
    from huggingface_hub import errors  # noqa: PLC0415  (as above)

    local = "or name a local file with --problems-file"
    try:
        yield
    except errors.GatedRepoError as error:
        raise BadInput(f"{what} is gated; accept its terms on the hub and set HF_TOKEN, {local}") from error
    except (errors.RepositoryNotFoundError, errors.RemoteEntryNotFoundError, errors.RevisionNotFoundError) as error:
        raise BadInput(f"{what} is not on the hub that was asked; check HF_ENDPOINT, {local}") from error
    except errors.LocalEntryNotFoundError as error:
        raise BadInput(f"{what} {AWAY}, {local}") from error
    except errors.HfHubHTTPError as error:
        raise BadInput(f"{what}: the hub answered {error.response.status_code}; try again later, {local}") from error
    except Exception as error:  # the HTTP library's and xet's own kinds, and OSError
        raise BadInput(f"{what} {otherwise}, {local} ({_first_line(error)})") from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "")[:200] or type(error).__name__


def bar_class(name: str, progress: Progress | None) -> type | None:
    """A bar class for the hub client that tells ``progress`` instead of drawing; None leaves it its own."""
    if progress is None:
        return None
    tell = progress
    from huggingface_hub.utils.tqdm import tqdm  # noqa: PLC0415  (as above)

    class Told(tqdm):
        def __init__(self, **options: Any) -> None:
            self._done, self._total = int(options.get("initial", 0)), options.get("total")
            super().__init__(**options | {"disable": True})  # type: ignore[no-untyped-call]  # the bar has no types

        def update(self, n: float | None = 1) -> bool | None:
            self._done += int(n or 0)
            tell(name, self._done, None if self._total is None else int(self._total))
            return None

    return Told
