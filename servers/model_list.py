"""Several models by one name: a folder of GGUF files, or a pattern such as ``models/*Q4*.gguf``.

Of a folder, its own files count, those in the folders right below it (a folder a model, or one a quantization), and
what the caches of the Hugging Face hub keep there (``models--OWNER--NAME/snapshots/COMMIT/…``, of each model the
revision that it calls ``main``). Nothing deeper: a home folder full of other things is not searched through.

A model split into several files is one. A file that lies there under two names is one model. What is no language model
(a projector for images, an adapter, a vocabulary, an encoder) is left out, with a sentence. The smallest comes first:
then the first results are there soon.
"""

from __future__ import annotations

import glob
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import BadInput
from core.records import ModelInfo
from servers.gguf_parts import first_of, read_model
from servers.hub_models import Telling
from servers.model_size import check_size
from servers.models import info_of, resolve

ENCODERS: Final = frozenset({
    "bert", "nomic-bert", "nomic-bert-moe", "jina-bert-v2", "jina-bert-v3", "neo-bert", "modern-bert", "eurobert",
    "gemma-embedding", "t5encoder", "clip", "wavtokenizer-dec",
})
"""llama.cpp's architectures that write no text."""

MOST_FILES: Final = 2_000
_PREFIXED = re.compile(r"[a-z]+:")
_NO_WEIGHTS = "holds a vocabulary and no weights"


@dataclass(frozen=True, slots=True)
class Listed:
    """What the specs of a command line come to."""

    models: tuple[ModelInfo, ...]
    refused: tuple[BadInput, ...] = ()
    """What is wrong with files that should be models."""
    notes: tuple[str, ...] = ()
    """What was left out, and why."""


def list_models(
    specs: Sequence[str], most_billions: float | None = None, telling: Telling | None = None,
) -> Listed:
    """All models that the specs name, in the order given; downloads are told.

    Raises UsageError for a spec that cannot be carried out. A folder's models of more than ``most_billions`` parameters
    are left out; one that was named by itself is refused.
    """
    models: list[ModelInfo] = []
    refused: list[BadInput] = []
    notes: list[str] = []
    for spec in specs:
        try:
            paths = _several(spec)
            if paths is None:
                model = resolve(spec, telling, most_billions)
                check_size(model, most_billions)
                models.append(model)
                continue
            found = _of_files(spec, paths, most_billions)
        except BadInput as error:
            refused.append(error)
            continue
        models += found.models
        refused += found.refused
        notes += found.notes
    return Listed(_each_once(models), tuple(refused), tuple(notes))


def _several(spec: str) -> list[Path] | None:
    """The files behind a folder's name or a pattern; None for a spec of one model. Raises BadInput where none is."""
    try:
        path = Path(spec).expanduser()
        if path.is_dir():
            return _or_none(_in_folder(path), _without_gguf(spec, path))
        if path.exists() or not glob.has_magic(spec) or _PREFIXED.match(spec):
            return None
        matching = _matching(path)
    except (ValueError, RuntimeError, OSError):
        return None  # ``resolve`` says what is wrong with such a name
    if not matching:
        raise BadInput(f"{spec} matches no file: check the pattern, and that it is in quotes")
    files = [file for each in matching for file in (_in_folder(each) if each.is_dir() else [each])]
    return _or_none([file for file in files if _is_gguf(file)], f"{spec} matches no GGUF file")


def _matching(pattern: Path) -> list[Path]:
    """What matches, sorted. ``**`` goes into folders and not into links to them, which may lead round in circles."""
    if "**" not in pattern.parts:
        return [Path(name) for name in sorted(glob.glob(str(pattern)))]  # noqa: PTH207  (patterns of any root)
    fixed = list(itertools.takewhile(lambda part: not glob.has_magic(part), pattern.parts))
    base, rest = Path(*fixed), Path(*pattern.parts[len(fixed):])
    hidden = any(part.startswith(".") for part in rest.parts)
    return sorted(path for path in base.glob(str(rest))
                  if hidden or not any(part.startswith(".") for part in path.relative_to(base).parts))


