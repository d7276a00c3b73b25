"""A sweep's tables: states, times, and nothing that a plan or a log could write to the terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console, RenderableType

from reports import sweep
from reports.sweep import Outlook, Row


def shown(page: RenderableType, width: int = 100) -> str:
    out = io.StringIO()
    Console(file=out, width=width).print(page)
    return out.getvalue()


ROWS = (
    Row("1", "a on math", "done", score="48.0 [40.0, 56.0]", run_id="20260101T000000Z-math-a-000000"),
    Row("2", "b on math", "running", progress="3/20"),
    Row("3", "c on math", "failed", reason="no memory", log_tail=("ggml: out of memory",)),
    Row("4", "d on math", "waiting", estimate_s=192.0, basis="its own runs", tasks=20),
    Row("5", "d on math, sc_fixed n=2", "waiting", estimate_s=0.0, tasks=20),
    Row("6", "e on math", "waiting"),
)


def test_the_status_has_a_line_for_each_cell_and_says_why_those_that_failed_did() -> None:
    text = shown(sweep.to_rich_status("night", ROWS, 100))
    assert text.splitlines()[0] == "night: 6 cells: 1 done, 1 running, 1 failed, 3 waiting"
    assert "running 3/20" in text
    assert "failed: c on math: no memory" in text
    assert "    | ggml: out of memory" in text
    assert "000000" not in text
    assert "20260101T000000Z-math-a-000000" in shown(sweep.to_rich_status("night", ROWS, 160), 160)


def test_what_failed_for_one_reason_is_said_once() -> None:
    rows = [Row(str(number), f"{number} on math", "failed", reason="no memory") for number in range(2_000)]
    told = [line for line in shown(sweep.to_rich_status("night", rows, 100)).splitlines() if line.startswith("failed:")]
    assert told == ["failed: 0 on math and 1,999 more: no memory"]


def test_the_outlook_has_times_their_ground_and_what_comes_first() -> None:
    outlook = Outlook([("d", "memory: 3 GB")], ["hf:x is fetched, 2.0 GB"], ["left out: y"])
    text = shown(sweep.to_rich_outlook("night", ROWS, outlook, 100))
    assert "about 3 min 12 s" in text
    assert "its own runs" in text
    assert "with the one above" in text
    assert "done already" in text
    assert "failed before" in text
    assert "left to do: 3 cells, about 3 min 12 s, and 1 of unknown length" in text
    assert "d: memory: 3 GB" in text
    assert "first: hf:x is fetched, 2.0 GB" in text
    assert "its own runs" not in shown(sweep.to_rich_outlook("night", ROWS, outlook, 80), 80)


@pytest.mark.parametrize(("rows", "line"), [
    ((), "left to do: nothing"),
    (ROWS[:1], "left to do: nothing"),
    (ROWS[5:], "left to do: 1 cell; how long they take is unknown, since nothing like them ran here yet"),
])
def test_what_is_left_is_said_in_a_line(rows: tuple[Row, ...], line: str) -> None:
    assert sweep.total_line(rows) == line


def test_no_text_of_a_plan_a_log_or_a_fault_reaches_the_terminal_as_it_is() -> None:
    evil = "a\x1b[2Jb\u202ec"
    rows = (Row("1", evil, "failed", reason=evil, log_tail=(evil,), run_id=evil),)
    outlook = Outlook([(evil, evil)], [evil], [evil])
    for text in (shown(sweep.to_rich_status(evil, rows, 160), 160),
                 shown(sweep.to_rich_outlook(evil, rows, outlook, 160), 160), sweep.faults_text(evil, [(1, evil)])):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "\\x1b[2J" in text


def test_a_row_as_json_has_no_field_that_nothing_is_known_of() -> None:
    assert ROWS[5].as_json() == {"cell": "6", "label": "e on math", "state": "waiting"}
    assert sweep.facts_of(ROWS)["failures"] == [{"label": "c on math", "reason": "no memory"}]
