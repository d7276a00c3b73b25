"""A benchmark in a TOML file: what it means, and what is said of every mistake in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.datasets.request import DatasetRequest
from benchmarks.table import BENCHMARKS, get
from core.errors import BadInput, BenchError, UsageError
from core.outcomes import Outcome
from core.records import Sample
from evaluators.pool import VerifierPool
from parsers.answers.registry import ANSWER_PARSERS
from tests.benchmarks.helpers import ROOT, write_lines

EXAMPLE = ROOT / "docs" / "examples" / "own_benchmark" / "capitals.toml"
GOOD = EXAMPLE.read_text()


@pytest.fixture(scope="module")
def pool() -> Iterator[VerifierPool]:
    with VerifierPool(1, "weak", 2.0) as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "capitals.jsonl").write_text((EXAMPLE.parent / "capitals.jsonl").read_text())
    return tmp_path


def opened(folder: Path, text: str, **request: Any) -> Any:
    path = folder / "capitals.toml"
    path.write_text(text)
    benchmark = get(str(path))
    return benchmark, benchmark.open_tasks(DatasetRequest(**request))


def outcome(pool: VerifierPool, benchmark: Any, tasks: Any, number: int, reply: str) -> Outcome:
    task = tasks.tasks[number]
    answer = ANSWER_PARSERS[benchmark.answer_parser](Sample(task.task_id, 0, reply, finish_reason="stop"), task.prompt)
    found: Outcome = pool.submit(benchmark.evaluator, task.task_id, lambda: tasks.reference(task.task_id), answer
                                 ).result(60).outcome
    return found


def test_the_page_shows_the_example_as_it_is() -> None:
    page = (ROOT / "docs" / "own-benchmark.md").read_text()
    assert f"```toml\n{GOOD}```" in page
    assert (EXAMPLE.parent / "capitals.jsonl").read_text().splitlines()[0] in page


def test_the_examples_ten_tasks_are_asked_and_graded(pool: VerifierPool) -> None:
    benchmark = get(str(EXAMPLE))
    tasks = benchmark.open_tasks(DatasetRequest())
    assert (benchmark.name, len(tasks.tasks), benchmark.default_max_tokens) == ("capitals", 10, 64)
    assert tasks.tasks[0].prompt["country"] == "France"
    assert "capital" not in tasks.tasks[0].prompt
    (message,) = benchmark.prompt("v1").messages({"country": "France"})
    assert message["content"].strip() == "What is the capital of France? End with a line 'Answer: NAME'."
    for reply, wanted in (("On the Seine.\nAnswer: Paris", Outcome.CORRECT), ("**Answer: PARIS**", Outcome.CORRECT),
                          ("Answer: Lyon", Outcome.WRONG), ("Paris", Outcome.NO_ANSWER)):
        assert outcome(pool, benchmark, tasks, 0, reply) is wanted, reply
    assert outcome(pool, benchmark, tasks, 7, "Answer: Katmandu") is Outcome.CORRECT


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ('name = "capitals"', 'name = "Cap itals"', 1, "is no name"),
        ('name = "capitals"', 'name = "math"', 1, "'math' is a benchmark of the table"),
        ('name = "capitals"', "name = 3", 1, "must be text in quotes"),
        ('name = "capitals"', "", 1, "name: is missing"),
        ('licence = "CC0-1.0"', 'license = "CC0-1.0"', 3, "no such key; did you mean licence?"),
        ('file = "capitals.jsonl"', 'fil = "x"', 6, "did you mean file?"),
        ('id = "id"', "id = 7", 7, r"\[tasks\] id: must be text"),
        ("[tasks]", "[task]", 5, "did you mean tasks?"),
        ('evaluator = "exact"', 'evaluator = "exat"', 18, "there is no 'exat'; there is exact"),
        ('evaluator = "exact"', 'evaluator = "choice"', 15, r"\[answer\] choices: is missing; evaluator"),
        ('parser = "after"', 'parser = "text"', 17, r"\[answer\] after: goes with parser"),
        ('expected = "capital"', "", 15, r"\[answer\] expected: is missing"),
        ("{country}", "the place", 11, "shows no field of the tasks"),
        ("of {country}?", "of {country}, {capital}?", 11, "which holds the answer"),
        ("max_tokens = 64", "max_tokens = 0", 23, "0 is too small"),
        ("max_tokens = 64", "max_tokens = true", 23, "must be a whole number"),
        ("max_tokens = 64", "max_tokens = 999999999999999999999999", 23, "9{20} is too large; at most 2147483647"),
        ("max_tokens = 64", "tasks = 2147483648", 23, "2147483648 is too large"),
        ('file = "capitals.jsonl"', 'file = "/dev/zero"', 6, "there is no file /dev/zero"),
        ('file = "capitals.jsonl"', r'file = "a\u0000b"', 6, "there is no file"),
        ('name = "capitals"', 'name = "capitals"\nname = "other"', 2, "is no TOML"),
        ('after = "Answer:"', 'after = ""', 17, r"\[answer\] after: goes with parser"),
        ('id = "id"', "id = = 1", 7, "is no TOML"),
        ('file = "capitals.jsonl"', 'file = "nowhere.jsonl"', 6, r"\[tasks\] file: there is no file .*nowhere.jsonl"),
        ('file = "capitals.jsonl"', f'file = "{"a" * 5000}"', 6, "there is no file"),
    ],
)
def test_a_mistake_is_told_with_file_line_and_what_to_do(
    folder: Path, old: str, new: str, line: int, message: str
) -> None:
    assert old in GOOD
    with pytest.raises(BadInput, match=rf"capitals.toml:{line}: .*{message}"):
        opened(folder, GOOD.replace(old, new, 1))


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"id": "a", "capital": "X"}, r"capitals.jsonl:2: has no field 'country'.*capitals.toml names \(\[prompt\]\)"),
        ({"id": "a", "country": "X"}, r"capitals.jsonl:2: has no field 'capital'.*\(\[answer\] expected\)"),
        ({"id": "a", "country": None, "capital": "X"}, "has no text or number in its field 'country'"),
        ({"country": "X", "capital": "X"}, r"has no field 'id'.*\(\[tasks\] id\)"),
        ({"id": "0", "country": "X", "capital": "X"}, "task id '0' comes twice"),
        ({"id": "a", "country": "X", "capital": []}, "must be a text, a number, or a list of them"),
        ({"id": "a", "country": "X", "capital": True}, "must be a text, a number, or a list of them"),
        ({"id": "a", "country": "X", "Capital": "Y"}, r"it has Capital\)"),
    ],
)
def test_a_mistake_in_the_data_is_told_with_its_line(folder: Path, record: dict[str, Any], message: str) -> None:
    write_lines(folder / "capitals.jsonl", [{"id": "0", "country": "F", "capital": "P", "region": "E"}, record])
    with pytest.raises(BadInput, match=message):
        opened(folder, GOOD)


def test_files_that_are_not_there_or_no_text_are_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"--benchmark .*none.toml: cannot be read \(No such file"):
        get(str(tmp_path / "none.toml"))
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="byte 0 is not UTF-8"):
        get(str(tmp_path / "binary.toml"))
    (tmp_path / "deep.toml").write_text("a = " + "[" * 100_000)
    with pytest.raises(BadInput, match="is no TOML"):
        get(str(tmp_path / "deep.toml"))
    (tmp_path / "long.toml").write_text("a = " + "9" * 5000)
    with pytest.raises(BadInput, match="is no TOML"):
        get(str(tmp_path / "long.toml"))
    with pytest.raises(BadInput, match=r"\[tasks\] file: there is no file"):
        opened(tmp_path, GOOD)


def test_data_is_put_into_a_template_once_and_a_format_is_no_program(folder: Path) -> None:
    """Braces in the data stay what they are, and so does whatever is no field's name in braces."""
    odd = {"id": "a", "country": "{capital} {0} %s", "capital": "SECRET", "region": "E"}
    write_lines(folder / "capitals.jsonl", [odd])
    benchmark, tasks = opened(folder, GOOD.replace(
        "{country}?", "{{country}} {country.__class__} {country!r} {country:>1000000000}?"))
    (message,) = benchmark.prompt("v1").messages({name: str(text) for name, text in tasks.tasks[0].prompt.items()})
    assert message["content"].startswith(
        "What is the capital of {{capital} {0} %s} {country.__class__} {country!r} {country:>1000000000}?")
    assert "SECRET" not in json.dumps(tasks.tasks[0].prompt)


