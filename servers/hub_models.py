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
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from core.errors import BadInput, UsageError
from core.records import ModelInfo
from servers.hub_choice import chosen, quantizations
from servers.hub_errors import hub_errors
from servers.hub_repository import Repository, look
from servers.model_hash import file_sha256
from servers.model_size import check_size

EXAMPLE: Final = "hf:ggml-org/Qwen3-0.6B-GGUF:Q4_0"
LOOKS: Final = 3
LEAST_BITS: Final = 1.5
"""A parameter takes more than that in any of llama.cpp's quantizations."""
LARGE_BYTES: Final = 2_000_000_000
"""From then on a checksum takes so long that it is told."""
MOST_SHOWN: Final = 24
_SPEC = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+)(?::(?P<quantization>[\w./-]*))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Telling:
    """How a download is told."""

    say: Callable[[str], None] = lambda _: None
    bars: bool = False
    """Whether the client draws its bars on standard error, if that is a terminal."""


def fetch(
    name: str, of_file: Callable[[Path], ModelInfo], telling: Telling, most_billions: float | None = None,
) -> ModelInfo:
    """The model behind ``hf:`` + ``name``, fetched where it is not in the cache; ``of_file`` reads its header.

    Raises UsageError for what is no such name, BadInput when the model cannot be had or has too many parameters.
    """
    repository, quantization = _parsed(name)
    for _ in range(LOOKS):
        there = look(repository, telling.say)
        paths = _choose(there, quantization)
        _refuse_large(there, paths, most_billions)
        _tell_choice(repository, quantization, paths[0], telling)
        files = _in_one_revision(there, paths) or _fetched(there, paths, telling)
        commits = {_commit_of(file, path) for path, file in zip(paths, files, strict=True)}
        if len(commits) == 1 and (there.commit is None or _same_content(there, paths, files)):
            break  # else the repository got another revision between the question and the last file
    else:
        raise BadInput(f"hf:{repository} changed while it was fetched, {LOOKS} times in a row: run again later")
    for path, file in zip(paths, files, strict=True):
        _check(file, there.files[path].sha256, telling)
    return replace(of_file(files[0]), source=f"hf:{repository}@{commits.pop()} {paths[0]}")


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a model, and whether it has to be fetched."""

    path: str
    size_bytes: int | None
    sha256: str | None
    is_here: bool


def files_of(name: str, telling: Telling) -> tuple[HubFile, ...]:
    """What ``fetch`` would bring. Nothing is fetched; raises as it does."""
    repository, quantization = _parsed(name)
    there = look(repository, telling.say)
    paths = _choose(there, quantization)
    whole = _in_one_revision(there, paths) is not None
    return tuple(HubFile(path, there.files[path].size_bytes, there.files[path].sha256,
                         whole or _is_cached(there, path)) for path in paths)


def _tell_choice(repository: str, quantization: str, path: str, telling: Telling) -> None:
    """Where it is another one than was named: F16 is found in BF16, too."""
    (named,) = quantizations((path,))
    if quantization and quantization.lower() not in {named.lower(), path.lower()}:
        telling.say(f"hf:{repository}:{quantization} is {path}, the first file whose name matches, as llama.cpp takes "
                    "it; for another, give the name of its file after the colon")


def _refuse_large(there: Repository, paths: Sequence[str], most_billions: float | None) -> None:
    """Raises BadInput for what need not be fetched to be refused.

    The hub counts the parameters of one of a repository's files; a file that is too small for so many is another model.
    """
    size_bytes = sum(there.files[path].size_bytes or 0 for path in paths)
    if most_billions is not None and size_bytes * 8 / LEAST_BITS > most_billions * 1e9:
        check_size(ModelInfo(f"hf:{there.name}", parameters=there.parameters), most_billions)


def _commit_of(file: Path, path: str) -> str:
    return file.parents[path.count("/")].name  # …/snapshots/COMMIT/PATH


def _same_content(there: Repository, paths: Sequence[str], files: Sequence[Path]) -> bool:
    """Whether they are of the revision that was asked about, or are in it what they are here."""
    return all(_commit_of(file, path) == there.commit or there.files[path].sha256 == file.resolve().name
               for path, file in zip(paths, files, strict=True))


def _parsed(name: str) -> tuple[str, str]:
    found = _SPEC.fullmatch(name.strip())
    if found is None or ".." in name or "--" in found["repository"]:
        raise UsageError(f"--model hf:{name[:200]}: this names no repository of the Hugging Face hub; write "
                         f"hf:OWNER/REPO:QUANT, e.g. {EXAMPLE}.")
    return found["repository"], found["quantization"] or ""


def _choose(there: Repository, quantization: str) -> tuple[str, ...]:
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


def _in_one_revision(there: Repository, paths: Sequence[str]) -> list[Path] | None:
    """The files as the cache has them, all of one revision: a model of parts of several would be none.

    None where they are to be fetched. Raises BadInput where they would have to be, and the hub is away.
    """
    for revision in there.cached:
        files = [revision[path] for path in paths if path in revision]
        known = [there.files[path].sha256 for path in paths]
        if len(files) == len(paths) and (there.away is not None or known == [file.resolve().name for file in files]):
            return files
    if there.away is not None:
        raise BadInput(f"hf:{there.name}: the cache has {paths[0]} and the other files of the model of different "
                       "revisions only, which do not go together; go online once")
    return None


def _say_what_is_fetched(there: Repository, paths: Sequence[str], telling: Telling) -> None:
    """Raises BadInput where the disk cannot hold it."""
    from huggingface_hub import constants  # noqa: PLC0415  (as above)

    wanted = [path for path in paths if not _is_cached(there, path)]
    if not wanted:
        return
    size = sum(there.files[path].size_bytes or 0 for path in wanted)
    home = Path(constants.HF_HUB_CACHE)
    free = shutil.disk_usage(next(each for each in (home, *home.parents) if each.exists())).free
    if size > free:
        raise BadInput(f"hf:{there.name}: {size / 1e9:.1f} GB are to be fetched and {home} has {free / 1e9:.1f} GB "
                       "left; make room there, or put HF_HOME on another disk")
    files = "1 file" if len(wanted) == 1 else f"{len(wanted)} files"
    telling.say(f"fetching {wanted[0]} of hf:{there.name}: {_size(size)} in {files}, into {home}")


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"


def _is_cached(there: Repository, path: str) -> bool:
    """Whether it has to be linked into this revision only."""
    known = there.files[path].sha256
    return known is not None and any(path in each and each[path].resolve().name == known for each in there.cached)


def _fetched(there: Repository, paths: Sequence[str], telling: Telling) -> list[Path]:
    from huggingface_hub import hf_hub_download  # noqa: PLC0415  (as above)

    _say_what_is_fetched(there, paths, telling)
    with hub_errors(f"hf:{there.name}"):
        return [Path(hf_hub_download(there.name, path, library_name="bench-runner",
                                     tqdm_class=None if telling.bars else silent_bar())) for path in paths]


def silent_bar() -> type[Any]:
    """A bar class for the hub client that draws nothing."""
    from huggingface_hub.utils.tqdm import tqdm  # noqa: PLC0415  (as above)

    class Silent(tqdm):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options | {"disable": True})  # type: ignore[no-untyped-call]  # it has no types

    return Silent


def _check(file: Path, digest: str | None, telling: Telling) -> None:
    def begins(size: int) -> None:
        if size > LARGE_BYTES:
            telling.say(f"checking the SHA-256 of {file.name} ({_size(size)}), once")

    if digest is not None and file_sha256(file, begins=begins) != digest:
        raise BadInput(f"{file}: this copy is damaged (its SHA-256 is not the hub's); delete {file.resolve()} and run "
                       "again to fetch it anew")
