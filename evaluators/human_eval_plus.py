"""HumanEval+ and files of its schema: base and plus inputs, judged by what the task's own solution returns for them.

The data set has no expected outputs. They are made by running the canonical solution in the sandbox, once a task, and
kept in memory under a hash of what made them. Limits, as evalplus publishes them: 4 seconds an input, or four times
what the canonical solution took; all together a minute at most. ``Verdict.fields`` says whether ``base`` and ``plus``
passed; the outcome is ``correct`` when both did.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.outcomes import Outcome
from core.records import Answer, Verdict
from evaluators.box import Box
from evaluators.sandbox.job import CALLS, Job
from system.sandbox.limits import MIB

LIMIT_S = 4.0
_FACTOR = 4.0
_TOTAL_S = 60.0
_MAX_KEPT = 1024
Expected = tuple[list[Any], list[float]]
"""Encoded values and processor seconds, in the order of base and plus inputs."""


def evaluate(task_id: str, reference: Mapping[str, Any], answer: Answer, box: Box) -> Verdict:
    """``reference``: prompt, entry_point, canonical_solution, base_input, plus_input, atol.

    The value continues the prompt, or is ``{"program": whole}``.
    """
    return judged(task_id, reference, answer, box, {})


def judged(
    task_id: str, reference: Mapping[str, Any], answer: Answer, box: Box, how: Mapping[str, Any],
) -> Verdict:
    """``how``: ``tagged``, the inputs are in the values' own grammar; ``oracle``, a way of comparing by its name."""
    prompt, entry = str(reference.get("prompt") or ""), str(reference.get("entry_point") or "")
    base, plus = _inputs(reference.get("base_input")), _inputs(reference.get("plus_input"))
    body = str(reference.get("canonical_solution") or "")
    if not entry.isidentifier() or not base or plus is None or not body:
        return Verdict(Outcome.HARNESS_FAULT, f"task {task_id} has no test to run: an entry_point, inputs or a "
                                              "canonical_solution is missing")
    value = answer.value
    program = value.get("program") if isinstance(value, Mapping) else f"{prompt}{value}"
    if not isinstance(program, str):
        return Verdict(Outcome.NO_ANSWER, "the answer holds no program")
    expected = _EXPECTED.of(f"{prompt}{body}", entry, {"inputs": [*base, *plus], **how}, box)
    if isinstance(expected, Verdict):
        return expected
    limits = box.limits(LIMIT_S, address_space_bytes=4096 * MIB, tree_bytes=2048 * MIB)
    longer = [max(limits.cpu_s, _FACTOR * seconds) for seconds in expected[1]]
    cases = [{"input": given, "expected": value, "limit_s": limit_s}
             for given, value, limit_s in zip([*base, *plus], expected[0], longer, strict=True)]
    total_s = min(_TOTAL_S * limits.cpu_s / LIMIT_S, sum(longer)) + 1.0
    tests = {"base": cases[:len(base)], "plus": cases[len(base):], "total_s": total_s,
             "atol": float(reference.get("atol") or 0), **how}
    return box.run(Job(CALLS, "plus", program, tests, entry=entry, limits=limits,
                       tests_count=1 + int(total_s / limits.cpu_s)))


def _inputs(value: Any) -> Sequence[list[Any]] | None:
    """Argument lists; None for what is no list of lists."""
    if value is None:
        return []
    return value if isinstance(value, list) and all(isinstance(item, list) for item in value) else None


class _Memory:
    """Expected outputs by what made them. Two threads never make the same ones."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Expected] = OrderedDict()
        self._making: dict[str, threading.Lock] = {}

    def of(self, solution: str, entry: str, inputs: Mapping[str, Any], box: Box) -> Expected | Verdict:
        """A Verdict when they cannot be made."""
        key = hashlib.sha256(json.dumps([box.python, solution, entry, inputs]).encode()).hexdigest()
        with self._lock:
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                if key in self._kept:
                    self._kept.move_to_end(key)
                    return self._kept[key]
            made = _run(solution, entry, inputs, box)
            with self._lock:
                self._making.pop(key, None)
                if not isinstance(made, Verdict):
                    self._kept[key] = made
                    while len(self._kept) > _MAX_KEPT:
                        self._kept.popitem(last=False)
            return made


def _run(solution: str, entry: str, inputs: Mapping[str, Any], box: Box) -> Expected | Verdict:
    limits = box.limits(LIMIT_S, address_space_bytes=4096 * MIB, tree_bytes=2048 * MIB)
    seconds = limits.cpu_s * _TOTAL_S / LIMIT_S
    job = Job(CALLS, "outputs", solution, inputs, entry=entry,
              limits=replace(limits, cpu_s=seconds, wall_s=seconds + 1.0), tests_count=1)
    verdict, said = box.report(job)
    if verdict.outcome is not Outcome.CORRECT:
        return Verdict(Outcome.HARNESS_FAULT, verdict.detail, isolation=verdict.isolation)
    return said["values"], said["seconds"]


_EXPECTED = _Memory()
