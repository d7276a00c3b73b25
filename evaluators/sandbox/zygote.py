"""The worker: enters its layers once, warms up, then forks a judge per run and watches over it.

Started by ``evaluators/sandbox/worker.py`` as ``python -S -s -B zygote_main.py FD`` with an environment that holds a
fixed hash seed and nothing else, so that the order of a set is the same in every worker.
"""

# ruff: noqa: PTH112, PTH116, PTH118, PTH120
# plain calls on paths and descriptors: the worker keeps its imports few

from __future__ import annotations

import contextlib
import importlib
import json
import os
import platform
import signal
import socket
import sys
from typing import Any

from evaluators.sandbox import candidate, memory, rehearsal, service
from evaluators.sandbox import preload as warm
from system.sandbox import calls, confine, layout, mappings, namespaces, packages, processes, scratch
from system.sandbox.limits import Limits

_NICE = 5  # a model server on the same processors loses far more than its share to whoever interrupts it
_SYSTEM = platform.system()
_LINUX = _SYSTEM == "Linux"
WARM = (
    "typing", "math", "collections", "itertools", "functools", "heapq", "bisect", "random", "re", "string",
    "copy", "operator", "datetime", "decimal", "fractions", "statistics", "io", "time", "dataclasses", "enum", "abc",
    "contextlib", "threading", "traceback", "queue", "array", "types", "json", "struct", "textwrap", "numbers",
    "inspect", "ast", "encodings.latin_1", "encodings.ascii",
)
"""Each page and each library costs every fork. Left out is what few programs import and many pages hold: ``hashlib``
with its OpenSSL, ``tempfile`` with three compression libraries, ``unicodedata``.
"""


class Worker:
    """What a worker knows after it has entered its layers."""

    def __init__(self, level: str, preload: list[str]) -> None:
        self.level = level
        wanted = {confine.FULL: "Linux", confine.CONFINED: "Linux", confine.SEATBELT: "Darwin"}.get(level, _SYSTEM)
        if wanted != _SYSTEM:
            raise OSError(f"it needs {wanted}, and this is {_SYSTEM}")
        os.nice(_NICE)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a handler would make a judge, first of its namespace, killable
        self.entered: namespaces.Worker | None = None
        self.root_left = False
        found = packages.find(through_descriptors=level != confine.FULL and os.getuid() == 0)
        readable = layout.readable(found)
        for name in WARM:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
        if level == confine.FULL:
            root = layout.root(found)
            self.entered = namespaces.enter(root.visible, root.hidden)
            self.root_left = True
            sys.path += root.packages
        else:
            sys.path += found.folders
            self.root_left = _leave_root(must=level != confine.NONE)
            if _LINUX:
                calls.adopt_orphans()
        if _LINUX:
            if level == confine.FULL:
                calls.empty_bounding_set()
            calls.no_new_privileges()
            calls.set_dumpable(on=False)
        if preload:
            warm.preload(preload, self.proc)
        self.cell = confine.make_cell(level, () if level in {confine.FULL, confine.NONE} else readable,
                                      Limits().processes, layout.descriptors(found))
        self.scratch = "" if level == confine.FULL else scratch.make("bench-worker-")[0]  # the lock is held to our end
        confine.filter_worker(self.cell)

    @property
    def proc(self) -> int | None:
        """Where this worker's processes can be looked at; None where they cannot."""
        if self.entered is None:
            return os.open("/proc", os.O_PATH) if os.path.isdir("/proc/self") else None
        return self.entered.proc if self.entered.proc >= 0 else None


def _leave_root(*, must: bool) -> bool:
    """Root becomes an unprivileged id, if that id can still read the interpreter. True if this process is not root.

    Raises OSError when it cannot and ``must`` holds.
    """
    if os.getuid() != 0:
        return True

    def try_it() -> None:
        _become_unprivileged()
        os.stat(os.path.join(os.path.dirname(os.__file__), "colorsys.py"))

    trial = processes.fork(try_it)
    trial.wait()
    trial.close()
    if trial.status == 0:
        _become_unprivileged()
        return True
    if must:
        raise OSError(f"the interpreter in {os.path.dirname(os.__file__)} cannot be read by the unprivileged user that "
                      "root becomes; use a Python that everybody may read, or run as an ordinary user")
    return False


def _become_unprivileged() -> None:
    os.setgroups([])
    os.setgid(namespaces.UNPRIVILEGED_ID)  # by root, both set all three ids
    os.setuid(namespaces.UNPRIVILEGED_ID)


def _facts(worker: Worker) -> dict[str, Any]:
    """The layers as they were built, for the records."""
    level = worker.level
    full = level == confine.FULL
    layers = {"userns": full, "pidns": full, "netns": full, "mountns": full, "ipcns": full,
              "landlock_abi": worker.cell.landlock_abi, "seccomp": worker.cell.filter is not None,
              "tree_memory": worker.proc is not None or level == confine.SEATBELT, "disk": full,
              "unprivileged_id": worker.root_left}
    return {"level": level, "layers": layers, "judge": "split", "scratch": worker.scratch}


def main(control_fd: int) -> None:
    """Serves jobs until the harness closes the control socket. Does not return."""
    control = socket.socket(fileno=control_fd)
    options = json.loads(service.receive(control)[0])
    try:
        worker = Worker(options["level"], options["preload"])
    except warm.CannotPreload as error:
        control.sendall(json.dumps({"usage": str(error)}).encode() + b"\n")
        os._exit(1)
    except (OSError, KeyError) as error:
        control.sendall(json.dumps({"error": str(error)}).encode() + b"\n")
        os._exit(1)
    _give_exit()
    candidate.prepare()
    os.dup2(0, 2)  # /dev/null: the log of the start has served
    confine.prepare("/tmp")  # noqa: S108 - the scratch folder of every run at full; others set their own
    rehearsal.rehearse()
    candidate.forget_ourselves()
    memory.settle()
    proc = worker.proc
    if proc is not None:
        with contextlib.suppress(OSError):  # it is for speed alone
            mappings.merge(proc)
    control.sendall(json.dumps(_facts(worker)).encode() + b"\n")
    service.Service(control, worker.cell, worker.entered, worker.scratch, proc).serve()


def _give_exit() -> None:
    """``exit`` and ``quit``, which the site module would have given to every program."""
    builtins, site = importlib.import_module("builtins"), importlib.import_module("_sitebuiltins")
    for name in ("exit", "quit"):
        setattr(builtins, name, site.Quitter(name, "Ctrl-D (i.e. EOF)"))
