"""Streamed replies: cut when they loop, given up when no token comes, and whole otherwise."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.scripts.http_reply import BadReply, Body
from benchmarks.scripts.replies import counts_of
from benchmarks.scripts.stream import NotAStream, StreamedReply
from core.repetition import LoopRule
from tests.benchmarks.helpers import ROOT, Ran, StartFake, run_script, write_lines

SERVER = "openai_server.py"
RULE = LoopRule(period=20, count=3, span=60)


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    return write_lines(tmp_path / "q.jsonl", [{"id": f"q{n}", "question": f"what is {n}?"} for n in range(4)])


def ask(url: str, questions: Path, *flags: str, env: dict[str, str] | None = None) -> Ran:
    return run_script("math_tasks.py", "--base-url", url, "--tasks-file", str(questions), *flags, env=env)


def test_a_streamed_reply_is_the_whole_one(start_fake: StartFake, questions: Path) -> None:
    text = 'A "quoted" line\\n\nand ünïcode 🙂 and a { brace: 5 > 3'
    flags = ("--reply", text, "--reasoning", "hm 🙂")
    streamed, whole = (
        ask(start_fake(SERVER, *flags, *more).url, questions, "--slots", "2").of("sample")
        for more in ((), ("--no-stream", "ignore"))
    )
    assert len(streamed) == len(whole) == 4
    for sample in (*streamed, *whole):
        assert (sample["response"], sample["reasoning"]) == (text, "hm 🙂")
        assert (sample["finish_reason"], sample["completion_tokens"], sample["cached_tokens"]) == ("stop", 7, 5)
        assert sample["looping"] is False
    assert all("ttft_s" in sample for sample in streamed)
    assert not any("ttft_s" in sample for sample in whole), "when the first token came, nobody saw"


def test_a_reply_that_loops_is_cut_short_and_the_server_is_told_by_the_closed_connection(
    start_fake: StartFake, questions: Path
) -> None:
    server = start_fake(SERVER, "--reply", "All good. So I say: ", "--endless", "--piece", "4")
    ran = ask(server.url, questions, "--limit", "2")
    assert len(ran.of("sample")) == 2
    for sample in ran.of("sample"):
        assert (sample["finish_reason"], sample["looping"]) == ("looping", True)
        assert 1600 <= len(sample["response"]) < 4_000_000, "what a busy machine let pile up is read at once"
        assert sample["completion_tokens"] == len(sample["response"]) / 4, "counted by the pieces that came"
    until = time.monotonic() + 60
    while sum("left" in line for line in server.requests()) < 2 and time.monotonic() < until:
        time.sleep(0.05)
    assert [line["left"] for line in server.requests() if "left" in line] == [0, 1]


def test_what_counts_as_a_loop_is_set_by_flags(start_fake: StartFake, questions: Path) -> None:
    server = start_fake(SERVER, "--reply", "0123456789" * 300)
    found = [
        ask(server.url, questions, "--limit", "1", *flags).of("sample")[0]
        for flags in ((), ("--loop-period", "9"), ("--loop-count", "400"), ("--no-loop-stop",))
    ]
    assert [sample.get("looping") for sample in found] == [True, False, False, None]
    assert [sample["finish_reason"] for sample in found[1:]] == ["stop"] * 3
    ran = ask(server.url, questions, "--loop-count", "2")
    assert (ran.code, ran.events) == (2, [])
    assert "--loop-count 2: twice is no loop" in ran.stderr


def test_a_loop_that_was_not_cut_in_time_is_marked_all_the_same(start_fake: StartFake, questions: Path) -> None:
    text = "so " * 700
    for flags in (("--no-stream", "ignore"), ("--piece", "3000")):
        server = start_fake(SERVER, "--reply", text, "--finish-reason", "length", *flags)
        (sample,) = ask(server.url, questions, "--limit", "1").of("sample")
        assert sample["looping"] is True
        assert sample["response"] == text


def test_a_long_reply_whose_tokens_flow_is_no_timeout(start_fake: StartFake, questions: Path) -> None:
    server = start_fake(SERVER, "--reply", "slowly but surely", "--piece", "1", "--pace", "0.25")
    (sample,) = ask(server.url, questions, "--limit", "1", "--request-timeout", "3").of("sample")
    assert sample["response"] == "slowly but surely"
    assert sample["wall_s"] > 3
    assert sample["ttft_s"] < sample["wall_s"] - 1, "the first token came before the others"


@pytest.mark.parametrize(
    ("how", "kind", "message"),
    [
        ("silence", "timeout", "no token within 0.5 s"),
        ("closing", "connection", "closed in the middle of a reply"),
        ("error", "http", "HTTP 500: out of memory"),
        ("garbage", "http", "not a chat completion: {oh no"),
    ],
)
def test_a_stream_that_breaks_is_a_failure_and_no_half_reply(
    start_fake: StartFake, questions: Path, how: str, kind: str, message: str
) -> None:
    server = start_fake(SERVER, "--reply", "one two three", "--break-after", "3", "--break-by", how)
    patience = "0.5" if how == "silence" else "60"
    ran = ask(server.url, questions, "--limit", "1", "--request-timeout", patience)
    assert not ran.of("sample")
    (error,) = ran.of("error")
    assert error["kind"] == kind
    assert message in error["message"]


def test_a_server_that_refuses_to_stream_is_asked_for_whole_replies_and_that_is_said_once(
    start_fake: StartFake, questions: Path
) -> None:
    server = start_fake(SERVER, "--no-stream", "refuse", "--reply", "r")
    ran = ask(server.url, questions)
    assert [event["response"] for event in ran.of("sample")] == ["r"] * 4
    assert ran.stderr.count("this server does not stream (HTTP 400: stream is not supported)") == 1
    assert [request["body"]["stream"] for request in server.requests()] == [True, False, False, False, False]


def test_of_a_server_that_does_not_count_the_pieces_are_the_tokens_and_that_is_said_once(
    start_fake: StartFake, questions: Path
) -> None:
    server = start_fake(SERVER, "--no-usage", "--reply", "123456789", "--piece", "2")
    ran = ask(server.url, questions)
    assert [event["completion_tokens"] for event in ran.of("sample")] == [5] * 4
    assert not any("prompt_tokens" in event for event in ran.of("sample"))
    assert ran.stderr.count("this server counts no tokens of a stream") == 1


def test_tls_is_spoken_with_servers_that_the_user_trusts_and_no_others(start_fake: StartFake, questions: Path) -> None:
    certificate = ROOT / "tests" / "fakes" / "certificate.pem"
    server = start_fake(SERVER, "--tls", str(certificate), "--reply", "r")
    url = server.url.replace("http:", "https:")
    ran = ask(url, questions, env={"REQUESTS_CA_BUNDLE": str(certificate)})
    assert len(ran.of("sample")) == 4
    assert [request["nth"] for request in server.requests()] == [1, 2, 3, 4]
    (error,) = ask(url, questions, "--limit", "1").of("error")
    assert error["kind"] == "connection"
    assert "certificate" in error["message"].lower()
    silent = start_fake(SERVER, "--tls", str(certificate), "--reply", "r", "--hang").url.replace("http:", "https:")
    env = {"REQUESTS_CA_BUNDLE": str(certificate)}
    (error,) = ask(silent, questions, "--limit", "1", "--request-timeout", "0.5", env=env).of("error")
    assert error["kind"] == "timeout"


@pytest.mark.parametrize("variable", ["http_proxy", "all_proxy"])
def test_a_server_elsewhere_is_asked_through_the_proxy_of_the_environment(
    start_fake: StartFake, questions: Path, variable: str
) -> None:
    proxy = start_fake(SERVER, "--reply", "r")
    env = {variable: proxy.url.replace("http://", "http://me:pass@"), "no_proxy": ""}
    ran = ask("http://server.invalid:8000", questions, "--limit", "1", env=env)
    assert len(ran.of("sample")) == 1
    (request,) = proxy.requests()
    assert request["path"] == "http://server.invalid:8000/v1/chat/completions"
    assert request["headers"]["Host"] == "server.invalid:8000"
    assert request["headers"]["Proxy-Authorization"] == "Basic bWU6cGFzcw=="


# -- the parts, without a network ---------------------------------------------------------------------------------


def llama_event(part: str, text: str, predicted: int) -> bytes:
    """As llama.cpp's server writes it, with its count of tokens."""
    event = {
        "choices": [{"finish_reason": None, "index": 0, "delta": {part: text}}], "created": 1, "id": "c", "model": "m",
        "timings": {"cache_n": 2, "prompt_n": 9, "predicted_n": predicted},
    }
    return b"data: " + json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode() + b"\n\n"


