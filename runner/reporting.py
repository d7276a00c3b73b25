"""``report --run-dir``: one run's folder as a page, and the same page, less its charts, at the end of every run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import BadInput
from ledger.folder import RunFolder
from reports.pages.run_page import to_html
from runner.pages import assets
from runner.run_view import open_folder, run_view
from system import files


@dataclass(frozen=True, slots=True)
class Written:
    """The page, and what was to be said of the folder."""

    path: Path
    remarks: tuple[str, ...]


def report(run_dir: str, out: str | None = None) -> Written:
    """Writes the page to ``out``, else as ``report.html`` into the run's folder.

    Raises BadInput where the folder is no run's or nothing can be written there.
    """
    from reports.charts.drawing import to_svg  # noqa: PLC0415  # draws by a library of 33 MB

    folder = open_folder(run_dir)
    view = run_view(folder)
    path = folder.path / "report.html" if out is None else Path(out)
    if out is not None:
        _refuse_what_is_no_page(path)
    try:
        files.atomic_write(path, to_html(view, assets(), to_svg).encode("utf-8", "replace"))
    except OSError as error:
        raise BadInput(f"{path}: the page cannot be written there ({error.strerror}); {files.remedy(error)}, or name "
                       "another place with --out") from error
    return Written(path, tuple(view.remarks))


def _refuse_what_is_no_page(path: Path) -> None:
    """Raises BadInput where a file is there that is no page: a record, say, or replies, whose name was mistyped."""
    try:
        if not path.exists() or path.is_dir():
            return  # or what is there is said when it is written
        if path.is_file():
            with path.open("rb") as file:
                start = file.read(64).lstrip().lower()
            if not start or start.startswith((b"<!doctype html", b"<html")):
                return
    except OSError:
        return
    raise BadInput(f"--out {path}: there is a file that is no page, which is not written over; name another")


def at_the_end(folder: RunFolder, record: Mapping[str, Any]) -> None:
    """``report.html`` of a run that has just come to its end; its charts are left to ``report``, whose library would
    stay in this process, beside the model, for a picture that may never be looked at.
    """
    folder.write_report(to_html(run_view(folder, record), assets()))
