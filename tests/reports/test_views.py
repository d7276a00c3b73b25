"""One record, the words after a run, the live display; how numbers and foreign text are written."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console, RenderableType

from analysis.comparison import compare_runs
from core.doubts import Doubt, Example
from reports import numbers
from reports.live import LiveState, plain_line, render
from reports.run_summary import line, loops_line, to_rich_summary
from reports.show import to_rich as show
from reports.text import escape

RECORD = {
    "timestamp": "2026-11-21T04:00:00Z", "benchmark": "math", "model": "demo-5M:Q2_K", "format": 1, "run_id": "r1",
    "status": "incomplete", "config": {"base_name": "demo-5M", "quantization": "Q2_K", "size_bytes": 2_043_776,
                                       "isolation": "full", "sampling": {"temperature": 0.1, "seed": 0}},
    "results": {"score": 40.0, "time_taken": 129.3, "total_passed": 2, "total_problems": 5,
                "failed_tasks": ["math/1", "math/2", "math/10"],
                "difficulty_scores": {"easy": {"passed": 2, "total": 2}, "hard": {"passed": 0, "total": 3}},
                "field_scores": {"score": 62.5, "fields": {"age": {"passed": 3, "total": 4}}}},
    "interval": [11.8, 76.9], "bounds": [40.0, 60.0],
    "outcomes": {"correct": 2, "wrong": 2, "truncated": 1, "lost": 1},
    "validity": {"status": "suspect", "reasons": ["1 of 6 tasks lost, without a reply"]},
    "usage": {"requests": 6, "completion_tokens": 23456}, "latency": {"tokens_per_second": 645.2},
    "provenance": {"host": {"cores": 2}}, "their_field": {"a": [1, 2]},
}


def shown(what: RenderableType, width: int = 80) -> str:
    console = Console(width=width, file=io.StringIO(), record=True, color_system=None, legacy_windows=False)
    console.print(what)
    return "\n".join(line.rstrip() for line in console.export_text().splitlines())


def test_one_record_is_shown_in_full() -> None:
    assert shown(show(RECORD, "runs/r1", [])) == """\
math  demo-5M:Q2_K
  Score         40.0 % (suspect), 95 % interval 11.8 to 76.9 %
  Bounds        40.0 to 60.0 % had all truncated tasks failed or passed
  Passed        2 of 5 tasks
  Validity      suspect:
                1 of 6 tasks lost, without a reply
  Status        incomplete
  When          2026-11-21T04:00:00Z
  Run           r1
  Folder        runs/r1

Outcomes
  correct       2
  wrong         2
  truncated     1
  lost          1  (not in the denominator)

By difficulty
  easy          2 of 2  (100.0 %)
  hard          0 of 3  (0.0 %)

By field
  mean over tasks  62.5 %
  age              3 of 4  (75.0 %)

Tokens and time
  time taken           2 min 09 s
  tokens/s, all slots  645
  requests             6
  completion tokens    23,456

Settings
  base_name             demo-5M
  quantization          Q2_K
  size_bytes            2.0 MB
  isolation             full
  sampling.temperature  0.1
  sampling.seed         0

Provenance
  host.cores    2

Other fields
  their_field.a  [1, 2]

Failed tasks (3)
  math/1  math/2  math/10"""


DOUBTED = {
    **RECORD,
    "validity": {"status": "suspect", "reasons": ["2 of 6 tasks cut off inside thinking that never closed"],
                 "hints": ["--max-tokens 4096: 2 of 6 replies were cut at 512 tokens"]},
    "faults": [{"kind": "timeout", "count": 3, "reason": "no reply within 2 s"}, "odd"],
    "thinking": {"tokens": 14574, "share": 0.6213, "unclosed": 2, "estimated": True},
    "audit": {"tasks": 3, "texts_differ": 2, "verdicts_differ": 1, "differing": ["math/1", "math/2"]},
    "checks": {"sampling": "as asked", "template": "keeps the prompt"},
}
EVIDENCE = [
    Doubt("truncated", 2, [Example("math/1", 0, "length", 512, "So, wait.\nLet me"), Example("math/2", 1)]),
    Doubt("failed", 3, [Example("math/10", 0, detail="timeout: no reply within 2 s\x1b[2J")]),
]


def test_a_doubtful_run_is_shown_with_its_evidence_what_to_do_and_what_was_checked() -> None:
    text = shown(show(DOUBTED, "runs/r1", EVIDENCE))
    for block in ("""
  Validity      suspect:
                2 of 6 tasks cut off inside thinking that never closed
  To do         --max-tokens 4096: 2 of 6 replies were cut at 512 tokens
