"""Landlock: which files a process may reach, set by itself, without privilege.

Rules belong to inodes, not to paths: a rule on a directory made before a file system is mounted there says nothing
about what is mounted. Landlock never governs chmod, chown, utime or extended attributes, and truncate(2) only from
ABI 3; ``seccomp`` answers for those. The ABI is asked of the kernel by the call itself: on machines that use it,
``/sys/kernel/security/lsm`` may well be missing.
"""

from __future__ import annotations

import os
import stat
import struct
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from system.sandbox import calls, numbers

_EXECUTE, _WRITE_FILE, _READ_FILE, READ_DIR = 1, 2, 4, 8
_TRUNCATE, _IOCTL_DEV = 1 << 14, 1 << 15
READ_AND_RUN = _EXECUTE | _READ_FILE | READ_DIR
READ_AND_WRITE = _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
EVERYTHING = (1 << 16) - 1
_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_RECORD = struct.Struct("=Qi")
_TCP_BIND_AND_CONNECT = 3
_SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS = 3


@dataclass(frozen=True)
class Rule:
    """What is allowed below ``path`` (or on it, for a file)."""

    path: str
    rights: int


def abi() -> int:
    """The kernel's Landlock ABI; 0 where there is none."""
    try:
        number = numbers.table()[0]["landlock_create_ruleset"]
    except KeyError:
        return 0
    if sys.platform != "linux":
        return 0  # the number means something else there
    return max(0, calls.syscall(number, None, 0, 1))


def _handled(version: int) -> tuple[int, bytes]:
    rights = (1 << 13) - 1
    for since, bit in ((2, 13), (3, 14), (5, 15)):
        if version >= since:
            rights |= 1 << bit
    network = _TCP_BIND_AND_CONNECT if version >= 4 else 0
    scope = _SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS if version >= 6 else 0
    size = 8 if version < 4 else 16 if version < 6 else 24
    return rights, struct.pack("QQQ", rights, network, scope)[:size]


class Opened:
    """Rules whose files are open already, and all else that a process forked from this one need not make: what it does
    not make, it copies no page for.
    """

    def __init__(self, rules: Iterable[Rule], version: int) -> None:
        """A rule whose path does not exist is left out."""
        self.records = tuple(record for rule in rules if (record := _record(rule, version)) is not None)
        self.everything, self.attributes = _handled(version)
        table = numbers.table()[0]
        self.create, self.add, self.enforce = (calls.number(table[f"landlock_{name}"]) for name in (
            "create_ruleset", "add_rule", "restrict_self"))


def opened(rules: Iterable[Rule], version: int) -> Opened:
    """Opens what ``rules`` name, for good."""
    return Opened(rules, version)


def _record(rule: Rule, version: int) -> bytes | None:
    """The kernel's form of a rule, with a descriptor opened for it."""
    try:
        fd = os.open(rule.path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return None
    allowed = rule.rights & _handled(version)[0]
    if not stat.S_ISDIR(os.fstat(fd).st_mode):
        allowed &= _FILE_RIGHTS
    return _RECORD.pack(allowed, fd)


def restrict(rules: Iterable[Rule], version: int) -> None:
    """Allows this process what the rules say and no other file, no TCP (ABI 4), no signal outwards (ABI 6).

    A rule whose path does not exist is left out. Needs no_new_privileges. Raises OSError.
    """
    prepared = Opened(rules, version)
    _enforce(prepared, _ruleset(prepared))


def restrict_to(folder: str, more: Opened) -> None:
    """The same with what ``more`` has opened, and everything in ``folder``."""
    ruleset = _ruleset(more)
    fd = os.open(folder, os.O_PATH | os.O_CLOEXEC | os.O_DIRECTORY)
    own = _RECORD.pack(more.everything, fd)
    calls.check(calls.libc.syscall(more.add, ruleset, 1, own, 0), "landlock rule")
    os.close(fd)
    _enforce(more, ruleset)


def _ruleset(prepared: Opened) -> int:
    syscall, attributes = calls.libc.syscall, prepared.attributes
    ruleset = calls.check(syscall(prepared.create, attributes, len(attributes), 0), "landlock")
    for record in prepared.records:
        calls.check(syscall(prepared.add, ruleset, 1, record, 0), "landlock rule")
    return ruleset


def _enforce(prepared: Opened, ruleset: int) -> None:
    calls.check(calls.libc.syscall(prepared.enforce, ruleset, 0), "landlock_restrict_self")
    os.close(ruleset)


def signals(version: int) -> Callable[[], None]:
    """Once more, inside what already holds: no signal to a process outside of the one that calls this and what that
    starts (ABI 6). Made in one process, to be called in those that are forked from it. Either raises OSError.
    """
    if version < 6:
        return lambda: None
    table = numbers.table()[0]
    attributes = struct.pack("QQQ", 0, 0, _SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS)
    ruleset = calls.check(calls.syscall(table["landlock_create_ruleset"], attributes, len(attributes), 0), "landlock")
    syscall, number = calls.libc.syscall, calls.number(table["landlock_restrict_self"])

    def enforce() -> None:
        if syscall(number, ruleset, 0) < 0:
            calls.check(-1, "landlock_restrict_self")

    return enforce
