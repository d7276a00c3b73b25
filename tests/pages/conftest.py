"""One browser for all tests of a worker; each test opens pages of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.pages.browser import Opener, launch

expect.set_options(timeout=60_000)  # milliseconds; a machine may be busy with other tests


@pytest.fixture(scope="session")
def opened() -> Iterator[Opener]:
    """``with opened(path) as (page, watch)``."""
    with sync_playwright() as playwright, launch(playwright) as browser:
        yield Opener(browser)
