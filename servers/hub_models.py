"""``hf:OWNER/REPO:QUANT``: a GGUF from the Hugging Face hub, through its own client (decision 0003).

The client keeps what it fetched in the cache that other tools share (``HF_HOME``), honours ``HF_ENDPOINT``,
``HF_TOKEN`` and ``HF_HUB_OFFLINE``, draws its bars on standard error and goes on with a download that was cut. One
question tells which files the repository has, how large they are and what their SHA-256 is. What is fetched, and what
was in the cache, is held against that digest; it is taken once a file and remembered. Where the hub cannot be reached,
the cache is used.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from core.errors import BadInput, BenchError, UsageError
from core.records import ModelInfo
from servers.hub_choice import chosen, quantizations
from servers.model_hash import file_sha256

if TYPE_CHECKING:
    from huggingface_hub.hf_api import RepoSibling

EXAMPLE: Final = "hf:ggml-org/Qwen3-0.6B-GGUF:Q4_0"
LIST_TIMEOUT_S: Final = 20.0
MOST_SHOWN: Final = 24
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SPEC = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+)(?::(?P<quantization>[\w./-]*))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Telling:
    """How a download is told."""

    say: Callable[[str], None] = lambda _: None
    bars: bool = False
    """Whether the client draws its bars on standard error, if that is a terminal."""


@dataclass(frozen=True, slots=True)
class _Remote:
    """A file as the hub, or the cache's names, describe it."""

    size_bytes: int | None
    sha256: str | None


@dataclass(frozen=True, slots=True)
class _Repository:
    """What there is of a repository, by path."""

    name: str
    files: Mapping[str, _Remote]
    cached: Mapping[str, Path]
    """Those that the cache holds whole."""
    away: str | None = None
    """Why the hub was not asked; None: it was."""


def fetch(name: str, of_file: Callable[[Path], ModelInfo], telling: Telling) -> ModelInfo:
    """The model behind ``hf:`` + ``name``, fetched where it is not in the cache; ``of_file`` reads its header.

    Raises UsageError for what is no such name, BadInput when the model cannot be had.
    """
    repository, quantization = _parsed(name)
    there = _look(repository, telling)
    paths = _choose(there, quantization)
    files = [_fetched(there, path, telling) for path in _with_room(there, paths, telling)]
    for path, file in zip(paths, files, strict=True):
        _check(file, there.files[path].sha256)
    commit = files[0].parents[paths[0].count("/")].name  # …/snapshots/COMMIT/PATH
    return replace(of_file(files[0]), source=f"hf:{repository}@{commit} {paths[0]}")


def _parsed(name: str) -> tuple[str, str]:
    found = _SPEC.fullmatch(name.strip())
    if found is None or ".." in name or "--" in found["repository"]:
        raise UsageError(f"--model hf:{name[:200]}: this names no repository of the Hugging Face hub; write "
                         f"hf:OWNER/REPO:QUANT, e.g. {EXAMPLE}.")
    return found["repository"], found["quantization"] or ""


def _look(repository: str, telling: Telling) -> _Repository:
    """Raises BadInput where neither the hub nor the cache has it."""
    from huggingface_hub import HfApi, errors  # noqa: PLC0415  (half a second)

    cached = _in_cache(repository)
    try:
        with hub_errors(repository):
            try:
                said = HfApi(library_name="bench-runner").model_info(
                    repository, files_metadata=True, timeout=LIST_TIMEOUT_S)
            except errors.HfHubHTTPError:
                raise
            except Exception as error:  # the HTTP library's kinds, and OfflineModeIsEnabled
                raise _AwayError(_why_away(error)) from error
    except _AwayError as away:
        if not cached:
            raise BadInput(f"hf:{repository} is not in the cache, and {away}; go online once, or give the path of a "
                           "GGUF file") from away
        telling.say(f"{away}: hf:{repository} as it is in the cache")
        return _Repository(repository, {path: _from_cache(file) for path, file in cached.items()}, cached, str(away))
    files = {sibling.rfilename: _remote(sibling) for sibling in said.siblings or ()}
    return _Repository(repository, {path: file for path, file in files.items() if path.isprintable()}, cached)


class _AwayError(Exception):
    """The hub was not asked, or did not answer."""


