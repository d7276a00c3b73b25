"""Where an MLflow tracking server is, and the credentials for it, which are kept apart from its address at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from urllib.parse import unquote, urlsplit, urlunsplit

from core.errors import UsageError

VARIABLE = "MLFLOW_TRACKING_URI"
INSTALL = "./setup --with mlflow"
_EXAMPLE = "e.g. http://127.0.0.1:5000"


@dataclass(frozen=True, slots=True)
class Address:
    """A tracking server."""

    uri: str
    """Without user and password, so that it can be shown."""
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    """Those of the address as it was given; None: MLflow's own variables and file decide."""


def address_of(given: str, environ: Mapping[str, str], flag: str = "--mlflow") -> Address:
    """``given``: a URI, or nothing for that of MLFLOW_TRACKING_URI.

    Raises UsageError for what is no address of a server, and where MLflow's client is not installed. The message
    never has a password in it.
    """
    source = flag if given else f"{flag} (from {VARIABLE})"
    text = given or environ.get(VARIABLE, "").strip()
    if not text:
        raise UsageError(f"{flag}: name the tracking server, {_EXAMPLE}, or set {VARIABLE}.")
    found = _parsed(text, source)
    if not is_installed():
        raise UsageError(f"{flag}: MLflow's client is not installed; {INSTALL} adds it.")
    return found


def is_installed() -> bool:
    """Looked for, not imported."""
    return find_spec("mlflow") is not None


def _parsed(text: str, source: str) -> Address:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise UsageError(f"{source}: this is no address; {_EXAMPLE}.") from None
    if parts.scheme not in {"http", "https"} or not host:
        raise UsageError(f"{source}: a tracking server has an address like http://127.0.0.1:5000; for a database or a "
                         "folder start one: mlflow server --backend-store-uri sqlite:///mlflow.db.")
    if parts.query or parts.fragment:
        raise UsageError(f"{source}: leave out what follows the path; {_EXAMPLE}.")
    where = f"[{host}]" if ":" in host else host
    bare = urlunsplit((parts.scheme, where if port is None else f"{where}:{port}", parts.path.rstrip("/"), "", ""))
    return Address(bare, _decoded(parts.username), _decoded(parts.password))


def _decoded(part: str | None) -> str | None:
    return unquote(part) if part else None
