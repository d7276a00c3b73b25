"""API keys, out of the environment variable that holds one."""

from __future__ import annotations

import os
import re

from core.errors import UsageError


def key_in(variable: str, asked_by: str, *, needed: bool) -> str | None:
    """The key; None where there is none and none is ``needed``. ``asked_by``: the flag that wants it.

    Raises UsageError where it is needed and not there, and for one that no header may carry. No message repeats what
    may be a key that somebody gave instead of its variable's name.
    """
    key = os.environ.get(variable, "").strip()
    if not key:
        if needed:
            name = shown(variable)
            not_key = "" if name == variable else " (what is wanted is the name of a variable, and not a key)"
            raise UsageError(f"{asked_by}: the environment variable {name} holds no API key{not_key}; export it first.")
        return None
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise UsageError(f"the API key in {shown(variable)} has characters that no header may carry; set it again.")
    return key


def shown(variable: str) -> str:
    """A variable's name for people, where it can be nothing else."""
    return variable if re.fullmatch(r"[A-Z_][A-Z0-9_]{0,63}", variable) else "that was named"
