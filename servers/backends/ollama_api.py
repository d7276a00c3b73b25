"""Ollama's own protocol, one question at a time (docs/api.md of its repository). Nothing here is kept or decided."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import requests
import urllib3

from core.errors import BadInput, ServerError
from core.records import Json
from servers.backends.base import listed
from servers.backends.ollama_names import is_here
from servers.http import get_json, post_json

LOOK_TIMEOUT_S: Final = 2.0
ASK_TIMEOUT_S: Final = 10.0
PULL_TIMEOUT_S: Final = 900.0
"""Seconds without a word while it pulls: it hashes what it fetched, 40 GB of a slow disk, without saying anything."""
_LINE_LIMIT_BYTES = 1 << 20
_BLOB = re.compile(r"^FROM\s+\S*sha256[-:](?P<digest>[0-9a-f]{64})\s*$", re.MULTILINE)
_SIZES: Final = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model in its memory (``/api/ps``)."""

    name: str
    digest: str
    size_bytes: int | None = None
    vram_bytes: int | None = None
    ctx_size: int | None = None
    """None from versions before 0.11, which do not say."""


@dataclass(frozen=True, slots=True)
class Installed:
    """A model on its disk (``/api/tags``)."""

    name: str
    digest: str
    """Of its manifest: weights, template and parameters together."""
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """What it says of a model (``/api/show``)."""

    quantization: str | None = None
    architecture: str | None = None
    parameters: int | None = None
    ctx_train: int | None = None
    blob_sha256: str | None = None
    """Of the GGUF itself."""
    model_parameters: str = ""
    """What its Modelfile sets where a request leaves it open."""
    capabilities: frozenset[str] = field(default_factory=frozenset)
    """Empty from versions that do not say."""
    remote_host: str | None = None
    """Who computes it, of a model that is only a name there (Ollama's cloud)."""


def version(base_url: str) -> str | None:
    """None where no Ollama answers. Raises ServerError where one takes connections and says nothing: that is a busy
    one, beside which none may be started.
    """
    reply = get_json(base_url, "/api/version", None, LOOK_TIMEOUT_S)
    if reply.slow:
        reply = get_json(base_url, "/api/version", None, ASK_TIMEOUT_S)
    if reply.slow:
        raise ServerError(f"Ollama at {base_url} takes the question for its version and does not answer within "
                          f"{LOOK_TIMEOUT_S + ASK_TIMEOUT_S:g} s: it is busy or hangs, or the network is slow; try "
                          "again, or start it anew.")
    found = listed(reply.body, "version")
    return _line(found) if isinstance(found, str) else None


def is_gone(base_url: str) -> bool:
    """Whether it is known not to run: on this machine, where nothing takes connections. No model is in its memory."""
    reply = get_json(base_url, "/api/version", None, LOOK_TIMEOUT_S)
    return is_here(base_url) and reply.status == 0 and not reply.slow


def loaded(base_url: str, timeout_s: float = ASK_TIMEOUT_S) -> tuple[Loaded, ...]:
    """Raises ServerError where it does not say."""
    return tuple(
        Loaded(_line(_text(entry, "name") or _text(entry, "model")), _line(_text(entry, "digest")),
               _count(entry, "size"), _count(entry, "size_vram"), _count(entry, "context_length"))
        for entry in _entries(base_url, "/api/ps", timeout_s))


def installed(base_url: str) -> tuple[Installed, ...]:
    """Raises ServerError where it does not say."""
    return tuple(Installed(_line(_text(entry, "name") or _text(entry, "model")), _line(_text(entry, "digest")),
                           _count(entry, "size")) for entry in _entries(base_url, "/api/tags", ASK_TIMEOUT_S))


def _entries(base_url: str, path: str, timeout_s: float) -> list[Any]:
    reply = get_json(base_url, path, None, timeout_s)
    entries = listed(reply.body, "models")
    if reply.status == 200 and isinstance(entries, list):
        return [entry for entry in entries if isinstance(entry, dict)]
    if reply.status == 200 and isinstance(reply.body, dict):  # an empty list is left out by some versions
        return []
    why = _problem(reply.status, reply.body, reply.problem)
    raise ServerError(f"Ollama at {base_url} does not answer {path} ({why}).")