def test_what_stands_behind_a_text_is_looked_for_by_that_text_and_by_no_pattern(
    folder: Path, pool: VerifierPool
) -> None:
    benchmark, tasks = opened(folder, GOOD.replace('after = "Answer:"', 'after = "(a+)+$:"'))
    assert outcome(pool, benchmark, tasks, 0, "a" * 100_000 + "!") is Outcome.NO_ANSWER
    assert outcome(pool, benchmark, tasks, 0, "(a+)+$: Paris") is Outcome.CORRECT


def test_a_number_beyond_all_numbers_is_no_text(folder: Path) -> None:
    (folder / "capitals.jsonl").write_text('{"id": "a", "country": 1e999, "capital": "X"}\n')
    with pytest.raises(BadInput, match=r"capitals.jsonl:1: has no text or number in its field 'country'"):
        opened(folder, GOOD)


@pytest.mark.parametrize("field", ["id", "country", "capital"])
def test_half_a_character_is_told_before_a_model_is_asked(folder: Path, field: str) -> None:
    record = {"id": "a", "country": "b", "capital": "c"}
    write_lines(folder / "capitals.jsonl", [record | {"id": "\U0001f642"}, record | {field: "x\ud800"}])
    with pytest.raises(BadInput, match=r"capitals.jsonl:2: holds half of a surrogate pair"):
        opened(folder, GOOD)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("twice.csv", "id,country,capital,country\na,b,c,d\n", "names the column 'country' twice"),
        ("on.json", '[{"id": "a", "country": "b", "capital": "c"}], "more": [1]', "goes on behind its array"),
    ],
)
def test_a_file_that_could_be_read_in_two_ways_is_refused(folder: Path, name: str, text: str, message: str) -> None:
    (folder / name).write_text(text)
    with pytest.raises(BadInput, match=message):
        opened(folder, GOOD.replace("capitals.jsonl", name))


