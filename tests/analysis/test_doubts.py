"""What is seen of replies and prompts, what can be done about it, and the noise floor."""

from __future__ import annotations

from typing import Any

import pytest

from analysis.evidence import findings
from analysis.hints import Cuts, hints, suggested_tokens
from analysis.loops import is_looping
from analysis.noise import Twice, audit_of, within_noise
from analysis.prompts import dropped_because, sent
from analysis.replies import thinking
from analysis.validity import Evidence, validity
from core.records import Answer, Sample
from core.repetition import LoopRule


def reply(task: str, text: str = "", **more: Any) -> Sample:
    return Sample(task, 0, text, **more)


def test_thinking_tokens_are_the_servers_count_where_it_has_one() -> None:
    found = thinking([(reply("a", "4", completion_tokens=100, thinking_tokens=75), Answer("4", thinking="long")),
                      (reply("b", "5", completion_tokens=100, thinking_tokens=0), Answer("5"))])
    assert found == {"tokens": 75, "share": 0.375, "unclosed": 0, "estimated": None}


def test_elsewhere_they_are_estimated_by_characters_and_said_to_be() -> None:
    inside = reply("a", "<think>" + "x" * 73 + "</think>" + "y" * 12, completion_tokens=50)
    apart = reply("b", "y" * 20, reasoning="x" * 80, completion_tokens=50)
    found = thinking([(inside, Answer("4", thinking="x" * 73)), (apart, Answer("4", thinking="x" * 80))])
    assert found == {"tokens": 76, "share": 0.76, "unclosed": 0, "estimated": True}


def test_thinking_that_never_closed_is_counted_and_a_model_that_does_not_think_has_no_line() -> None:
    found = thinking([(reply("a", "<think>hm", completion_tokens=9), Answer(None, "cut", "hm", thinking_closed=False))])
    assert found is not None
    assert found["unclosed"] == 1
    assert thinking([(reply("a", "4", completion_tokens=3), Answer("4"))]) is None


def prompts(*lines: tuple[int, int]) -> list[Sample]:
    return [reply(f"t/{n}", prompt_chars=chars, prompt_tokens=tokens) for n, (chars, tokens) in enumerate(lines)]


def test_prompts_of_all_lengths_with_the_same_count_of_tokens_did_not_reach_the_model() -> None:
    why = dropped_because(sent(prompts((200, 12), (420, 12), (900, 13)), {}))
    assert why == "prompts of 200 to 900 characters all came to 13 tokens"


def test_far_too_few_tokens_for_the_characters_is_the_same() -> None:
    why = dropped_because(sent(prompts((4000, 12), (4100, 60), (9000, 90)), {}))
    assert why == "prompts of 4,000 to 9,000 characters came to at most 90 tokens"


@pytest.mark.parametrize("lines", [
    [(200, 60), (420, 120), (900, 250)],  # as it should be
    [(200, 12), (900, 12)],  # too few to tell
    [(300, 80), (310, 80), (320, 81)],  # all of one length
    [(200, 0), (420, 0), (900, 0)],  # a server that does not count
    [(9000, 2200), (9100, 40), (9200, 45)],  # a server that leaves out what its cache had
])
def test_nothing_is_said_of_prompts_that_may_well_have_arrived(lines: list[tuple[int, int]]) -> None:
    assert dropped_because(sent(prompts(*lines), {})) is None


def test_where_a_script_does_not_say_what_it_sent_the_tasks_text_stands_in_for_it() -> None:
    samples = [reply("a", prompt_tokens=9), reply("b", prompt_tokens=9), reply("c", prompt_tokens=10), reply("d")]
    lengths = {"a": 100, "b": 300, "c": 700}
    texts: dict[str, Any] = {name: {"question": "x" * chars, "n": 3} for name, chars in lengths.items()}
    assert dropped_because(sent(samples, texts)) == "prompts of 100 to 700 characters all came to 10 tokens"
    long = {name: {"question": "x" * 5000} for name in "abc"}
    assert dropped_because(sent(samples, long)) is None, "it may have sent a part of it"


