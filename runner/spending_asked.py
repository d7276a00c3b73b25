"""The flags of models that providers serve, and what they do not go together with."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Final

from core.errors import UsageError
from core.records import ModelInfo
from runner.request import Spending
from servers.backends.hosted import PROVIDERS, is_hosted, settings_refused
from servers.backends.ollama import NAME as OLLAMA
from servers.transformers_model import NAME as TRANSFORMERS

_OF_A_START: Final[dict[str, object]] = {
    "server": "auto", "server_bin": None, "gpu_layers": "auto", "threads": None, "server_arg": [], "reserve_ram": None,
    "max_model_b": None,
}
"""What only a server that we start takes, and what it is when nobody gives it."""
_OF_LLAMA_CPP: Final = {OLLAMA: ("server", "server_bin", "server_arg", "reserve_ram", "api_key_env"),
                        TRANSFORMERS: ("server", "api_key_env")}
"""What those take no notice of; beside a GGUF it is for that one."""


_OF_PROVIDERS: Final = ("max_cost", "requests_per_minute", "tokens_per_minute")


def unheeded_by(model: ModelInfo) -> frozenset[str]:
    """The flags, without their dashes, that are nothing to a model of this kind, and may be for others beside it."""
    if is_hosted(model):
        names: Sequence[str] = tuple(_OF_A_START)
    else:
        names = (*_OF_LLAMA_CPP.get(model.backend or "", ()), *_OF_PROVIDERS)
    return frozenset(name.replace("_", "-") for name in names)


def serves_one_model(flags: argparse.Namespace) -> bool:
    """Whether --base-url is a server of one model, and not a service of which several are asked."""
    named = [*flags.model, *([flags.fallback] if flags.fallback else [])]
    return bool(flags.base_url) and not (named and all(name.partition(":")[0] in PROVIDERS for name in named))


def spending_of(flags: argparse.Namespace, models: Sequence[ModelInfo]) -> Spending:
    """Raises UsageError for a flag that would change nothing."""
    asked = Spending(flags.max_cost, flags.requests_per_minute, flags.tokens_per_minute)
    if not flags.base_url and not any(map(is_hosted, models)):
        for name in _OF_PROVIDERS:
            if getattr(flags, name) is not None:
                raise UsageError(f"--{name.replace('_', '-')}: it is for models that a provider serves, such as "
                                 "openai:gpt-4o-mini; leave it out.")
    return asked


def refuse_flags_of_a_start(flags: argparse.Namespace, models: Sequence[ModelInfo]) -> None:
    """Those that are for none of the models. Raises UsageError that names the flags."""
    _refuse_flags_of_llama_cpp(flags, models)
    if not models or not all(map(is_hosted, models)):
        return
    given = [f"--{name.replace('_', '-')}" for name, unset in _OF_A_START.items() if getattr(flags, name) != unset]
    if given:
        raise UsageError(f"{', '.join(given)}: a provider starts its own servers; leave it out with "
                         f"{models[0].backend}:{models[0].name}.")
    if flags.api_key_env and len({model.backend for model in models}) > 1:
        raise UsageError("--api-key-env: it names one key, and models of several providers are asked; export the key "
                         "of each under its own name (docs/hosted.md).")


def _refuse_flags_of_llama_cpp(flags: argparse.Namespace, models: Sequence[ModelInfo]) -> None:
    kinds = {model.backend or "" for model in models}
    if not kinds or not kinds <= _OF_LLAMA_CPP.keys():
        return
    unheeded = set.intersection(*(set(_OF_LLAMA_CPP[kind]) for kind in kinds))
    unset = {**_OF_A_START, "api_key_env": None}
    if given := [f"--{name.replace('_', '-')}" for name in unset if name in unheeded
                 and getattr(flags, name) != unset[name]]:
        served = " and ".join(f"{kind}:NAME" for kind in sorted(kinds))
        raise UsageError(f"{', '.join(given)}: {served} has a server of its own kind, which takes no such flag; leave "
                         "it out.")


def refuse_unknown_settings(flags: argparse.Namespace, models: Sequence[ModelInfo]) -> None:
    """Sampling that a provider has no setting for. Raises UsageError that names it."""
    asked = {name: getattr(flags, name) for name in ("temperature", "top_p", "top_k", "min_p")}
    for model in filter(is_hosted, models):
        if refused := settings_refused(model, own=flags.base_url is None, asked=asked):
            raise UsageError(f"--{refused[0].replace('_', '-')}: {model.backend} has no such setting; leave it out.")
