from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.records import Json, Sample
from parsers.events import Ended, Event, RequestFailed, SampleRead, ScoreRead, Started, Unreadable
from parsers.outputs.reader import TextReader
from parsers.outputs.registry import OUTPUT_PARSERS, autodetect
from tests.parsers.asking import events

FULL = {
    "event": "sample",
    "task_id": "HumanEval/0",
    "sample": 2,
    "response": "hi",
    "reasoning": "hm",
    "finish_reason": "stop",
    "prompt_tokens": 10,
    "completion_tokens": 3,
    "cached_tokens": 4,
    "timings": {"predicted_ms": 12.5},
    "wall_s": 0.5,
    "seed": 7,
    "ttft_s": 0.25,
}


def samples(found: list[Event]) -> list[Sample]:
    return [event.sample for event in found if isinstance(event, SampleRead)]


def unreadable(found: list[Event]) -> list[Unreadable]:
    return [event for event in found if isinstance(event, Unreadable)]


def test_each_event_line_comes_out_as_it_is_fed() -> None:
    reader = autodetect()
    assert reader.feed('{"event":"start","total":3,"interactive":true}\n') == [Started(3, True)]
    assert reader.feed(json.dumps(FULL)) == [
        SampleRead(Sample("HumanEval/0", 2, "hi", "hm", "stop", 10, 3, 4, {"predicted_ms": 12.5}, 0.5, 7, ttft_s=0.25))
    ]
    assert reader.feed('{"event":"error","task_id":"a","sample":1,"message":"gone","kind":"timeout"}') == [
        RequestFailed("a", 1, "gone", "timeout")
    ]
    assert reader.feed('{"event":"end"}\r\n') == [Ended()]
    assert reader.close() == []


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("task_id", None),
        ("task_id", ""),
        ("task_id", True),
        ("task_id", ["a"]),
        ("sample", -1),
        ("sample", "0"),
        ("sample", 1.0),
        ("sample", True),
        ("response", 5),
        ("response", ["a"]),
        ("reasoning", 1),
        ("finish_reason", {}),
        ("prompt_tokens", -1),
        ("completion_tokens", "3"),
        ("cached_tokens", 2**63),
        ("timings", [1]),
        ("timings", {"a": "b"}),
        ("wall_s", -0.5),
        ("wall_s", "1"),
        ("seed", 0.5),
        ("event", "smaple"),
        ("event", 3),
        ("completion", 3),
    ],
)
def test_a_sample_with_a_field_of_the_wrong_type_is_unreadable_and_says_which(field: str, wrong: Json) -> None:
    event, *failed = events(json.dumps({**FULL, field: wrong}))
    assert isinstance(event, Unreadable)
    assert f"'{field}" in event.reason
    assert len(failed) == (field not in {"event", "task_id", "sample"}), "nobody waits for it"


def test_a_sample_without_any_text_is_unreadable_and_a_request_that_failed() -> None:
    event, failed = events('{"event":"sample","task_id":"a","sample":2}')
    assert isinstance(event, Unreadable)
    assert isinstance(failed, RequestFailed)
    assert (failed.task_id, failed.index, failed.kind) == ("a", 2, "unreadable")
    assert "neither 'response' nor" in failed.message


def test_numbers_that_are_no_numbers_are_unknown_not_fatal() -> None:
    (event,) = events('{"event":"sample","task_id":"a","response":"x","timings":{"p":NaN,"q":1},"wall_s":Infinity}')
    assert isinstance(event, SampleRead)
    assert event.sample.timings == {"q": 1.0}
    assert event.sample.wall_s is None


def test_lone_surrogates_in_a_response_become_text_that_every_file_can_hold() -> None:
    (event,) = events('{"event":"sample","task_id":"a","response":"x\\ud800y \\ud83d\\ude00"}')
    assert isinstance(event, SampleRead)
    assert event.sample.response == "x\ufffdy 😀"


