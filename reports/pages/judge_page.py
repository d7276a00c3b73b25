"""The page on which a person judges: the rubric beside each text, blind.

All that comes from the judge's file is data, which the page's script shows as text. What is not in that file (models,
prompts, runs) cannot be in the page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.rubric import Rubric
from reports.pages.embed import packed_block
from reports.pages.frame import Assets, Page, policy_of, render
from reports.text import escape

_STYLES = ("judge.css",)
_SCRIPTS = ("judge_desk.js", "judge_show.js", "judge.js")


@dataclass(frozen=True, slots=True)
class JudgeView:
    """What the page shows."""

    file_id: str
    experiment: str
    judge: str
    rubric: Rubric
    entries: Sequence[Mapping[str, Any]]
    """``id``, ``scenario``, ``text``, ``scores``, ``note``."""
    revision: int
    saved_in: str
    """The file's name."""
    next_step: str
    """A sentence: what to do when all is judged."""
    command: str
    """And the command, if there is one."""
    spent_s: float = 0.0
    finished: int = 0


@dataclass(frozen=True, slots=True)
class Served:
    """A page and its policy."""

    html: str
    policy: str


def judge_page(view: JudgeView, assets: Assets) -> Served:
    """The page with everything in it that was scored so far."""
    rubric = view.rubric
    data = {
        "file": view.file_id, "revision": view.revision, "saved_in": view.saved_in, "spent_s": view.spent_s,
        "finished": view.finished, "entries": list(view.entries),
        "rubric": {
            "version": rubric.version, "instructions": rubric.instructions,
            "scale": list(range(rubric.lowest, rubric.highest + 1)),
            "criteria": [
                {"name": one.name, "question": one.question,
                 "anchors": [{"score": anchor.score, "meaning": anchor.meaning, "examples": list(anchor.examples)}
                             for anchor in one.anchors]}
                for one in rubric.criteria
            ],
        },
    }
    values = {
        "title": f"Judging {escape(view.experiment)}", "judge": escape(view.judge), "version": escape(rubric.version),
        "saved_in": escape(view.saved_in), "next_step": escape(view.next_step, None),
        "command": escape(view.command, None), "blocks": packed_block("told", data),
    }
    return _served(Page("judge.html", values, _STYLES, _SCRIPTS, server=True), assets)


def fault_page(what: str, assets: Assets) -> Served:
    """Instead of the page, when the file cannot be read any more."""
    return _served(Page("judge_fault.html", {"what": escape(what, None)}, _STYLES, server=True), assets)


def _served(page: Page, assets: Assets) -> Served:
    return Served(render(page, assets), policy_of(page, assets))
