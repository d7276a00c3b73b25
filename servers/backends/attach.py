"""A server that already runs: asked what it is, never started, never stopped."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from core.errors import ServerError, UsageError
from core.records import Endpoint, ModelInfo
from servers.backends.base import HTTP_CAPABILITIES, Ready, listed
from servers.backends.keys import key_in, shown
from servers.backends.llama_http import read_props
from servers.http import Reply, get_json
from servers.spec import ServerSettings

TIMEOUT_S = 10.0
NO_LIST = frozenset({404, 405, 501})
"""A server may lack the list of models; then the name that the user gives is taken as it is."""


def attach(model: ModelInfo, settings: ServerSettings) -> tuple[Endpoint, tuple[str, ...]]:
    """The endpoint behind ``--base-url``, and warnings.

    Raises UsageError for settings that only a start could give, a key that is not there or a model that is not served;
    ServerError when nothing answers.
    """
    _check(settings)
    base_url = checked_base_url(settings.base_url or "")
    key = _key(settings)
    models = get_json(base_url, "/v1/models", key, TIMEOUT_S)
    if models.status in NO_LIST and not model.name:
        raise UsageError(f"{base_url} does not list its models (status {models.status}); "
                         "name the one to ask by --model.")
    if models.status not in {200, *NO_LIST}:
        raise _refused(base_url, models, settings)
    props = get_json(base_url, "/props", key, TIMEOUT_S)
    ready = read_props(props.body) if props.status == 200 else None
    name = _model_name(models, model, base_url)
    warnings = []
    if model.name and Path(model.name).name != Path(name).name:
        warnings.append(f"{base_url} serves {name} and nothing called {model.name}; that is what is measured.")
    ctx_size = ready.ctx_size if ready else None
    if settings.ctx_size and ctx_size and ctx_size < settings.ctx_size:
        warnings.append(f"{base_url} has a context of {ctx_size} tokens a slot, less than --ctx-size "
                        f"{settings.ctx_size}.")
    slots = settings.parallel if settings.parallel != "auto" else (ready.slots if ready else 1)
    if ready and slots > ready.slots:
        warnings.append(f"{base_url} has {ready.slots} slots; with --parallel {slots} requests will wait for one.")
    endpoint = Endpoint(
        base_url=base_url, model=name, backend="llama.cpp" if ready else "openai", api_key=key,
        build=ready.build if ready else None, slots=slots, ctx_size=ctx_size or settings.ctx_size,
        capabilities=HTTP_CAPABILITIES if ready else frozenset({"seed"}),
        effective=_effective(settings, ready, slots),
    )
    return endpoint, tuple(warnings)


def _check(settings: ServerSettings) -> None:
    given = {"--gpu-layers": settings.gpu_layers != "auto", "--threads": settings.threads is not None,
             "--server-arg": bool(settings.server_args), "--server": settings.backend != "auto",
             "--reserve-ram": settings.reserve_ram_gib is not None}
    if flags := [flag for flag, is_given in given.items() if is_given]:
        raise UsageError(f"{', '.join(flags)} cannot change a server that already runs; leave it out with --base-url.")


def checked_base_url(given: str) -> str:
    """Without a trailing slash, ``/v1`` or ``/chat/completions``, which people copy along.

    Raises UsageError for what is no such address.
    """
    url = plain_base_url(given)
    try:
        parts, port = urlsplit(url), urlsplit(url).port
    except ValueError as error:
        raise UsageError(f"--base-url {given[:200]} is no http address ({error}); give one like "
                         "http://127.0.0.1:8080.") from error
    if parts.username or parts.password or parts.query or parts.fragment:
        raise UsageError("--base-url holds a name, a password or a query, which would end up in files; put the key "
                         "into an environment variable and name that by --api-key-env.")
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise UsageError(f"--base-url {given} is no http address; give one like http://127.0.0.1:8080.")
    return url


def plain_base_url(given: str) -> str:
    """The same of all the ways in which people write it."""
    return given.rstrip("/").removesuffix("/chat/completions").removesuffix("/v1")


def _key(settings: ServerSettings) -> str | None:
    if settings.api_key_env is None:
        return None
    return key_in(settings.api_key_env, "--api-key-env", needed=True)


def _refused(base_url: str, reply: Reply, settings: ServerSettings) -> ServerError | UsageError:
    if reply.status in {401, 403}:
        how = (f"the key in {shown(settings.api_key_env)} was refused" if settings.api_key_env
               else "it wants a key; name the environment variable that holds it with --api-key-env")
        return UsageError(f"{base_url} answers with status {reply.status}: {how}.")
    if reply.status:
        return ServerError(f"{base_url}/v1/models answers with status {reply.status}; "
                           "is it a server of the OpenAI-compatible kind, and has it loaded its model?")
    return ServerError(f"{base_url} does not answer: {reply.problem}. Is the server running?")


def _model_name(reply: Reply, model: ModelInfo, base_url: str) -> str:
    """The only model that it serves, or the one of that name; what is no name on one line is none."""
    entries = listed(reply.body, "data")
    ids = [listed(entry, "id") for entry in entries] if isinstance(entries, list) else []
    names = [name for name in ids if isinstance(name, str) and name.isprintable() and name]
    for wanted in (model.label, model.name):
        if wanted in names:
            return wanted
    if len(names) == 1:
        return names[0]
    if not names or not model.name:  # without a name asked for, what it serves first
        return names[0] if names else model.name or "default"
    shown = ", ".join(sorted(names)[:8]) + (", …" if len(names) > 8 else "")
    raise UsageError(f"{base_url} serves {len(names)} models and none is called {model.name}; "
                     f"name one by --model: {shown}.")


def _effective(settings: ServerSettings, ready: Ready | None, slots: int) -> dict[str, int | str]:
    effective: dict[str, int | str] = {"slots": slots, "base_url": settings.base_url or ""}
    if ready and ready.ctx_size:
        effective["ctx_size"] = ready.ctx_size
    elif settings.ctx_size:
        effective["ctx_size"] = settings.ctx_size
    if ready and ready.build:
        effective["build"] = ready.build
    return effective