def test_stray_lines_between_events_are_unreadable_at_once_and_stop_nothing() -> None:
    reader = autodetect()
    assert [type(event) for event in reader.feed("Loading model\n")] == [Unreadable]
    assert reader.feed('{"event":"end"}') == [Ended()]
    assert [type(event) for event in reader.feed('{"event":"sam')] == [Unreadable]
    assert reader.feed('{"event":"end"}') == [Ended()]
    assert reader.close() == []


def test_an_event_line_cut_short_before_any_whole_one_does_not_hold_up_the_rest() -> None:
    reader = autodetect()
    assert reader.feed('{"event":"sta') == []
    first, second = reader.feed('{"event":"end"}')
    assert isinstance(first, Unreadable)
    assert second == Ended()


def test_humaneval_lines_stream_and_number_a_task_that_comes_again() -> None:
    reader = autodetect()
    found = reader.feed('{"task_id":"HumanEval/0","completion":"    return 1"}')
    assert found == [SampleRead(Sample("HumanEval/0", 0, "", completion="    return 1"))]
    found = reader.feed('{"task_id":"HumanEval/0","response":"hi"}') + reader.feed('{"task_id":11,"solution":"x = 1"}')
    assert samples(found) == [Sample("HumanEval/0", 1, "hi"), Sample("11", 0, "x = 1")]


def test_a_json_list_of_humaneval_samples_over_many_lines_is_read_at_the_close() -> None:
    found = events(
        '[\n{"task_id":"a","completion":"x"},\n{"task_id":"a","completion":"y"},\n{"task_id":5.5,"completion":"y"}\n]'
    )
    assert [sample.completion for sample in samples(found)] == ["x", "y"]
    assert len(unreadable(found)) == 1


@pytest.mark.parametrize("indent", [None, 4])
def test_livecodebench_output_is_read_whole_or_in_one_line(indent: int | None) -> None:
    document = [
        {
            "question_id": "abc301_a",
            "question_title": "A",
            "output_list": ["```\nx\n```", "no"],
            "code_list": ["x", "y"],
        },
        {"question_id": 2777, "code_list": ["print(1)"]},
        {"question_id": "abc301_b", "output_list": "text"},
        {"title": "no id"},
    ]
    found = events(json.dumps(document, indent=indent) + "\nSaved.\n")
    assert samples(found) == [
        Sample("abc301_a", 0, "```\nx\n```"),
        Sample("abc301_a", 1, "no"),
        Sample("2777", 0, "", completion="print(1)"),
    ]
    assert len(unreadable(found)) == 3  # the two odd entries and "Saved."


def test_lm_eval_samples_take_their_ids_from_the_document_and_count_a_filter_once() -> None:
    lines = [
        {"doc_id": 3, "doc": {"question": "q", "answer": "x #### 5"}, "resps": [["five"]], "filter": "strict-match"},
        {
            "doc_id": 3,
            "doc": {"question": "q", "answer": "x #### 5"},
            "resps": [["five"]],
            "filter": "flexible-extract",
        },
        {"doc_id": 0, "doc": {"task_id": "HumanEval/0"}, "resps": [["a", "b"]]},
        {"doc_id": 9, "doc": {"text": "t"}, "resps": [["c"]]},
        {"doc_id": 1, "doc": {}, "resps": [[[-1.5, False]]]},
        {"doc_id": "x", "doc": {}, "resps": [["c"]]},
    ]
    found = events("\n".join(map(json.dumps, lines)), OUTPUT_PARSERS["lm-eval"](benchmark="own"))
    assert samples(found) == [
        Sample("gsm8k/3", 0, "five"),
        Sample("HumanEval/0", 0, "a"),
        Sample("HumanEval/0", 1, "b"),
        Sample("own/9", 0, "c"),
    ]
    assert len(unreadable(found)) == 2


