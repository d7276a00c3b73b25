"""LiveCodeBench's ``*_eval_all.json``: a list of problems with their outputs, programs and verdicts.

Verdicts are those of its own grader, which refuses some legal programs; so ``grading`` is ``upstream``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.outcomes import Outcome
from core.records import Answer, Sample, Verified
from ledger.imports.found import Found, Wish, judged, repeats
from ledger.imports.names import stem
from ledger.imports.source import Source, text_of
from parsers.safe_json import loads

_CODES = {-1: Outcome.CRASHED, -2: Outcome.WRONG, -3: Outcome.TIMED_OUT, -4: Outcome.CRASHED, -5: Outcome.CRASHED}
"""As its ``testing_util`` numbers them: compile error, wrong answer, time limit, runtime error, the runner itself."""


def knows(source: Source) -> bool:
    return not source.is_lines and isinstance(source.value, list) and "question_id" in source.first \
        and "graded_list" in source.first


def read(source: Source, wish: Wish) -> list[Found]:
    """One run. Raises BadInput, file and line named."""
    rows: list[Verified] = []
    for number, problem in enumerate(source.value):
        rows += _rows(source, number, problem)
    tasks = [row.sample.task_id for row in rows if row.sample.index == 0]
    problems = source.value
    temperature = _temperature(stem(source.path, "_eval_all.json"))
    shares = [sum(problem["graded_list"]) / len(problem["graded_list"]) for problem in problems]
    return [Found(
        "LiveCodeBench", "eval_all", wish.benchmark or "lcb",
        wish.model or (source.path.absolute().parent.name if temperature is not None else None) or stem(source.path),
        rows=rows, model_named=wish.model is not None,
        config={"grading": "upstream", "sampling": {"temperature": temperature} if temperature is not None else {}},
        difficulties={str(problem["question_id"]): level for problem in problems
                      if (level := text_of(problem.get("difficulty"))) is not None},
        prompts={str(problem["question_id"]): {"question_content": content} for problem in problems
                 if (content := text_of(problem.get("question_content"))) is not None},
        samples_per_task=repeats([row.sample.task_id for row in rows])[0], duplicates=repeats(tasks)[1],
        reported_percent=100 * sum(shares) / len(shares),
    )]


def _rows(source: Source, number: int, problem: Any) -> list[Verified]:
    task = problem.get("question_id") if isinstance(problem, dict) else None
    if not isinstance(task, str | int) or isinstance(task, bool):
        raise source.bad(_line_of(source, number), f"entry {number} of the list has no question_id")
    graded, codes = problem.get("graded_list"), problem.get("code_list")
    if not isinstance(graded, list) or not graded or not all(isinstance(entry, bool) for entry in graded):
        raise source.bad(source.line_with(str(task)), f"the problem {task!r} has no graded_list of true and false")
    if not isinstance(codes, list) or len(codes) != len(graded):
        raise source.bad(source.line_with(str(task)),
                         f"the problem {task!r} has a code_list that does not fit its graded_list")
    outputs, notes = (entry if isinstance(entry := problem.get(key), list) and len(entry) == len(graded)
                      else [None] * len(graded) for key in ("output_list", "metadata"))
    return [_row(str(task), index, graded[index], codes[index], outputs[index], _note(notes[index]))
            for index in range(len(graded))]


def _row(task: str, index: int, passed: bool, code: Any, output: Any, note: Mapping[str, Any]) -> Verified:
    program, reply = text_of(code) or "", text_of(output)
    sample = Sample(task, index, reply or "", completion=program if reply is None else None)
    answer = Answer(program) if program.strip() else Answer(None, "no program in the reply")
    number = note.get("error_code")
    failed = _CODES.get(number, Outcome.WRONG) if isinstance(number, int) else Outcome.WRONG
    said = text_of(note.get("error_message")) or ""
    return judged(passed=passed, sample=sample, answer=answer, failed=failed,
                  detail="" if passed else f"code {number}, {said}".rstrip(", ") if number is not None else said)


def _note(value: Any) -> Mapping[str, Any]:
    """What its grader noted of a sample: an object, or one written as text."""
    if isinstance(value, str):
        try:
            value = loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}


def _line_of(source: Source, number: int) -> int:
    """Near where an entry stands that cannot be looked for by its name: behind the one before it."""
    before = source.value[number - 1]["question_id"] if number else None
    return source.line_with(before) if isinstance(before, str) else 1


def _temperature(name: str) -> float | None:
    """The temperature in ``Scenario.codegeneration_10_0.2``, as its runner names files; None in any other name."""
    parts = name.split("_")
    try:
        return float(parts[2]) if parts[0].endswith("codegeneration") and len(parts) in {3, 4} else None
    except (ValueError, IndexError):
        return None
