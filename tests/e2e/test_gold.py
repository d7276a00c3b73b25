"""Thirty records of our own in the exact form of data sets that cannot be had everywhere: gold answers score 100 %.

Through the whole of it: the records are read, put to a script that looks for the gold text among the choices it is
shown (it knows no letters), parsed, graded and recorded; and `verify` says the same of the stored replies.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.tool import Tool

RUN = ("--model", "demo-3M", "--server", "xllamacpp", "--parallel", "1", "--threads", "1")
COUNT = 30
RESPONDER = """
import json, os, sys
gold = json.load(open("gold.json"))
tasks = {task["task_id"]: task["prompt"] for task in map(json.loads, open(os.environ["BENCH_TASKS_FILE"]))}
print(json.dumps({"event": "start", "total": len(tasks), "interactive": True}), flush=True)
for line in sys.stdin:
    draw = json.loads(line).get("draw")
    if draw is None:
        break
    prompt = tasks[draw["task_id"]]
    text = gold[prompt["question"]]
    if "lines" in prompt:
        (letter,) = [line[0] for line in prompt["lines"].split("\\n") if line[3:] == text]
        reply = f"Let us see: {text.lower()} fits. The answer is ({letter}).\\n\\nAnswer: {letter}"
    else:
        reply = f"Adding up gives 1, 2 and more.\\n\\nTherefore $n = \\\\boxed{{{text}}}$."
    sample = {"event": "sample", "task_id": draw["task_id"], "sample": draw["sample"], "finish_reason": "stop"}
    print(json.dumps(sample | {"response": reply}), flush=True)
print(json.dumps({"event": "end"}), flush=True)
"""
Gold = dict[str, str]
"""Question → the text of the right answer."""


def question(number: int) -> str:
    return f'A body falls {number + 2} s, "freely", from rest.\nHow far (g = 10 m/s^2), in metres?'


def metres(number: int) -> int:
    return 5 * (number + 2) ** 2


def wrong(number: int, count: int) -> list[str]:
    return [f"{metres(number) + 7 * (place + 1)} m" for place in range(count)]


def rows_of(path: Path, rows: list[list[str]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def mmlu_pro(folder: Path) -> tuple[Path, Gold]:
    import pyarrow as pa
    from pyarrow import parquet

    records, gold = [], {}
    for number in range(COUNT):
        place, options = number % 10, wrong(number, 9)
        options.insert(place, f"{metres(number)} m")
        records.append({
            "question_id": 9_000 + number, "question": question(number), "options": options,
            "answer": "ABCDEFGHIJ"[place], "answer_index": place, "cot_content": "",
            "category": ("physics", "engineering", "computer science")[number % 3], "src": "own",
        })
        gold[question(number)] = f"{metres(number)} m"
    path = folder / "test-00000-of-00001.parquet"
    parquet.write_table(pa.Table.from_pylist(records), path)
    return path, gold


def gpqa(folder: Path) -> tuple[Path, Gold]:
    head = ["Pre-Revision Question", "Pre-Revision Correct Answer", "Question", "Correct Answer",
            "Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3", "Explanation", "Record ID",
            "High-level domain", "Subdomain", "Canary String"]
    rows = [["?", "?", question(number), f" {metres(number)} m\n", *wrong(number, 3), "s = g t^2 / 2", f"rec{number}",
             ("Physics", "Chemistry", "Biology")[number % 3], "Mechanics", ""] for number in range(COUNT)]
    return rows_of(folder / "gpqa_diamond.csv", [head, *rows]), {
        question(number): f"{metres(number)} m" for number in range(COUNT)}


def aime(folder: Path) -> tuple[Path, Gold]:
    answers = [number if number < 10 else (number * 37) % 1_000 for number in range(COUNT - 1)] + [999]
    records = [{"problem": f"Find ${answer} + 0$. (Problem {number}.)", "answer": f"{answer:03d}", "id": str(number)}
               for number, answer in enumerate(answers)]
    path = folder / "test.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path, {record["problem"]: str(answer) for record, answer in zip(records, answers, strict=True)}


def truthfulqa(folder: Path) -> tuple[Path, Gold]:
    head = ["Type", "Category", "Question", "Best Answer", "Best Incorrect Answer", "Correct Answers",
            "Incorrect Answers", "Source"]
    rows = [["Adversarial", "Physics", question(number), f"{metres(number)} m", wrong(number, 1)[0],
             f"{metres(number)} m; as far as it goes", "; ".join(wrong(number, 2 + number % 5)), "own"]
            for number in range(COUNT)]
    return rows_of(folder / "TruthfulQA.csv", [head, *rows]), {
        question(number): f"{metres(number)} m" for number in range(COUNT)}


def mmlu(folder: Path) -> tuple[Path, Gold]:
    rows = []
    for number in range(COUNT):
        choices = wrong(number, 3)
        choices.insert(number % 4, f"{metres(number)} m")
        rows.append([str(number), question(number), *choices, "ABCD"[number % 4], f"high_school_physics_{number % 3}"])
    return rows_of(folder / "mmlu.csv", [["", "Question", "A", "B", "C", "D", "Answer", "Subject"], *rows]), {
        question(number): f"{metres(number)} m" for number in range(COUNT)}


@pytest.mark.parametrize("made", [mmlu_pro, gpqa, aime, truthfulqa, mmlu], ids=lambda made: str(made.__name__))
def test_thirty_gold_answers_score_a_hundred_percent_in_a_run_and_in_verify(
    tool: Tool, made: Callable[[Path], tuple[Path, Gold]]
) -> None:
    name = made.__name__
    path, gold = made(tool.folder)
    (tool.folder / "gold.json").write_text(json.dumps(gold))
    (tool.folder / "gold.py").write_text(RESPONDER)
    done = tool(*RUN, "--benchmark", name, "--problems-file", path.name, "--script", "gold.py")
    assert done.code == 0, done.err
    (record,) = tool.records()
    assert (record["results"]["total_passed"], record["results"]["total_problems"]) == (COUNT, COUNT)
    assert record["validity"]["status"] == "ok", record["validity"]
    (folder,) = tool.run_folders()
    samples = [json.loads(line) for line in (folder / "samples.jsonl").read_text().splitlines()]
    replies = tool.folder / "replies.jsonl"
    replies.write_text("".join(json.dumps({"task_id": one["task_id"], "response": one["response"]}) + "\n"
                               for one in samples))
    ways = ("native",) if name == "aime" else ("native", "upstream")
    for grading in ways:
        asked = ("verify", "--benchmark", name, "--problems-file", path.name, "--samples", str(replies), "--json")
        verified = tool(*asked, *(("--grading", grading) if len(ways) > 1 else ()))
        result: dict[str, Any] = json.loads(verified.out)
        assert (result["passed"], result["total"], result["outcomes"]) == (COUNT, COUNT, {"correct": COUNT}), grading
    last_lines = {one["response"].splitlines()[-1] for one in samples}
    assert len(last_lines) > 1, "the right answer is not always the same letter"
