"""Where an Ollama server is and what its models are called, as Ollama itself reads both (``envconfig/config.go``,
``types/model/name.go`` of its repository). Nothing is asked here.
"""

from __future__ import annotations

import ipaddress
import os
import re
from typing import Final
from urllib.parse import urlsplit

from core.errors import UsageError
from servers.http import LOOPBACK

DEFAULT_PORT: Final = 11434
_NAME = re.compile(r"\w[\w.-]*(?::[0-9]+)?(?:/\w[\w.-]*){0,3}(?::\w[\w.-]*)?", re.ASCII)
_HOST = re.compile(r"[\w.-]+", re.ASCII)
_DEFAULTS: Final = ("registry.ollama.ai/", "library/")
"""What Ollama leaves out when it shows a name."""


def address() -> str:
    """Where ``OLLAMA_HOST`` says that it answers. Raises UsageError for what is no address."""
    given = os.environ.get("OLLAMA_HOST", "").strip().strip("\"'").strip()
    scheme, has_scheme, rest = given.partition("://")
    if not has_scheme:
        scheme, rest = "http", given
        if given == "ollama.com":
            scheme, rest = "https", "ollama.com:443"
    place, _, path = rest.partition("/")
    port = {"http": 80, "https": 443}.get(scheme, DEFAULT_PORT) if has_scheme else DEFAULT_PORT
    host, number = _host_and_port(place)
    valid = number.isascii() and number.isdecimal() and len(number) <= 5 and 0 < int(number) < 1 << 16
    if scheme not in {"http", "https"} or host is None or (number and not valid) or re.search(r"[\s?#]", path):
        raise UsageError(f"OLLAMA_HOST={given[:200]}: this is no address of an Ollama server; set it like "
                         "127.0.0.1:11434, or leave it unset.")
    path = path.rstrip("/")
    return f"{scheme}://{host}:{int(number or port)}{f'/{path}' if path else ''}"


def _host_and_port(place: str) -> tuple[str | None, str]:
    """The host, in brackets where it is of IPv6, and the port's text; no host: None."""
    try:
        return _asked_at(ipaddress.ip_address(place.strip("[]"))), ""
    except ValueError:
        pass
    host, _, port = place.rpartition(":") if ":" in place.rpartition("]")[2] else (place, "", "")
    try:
        return _asked_at(ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))), port
    except ValueError:
        return (host.lower() if _HOST.fullmatch(host) else None if host else "127.0.0.1"), port


def _asked_at(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """A server that listens everywhere is asked on this machine."""
    if ip.is_unspecified:
        ip = ipaddress.ip_address("127.0.0.1" if ip.version == 4 else "::1")
    return f"[{ip}]" if ip.version == 6 else str(ip)


def is_here(base_url: str) -> bool:
    """Whether it is on this machine."""
    return urlsplit(base_url).hostname in LOOPBACK


def checked_name(name: str) -> str:
    """Raises UsageError for what is no model's name."""
    name = name.strip()
    if not _NAME.fullmatch(name):
        raise UsageError(f"--model ollama:{name[:200]}: this is no model's name; write it as Ollama does, e.g. "
                         "ollama:llama3.2:1b.")
    return name


def full(name: str) -> str:
    """As Ollama shows it: with a tag, without its own registry and without ``library``."""
    name = name if ":" in name.rpartition("/")[2] else f"{name}:latest"
    for left_out in _DEFAULTS:
        if name.lower().startswith(left_out):
            name = name[len(left_out):]
    return name


def same(one: str, other: str) -> bool:
    """Whether both mean one model; Ollama does not look at the case of letters."""
    return full(one).lower() == full(other).lower()
