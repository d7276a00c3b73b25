"""The comparison as people and programs get it, whole tables at a time."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console, RenderableType

from analysis.comparison import compare_runs
from analysis.pairs import tasks_sha256
from analysis.wilson import wilson
from reports.compare import CSV_KEYS, rows
from reports.run_summary import to_rich_summary
from reports.show import to_rich as show
from reports.table import to_csv, to_json, to_markdown, to_rich

SIZES = {"F16": 10_017_632, "Q8_0": 5_348_224, "Q4_K_M": 3_128_192, "Q2_K": 2_043_776}


def record(quantization: str, failed: int, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "timestamp": "2026-11-21T04:00:00Z", "benchmark": "math", "model": f"demo-5M:{quantization}", "format": 1,
        "run_id": f"r-{quantization}", "status": "complete", "tasks_sha256": tasks_sha256(map(str, range(120))),
        "config": {"base_name": "demo-5M", "quantization": quantization, "size_bytes": SIZES[quantization],
                   "backend": "xllamacpp", "isolation": "full", "sampling": {"temperature": 0.0}},
        "results": {"score": 100 * (120 - failed) / 120, "time_taken": 47.3 + failed, "total_passed": 120 - failed,
                    "total_problems": 120, "failed_tasks": [str(number) for number in range(failed)]},
        "interval": list(wilson(120 - failed, 120) or ()), "outcomes": {"correct": 120 - failed, "wrong": failed},
        "validity": {"status": "ok", "reasons": []}, "latency": {"tokens_per_second": 645.2}}
    for key, value in more.items():
        found[key] = {**found[key], **value} if isinstance(found.get(key), dict) else value
    return found


LADDER = [
    record("F16", 30), record("Q8_0", 31), record("Q4_K_M", 36),
    record("Q2_K", 82, outcomes={"wrong": 70, "truncated": 12}, bounds=[31.7, 41.7], validity={
        "status": "suspect", "reasons": ["12 of 120 tasks cut off by the token limit"]}),
]

FOREIGN = {"timestamp": "2025-01-01T00:00:00Z", "benchmark": "lcb", "model": "Qwen2.5-Coder-7B-Q4_K_M.gguf",
           "results": {"score": 31.1}}

EVIL = {"timestamp": "\x1b[2J", "benchmark": "lcb", "model": "a\x1b]0;x\x07[red]b\u202e\n| <b>",
        "results": {"score": 1e308, "failed_tasks": ["\x1b[31mx"]}, "config": {"\x1b[1m": "\x1b[5m"},
        "outcomes": {"\x1b[3m": 3}, "validity": {"status": "\x1b", "reasons": ["\x9b31m"]}, "x\r": ["\r"]}


def shown(what: RenderableType, width: int) -> str:
    console = Console(width=width, file=io.StringIO(), record=True, color_system=None, legacy_windows=False)
    console.print(what)
    return "\n".join(line.rstrip() for line in console.export_text().splitlines())


def test_a_ladder_of_quantizations_as_a_terminal_of_100_columns_shows_it() -> None:
    assert shown(to_rich(rows(compare_runs(LADDER)), 100), 100) == """\
math: demo-5M, 120 tasks
Quant.     Score % [95 %]  Validity  vs baseline          [95 %]  p (Holm)  Lost/won  Tok/s     Size
────────────────────────────────────────────────────────────────────────────────────────────────────
F16     75.0 [66.6, 81.9]  ok           baseline                                        645  10.0 MB
Q8_0    74.2 [65.7, 81.2]  ok               -0.8     [-4.6, 2.3]     1.000       1/0    645   5.3 MB
Q4_K_M  70.0 [61.3, 77.5]  ok               -5.0   [-10.5, -1.7]     0.062       6/0    645   3.1 MB
Q2_K    31.7 [24.0, 40.4]  suspect   lower -43.3  [-52.3, -34.8]   < 0.001      52/0    645   2.0 MB
  Q8_0 cannot be told from F16 on 120 tasks (a difference of 7.5 points would have shown); it is
  about as fast and 4.7 MB smaller. Q4_K_M is 5.0 points [1.7, 10.5] below F16, which is clear by
  itself and not as one of 3 comparisons. Q2_K is suspect, so nothing is said of it.
  Q2_K is suspect: 12 of 120 tasks cut off by the token limit

