"""IFEval's 25 instructions: each is followed by a reply that does, and by none that does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.datasets.request import DatasetRequest
from benchmarks.table import get
from core.errors import BadInput
from core.outcomes import Outcome
from core.records import Answer
from evaluators.ifeval import counting
from evaluators.ifeval.instructions import CHECKS
from evaluators.pool import Programs, VerifierPool
from tests.benchmarks.helpers import write_lines

ENGLISH = "this is a plain sentence about the weather in the north of the country and nothing else at all"
CASES: list[tuple[str, dict[str, Any], str, str]] = [
    ("keywords:existence", {"keywords": ["blue", "Sky"]}, "The sky is BLUE.", "The sea is blue."),
    ("keywords:frequency", {"keyword": "ha", "frequency": 2, "relation": "at least"}, "Ha, ha!", "Ha!"),
    ("keywords:frequency", {"keyword": "ha", "frequency": 2, "relation": "less than"}, "Ha!", "Ha, ha!"),
    ("keywords:forbidden_words", {"forbidden_words": ["cat"]}, "A category.", "A Cat."),
    ("keywords:letter_frequency", {"letter": "z", "let_frequency": 2, "let_relation": "at least"}, "Zz", "z"),
    ("language:response_language", {"language": "de"}, "Das ist ein ganz einfacher deutscher Satz über das Wetter.",
     ENGLISH),
    ("length_constraints:number_sentences", {"num_sentences": 2, "relation": "at least"},
     "Dr. Smith has 3.5 apples. He eats.", "Dr. Smith has 3.5 apples, e.g. red ones."),
    ("length_constraints:number_paragraphs", {"num_paragraphs": 2}, "one\n***\ntwo\n***", "one\n***\n***\ntwo"),
    ("length_constraints:number_words", {"num_words": 3, "relation": "less than"}, "two words", "three whole words"),
    ("length_constraints:nth_paragraph_first_word", {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "then"},
     'First.\n\n"Then," he said.', "Then.\n\nFirst."),
    ("detectable_content:number_placeholders", {"num_placeholders": 2}, "[name] and [place]", "[name]"),
    ("detectable_content:postscript", {"postscript_marker": "P.P.S"}, "Bye.\nP.P.S. more", "Bye.\nP.S. more"),
    ("detectable_content:postscript", {"postscript_marker": "P.S."}, "Bye. P.S. more", "Bye."),
    ("detectable_format:number_bullet_lists", {"num_bullets": 2}, "* a\n- b", "* a\n**b**"),
    ("detectable_format:constrained_response", {}, "My answer is no.", "No."),
    ("detectable_format:number_highlighted_sections", {"num_highlights": 2}, "*a* and *b*", "*a* and ** **"),
    ("detectable_format:multiple_sections", {"section_spliter": "Section", "num_sections": 2},
     "Section 1\nx\nSection 2\ny", "Section 1\nx"),
    ("detectable_format:json_format", {}, '```json\n{"a": 1}\n```', "{a: 1}"),
    ("detectable_format:title", {}, "<<A title>>\ntext", "<< >>\ntext"),
    ("combination:two_responses", {}, "one\n******\ntwo", "one\n******\none"),
    ("combination:repeat_prompt", {"prompt_to_repeat": "Say it."}, "say it. Yes.", "Yes. Say it."),
    ("startend:end_checker", {"end_phrase": "Good bye."}, 'Well, "good bye."', "Good bye. Well."),
    ("startend:quotation", {}, '"all of it"', '"half" of it'),
    ("change_case:capital_word_frequency", {"capital_frequency": 2, "capital_relation": "at least"},
     "I'm with NASA-X now", "I am here"),
    ("change_case:english_capital", {}, ENGLISH.upper(), ENGLISH),
    ("change_case:english_lowercase", {}, ENGLISH, ENGLISH.title()),
    ("punctuation:no_comma", {}, "none here", "one, here"),
]


@pytest.fixture(scope="module")
def pool() -> Iterator[VerifierPool]:
    with VerifierPool(programs=Programs(needed=False)) as made:
        yield made


def test_every_instruction_has_a_case() -> None:
    assert {name for name, *_ in CASES} == set(CHECKS)
    assert len(CHECKS) == 25


@pytest.mark.parametrize(("name", "how", "follows", "does_not"), CASES, ids=lambda value: str(value)[:30])
def test_a_reply_that_follows_and_one_that_does_not(
    name: str, how: dict[str, Any], follows: str, does_not: str
) -> None:
    assert CHECKS[name](follows, how) is True
    assert CHECKS[name](does_not, how) is False


def judge(pool: VerifierPool, names: Any, kwargs: Any, reply: Any) -> Any:
    reference = {"instruction_id_list": names, "kwargs": kwargs}
    return pool.submit("ifeval", "t", lambda: reference, Answer(reply)).result(60)


def test_all_instructions_of_a_prompt_must_be_followed_and_each_is_told(pool: VerifierPool) -> None:
    names = ["punctuation:no_comma", "detectable_format:number_bullet_lists"]
    verdict = judge(pool, names, [{}, {"num_bullets": 1}], "* one thing")
    assert (verdict.outcome, verdict.fields["loose"]) == (Outcome.CORRECT, True)
    verdict = judge(pool, names, [{}, {"num_bullets": 1}], "Sure, here it is:\n* one thing")
    assert verdict.outcome is Outcome.WRONG
    assert verdict.fields == {"1:punctuation:no_comma": False, "2:detectable_format:number_bullet_lists": True,
                              "loose": True}
    assert verdict.detail == "not followed: punctuation:no_comma"


@pytest.mark.parametrize(
    ("names", "kwargs"),
    [([], []), (["no:such"], [{}]), (["keywords:existence"], [{}]), (["keywords:existence"], []), ("x", [{}]),
     (["keywords:frequency"], [{"keyword": "a", "frequency": "many", "relation": "at least"}]),
     (["keywords:frequency"], [{"keyword": "a", "frequency": 1, "relation": "about"}])],
)
def test_a_task_that_cannot_be_checked_is_our_fault(pool: VerifierPool, names: Any, kwargs: Any) -> None:
    assert judge(pool, names, kwargs, "A reply.").outcome is Outcome.HARNESS_FAULT


@pytest.mark.parametrize("text", ["*" * 200_000, "[" * 200_000, "<<" * 100_000, "a." * 100_000, "\n\n" * 100_000,
                                  "******" * 30_000, "p. " * 60_000, "-" * 200_000])
def test_a_long_hostile_reply_is_checked_in_a_moment(pool: VerifierPool, text: str) -> None:
    quick = [case for case in CASES if "language" not in case[0] and "english" not in case[0]]
    for name, how, *_ in quick:
        assert CHECKS[name](text, how) in {True, False}


@given(st.text(max_size=80))
def test_any_text_has_counts(text: str) -> None:
    assert 0 <= counting.sentences(text) <= counting.words(text)
    assert 0 <= counting.words_in_capitals(text) <= max(counting.words(text), 0)


def test_the_data_set_is_read_with_what_an_instruction_does_not_have_left_out(tmp_path: Path) -> None:
    record = {"key": 1000, "prompt": "Do it.", "instruction_id_list": ["punctuation:no_comma"],
              "kwargs": [{"num_words": None}]}
    path = write_lines(tmp_path / "input_data.jsonl", [record])
    tasks = get("ifeval").open_tasks(DatasetRequest(problems_file=str(path)))
    assert tasks.tasks[0].task_id == "ifeval/1000"
    assert tasks.reference("ifeval/1000") == {"instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}
    for change, message in (({"kwargs": []}, "one for each"), ({"instruction_id_list": 1}, "must be a list"),
                            ({"prompt": ""}, "'prompt' is empty")):
        write_lines(path, [record | change])
        with pytest.raises(BadInput, match=f"input_data.jsonl:1: .*{message}"):
            get("ifeval").open_tasks(DatasetRequest(problems_file=str(path)))