def _why_away(error: Exception) -> str:
    from huggingface_hub import errors  # noqa: PLC0415  (as above)

    if isinstance(error, errors.OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE is set"
    return f"the hub cannot be reached ({type(error).__name__})"


def _remote(sibling: RepoSibling) -> _Remote:
    return _Remote(sibling.size, sibling.lfs.sha256 if sibling.lfs else None)


def _from_cache(file: Path) -> _Remote:
    """The cache names its blobs by their ETag, which is the SHA-256 of what is large."""
    digest = file.resolve().name
    return _Remote(None, digest if _SHA256.fullmatch(digest) else None)


def _in_cache(repository: str) -> dict[str, Path]:
    """The GGUF files of it that are whole in the cache, of its main revision where it is there."""
    from huggingface_hub import constants  # noqa: PLC0415  (as above)

    home = Path(constants.HF_HUB_CACHE) / f"models--{repository.replace('/', '--')}"
    try:
        commit = (home / "refs" / "main").read_text(encoding="ascii").strip()
        snapshots = sorted((home / "snapshots").iterdir(), key=lambda folder: folder.name != commit)
    except (OSError, ValueError):
        return {}
    found: dict[str, Path] = {}
    for snapshot in snapshots:
        for file in sorted(snapshot.rglob("*.gguf")):
            if file.is_file():  # a link whose blob was deleted is none
                found.setdefault(file.relative_to(snapshot).as_posix(), file)
    return found


def _choose(there: _Repository, quantization: str) -> tuple[str, ...]:
    """Raises BadInput that lists what there is."""
    paths = chosen(tuple(there.files), quantization)
    where = "in the cache" if there.away else "there"
    if paths is None:
        names = quantizations(tuple(there.files))
        if not names:
            raise BadInput(f"hf:{there.name} has no GGUF file of a language model {where}; name a repository of GGUF "
                           f"files, often called ...-GGUF, e.g. {EXAMPLE}")
        shown = ", ".join(names[:MOST_SHOWN]) + (", ..." if len(names) > MOST_SHOWN else "")
        raise BadInput(f"hf:{there.name}:{quantization} is not {where}; {where} are {shown}")
    if missing := next((path for path in paths if path not in there.files), None):
        raise BadInput(f"hf:{there.name}: {missing} is not {where}, one of the {len(paths)} files of the model")
    return paths


def _with_room(there: _Repository, paths: tuple[str, ...], telling: Telling) -> tuple[str, ...]:
    """The same paths, after a word about what is to be fetched. Raises BadInput where the disk cannot hold it."""
    from huggingface_hub import constants  # noqa: PLC0415  (as above)

    wanted = [path for path in paths if not _is_cached(there, path)]
    if not wanted:
        return paths
    size = sum(there.files[path].size_bytes or 0 for path in wanted)
    home = Path(constants.HF_HUB_CACHE)
    free = shutil.disk_usage(next(each for each in (home, *home.parents) if each.exists())).free
    if size > free:
        raise BadInput(f"hf:{there.name}: {size / 1e9:.1f} GB are to be fetched and {home} has {free / 1e9:.1f} GB "
                       "left; make room there, or put HF_HOME on another disk")
    files = "1 file" if len(wanted) == 1 else f"{len(wanted)} files"
    telling.say(f"fetching {wanted[0]} of hf:{there.name}: {_size(size)} in {files}, into {home}")
    return paths


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"


def _is_cached(there: _Repository, path: str) -> bool:
    file, known = there.cached.get(path), there.files[path].sha256
    return file is not None and (there.away is not None or known in {None, file.resolve().name})


def _fetched(there: _Repository, path: str, telling: Telling) -> Path:
    if _is_cached(there, path):
        return there.cached[path]
    from huggingface_hub import hf_hub_download  # noqa: PLC0415  (as above)

    with hub_errors(there.name):
        return Path(hf_hub_download(there.name, path, library_name="bench-runner",
                                    tqdm_class=None if telling.bars else silent_bar()))


def silent_bar() -> type[Any]:
    """A bar class for the hub client that draws nothing."""
    from huggingface_hub.utils.tqdm import tqdm  # noqa: PLC0415  (as above)

    class Silent(tqdm):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options | {"disable": True})  # type: ignore[no-untyped-call]  # it has no types

    return Silent


def _check(file: Path, digest: str | None) -> None:
    if digest is not None and file_sha256(file) != digest:
        raise BadInput(f"{file}: this copy is damaged (its SHA-256 is not the hub's); delete {file.resolve()} and run "
                       "again to fetch it anew")


@contextmanager
def hub_errors(repository: str) -> Iterator[None]:
    """Every error of the hub client as one sentence."""
    from huggingface_hub import errors  # noqa: PLC0415  (as above)

    what, local = f"hf:{repository}", "or give the path of a GGUF file"
    try:
        yield
    except (BenchError, _AwayError):
        raise
    except errors.GatedRepoError as error:
        raise BadInput(f"{what} is gated: accept its terms on its page on the hub and set HF_TOKEN (hf auth login), "
                       f"{local}") from error
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError) as error:
        raise BadInput(f"{what} is not on the hub, or private: check the spelling; for a private one set HF_TOKEN, "
                       f"{local}") from error
    except errors.HfHubHTTPError as error:
        raise BadInput(f"{what}: {_status(error.response.status_code)}, {local}") from error
    except Exception as error:
        full = isinstance(error, OSError) and error.errno == 28
        do = "the disk is full; make room" if full else "check the network and the disk"
        raise BadInput(f"{what} could not be fetched ({_first_line(error)}): {do}, and run again: it goes on where it "
                       f"stopped, {local}") from error


def _status(status: int) -> str:
    if status in {401, 403}:
        return f"the hub refuses it ({status}): check HF_TOKEN"
    return f"the hub answered {status}: try again later"


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "")[:200] or type(error).__name__