def show(base_url: str, name: str) -> Shown:
    """Raises ServerError where it does not say."""
    reply = post_json(base_url, "/api/show", None, {"model": name}, ASK_TIMEOUT_S)
    if reply.status != 200 or not isinstance(reply.body, dict):
        raise ServerError(f"Ollama at {base_url} does not describe {name} "
                          f"({_problem(reply.status, reply.body, reply.problem)}).")
    body = reply.body
    info = body.get("model_info") if isinstance(body.get("model_info"), dict) else {}
    architecture = _text(info, "general.architecture") or _text(body.get("details"), "family") or None
    blob = _BLOB.search(_text(body, "modelfile"))
    capabilities = body.get("capabilities")
    return Shown(
        quantization=_line(_text(body.get("details"), "quantization_level")) or None,
        architecture=_line(architecture) if architecture else None,
        parameters=_count(info, "general.parameter_count") or _size(_text(body.get("details"), "parameter_size")),
        ctx_train=_count(info, f"{architecture}.context_length"),
        blob_sha256=blob["digest"] if blob else None,
        model_parameters=" ".join(_text(body, "parameters").split()),
        capabilities=frozenset(each for each in capabilities if isinstance(each, str))
        if isinstance(capabilities, list) else frozenset(),
        remote_host=_line(_text(body, "remote_host")) or None,
    )


def load(base_url: str, name: str, fields: Mapping[str, Json], timeout_s: float) -> None:
    """Into its memory, with the options of the run. Raises ServerError."""
    reply = post_json(base_url, "/api/chat", None, {"model": name, "messages": [], "stream": False, **fields},
                      timeout_s)
    if reply.slow:
        raise ServerError(f"Ollama at {base_url} did not load {name} within {timeout_s:g} s: raise --startup-timeout "
                          "if the model is large or the disk slow.")
    if reply.status != 200:
        why = _problem(reply.status, reply.body, reply.problem)
        raise ServerError(f"Ollama at {base_url} did not load {name}: {why}.")


def unload(base_url: str, name: str) -> None:
    """Asks it to let go of the model, which it does once nobody waits for an answer of it: ``loaded`` shows when."""
    post_json(base_url, "/api/chat", None, {"model": name, "messages": [], "stream": False, "keep_alive": 0},
              ASK_TIMEOUT_S)


def pull(base_url: str, name: str, progress: Progress, stop_requested: Callable[[], bool]) -> bool:
    """Fetches the model, layer by layer; Ollama goes on where an earlier try stopped. False: it was asked to stop.

    Raises BadInput when there is no such model to be had, ServerError when it fails.
    """
    seen: dict[str, tuple[int, int | None]] = {}
    for event in _events(base_url, name):
        if stop_requested():
            return False
        if error := event.get("error"):
            raise BadInput(f"ollama:{name} could not be pulled: {_line(error)}; check the name at ollama.com/library "
                           "and the network, then run again: it goes on where it stopped.")
        if event.get("status") == "success":
            return True
        digest, total = _text(event, "digest"), _count(event, "total")
        if digest and total:
            seen[digest] = (_count(event, "completed") or 0, total)
            totals = [of or 0 for _, of in seen.values()]
            progress(f"ollama pull {name}", sum(done for done, _ in seen.values()), sum(totals))
    raise ServerError(f"ollama:{name}: Ollama stopped in the middle of the pull; run again: it goes on there.")


def _events(base_url: str, name: str) -> Iterator[dict[str, Any]]:
    session = requests.Session()
    session.trust_env = not is_here(base_url)
    try:
        with session, session.post(f"{base_url}/api/pull", json={"model": name, "stream": True}, stream=True,
                                   timeout=(ASK_TIMEOUT_S, PULL_TIMEOUT_S)) as reply:
            if reply.status_code != 200:  # what fails before its first word has a status, and may be a gateway's page
                yield {"error": _problem(reply.status_code, _json_or_none(reply.raw.read(_LINE_LIMIT_BYTES)), "")}
                return
            for line in reply.iter_lines(_LINE_LIMIT_BYTES):
                event = json.loads(line) if line.strip() else None
                if isinstance(event, dict):
                    yield event
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise ServerError(f"ollama:{name}: the pull was cut ({type(error).__name__}); run again: it goes on where it "
                          "stopped.") from error


def _json_or_none(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _problem(status: int, body: Any, problem: str) -> str:
    said = listed(body, "error")
    return _line(said) if said else problem or f"status {status}"


def _line(text: Any) -> str:
    """For a terminal: one line, no control characters."""
    return "".join(char for char in " ".join(str(text).split()) if char.isprintable())[:300]


def _text(value: Any, name: str) -> str:
    found = listed(value, name)
    return found if isinstance(found, str) else ""


def _count(value: Any, name: str) -> int | None:
    found = listed(value, name)
    return found if isinstance(found, int) and not isinstance(found, bool) and found >= 0 else None


def _size(text: str) -> int | None:
    """``8.0B`` as a count of parameters."""
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([KMBT])", text)
    return round(float(found[1]) * _SIZES[found[2]]) if found else None
