"""LiveCodeBench's own way to run a program, quirks included, for scores that must equal its published ones.

Its grader prepends a prelude of star imports, wraps a program on standard input into a function (so ``global`` breaks),
unwraps a final ``if __name__ == "__main__"``, and replaces standard input by an object that is not iterable, whose
``read`` always returns everything and whose ``buffer.readline`` always returns the first line. It nulls some functions
of ``os``. All of this decides verdicts, so it is done here as it is done there; what is compared, and the codes, are
``judges.upstream``'s, outside.

Its alarm runs on the wall clock, which would make a verdict depend on load; here the alarm counts processor time, and
the wall clock only stops what sleeps. The judge's own limit is ``GRACE_S`` later, so that the program sees the alarm.

Messages: {"run": input} is answered by {"out": text} or {"e": …}; {"call": …} as in ``candidate``.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import io
import os
import signal
import sys
import types
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any

from evaluators.sandbox import candidate, protocol, values

_PRELUDE_ORDER = (*candidate.PRELUDE_MODULES[:-1], "builtins", "typing")
PRELUDE = (
    "".join(f"from {name} import *\n" for name in _PRELUDE_ORDER)
    + "".join(f"import {name}\n" for name in candidate.PRELUDE_MODULES[:-1])
    + "sys.setrecursionlimit(50000)\n"
)
_NULLED_OS = (
    "kill", "system", "putenv", "remove", "removedirs", "rmdir", "fchdir", "setuid", "fork", "forkpty", "killpg",
    "rename", "renames", "truncate", "replace", "unlink", "fchmod", "fchown", "chmod", "chown", "chroot",
    "lchflags", "lchmod", "lchown", "getcwd", "chdir",
)
_NULLED_MODULES = ("ipdb", "joblib", "resource", "psutil", "tkinter")
PRELOADED = ("unittest.mock", "shutil")
"""What every program needs that is graded this way, and nobody else."""
GRACE_S = 1.0
_WRAPPER = "wrapped_function"


class TimeoutException(Exception):
    """Raised by the alarm inside the program, which may catch it."""


class _Buffer:
    def __init__(self, text: str) -> None:
        self.inputs = text.encode("utf-8")

    def read(self, *_: Any) -> bytes:
        return self.inputs

    def readline(self, *_: Any) -> bytes:
        return self.inputs.split(b"\n")[0] + b"\n"


class _Stdin:
    """Not iterable: ``for line in sys.stdin`` raises TypeError, since special methods skip ``__getattr__``."""

    def __init__(self, text: str) -> None:
        self.inputs = text
        self._stringio = io.StringIO(text)
        self.buffer = _Buffer(text)

    def read(self, *_: Any) -> str:
        return self.inputs

    def readline(self, *arguments: Any) -> str:
        return self._stringio.readline(*arguments)

    def readlines(self, *_: Any) -> list[str]:
        return self.inputs.split("\n")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stringio, name)


def _on_alarm(_number: int, _frame: Any) -> None:
    raise TimeoutException


def _null_functions() -> None:
    os.environ["OMP_NUM_THREADS"] = "1"
    for name in _NULLED_OS:
        setattr(os, name, None)
    for name in ("rmtree", "move", "chown"):
        setattr(importlib.import_module("shutil"), name, None)
    importlib.import_module("subprocess").Popen = None  # type: ignore[attr-defined]
    for name in ("quit", "help"):
        setattr(builtins, name, None)
    for name in _NULLED_MODULES:
        sys.modules[name] = None  # type: ignore[assignment]


def unwrap_main(source: str) -> str:
    """A last block ``if __name__ == '__main__':`` is replaced by its body."""
    try:
        tree = ast.parse(source)
        last = tree.body[-1]
        if isinstance(last, ast.If) and ast.unparse(last.test).strip() == "__name__ == '__main__'":
            body = ast.Module(last.body, [])
            return ast.unparse(ast.Module(tree.body[:-1], [])) + "\n" + ast.unparse(body)
    except Exception:  # noqa: BLE001, S110 - the grader goes on with the text as it is
        pass
    return source


def wrap_in_function(source: str) -> str:
    """Top-level imports first, all else as the body of one function; the text as it is if it does not parse."""
    try:
        body = ast.parse(source).body
        imports: list[ast.stmt] = [item for item in body if isinstance(item, (ast.Import, ast.ImportFrom))]
        rest = [item for item in body if not isinstance(item, (ast.Import, ast.ImportFrom))]
        empty = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
        function = ast.FunctionDef(name=_WRAPPER, args=empty, body=rest, decorator_list=[], lineno=-1)
        return f"{PRELUDE}\n{ast.unparse(ast.Module(imports, []))}\n{ast.unparse(function)}"
    except Exception:  # noqa: BLE001
        return source


def serve(source: str, entry: str | None, _prelude: bool, fd: int) -> None:
    """Prepares the program as the grader would, then runs what the judge asks. Does not return."""
    alarms = protocol.receive(fd)
    alarm_s, ceiling_s = float(alarms["alarm_s"]), float(alarms["ceiling_s"])

    def arm(on: bool) -> None:
        signal.setitimer(signal.ITIMER_PROF, alarm_s if on else 0.0)
        signal.setitimer(signal.ITIMER_REAL, ceiling_s if on else 0.0)

    for name in PRELOADED:  # before the nulling, which would break their import
        importlib.import_module(name)
    signal.signal(signal.SIGALRM, _on_alarm)
    signal.signal(signal.SIGPROF, _on_alarm)
    _null_functions()
    try:
        function = _prepare(source, entry, arm)
    except Exception as error:  # noqa: BLE001 - what the grader catches, and no more: SystemExit ends the process
        protocol.send(fd, {"e": candidate.describe(error)})
        os._exit(1)
    protocol.send(fd, {"ready": True})
    while True:
        request = protocol.receive(fd)
        arm(on=True)
        try:
            if entry is None:
                reply: dict[str, Any] = {"out": _run_captured(function, request["run"])}
            else:
                arguments = [values.decode(item) for item in request["call"]]
                returned = function(*arguments)
                arm(on=False)
                reply = {"r": values.encode(returned)}
        except Exception as error:  # noqa: BLE001
            arm(on=False)
            kind, text, number = candidate.describe(error)
            late = "timeoutexception" in f"{kind}({text})".lower()
            reply = {"e": ["TimeoutException" if late else kind, text, number]}
        finally:
            arm(on=False)
        protocol.send(fd, reply)


def _prepare(source: str, entry: str | None, arm: Callable[[bool], None]) -> Callable[..., Any]:
    text = wrap_in_function(unwrap_main(source)) if entry is None else f"{PRELUDE}\n\n{source}"
    module = types.ModuleType("tmp_sol", "")
    arm(True)
    try:
        exec(text, module.__dict__)  # noqa: S102 - what this process is for
        solution: Any = module.Solution() if "class Solution" in text else module
    finally:
        arm(False)
    function: Callable[..., Any] = getattr(solution, entry or _WRAPPER)
    return function


def _run_captured(function: Callable[[], Any], text: str) -> str:
    from unittest import mock  # noqa: PLC0415 - heavy, and of use here alone

    lines = iter(text.split("\n"))
    captured = io.StringIO()
    captured.close = lambda: None  # type: ignore[method-assign]
    outside = sys.stdout
    sys.stdout = captured
    try:
        with ExitStack() as patches:
            # The order is the grader's: the methods are patched on the stream that was there before.
            patches.enter_context(mock.patch("sys.stdin.read", lambda *_: text))  # noqa: PT008 - no mock of a test
            patches.enter_context(mock.patch("sys.stdin.readlines", lambda *_: text.split("\n")))  # noqa: PT008
            patches.enter_context(mock.patch("sys.stdin.readline", lambda *_: next(lines)))  # noqa: PT008
            patches.enter_context(mock.patch("sys.stdin", _Stdin(text)))
            patches.enter_context(mock.patch("builtins.open", mock.mock_open(read_data=text)))
            with suppress(SystemExit):
                function()
    finally:
        sys.stdout = outside
    return captured.getvalue()
