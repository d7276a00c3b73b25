"""Records side by side: which rows are shown, in which order, and held against what."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.comparison import compare_runs
from analysis.groups import base_and_quantization, bits
from analysis.pairs import paired, tasks_sha256, unpaired_because
from core.errors import UsageError

SIZES = {"F16": 10_017_632, "Q8_0": 5_348_224, "Q4_K_M": 3_128_192, "Q2_K": 2_043_776}


def record(quantization: str = "Q8_0", failed: int = 10, total: int = 100, **more: Any) -> dict[str, Any]:
    """A record in which the tasks 0 … failed-1 did not pass."""
    found: dict[str, Any] = {
        "timestamp": "2026-11-21T00:00:00Z", "benchmark": "math", "model": f"demo-5M:{quantization}",
        "run_id": f"r-{quantization}", "status": "complete", "tasks_sha256": tasks_sha256(map(str, range(total))),
        "config": {"base_name": "demo-5M", "quantization": quantization, "size_bytes": SIZES.get(quantization),
                   "backend": "xllamacpp", "sampling": {"temperature": 0.0}},
        "results": {"score": 100 * (total - failed) / total, "total_passed": total - failed, "total_problems": total,
                    "failed_tasks": [str(number) for number in range(failed)]},
        "outcomes": {"correct": total - failed, "wrong": failed}, "interval": [1.0, 99.0],
        "validity": {"status": "ok", "reasons": []}}
    for key, value in more.items():
        found[key] = {**found[key], **value} if isinstance(found.get(key), dict) else value
    return found


def test_quantizations_stand_under_their_base_name_larger_first_and_worse_where_they_are_worse() -> None:
    rows = compare_runs([record("Q2_K", 40), record("Q4_K_M", 12), record("F16", 10), record("Q8_0", 10)])
    assert [row["quantization"] for row in rows] == ["F16", "Q8_0", "Q4_K_M", "Q2_K"]
    assert rows[0]["is_baseline"] is True
    assert [row.get("against") for row in rows] == [None, "no clear difference", "no clear difference",
                                                    "clearly lower"]
    assert rows[3]["difference"] == pytest.approx(-30.0)
    assert rows[3]["flips"] == [30, 0]
    assert rows[3]["baseline"] == "demo-5M:F16"
    json.dumps(rows, allow_nan=False)


def test_a_difference_is_called_clear_only_where_the_paired_test_says_so() -> None:
    """Six flips to one side are clear at 5 %, five are not; the same difference made of many flips is not either."""
    assert compare_runs([record("F16", 10), record("Q8_0", 16)])[1]["against"] == "clearly lower"
    assert compare_runs([record("F16", 10), record("Q8_0", 15)])[1]["against"] == "no clear difference"
    other_way = record("Q8_0", 30)
    other_way["results"]["failed_tasks"] = [str(number) for number in range(20, 50)]
    rows = compare_runs([record("F16", 24), other_way])
    assert rows[1]["difference"] == pytest.approx(-6.0)
    assert rows[1]["against"] == "no clear difference"
    assert compare_runs([record("F16", 30), record("Q8_0", 10)])[1]["against"] == "clearly higher"


def test_several_comparisons_of_a_group_are_corrected_together() -> None:
    """Six flips to one side are p = 0.031: clear alone, not as one of two."""
    rows = compare_runs([record("F16", 10), record("Q8_0", 16), record("Q4_K_M", 10)])
    assert (rows[1]["p_value"], rows[1]["p_corrected"], rows[1]["comparisons"]) == (0.03125, 0.0625, 2)
    assert rows[1]["against"] == "no clear difference"
    other = record("F16", 10, model="other:F16", config={"base_name": "other"})
    rows = compare_runs([record("F16", 10), record("Q8_0", 16), other], baseline="demo-5M:F16")
    assert [row.get("comparisons") for row in rows] == [None, 2, 2], "one baseline makes one group across models"


def test_a_pair_carries_its_interval_its_flips_and_what_it_could_have_shown() -> None:
    first, second = record("F16", 12), record("Q8_0", 12)
    second["results"]["failed_tasks"] = [str(number) for number in range(4, 16)]
    row = compare_runs([first, second], listed=True)[1]
    assert row["flips"] == [4, 4]
    assert (row["lost"], row["won"]) == (["12", "13", "14", "15"], ["0", "1", "2", "3"])
    assert row["same_verdicts"] == pytest.approx(92.0)
    low, high = row["difference_interval"]
    assert low == pytest.approx(-high)
    assert 5 < high < 8
    assert 5 < row["would_have_shown"] < 10
    assert "lost" not in compare_runs([first, second])[1]
    few = compare_runs([record("F16", 1, 5), record("Q8_0", 2, 5)])[1]
    assert "would_have_shown" not in few, "five tasks can show no difference whatever"


def test_how_much_faster_is_said_of_one_machine_only_and_names_what_else_was_set_otherwise() -> None:
    fast: dict[str, Any] = {"latency": {"tokens_per_second": 300.0}, "config": {"slots": 4}}
    first = record("F16", latency={"tokens_per_second": 100.0}, config={"slots": 1})
    row = compare_runs([first, record("Q8_0", **fast)])[1]
    assert (row["times_as_fast"], row["faster_by"]) == (3.0, {"slots": [1, 4]})
    assert row["size_difference_bytes"] == SIZES["Q8_0"] - SIZES["F16"]
    elsewhere = record("Q8_0", **fast, provenance={"host": {"cpu": "another"}})
    assert "times_as_fast" not in compare_runs([first, elsewhere])[1]


def test_memory_and_energy_a_solved_task_are_shown_where_they_were_measured() -> None:
    memory, energy = {"server_rss_bytes": 5, "gpu_bytes": 7}, {"energy_j": 100.0}
    row = compare_runs([record(failed=60, memory=memory, energy=energy)])[0]
    assert (row["ram_bytes"], row["vram_bytes"], row["energy_per_solved_j"]) == (5, 7, 2.5)
    assert not {"ram_bytes", "vram_bytes", "energy_per_solved_j"} & set(compare_runs([record()])[0])
    assert "energy_per_solved_j" not in compare_runs([record(failed=100, energy=energy)])[0]


def small(quantization: str = "Q8_0", failed: int = 10, **more: Any) -> dict[str, Any]:
    config = {"base_name": "demo-3M", "size_bytes": 3_000_000}
    return record(quantization, failed, model=f"demo-3M:{quantization}", config=config, **more)


def test_models_stand_against_the_best_each_at_its_largest_quantization_corrected_for_every_pair() -> None:
    third = record("F16", 17, model="demo-1M:F16", config={"base_name": "demo-1M"})
    rows = [row for row in compare_runs([record("F16", 10), record("Q2_K", 5), small("Q8_0", 60), third])
            if row["group"] == "models"]
    assert [row["model"] for row in rows] == ["demo-5M:F16", "demo-1M:F16", "demo-3M:Q8_0"]
    assert rows[0]["is_baseline"] is True
    assert [row["comparisons"] for row in rows[1:]] == [3, 3], "the best was picked among three pairs"
    assert rows[1]["p_value"] == 0.015625
    assert [row["against"] for row in rows[1:]] == ["clearly lower", "clearly lower"]
    assert rows[1]["p_corrected"] == pytest.approx(2 * 0.015625), "the second step of three"


def test_models_on_other_tasks_or_a_single_model_are_no_group() -> None:
    for runs in ([record("F16"), record("Q8_0")], [record("F16"), small(tasks_sha256="other")],
                 [record("F16"), small(tasks_sha256=None)]):
        assert {row["group"] for row in compare_runs(runs)} == {"quantizations"}


def test_the_best_of_the_models_is_none_that_is_suspect() -> None:
    doubted = record("F16", 5, validity={"status": "suspect", "reasons": ["x"]})
    rows = [row for row in compare_runs([doubted, small()]) if row["group"] == "models"]
    assert [row.get("is_baseline") for row in rows] == [None, True]


def test_each_version_is_held_against_the_one_before_it() -> None:
    def at(day: int, failed: int, **config: Any) -> dict[str, Any]:
        return record("Q8_0", failed, timestamp=f"2026-11-{day:02d}T00:00:00Z", run_id=f"r-{day}", config=config)

    runs = [at(3, 40, server_build="b3"), at(1, 10, server_build="b1"), at(2, 12, server_build="b1"),
            at(4, 41, server_build="b3", prompt_version="v2")]
    rows = [row for row in compare_runs(runs) if row["group"] == "before and after"]
    assert [row["run_id"] for row in rows] == ["r-2", "r-3", "r-4"], "the latest of each version, in time"
    assert [row.get("baseline_run_id") for row in rows] == [None, "r-2", "r-3"]
    assert [row["version"] for row in rows] == [{"server_build": "b1"}, {"server_build": "b3"},
                                                {"prompt_version": "v2", "server_build": "b3"}]
    assert [row.get("against") for row in rows] == [None, "clearly lower", "no clear difference"]
    assert rows[1]["comparisons"] == 2
    assert [row["told_by"] for row in rows] == [["prompt_version", "server_build"]] * 3


def test_versions_are_called_by_the_one_thing_that_tells_them_apart() -> None:
    runs = [record("Q8_0", config={"backend": "a", "server_build": "a 1"}),
            record("Q8_0", config={"backend": "b", "server_build": "b 7"}, timestamp="2026-11-22T00:00:00Z")]
    rows = [row for row in compare_runs(runs) if row["group"] == "before and after"]
    assert [row["told_by"] for row in rows] == [["backend"], ["backend"]]
    assert rows[1]["version"] == {"backend": "b", "server_build": "b 7"}


def test_a_version_with_other_sampling_or_of_another_quantization_is_none_of_the_same_model() -> None:
    runs = [record("Q8_0", config={"server_build": "b1"}),
            record("Q8_0", config={"server_build": "b2", "sampling": {"temperature": 0.8}}),
            record("Q4_K_M", config={"server_build": "b2"})]
    assert {row["group"] for row in compare_runs(runs)} == {"quantizations"}


@pytest.mark.parametrize(("more", "why"), [
    ({"tasks_sha256": "other"}, "unpaired: different tasks"),
    ({"tasks_sha256": None}, "unpaired: tasks not recorded"),
    ({"status": "incomplete"}, "unpaired: one of the two is incomplete"),
    ({"outcomes": {"lost": 1}}, "unpaired: one of the two is incomplete"),
    ({"results": {"failed_tasks": ["1"]}}, "unpaired: one of the two is incomplete"),
    ({"results": {"failed_tasks": "1"}}, "unpaired: not scored task by task"),
    ({"results": {"failed_tasks": None}}, "unpaired: not scored task by task"),
    ({"config": {"sampling": {"temperature": 0.8}}}, "unpaired: other settings"),
])
def test_runs_that_do_not_pair_are_labelled_and_show_no_difference(more: dict[str, Any], why: str) -> None:
    rows = compare_runs([record("F16"), record("Q2_K", 60, **more)])
    assert rows[1]["against"] == why
    assert "difference" not in rows[1]


def test_counts_beyond_any_benchmark_are_not_computed_with() -> None:
    huge: dict[str, Any] = {"results": {"total_problems": 10**12, "total_passed": 10**12 - 10}}
    assert compare_runs([record("F16", **huge), record("Q8_0", **huge)])[1]["against"] == (
        "unpaired: more tasks than can be")
    most: dict[str, Any] = {"results": {"total_problems": 10**7, "total_passed": 10**7 - 10}}
    assert compare_runs([record("F16", **most), record("Q8_0", **most)])[1]["would_have_shown"] < 0.01
    audit = {"tasks": 10**300, "texts_differ": 5, "verdicts_differ": 10**299}
    assert "within_noise" not in compare_runs([record("F16", audit=audit), record("Q8_0", 12)])[1]


def test_slots_and_gpu_layers_do_not_keep_runs_from_pairing() -> None:
    rows = compare_runs([record("F16"), record("Q8_0", config={"slots": 4, "gpu_layers": 3})])
    assert rows[1]["against"] == "no clear difference"


def test_the_latest_run_of_each_kind_is_shown_unless_all_are_asked_for() -> None:
    runs = [record("Q8_0", 5, timestamp="2026-11-21T02:00:00Z"), record("Q8_0", 9, timestamp="2026-11-21T01:00:00Z"),
            record("Q8_0", 7, timestamp="2026-11-21T03:00:00Z", config={"server_build": "newer"})]
    assert [row["score"] for row in compare_runs(runs) if row["group"] == "quantizations"] == [93.0]
    every = compare_runs(runs, every_run=True)
    assert [row["score"] for row in every if row["group"] == "quantizations"] == [93.0, 95.0, 91.0]


def test_runs_with_other_settings_are_rows_of_their_own_that_say_what_differs() -> None:
    rows = compare_runs([record(), record(config={"sampling": {"temperature": 0.8}, "backend": "llama-server"})])
    assert [row["settings"] for row in rows] == [
        {"backend": "xllamacpp", "sampling.temperature": 0.0},
        {"backend": "llama-server", "sampling.temperature": 0.8}]


def test_a_baseline_by_label_or_base_name_is_used_across_models() -> None:
    runs = [record("F16"), record("Q8_0"), small(failed=40)]
    by_label = compare_runs(runs, baseline="demo-5M:Q8_0")
    assert [(row["model"], row.get("baseline")) for row in by_label] == [
        ("demo-3M:Q8_0", "demo-5M:Q8_0"), ("demo-5M:F16", "demo-5M:Q8_0"), ("demo-5M:Q8_0", None)]
    by_base = compare_runs(runs, baseline="demo-5M")
    assert [row.get("is_baseline") for row in by_base] == [None, True, None]
    assert by_base[0]["against"] == "clearly lower"
    with pytest.raises(UsageError, match="demo-3M:Q8_0, demo-5M:F16"):
        compare_runs(runs, baseline="demo-7B")


def test_a_benchmark_that_is_not_there_is_an_error_that_lists_those_that_are() -> None:
    with pytest.raises(UsageError, match="'lcb'; it has math"):
        compare_runs([record()], benchmark="lcb")
    assert len(compare_runs([record(), record(benchmark="lcb")], benchmark="lcb")) == 1
    assert compare_runs([]) == []


def test_a_minimal_record_of_another_program_makes_a_row_with_what_it_has() -> None:
    (row,) = compare_runs([{"timestamp": "2026", "benchmark": "lcb", "model": "m-Q4_K_M.gguf",
                            "results": {"score": 31.1}}])
    assert row == {"group": "quantizations", "benchmark": "lcb", "model": "m-Q4_K_M.gguf", "base": "m",
                   "quantization": "Q4_K_M", "timestamp": "2026", "score": 31.1}


@pytest.mark.parametrize(("label", "base", "quantization"), [
    ("Qwen2.5-Coder-7B-Instruct-Q4_K_M.gguf", "Qwen2.5-Coder-7B-Instruct", "Q4_K_M"),
    ("m:IQ3_XXS", "m", "IQ3_XXS"), ("m.f16", "m", "F16"), ("m-BF16", "m", "BF16"), ("plain", "plain", None),
    ("plain.gguf", "plain", None), ("", "", None), ("demo-3M", "demo-3M", None), ("gpt-4o", "gpt-4o", None),
    ("m-UD-Q4_K_XL", "m-UD", "Q4_K_XL"),
])
def test_names_of_foreign_models_are_taken_apart(label: str, base: str, quantization: str | None) -> None:
    assert base_and_quantization({"model": label}) == (base, quantization)


def test_quantizations_sort_by_bits_where_sizes_are_unknown() -> None:
    ladder = ["F32", "BF16", "F16", "Q8_0", "Q6_K", "Q5_K_M", "Q5_K_S", "Q4_K_M", "Q4_K_S", "IQ4_NL", "Q3_K_L",
              "Q3_K_M", "Q3_K_S", "Q2_K", "IQ2_XXS", "strange"]
    assert sorted(ladder, key=bits, reverse=True) == ladder
    assert bits(None) == -1


def test_task_hashes_do_not_depend_on_order_and_tell_tasks_apart() -> None:
    assert tasks_sha256(["b", "a"]) == tasks_sha256(["a", "b", "a"])
    assert tasks_sha256(["a,b"]) != tasks_sha256(["a", "b"])


def test_ten_thousand_records_are_compared_while_one_waits() -> None:
    ladder = [("F16", 10), ("Q8_0", 12), ("Q4_K_M", 17), ("Q2_K", 60)]
    runs = [record(quantization, failed + number % 5, run_id=f"r-{number}", config={"server_build": f"b{number % 3}"},
                   model=f"m{number % 50}:{quantization}") for number in range(2500) for quantization, failed in ladder]
    for number, run in enumerate(runs):
        run["config"]["base_name"] = f"m{number // 4 % 50}"
    began = time.process_time()
    rows = compare_runs(runs)
    assert len(rows) == 50 * 4 + 50 + 50 * 4 * 3
    assert time.process_time() - began < 5, "about one where this was written"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3), max_leaves=5)
hostile = st.fixed_dictionaries(
    {"timestamp": json_values, "benchmark": st.text(max_size=4), "model": st.text(max_size=8),
     "results": st.dictionaries(
         st.sampled_from(["score", "total_passed", "total_problems", "failed_tasks"]), json_values)},
    optional=dict.fromkeys(("config", "validity", "interval", "bounds", "tasks_sha256", "outcomes", "latency", "status",
                            "run_id", "memory", "energy", "provenance", "audit"), json_values))


@given(st.lists(hostile, max_size=5))
def test_no_record_however_odd_keeps_the_others_from_being_shown(records: list[dict[str, Any]]) -> None:
    rows = compare_runs(records, every_run=True, listed=True)
    assert sum(row["group"] == "quantizations" for row in rows) == len(records)
    assert all(all(value is not None for value in row.values()) for row in rows)
    for first in records:
        for second in records:
            unpaired_because(first, second)
            paired(first, second)


def test_runs_of_one_quantization_alone_have_no_baseline() -> None:
    rows = compare_runs([record("Q8_0"), record("Q8_0", 20, tasks_sha256="other", config={"selection": {"limit": 3}})])
    assert len(rows) == 2
    assert not any("is_baseline" in row or "against" in row for row in rows)