def test_a_llama_eval_state_gives_samples_and_says_what_is_missing() -> None:
    state = {
        "id": "gsm8k",
        "tasks": [],
        "task_states": {
            "total": 3,
            "correct": 1,
            "cases": {
                "gsm8k_000_012": {"response": "#### 5", "status": "ok", "tokens": 12, "reasoning_content": "hm"},
                "gsm8k_001_012": {"response": None, "status": "pending"},
                "odd": {"response": "x", "status": "error: timed out"},
                "gsm8k_000_001": [],
            },
        },
    }
    found = events(json.dumps(state, indent=2))
    assert found[0] == Started(total=4)
    assert samples(found) == [Sample("gsm8k/12", 0, "#### 5", reasoning="hm", completion_tokens=12)]
    failed = [event for event in found if isinstance(event, RequestFailed)]
    assert [(event.task_id, event.index, event.kind) for event in failed] == [
        ("gsm8k/12", 1, "foreign"),
        ("odd", 0, "foreign"),
    ]
    assert len(unreadable(found)) == 1


def test_an_output_nobody_can_read_gives_a_reason_for_every_line() -> None:
    text = "hello\n\n[INFO] working\n{not json\n{\n[[[[\n{}\n[]\n12\n\x00\x01\n"
    found = events(text)
    assert len(found) == 9
    assert all(isinstance(event, Unreadable) and event.reason for event in found)


def test_an_empty_output_gives_nothing() -> None:
    assert events("") == []
    assert events("\n  \n") == []


def test_a_named_format_reads_its_own_and_nothing_else() -> None:
    own = json.dumps(FULL)
    for name, parser in OUTPUT_PARSERS.items():
        (event,) = events(own, parser())
        assert isinstance(event, SampleRead) == (name in {"events", "humaneval"}), name


def test_held_text_is_bounded_and_given_up_as_unreadable() -> None:
    reader = TextReader([], max_held_chars=50)
    assert reader.feed("{") == []
    assert reader.feed('"a": 1,') == []
    assert len(reader.feed("x" * 50)) == 3


def test_an_excerpt_is_short_and_one_line() -> None:
    (event,) = events("x " * 5000)
    assert isinstance(event, Unreadable)
    assert len(event.excerpt) <= 200


JSONISH = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "event",
                    "task_id",
                    "sample",
                    "response",
                    "completion",
                    "question_id",
                    "code_list",
                    "output_list",
                    "doc_id",
                    "doc",
                    "resps",
                    "task_states",
                    "cases",
                    "samples",
                    "score",
                    "results",
                    "total",
                    "passed",
                    "timings",
                    "message",
                ]
            )
            | st.text(max_size=3),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)
EVENT = st.fixed_dictionaries(
    {"event": st.sampled_from(["start", "sample", "error", "end"])},
    optional={key: JSONISH for key in FULL if key != "event"} | {"total": JSONISH, "message": JSONISH},
)


@given(
    st.lists(
        JSONISH.map(json.dumps)
        | EVENT.map(json.dumps)
        | st.text(max_size=20)
        | JSONISH.map(lambda value: json.dumps(value, indent=1)),
        max_size=8,
    )
)
def test_no_output_raises_and_every_line_of_garbage_is_counted(parts: list[str]) -> None:
    for reader in (autodetect(), *(parser() for parser in OUTPUT_PARSERS.values())):
        for event in events("\n".join(parts), reader):
            if isinstance(event, SampleRead):
                event.sample.response.encode()
                event.sample.task_id.encode()
                assert event.sample.index >= 0
            elif isinstance(event, ScoreRead):
                assert 0 <= event.score_percent <= 100


@given(
    st.lists(
        st.text(alphabet='abc {}[]:"#', min_size=1, max_size=30).filter(
            lambda line: bool(line.strip()) and "\n" not in line
        ),
        max_size=10,
    )
)
def test_text_without_any_sample_gives_as_many_events_as_lines(lines: list[str]) -> None:
    found = events("\n".join(lines))
    assert len(found) <= len(lines)
    assert all(isinstance(event, Unreadable) for event in found)
    if not any(line.strip()[0] in "{[" for line in lines):
        assert len(found) == len(lines)
