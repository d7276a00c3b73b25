"""What the judge's page asks for: itself, a look at the file, and that scores are saved."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any, Final

from core.errors import BadInput, BenchError
from reports.pages.judge_page import JudgeView, Served, fault_page, judge_page
from runner.judging.desk import Conflict, Desk
from runner.judging.opening import Opened
from runner.pages import assets
from tracking.judging.door import Reply

_MOST_CHANGES: Final = 5000


class Desktop:
    """Answers for one desk."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def answer(self, method: str, path: str, body: bytes) -> Reply:
        """Raises nothing that a page or a file can bring about."""
        if (method, path.partition("?")[0]) == ("GET", ""):
            return self._page()
        if method == "GET" and path.startswith("look/"):
            return self._look(path.removeprefix("look/"))
        if (method, path) == ("POST", "save"):
            return self._save(body)
        return Reply(404, b"There is nothing here.\n")

    def _page(self) -> Reply:
        try:
            page = judge_page(self._view(*self.desk.current()), assets())
        except BadInput as error:
            return _html(409, fault_page(str(error), assets()))
        return _html(200, page)

    def _look(self, known: str) -> Reply:
        revision, changed = self.desk.look()
        news = {} if str(revision) == known else self._news()
        return _json(200, {"changed": changed, **news})

    def _news(self) -> dict[str, Any]:
        """What is given by now, for a page that lags behind."""
        with self.desk.held():
            return {"revision": self.desk.revision, "entries": [
                {"id": entry.entry_id, "scores": dict(entry.scores), "note": entry.note}
                for entry in self.desk.opened.file.entries]}

    def _view(self, opened: Opened, revision: int) -> JudgeView:
        desk, file = self.desk, opened.file
        return JudgeView(
            file_id=file.file_id, experiment=file.experiment, judge=file.judge, rubric=opened.rubric,
            entries=[{"id": entry.entry_id, "scenario": dict(entry.scenario), "text": entry.text,
                      "scores": dict(entry.scores), "note": entry.note} for entry in file.entries],
            revision=revision, saved_in=desk.path.name, next_step=next_step(opened, desk),
            command=command(opened, desk), spent_s=desk.spent_s, finished=desk.finished,
        )

    def _save(self, body: bytes) -> Reply:
        try:
            revision, changes = _asked(body)
            now = self.desk.save(revision, changes)
        except Conflict as conflict:
            news = self._news() if conflict.by == "tab" else {}
            return _json(409, {"by": conflict.by, "error": str(conflict), **news})
        except BadInput as error:
            return _json(400, {"by": "page", "error": str(error)})
        except BenchError as error:
            return _json(503, {"by": "disk", "error": str(error)})
        return _json(200, {"revision": now, "spent_s": self.desk.spent_s, "finished": self.desk.finished})


def next_step(opened: Opened, desk: Desk) -> str:
    """What to do with a file that has all its scores."""
    if opened.exported_here:
        return "Stop judge serve in its terminal (Ctrl+C), then:"
    return (f"Stop judge serve in its terminal (Ctrl+C), and send {desk.path.name} back to whoever gave it to you: its "
            "scores are applied there, because the key to its texts is there.")


def command(opened: Opened, desk: Desk, *, partial: bool = False) -> str:
    """The command that follows, if it can follow here."""
    if not opened.exported_here:
        return ""
    root = "" if str(desk.runs_root) == "runs" else f" --runs-root {shlex.quote(str(desk.runs_root))}"
    return f"./bench_runner.py judge apply {shlex.quote(str(desk.path))}{' --partial' if partial else ''}{root}"


def _asked(body: bytes) -> tuple[int, list[Mapping[str, Any]]]:
    """Raises BadInput for what no page of ours sends."""
    try:
        value = json.loads(body)
        revision, changes = value["revision"], value["changes"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise BadInput("what the page sent could not be read; load it anew") from None
    if not isinstance(revision, int) or not isinstance(changes, list) or len(changes) > _MOST_CHANGES \
            or not all(isinstance(change, dict) for change in changes):
        raise BadInput("what the page sent could not be read; load it anew")
    return revision, changes


def _json(status: int, value: Mapping[str, Any]) -> Reply:
    return Reply(status, json.dumps(value).encode("ascii"), "application/json")


def _html(status: int, page: Served) -> Reply:
    return Reply(status, page.html.encode("utf-8"), "text/html; charset=utf-8",
                 {"Content-Security-Policy": f"{page.policy}; frame-ancestors 'none'"})