def test_dates_need_a_field_and_then_choose(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"need tasks with dates; name their field in .*\[tasks\] date"):
        opened(folder, GOOD, start_date="2024-01-01")
    write_lines(folder / "capitals.jsonl", [
        {"id": str(year), "country": "F", "capital": "P", "region": "E", "day": f"{year}-06-01"}
        for year in (2023, 2024)])
    dated = GOOD.replace('id = "id"', 'id = "id"\ndate = "day"')
    benchmark, tasks = opened(folder, dated, start_date="2024-01-01")
    assert [task.task_id for task in tasks.tasks] == ["2024"]
    assert {"start_date", "end_date", "subjects"} <= benchmark.options


def test_another_way_of_grading_is_another_run_and_another_title_is_not(folder: Path) -> None:
    first, _ = opened(folder, GOOD)
    other, _ = opened(folder, GOOD.replace("ignore_case = true", "ignore_case = false"))
    titled, _ = opened(folder, GOOD.replace("one word each", "in one word"))
    assert first.prompt_sha256("v1") == titled.prompt_sha256("v1") != other.prompt_sha256("v1")


KINDS: list[tuple[str, dict[str, Any], str, str]] = [
    ('parser = "math"\nevaluator = "math"\nexpected = "a"', {"a": "12.50"}, "So 12.5", "So 12"),
    ('parser = "choice"\nevaluator = "choice"\nexpected = "a"\nchoices = "c"', {"a": "red", "c": ["blue", "red"]},
     "Answer: B", "Answer: A"),
    ('parser = "choice"\nevaluator = "choice"\nexpected = "a"\nchoices = "c"', {"a": 0, "c": ["blue", "red"]},
     "Answer: A", "Answer: B"),
    ('parser = "json"\nevaluator = "extraction"\nexpected = "a"\nschema = "s"',
     {"a": {"n": 1}, "s": {"type": "object"}}, '{"n": 1}', '{"n": 2}'),
    ('parser = "code"\nevaluator = "asserts"\ntests = "t"', {"t": ["assert f(2) == 4"]},
     "```python\ndef f(x): return 2 * x\n```", "```python\ndef f(x): return x\n```"),
    ('parser = "last_line"\nevaluator = "exact"\nexpected = "a"', {"a": 7}, "six\n7", "7\nsix"),
    ('parser = "first_line"\nevaluator = "exact"\nexpected = "a"', {"a": "yes"}, "yes\nbecause", "no\nyes"),
    ('parser = "formula"\nevaluator = "formula"\nexpected = "a"', {"a": r"\frac{1}{2}"}, r"\boxed{0.5}", r"\boxed{2}"),
]


