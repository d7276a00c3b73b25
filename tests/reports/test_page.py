"""The page of one run."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from core.doubts import Doubt, Example
from reports.page import to_html

RECORD: dict[str, Any] = {
    "timestamp": "2026-11-21T04:29:48Z", "benchmark": "math", "model": "demo-5M:Q8_0", "run_id": "r1",
    "results": {"score": 50.0, "total_passed": 1, "total_problems": 2, "failed_tasks": ["math/1"], "time_taken": 3.5},
    "interval": [9.5, 90.5], "validity": {"status": "ok", "reasons": []}, "outcomes": {"correct": 1, "wrong": 1},
}


class _Seen(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not any(name.startswith("on") or (value or "").startswith("http") for name, value in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_says_what_the_record_says() -> None:
    seen = _Seen(to_html(RECORD))
    for words in ("math", "demo-5M:Q8_0", "50.0 %", "9.5 to 90.5 %", "1 of 2 tasks", "math/1", "3.5 s"):
        assert words in seen.text
    assert "script" not in seen.tags
    assert "Suspect" not in seen.text


def test_a_doubtful_score_says_so_above_everything() -> None:
    record = {**RECORD, "validity": {"status": "suspect", "reasons": ["2 of 2 tasks cut off by the token limit"]}}
    text = _Seen(to_html(record)).text
    assert text.index("Suspect: 2 of 2 tasks") < text.index("Outcomes")


def test_the_page_has_the_evidence_and_the_word_beside_the_score() -> None:
    record = {**RECORD, "validity": {"status": "suspect", "reasons": ["why"], "hints": ["--max-tokens 64: do"]}}
    evidence = [Doubt("looping", 2, [Example("math/1", 0, "length", 9, "<b>one\none")]), Doubt("empty", 1, [])]
    page = to_html(record, evidence)
    seen = _Seen(page)
    assert "50.0 % suspect" in seen.text
    assert "To do: --max-tokens 64: do" in seen.text
    for words in ("Evidence", "ends by repeating itself: 2", "<b>one\\none", "answered with nothing: 1"):
        assert words in seen.text
    assert "b" not in seen.tags


def test_nothing_in_a_foreign_record_becomes_markup() -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>\x1b[2J"
    record = {**RECORD, "benchmark": evil, "model": evil, evil: {evil: evil},
              "validity": {"status": evil, "reasons": [evil]}, "outcomes": {evil: 1},
              "results": {**RECORD["results"], "failed_tasks": [evil],
                          "difficulty_scores": {evil: {"passed": 1, "total": 2}}}}
    page = to_html(record)
    seen = _Seen(page)
    assert not {"script", "img"} & set(seen.tags)
    assert "\x1b" not in page


def test_a_minimal_record_of_another_program_has_a_page() -> None:
    minimal = {"timestamp": "t", "benchmark": "b", "model": "m", "results": {"score": 12.5}}
    assert "12.5 %" in _Seen(to_html(minimal)).text
    assert "no score" in _Seen(to_html({**minimal, "results": {}})).text