def foreign_event(part: str, text: str, predicted: int) -> bytes:
    event = {"timings": {"prompt_n": 9, "cache_n": 2, "predicted_n": predicted}, "choices": [{"delta": {part: text}}]}
    return b": ping\r\n\r\ndata:" + json.dumps(event).encode() + b"\r\n\r\n"


TOKENS = st.lists(
    st.tuples(st.sampled_from(["content", "reasoning_content"]), st.text(st.characters(exclude_categories=["Cs"]),
                                                                        min_size=1, max_size=5), st.booleans()),
    min_size=1, max_size=30,
)


@settings(deadline=None)
@given(TOKENS, st.lists(st.integers(1, 80), min_size=1, max_size=20))
def test_however_the_bytes_fall_the_reply_is_the_same(tokens: list[tuple[str, str, bool]], cuts: list[int]) -> None:
    data = b"".join(
        (llama_event if ours else foreign_event)(part, text, 2 * number)
        for number, (part, text, ours) in enumerate(tokens, 1)
    )
    data += b'data: {"choices":[{"finish_reason":"stop","index":0,"delta":{}}]}\n\ndata: [DONE]\n\n'
    reply, at, number = StreamedReply(None), 0, 0
    while at < len(data):
        size = cuts[number % len(cuts)]
        reply.feed(data[at : at + size])
        at, number = at + size, number + 1
    assert reply.whole
    whole = reply.reply(1.0)
    assert whole.response == "".join(text for part, text, _ in tokens if part == "content")
    assert (whole.reasoning or "") == "".join(text for part, text, _ in tokens if part != "content")
    assert whole.completion_tokens == 2 * len(tokens)
    assert (whole.prompt_tokens, whole.cached_tokens, whole.looping) == (11, 2, None)
    thought = [number for number, (part, _, _) in enumerate(tokens, 1) if part != "content"]
    assert whole.thinking_tokens == (2 * thought[-1] if thought else None)


