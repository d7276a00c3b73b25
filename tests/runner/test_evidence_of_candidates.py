"""What selectors and votes are told of a candidate: its key and merits, and nothing of the answer key.

The canary stands in every gold answer and hidden test here; the task sets refuse to give their references at all.
"""

from __future__ import annotations

import base64
import json
import stat
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from pickle import dumps  # what LiveCodeBench packs its private tests with
from queue import Queue
from typing import Any

import pytest

from benchmarks import asserts
from benchmarks.datasets.request import DatasetRequest, TaskSet
from benchmarks.table import BENCHMARKS
from core.errors import BadInput, UsageError
from core.records import Answer, Sample, Task
from evaluators.pool import VerifierPool
from parsers.answers.registry import ANSWER_PARSERS
from runner.appraisal import Appraisal
from runner.evidence_of_candidates import Evidence, command_of, refuse_blind
from runner.selector_command import SelectorCommand
from strategies.base import Candidate

ALL = frozenset({"schema", "examples", "logprob", "command"})
CANARY = "7391846520"
RECORDS: dict[str, dict[str, Any]] = {
    "math": {"question": "How many?", "answer": f"It is #### {CANARY}"},
    "extraction": {"text": "Ann is 7.", "expected": {"name": CANARY},
                   "schema": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}},
    "human_eval": {
        "task_id": "HumanEval/0", "entry_point": "f", "canonical_solution": f"    return {CANARY}\n",
        "prompt": 'def f(x):\n    """Doubles.\n    >>> f(1)\n    2\n    >>> f(3)\n    6\n    """\n',
        "test": f"def check(candidate):\n    assert candidate({CANARY}) == 2 * {CANARY}\n"},
    "lcb": {
        "question_id": "q1", "question_content": "Double it.", "starter_code": "", "metadata": "{}",
        "public_test_cases": json.dumps([{"input": "1\n", "output": "2\n", "testtype": "stdin"}]),
        "private_test_cases": base64.b64encode(zlib.compress(dumps(json.dumps(
            [{"input": f"{CANARY}\n", "output": f"{2 * int(CANARY)}\n", "testtype": "stdin"}])))).decode()},
}
REPLIES = {
    "math": "The answer is 12.", "extraction": '{"name": "Ann"}',
    "human_eval": "```python\ndef f(x):\n    return 2 * x\n```", "lcb": "```python\nprint(2 * int(input()))\n```",
}


class WatchedPool(VerifierPool):
    """A pool that notes down what it is given."""

    def __init__(self) -> None:
        super().__init__(1, "weak", 2.0)
        self.given: list[Any] = []

    def submit(self, evaluator: str, task_id: str, load_reference: Any, answer: Answer) -> Any:
        self.given.append((evaluator, task_id, load_reference(), answer))
        return super().submit(evaluator, task_id, load_reference, answer)


@pytest.fixture(scope="module")
def pool() -> Iterator[WatchedPool]:
    with WatchedPool() as made:
        yield made


def sealed(name: str, folder: Path) -> TaskSet:
    """The benchmark's tasks with the canary in each reference, which nobody gets."""
    path = folder / f"{name}.jsonl"
    path.write_text(json.dumps(RECORDS[name]) + "\n")
    tasks = BENCHMARKS[name].open_tasks(DatasetRequest(str(path)))
    assert CANARY in repr(tasks.reference(tasks.tasks[0].task_id)), "the canary is where the gold answer is"

    def refuse(_task_id: str) -> Any:
        raise AssertionError("a selector asked for the reference")

    return replace(tasks, read_reference=refuse)


def program(folder: Path, body: str) -> SelectorCommand:
    path = folder / "score.sh"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return SelectorCommand(str(path))


def answered(name: str, task: Task, reply: str, **more: Any) -> tuple[Sample, Answer]:
    sample = Sample(task.task_id, 0, reply, finish_reason="stop", **more)
    return sample, ANSWER_PARSERS[BENCHMARKS[name].answer_parser](sample, task.prompt)


def known_of(evidence: Evidence, task: Task, sample: Sample, answer: Answer) -> Appraisal:
    """Everything, once it is known."""
    told: Queue[Appraisal] = Queue()
    known = evidence.of(task, sample, answer, told.put)
    return known if known.whole else told.get(timeout=60)


