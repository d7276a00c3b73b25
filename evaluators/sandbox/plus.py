"""HumanEval+ and MBPP+: what the candidate returns for each input against what the task's own solution returned for it.

A value agrees when it is equal, or else, where the task allows a difference or its solution returned floats, when it is
of the same type and close number by number. ``find_zero`` is judged by the polynomial it claims to have solved.
"""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any

from evaluators.sandbox import protocol, values
from evaluators.sandbox.judges import CORRECT, FAULT, TIMED_OUT, WRONG, ReadTests, Verdict, failed, verdict
from evaluators.sandbox.meter import Meter, OutOfTime
from evaluators.sandbox.spawn import CandidateFailed, Run, Server

RELATIVE = 1e-7
FLOATS_ABSOLUTE = 1e-6
"""Where a task states no difference and its solution returns floats."""
MAX_KEPT = 1 << 20
"""Bytes of one of them; a longer one is kept as its digest, and then only an equal value agrees."""
MAX_OUTPUTS = 64 << 20
"""Bytes of a task's expected outputs; more is a fault of the task."""


def outputs(run: Run, read_tests: ReadTests) -> Verdict:
    """Runs the task's own solution, which is the run's program: what it returns for each input, and in what time."""
    server = Server(run)
    tests = read_tests()
    found: list[Any] = []
    seconds: list[float] = []
    try:
        server.expect("ready")
        for arguments in tests["inputs"]:
            began = server.child.cpu_s()
            call = arguments if tests.get("tagged") else [values.encode(item) for item in arguments]
            raw = server.ask({"call": call, "kw": {}}, "r")
            seconds.append(round(server.child.cpu_s() - began, 4))
            values.decode(raw)
            found.append(_kept(raw))
    except OutOfTime as error:
        return verdict(TIMED_OUT, f"the task's own solution, input {len(seconds) + 1}: {error}")
    except (CandidateFailed, values.BadValue) as error:
        said = error.kind if isinstance(error, CandidateFailed) else type(error).__name__
        where = f"the task's own solution failed at input {len(seconds) + 1}"
        return verdict(FAULT, f"{where}: {said}: {protocol.shown(error, 120)}")
    if len(json.dumps(found)) > MAX_OUTPUTS:
        return verdict(FAULT, f"the task's own solution returns more than {MAX_OUTPUTS} bytes")
    return verdict(CORRECT, values=found, seconds=seconds)


def plus(run: Run, read_tests: ReadTests) -> Verdict:
    """``base`` first, then ``plus``, each to its first input that fails; ``fields`` says which of them passed."""
    server = Server(run)
    tests = read_tests()
    passed = {"base": False, "plus": False}
    where = ""
    try:
        server.expect("ready")
        whole = Meter(replace(run.limits, cpu_s=tests["total_s"], wall_s=tests["total_s"] + 1.0), run.patience,
                      server.child.cpu_s)
        for part in passed:
            for number, case in enumerate(tests[part], start=1):
                where = f"{part} input {number}: "
                server.meter = _meter(run, server, float(case["limit_s"]))
                if tests.get("tagged"):
                    case["input"] = values.decode(case["input"])
                raw = server.ask({"call": [values.encode(item) for item in case["input"]], "kw": {}}, "r")
                got = values.decode(_kept(raw) if _is_digest(case["expected"]) else raw)
                whole.check()
                oracle = tests.get("oracle") or ("zero" if run.header["entry"] == "find_zero" else None)
                if not _ORACLES.get(oracle, _agrees)(got, case, float(tests["atol"])):
                    return verdict(WRONG, f"{where}the returned value differs", fields=passed)
            passed[part] = True
    except OutOfTime as error:
        return verdict(TIMED_OUT, f"{where}{error}", fields=passed)
    except CandidateFailed as error:
        return {**failed(error, where), "fields": passed}
    return verdict(CORRECT, fields=passed)


def _kept(raw: Any) -> Any:
    """A returned value as it is kept: beyond 1 MiB its digest, as ``protocol.send`` makes one.

    Not where there is a set or a dict in it, whose order is no part of the value.
    """
    body = protocol.to_json({"r": raw}).encode("utf-8", "surrogatepass")
    if len(body) <= MAX_KEPT or any(mark in body for mark in (b'{"s":', b'{"f":', b'{"d":')):
        return raw
    return {"z": f"{sha256(body).hexdigest()} {len(body)}"}


