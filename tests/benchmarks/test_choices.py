"""Multiple choice: MMLU in its three forms, MMLU-Pro, GPQA, TruthfulQA; letters read and graded."""

from __future__ import annotations

import csv
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.benchmark import Benchmark
from benchmarks.datasets.request import DatasetRequest, TaskSet
from benchmarks.table import get
from core.errors import BadInput, UsageError
from core.outcomes import Outcome
from core.records import Sample
from evaluators.pool import Programs, VerifierPool
from parsers.answers.registry import ANSWER_PARSERS
from tests.benchmarks.helpers import write_lines

MMLU, PRO, GPQA, TRUTH = (get(name) for name in ("mmlu", "mmlu_pro", "gpqa", "truthfulqa"))
ROWS = [
    ["What, in this code,\nis the value of x?\n\n  x = 1\n  x += 1", '1, or "one"', "2", "3", "raises\nan error", "B"],
    ["A question, plain", "yes", "no", "both", "neither", "D"],
]


def written(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two subjects as the authors lay them out, with quoted newlines."""
    for split in ("test", "dev", "val"):
        (tmp_path / "data" / split).mkdir(parents=True)
        for subject in ("zoology", "college_logic"):
            examples = [[f"example {n} of {subject}", "a", "b", "c", "d", "C"] for n in range(5)]
            rows = ROWS if split == "test" else examples
            (tmp_path / "data" / split / f"{subject}_{split}.csv").write_text(written(rows))
    return tmp_path / "data"


@pytest.fixture
def archive(folder: Path) -> Path:
    path = folder.parent / "data.tar"
    with tarfile.open(path, "w") as file:
        file.add(folder, "data")
    return path


@pytest.fixture
def one_file(tmp_path: Path) -> Path:
    head = ["", "Question", "A", "B", "C", "D", "Answer", "Subject"]
    rows = [[str(n), *row, subject] for subject in ("zoology", "college_logic") for n, row in enumerate(ROWS)]
    path = tmp_path / "mmlu.csv"
    path.write_text(written([head, *rows]))
    return path


def opened(benchmark: Benchmark, path: Path, **more: Any) -> TaskSet:
    return benchmark.open_tasks(DatasetRequest(problems_file=str(path), **more))


def test_mmlu_reads_the_same_tasks_from_its_folder_its_archive_and_one_csv(
    folder: Path, archive: Path, one_file: Path
) -> None:
    sets = [opened(MMLU, path) for path in (folder, archive, one_file)]
    assert sets[0].tasks == sets[1].tasks == sets[2].tasks
    assert [task.task_id for task in sets[0].tasks] == [
        "college_logic/0", "college_logic/1", "zoology/0", "zoology/1",
    ]
    first = sets[0].tasks[0]
    assert first.prompt["question"] == ROWS[0][0]
    assert first.prompt["choices"] == ROWS[0][1:5]
    assert first.difficulty == "college_logic"
    assert {one.reference("zoology/0")["answer"] for one in sets} == {"B"}
    assert len({one.sha256 for one in sets}) == 3


def test_the_five_examples_of_the_subject_stand_before_the_question(folder: Path, one_file: Path) -> None:
    task = opened(MMLU, folder, prompt_version="5shot").tasks[2]
    (message,) = MMLU.prompt("5shot").messages({name: str(value) for name, value in task.prompt.items()})
    text = message["content"]
    assert text.startswith("The following are multiple choice questions (with answers) about zoology.\n\nexample 0")
    assert text.count("\nAnswer: C\n") == 5
    assert text.endswith(f"{ROWS[0][0]}\nA. {ROWS[0][1]}\nB. 2\nC. 3\nD. raises\nan error\nAnswer:")
    with pytest.raises(UsageError, match=r"--prompt-version 5shot: .* holds no examples"):
        opened(MMLU, one_file, prompt_version="5shot")


def test_the_chat_prompt_asks_for_a_last_line_with_the_letter(folder: Path) -> None:
    task = opened(MMLU, folder).tasks[1]
    (message,) = MMLU.prompt("v1").messages({name: str(value) for name, value in task.prompt.items()})
    assert message["content"].endswith("\n\nA question, plain\n\nA) yes\nB) no\nC) both\nD) neither")
    assert "'Answer: $LETTER'" in message["content"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("q,a,b,c,d\n", r"zoology_test.csv:1: has 5 fields"),
        ("q,a,b,c,d,E\n", "the answer 'E' is none of A, B, C, D"),
        ('"q,a,b', "not CSV"),
        (",a,b,c,d,A\n", "has no question"),
        ("q\xff,a,b,c,d,A\n", "is not UTF-8"),
        ('"' + "x" * 2_000_000 + '",a,b,c,d,A\n', "not CSV .*field larger"),
    ],
)
def test_a_faulty_row_is_named_by_file_and_line(folder: Path, text: str, message: str) -> None:
    (folder / "test" / "zoology_test.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(BadInput, match=message):
        opened(MMLU, folder)


def test_what_holds_no_mmlu_is_told_what_does(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="holds no questions; give the authors' archive"):
        opened(MMLU, tmp_path / "empty")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(BadInput, match="lacks the column 'Question'"):
        opened(MMLU, tmp_path / "other.csv")
    with pytest.raises(BadInput, match="no such file"):
        opened(MMLU, tmp_path / "none.csv")
    (tmp_path / "cut.tar").write_bytes(b"")
    with pytest.raises(BadInput):
        opened(MMLU, tmp_path / "cut.tar")


def test_an_archive_that_names_other_places_touches_nothing_there(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "evil.tar"
    with tarfile.open(path, "w") as file:
        for name in ("../../test/zoology_test.csv", "/etc/test/logic_test.csv"):
            data = written(ROWS).encode()
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            file.addfile(entry, io.BytesIO(data))
        link = tarfile.TarInfo("test/passwd_test.csv")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        file.addfile(link)
    before = sorted(tmp_path.rglob("*"))
    assert {task.difficulty for task in opened(MMLU, path).tasks} == {"zoology", "logic"}
    assert sorted(tmp_path.rglob("*")) == before


def pro_record(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "question_id": number, "question": f"Which number is {number}?", "options": [str(n) for n in range(10)],
        "answer": "ABCDEFGHIJ"[number % 10], "answer_index": number % 10, "category": "number theory",
        "cot_content": f"A: Let's think step by step. It is {number}. The answer is (A).", "src": "own",
    } | changes


def test_mmlu_pro_reads_lines_and_parquet_alike(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    records = [pro_record(number) for number in range(30)]
    lines = opened(PRO, write_lines(tmp_path / "test.jsonl", records))
    parquet.write_table(pa.Table.from_pylist(records), tmp_path / "test.parquet")
    assert opened(PRO, tmp_path / "test.parquet").tasks == lines.tasks
    assert lines.tasks[3].task_id == "mmlu_pro/3"
    assert lines.reference("mmlu_pro/13")["answer"] == "D"
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 not parquet")
    with pytest.raises(BadInput, match="cannot be read as Parquet"):
        opened(PRO, tmp_path / "bad.parquet")


def test_mmlu_pros_examples_come_from_the_validation_file_beside_it(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "test.jsonl", [pro_record(number) for number in range(3)])
    with pytest.raises(UsageError, match="the examples come from the validation file"):
        opened(PRO, path, prompt_version="5shot")
    write_lines(tmp_path / "validation.jsonl", [pro_record(100 + number) for number in range(7)])
    task = opened(PRO, path, prompt_version="5shot").tasks[0]
    (message,) = PRO.prompt("5shot").messages({name: str(value) for name, value in task.prompt.items()})
    assert message["content"].count("Answer: Let's think step by step. It is 10") == 5
    assert message["content"].endswith("J. 9\nAnswer: Let's think step by step.")
    assert PRO.prompt("5shot").stops == ["Question:"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"options": "a"}, "'options' must be a list"),
        ({"options": ["a", ""]}, "no text"),
        ({"options": ["a", *["N/A"] * 9]}, "a list of 2 to 10 texts"),
        ({"answer": "K"}, "is no letter of its options"),
        ({"question_id": None}, "'question_id' is missing"),
        ({"category": 3}, "'category' must be a string"),
    ],
)
def test_a_faulty_mmlu_pro_record_is_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = write_lines(tmp_path / "test.jsonl", [pro_record(0), pro_record(1) | change])
    with pytest.raises(BadInput, match=f"test.jsonl:2: .*{message}"):
        opened(PRO, path)


def gpqa_file(path: Path, count: int = 40) -> Path:
    head = ["Record ID", "Question", "Correct Answer", "Incorrect Answer 1", "Incorrect Answer 2",
            "Incorrect Answer 3", "High-level domain"]
    rows = [[f"rec{n}", f"Question\n{n}", f"right {n}", f"wrong {n}a", f"wrong {n}b", f"wrong {n}c", "Physics"]
            for n in range(count)]
    path.write_text(written([head, *rows]))
    return path


def test_gpqas_choices_stand_in_an_order_that_the_id_decides(tmp_path: Path) -> None:
    tasks = opened(GPQA, gpqa_file(tmp_path / "gpqa.csv"))
    letters = [tasks.reference(task.task_id)["answer"] for task in tasks.tasks]
    for number, (task, letter) in enumerate(zip(tasks.tasks, letters, strict=True)):
        assert task.prompt["choices"]["ABCD".index(letter)] == f"right {number}"
    assert set(letters) == set("ABCD")
    fewer = opened(GPQA, gpqa_file(tmp_path / "fewer.csv", 5))
    assert fewer.tasks == tasks.tasks[:5]


def test_truthfulqa_letters_the_best_answer_among_the_incorrect_ones(tmp_path: Path) -> None:
    head = ["Type", "Category", "Question", "Best Answer", "Correct Answers", "Incorrect Answers", "Source"]
    rows = [["A", "Myths", f"Is it {n}?", f"No, {n}", f"No, {n}; Nothing", "Yes; It is so; Perhaps; Yes", "own"]
            for n in range(30)]
    path = tmp_path / "TruthfulQA.csv"
    path.write_text(written([head, *rows]))
    tasks = opened(TRUTH, path)
    assert len(tasks.tasks) == 30
    for number, task in enumerate(tasks.tasks):
        letter = tasks.reference(task.task_id)["answer"]
        assert task.prompt["choices"]["ABCD".index(letter)] == f"No, {number}"
        assert sorted(task.prompt["choices"]) == sorted([f"No, {number}", "Yes", "It is so", "Perhaps"])
    (message,) = TRUTH.prompt("v1").messages({name: str(value) for name, value in tasks.tasks[0].prompt.items()})
    assert "LETTER is one of A, B, C, D. Think" in message["content"]


CHOICES = {"choices": ["Paris", "London", "Rome", "Vienna"]}


def letter_of(reply: str, parser: str = "choice", finish: str = "stop", prompt: Any = None) -> Any:
    return ANSWER_PARSERS[parser](Sample("t", 0, reply, finish_reason=finish), prompt or CHOICES).value


@pytest.mark.parametrize(
    "reply",
    [
        "Answer: B", "answer: b", "**Answer:** B", "**Answer: B**", "Answer: (B)", "Answer: $B$", "Answer: B) London",
        "The answer is B.", "the correct answer is (B) London", "The answer is: B",
        "So the answer would be B? No.\n\nB",
        r"Therefore \boxed{B}", r"\boxed{\text{B}}", r"$\boxed{(B)}$", "B", "(B)", "B.", " b ", "**B**", "B) London",
        "B. London is right.", "Let me think. A is wrong.\n\nB", "London", "london.",
        "The best option is B because of it.",
        "Answer: A\nWait, no.\nAnswer: B", "The answer is\n\nB", "My choice: B", "<think>A or C?</think>Answer: B",
        "A is a city, and so is C, but the answer is B",
    ],
)
def test_letters_in_the_forms_that_models_use(reply: str) -> None:
    assert letter_of(reply) == "B"


@pytest.mark.parametrize(
    "reply",
    [
        "", "I do not know.", "Answer: E", r"\boxed{7}", "The answer is A or B.", "Answer: A, B", "Answer: A and C",
        "the answer is a matter of taste", "The answer is a city.", "A) Paris\nB) London\nC) Rome\nD) Vienna",
        "Answer: $LETTER", "Answer: Madrid", "Which of A, B, C or D?", "It is Paris or London", "Z", "BB",
    ],
)
def test_what_chooses_nothing_or_several_is_no_answer(reply: str) -> None:
    assert letter_of(reply) is None


def test_a_reply_that_was_cut_has_only_an_explicit_answer() -> None:
    assert letter_of("We look at each.\nB", finish="length") is None
    assert letter_of("Answer: B\nbecause", finish="length") == "B"


def test_as_published_the_first_answer_line_counts_and_words_do_not() -> None:
    assert letter_of("Answer: A\nWait.\nAnswer: B", "choice_published") == "A"
    assert letter_of("**Answer: B**", "choice_published") == "B"
    assert letter_of(" B", "choice_published") == "B"
    assert letter_of("the answer is (B).", "choice_published") == "B"
    assert letter_of("London", "choice_published") is None
    assert letter_of("But no letter", "choice_published") is None


@pytest.mark.parametrize(
    ("reply", "value"),
    [
        ("Answer: A. No: the answer is (C), so the answer is D.", "C"), ("The answer is B", "B"),
        ("answer: A or answer: B\nanswer: C", "B"), ("Answer:\n  D", "D"), ("I take C. Or B?", "B"),
        ("Answer: a", None), ("nothing", None), ("the answer is (J).", None), ("", None),
    ],
)
def test_mmlu_pros_own_script_takes_the_first_that_is_said_and_then_the_last_letter(
    reply: str, value: str | None
) -> None:
    assert letter_of(reply, "mmlu_pro_published") == value


@given(st.text(alphabet="ABCDabcd \n()[]{}\\*$.:,answeriboxd", max_size=200))
def test_any_text_has_a_letter_of_the_choices_or_none(text: str) -> None:
    for parser in ("choice", "choice_published", "mmlu_pro_published"):
        assert letter_of(text, parser) in {"A", "B", "C", "D", None}


@pytest.mark.parametrize(
    "text",
    ["answer is " * 40_000, "answer: the the the " * 20_000, "\\boxed{" * 60_000, "A) x\n" * 80_000, "answer " * 60_000,
     "(" * 300_000],
)
def test_a_long_hostile_reply_is_read_in_a_moment(text: str) -> None:
    for parser in ("choice", "choice_published"):
        letter_of(text, parser)


@pytest.fixture(scope="module")
def pool() -> Iterator[VerifierPool]:
    with VerifierPool(programs=Programs(needed=False)) as made:
        yield made


@pytest.mark.parametrize(("value", "outcome"), [("B", Outcome.CORRECT), ("A", Outcome.WRONG), (2, Outcome.WRONG),
                                                (["B"], Outcome.WRONG), ("b", Outcome.WRONG)])
def test_only_the_right_letter_is_right(pool: VerifierPool, value: Any, outcome: Outcome) -> None:
    from core.records import Answer

    assert pool.submit("choice", "t", lambda: {"answer": "B"}, Answer(value)).result().outcome is outcome


@pytest.mark.parametrize("reference", [{}, {"answer": ""}, {"answer": "AB"}, {"answer": 1}])
def test_a_task_without_a_letter_is_our_fault(pool: VerifierPool, reference: dict[str, Any]) -> None:
    from core.records import Answer

    found = pool.submit("choice", "t", lambda: reference, Answer("A")).result()
    assert found.outcome is Outcome.HARNESS_FAULT


def test_every_own_letter_scores_and_every_other_does_not(folder: Path, pool: VerifierPool) -> None:
    tasks = opened(MMLU, folder)
    for task in tasks.tasks:
        gold = tasks.reference(task.task_id)["answer"]
        for letter in "ABCD":
            answer = ANSWER_PARSERS["choice"](Sample(task.task_id, 0, f"Answer: {letter}"), task.prompt)
            verdict = pool.submit("choice", task.task_id, lambda: tasks.reference(task.task_id), answer).result()  # noqa: B023
            assert (verdict.outcome is Outcome.CORRECT) is (letter == gold)


def test_json_arrays_are_records_too(tmp_path: Path) -> None:
    (tmp_path / "test.json").write_text(json.dumps([pro_record(0), pro_record(1)]))
    assert len(opened(PRO, tmp_path / "test.json").tasks) == 2
    for text, message in (("{}", "must be an array"), ("[1]", "not an object"), ("[", "not JSON"), ("[]", "no tasks")):
        (tmp_path / "test.json").write_text(text)
        with pytest.raises(BadInput, match=message):
            opened(PRO, tmp_path / "test.json")
