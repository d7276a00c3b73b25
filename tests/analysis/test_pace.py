"""How long a cell will take: from the nearest runs of this machine, or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from analysis.pace import Asked, Pace, Paces

HOST = {"cpu": "a cpu", "cores": 4, "memory_bytes": 8, "machine": "x86_64"}


def ran(model: str, benchmark: str, **more: Any) -> dict[str, Any]:
    """100 tokens a second, 20 tokens a reply."""
    told = {"speed": 100.0, "tokens": 200, "requests": 10, "size": 1_000_000_000, "host": HOST, **more}
    return {
        "benchmark": benchmark, "model": model, "config": {"size_bytes": told["size"]},
        "usage": {"completion_tokens": told["tokens"], "requests": told["requests"]},
        "latency": {"tokens_per_second": told["speed"]}, "results": {"total_problems": 10},
        "provenance": {"gguf_sha256": f"sha-{model}", "host": told["host"]},
    }


def pace(records: list[dict[str, Any]], size: int | None = 1_000_000_000, tasks: int | None = 50) -> Pace | None:
    return Paces(records, HOST).of(Asked("sha-one", "one", size, "math", tasks, draws=2))


def test_its_own_runs_tell_its_time() -> None:
    assert pace([ran("one", "math")]) == Pace(50 * 2 * 20 / 100, "its own runs")


def test_the_latest_runs_count_by_their_median() -> None:
    old = [ran("one", "math", speed=1.0)] * 9
    found = pace([*old, *(ran("one", "math", speed=speed) for speed in (90.0, 95.0, 100.0, 105.0, 1000.0))])
    assert found is not None
    assert found.seconds == pytest.approx(20)


def test_its_speed_elsewhere_and_the_length_of_others_replies_tell_it_too() -> None:
    found = pace([ran("one", "mmlu", speed=50.0), ran("two", "math", tokens=400)])
    assert found == Pace(50 * 2 * 40 / 50, "its speed on other benchmarks; replies as long as others' on math")


def test_a_model_that_never_ran_is_as_fast_as_its_size_says() -> None:
    found = pace([ran("two", "math")], size=2_000_000_000)
    assert found is not None
    assert found.seconds == pytest.approx(50 * 2 * 20 / 50)
    assert "a model of 1 GB" in found.basis


@pytest.mark.parametrize("records", [
    [],
    [ran("one", "mmlu")],
    [ran("two", "math", size=100)],
    [ran("two", "math", size=None)],
    [ran("one", "math", host={**HOST, "cpu": "another"})],
    [ran("one", "math", host="?")],
    [ran("one", "math", speed=0)],
    [ran("one", "math", requests=0)],
    [ran("one", "math", tokens="many")],
    [{"benchmark": "math"}, {}],
])
def test_what_no_run_tells_is_unknown(records: list[dict[str, Any]]) -> None:
    assert pace(records) is None


def test_tasks_that_are_not_known_are_as_many_as_before() -> None:
    found = pace([ran("one", "math")], tasks=None)
    assert found is not None
    assert found.seconds == pytest.approx(10 * 2 * 20 / 100)