def _is_digest(raw: Any) -> bool:
    return isinstance(raw, dict) and "z" in raw


def _meter(run: Run, server: Server, limit_s: float) -> Meter:
    wall_s = limit_s + run.limits.wall_s - run.limits.cpu_s
    return Meter(replace(run.limits, cpu_s=limit_s, wall_s=wall_s), run.patience, server.child.cpu_s)


def _agrees(got: Any, case: dict[str, Any], atol: float) -> bool:
    return agrees(got, values.decode(case["expected"]), atol)


def agrees(got: Any, wanted: Any, atol: float, exact: Callable[[Any, Any], bool] = operator.eq) -> bool:
    """Raises nothing. ``exact``: what is right without any tolerance."""
    try:
        if exact(got, wanted):
            return True
        if atol == 0 and _floats(wanted):
            atol = FLOATS_ABSOLUTE
        return atol != 0 and type(got) is type(wanted) and _close(got, wanted, atol)
    except (ArithmeticError, TypeError, ValueError, RecursionError):
        return False  # a signalling NaN, an int beyond all floats


def _floats(value: Any) -> bool:
    return isinstance(value, float) or (
        isinstance(value, (list, tuple)) and all(isinstance(item, float) for item in value))


def _close(got: Any, wanted: Any, atol: float) -> bool:
    if isinstance(got, (list, tuple)) and isinstance(wanted, (list, tuple)):
        return len(got) == len(wanted) and all(_close(*pair, atol) for pair in zip(got, wanted))  # noqa: B905 - as above
    if not (isinstance(got, (int, float, complex)) and isinstance(wanted, (int, float, complex))):
        return False
    if got == wanted:
        return True  # infinities
    difference, size = abs(got - wanted), abs(wanted)
    return math.isfinite(size) and difference <= atol + RELATIVE * size


def _is_zero(got: Any, case: dict[str, Any], atol: float) -> bool:
    """Of the polynomial whose coefficients, lowest first, are the only argument."""
    if not isinstance(got, (int, float)):
        return False
    try:
        return bool(abs(sum(factor * math.pow(got, power) for power, factor in enumerate(case["input"][0]))) <= atol)
    except (ArithmeticError, TypeError, ValueError):
        return False


def _compared(exact: Callable[[Any, Any, Any], bool]) -> Callable[[Any, dict[str, Any], float], bool]:
    """As ``_agrees``, with another idea of what is right without tolerance: of got, wanted and the arguments."""
    def agree(got: Any, case: dict[str, Any], atol: float) -> bool:
        return agrees(got, values.decode(case["expected"]), atol, lambda one, two: exact(one, two, case["input"]))
    return agree


def _not_none(got: Any, wanted: Any, _arguments: Any) -> bool:
    """For values without a plain form, such as a match: whether there is one."""
    return bool(got == (wanted is not None)) if isinstance(got, bool) else (got is not None) == (wanted is not None)


def _surface(got: Any, case: dict[str, Any], atol: float) -> bool:
    """Of a square pyramid, its height taken as the slant's or as the apex's above the base."""
    base, height = case["input"]
    upright = round(base**2 + 4 * (base * math.sqrt((base / 2) ** 2 + height**2)) / 2)
    number = isinstance(got, (int, float))
    return _agrees(got, case, atol) or (number and math.isfinite(got) and abs(got - upright) <= atol)


def _digits(got: Any, wanted: Any, arguments: Any) -> bool:
    """The distance digit by digit, the shorter number filled with zeros."""
    one, two = map(str, arguments)
    size = max(len(one), len(two))
    pairs = zip(one.zfill(size), two.zfill(size))  # noqa: B905 - as above
    return bool(got == wanted) or bool(got == sum(abs(int(left) - int(right)) for left, right in pairs))


_ORACLES: dict[str | None, Callable[[Any, dict[str, Any], float], bool]] = {
    "zero": _is_zero,
    "any": lambda _got, _case, _atol: True,
    "or_zero": _compared(lambda got, wanted, _arguments: bool(got == wanted) or bool(got == 0)),
    "set": _compared(lambda got, wanted, _arguments: set(got) == set(wanted)),
    "not_none": _compared(_not_none),
    "surface": _surface,
    "digits": _compared(_digits),
}
"""Tasks where many values are right, by the name of how they are judged."""