def test_a_limit_that_cut_every_reply_says_nothing_of_their_length() -> None:
    assert suggested_tokens(8, 0, 8) == 64
    assert suggested_tokens(5, 95, 2048) == 4096
    assert suggested_tokens(50, 50, 1000) == 8192
    assert suggested_tokens(99, 1, 1000) == 16384


def test_the_flag_to_raise_is_named_with_a_number_from_the_data() -> None:
    [only] = hints(Cuts(120, by_limit=12, max_tokens=256, longest_prompt=300, ctx_size=4096))
    assert only == ("--max-tokens 512: 12 of 120 replies were cut at 256 tokens, and about so many would let nearly "
                    "all of them end")
    [more] = hints(Cuts(120, by_limit=60, max_tokens=2048, longest_prompt=300, ctx_size=4096))
    assert more.startswith("--max-tokens 16384 --ctx-size 17408: 60 of 120")


def test_where_the_context_cut_it_is_the_context_that_must_grow() -> None:
    fixed = Cuts(10, by_limit=1, by_context=3, max_tokens=4096, ctx_size=2048, backend="transformers")
    limit, context = hints(fixed)
    assert "--ctx-size" not in limit  # which transformers refuses
    assert context == "a model of a longer context: that of 2048 tokens, which its config sets, ended 3 of 10 tasks"
    assert hints(Cuts(10, by_context=3, max_tokens=4096, longest_prompt=500, ctx_size=2048)) == [
        "--ctx-size 5120: the context of 2048 tokens a slot, not --max-tokens, ended 3 of 10 tasks"]


def test_a_context_beyond_what_the_model_was_trained_for_is_advised_with_that_word() -> None:
    [only] = hints(Cuts(10, by_context=3, max_tokens=4096, longest_prompt=500, ctx_size=2048, ctx_train=2048))
    assert only.endswith("ended 3 of 10 tasks; the model was trained for 2048, though, and may not keep up beyond")
    [only] = hints(Cuts(10, by_context=3, max_tokens=4096, longest_prompt=500, ctx_size=256, ctx_train=2048))
    assert only.startswith("--ctx-size 2048: the context of 256 tokens")
    assert "trained" not in only


@pytest.mark.parametrize(("backend", "flag"), [
    ("llama-server", "--server-arg=--reasoning-budget=512"),
    ("xllamacpp", "--server-arg=sampling.reasoning_budget_tokens=512"), ("openai", "a thinking budget"),
])
def test_thinking_that_never_closes_can_be_capped(backend: str, flag: str) -> None:
    first, second = hints(Cuts(10, by_limit=8, unclosed=7, max_tokens=1024, backend=backend))
    assert first.startswith("--max-tokens 16384")
    assert second.startswith(flag)
    assert "7 of 10 replies ended inside their thinking" in second


def test_a_model_that_ends_inside_its_thinking_by_itself_needs_a_cap_and_no_more_tokens() -> None:
    [only] = hints(Cuts(10, stopped=8, unclosed=8, max_tokens=1024, backend="llama-server"))
    assert only.startswith("--server-arg=--reasoning-budget=512")


def test_more_tokens_are_not_advised_to_a_model_that_loops() -> None:
    [only] = hints(Cuts(10, looping=9, max_tokens=1024))
    assert only.startswith("--temperature 0.6")
    assert "--max-tokens" not in only
    assert hints(Cuts(10, looping=9, greedy=False))[0].startswith("another --temperature")
    assert "9 of 10 replies repeat themselves" in only


@pytest.mark.parametrize(("more", "says"), [
    ({"cut_thinking": 9}, "9 of 100 tasks cut off inside thinking that never closed"),
    ({"cut_looping": 9, "looping": 9}, "9 of 100 tasks cut off while repeating themselves"),
    ({"cut_context": 9}, "9 of 100 tasks cut off by the context"),
    ({"cut_looping": 4, "looping": 4, "cut_thinking": 2},
     ("9 of 100 tasks cut off (4 while repeating themselves, 2 inside thinking that never closed, "
      "3 by the token limit)")),
])
def test_what_cut_the_replies_off_is_named(more: dict[str, Any], says: str) -> None:
    assert validity(Evidence(100, {"correct": 91, "truncated": 9}, **more))["reasons"] == [says]


