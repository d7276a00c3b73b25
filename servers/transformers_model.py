"""``transformers:DIR`` and ``transformers:OWNER/NAME``: a model in the format of Hugging Face's library.

A model is a folder with ``config.json``, a tokenizer with a chat template, and weights in safetensors files, whose
headers are read here: eight bytes of length, then JSON. One on the hub is fetched first, by the hub's client, and is a
folder from then on.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any, Final

from core.errors import BadInput, UsageError
from core.records import ModelInfo
from servers.backends.base import listed
from servers.hub_errors import hub_errors
from servers.hub_models import Telling, silent_bar

NAME: Final = "transformers"
MAX_JSON_BYTES: Final = 64 << 20
_ID = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
_FILES = ("*.safetensors", "*.json", "*.jinja", "*.model", "*.txt", "README.md")
_CONTEXTS = ("max_position_embeddings", "n_positions", "seq_length", "max_seq_len", "n_ctx")
"""What the configs of different architectures call it."""
_LAYERS = ("num_hidden_layers", "n_layer", "n_layers")
_DTYPES = {"bfloat16": "BF16", "float16": "F16", "float32": "F32"}


def resolve_transformers(name: str, telling: Telling) -> ModelInfo:
    """The model behind ``transformers:`` + ``name``.

    Raises UsageError for what is no such name, BadInput for a folder without a model and one that cannot be fetched.
    """
    name = name.strip()
    folder = Path(name).expanduser() if name else Path()
    if name and folder.is_dir():
        return _in_folder(folder.absolute(), None)
    if not _ID.fullmatch(name) or ".." in name:
        raise UsageError(f"--model transformers:{name[:200]}: this is no folder, and no OWNER/NAME of the Hugging Face "
                         "hub; e.g. transformers:Qwen/Qwen3-0.6B.")
    fetched = _fetched(name, telling)
    return _in_folder(fetched, f"hf:{name}@{fetched.name}")


def _fetched(name: str, telling: Telling) -> Path:
    from huggingface_hub import snapshot_download  # noqa: PLC0415  (half a second)

    telling.say(f"looking for {name} in the cache and on the hub")
    with hub_errors(f"transformers:{name}", "or give the path of its folder"):
        return Path(snapshot_download(name, allow_patterns=list(_FILES), ignore_patterns=["consolidated*", "*/*"],
                                      library_name="bench-runner",
                                      tqdm_class=None if telling.bars else silent_bar()))


def _in_folder(folder: Path, source: str | None) -> ModelInfo:
    config = _json(folder / "config.json", f"{folder} holds no model of the transformers library: no config.json")
    weights = _weights(folder)
    if not _has_chat_template(folder):
        raise BadInput(f"{folder} has no chat template (chat_template.jinja, or in tokenizer_config.json): it is a "
                       "base model, which answers no questions; name one that is tuned for chat")
    text = config.get("text_config") if isinstance(config.get("text_config"), dict) else config
    dtype = _text(config, "dtype") or _text(config, "torch_dtype") or _text(text, "dtype")
    method = _text(config.get("quantization_config"), "quant_method")
    ctx, layers = _first_count(text, _CONTEXTS), _first_count(text, _LAYERS)
    return ModelInfo(
        name=source.partition("@")[0].rpartition("/")[2] if source else folder.name,
        quantization=method.upper() or _DTYPES.get(dtype.removeprefix("torch."), dtype.upper() or None),
        path=str(folder), parts=tuple(map(str, weights)), size_bytes=sum(path.stat().st_size for path in weights),
        architecture=_text(config, "model_type") or None, parameters=sum(map(_parameters, weights)),
        ctx_train=ctx, layers=layers, has_chat_template=True, backend=NAME, source=source,
    )


def _weights(folder: Path) -> list[Path]:
    """The files that the library loads, and no second copy of the weights that lies beside them (``consolidated``).

    Raises BadInput where there are none, and where one of those that the index names is missing.
    """
    single, index = folder / "model.safetensors", folder / "model.safetensors.index.json"
    if single.is_file():
        return [single]
    if not index.is_file():
        if found := sorted(folder.glob("model*.safetensors")) or sorted(folder.glob("*.safetensors")):
            return found
        raise BadInput(f"{folder} holds no weights in safetensors files; name another folder, or convert them")
    places = _json(index, "").get("weight_map")
    named = {name for name in places.values() if isinstance(name, str)} if isinstance(places, dict) else set()
    if not named or any(Path(name).name != name for name in named):
        raise BadInput(f"{index} names no files of weights; fetch the model again")
    missing = sorted(name for name in named if not (folder / name).is_file())
    if missing:
        raise BadInput(f"{folder / missing[0]} is missing, one of the {len(named)} files of the model's weights: fetch "
                       "it into the same folder")
    return [folder / name for name in sorted(named)]


def generation_defaults(folder: Path) -> dict[str, Any]:
    """What ``generation_config.json`` sets, or the special tokens of ``config.json`` where there is none."""
    try:
        found = _json(folder / "generation_config.json", "")
    except BadInput:
        config = _json(folder / "config.json", f"{folder} holds no config.json")
        found = {name: config[name] for name in ("bos_token_id", "eos_token_id", "pad_token_id") if name in config}
    return {name: value for name, value in found.items()
            if not name.startswith("_") and name != "transformers_version" and value is not None}


def _has_chat_template(folder: Path) -> bool:
    if (folder / "chat_template.jinja").is_file() or (folder / "chat_template.json").is_file():
        return True
    try:
        return bool(_json(folder / "tokenizer_config.json", "").get("chat_template"))
    except BadInput:
        return False


def _json(path: Path, missing: str) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(MAX_JSON_BYTES))
    except OSError as error:
        raise BadInput(missing or f"{path} cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path} is no JSON; fetch the model again") from error
    if not isinstance(found, dict):
        raise BadInput(f"{path} holds no object; fetch the model again")
    return found


def _parameters(path: Path) -> int:
    """By the shapes in the file's header."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header: Any = json.loads(file.read(min(length, MAX_JSON_BYTES)))
        shapes = [entry["shape"] for name, entry in header.items() if name != "__metadata__"]
        return sum(math.prod(map(int, shape)) for shape in shapes)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadInput(f"{path} is damaged or cut short (no header of a safetensors file); fetch it again") from error


def _first_count(config: Any, names: tuple[str, ...]) -> int | None:
    found = [listed(config, name) for name in names]
    return next((each for each in found if isinstance(each, int) and not isinstance(each, bool) and each > 0), None)


def _text(value: Any, name: str) -> str:
    found = listed(value, name)
    return found if isinstance(found, str) else ""
