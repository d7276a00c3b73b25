"""The candidate's side: runs in the confined process, and trusts nobody to be there after the program has run.

Everything it says is only a claim. It is written to serve honest programs; a dishonest one that rewrites it gains
nothing, since the judge believes plain values alone.
"""

from __future__ import annotations

import _thread
import atexit
import gc
import importlib
import os
import sys
import types
from collections.abc import Callable
from typing import Any

from evaluators.sandbox import protocol, values

FILE_NAME = "solution.py"
_OURS = ("evaluators", "system")
_exit = os._exit
_threads, _run_exit_functions = _thread._count, atexit._run_exitfuncs  # noqa: SLF001
_kept: list[types.ModuleType] = []
_prepared: dict[bool, types.ModuleType] = {}

PRELUDE_MODULES = (
    "string", "re", "datetime", "collections", "heapq", "bisect", "copy", "math", "random", "statistics", "itertools",
    "functools", "operator", "io", "sys", "json", "typing")
"""What competitive solutions take for granted, after LiveCodeBench's prelude."""


def forget_ourselves() -> None:
    """No program finds this one's modules under their names. For the worker, once nothing imports them any more."""
    _kept.extend(sys.modules.pop(known) for known in list(sys.modules) if known.partition(".")[0] in _OURS)


def settle(scratch: str) -> None:
    """Makes the interpreter look as it does to a script that has just been started in ``scratch``."""
    sys.argv = [FILE_NAME]
    sys.path.insert(0, scratch)  # a script's own folder comes first
    gc.enable()  # off in the worker, whose objects are to stay shared
    if "tempfile" in sys.modules:
        sys.modules["tempfile"].tempdir = None  # type: ignore[attr-defined]  # found before there was a scratch folder


def prepare() -> None:
    """Makes the modules that programs run in, one with the prelude and one without. For the worker, once.

    A fork copies them. Filling one in a candidate would count a reference to each of a thousand objects, and so copy
    half of all the memory there is. What ``random`` draws is the same in every run, whichever worker has it.
    """
    importlib.import_module("random").seed(0)
    for with_prelude in (False, True):
        module = _prepared[with_prelude] = types.ModuleType("__main__")
        module.__dict__.update(prelude() if with_prelude else {}, __builtins__=__builtins__)


def fresh_module(name: str, *, with_prelude: bool = False) -> dict[str, Any]:
    """The globals of a module called ``name``, which stands in ``sys.modules`` as ``__main__`` would."""
    module = _prepared[with_prelude]
    module.__name__ = name
    sys.modules[name] = sys.modules["__main__"] = module
    if with_prelude:
        module.__dict__.update(stdin=sys.stdin, stdout=sys.stdout, stderr=sys.stderr)
        sys.setrecursionlimit(50_000)
    return module.__dict__


def prelude() -> dict[str, Any]:
    """Star imports of the usual modules, except where they would hide a builtin (``math.pow`` for ``pow``).

    Streams are not in it: they are each candidate's own.
    """
    names: dict[str, Any] = {}
    kept_out = {*dir(sys.modules["builtins"]), "stdin", "stdout", "stderr"}
    for name in PRELUDE_MODULES:
        module = importlib.import_module(name)
        public = getattr(module, "__all__", None) or [known for known in dir(module) if not known.startswith("_")]
        names.update({known: getattr(module, known) for known in public
                      if known not in kept_out and hasattr(module, known)})
    names.update({name: sys.modules[name] for name in PRELUDE_MODULES})
    return names


def describe(error: BaseException) -> list[Any]:
    """An exception as plain values: type's name, text, errno."""
    try:
        text = str(error)[:500]
    except BaseException:  # noqa: BLE001 - the text of a candidate's exception is the candidate's code
        text = ""
    number = error.errno if isinstance(error, OSError) and isinstance(error.errno, int) else None
    return [type(error).__name__[:60], text, number]


def run_program(program: Any, names: dict[str, Any]) -> None:
    """Runs a text, compiled here so that no line of the file system is involved, or what came of compiling one."""
    code = compile(program, FILE_NAME, "exec", dont_inherit=True) if isinstance(program, str) else program
    exec(code, names)  # noqa: S102 - what this process is for


def serve_calls(source: str, entry: str | None, with_prelude: bool, fd: int) -> None:
    """Runs the program, then answers each call with a value or an exception. Does not return."""
    try:
        names = fresh_module("solution", with_prelude=with_prelude)
        run_program(source, names)
        function = _target(names, entry, solution_first=with_prelude)
    except BaseException as error:  # noqa: BLE001 - SystemExit is a program's failure as any other
        _reply_and_leave(fd, {"e": describe(error)})
    protocol.send(fd, {"ready": True})
    while True:
        try:
            request = protocol.receive(fd)
            arguments = [values.decode(item) for item in request["call"]]
            keywords = {key: values.decode(item) for key, item in request["kw"].items()}
        except BaseException:  # noqa: BLE001 - the judge has gone
            _exit(0)
        try:
            reply: dict[str, Any] = {"r": values.encode(function(*arguments, **keywords))}
        except BaseException as error:  # noqa: BLE001
            reply = {"e": describe(error)}
        try:
            protocol.send(fd, reply)
        except BaseException:  # noqa: BLE001
            _exit(1)


def _target(names: dict[str, Any], entry: str | None, *, solution_first: bool) -> Any:
    if entry is None:
        raise NameError("the task names no function")
    if "Solution" in names and (solution_first or entry not in names):
        return getattr(names["Solution"](), entry)
    if entry not in names:
        raise NameError(f"name {entry!r} is not defined")
    return names[entry]


def _reply_and_leave(fd: int, reply: dict[str, Any]) -> None:
    try:
        protocol.send(fd, reply)
    finally:
        _exit(1)


def run_script(program: Any, names: dict[str, Any], at_last: Callable[[], object]) -> None:
    """Runs the program, text or code, as ``__main__``, whose names these are, with its real standard streams.

    Does not return: 0 if it ended, 1 if it raised, after it has called ``at_last``. ``sys.exit`` with any value is an
    end like another: contests look at the output.
    """
    status = 1
    try:
        run_program(program, names)
        status = 0
    except SystemExit:
        status = 0
    except BaseException as error:  # noqa: BLE001
        _say(error)
    try:
        _end_as_python_does()
        at_last()
    except BaseException:  # noqa: BLE001, S110 - whatever the program made of its own end
        pass
    _exit(status)


def _end_as_python_does() -> None:
    """Threads, then exit functions (fast-output templates write there), then the streams."""
    if _threads():  # most programs have none to wait for
        sys.modules["threading"]._shutdown()  # noqa: SLF001 - as the interpreter's own end
    _run_exit_functions()
    for stream in (sys.stdout, sys.__stdout__):
        try:  # noqa: SIM105 - fewer pages
            stream.flush()  # type: ignore[union-attr]
        except (ValueError, AttributeError):
            pass


def _say(error: BaseException) -> None:
    name, text, number = describe(error)
    try:
        os.write(2, protocol.to_json([name, text, number]).encode("utf-8", "replace"))
    except BaseException:  # noqa: BLE001
        _exit(1)
