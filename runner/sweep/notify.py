"""The note at a sweep's end: on the desktop, or a small JSON object to an address. It never fails the sweep."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from core.errors import BenchError, UsageError
from system.process import capture

DESKTOP: Final = "desktop"
_TIMEOUT_S: Final = 15.0


def check(where: str) -> str:
    """``desktop``, or an address. Raises UsageError for what is neither."""
    if where == DESKTOP:
        return where
    try:
        parts = urlsplit(where)
        known = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        known = False
    if not known:
        raise UsageError(f"--notify {where[:80]}: give desktop, or an address that begins with http:// or https://.")
    return where


def notify(where: str, title: str, facts: Mapping[str, Any]) -> str | None:
    """Why the note could not be left; None: it was."""
    return _on_desktop(title, str(facts["text"])) if where == DESKTOP else _posted(where, {"title": title, **facts})


def _on_desktop(title: str, text: str) -> str | None:
    if shutil.which("notify-send") is None:
        return "no note on the desktop: notify-send is not installed (libnotify)"
    try:
        done = capture(["notify-send", "--app-name=bench_runner", "--", title, text], timeout_s=_TIMEOUT_S)
    except (BenchError, OSError) as error:
        return f"no note on the desktop: {error}"
    if done.code == 0:
        return None
    ended = "it hangs" if done.code is None else f"code {done.code}"
    said = next(iter(done.stderr.strip().splitlines()), "") or ended
    return f"no note on the desktop: notify-send failed ({said[:200]})"


def _posted(url: str, facts: Mapping[str, Any]) -> str | None:
    import requests  # noqa: PLC0415  (a sixth of a second, and few sweeps end with it)

    host = urlsplit(url).hostname  # an address may have a secret in its path: it is not shown
    try:
        reply = requests.post(url, json=dict(facts), timeout=_TIMEOUT_S, allow_redirects=False)
    except requests.RequestException as error:
        return f"no note to {host}: it cannot be reached ({type(error).__name__})"
    return None if reply.status_code < 300 else f"no note to {host}: it answered {reply.status_code}"