@pytest.mark.parametrize(("answer", "record", "good", "bad"), KINDS)
def test_every_kind_of_answer_grades(
    pool: VerifierPool, tmp_path: Path, answer: str, record: dict[str, Any], good: str, bad: str
) -> None:
    write_lines(tmp_path / "capitals.jsonl", [{"q": "What?"} | record])
    text = f'name = "mine"\n[tasks]\nfile = "capitals.jsonl"\n[prompt]\nuser = "{{q}}"\n[answer]\n{answer}\n'
    benchmark, tasks = opened(tmp_path, text)
    assert tasks.tasks[0].task_id == "capitals/0"
    assert outcome(pool, benchmark, tasks, 0, good) is Outcome.CORRECT
    assert outcome(pool, benchmark, tasks, 0, bad) is Outcome.WRONG


def test_a_csv_with_capital_column_names_and_a_limit_does_as_well(tmp_path: Path) -> None:
    (tmp_path / "q.csv").write_text('Question,Answer\n"What,\nthen?",1\nAnd?,2\n')
    text = ('name = "mine"\n[tasks]\nfile = "q.csv"\n[prompt]\nuser = "{Question}"\nstop = ["\\n\\n".strip]\n')
    with pytest.raises(BadInput, match="is no TOML"):
        opened(tmp_path, text)
    text = ('name = "mine"\n[tasks]\nfile = "q.csv"\n[prompt]\nuser = "{Question}"\nstop = ["END"]\n'
            '[answer]\nparser = "math"\nevaluator = "math"\nexpected = "Answer"\n[limits]\ntasks = 1\n')
    benchmark, tasks = opened(tmp_path, text)
    assert len(tasks.tasks) == 1
    assert benchmark.prompt("v1").messages(dict(tasks.tasks[0].prompt))[0]["content"] == "What,\nthen?"
    assert benchmark.prompt("v1").stops == ["END"]


@pytest.mark.parametrize("seed", range(150))
def test_any_damaged_file_is_read_or_told_and_never_a_traceback(folder: Path, seed: int) -> None:
    import random

    rng = random.Random(seed)
    text = list(GOOD)
    for _ in range(rng.randint(1, 6)):
        place = rng.randrange(len(text))
        text[place:place + rng.randint(0, 9)] = rng.choice(['"', "[", "=", "\n", "{", "}", "x", "[answer]\n", "1", ""])
    try:
        opened(folder, "".join(text))
    except BenchError as error:
        assert "capitals" in str(error)  # noqa: PT017  (that it is read is as good)


def test_names_of_the_table_are_no_files() -> None:
    assert all(not name.endswith(".toml") for name in BENCHMARKS)
    assert json.loads((EXAMPLE.parent / "capitals.jsonl").read_text().splitlines()[0])["capital"] == "Paris"
