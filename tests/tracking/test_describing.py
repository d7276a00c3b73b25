"""A record as MLflow is to show it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.tracking.ledgers import judgement, record
from tracking.mlflow.describing import describe, digest_of, experiment_of, identity
from tracking.mlflow.description import MOST_KEY, MOST_METRICS, MOST_PARAM, MOST_TAG, Tracked

RUN = record("run-1", "tip-bench")


def metrics(found: Tracked) -> dict[str, float]:
    return {each.key: each.value for each in found.metrics}


def test_settings_are_params_and_numbers_are_metrics_by_the_ledgers_own_names() -> None:
    found = describe(record("run-1", results={
        "score": 62.5, "total_passed": 5, "total_problems": 8, "time_taken": 2.0, "failed_tasks": ["a"],
        "difficulty_scores": {"easy": {"passed": 3, "total": 4}}, "pass_at": {"1": 60.0, "4": 80.0},
    }, interval=[30.6, 86.3], energy={"energy_j": 12.5, "source": "nvml"}, latency={"request_s_p50": 0.05}), ())
    assert found.params["sampling.temperature"] == "0.8"
    assert found.params["quantization"] == "Q4_K_M"
    assert metrics(found) == {
        "score": 62.5, "interval_low": 30.6, "interval_high": 86.3, "total_passed": 5, "total_problems": 8,
        "time_taken_s": 2.0, "pass_at.1": 60.0, "pass_at.4": 80.0, "difficulty.easy.score": 75.0,
        "difficulty.easy.passed": 3, "difficulty.easy.total": 4, "outcomes.unjudged": 8, "usage.prompt_tokens": 400,
        "usage.completion_tokens": 90, "usage.requests": 16, "latency.request_s_p50": 0.05, "energy.energy_j": 12.5,
    }
    assert (found.start_ms, found.end_ms) == (1795514398250, 1795514400250)


def test_a_run_waits_for_a_judge_until_one_has_spoken() -> None:
    assert describe(RUN, ()).tags["judge_pending"] == "true"
    assert "judge_pending" not in describe(RUN, [judgement(RUN, "j-1", 3.0)]).tags
    assert "judge_pending" not in describe(record("run-2", outcomes={"correct": 3}), ()).tags


def test_a_judgement_becomes_the_score_of_a_run_that_has_none() -> None:
    found = metrics(describe(RUN, [judgement(RUN, "j-1", 3.0)]))
    assert (found["composite"], found["criteria.relevance"], found["criteria.tone"]) == (3.0, 2.5, 3.5)
    assert (found["score"], found["interval_low"], found["judge.anna.composite"]) == (50.0, 30.0, 3.0)


def test_a_score_of_its_own_is_not_replaced_by_a_judgement() -> None:
    scored = record("run-1", results={"score": 10.0}, interval=[5.0, 15.0])
    found = metrics(describe(scored, [judgement(scored, "j-1", 3.0)]))
    assert (found["score"], found["interval_low"], found["judge.anna.score"]) == (10.0, 5.0, 50.0)


def test_a_human_counts_before_a_model_and_a_later_human_before_an_earlier_one() -> None:
    said = [judgement(RUN, "j-1", 2.0, judge="anna"), judgement(RUN, "j-2", 4.0, judge="ben"),
            judgement(RUN, "j-3", 5.0, judge="demo-5M:F16", kind="model")]
    found = metrics(describe(RUN, said))
    assert found["composite"] == 4.0
    assert found["judge.anna.composite"] == 2.0
    assert found["judge.demo-5M_F16.composite"] == 5.0
    assert metrics(describe(RUN, said[2:]))["composite"] == 5.0


def test_a_later_judgement_is_a_later_value_of_the_same_metric() -> None:
    def step(count: int) -> int:
        said = [judgement(RUN, f"j-{place}", 3.0) for place in range(count)]
        return next(each.step for each in describe(RUN, said).metrics if each.key == "composite")

    assert (step(1), step(2)) == (1, 2)


def test_the_digest_changes_with_the_record_and_with_what_is_said_of_it() -> None:
    said = judgement(RUN, "j-1", 3.0)
    digests = {digest_of(RUN, ()), digest_of(RUN, [said]), digest_of(record("run-1"), ()),
               digest_of(RUN, [judgement(RUN, "j-1", 3.1)])}
    assert len(digests) == 4
    assert digest_of(json.loads(json.dumps(RUN)), ()) == digest_of(RUN, ())


def test_a_record_of_another_program_is_known_by_what_is_in_it() -> None:
    bare: dict[str, Any] = {"timestamp": "yesterday", "benchmark": "b", "model": "m", "results": {"score": 1}}
    assert identity(bare) == identity(dict(reversed(bare.items())))
    assert identity({**bare, "run_id": "x' OR 1=1"}).startswith("record-")
    assert experiment_of(bare) == "bench-runner"
    assert describe(bare, ()).end_ms == 0


def test_an_incomplete_run_is_not_shown_as_finished() -> None:
    assert describe(record("run-1", status="incomplete"), ()).status == "FAILED"
    assert describe(record("run-1", status="decided"), ()).status == "FINISHED"


def test_no_key_leaves_in_a_param_a_tag_or_the_record() -> None:
    config = {"server_args": ["--api-key", "hush-1", "--hf-token=hush-2", "--threads", "4"],
              "base_url": "https://anna:hush-3@example.org/v1", "api_key": "hush-4", "header": "Bearer hush-5-hush-5",
              "note": "sk-hush6hush6hush6hush6", "api_key_env": "OPENAI_API_KEY"}
    found = describe(record("run-1", config=config, model="http://u:hush-7@h/m"), ())
    assert "hush" not in json.dumps(found.as_json())
    assert found.params["base_url"] == "https://***@example.org/v1"
    assert found.params["api_key_env"] == "OPENAI_API_KEY"
    assert found.params["server_args"] == '["--api-key", "***", "--hf-token=***", "--threads", "4"]'


def test_a_description_goes_through_a_pipe_unchanged() -> None:
    found = describe(RUN, [judgement(RUN, "j-1", 3.0)], remark="no folder")
    assert Tracked.from_json(json.loads(json.dumps(found.as_json()))) == found


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=300), inner, max_size=4),
    max_leaves=12)


@given(st.fixed_dictionaries({"results": st.dictionaries(st.text(), values, max_size=4)}, optional={
    "timestamp": values, "model": values, "run_id": values, "config": values, "outcomes": values, "interval": values,
    "usage": values, "validity": values, "provenance": values, "status": values}))
def test_whatever_a_ledger_holds_fits_into_mlflow(fields: dict[str, Any]) -> None:
    found = describe(fields, [{**fields, "judging": {"judge": "a/b: ü"}}])
    keys = [*found.params, *found.tags, *(each.key for each in found.metrics)]
    assert all(0 < len(key) <= MOST_KEY and "/" not in key and ":" not in key for key in keys)
    assert all(len(value) <= MOST_PARAM and "\0" not in value for value in found.params.values())
    assert all(len(value) <= MOST_TAG for value in found.tags.values())
    json.dumps([each.value for each in found.metrics], allow_nan=False)
    "".join([*found.params.values(), *found.tags.values()]).encode()


def test_of_more_numbers_than_a_request_takes_the_rest_is_counted() -> None:
    levels = {f"level {number}": {"passed": 1, "total": 2} for number in range(1000)}
    found = describe(record("run-1", results={"score": 50.0, "difficulty_scores": levels}), ())
    assert len(found.metrics) == MOST_METRICS
    assert found.metrics[0].key == "score"
    assert found.tags["bench_left_out"].startswith(f"{3000 + 5 - MOST_METRICS:,} metrics")
