"""The files that pages are made of, read for the room that reads none."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from reports.pages.frame import Assets


@cache
def assets() -> Assets:
    """All of ``reports/pages/assets/``."""
    folder = files("reports.pages") / "assets"
    return Assets({file.name: file.read_text("utf-8") for file in folder.iterdir() if file.is_file()})
