"""A judge file that is served as ``judge serve`` serves it, for the browser's tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from runner.judging.desk import Desk
from runner.judging.exporting import ExportRequest, export
from runner.judging.serving import Desktop
from tests.pages.browser import Opener, Watch
from tests.runner.judging.an_experiment import Experiment, add_run, make
from tracking.judging import door

NAMES = ("relevance", "actionability", "tone")


def exported(tmp_path: Path, texts: int = 4, text: Callable[[str, int], str] | None = None) -> Experiment:
    """An experiment of two models and one prompt, and its judge file."""
    made = make(tmp_path, ("demo-5M:F16",), ("p2-mentor",), 0, 0)
    for model, count in (("demo-5M:F16", texts // 2), ("secret-9B:Q4_K_M", texts - texts // 2)):
        add_run(made, model, "p2-mentor", count, 1, text)
    export(ExportRequest(made.name, made.out, made.results, made.runs_root, judge="ann"))
    return made


def scores(made: Experiment) -> list[list[int | None]]:
    """What is in the file, in its order."""
    return [[candidate["scores"][name] for name in NAMES] for candidate in made.judge_file()["candidates"]]


@contextmanager
def served(made: Experiment, runs_root: Path | None = None) -> Iterator[door.Door]:
    """The file's page, until the block ends."""
    desk = Desk(made.out, runs_root or made.runs_root, time.monotonic)
    with door.opened(0, Desktop(desk).answer) as here:
        yield here


@dataclass
class Judge:
    """Somebody at the page."""

    page: Page
    watch: Watch

    def types(self, keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def saved(self) -> None:
        expect(self.page.locator("#saved.good")).to_be_visible()

    def stands_at(self, number: int, criterion: str) -> None:
        total = self.page.locator("#bar").get_attribute("max")
        expect(self.page.locator("#place")).to_have_text(f"Text {number} of {total}")
        expect(self.page.locator(".card.open .name")).to_have_text(criterion)

    def reload(self) -> None:
        self.page.reload()
        ready(self.page)


def ready(page: Page) -> None:
    page.wait_for_selector("html[data-ready]", state="attached", timeout=60_000)


@contextmanager
def judging(opened: Opener, address: str, **context: Any) -> Iterator[Judge]:
    """The page, open in a browser of its own."""
    with opened.blank(**context) as (page, watch):
        page.goto(address)
        ready(page)
        yield Judge(page, watch)
