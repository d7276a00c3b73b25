"""What is compared with what. Runs in the judge process, the only one that knows a task's tests.

No candidate is a fork of this process, so none inherits a test.
A verdict is ``{"o": outcome, "d": detail}``; outcomes are the values of ``core.outcomes`` (a worker's Python may be too
old to import it).
"""

from __future__ import annotations

import contextlib
import json
import os
import random
from collections.abc import Callable
from typing import Any

from evaluators.sandbox import compare, descriptors, protocol, spawn, turns
from evaluators.sandbox.meter import OutOfTime
from evaluators.sandbox.spawn import CandidateFailed, Run, Server
from evaluators.sandbox.upstream import GRACE_S

CORRECT, WRONG, CRASHED = "correct", "wrong", "crashed"
TIMED_OUT, REFUSED, FAULT = "timed_out", "refused_by_sandbox", "harness_fault"
_DENIED = frozenset({1, 13, 27, 28, 30, 122})  # EPERM, EACCES, EFBIG, ENOSPC, EROFS, EDQUOT

Verdict = dict[str, Any]
ReadTests = Callable[[], Any]


def verdict(outcome: str, detail: str = "", **more: Any) -> Verdict:
    return {"o": outcome, "d": protocol.shown(detail), **more}


def failed(error: CandidateFailed, where: str = "") -> Verdict:
    """What becomes of a candidate that raised or ended. The names are the candidate's claim; neither is a pass."""
    text = protocol.shown(f"{error.kind}: {error.text}" if error.text else error.kind, 200)
    refused = error.number in _DENIED or error.kind == "PermissionError"
    return verdict(REFUSED if refused else CRASHED, where + text)


def human_eval(run: Run, read_tests: ReadTests) -> Verdict:
    """Runs prompt and test here, with ``candidate`` a call into the other process. Helpers that a test uses come from
    the prompt as the task has it. Tests that draw inputs draw the same ones every time.
    """
    server = Server(run)
    tests = read_tests()
    names: dict[str, Any] = {"__name__": "judge"}
    raised: list[CandidateFailed] = []
    exec(compile(tests["prompt"], "prompt", "exec"), names)  # noqa: S102 - the dataset's code, in the judge's box
    test = compile(tests["test"], "test", "exec")

    def ask(*arguments: Any, **keywords: Any) -> Any:
        try:
            return server.call(*arguments, **keywords)
        except CandidateFailed as error:
            raised[:] = [error]
            raise

    names[run.header["entry"]] = ask
    random.seed(0)
    try:
        server.expect("ready")
        exec(test, names)  # noqa: S102
        names["check"](ask)
    except OutOfTime as error:
        return verdict(TIMED_OUT, str(error))
    except CandidateFailed as error:
        return failed(error)
    except AssertionError as error:
        said = protocol.shown(error, 200)
        return verdict(WRONG, f"an assertion failed: {said}" if said else "an assertion failed")
    except spawn.SandboxFault:
        raise
    except Exception as error:  # noqa: BLE001 - the test stumbled over the value it was given
        if raised:
            return failed(raised[0])
        return verdict(WRONG, f"the test could not use the value: {type(error).__name__}: {protocol.shown(error)}")
    return verdict(CORRECT)


def functional(run: Run, read_tests: ReadTests) -> Verdict:
    """Calls with JSON arguments, one a line; the result, a tuple made a list, must equal the expected JSON."""
    server = Server(run)
    tests = read_tests()
    number = 0
    try:
        server.expect("ready")
        for number, (given, wanted) in enumerate(_pairs(tests), start=1):
            server.meter.restart()
            got = server.call(*(json.loads(line) for line in given.split("\n")))
            if not _same(got, json.loads(wanted)):
                return verdict(WRONG, f"test {number}: the returned value differs", test=number)
    except OutOfTime as error:
        return verdict(TIMED_OUT, f"test {number}: {error}", test=number)
    except CandidateFailed as error:
        return failed(error, f"test {number}: " if number else "")
    return verdict(CORRECT)


def _same(got: Any, wanted: Any) -> bool:
    try:
        return bool((list(got) if isinstance(got, tuple) else got) == wanted)
    except ArithmeticError:
        return False  # a signalling NaN raises when it is compared


def _pairs(tests: Any) -> list[tuple[str, str]]:
    return list(zip(tests["inputs"], tests["outputs"]))  # noqa: B905 - Python 3.9 has no strict; the job was checked