@pytest.mark.parametrize("name", RECORDS)
def test_no_selector_is_told_anything_of_the_gold_answer_or_the_hidden_tests(
    name: str, tmp_path: Path, pool: WatchedPool) -> None:
    tasks = sealed(name, tmp_path)
    task, told = tasks.tasks[0], tmp_path / "told"
    command = program(tmp_path, f"cat >> {told}; echo 1.5")
    evidence = Evidence(BENCHMARKS[name], tasks, ALL, pool, command)
    pool.given.clear()
    sample, answer = answered(name, task, REPLIES[name], mean_logprob=-0.5)
    known = known_of(evidence, task, sample, answer)
    evidence.close()
    assert known.key is not None
    assert known.merits["command"] == 1.5
    candidate = Candidate(sample, answer, known.key, known.merits)
    everything = f"{candidate!r} {pool.given!r} {told.read_text()} {task!r}"
    assert CANARY not in everything
    assert str(2 * int(CANARY)) not in everything


def test_the_canary_would_be_seen_if_a_task_let_it_out(tmp_path: Path, pool: WatchedPool) -> None:
    tasks = sealed("math", tmp_path)
    told = tmp_path / "told"
    evidence = Evidence(BENCHMARKS["math"], tasks, ALL, pool, program(tmp_path, f"cat >> {told}; echo 1"))
    task = replace(tasks.tasks[0], prompt={"question": f"Is it {CANARY}?"})
    known_of(evidence, task, *answered("math", task, "12"))
    evidence.close()
    assert CANARY in told.read_text()


@pytest.mark.parametrize("name", ["human_eval", "lcb"])
def test_a_program_is_tried_on_public_examples_and_counted_by_what_it_does(
    name: str, tmp_path: Path, pool: WatchedPool) -> None:
    tasks = sealed(name, tmp_path)
    task = tasks.tasks[0]
    evidence = Evidence(BENCHMARKS[name], tasks, frozenset({"examples"}), pool)
    replies = {
        "human_eval": ("def f(x):\n    return 2 * x", "def f(x):\n    return x + x", "def f(x):\n    return 3 * x"),
        "lcb": ("print(2 * int(input()))", "n = int(input())\nprint(n + n)", "print(3)")}[name]
    one, other, wrong = (
        known_of(evidence, task, *answered(name, task, f"```python\n{text}\n```")) for text in replies)
    assert one.key == other.key != wrong.key
    assert [known.merits for known in (one, other, wrong)] == [{"examples": 1.0}, {"examples": 1.0}, {"examples": 0.0}]


def test_a_program_without_examples_is_counted_by_its_text(tmp_path: Path, pool: WatchedPool) -> None:
    tasks = replace(sealed("human_eval", tmp_path), read_examples=lambda _: None)
    evidence = Evidence(BENCHMARKS["human_eval"], tasks, ALL, pool)
    known = evidence.of(tasks.tasks[0], *answered("human_eval", tasks.tasks[0], REPLIES["human_eval"]), print)
    assert known.whole
    assert known.key is not None
    assert known.key.startswith("ast:")
    assert "examples" not in known.merits


def test_an_answer_is_measured_by_the_schema_of_its_prompt(tmp_path: Path, pool: WatchedPool) -> None:
    tasks = sealed("extraction", tmp_path)
    evidence = Evidence(BENCHMARKS["extraction"], tasks, frozenset({"schema"}), pool)
    merits = [evidence.of(tasks.tasks[0], *answered("extraction", tasks.tasks[0], reply), print).merits
              for reply in ('{"name": "Bob"}', '{"name": 5}', "[]", "no JSON")]
    assert merits == [{"schema": 1.0}, {"schema": 0.0}, {"schema": 0.0}, {}]


def test_only_what_the_strategy_looks_at_is_found_out(tmp_path: Path, pool: WatchedPool) -> None:
    tasks = sealed("extraction", tmp_path)
    command = program(tmp_path, "echo 1")
    evidence = Evidence(BENCHMARKS["extraction"], tasks, frozenset({"logprob"}), pool, command)
    sample, answer = answered("extraction", tasks.tasks[0], REPLIES["extraction"], mean_logprob=-0.25)
    known = evidence.of(tasks.tasks[0], sample, answer, print)
    assert known.whole
    assert known.merits == {"logprob": -0.25}
    assert command.asked == 0


