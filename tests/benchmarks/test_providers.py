"""Scripts against small real servers that speak the providers' protocols, strict and with faults."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.helpers import ROOT, Fake, Ran, StartFake, run_script, write_lines

KEY = "sk-test-0123456789abcdefghij"
MODELS = {"openai": "gpt-4o-mini", "gemini": "gemini-2.5-flash"}


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    return write_lines(tmp_path / "q.jsonl", [{"id": f"q{n}", "question": f"what is {n}?"} for n in range(6)])


def start(start_fake: StartFake, dialect: str, *flags: str) -> Fake:
    return start_fake("provider.py", "--dialect", dialect, "--models", MODELS[dialect], "--key", KEY, *flags)


def ask(server: Fake, dialect: str, questions: Path, *flags: str) -> Ran:
    return run_script(
        "math_tasks.py", "--base-url", server.url, "--tasks-file", str(questions), "--provider", dialect,
        "--model", MODELS[dialect], "--api-key-env", "MY_KEY", *flags, env={"MY_KEY": KEY},
    )


def driven(server: Fake, questions: Path, count: int, folder: Path, **fields: Any) -> Ran:
    """As the runner drives it: ``count`` samples of the first question."""
    request = {"base_url": server.url, "tasks_file": str(questions), "benchmark": "math", "provider": "openai",
               "model": MODELS["openai"], "api_key_env": "MY_KEY", "slots": 4,
               "sampling": {"temperature": 1.0, "max_tokens": 100}, **fields}
    draws = f'{{"draw": {{"task_id": "q0", "sample": 0, "count": {count}, "seed": 1}}}}\n{{"end": true}}\n'
    return run_script("math_tasks.py", request={"path": folder / "r.json", "fields": request}, stdin=draws,
                      env={"MY_KEY": KEY})


@pytest.mark.parametrize("dialect", ["openai", "gemini"])
def test_a_reply_comes_with_its_tokens_and_the_model_that_gave_it(
    start_fake: StartFake, questions: Path, dialect: str
) -> None:
    server = start(start_fake, dialect)
    ran = ask(server, dialect, questions, "--top-p", "0.5", "--slots", "3")
    assert ran.code == 0, ran.stderr
    samples = ran.of("sample")
    assert [sample["response"] for sample in samples] == ["#### 4"] * 6
    version = {"openai": "gpt-4o-mini-2024-07-18", "gemini": "gemini-2.5-flash-001"}[dialect]
    for sample in samples:
        assert (sample["finish_reason"], sample["completion_tokens"]) == ("stop", 7)
        assert sample["served_model"] == version
        assert "left_out" not in sample
    assert all(KEY not in line["path"] for line in server.requests())


def test_settings_that_a_thinking_model_refuses_are_left_out_and_each_reply_says_so(
    start_fake: StartFake, questions: Path
) -> None:
    server = start(start_fake, "openai", "--thinks")
    ran = ask(server, "openai", questions, "--temperature", "0.5")
    assert len(ran.of("sample")) == 6
    for sample in ran.of("sample"):
        assert sample["left_out"] == ["temperature"]
        assert (sample["thinking_tokens"], sample["completion_tokens"]) == (5, 12)
    assert "temperature is refused" in ran.stderr
    bodies = [line["body"] for line in server.requests() if line["status"] == 200]
    assert all("temperature" not in body and body["max_completion_tokens"] == 2048 for body in bodies)
    assert len(server.requests()) == 6 + 2, "each setting is refused once"


@pytest.mark.parametrize("dialect", ["openai", "gemini"])
def test_log_probabilities_that_are_refused_cost_no_reply(start_fake: StartFake, questions: Path, dialect: str) -> None:
    server = start(start_fake, dialect, *(["--thinks"] if dialect == "openai" else []))
    ran = ask(server, dialect, questions, "--logprobs")
    assert len(ran.of("sample")) == 6
    assert ran.of("error") == []


@pytest.mark.parametrize("dialect", ["openai", "gemini"])
def test_a_safety_stop_is_a_reply_that_was_blocked(start_fake: StartFake, questions: Path, dialect: str) -> None:
    refused = ["--stop-prompt", "is 2?"] if dialect == "gemini" else []
    ran = ask(start(start_fake, dialect, "--stop", "is 1?", *refused), dialect, questions)
    reasons = {sample["task_id"]: sample["finish_reason"] for sample in ran.of("sample")}
    blocked = {"q1", "q2"} if dialect == "gemini" else {"q1"}
    assert {task for task, reason in reasons.items() if reason == "content_filter"} == blocked
    assert len(reasons) == 6


@pytest.mark.parametrize(("dialect", "tell"), [
    ("openai", "seconds"), ("openai", "date"), ("openai", "milliseconds"), ("openai", "reset"), ("openai", "nothing"),
    ("gemini", "details"),
])
def test_a_storm_of_refusals_loses_no_request(
    start_fake: StartFake, questions: Path, dialect: str, tell: str
) -> None:
    server = start(start_fake, dialect, "--limit", "4/0.7", "--tell", tell)
    ran = ask(server, dialect, questions, "--n", "3", "--slots", "8", "--temperature", "1")
    assert ran.code == 0
    places = sorted((sample["task_id"], sample["sample"]) for sample in ran.of("sample"))
    assert places == [(f"q{task}", sample) for task in range(6) for sample in range(3)]
    assert ran.of("error"), "there was a storm"
    assert {event["kind"] for event in ran.of("error")} == {"busy"}
    served = [line["at"] for line in server.requests() if line["status"] == 200]
    assert len(served) == 18
    assert len(server.requests()) <= 2 * len(served), "the storm is left to pass, and not answered with another"


def test_a_pace_is_kept_over_all_threads(start_fake: StartFake, questions: Path) -> None:
    server = start(start_fake, "openai")
    ran = ask(server, "openai", questions, "--n", "5", "--slots", "8", "--requests-per-minute", "600")
    assert len(ran.of("sample")) == 30
    at = sorted(line["at"] for line in server.requests())
    begun = [moment for moment in at if moment >= at[3]]  # what the first connections took is not pace
    assert (len(begun) - 1) / (begun[-1] - begun[0]) <= 10 * 1.05 + 1


@pytest.mark.parametrize(("fault", "kind"), [("500", "http"), ("cut", "connection")])
def test_what_broke_is_told_as_of_any_server(start_fake: StartFake, questions: Path, fault: str, kind: str) -> None:
    ran = ask(start(start_fake, "gemini", "--fault", f"2:{fault}"), "gemini", questions)
    assert [event["kind"] for event in ran.of("error")] == [kind]
    assert len(ran.of("sample")) == 5


def test_a_quota_that_is_used_up_for_the_day_ends_the_asking(start_fake: StartFake, questions: Path) -> None:
    server = start(start_fake, "gemini", "--limit", "2/1000", "--tell", "details", "--quota", "Day")
    ran = ask(server, "gemini", questions)
    assert len(ran.of("sample")) == 2
    assert [event["kind"] for event in ran.of("error")] == ["denied"] * 4
    assert len(server.requests()) == 3, "nobody is asked again who will answer nothing"


@pytest.mark.parametrize("dialect", ["openai", "gemini"])
def test_a_key_that_the_provider_repeats_is_in_no_event(start_fake: StartFake, questions: Path, dialect: str) -> None:
    server = start_fake("provider.py", "--dialect", dialect, "--models", MODELS[dialect], "--key", "another")
    ran = ask(server, dialect, questions)
    assert {event["kind"] for event in ran.of("error")} == {"denied"}
    said = ran.stderr + "".join(str(event) for event in ran.events)
    assert "key" in said
    assert KEY[:9] not in said
    assert KEY[-4:] not in said


def test_what_may_be_spent_is_never_passed_whatever_is_under_way(
    start_fake: StartFake, questions: Path, tmp_path: Path
) -> None:
    """At 0.01 a token of a reply: 20 of them are used, 100 may be."""
    server = start(start_fake, "openai", "--tokens", "20", "--delay", "0.05")
    ran = driven(server, questions, 40, tmp_path, rates={"usd_left": 3.0, "usd_completion": 0.01})
    assert len(ran.of("sample")) == 11, "after the eleventh, 0.8 are left, and a reply may cost 1"
    assert {event["kind"] for event in ran.of("error")} == {"spent"}
    assert len(server.requests()) == 11


def test_what_a_pause_needs_is_imported_before_any_thread_starts() -> None:
    """Its modules import one another: two threads that begin at once find half of them."""
    code = ("import sys; from benchmarks.scripts.toll import Toll; from benchmarks.scripts.limits import Rates; "
            "Toll(Rates(), 1); print('urllib3.util.retry' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


def test_a_key_that_comes_back_in_a_reply_is_in_no_event(start_fake: StartFake, questions: Path) -> None:
    ran = ask(start(start_fake, "openai", "--fault", "*:echo"), "openai", questions)
    assert len(ran.of("sample")) == 6
    for sample in ran.of("sample"):
        assert (sample["response"], sample["reasoning"], sample["served_model"]) == ("***", "***", "***")
        assert sample["finish_reason"] == "other"
        assert sample["timings"] == {"predicted_ms": 2.0}
    assert KEY not in ran.stderr + "".join(str(event) for event in ran.events)


def test_a_reply_that_does_not_end_is_cut_at_four_times_the_limit(start_fake: StartFake, questions: Path) -> None:
    ran = ask(start(start_fake, "openai", "--fault", "*:endless", "--reply", "abc"), "openai", questions,
              "--max-tokens", "50", "--no-loop-stop", "--limit", "1")
    (sample,) = ran.of("sample")
    assert sample["finish_reason"] == "length"
    assert set(sample["response"]) == set("abc")
    assert len(sample["response"]) > 4 * 50 * len("abc")
    assert "does not keep to max_tokens" in ran.stderr


def test_a_reply_that_is_compressed_unasked_is_told_as_that(start_fake: StartFake, questions: Path) -> None:
    ran = ask(start(start_fake, "openai", "--fault", "0:packed"), "openai", questions)
    (event,) = ran.of("error")
    assert "the reply is compressed (gzip)" in event["message"]
    assert len(ran.of("sample")) == 5


@pytest.mark.parametrize(("dialect", "fault"), [("openai", "forbidden"), ("gemini", "forbidden"),
                                                ("openai", "elsewhere")])
def test_who_may_not_ask_and_who_asks_elsewhere_asks_no_further(
    start_fake: StartFake, questions: Path, dialect: str, fault: str
) -> None:
    server = start(start_fake, dialect, "--fault", f"*:{fault}")
    ran = ask(server, dialect, questions)
    assert {event["kind"] for event in ran.of("error")} == {"denied"}
    assert len(server.requests()) == 1, "and a redirection is not followed"


def test_what_every_request_is_refused_for_ends_the_asking(start_fake: StartFake, questions: Path) -> None:
    server = start(start_fake, "openai")
    ran = ask(server, "openai", questions, "--n", "5", "--max-tokens", "20000")
    assert {event["kind"] for event in ran.of("error")} == {"refused", "denied"}
    assert "it refuses every request: HTTP 400: max_tokens is too large" in ran.of("error")[-1]["message"]
    assert len(server.requests()) == 10


def test_a_request_that_broke_says_what_it_may_have_cost(start_fake: StartFake, questions: Path) -> None:
    ran = ask(start(start_fake, "openai", "--fault", "0:cut", "1:500"), "openai", questions, "--max-tokens", "300")
    cut, turned_away = ran.of("error")
    assert cut["may_have_used"]["completion_tokens"] == 300
    assert 0 < cut["may_have_used"]["prompt_tokens"] < 200
    assert "may_have_used" not in turned_away