[low, high]: 95 % interval of the score (Wilson).
vs baseline: points against the row marked baseline, on the same tasks; 'lower' and 'higher' only
where an exact paired test (McNemar) gives p < 0.05 after Holm's correction for all comparisons of
the group.
[95 %] of the difference: Tango's interval, each by itself.
Lost/won: tasks that only the baseline passed, and that only this run passed; --flips lists them.
Left out for want of width: Isolation, Date, Same verdict, Would show, Time."""


def test_80_columns_leave_out_whole_columns_and_say_which() -> None:
    text = shown(to_rich(rows(compare_runs(LADDER)), 80), 80)
    assert "Q2_K    31.7 [24.0, 40.4]  suspect   lower -43.3      52/0    645   2.0 MB" in text
    assert "Left out for want of width: Isolation, Date, Same verdict, Would show, Time, p" in text
    assert "Tasks" not in text, "their number is in the title where it is the same for all"


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
def test_no_line_is_wider_than_the_terminal_and_the_score_is_always_whole(width: int) -> None:
    text = shown(to_rich(rows(compare_runs([*LADDER, FOREIGN])), width), width)
    assert all(cell_len(line) <= width for line in text.splitlines())
    if width >= 60:
        assert "31.7 [24.0, 40.4]" in text
        assert "lower -43.3" in text


def test_a_minimal_foreign_record_is_a_row_with_blanks_and_no_empty_columns() -> None:
    assert shown(to_rich(rows(compare_runs([FOREIGN])), 80), 80) == """\
lcb: Qwen2.5-Coder-7B
Quant.  Score % [95 %]  Date
──────────────────────────────────
Q4_K_M            31.1  2025-01-01
"""


def test_rows_that_differ_in_settings_get_letters_and_a_note_on_what_differs() -> None:
    other = record("Q8_0", 40, config={"backend": "llama-server", "sampling": {"temperature": 0.8}})
    text = shown(to_rich(rows(compare_runs([LADDER[0], LADDER[1], other])), 100), 100)
    assert "Q8_0 (a): backend xllamacpp, sampling.temperature 0" in text
    assert "Q8_0 (b): backend llama-server, sampling.temperature 0.8" in text
    assert "Q8_0 (b) is not held against F16: other settings." in text


def test_runs_on_other_tasks_are_labelled_unpaired() -> None:
    text = shown(to_rich(rows(compare_runs([LADDER[0], record("Q2_K", 80, tasks_sha256="other")])), 100), 100)
    assert "unpaired" in text
    assert "Q2_K is not held against F16: different tasks." in text


def test_models_and_versions_have_tables_of_their_own_under_other_headings() -> None:
    small = record("Q8_0", 60, model="demo-3M:Q8_0", config={"base_name": "demo-3M", "size_bytes": 3_000_000})
    newer = record("Q8_0", 31, timestamp="2026-11-22T04:00:00Z", run_id="newer", config={"server_build": "b2"})
    text = " ".join(shown(to_rich(rows(compare_runs([*LADDER, small, newer])), 110), 110).split())
    assert "math: models against each other, 120 tasks Model" in text
    assert "demo-3M:Q8_0 is worse than demo-5M:F16 by 25.0 points [18.1, 33.4]" in text
    assert "math: demo-5M before and after, 120 tasks Version" in text
    assert "Q8_0 (b2) cannot be told from Q8_0 (version unknown) on 120 tasks" in text
    assert "a version against the one before it" in text


def test_memory_energy_and_the_front_are_shown_where_they_are_known() -> None:
    more = {"memory": {"server_rss_bytes": 68_700_000, "gpu_bytes": 2_000_000_000}, "energy": {"energy_j": 900.0}}
    runs = [record("F16", 30, **more), record("Q8_0", 31, **more)]
    table = rows(compare_runs(runs))
    text = shown(to_rich(table, 200), 200)
    assert "68.7 MB  2.00 GB  10.0 MB      10.0" in text
    assert "F16 *" in text
    assert "Q8_0 *" not in text, "slower by nothing, larger by nothing, and lower in score"
    assert "Marked *: on the Pareto front" in text
    assert "| F16 * |" in to_markdown(table)
    first, second = csv.DictReader(io.StringIO(to_csv(table, CSV_KEYS)))
    assert (first["pareto"], second["pareto"], first["energy_per_solved_j"]) == ("True", "", "10.0")


def test_joules_of_which_not_the_same_was_metered_are_said_not_to_compare() -> None:
    alone = {"energy": {"energy_j": 900.0, "gpu": {"energy_j": 900.0}}}
    both = {"energy": {"energy_j": 950.0, "gpu": {"energy_j": 800.0}, "cpu": {"energy_j": 150.0}}}
    said = ("J/solved does not compare across these runs, of which not the same was metered: GPU of F16; CPU and GPU "
            "of Q8_0")
    mixed = rows(compare_runs([record("F16", 30, **alone), record("Q8_0", 31, **both)]))
    assert said in shown(to_rich(mixed, 200), 200)
    assert said in to_markdown(mixed)
    assert [row["energy_of"] for row in json.loads(to_json(mixed))] == [["gpu"], ["cpu", "gpu"]]
    alike = rows(compare_runs([record("F16", 30, **both), record("Q8_0", 31, **both), record("Q4_K_M", 36)]))
    assert "does not compare" not in shown(to_rich(alike, 200), 200)


def test_what_is_said_of_texts_that_could_not_be_read_stands_below_the_table() -> None:
    assert "Texts left out: x\\x1b" in shown(to_rich(rows(compare_runs(LADDER), ["Texts left out: x\x1b"]), 80), 80)


def test_what_asking_twice_changed_stands_beside_the_differences() -> None:
    twice = {"tasks": 40, "texts_differ": 9, "verdicts_differ": 2, "differing": [], "flipped": []}
    text = shown(to_rich(rows(compare_runs([{**LADDER[0], "audit": twice}, *LADDER[1:]])), 110), 110)
    assert "F16     75.0 [66.6, 81.9]  ok           baseline                                2 of 40    645" in text
    assert "F16 asked twice: 2 of 40 verdicts differed, 9 texts" in text
    assert ("Q4_K_M is within the noise floor: it disagrees with demo-5M:F16 on 6 tasks, no larger a share than the "
            "same model asked twice with itself") in " ".join(text.split())
    assert "Q2_K is within" not in text
    table = rows(compare_runs([{**LADDER[0], "audit": twice}, *LADDER[1:]]))
    listed = list(csv.DictReader(io.StringIO(to_csv(table, CSV_KEYS))))
    assert [(row["audit_tasks"], row["audit_verdicts_differ"], row["within_noise"]) for row in listed] == [
        ("40", "2", ""), ("", "", "True"), ("", "", "True"), ("", "", "False")]
    assert json.loads(to_json(table))[2]["within_noise"] is True
    assert "within_noise" not in json.loads(to_json(rows(compare_runs(LADDER))))[2]


def test_markdown_has_a_table_a_section_that_can_also_be_read_as_it_is() -> None:
    assert to_markdown(rows(compare_runs(LADDER[:1] + LADDER[3:]))) == r"""### math: demo-5M, 120 tasks

