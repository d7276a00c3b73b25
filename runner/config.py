"""What ``run_config.json`` says beside the settings: what was asked for, and of which machine and server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.records import Endpoint
from core.version import VERSION
from runner.request import Request
from system.host import host_facts, load_average


def run_config(request: Request, endpoint: Endpoint) -> dict[str, Any]:
    """``request`` and ``environment``, in values that JSON holds. The server's key is in neither."""
    return {
        "request": plain_request(request),
        "environment": {
            "runner_version": VERSION,
            "host": dict(host_facts()),
            "load_average": list(load_average()),
            "backend": endpoint.backend,
            "server_build": endpoint.build,
            "base_url": endpoint.base_url,
            "served_model": endpoint.model,
            "slots": endpoint.slots,
            "ctx_size": endpoint.ctx_size,
            "capabilities": sorted(endpoint.capabilities),
            "effective": _plain(endpoint.effective),
        },
    }


def plain_request(request: Request) -> dict[str, Any]:
    """What was asked for, without what was wrong with files that could not be read, what it may cost and which
    cells are left: with more money, or the others done, the same run goes on.
    """
    kept = {key: value for key, value in asdict(request).items() if key not in {"refused", "spending", "cells"}}
    asked: dict[str, Any] = _plain(kept)
    return asked


def _plain(value: Any) -> Any:
    """Paths as texts, and nothing that was not asked for."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value
