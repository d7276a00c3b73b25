"""What a task cost: sums over its samples, absent where one of them does not say."""

from __future__ import annotations

from typing import Any

from analysis.task_costs import task_costs
from core.records import Sample


def sample(index: int, **fields: Any) -> Sample:
    return Sample("a", index, "", **fields)


FIRST = sample(0, prompt_tokens=100, cached_tokens=0, completion_tokens=40, wall_s=2.5, ttft_s=0.5,
               timings={"prompt_ms": 400, "predicted_ms": 1900.0})
SECOND = sample(1, prompt_tokens=100, cached_tokens=99, completion_tokens=60, wall_s=3.0, ttft_s=0.1,
                timings={"prompt_ms": 20, "predicted_ms": 2800.0})


def test_a_task_costs_what_its_samples_cost_together() -> None:
    assert task_costs([FIRST, SECOND], failed=1) == {
        "requests": 3, "prompt_tokens": 200, "cached_tokens": 99, "completion_tokens": 100, "ttft_s": 0.5,
        "decode_s": 4.7, "wall_s": 5.5,
    }


def test_a_number_that_one_sample_does_not_tell_is_absent_rather_than_too_small() -> None:
    assert task_costs([FIRST, sample(1, completion_tokens=5)]) == {
        "requests": 2, "completion_tokens": 45, "ttft_s": 0.5}
    assert task_costs([], failed=3) == {"requests": 3}


def test_without_the_servers_clock_the_time_after_the_first_token_is_decoding() -> None:
    assert task_costs([sample(0, wall_s=2.0, ttft_s=0.5)])["decode_s"] == 1.5


def test_a_reply_in_one_piece_has_its_first_token_when_the_server_had_read_the_prompt() -> None:
    assert task_costs([sample(0, timings={"prompt_ms": 250.0})])["ttft_s"] == 0.25
    assert "ttft_s" not in task_costs([sample(0, wall_s=2.0)])
