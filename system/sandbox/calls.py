"""The few C library calls that Python has no names for. Each raises OSError with the call's name."""

from __future__ import annotations

import ctypes
import os
import platform
import signal
from collections.abc import Callable
from functools import partial

libc = ctypes.CDLL(None, use_errno=True)
_LINUX = platform.system() == "Linux"
_libc_with_lock = ctypes.PyDLL(None, use_errno=True)  # its calls keep the interpreter's lock
_fork = _libc_with_lock.fork if _LINUX else os.fork

CLONE_NEWNS = 0x0002_0000
CLONE_NEWUTS = 0x0400_0000
CLONE_NEWIPC = 0x0800_0000
CLONE_NEWUSER = 0x1000_0000
CLONE_NEWPID = 0x2000_0000
CLONE_NEWNET = 0x4000_0000

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_SECUREBITS = 1, 4, 24, 28
_PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 36, 38, 47
_AMBIENT_CLEAR_ALL = 4
_IDLE_FLAGS = 0x100 | 0x400 | signal.SIGCHLD  # CLONE_VM and CLONE_FILES
_LAST_FD = 0xFFFF_FFFF
_SIG_SETMASK = int(signal.SIG_SETMASK)
_SIGNAL_SET = ctypes.c_ubyte * 128
_EVERY_SIGNAL, _MASK_BEFORE = _SIGNAL_SET(*[0xFF] * 128), _SIGNAL_SET()
_NO_CAPABILITIES = (ctypes.c_uint32 * 2)(0x2008_0522, 0), (ctypes.c_uint32 * 6)()  # version 3, ourselves; none
_NO_ROOT_MAGIC = 0x2F  # NOROOT, NO_SETUID_FIXUP and NO_CAP_AMBIENT_RAISE, each locked


def check(result: int, what: str) -> int:
    """``result``, or OSError with errno's text when it is negative."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def unshare(flags: int) -> None:
    check(libc.unshare(flags), "unshare")


def fork() -> int:
    """The system's own fork and no more. For a process with one thread, of which nothing else is left in the child.

    ``os.fork`` gives the child new locks, a new random seed and a new list of threads. With one thread there is nothing
    to repair, and repairing it copies more than a hundred pages in every child: a fifth of what a child costs.
    """
    pid: int = _fork()
    return pid if pid >= 0 else check(pid, "fork")


def idle(stack: ctypes.Array[ctypes.c_char]) -> int:
    """A process that shares our memory and descriptors, and waits in ``pause`` until it is killed; its number.

    It copies nothing, so it costs a twentieth of a fork. It runs on ``stack``, and no line of ours: with every signal
    blocked the call never returns, nor does a handler run in memory that is also ours. For a process with one thread.
    """
    top = (ctypes.addressof(stack) + len(stack)) & ~15
    libc.pthread_sigmask(_SIG_SETMASK, _EVERY_SIGNAL, _MASK_BEFORE)
    try:
        clone, pause = _libc_with_lock.clone, _libc_with_lock.pause
        return check(int(clone(pause, ctypes.c_void_p(top), _IDLE_FLAGS, None)), "clone")
    finally:
        libc.pthread_sigmask(_SIG_SETMASK, _MASK_BEFORE, None)


def give_back_memory() -> None:
    """What the C library has free, to the system: a fork copies the tables of it."""
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)


def setns(fd: int, flags: int) -> None:
    check(libc.setns(fd, flags), "setns")


def prctl(option: int, *values: int) -> int:
    padded = (*values, 0, 0, 0, 0)[:4]
    return check(libc.prctl(option, *(ctypes.c_ulong(value) for value in padded)), f"prctl {option}")


def die_with_parent(signal_number: int = 9, parent: int | None = None) -> None:
    """The kernel sends us ``signal_number`` when the parent's thread that forked us ends.

    ``parent``: its number as it saw itself. If it has ended already, so do we: the signal will not come any more. A
    parent outside our pid namespace has the number 0 here; its end ends the namespace.
    """
    check(libc.prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0), "prctl")
    if parent is not None and (now := os.getppid()) != parent and now != 0:
        os._exit(1)


def set_dumpable(on: bool) -> None:
    """Off: no core dump, and processes of the same user can neither trace us nor open our ``/proc`` entries."""
    prctl(_PR_SET_DUMPABLE, int(on))


def adopt_orphans() -> None:
    """Descendants whose parent ends become our children."""
    prctl(_PR_SET_CHILD_SUBREAPER, 1)


def no_new_privileges() -> None:
    prctl(_PR_SET_NO_NEW_PRIVS, 1)


def empty_bounding_set() -> None:
    """Nothing executed from now on can gain a capability, whatever its file says."""
    prctl(_PR_CAP_AMBIENT, _AMBIENT_CLEAR_ALL)
    prctl(_PR_SET_SECUREBITS, _NO_ROOT_MAGIC)
    for capability in range(64):
        if libc.prctl(_PR_CAPBSET_DROP, ctypes.c_ulong(capability), 0, 0, 0) < 0:
            break  # past the last one this kernel knows


def drop_capabilities() -> None:
    check(libc.capset(*_NO_CAPABILITIES), "capset")


def close_from(lowest: int) -> None:
    """Closes every descriptor from ``lowest`` on, whatever its close-on-exec flag says: fork ignores that flag."""
    if not hasattr(libc, "close_range") or libc.close_range(lowest, _LAST_FD, 0) < 0:
        os.closerange(lowest, 65536)


def closer_from(lowest: int) -> Callable[[], object]:
    """The same for later, by as little code as can be; made before a fork."""
    if not hasattr(libc, "close_range") or libc.close_range(_LAST_FD, _LAST_FD, 0) < 0:
        return partial(os.closerange, lowest, 65536)
    return partial(libc.close_range, ctypes.c_uint(lowest), ctypes.c_uint(_LAST_FD), 0)


def number(of: int) -> ctypes.c_long:
    """A call's number as ``libc.syscall`` takes it, for whoever wants to make it before a fork."""
    return ctypes.c_long(of)


def syscall(number: int, *values: object) -> int:
    """A call by number; the result is negative on error and errno is kept for ``check``."""
    result: int = libc.syscall(ctypes.c_long(number), *values)
    return result
