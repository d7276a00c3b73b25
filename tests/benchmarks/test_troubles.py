"""What providers say when they do not answer: in headers, in error bodies, in both."""

from __future__ import annotations

import email.utils
import time
from typing import Any

import pytest

from benchmarks.scripts.dialects import OpenAi, refused_setting
from benchmarks.scripts.gemini import Gemini
from benchmarks.scripts.redaction import redacted
from benchmarks.scripts.troubles import kind_of, seconds_in, told_by, wait_of


def quota(name: str, delay: str = "47s") -> dict[str, Any]:
    return {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "You exceeded your current quota", "details": [
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": name}]},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay},
    ]}


@pytest.mark.parametrize(("text", "seconds"), [
    ("6m0s", 360), ("1.5s", 1.5), ("120ms", 0.12), ("47s", 47), ("20", 20), ("2m59.56s", 179.56), ("1h2m3s", 3723),
    ("", None), ("soon", None), ("-3", None), ("90d", None), ("nan", None), ("1e9", None),
])
def test_durations_are_read_as_providers_write_them(text: str, seconds: float | None) -> None:
    assert seconds_in(text) == (None if seconds is None else pytest.approx(seconds))


def test_how_long_to_stay_away_is_read_from_every_form() -> None:
    assert wait_of({"retry-after": "3"}, None) == 3
    assert wait_of({"retry-after": "1.5", "retry-after-ms": "1480"}, None) == pytest.approx(1.48)
    date = wait_of({"retry-after": email.utils.formatdate(time.time() + 30, usegmt=True)}, None)
    assert date is not None
    assert 5 < date <= 30
    assert wait_of({"retry-after": email.utils.formatdate(time.time() - 30, usegmt=True)}, None) == 0
    assert wait_of({"retry-after": "whenever"}, None) is None
    assert wait_of({}, quota("PerMinute")) == 47
    told = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m2s",
            "x-ratelimit-remaining-tokens": "500", "x-ratelimit-reset-tokens": "5m"}
    assert wait_of(told, None) == 62, "only what is used up is waited for"
    assert told_by(told) == {"requests": (0, 62), "tokens": (500, 300)}
    assert wait_of({}, {"details": ["no object", {"retryDelay": 5}]}) is None


def test_busy_is_told_from_what_no_waiting_mends() -> None:
    assert kind_of(429, {"code": "rate_limit_exceeded", "message": "Rate limit reached"}) == "busy"
    assert kind_of(429, {"code": "insufficient_quota", "type": "insufficient_quota"}) == "denied"
    assert kind_of(429, quota("GenerateRequestsPerMinutePerProjectPerModel-FreeTier")) == "busy"
    assert kind_of(429, quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier")) == "denied"
    assert kind_of(503, {"status": "UNAVAILABLE"}) == "busy"
    assert kind_of(400, {"details": [{"reason": "API_KEY_INVALID"}]}) == "denied"
    assert kind_of(401, None) == kind_of(402, "credit") == kind_of(404, {}) == "denied"
    assert kind_of(400, {"code": "content_filter"}) == "blocked"
    assert kind_of(403, {"message": "no access to this model"}) == "denied"
    assert kind_of(403, {"message": "flagged", "metadata": {"reasons": ["violence"]}}) == "blocked", "OpenRouter's"
    assert kind_of(403, {"message": "You are not allowed to request logprobs from this model"}) is None
    assert kind_of(403, "<html>") is None, "a firewall's word on one prompt"
    assert kind_of(400, {"status": "FAILED_PRECONDITION"}) == "denied"
    assert kind_of(500, {}) is None
    assert kind_of(400, {"message": "bad", "details": {"not": "a list"}}) is None


def test_a_setting_that_is_refused_is_found_in_the_error() -> None:
    openai, gemini = OpenAi("https://api.openai.com"), Gemini("https://g", "m")
    sent = {"max_tokens": 5, "temperature": 0, "top_k": 3, "seed": 1}
    limit = {"message": "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
                        "'max_completion_tokens' instead.", "param": "max_tokens", "code": "unsupported_parameter"}
    assert refused_setting(limit, sent, openai) == "max_tokens"
    heat = {"message": "Unsupported value: 'temperature' does not support 0 with this model.", "param": "temperature"}
    assert refused_setting(heat, sent, openai) == "temperature"
    assert refused_setting({"message": "Unrecognized request argument supplied: top_k"}, sent, openai) == "top_k"
    assert refused_setting({"message": "Unrecognized request argument supplied: min_p"}, sent, openai) is None
    assert refused_setting({"message": "temperature must be at most 2"}, sent, openai) is None, "the value is at fault"
    assert refused_setting("max_tokens is too large", sent, openai) is None
    assert refused_setting({"message": "topK is not supported by this model"}, sent, gemini) == "top_k"


def test_a_key_is_in_no_sentence_however_a_server_repeats_it() -> None:
    key = "sk-proj-0123456789abcdefghij"
    for said in (f"Incorrect API key provided: {key}.", f"provided: {key[:9]}********ghij. Find", f"{key[:12]}",
                 f"Bearer {key}", f"it's '{key}'!", f"ends in {key[5:]}", f"has {key[9:20]} in it, ghij"[:26]):
        shown = redacted(said, key)
        assert key[:7] not in shown
        assert "ghij" not in shown
    assert redacted("nothing to hide", key) == "nothing to hide"
    assert redacted("a **bold** word", key, whole=True) == "a **bold** word", "a reply is not touched"
    assert redacted("any", None) == "any"
