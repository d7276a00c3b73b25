"""Models that a provider serves, over the internet or at an address that the user names: nothing to start.

``openai`` is OpenAI's own service, and any other that speaks its chat protocol (vLLM, LM Studio, llama-swap, a
llama-server) with ``--base-url``; ``gemini`` is Google's. The key comes from an environment variable and goes into a
header, never into an address. Before a run one question is asked, which costs nothing: the list of models. It tells a
wrong key and a misspelt name before anything is paid for; where it cannot be had, the run begins without.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from core.errors import ServerError, UsageError
from core.records import Endpoint, Json, ModelInfo
from servers.backends.attach import checked_base_url
from servers.backends.base import listed
from servers.backends.keys import key_in, shown
from servers.http import LOOPBACK, Reply, get_json
from servers.spec import ServerSettings

TIMEOUT_S: Final = 20.0
_FOUND, _NOT_FOUND = 200, 404
NO_VERSION: Final = "no_version"
"""Of an endpoint whose paths do not begin with ``/v1``: a capability, as the scripts are told."""
SLOTS: Final = 8
"""Requests at once where ``--parallel`` leaves it open: as many keep a small account's limits busy, and few enough that
what is under way when a run is stopped costs little."""


@dataclass(frozen=True, slots=True)
class Provider:
    """One kind of service."""

    name: str
    url: str
    """Where it answers when no ``--base-url`` is given."""
    key_env: str
    list_path: str
    list_key: str
    name_key: str
    """In the list of models: which field holds it, and which one of an entry its name."""
    capabilities: frozenset[str]
    """Of its own service; another at ``--base-url`` may lack them."""
    settings: frozenset[str]
    """Of the sampling, what its own service takes."""

    def auth(self, key: str) -> dict[str, str]:
        """The header that carries the key."""
        return {"x-goog-api-key": key} if self.name == "gemini" else {"Authorization": f"Bearer {key}"}


PROVIDERS: Final[dict[str, Provider]] = {
    "openai": Provider(
        "openai", "https://api.openai.com", "OPENAI_API_KEY", "/v1/models", "data", "id",
        frozenset({"seed", "json_schema"}), frozenset({"temperature", "top_p", "max_tokens", "seed"}),
    ),
    "gemini": Provider(
        "gemini", "https://generativelanguage.googleapis.com", "GEMINI_API_KEY", "/v1beta/models?pageSize=1000",
        "models", "name", frozenset({"seed", "json_schema", "reasoning_content"}),
        frozenset({"temperature", "top_p", "top_k", "max_tokens", "seed"}),
    ),
}


def named(prefix: str, name: str) -> ModelInfo:
    """The model behind ``openai:NAME`` or ``gemini:NAME``. Raises UsageError for a name that is none."""
    name = name.strip().removeprefix("models/") if prefix == "gemini" else name.strip()
    if not name or not name.isprintable() or (prefix == "gemini" and not set(name) <= _OF_A_PATH):
        raise UsageError(f"--model {prefix}:{name[:200]}: this is no model's name; name one that {prefix} serves, e.g. "
                         f"{'gemini:gemini-2.5-flash' if prefix == 'gemini' else 'openai:gpt-4o-mini'}.")
    return ModelInfo(name=name, backend=prefix)


_OF_A_PATH = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/")
"""What the name of a Gemini model, which becomes part of an address, may hold."""


def is_hosted(model: ModelInfo) -> bool:
    """Whether a provider serves it."""
    return model.backend in PROVIDERS


def address(model: ModelInfo, settings: ServerSettings) -> str:
    """Where a hosted model is asked, up to ``/v1``. Raises UsageError for a --base-url that is none."""
    if settings.base_url is None:
        return PROVIDERS[model.backend or ""].url
    return checked_base_url(settings.base_url.rstrip("/").removesuffix("/v1beta"))


def key_env(model: ModelInfo, settings: ServerSettings) -> str:
    """The environment variable that holds its key."""
    return PROVIDERS[model.backend or ""].key_env if settings.api_key_env is None else settings.api_key_env


def key_of(model: ModelInfo, settings: ServerSettings) -> str | None:
    """The key, or None for a server that may do without.

    Raises UsageError where one is needed and not there, is none that a header may carry, or would go unencrypted over
    a network although nobody named it for this server.
    """
    provider, variable = PROVIDERS[model.backend or ""], key_env(model, settings)
    named = settings.api_key_env is not None
    flag = "--api-key-env" if named else f"--model {provider.name}:{model.name}"
    key = key_in(variable, flag, needed=named or settings.base_url is None)
    if key is None:
        return None
    url = urlsplit(address(model, settings))
    if url.scheme == "http" and url.hostname not in LOOPBACK and not named:
        raise UsageError(f"--base-url {settings.base_url}: the key in {variable} would cross the network unencrypted; "
                         f"give an https address, or name the key that this server is to get by --api-key-env.")
    return key


def connect(model: ModelInfo, settings: ServerSettings) -> tuple[Endpoint, tuple[str, ...]]:
    """The endpoint of a hosted model, and warnings.

    Raises UsageError for a key that is missing or refused and a model that is not there; ServerError when nothing
    answers.
    """
    provider, base_url, key = PROVIDERS[model.backend or ""], address(model, settings), key_of(model, settings)
    reply = _models(provider, base_url, key)
    plain = settings.base_url is not None and provider.name == "openai" and _is_plain(base_url, key, reply)
    if plain:
        reply = _models(provider, base_url, key, version=False)
    _check_reply(provider, base_url, reply, key_env(model, settings) if key else None)
    warnings = _check_name(model, settings, [name for name in _names(provider, reply) if not key or key not in name])
    slots = SLOTS if settings.parallel == "auto" else settings.parallel
    own = settings.base_url is None
    can = provider.capabilities if own or provider.name == "gemini" else _SEED
    effective: dict[str, Json] = {"slots": slots, "base_url": base_url, "ctx_size": settings.ctx_size}
    endpoint = Endpoint(
        base_url=base_url, model=model.name, backend=provider.name, api_key=key, slots=slots,
        ctx_size=settings.ctx_size, capabilities=can | {NO_VERSION} if plain else can,
        effective={name: value for name, value in effective.items() if value is not None},
    )
    return endpoint, warnings


def ask_for_models(endpoint: Endpoint) -> Reply:
    """Whether it still answers: what it says to the question that costs nothing."""
    version = NO_VERSION not in endpoint.capabilities
    return _models(PROVIDERS[endpoint.backend], endpoint.base_url, endpoint.api_key, version=version, timeout_s=5.0)


def _is_plain(base_url: str, key: str | None, reply: Reply) -> bool:
    """Whether the service has its version elsewhere in its address, if any: ``/v1beta/openai``, ``/api/paas/v4``."""
    return reply.status == _NOT_FOUND and _models(PROVIDERS["openai"], base_url, key, version=False).status == _FOUND


def _models(
    provider: Provider, base_url: str, key: str | None, *, version: bool = True, timeout_s: float = TIMEOUT_S
) -> Reply:
    path = provider.list_path if version else provider.list_path.removeprefix("/v1")
    return get_json(base_url, path, None, timeout_s, headers=provider.auth(key) if key else {})


_SEED: Final = frozenset({"seed"})


def _check_reply(provider: Provider, base_url: str, reply: Reply, variable: str | None) -> None:
    """Google says 400 to a key that is none. A key may also be allowed to ask and not to list (403)."""
    reason = _reasons(reply.body)
    if reply.status == 401 or "API_KEY_INVALID" in reason or (reply.status == 403 and variable is None):
        how = (f"the key in {shown(variable)} was refused" if variable else
               f"it wants a key; export {provider.key_env}, or name the variable that holds it by --api-key-env")
        raise UsageError(f"{base_url} answers with status {reply.status}: {how}.")
    if reply.status == 0:
        raise ServerError(f"{base_url} does not answer: {reply.problem}. Is the machine online, and the address right?")


def _reasons(body: Json) -> set[str]:
    details = listed(body, "error", "details")
    found = (listed(detail, "reason") for detail in details) if isinstance(details, list) else ()
    return {reason for reason in found if isinstance(reason, str)}


def _check_name(model: ModelInfo, settings: ServerSettings, listed_names: Iterable[str]) -> tuple[str, ...]:
    """A provider's own list is whole; that of another server may leave out what it serves all the same."""
    names = sorted(set(listed_names))
    if not names or model.name in names:
        return ()
    near = difflib.get_close_matches(model.name, names, n=3, cutoff=0.4) or names[:3]
    said = f"{address(model, settings)} lists no model {model.name} (near: {', '.join(near)})"
    if settings.base_url is None and model.backend == "openai":
        raise UsageError(f"--model {model.backend}:{model.name}: {said}; name one of its models.")
    return (f"{said}; it is asked all the same.",)


def _names(provider: Provider, reply: Reply) -> Iterable[str]:
    entries = listed(reply.body, provider.list_key) if reply.status == 200 else None
    for entry in entries if isinstance(entries, list) else ():
        name = listed(entry, provider.name_key)
        if isinstance(name, str) and name.isprintable():
            yield name.removeprefix("models/") if provider.name == "gemini" else name


def settings_refused(model: ModelInfo, asked: Mapping[str, Json], *, own: bool) -> list[str]:
    """Of the sampling that was asked for, what a provider's ``own`` service has no setting for."""
    provider = PROVIDERS[model.backend or ""]
    if not own and provider.name != "gemini":
        return []
    return sorted(name for name, value in asked.items() if value is not None and name not in provider.settings)