""", """
Evidence
  cut off before the end: 2
    math/1, length, 512 tokens  ... So, wait.\\nLet me
    math/2, sample 1
  requests that brought no reply: 3
    math/10  timeout: no reply within 2 s\\x1b[2J
""", """
Faults in mid-run
  timeout       3 times; no reply within 2 s
                odd

Asked twice
  texts that differ     2 of 3
  verdicts that differ  1 of 3
  tasks                 math/1  math/2
""", """
  completion tokens      23,456
  of them thinking       62.1 %  (estimated from characters)
  thinking never closed  2 replies
""", """
Checks of the server
  sampling      as asked
  template      keeps the prompt
"""):
        assert block in text


def test_without_the_run_folder_a_doubtful_run_says_that_there_are_no_examples() -> None:
    assert "Evidence\n  the run folder is not here, so there are no examples\n" in shown(show(DOUBTED))
    assert "Evidence" not in shown(show({**DOUBTED, "validity": {"status": "ok", "reasons": []}}))


def test_the_last_words_say_what_thinking_cost_what_differed_and_what_to_do() -> None:
    text = shown(to_rich_summary([DOUBTED], [], ledger="l", run_folders=["runs/r1"], width=80))
    assert """
  62.1 % of the tokens spent thinking (estimated), 2 replies never closed it
  asked twice: texts differed for 2 of 3 tasks, verdicts for 1
  timeout: 3 times; no reply within 2 s
  suspect: 2 of 6 tasks cut off inside thinking that never closed
  to do: --max-tokens 4096: 2 of 6 replies were cut at 512 tokens
""" in text


def test_one_line_of_a_doubtful_run_gives_every_reason() -> None:
    record = {**DOUBTED, "validity": {"status": "suspect", "reasons": ["one thing", "another"]}}
    assert line(record) == ("math  demo-5M:Q2_K: score 40.0 % (suspect), 95 % interval 11.8 to 76.9 %, 2 min 09 s; "
                            "suspect: one thing; another")


def test_a_minimal_record_is_shown_with_what_it_has() -> None:
    assert shown(show({"timestamp": 1, "benchmark": "b", "model": "m", "results": {}})) == """\
b  m
  Score         none: no task was scored
  Validity      not known
  When          1"""


def test_thousands_of_failed_tasks_are_cut_and_counted() -> None:
    text = shown(show({"benchmark": "b", "model": "m", "results": {"failed_tasks": list(map(str, range(2005)))}}))
    assert "Failed tasks (2,005)" in text
    assert text.endswith("and 5 more")


def test_one_run_ends_in_a_few_lines() -> None:
    assert shown(to_rich_summary([RECORD], [], ledger="results.json", run_folders=["runs/r1"], width=80)) == """\
math  demo-5M:Q2_K
  score 40.0 % (suspect), 95 % interval 11.8 to 76.9 %
  2 correct, 2 wrong, 1 truncated, 1 lost
  2 min 09 s, 645 tokens/s, isolation full
  tokens: 23,456 of replies
  suspect: 1 of 6 tasks lost, without a reply
Recorded in results.json; details in runs/r1"""


def test_several_runs_end_in_a_table_and_none_in_a_sentence() -> None:
    records = [RECORD, {**RECORD, "model": "demo-5M:F16", "config": {"base_name": "demo-5M", "quantization": "F16"}}]
    text = shown(to_rich_summary(records, compare_runs(records), ledger="l", run_folders=["a", "b"], width=80))
    assert "math: demo-5M" in text
    assert "2 run folders" in text
    assert shown(to_rich_summary([], [], ledger="l", run_folders=[], width=80)) == "No run was finished."


STATE = LiveState("human_eval", "demo-5M:Q4_K_M", "answering", 71, 164, 48.2, (37.0, 59.6), 645.3, 72.3, 96.0, 3,
                  {"correct": 34, "wrong": 30, "no_answer": 5, "truncated": 2, "lost": 0}, 1, 3)


def test_the_live_display_shows_tasks_score_speed_time_and_queue_in_four_lines() -> None:
    lines = shown(render(STATE)).splitlines()
    assert lines[0] == "human_eval  demo-5M:Q4_K_M  run 1 of 3  answering"
    assert lines[1].endswith("71 of 164 tasks")
    assert lines[2] == "score 48.2 % [37.0, 59.6]   645 tok/s   1 min 12 s, about 1 min 36 s left"
    assert lines[3:] == ["34 correct   30 wrong   5 no answer   2 truncated   3 to verify"]
    assert all(cell_len(line) <= 80 for line in lines)


def test_replies_that_loop_are_counted_while_they_come() -> None:
    state = replace(STATE, looping=2)
    assert shown(render(state)).splitlines()[3:] == [
        "34 correct   30 wrong   5 no answer   2 truncated   2 looping   3 to verify"]
    assert plain_line(state).endswith("2 truncated, 2 looping")


def test_before_anything_is_known_the_display_says_what_is_being_done() -> None:
    state = LiveState("math", "demo-5M:Q8_0", "starting the server", elapsed_s=1.25)
    assert shown(render(state)) == "math  demo-5M:Q8_0  starting the server\n1.2 s"
    assert plain_line(state) == "math demo-5M:Q8_0: starting the server"


def test_a_log_gets_one_plain_line_with_the_outcomes_that_matter() -> None:
    assert plain_line(STATE) == ("human_eval demo-5M:Q4_K_M: answering, 71 of 164 tasks, score 48.2 % [37.0, 59.6], "
                                 "645 tok/s, about 1 min 36 s left, 3 to verify, 5 no answer, 2 truncated")


def test_a_models_name_cannot_steer_the_terminal() -> None:
    state = LiveState("math\n", "\x1b[2J[bold]m[/bold]", "x\r")
    assert plain_line(state) == r"math\x0a \x1b[2J[bold]m[/bold]: x\x0d"
    assert r"\x1b[2J[bold]m[/bold]" in shown(render(state))


@given(st.text())
def test_escaped_text_is_printable_and_plain_text_is_left_alone(text: str) -> None:
    safe = escape(text)
    assert safe.isprintable() or all(char.isprintable() or char == "\u3000" or char.isspace() for char in safe)
    assert "\n" not in safe
    assert "\x1b" not in safe
    safe.encode("utf-8")
    if text.isprintable() and len(text) <= 200:
        assert safe == text


def test_long_text_is_cut_in_the_middle() -> None:
    assert escape("a" * 150 + "b" * 150, 25) == "a" * 10 + " ... " + "b" * 10
    assert len(escape("x" * 10**6)) <= 200


@pytest.mark.parametrize(("value", "text"), [
    (None, ""), (0.04, "40 ms"), (0.0996, "0.10 s"), (0.448, "0.45 s"), (0.994, "0.99 s"), (0.996, "1.0 s"),
    (0.0002, "0.20 ms"), (0, "0.0 s"), (9.9, "9.9 s"), (9.96, "10 s"), (59.4, "59 s"), (59.6, "1 min 00 s"),
    (192, "3 min 12 s"), (3599.6, "1 h 00 min"), (3900, "1 h 05 min"), (1e300, "1e+300 s"),
])
def test_seconds_read_well(value: float | None, text: str) -> None:
    assert numbers.seconds(value) == text


@pytest.mark.parametrize(("value", "text"), [
    (None, ""), (12, "12 bytes"), (43_005, "43 kB"), (3_128_192, "3.1 MB"), (999_600_000, "1.00 GB"),
    (4_683_073_184, "4.68 GB"),
])
def test_sizes_read_well(value: float | None, text: str) -> None:
    assert numbers.size(value) == text


def test_points_have_a_sign_unless_they_round_to_nothing() -> None:
    assert [numbers.points(value) for value in (1.25, -12.5, 0.0, -0.04, None)] == ["+1.2", "-12.5", "0.0", "0.0", ""]


def test_rates_and_counts_read_well() -> None:
    assert [numbers.rate(value) for value in (7.31, 99.96, 645.2, 1234.5)] == ["7.3", "100", "645", "1,234"]
    assert numbers.whole(1055) == "1,055"
    assert numbers.percent(48.17) == "48.2 %"


def test_what_cutting_loops_short_saved_is_a_line_of_the_summary() -> None:
    usage = {"loops_cut": 3, "tokens_saved": 5300}
    assert loops_line({"usage": usage, "latency": {"tokens_per_second": 130.0}}) == (
        "3 loops cut short: 5,300 tokens, about 41 s saved at the run's own speed"
    )
    assert loops_line({"usage": usage, "latency": {}}) == "3 loops cut short: 5,300 tokens saved"
    assert loops_line({"usage": {"loops_cut": 1}}) == "1 loop cut short"
    assert loops_line({"usage": {}}) == ""