def stdin(run: Run, read_tests: ReadTests) -> Verdict:
    """A fresh process a test, real standard streams, output compared here; stops at the first test that fails."""
    pairs = _pairs(read_tests())
    number = 1
    try:
        with contextlib.closing(turns.in_turn(run, [given for given, _ in pairs])) as tests:
            for test, (_, wanted) in zip(tests, pairs):  # noqa: B905 - Python 3.9 has no strict; one a pair
                if (problem := _problem(run, test, wanted)) is not None:
                    return verdict(WRONG, f"test {number}: {problem}", test=number)
                number += 1
    except OutOfTime as error:
        return verdict(TIMED_OUT, f"test {number}: {error}", test=number)
    except CandidateFailed as error:
        return {**failed(error, f"test {number}: "), "test": number}
    return verdict(CORRECT)


def _problem(run: Run, test: turns.Test, wanted: str) -> str | None:
    """What is wrong with a test that has ended. Raises CandidateFailed, OutOfTime."""
    if test.status:
        test.clock.check()
        raise _reported(test.stderr, test.status)
    if os.fstat(test.stdout).st_size > run.limits.output_bytes:
        return f"more than {run.limits.output_bytes} bytes of output"
    output = descriptors.read_all(test.stdout, run.limits.output_bytes).decode("utf-8", "replace")
    return compare.first_difference(output, wanted)


def _reported(stderr: int, status: int) -> CandidateFailed:
    """What the candidate's last words say, if they are ours; else how it ended."""
    text = descriptors.read_tail(stderr, 1 << 12).decode("utf-8", "replace")
    start = text.rfind('["')
    try:
        name, message, number = json.loads(text[start:]) if start >= 0 else (None, None, None)
    except (ValueError, TypeError, RecursionError):
        name = None
    if isinstance(name, str) and isinstance(message, str) and (number is None or type(number) is int):
        return CandidateFailed(name[:60], message[:500], number)
    return CandidateFailed("died", spawn.how_it_ended(status))


def upstream(run: Run, read_tests: ReadTests) -> Verdict:  # noqa: PLR0911 - one way out a code
    """LiveCodeBench's codes: True or False a test, -2 wrong, -3 late, -4 raised or did not compile; [-2] with error -5
    when the process is gone. They end at the first failure.
    """
    server = Server(run)
    tests = read_tests()
    codes: list[Any] = []
    by_call = run.header["entry"] is not None
    try:
        alarm_s = run.limits.cpu_s - GRACE_S
        server.ask({"alarm_s": alarm_s, "ceiling_s": alarm_s * run.patience}, "ready")
    except CandidateFailed as error:
        return _coded(-5 if error.kind == "died" else -4, [-2] if error.kind == "died" else [-4], error)
    except OutOfTime as error:
        return _coded(-4, [-4], error)
    for given, wanted in _pairs(tests):
        try:
            codes.append(_one_upstream_test(server, given, wanted, by_call=by_call))
        except CandidateFailed as error:
            if error.kind in {"died", "nonsense"}:
                return _coded(-5, [-2], error)
            code = -3 if error.kind == "TimeoutException" else -4
            return _coded(code, [*codes, code], error)
        except OutOfTime as error:
            return _coded(-3, [*codes, -3], error)
        except (ValueError, ArithmeticError) as error:
            return _coded(-4, [-4], error)
        if codes[-1] is not True:
            return _coded(-2, codes, None)
    return verdict(CORRECT, codes=codes)


def _one_upstream_test(server: Server, given: str, wanted: str, *, by_call: bool) -> Any:
    server.meter.restart()
    if by_call:
        arguments = [json.loads(line) for line in given.split("\n")]
        return _same(server.call(*arguments), json.loads(wanted))
    output = server.ask({"run": given}, "out")
    if not isinstance(output, str):
        raise CandidateFailed("nonsense", "output that is no text")
    return True if compare.first_difference(output, wanted) is None else -2


_CODE_OUTCOMES = {-2: WRONG, -3: TIMED_OUT, -4: CRASHED, -5: CRASHED}
_CODE_NAMES = {-2: "wrong answer", -3: "time limit exceeded", -4: "runtime error", -5: "test runner error"}


def _coded(code: int, codes: list[Any], error: Exception | None) -> Verdict:
    kind = f"{error.kind}: " if isinstance(error, CandidateFailed) else ""
    said = f": {kind}{error}" if error else ""
    return verdict(_CODE_OUTCOMES[code], f"code {code}, {_CODE_NAMES[code]} at test {len(codes)}{said}", codes=codes)


def report(run: Run, read_tests: ReadTests) -> Verdict:
    """For our own canaries, never for a task: says what one call returned."""
    server = Server(run)
    arguments = read_tests()["arguments"]
    try:
        server.expect("ready")
        value = server.call(*arguments)
    except (CandidateFailed, OutOfTime) as error:
        return verdict(FAULT, f"{type(error).__name__} {getattr(error, 'kind', '')}: {error}")
    return verdict(CORRECT, value=list(value) if isinstance(value, tuple) else value)
