"""The scripts against llama.cpp's own server with a demo model: prompts that it answers, schemas that it enforces."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from jsonschema import Draft202012Validator

from benchmarks.datasets import math_tasks
from benchmarks.datasets.request import DatasetRequest
from benchmarks.scripts.chat import Chat
from benchmarks.scripts.replies import Reply
from benchmarks.scripts.settings import Settings
from core.seeds import sample_seed
from tests.benchmarks.helpers import ROOT, run_script, write_lines

SERVER = """
import sys, time, xllamacpp
p = xllamacpp.CommonParams()
p.model.path, p.port, p.n_parallel, p.n_ctx = sys.argv[1], 0, 2, 4096
p.cpuparams.n_threads = p.cpuparams_batch.n_threads = 1
p.cache_ram_mib, p.fit_params, p.warmup, p.endpoint_slots = 0, False, False, True
server = xllamacpp.Server(p)
print("listening", server.listening_address, flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log = (tmp_path_factory.mktemp("server") / "server.log").open("wb")
    with (
        log,
        subprocess.Popen(
            [sys.executable, "-c", SERVER, ROOT / "models" / "demo-5M-Q8_0.gguf"], stdout=subprocess.PIPE, stderr=log
        ) as server,
    ):
        assert server.stdout is not None
        address = next(line.split()[1].decode() for line in server.stdout if line.startswith(b"listening"))
        try:
            with urlopen(f"{address}/health") as reply:
                assert reply.status == 200
            yield address
        finally:
            server.kill()


def test_the_demo_model_answers_its_own_maths_through_our_prompt(url: str) -> None:
    tasks = ROOT / "models" / "tasks" / "math_heldout.jsonl"
    ran = run_script("math_tasks.py", "--base-url", url, "--tasks-file", str(tasks), "--limit", "20", "--slots", "2")
    dataset = math_tasks.open_tasks(DatasetRequest(demo=True))
    samples = ran.of("sample")
    right = [
        event
        for event in samples
        if re.search(rf"#### {dataset.reference(event['task_id'])['answer']}$", event["response"])
    ]
    assert len(samples) == 20
    assert len(right) >= 16
    for sample in samples:
        assert sample["finish_reason"] == "stop"
        assert sample["timings"]["predicted_n"] == sample["completion_tokens"] > 0
        assert sample["prompt_tokens"] == sample["cached_tokens"] + sample["timings"]["prompt_n"]


def test_equal_seeds_give_equal_texts_and_others_do_not(url: str, tmp_path: Path) -> None:
    question = write_lines(tmp_path / "q.jsonl", [{"id": "q", "question": "Tell me about apples and shells."}])
    flags = ("--base-url", url, "--tasks-file", str(question), "--temperature", "1.5", "--max-tokens", "12", "--n", "4")
    first, second, other = (
        [event["response"] for event in run_script("math_tasks.py", *flags, "--seed", seed).of("sample")]
        for seed in ("1", "1", "2")
    )
    assert first == second
    assert len(set(first)) > 1
    assert first != other


def posted(url: str, **body: Any) -> Any:
    request = Request(f"{url}/v1/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urlopen(request) as reply:
        return json.load(reply)


def test_the_samples_of_a_task_share_its_prompt_and_are_what_single_requests_get(url: str, tmp_path: Path) -> None:
    text = "A farmer has 12 apples and sells 5. How many has he when he buys 3 more?"
    question = write_lines(tmp_path / "q.jsonl", [{"id": "q", "question": text}])
    flags = ("--base-url", url, "--tasks-file", str(question), "--temperature", "1", "--max-tokens", "60", "--n", "4")
    samples = run_script("math_tasks.py", *flags).of("sample")
    assert [sample["sample"] for sample in samples] == [0, 1, 2, 3]
    whole = samples[0]["prompt_tokens"]
    assert [sample["timings"]["prompt_n"] for sample in samples[1:]] == [1, 1, 1], "the last token gives the logits"
    assert [sample["cached_tokens"] for sample in samples[1:]] == [whole - 1] * 3
    prompt = f"Solve the problem step by step. End with a line '#### <answer>'.\n\n{text}"
    messages = [{"role": "user", "content": prompt}]
    for sample in samples:
        seed = sample_seed(0, "q", sample["sample"])
        alone = posted(url, messages=messages, temperature=1, max_tokens=60, seed=seed, cache_prompt=False)
        assert sample["response"] == alone["choices"][0]["message"]["content"]
        assert sample["completion_tokens"] == alone["usage"]["completion_tokens"]
    assert len({sample["response"] for sample in samples}) > 1


def test_a_loop_that_is_cut_short_frees_its_slot_at_once_and_its_tokens_are_the_servers_count(url: str) -> None:
    settings = Settings(
        base_url=url, tasks_file=Path("none"), sampling={"max_tokens": 1900, "temperature": 0.0},
        capabilities=frozenset({"timings"}), request_timeout_s=60,
    )
    forced = {"ignore_eos": True, "grammar": 'root ::= ("so it goes, "){900}'}
    reply = Chat(settings).ask([{"role": "user", "content": "How does it go?"}], 1, forced)
    cut = time.monotonic()
    while any(slot["is_processing"] for slot in json.load(urlopen(f"{url}/slots"))):
        assert time.monotonic() - cut < 5
    assert isinstance(reply, Reply)
    assert (reply.finish_reason, reply.looping) == ("looping", True)
    assert reply.response.startswith("so it goes, so it goes")
    assert 1600 <= len(reply.response) < 1900
    whole = posted(url, messages=[{"role": "user", "content": "How does it go?"}], temperature=0,
                   max_tokens=reply.completion_tokens, **forced)
    assert whole["choices"][0]["message"]["content"] == reply.response
    assert whole["timings"]["predicted_n"] == reply.completion_tokens


def test_the_mean_logprob_is_that_of_all_tokens_and_to_ask_for_it_leaves_the_text_as_it_was(url: str) -> None:
    messages, sampling = [{"role": "user", "content": "Tell me about apples."}], {"max_tokens": 12, "temperature": 0.8}
    silent, told = (Chat(Settings(base_url=url, tasks_file=Path("none"), sampling=sampling, logprobs=logprobs)).ask(
        messages, 7, {"cache_prompt": False}) for logprobs in (False, True))
    assert isinstance(silent, Reply)
    assert isinstance(told, Reply)
    assert silent.mean_logprob is None
    whole = posted(url, messages=messages, **sampling, seed=7, cache_prompt=False, logprobs=True, top_logprobs=1)
    told_of = whole["choices"][0]["logprobs"]["content"]
    entries = [entry for entry in told_of if entry["token"]]  # a stream tells nothing of the token that ends it
    assert told.response == silent.response == whole["choices"][0]["message"]["content"]
    mean = sum(entry["logprob"] for entry in entries) / len(entries)
    assert told.mean_logprob == pytest.approx(mean, abs=0.01)
    assert mean < 0


def test_a_constrained_reply_satisfies_its_schema(url: str, tmp_path: Path) -> None:
    schema = {
        "type": "object",
        "properties": {"level": {"enum": ["low", "high"]}, "ok": {"type": "boolean"}, "none": {"type": "null"}},
        "required": ["level", "ok", "none"],
        "additionalProperties": False,
    }
    tasks = write_lines(tmp_path / "t.jsonl", [{"id": "t", "text": "All is well.", "schema": schema, "expected": {}}])
    ran = run_script("extraction.py", "--base-url", url, "--tasks-file", str(tasks), "--constrained")
    assert Draft202012Validator(schema).is_valid(json.loads(ran.of("sample")[0]["response"]))


def test_a_prompt_longer_than_the_context_is_an_error_of_that_kind(url: str, tmp_path: Path) -> None:
    question = write_lines(tmp_path / "q.jsonl", [{"id": "q", "question": "How many apples? " * 2000}])
    ran = run_script("math_tasks.py", "--base-url", url, "--tasks-file", str(question))
    (error,) = ran.of("error")
    assert error["kind"] == "context"