def test_the_servers_own_count_is_taken_where_it_counts_as_it_goes() -> None:
    reply = StreamedReply(RULE)
    for number in range(40):
        reply.feed(llama_event("content", "🙂", 3 * number + 3))
        if reply.in_a_loop():
            break
    cut = reply.reply(1.0, cut=True)
    assert cut.completion_tokens == 3 * len(cut.response), "three tokens a character"
    assert (cut.finish_reason, cut.looping, cut.prompt_tokens) == ("looping", True, 11)


def test_thinking_that_loops_is_seen_and_an_answer_after_it_begins_anew() -> None:
    reply = StreamedReply(RULE)
    for _ in range(20):
        reply.feed(llama_event("reasoning_content", "hm, no. ", 1))
    assert reply.in_a_loop()
    reply.feed(llama_event("content", "Four.", 2))
    assert not reply.in_a_loop()


def test_reasoning_tokens_are_taken_from_a_server_that_counts_them() -> None:
    reply = StreamedReply(None)
    usage = {"completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 6}}
    reply.feed(b"data: " + json.dumps({"choices": [], "usage": usage}).encode() + b"\n")
    assert (reply.reply(1.0).thinking_tokens, reply.reply(1.0).completion_tokens) == (6, 9)


def test_an_event_without_an_end_is_given_up_before_it_fills_the_memory() -> None:
    reply, began = StreamedReply(RULE), time.thread_time()
    for _ in range(1 << 11):
        reply.feed(b"x" * (1 << 15))
    with pytest.raises(NotAStream, match="an event of more than 64 MiB"):
        reply.feed(b"x")
    # 64 MiB take a tenth of a second; copied again for each of 2,048 pieces they would be 64 GiB, and ten times this.
    assert time.thread_time() - began < 10, "and what has come is not copied again for every piece"


def test_a_byte_that_is_no_text_costs_a_character_and_not_the_reply() -> None:
    reply = StreamedReply(RULE)
    reply.feed(llama_event("content", "a@b", 1).replace(b"@", b"\xff"))
    assert reply.reply(1.0).response == "a\ufffdb"


@pytest.mark.parametrize("timings", [{"cache_n": -1}, {"predicted_n": 1e300}, {"predicted_n": 10**400},
                                     {"prompt_n": -9}])
def test_counts_that_cannot_be_are_not_known(timings: dict[str, Any]) -> None:
    counts = counts_of({"prompt_tokens": 10**30, "completion_tokens": True}, timings)
    assert (counts.prompt_tokens, counts.completion_tokens, counts.cached_tokens) == (None, None, None)


@pytest.mark.parametrize("payload", [b"[]", b"5", b'{"choices": 7}', b'{"choices": [{"delta": {"content": 5}}]}', b"{",
                                     b'{"choices":[{"finish_reason":null,"index":0,"delta":{"content":"\\x"}}],"a":1}'])
def test_an_event_that_is_none_of_a_chat_is_named(payload: bytes) -> None:
    with pytest.raises(NotAStream):
        StreamedReply(RULE).feed(b"data: " + payload + b"\n\n")


@settings(deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=40), max_size=12), st.integers(1, 30), st.booleans())
def test_chunks_are_taken_apart_wherever_the_network_cut_them(parts: list[bytes], size: int, trailer: bool) -> None:
    packed = b"".join(b"%x;note=1\r\n%s\r\n" % (len(part), part) for part in parts)
    packed += b"0\r\n" + (b"X-After: all\r\n" if trailer else b"") + b"\r\n"
    body = Body({"transfer-encoding": "chunked"})
    got = b""
    for at in range(0, len(packed), size):
        assert not body.whole
        got += body.take(packed[at : at + size])
    assert (got, body.whole) == (b"".join(parts), True)


@pytest.mark.parametrize("length", ["-5", "1_0", "9" * 5000, "\u00b2", "0x5"])
def test_a_length_that_is_none_is_a_bad_reply(length: str) -> None:
    with pytest.raises(BadReply):
        Body({"content-length": length})


@pytest.mark.parametrize("data", [b"xyz\r\n", b"-5\r\n", b"1_0\r\n", b"0x5\r\n", b"f" * 5000 + b"\r\n", b"\r\nab",
                                  b"a" * 70_000])
def test_a_chunk_without_a_length_is_a_bad_reply(data: bytes) -> None:
    with pytest.raises(BadReply):
        Body({"transfer-encoding": "chunked"}).take(data)
