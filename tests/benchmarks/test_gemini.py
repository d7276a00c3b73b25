"""Google's generateContent in OpenAI's words and back."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.scripts.gemini import Gemini
from benchmarks.scripts.replies import Reply, whole_reply
from benchmarks.scripts.stream import NotAStream, StreamedReply

GEMINI = Gemini("https://g", "gemini-2.5-flash")
JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([
                        "candidates", "content", "parts", "text", "thought", "finishReason", "usageMetadata", "error",
                        "promptTokenCount", "candidatesTokenCount", "promptFeedback", "blockReason", "modelVersion",
                        "logprobsResult", "chosenCandidates", "logProbability"]), inner, max_size=5), max_leaves=20)


def whole(body: Any) -> Reply:
    return whole_reply(GEMINI.reply(body), None, 1.0)


def streamed(*events: Any) -> StreamedReply:
    reply = StreamedReply(None, GEMINI.reply)
    reply.feed(b"".join(b"data: " + json.dumps(event).encode() + b"\r\n\r\n" for event in events))
    return reply


def test_a_request_has_googles_names_and_its_key_in_a_header() -> None:
    schema = {"type": "object"}
    body = {"model": "m", "stream": True, "stream_options": {}, "messages": [
        {"role": "system", "content": "be brief"}, {"role": "user", "content": "1+1"},
        {"role": "assistant", "content": "2"}, {"role": "user", "content": "2+2"}],
        "temperature": 0.5, "top_p": 0.9, "top_k": 4, "max_tokens": 7, "seed": 3, "stop": ["Q:"], "logprobs": True,
        "response_format": {"type": "json_schema", "json_schema": {"schema": schema}}}
    assert GEMINI.request(body) == {
        "systemInstruction": {"parts": [{"text": "be brief"}]},
        "contents": [{"role": "user", "parts": [{"text": "1+1"}]}, {"role": "model", "parts": [{"text": "2"}]},
                     {"role": "user", "parts": [{"text": "2+2"}]}],
        "generationConfig": {"temperature": 0.5, "topP": 0.9, "topK": 4, "maxOutputTokens": 7, "seed": 3,
                             "stopSequences": ["Q:"], "responseLogprobs": True, "logprobs": 1,
                             "responseMimeType": "application/json", "responseJsonSchema": schema},
    }
    assert GEMINI.headers("k") == {"x-goog-api-key": "k"}
    assert GEMINI.url(stream=True) == "https://g/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
    assert GEMINI.url(stream=False) == "https://g/v1beta/models/gemini-2.5-flash:generateContent"


def test_thoughts_count_as_part_of_what_a_reply_took() -> None:
    usage = {"promptTokenCount": 20, "candidatesTokenCount": 7, "thoughtsTokenCount": 30, "totalTokenCount": 57,
             "cachedContentTokenCount": 8}
    parts = [{"text": "hm", "thought": True}, {"text": "Four"}, {"inlineData": {}}, {"text": "."}]
    reply = whole({"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}], "usageMetadata": usage,
                   "modelVersion": "gemini-2.5-flash-001"})
    assert (reply.response, reply.reasoning, reply.finish_reason) == ("Four.", "hm", "stop")
    assert (reply.prompt_tokens, reply.completion_tokens, reply.thinking_tokens, reply.cached_tokens) == (20, 37, 30, 8)
    assert reply.served_model == "gemini-2.5-flash-001"


def test_a_reply_that_went_into_thinking_alone_is_an_empty_one_that_was_cut() -> None:
    usage = {"promptTokenCount": 20, "thoughtsTokenCount": 50}
    candidate = {"content": {"role": "model"}, "finishReason": "MAX_TOKENS"}
    reply = whole({"candidates": [candidate], "usageMetadata": usage})
    assert (reply.response, reply.finish_reason, reply.completion_tokens) == ("", "length", 50)


@pytest.mark.parametrize("reason", ["SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"])
def test_every_stop_for_what_is_said_is_one_outcome(reason: str) -> None:
    assert whole({"candidates": [{"finishReason": reason}]}).finish_reason == "content_filter"
    begun = {"candidates": [{"content": {"parts": [{"text": "I "}]}}]}
    reply = streamed(begun, {"candidates": [{"finishReason": reason}]})
    assert reply.whole
    assert (reply.reply(1.0).finish_reason, reply.reply(1.0).response) == ("content_filter", "I ")


def test_a_prompt_that_is_refused_is_a_reply_that_was_blocked() -> None:
    body = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 9}}
    for reply in (whole(body), streamed(body).reply(1.0)):
        assert (reply.response, reply.finish_reason) == ("", "content_filter")
        assert (reply.prompt_tokens, reply.completion_tokens) == (9, 0), "which costs its prompt"


def test_a_reply_without_candidates_or_reason_is_none() -> None:
    with pytest.raises(IndexError):
        whole({"usageMetadata": {"promptTokenCount": 9}})
    assert not streamed({"usageMetadata": {"promptTokenCount": 9}}).whole


def test_the_last_count_of_a_stream_counts() -> None:
    def event(text: str, count: int) -> dict[str, Any]:
        return {"candidates": [{"content": {"parts": [{"text": text}]}}],
                "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": count}}

    reply = streamed(event("a", 1), event("b", 4)).reply(1.0, cut=True)
    assert (reply.response, reply.prompt_tokens, reply.completion_tokens) == ("ab", 5, 4)


@given(JSON)
def test_whatever_comes_is_a_reply_or_plainly_none(body: Any) -> None:
    with suppress(KeyError, IndexError, TypeError, AttributeError):  # what the caller takes for none
        assert isinstance(whole(body), Reply)
    with suppress(NotAStream):
        streamed(body).reply(1.0)