@pytest.mark.parametrize(("more", "says"), [
    ({"looping": 5}, "5 of 100 tasks with a reply that ends by repeating itself"),
    ({"prompt_dropped": "the chat template drops the user message"},
     "the prompt does not reach the model: the chat template drops the user message"),
    ({"sampling_ignored": ("top_k is 40 instead of 20",)},
     "the server did not take the sampling as asked: top_k is 40 instead of 20"),
])
def test_what_else_makes_a_score_suspect(more: dict[str, Any], says: str) -> None:
    assert validity(Evidence(100, {"correct": 100}, **more)) == {"status": "suspect", "reasons": [says]}


def test_evidence_counts_every_kind_and_keeps_three_examples() -> None:
    samples = [reply(f"t/{n}", "the answer is " * 20, finish_reason="length", completion_tokens=8, looping=True)
               for n in range(5)] + [reply("t/5"), reply("t/6", "ok"), reply("t/6", "again")]
    details = [{"task_id": f"t/{n}", "sample": 0, "outcome": "truncated", "detail": "cut"} for n in range(5)]
    details += [{"task_id": "t/5", "sample": 0, "outcome": "no_answer", "detail": "the reply is empty"},
                {"task_id": "t/6", "sample": 0, "outcome": "correct"},
                {"task_id": "t/7", "sample": 0, "outcome": "lost", "detail": "no reply in 3 tries"}]
    failures = [{"task_id": "t/7", "sample": 0, "kind": "timeout", "message": "no reply within 2 s"}] * 3
    found = {finding.kind: finding for finding in findings(details, samples, failures)}
    assert {kind: finding.count for kind, finding in found.items()} == {
        "truncated": 5, "looping": 5, "empty": 1, "no_answer": 1, "lost": 1, "duplicates": 1, "failed": 3}
    assert [example.task_id for example in found["looping"].examples] == ["t/0", "t/1", "t/2"]
    assert found["truncated"].examples[0].tail.endswith("the answer is ")
    assert len(found["truncated"].examples[0].tail) <= 160
    assert found["lost"].examples[0].detail == "no reply in 3 tries"
    assert found["failed"].examples[0].detail == "timeout: no reply within 2 s"


ROUND = "The answer is 7. " * 120


@pytest.mark.parametrize(("sample", "loops"), [
    (reply("a", ROUND), True), (reply("a", ROUND + "Done."), False), (reply("a", "\n" * 2000), True),
    (reply("a", "", reasoning=ROUND), True), (reply("a", "7", reasoning=ROUND), False),
    (reply("a", ROUND, looping=False), False), (reply("a", "short", looping=True), True),
    (reply("a", "", completion=ROUND), True),
])
def test_a_reply_loops_if_its_watcher_said_so_or_its_tail_repeats_itself(sample: Sample, loops: bool) -> None:
    assert is_looping(sample, LoopRule()) is loops


def test_where_nobody_is_to_look_only_what_was_said_counts() -> None:
    assert not is_looping(reply("a", ROUND), None)
    assert is_looping(reply("a", ROUND, looping=True), None)


def test_a_difference_is_within_the_noise_floor_when_asking_twice_changes_as_much() -> None:
    audit = Twice(40, 12, 2)
    assert within_noise(6, 120, [audit]) is True
    assert within_noise(30, 120, [audit]) is False
    assert within_noise(30, 120, [audit, Twice(40, 20, 12)]) is True


def test_an_audit_without_a_change_sets_no_floor_and_none_says_nothing() -> None:
    assert within_noise(1, 120, [Twice(40, 0, 0)]) is False
    assert within_noise(0, 120, [Twice(40, 0, 0)]) is True
    assert within_noise(1, 120, []) is None
    assert within_noise(3000, 14_000, [Twice(14_000, 14_000, 2_900)]) is True, "large numbers are no trouble"


@pytest.mark.parametrize("audit", [None, {}, {"tasks": 0, "texts_differ": 0, "verdicts_differ": 0}, [1],
                                   {"tasks": 3, "texts_differ": 4, "verdicts_differ": 0}, {"tasks": "3"}])
def test_an_audit_that_makes_no_sense_is_none(audit: Any) -> None:
    assert audit_of({"audit": audit}) is None
