"""Keys and passwords taken out of what leaves for a tracking server. Pure.

Records are made without keys. But a flag of the server's own (``--server-arg=--api-key=…``), an address with a password
in it, or a ledger of somebody else's may hold one, and a tracking server is read by a whole team.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "***"
_NAME = re.compile(r"(api_?key|access_?key|secret|token|passw(or)?d|passphrase|authorization|credentials?)$",
                   re.IGNORECASE)
_FLAG = re.compile(r"(--?[\w-]*(?:key|token|password|passwd|secret)(?:-file)?)(=.*)?", re.IGNORECASE | re.DOTALL)
_TEXTS = (
    (re.compile(r"(?<=://)[^/\s@'\"]+@"), HIDDEN + "@"),
    (re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE), rf"\1 {HIDDEN}"),
    (re.compile(r"\b(?:sk|pk|rk)-[\w-]{16,}|\bhf_\w{16,}|\bAIza[\w-]{20,}|\bgh[pousr]_\w{20,}|\bAKIA[A-Z0-9]{12,}"
                r"|\bglpat-[\w-]{16,}|\bxox[abp]-[\w-]{10,}"), HIDDEN),
)
"""User and password in addresses, headers, and keys that providers make tell-tale on purpose."""


def hidden(value: Any) -> Any:
    """The same value of JSON without keys and passwords: by the names of fields and flags, and by their shapes."""
    if isinstance(value, Mapping):
        return {name: HIDDEN if isinstance(item, str) and item and _NAME.search(str(name).replace("-", "_"))
                else hidden(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return _arguments(value)
    return hidden_text(value) if isinstance(value, str) else value


def hidden_text(text: str) -> str:
    """Without what looks like a key or a password."""
    for shape, instead in _TEXTS:
        text = shape.sub(instead, text)
    return text


def _arguments(values: list[Any] | tuple[Any, ...]) -> list[Any]:
    """What follows ``--api-key`` in a list is one."""
    found: list[Any] = []
    follows = False
    for value in values:
        flag = _FLAG.fullmatch(value) if isinstance(value, str) else None
        if follows and isinstance(value, str) and not value.startswith("--"):
            found.append(HIDDEN)
        elif flag is not None and flag[2] is not None:
            found.append(f"{flag[1]}={HIDDEN}")
        else:
            found.append(hidden(value))
        follows = flag is not None and flag[2] is None
    return found
