"""GSM8K: its file is read, its answers are read and graded natively and as published."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.datasets.request import DatasetRequest
from benchmarks.scripts.prompt_files import load
from benchmarks.table import get
from core.errors import UsageError
from core.outcomes import Outcome
from core.records import Sample
from evaluators.pool import Programs, VerifierPool
from parsers.answers.registry import ANSWER_PARSERS
from tests.benchmarks.helpers import write_lines

GSM8K = get("gsm8k")
ANSWERS = ["She has 48/2 = <<48/2=24>>24.\n#### 24", "It falls.\n#### -3", "In all <<2*1060=2120>>2120+5.\n#### 2,125"]


@pytest.fixture(scope="module", params=["native", "upstream"])
def pool(request: pytest.FixtureRequest) -> Iterator[VerifierPool]:
    with VerifierPool(programs=Programs(needed=False), grading=request.param) as made:
        yield made


def outcome(pool: VerifierPool, file: Path, task_id: str, reply: str) -> Outcome:
    tasks = GSM8K.open_tasks(DatasetRequest(problems_file=str(file)))
    sample = Sample(task_id, 0, reply, finish_reason="stop")
    answer = ANSWER_PARSERS[GSM8K.parser(pool.grading)](sample, {})
    return pool.submit(GSM8K.evaluator, task_id, lambda: tasks.reference(task_id), answer).result().outcome


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_lines(tmp_path / "test.jsonl", [{"question": f"q{n}", "answer": a} for n, a in enumerate(ANSWERS)])


def test_the_data_sets_own_answers_are_right(pool: VerifierPool, file: Path) -> None:
    assert [outcome(pool, file, f"gsm8k/{n}", answer) for n, answer in enumerate(ANSWERS)] == [Outcome.CORRECT] * 3


@pytest.mark.parametrize("reply", ["#### 25", "I think 23.", "no number", "", "#### 2", "24 or 25"])
def test_another_number_or_none_is_not(pool: VerifierPool, file: Path, reply: str) -> None:
    assert outcome(pool, file, "gsm8k/0", reply) in {Outcome.WRONG, Outcome.NO_ANSWER}


def test_forms_in_which_models_end(pool: VerifierPool, file: Path) -> None:
    for reply in ("... so 24 left.\nAnswer: 24", "The answer is 24.", "12 and 12 make 24", "= $24"):
        assert outcome(pool, file, "gsm8k/0", reply) is Outcome.CORRECT, reply
    assert outcome(pool, file, "gsm8k/2", "The answer is $2,125.") is Outcome.CORRECT


def test_as_published_texts_are_compared_and_natively_numbers(pool: VerifierPool, file: Path) -> None:
    native = pool.grading == "native"
    assert (outcome(pool, file, "gsm8k/0", "#### 24.00") is Outcome.CORRECT) is native
    assert (outcome(pool, file, "gsm8k/0", r"\boxed{24} and 7 more words") is Outcome.CORRECT) is native


def test_the_published_eight_examples_stand_before_the_question_and_a_question_of_the_models_own_ends_it() -> None:
    prompt = load("gsm8k", "8shot")
    (message,) = prompt.messages({"question": "How many {x}?"})
    assert message["content"].count("Q: ") == 9
    assert message["content"].endswith("Q: How many {x}?\nA:")
    assert prompt.stops == ["Q:"]
    assert load("gsm8k", "v1").stops == []


def test_there_are_no_demo_tasks_and_no_dates() -> None:
    with pytest.raises(UsageError, match="gsm8k has no demo tasks"):
        GSM8K.open_tasks(DatasetRequest(problems_file="demo"))
    with pytest.raises(UsageError, match="need tasks with dates"):
        GSM8K.open_tasks(DatasetRequest(start_date="2024-01-01"))
