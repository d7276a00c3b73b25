"""The error tree.

An exception means "this run (or this verb) cannot go on"; a verdict on a model's answer is a value, never an exception.
Each class carries the exit code the command line ends with::

    BenchError                     1   a run failed or is incomplete
    ├── UsageError                 2   a flag or a combination of flags is wrong
    │   └── BadInput               2   a file given is at fault: model, dataset, ledger, samples
    ├── ServerError                3   the server did not come up
    │   └── ServerLost             3   the server was up and is gone
    ├── ScriptError                4   the benchmark script failed or printed nothing readable
    │   └── ScriptLost             4   it was killed by a signal, and can be started again
    ├── SandboxError               5   the sandbox cannot hold what was asked
    └── Interrupted              130   the user stopped the run; it can be taken up again

A message is one sentence that says what was wrong, where, and what to do next.
Foreign errors (OSError, requests, json) are mapped once, at the door where they come in.
"""

from __future__ import annotations

from typing import ClassVar


class BenchError(Exception):
    """Base of every error this program raises on purpose."""

    exit_code: ClassVar[int] = 1


class UsageError(BenchError):
    """A flag, or a combination of flags, that cannot be carried out."""

    exit_code: ClassVar[int] = 2


class BadInput(UsageError):
    """A file the user gave is missing, cut short, malformed or of a foreign format."""


class ServerError(BenchError):
    """A server did not become ready. ``log_tail`` holds the last lines of its log."""

    exit_code: ClassVar[int] = 3

    def __init__(self, message: str, log_tail: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.log_tail = log_tail


class ServerLost(ServerError):
    """A server that had been ready died or stopped answering."""


class ScriptError(BenchError):
    """A benchmark script failed, or printed nothing that a parser can read. ``log_tail``: its last lines."""

    exit_code: ClassVar[int] = 4

    def __init__(self, message: str, log_tail: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.log_tail = log_tail


class ScriptLost(ScriptError):
    """A benchmark script was ended by a signal that was not ours: a fault of the machine, as far as anybody knows."""

    def __init__(self, message: str, log_tail: tuple[str, ...], how: str) -> None:
        super().__init__(message, log_tail)
        self.how = how
        """In one clause."""


class SandboxError(BenchError):
    """The sandbox cannot hold what was asked of it on this machine."""

    exit_code: ClassVar[int] = 5


class Interrupted(BenchError):
    """The user asked to stop; what was written stays and the run can be taken up again."""

    exit_code: ClassVar[int] = 130