def _or_none(files: Iterable[Path], sentence: str) -> list[Path]:
    found = list(files)
    if not found:
        raise BadInput(sentence)
    if len(found) > MOST_FILES:
        raise BadInput(f"{found[0].parent} and its neighbours hold more than {MOST_FILES:,} GGUF files: name fewer")
    return found


def _without_gguf(spec: str, folder: Path) -> str:
    """What to say of a folder that holds none."""
    if (folder / "config.json").is_file() and any(each.suffix == ".safetensors" for each in _entries(folder)):
        return (f"{spec} holds a model of the transformers library and no GGUF file: name it as transformers:{spec}, "
                "or a GGUF of it")
    return f"{spec} is a folder without GGUF files, and so are the folders in it: name the folder that holds them"


def _is_gguf(path: Path) -> bool:
    return path.suffix.lower() == ".gguf" and path.is_file()


def _in_folder(folder: Path) -> list[Path]:
    files = [path for place in _places(folder) for path in _entries(place) if _is_gguf(path)]
    return list(dict.fromkeys(files))


def _places(folder: Path) -> Iterator[Path]:
    yield folder
    for below in (folder, *(each for each in _entries(folder) if each.is_dir() and not _is_inner(each))):
        if below != folder:
            yield below
        snapshot = _snapshot(below)
        if snapshot is not None:
            yield snapshot
            yield from (each for each in _entries(snapshot) if each.is_dir())


def _is_inner(folder: Path) -> bool:
    """What is hidden, or where a hub cache keeps the files that its snapshots give names to."""
    return folder.name.startswith(".") or (folder.name == "blobs" and (folder.parent / "snapshots").is_dir())


def _snapshot(folder: Path) -> Path | None:
    """Of a model in a hub cache, the files of its main revision; None for any other folder."""
    if not folder.name.startswith("models--"):
        return None
    try:
        commit = (folder / "refs" / "main").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        commit = ""
    snapshots = [each for each in _entries(folder / "snapshots") if each.is_dir()]
    named = [each for each in snapshots if each.name == commit]
    return next(iter(named or reversed(snapshots)), None)


def _entries(folder: Path) -> list[Path]:
    """Sorted by name. A folder that may not be read has none: the others are still of use."""
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _of_files(spec: str, files: Sequence[Path], most_billions: float | None) -> Listed:
    models: list[ModelInfo] = []
    refused: list[BadInput] = []
    notes: list[str] = []
    for path in _each_first(files):
        try:
            header, parts = read_model(path.absolute())
        except BadInput as error:
            if _NO_WEIGHTS in str(error):
                notes.append(f"left out: {path} {_NO_WEIGHTS}")
            else:
                refused.append(error)
            continue
        if header.kind != "model" or header.architecture in ENCODERS:
            kind = header.kind[:40] if header.kind != "model" else f"{header.architecture}, which writes no text"
            notes.append(f"left out: {path} is no language model ({kind})")
            continue
        model = info_of(header, tuple(str(part) for part in parts))
        try:
            check_size(model, most_billions)
        except BadInput as error:
            notes.append(f"left out: {error}")
            continue
        models.append(model)
    models.sort(key=lambda model: (model.size_bytes or 0, model.label, (model.path or "").count("/"), model.path or ""))
    if not models and not refused:
        raise BadInput(f"{spec} holds no language model to run: {'; '.join(notes)}")
    return Listed(_each_once(models), tuple(refused), tuple(notes))


def _each_first(files: Sequence[Path]) -> Iterator[Path]:
    """Of every split model the first file that is there."""
    seen: set[Path] = set()
    for path in sorted(files):
        whole = first_of(path)
        if whole not in seen:
            seen.add(whole)
            yield path


def _each_once(models: Iterable[ModelInfo]) -> tuple[ModelInfo, ...]:
    """Without those whose file is there under another name."""
    found: dict[object, ModelInfo] = {}
    for model in models:
        found.setdefault(_file_of(model), model)
    return tuple(found.values())


def _file_of(model: ModelInfo) -> object:
    if model.path is None:
        return (model.backend, model.label)
    try:
        status = Path(model.path).stat()
    except OSError:
        return model.path
    return (status.st_dev, status.st_ino)
