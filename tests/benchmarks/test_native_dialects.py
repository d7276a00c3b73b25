"""OpenAI's chat requests in the words of Ollama and of transformers serve, and their replies in OpenAI's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmarks.scripts.ollama import Ollama
from benchmarks.scripts.transformers import Transformers

ASKED: dict[str, Any] = {
    "model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": True, "max_tokens": 9, "seed": 4,
    "stream_options": {"include_usage": True}, "timings_per_token": True, "id_slot": 1,
}


def config_of(**body: Any) -> dict[str, Any]:
    sent = Transformers("http://x", {"eos_token_id": 7, "top_k": 50, "do_sample": True}).request({**ASKED, **body})
    assert sent.keys() == {"model", "messages", "stream", "max_tokens", "seed", "generation_config"}
    found: dict[str, Any] = json.loads(sent["generation_config"])
    return found


def test_transformers_samples_only_above_temperature_0() -> None:
    assert config_of(temperature=0.0) == {"eos_token_id": 7, "do_sample": False, "max_new_tokens": 9}
    assert config_of(temperature=0.7, min_p=0.1) == {
        "eos_token_id": 7, "do_sample": True, "temperature": 0.7, "top_k": 50, "min_p": 0.1, "max_new_tokens": 9}
    assert config_of(temperature=1.0, top_k=5)["top_k"] == 5


def test_transformers_is_left_its_own_way_where_nothing_is_asked() -> None:
    assert config_of() == {"eos_token_id": 7, "do_sample": True, "top_k": 50, "max_new_tokens": 9}


def test_ollama_gets_options_a_format_and_what_every_request_says() -> None:
    native = {"options": {"num_ctx": 4096}, "keep_alive": "15m", "think": True}
    schema = {"type": "json_schema", "json_schema": {"schema": {"type": "object"}}}
    sent = Ollama("http://x", native).request(
        {**ASKED, "temperature": 0.5, "stop": "\n\n", "response_format": schema, "logprobs": True, "top_logprobs": 1})
    assert sent == {
        "model": "m", "messages": ASKED["messages"], "stream": True, "keep_alive": "15m", "think": True,
        "format": {"type": "object"}, "logprobs": True,
        "options": {"num_ctx": 4096, "num_predict": 9, "seed": 4, "temperature": 0.5, "stop": ["\n\n"]}}


def test_ollamas_last_line_has_counts_and_nanoseconds() -> None:
    found = Ollama("http://x", {}).reply({
        "message": {"content": "4", "thinking": "2+2"}, "done": True, "done_reason": "length", "prompt_eval_count": 10,
        "prompt_eval_duration": 2_000_000, "eval_count": 5, "eval_duration": 500_000_000})
    assert found["choices"][0]["finish_reason"] == "length"
    assert found["choices"][0]["delta"] == {"content": "4", "reasoning_content": "2+2"}
    assert found["usage"] == {"prompt_tokens": 10, "completion_tokens": 5}
    assert found["timings"] == {"prompt_n": 10, "prompt_ms": 2.0, "prompt_per_second": 5000.0, "predicted_n": 5,
                                "predicted_ms": 500.0, "predicted_per_second": 10.0}


@pytest.mark.parametrize("event", [
    None, [], {}, {"message": None}, {"message": [], "done": "yes"}, {"done": True},
    {"done": True, "eval_count": "5", "eval_duration": None, "message": {"thinking": 3}},
    {"message": {"content": "x"}, "logprobs": "none"}, {"error": "x"}])
def test_whatever_ollama_sends_nothing_is_raised(event: Any) -> None:
    Ollama("http://x", {}).reply(event)