| Quant. | Score % [95 %] | Validity | vs baseline | [95 %] | p (Holm) | Lost/won | Tok/s | Time | Size |
| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| F16 | 75.0 [66.6, 81.9] | ok | baseline |  |  |  | 645 | 1 min 17 s | 10.0 MB |
| Q2_K | 31.7 [24.0, 40.4] | suspect | lower -43.3 | [-52.3, -34.8] | \< 0.001 | 52/0 | 645 | 2 min 09 s | 2.0 MB |

Q2_K is suspect, so nothing is said of it.

- Q2_K is suspect: 12 of 120 tasks cut off by the token limit

- \[low, high\]: 95 % interval of the score (Wilson).
- vs baseline: points against the row marked baseline, on the same tasks; 'lower' and 'higher' only
  where an exact paired test (McNemar) gives p \< 0.05 after Holm's correction for all comparisons of the group.
- [95 %] of the difference: Tango's interval, each by itself.
- Lost/won: tasks that only the baseline passed, and that only this run passed; --flips lists them.
""".replace("\n  ", " ")


def test_csv_and_json_carry_numbers_and_leave_out_what_is_unknown() -> None:
    table = rows(compare_runs([*LADDER, FOREIGN]))
    foreign, *ladder = list(csv.DictReader(io.StringIO(to_csv(table, CSV_KEYS))))
    assert float(ladder[3]["score"]) == pytest.approx(31.6667, abs=1e-4)
    assert ladder[3]["against"] == "clearly lower"
    assert ladder[3]["total_passed"] == "38"
    assert foreign["interval_low"] == foreign["tokens_per_second"] == ""
    listed = json.loads(to_json(table))
    assert listed[0] == {"group": "quantizations", "benchmark": "lcb", "model": FOREIGN["model"],
                         "base": "Qwen2.5-Coder-7B", "quantization": "Q4_K_M", "timestamp": FOREIGN["timestamp"],
                         "score": 31.1}
    assert listed[4]["reasons"] == ["12 of 120 tasks cut off by the token limit"]


def test_an_empty_ledger_is_said_to_be_empty() -> None:
    table = rows([])
    assert shown(to_rich(table, 80), 80) == "No runs yet."
    assert to_markdown(table) == "No runs yet.\n"
    assert to_json(table) == "[]\n"


def test_in_a_log_no_sentence_is_broken_or_cut() -> None:
    console = Console(width=80, file=io.StringIO(), record=True, color_system=None, legacy_windows=False)
    table = rows(compare_runs(LADDER))
    console.print(to_rich(table, 80), soft_wrap=True)
    lines = console.export_text().splitlines()
    said = [text for section in table.sections for text in (section.says, *section.notes)]
    assert said
    assert [text for text in said if f"  {text}" not in lines] == []


def test_a_spreadsheet_takes_no_name_for_a_formula() -> None:
    text = to_csv(rows(compare_runs([{**FOREIGN, "model": "=1+1"}])), CSV_KEYS)
    assert next(csv.DictReader(io.StringIO(text)))["model"] == "'=1+1"


def all_reports(records: list[Any]) -> list[str]:
    table = rows(compare_runs(records, every_run=True))
    return [shown(to_rich(table, 80), 80), to_markdown(table), to_csv(table, CSV_KEYS),
            *(shown(to_rich(table, width), width) for width in (30, 200)),
            *(shown(show(one, "runs/x"), 80) for one in records),
            *(shown(to_rich_summary([one], [], ledger="l.json", run_folders=["runs/x"], width=80), 80)
              for one in records)]


def test_escape_codes_in_a_ledger_reach_no_terminal() -> None:
    texts = all_reports([EVIL, FOREIGN])
    for text in texts:
        assert all(unicodedata.category(char) not in {"Cc", "Cf", "Cs"} for char in text if char != "\n")
    assert r"a\x1b]0;x\x07[red]b\u202e\x0a| <b>" in texts[0], "brackets of a name are no markup"
    assert "\\|" in texts[1]
    assert "\\<b>" in texts[1]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3), max_leaves=5)
hostile = st.fixed_dictionaries(
    {"timestamp": json_values, "benchmark": st.text(max_size=4), "model": st.text(max_size=8),
     "results": st.dictionaries(st.sampled_from(
         ["score", "total_passed", "total_problems", "failed_tasks", "difficulty_scores", "field_scores"]),
         json_values)},
    optional=dict.fromkeys(("faults", "audit", "thinking", "checks", "config",
                            "validity", "interval", "bounds", "tasks_sha256", "outcomes", "latency", "status",
                            "run_id", "usage", "provenance", "energy", "mine"), json_values))


@settings(max_examples=60, deadline=None)
@given(st.lists(hostile, max_size=3))
def test_any_ledger_can_be_shown_without_a_control_character(records: list[dict[str, Any]]) -> None:
    for text in all_reports(records):
        assert all(unicodedata.category(char) not in {"Cc", "Cf", "Cs"} for char in text if char != "\n")
        text.encode("utf-8")
    json.loads(to_json(rows(compare_runs(records))))


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values inside a record."""
    inner = value.items() if isinstance(value, dict) else []
    return [place for key, item in inner for place in ((*path, key), *places(item, (*path, key)))]


