"""A real browser that keeps a record of all that a page must not do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Playwright, Request

from tests.skips import skip

_FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_LOCAL = ("file:", "data:", "about:", "blob:")


def chromium() -> str:
    """The system's Chromium; the test is skipped where there is none, and fails where none may be missing."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        if os.environ.get("BENCH_REQUIRE_NATIVE"):
            raise AssertionError(f"none of {', '.join(_NAMES)} is on PATH, and BENCH_REQUIRE_NATIVE is set")
        skip("chromium")
    return found


def launch(playwright: Playwright) -> Browser:
    """Started with a new profile, which goes when it is closed."""
    return playwright.chromium.launch(executable_path=chromium(), headless=True, args=list(_FLAGS), timeout=90_000)


@dataclass
class Watch:
    """What was seen of a page."""

    dialogs: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    """Errors and warnings of the console, and errors that nothing caught."""
    requests: list[str] = field(default_factory=list)
    """Of all addresses but files and data within the page."""

    def quiet(self) -> bool:
        return not (self.dialogs or self.said or self.requests)


class Opener:
    """Opens files as pages, each in a context of its own, and watches them."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser

    @contextmanager
    def __call__(self, path: Path, fragment: str = "", **context: Any) -> Iterator[tuple[Page, Watch]]:
        """The page at ``path`` and what is seen of it; ``context``: of Playwright's ``new_context``."""
        with self.blank(**context) as (page, watch):
            page.goto(path.as_uri() + fragment, wait_until="load")
            yield page, watch

    @contextmanager
    def blank(self, **context: Any) -> Iterator[tuple[Page, Watch]]:
        """An empty page that is watched, before anything is opened in it."""
        with self._browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **context}) as made:
            made.set_default_timeout(60_000)
            page, watch = made.new_page(), Watch()
            _look_at(page, watch)
            yield page, watch


def _look_at(page: Page, watch: Watch) -> None:
    def dialog(seen: Dialog) -> None:
        watch.dialogs.append(seen.message)
        seen.dismiss()

    def console(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            watch.said.append(message.text)

    def request(seen: Request) -> None:
        if not seen.url.startswith(_LOCAL):
            watch.requests.append(seen.url)

    page.on("dialog", dialog)
    page.on("console", console)
    page.on("pageerror", lambda error: watch.said.append(str(error)))
    page.on("request", request)
    page.on("popup", lambda popup: watch.requests.append(f"popup: {popup.url}"))
