"""The note at a sweep's end: on the desktop, or a small JSON object to an address. It never fails the sweep."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from threading import Thread
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


def notify(where: str, title: str, facts: Mapping[str, Any], timeout_s: float = _TIMEOUT_S) -> str | None:
    """Why the note could not be left; None: it was."""
    if where == DESKTOP:
        return _on_desktop(title, str(facts["text"]), timeout_s)
    return _posted(where, {"title": title, **facts}, timeout_s)


def _on_desktop(title: str, text: str, timeout_s: float) -> str | None:
    if shutil.which("notify-send") is None:
        return "no note on the desktop: notify-send is not installed (libnotify)"
    try:
        done = capture(["notify-send", "--app-name=bench_runner", "--", title, text], timeout_s=timeout_s)
    except (BenchError, OSError) as error:
        return f"no note on the desktop: {error}"
    if done.code == 0:
        return None
    ended = "it hangs" if done.code is None else f"code {done.code}"
    said = next(iter(done.stderr.strip().splitlines()), "") or ended
    return f"no note on the desktop: notify-send failed ({said[:200]})"


def _posted(url: str, facts: Mapping[str, Any], timeout_s: float) -> str | None:
    import requests  # noqa: PLC0415  (a sixth of a second, and few sweeps end with it)

    host = urlsplit(url).hostname  # an address may have a secret in its path: it is not shown
    said: list[str | None] = []

    def post() -> None:
        try:  # only the answer's first line is of interest, however long the rest may take
            with requests.post(url, json=dict(facts), timeout=timeout_s, allow_redirects=False, stream=True) as reply:
                said.append(None if reply.status_code < 300 else f"no note to {host}: it answered {reply.status_code}")
        except (requests.RequestException, ValueError) as error:
            said.append(f"no note to {host}: it cannot be reached ({type(error).__name__})")

    # A limit of requests' own holds for each byte: who sends one now and then would never be given up.
    thread = Thread(target=post, name="note", daemon=True)
    thread.start()
    thread.join(timeout_s)
    return said[0] if said else f"no note to {host}: it gave no answer within {timeout_s:g} s"
