"""The least that full isolation can cost: two forks, and the namespaces of a run.

``python -S -s -B benches/floor.py FD`` enters a worker's namespaces as a worker does, imports what it imports, and then
forks as often as it is asked to: a first process with a pid namespace, a mount namespace and an empty ``/tmp`` of its
own, which forks a second one. No layer is built, no program run, nothing said.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

_ROOT = str(Path(__file__).resolve().parents[1])


class Floor:
    """A started one."""

    def __init__(self) -> None:
        from system.sandbox.launch import WorkerProcess  # noqa: PLC0415 - the child has its own path

        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = WorkerProcess(__file__, theirs.fileno())
        if self._socket.recv(1) != b"r":
            raise OSError(f"namespaces do not hold here: {self._process.last_words()}")

    def ask(self, times: int) -> None:
        self._socket.sendall(f"{times}\n".encode())

    def answer(self) -> int:
        """How many were forked, once they have ended."""
        return int(self._socket.recv(64))

    def close(self) -> None:
        self._socket.close()
        self._process.end(2.0)


def start() -> Floor:
    return Floor()


def _serve() -> None:
    sys.path[0] = _ROOT
    from evaluators.sandbox import memory, zygote  # noqa: PLC0415 - after the path
    from system.sandbox import namespaces, processes  # noqa: PLC0415

    worker = zygote.Worker("full", [])
    assert worker.entered is not None
    entered = worker.entered
    control = socket.socket(fileno=int(sys.argv[1]))
    memory.settle()

    scratch = namespaces.private_scratch(64 << 20, 4096)

    def first() -> None:
        scratch()
        second = processes.fork_single(lambda: None)
        second.wait()

    control.sendall(b"r")
    while line := control.recv(64):
        for _ in range(int(line)):
            namespaces.next_run(entered)
            child = processes.fork_single(first)
            child.wait()
            child.close()
        control.sendall(line)
    os._exit(0)


if __name__ == "__main__":
    _serve()
