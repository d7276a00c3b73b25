"""What the verify verb reads: the lines of a file of samples, each with its task."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import BadInput, UsageError
from core.records import Sample, Task

_NO_SAMPLE = frozenset({"start", "end"})
"""Events of a benchmark script that bring none."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A line of the file: one sample and the task that it answers."""

    fields: Mapping[str, Any]
    """The line as it was read."""
    sample: Sample
    task: Task


def asked(path: Path, tasks: Mapping[str, Task], benchmark: str) -> Iterator[Asked]:
    """The samples in the file's order. Raises BadInput that names the line, UsageError where there is no file."""
    for number, fields in lines(path):
        sample = _sample_of(fields, path, number)
        task = tasks.get(sample.task_id)
        if task is None:
            raise BadInput(
                f"{path}:{number}: there is no task {sample.task_id!r} in {benchmark}; "
                "--problems-file names the dataset the samples answer."
            )
        yield Asked(fields, sample, task)


def lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line number from 1, object) of each line that holds a sample. Raises BadInput that names the line."""
    if path.exists() and not path.is_file():
        raise BadInput(f"--samples {path}: it is no ordinary file; name a file of JSON lines.")
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, text in enumerate(file, 1):
                if text.strip() and (fields := _object(text, path, number)).get("event") not in _NO_SAMPLE:
                    yield number, fields
    except FileNotFoundError:
        raise UsageError(f"--samples {path}: there is no such file.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"--samples {path}: it cannot be read as UTF-8 text ({error}).") from error


def brought_no_reply(fields: Mapping[str, Any]) -> bool:
    """Whether the line is a script's word that a request failed."""
    return fields.get("event") == "error"


def _object(text: str, path: Path, number: int) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise BadInput(f"{path}:{number}: this line is not JSON; samples are one JSON object a line.") from None
    if not isinstance(value, dict):
        raise BadInput(f"{path}:{number}: this line is not a JSON object.")
    return value


def _sample_of(fields: Mapping[str, Any], path: Path, number: int) -> Sample:
    task_id, completion, response = (fields.get(key) for key in ("task_id", "completion", "response"))
    if isinstance(task_id, bool) or not isinstance(task_id, str | int):
        raise BadInput(f"{path}:{number}: the sample has no task_id.")
    if not isinstance(completion, str) and not isinstance(response, str) and not brought_no_reply(fields):
        raise BadInput(f"{path}:{number}: the sample has neither a completion nor a response (a string).")
    finish = fields.get("finish_reason")
    reasoning = fields.get("reasoning")
    has_response = isinstance(response, str) and (bool(response.strip()) or not isinstance(completion, str))
    return Sample(
        task_id=str(task_id),
        index=0,
        response=response if isinstance(response, str) else "",
        completion=completion if isinstance(completion, str) and not has_response else None,
        finish_reason=finish if isinstance(finish, str) else None,
        reasoning=reasoning if isinstance(reasoning, str) else None,
    )
