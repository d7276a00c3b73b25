"""From what the user calls a model to the model: ``--model`` specs, the demo models, the files' checksum.

A spec is the path of a GGUF file (any part of a split one), or ``demo``, ``demo:QUANTIZATION``, ``demo-3M``,
``demo-3M:QUANTIZATION`` for the models that ship with the source; ``hf:OWNER/REPO:QUANT`` for a file on the hub;
``transformers:DIR_OR_ID`` for a model of that library; ``ollama:NAME`` for one of an Ollama server; or
``openai:NAME``, ``gemini:NAME`` for those of providers.
"""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Final

from core.errors import BadInput, UsageError
from core.records import ModelInfo
from servers.backends.hosted import PROVIDERS, named
from servers.backends.ollama import NAME as OLLAMA
from servers.backends.ollama import named as ollama_model
from servers.gguf import GgufHeader
from servers.gguf_parts import read_model
from servers.hub_models import Telling, fetch
from servers.transformers_model import NAME as TRANSFORMERS
from servers.transformers_model import resolve_transformers

DEMO_FOLDER: Final = Path(__file__).resolve().parents[1] / "models"

# The quantization that a bare name means. Q8_0 of the 5M answers as F16 does at half the size, so what is seen with it
# is the model and not its quantization; of the 3M, Q4_K_M is the better of the two that ship.
DEMO_DEFAULTS: Final[dict[str, str]] = {"demo-5M": "Q8_0", "demo-3M": "Q4_K_M"}
DEMO_PARAMETERS: Final[dict[str, int]] = {"demo-5M": 4_983_040, "demo-3M": 2_884_864}

_DEMO = re.compile(r"(?P<name>demo(?:-[0-9]+M)?)(?::(?P<quantization>.*))?", re.IGNORECASE)
_MAX_NAMES = 5


def resolve(spec: str, telling: Telling | None = None, most_billions: float | None = None) -> ModelInfo:
    """The model that ``spec`` names, described by its header. One on the hub is fetched, which ``telling`` tells, if it
    has no more than ``most_billions`` parameters; of others that is not looked at.

    Raises UsageError for a spec that cannot be carried out, BadInput for a file that is missing or no model.
    """
    demo = _DEMO.fullmatch(spec)
    if demo:
        return _resolve_demo(demo["name"], demo["quantization"])
    prefix, colon, name = spec.partition(":")
    if colon and prefix in PROVIDERS:
        return named(prefix, name)
    if colon and prefix == OLLAMA:
        return ollama_model(name)
    if colon and prefix == "hf":
        return fetch(name, _of_file, telling or Telling(), most_billions)
    if colon and prefix == TRANSFORMERS:
        return resolve_transformers(name, telling or Telling())
    if not spec.strip():
        raise UsageError("--model is empty: give the path of a GGUF file, or demo")
    return _of_file(_existing(spec))


def is_demo(model: ModelInfo) -> bool:
    """Whether this is a demo model, wherever its file lies, however it was quantized."""
    return model.parameters is not None and DEMO_PARAMETERS.get(model.name) == model.parameters


def list_demos() -> tuple[ModelInfo, ...]:
    """The demo models that are there, by name, the largest first. Raises BadInput where there are none."""
    found = [_of_file(path) for path in DEMO_FOLDER.glob("demo-*.gguf")]
    if not found:
        raise BadInput(f"the demo models are not in {DEMO_FOLDER}: they come with the source and not with an installed "
                       "package, so start ./bench_runner.py in a clone, or give the path of a GGUF file")
    return tuple(sorted(found, key=lambda model: (model.name, -(model.size_bytes or 0))))


def _resolve_demo(name: str, quantization: str | None) -> ModelInfo:
    demos = list_demos()
    base = "demo-5M" if name.lower() == "demo" else f"demo-{name[5:].upper()}"
    siblings = [model for model in demos if model.name == base]
    if not siblings:
        names = " and ".join(sorted({model.name for model in demos}))
        raise UsageError(f"--model {name} is not among the demo models: there are {names}")
    wanted = DEMO_DEFAULTS.get(base, "") if quantization is None else quantization
    for model in siblings:
        if (model.quantization or "").lower() == wanted.lower():
            return model
    there = ", ".join(f"{name}:{model.quantization}" for model in siblings)
    raise UsageError(f"--model {name}:{wanted} is not among the demo models: there are {there}")


def _of_file(path: Path) -> ModelInfo:
    """The model in a GGUF file; its path is made absolute, because a server may run in another folder."""
    header, parts = read_model(path.absolute())
    if header.kind != "model":
        raise BadInput(f"{path} is a GGUF of the type {header.kind[:40]!r} and no language model: "
                       "name the model's own file")
    return info_of(header, tuple(str(part) for part in parts))


def info_of(header: GgufHeader, parts: tuple[str, ...]) -> ModelInfo:
    """The model that lies in these files."""
    return ModelInfo(name=header.name, quantization=header.quantization, path=parts[0], parts=parts,
                     size_bytes=header.file_bytes, architecture=header.architecture, parameters=header.parameters,
                     ctx_train=header.ctx_train, layers=header.layers, has_chat_template=header.has_chat_template,
                     opens_thinking=header.opens_thinking, active_parameters=header.active_parameters)


def _existing(spec: str) -> Path:
    """The path, if a file is there; else BadInput that names the nearest GGUF files, or those in the folder given."""
    try:
        path = Path(spec).expanduser()
        if path.is_dir():
            raise BadInput(f"{spec} is a folder, not a GGUF file: {_names_in(path, '')}")
        if not path.exists():
            raise BadInput(f"{spec} does not exist: {_names_in(path.parent, path.name)}")
    except (ValueError, RuntimeError, OSError) as error:  # a null character, an unknown ~user, a name too long
        raise BadInput(f"--model {spec[:200]!r} is no path of a file ({error}): "
                       "give the path of a GGUF file") from error
    return path


def _names_in(folder: Path, near: str) -> str:
    """What to say of the GGUF files in ``folder``: those named like ``near`` if any are, else the first few."""
    try:
        names = sorted(path.name for path in folder.iterdir() if path.suffix == ".gguf")
    except OSError:
        return f"the folder {folder} cannot be listed either, so check the path"
    names = difflib.get_close_matches(near, names[:2_000], n=_MAX_NAMES, cutoff=0.5) or names[:_MAX_NAMES]
    return f"{folder} holds {', '.join(names)}" if names else f"there is no .gguf file in {folder}, so check the path"
