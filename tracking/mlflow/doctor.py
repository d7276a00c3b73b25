"""What ``doctor`` says of MLflow."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

import requests

from core.errors import UsageError
from core.findings import Finding
from tracking.mlflow.address import INSTALL, VARIABLE, address_of, is_installed

_PACKAGES = ("mlflow-skinny", "mlflow")
_TIMEOUT_S = 2.0


def mlflow_facts(environ: Mapping[str, str]) -> tuple[Finding, ...]:
    """The client, and the server that MLFLOW_TRACKING_URI names. Nothing of MLflow is imported."""
    if not is_installed():
        return (Finding("mlflow", ok=True, detail="not installed", advice=f"optional, for --mlflow: {INSTALL}"),)
    client = f"client {_version()}"
    if not environ.get(VARIABLE, "").strip():
        return (Finding("mlflow", ok=True, detail=f"{client}; {VARIABLE} is not set, --mlflow URI names a server"),)
    try:
        uri = address_of("", environ).uri
    except UsageError as error:
        return (Finding("mlflow", ok=False, detail=f"{client}; {error}", advice=f"set {VARIABLE} anew, or unset it"),)
    server = _server(uri)
    if server is None:
        return (Finding("mlflow", ok=False, detail=f"{client}; no tracking server answers at {uri}",
                        advice="start it; what runs made meanwhile is sent by track sync"),)
    return (Finding("mlflow", ok=True, detail=f"{client}; MLflow {server} answers at {uri}"),)


def _version() -> str:
    for package in _PACKAGES:
        try:
            return version(package)
        except PackageNotFoundError:
            continue
    return "of unknown version"


def _server(uri: str) -> str | None:
    """Its version; None where none is told. That page is open to every host and to everybody."""
    try:
        reply = requests.get(f"{uri}/version", timeout=_TIMEOUT_S)
    except requests.RequestException:
        return None
    text = reply.text.strip()
    return text if reply.status_code == 200 and 0 < len(text) < 40 and text[0].isdigit() else None