def test_no_answer_has_no_key_and_is_not_tried(tmp_path: Path, pool: WatchedPool) -> None:
    tasks = sealed("lcb", tmp_path)
    evidence = Evidence(BENCHMARKS["lcb"], tasks, ALL, pool, program(tmp_path, "echo 1"))
    pool.given.clear()
    known = evidence.of(tasks.tasks[0], *answered("lcb", tasks.tasks[0], "I cannot."), print)
    evidence.close()
    assert (known.key, dict(known.merits), known.whole, pool.given) == (None, {}, True, [])


def test_a_failing_command_leaves_the_other_merits_and_is_told_in_one_sentence(
    tmp_path: Path, pool: WatchedPool) -> None:
    tasks = sealed("extraction", tmp_path)
    evidence = Evidence(BENCHMARKS["extraction"], tasks, ALL, pool, program(tmp_path, "exit 2"))
    assert evidence.failures() is None
    known = known_of(evidence, tasks.tasks[0], *answered("extraction", tasks.tasks[0], REPLIES["extraction"]))
    evidence.close()
    assert dict(known.merits) == {"schema": 1.0}
    said = evidence.failures() or ""
    assert "no score for 1 of 1 candidates" in said
    assert "ended with status 2" in said


def test_what_was_asked_is_told_even_when_the_run_is_stopped(tmp_path: Path, pool: WatchedPool) -> None:
    tasks = sealed("math", tmp_path)
    evidence = Evidence(BENCHMARKS["math"], tasks, ALL, pool, program(tmp_path, "exec sleep 600"))
    told: Queue[Appraisal] = Queue()
    for _ in range(5):  # more than are asked at once
        evidence.of(tasks.tasks[0], *answered("math", tasks.tasks[0], "It is 5."), told.put)
    evidence.close()
    found = [told.get(timeout=60) for _ in range(5)]
    assert {(known.key, tuple(known.merits), known.whole) for known in found} == {("5", (), True)}


@pytest.mark.parametrize(("selector", "name"), [("schema", "math"), ("examples", "extraction"), ("examples", "math")])
def test_a_selector_that_could_know_nothing_is_refused(selector: str, name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=rf"--selector {selector}: .*{name}"):
        refuse_blind(["agreement", selector], name, sealed(name, tmp_path))


def test_examples_that_are_the_grading_tests_choose_nothing(tmp_path: Path, pool: WatchedPool) -> None:
    shown = asserts.examples_of([f"assert f(2) == {CANARY}", "assert f(3) == 6"], judged=False)
    tasks = replace(sealed("human_eval", tmp_path), read_examples=lambda _: shown)
    with pytest.raises(UsageError, match="--selector examples"):
        refuse_blind(["examples"], "mbpp", tasks)
    evidence = Evidence(BENCHMARKS["human_eval"], tasks, ALL, pool)
    pool.given.clear()
    one, other = (known_of(evidence, tasks.tasks[0], *answered("human_eval", tasks.tasks[0], f"```python\n{text}\n```"))
                  for text in ("def f(x):\n    return 2 * x", "def f(x):\n    return x + x"))
    assert one.key == other.key is not None
    assert dict(one.merits) == {}
    assert CANARY not in repr(pool.given)


def test_selectors_that_fit_are_not_refused(tmp_path: Path) -> None:
    refuse_blind(["agreement", "schema", "logprob"], "extraction", sealed("extraction", tmp_path))
    refuse_blind(["examples"], "human_eval", sealed("human_eval", tmp_path))
    refuse_blind(["examples"], "lcb", sealed("lcb", tmp_path))


def test_the_command_is_found_among_the_selectors(tmp_path: Path) -> None:
    path = program(tmp_path, "echo 1")._program
    assert command_of(["agreement", "logprob"]) is None
    assert isinstance(command_of(["agreement", f"command:{path}"]), SelectorCommand)
    with pytest.raises((UsageError, BadInput)):
        command_of(["command:./no-such-program"])
