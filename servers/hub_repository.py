"""What there is of a repository of the Hugging Face hub: there, by one question, and in the cache."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.errors import BadInput
from servers.hub_errors import AwayError, hub_errors, why_away

if TYPE_CHECKING:
    from huggingface_hub.hf_api import RepoSibling

LIST_TIMEOUT_S: Final = 20.0
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Remote:
    """A file as the hub, or the cache's names, describe it."""

    size_bytes: int | None
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Repository:
    """What there is of a repository, by path."""

    name: str
    files: Mapping[str, Remote]
    cached: tuple[Mapping[str, Path], ...]
    """Those that the cache holds whole, revision by revision, the main one first."""
    commit: str | None = None
    """The revision that this is; None where the hub did not say."""
    parameters: int | None = None
    """As the hub counted them in one of its GGUF files."""
    away: str | None = None
    """Why the hub was not asked; None: it was."""


def look(repository: str, say: Callable[[str], None]) -> Repository:
    """Raises BadInput where neither the hub nor the cache has it."""
    from huggingface_hub import HfApi, errors  # noqa: PLC0415  (half a second)

    cached = _in_cache(repository)
    try:
        with hub_errors(f"hf:{repository}"):
            try:
                said = HfApi(library_name="bench-runner").model_info(
                    repository, files_metadata=True, timeout=LIST_TIMEOUT_S)
            except errors.HfHubHTTPError:
                raise
            except Exception as error:  # the HTTP library's kinds, and OfflineModeIsEnabled
                raise AwayError(why_away(error)) from error
    except AwayError as away:
        if not cached:
            raise BadInput(f"hf:{repository} is not in the cache, and {away}; go online once, or give the path of a "
                           "GGUF file") from away
        say(f"{away}: hf:{repository} as it is in the cache")
        files = {path: _from_cache(file) for revision in reversed(cached) for path, file in revision.items()}
        return Repository(repository, files, cached, away=str(away))
    files = {sibling.rfilename: _remote(sibling) for sibling in said.siblings or () if _is_inside(sibling.rfilename)}
    total = said.gguf.get("total") if isinstance(said.gguf, dict) else None
    return Repository(repository, files, cached, said.sha, total if isinstance(total, int) else None)


def _is_inside(path: str) -> bool:
    """Whether a file of that name lies in the repository and nowhere else; the hub's list is not believed."""
    return path.isprintable() and "\\" not in path and not {"", ".", ".."} & set(path.split("/"))


def _remote(sibling: RepoSibling) -> Remote:
    return Remote(sibling.size, sibling.lfs.sha256 if sibling.lfs else None)


def _from_cache(file: Path) -> Remote:
    """The cache names its blobs by their ETag, which is the SHA-256 of what is large."""
    digest = file.resolve().name
    return Remote(None, digest if _SHA256.fullmatch(digest) else None)


def _in_cache(repository: str) -> tuple[Mapping[str, Path], ...]:
    """The GGUF files of it that are whole in the cache, by revision: its main one, then the newest."""
    from huggingface_hub import constants  # noqa: PLC0415  (as above)

    home = Path(constants.HF_HUB_CACHE) / f"models--{repository.replace('/', '--')}"
    try:
        commit = (home / "refs" / "main").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        commit = ""
    try:
        snapshots = sorted((home / "snapshots").iterdir(),
                           key=lambda folder: (folder.name != commit, -folder.stat().st_mtime))
    except OSError:
        return ()
    found = ({file.relative_to(snapshot).as_posix(): file for file in sorted(snapshot.rglob("*.gguf"))
              if file.is_file()} for snapshot in snapshots)  # a link whose blob was deleted is none
    return tuple(revision for revision in found if revision)