PAIRING = [
    record("F16", 30, memory={"server_rss_bytes": 7, "gpu_bytes": 8}, energy={"energy_j": 9.0},
           audit={"tasks": 4, "texts_differ": 1, "verdicts_differ": 1}, provenance={"host": {"cpu": "c"}}),
    record("Q2_K", 80, bounds=[1.0, 2.0], validity={"status": "suspect", "reasons": ["x"]}),
    record("Q8_0", 31, config={"server_build": "b1", "slots": 1}),
    record("Q8_0", 33, config={"server_build": "b2", "slots": 2}, timestamp="2026-12-01"),
    record("Q8_0", 60, model="demo-3M:Q8_0", config={"base_name": "demo-3M"}),
]

bad = json_values | st.sampled_from(
    ["\x1b[31m", "\ud800", "\u202e", -1, 0, 1e308, -1e308, 10**400, True, [], {}, "| <b>", ["\x1b"], [1.0, "x"]])


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_records_that_pair_but_for_a_few_odd_values_can_be_shown(data: st.DataObject) -> None:
    records = json.loads(json.dumps(PAIRING))
    for _ in range(data.draw(st.integers(1, 4))):
        one = data.draw(st.sampled_from(records))
        *way, last = data.draw(st.sampled_from(places(one)))
        inner = one
        for key in way:
            inner = inner[key]
        inner[last] = data.draw(bad)
    table = rows(compare_runs(records, listed=True))
    for text in (shown(to_rich(table, 80), 80), shown(to_rich(table, 200), 200), to_markdown(table),
                 to_csv(table, CSV_KEYS), to_json(table)):
        assert all(unicodedata.category(char) not in {"Cc", "Cf", "Cs"} for char in text if char != "\n")
