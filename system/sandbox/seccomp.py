"""A seccomp filter in the kernel's own BPF, without a library.

Two filters, both deny lists over "allow". ``base`` is defence in depth behind the namespaces and, by itself, the only
thing that closes what they do not cover: keyrings, io_uring, sockets, memory files. It is installed in two parts, the
greater one in the worker. ``alone`` is added where there is no pid namespace: no child process, no signal to anybody
else, and the calls on a file's metadata, which Landlock does not govern, are answered "done" without being done, so
that ``shutil.copy`` and ``tempfile`` keep working.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Sequence

from system.sandbox import calls, numbers

_LOAD, _JEQ, _JGE, _JSET, _AND, _RET = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF_0000, 0x8000_0000, 0x0005_0000
_NR_OFFSET, _ARCH_OFFSET = 0, 4
_NAMESPACE_FLAGS = 0x7E02_0080
_CLONE_PARENT = 0x8000  # a child for the worker, which would neither count its memory nor wait for it
_CLONE_THREAD = 0x0001_0000
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C  # put characters into a terminal's input
_PRCTL_DENIED = (1, 4, 0x5961_6D61)  # outlive its parent, be dumped, be traced: what confinement has set stays set
_SETLEASE = 1024  # on a file of the user's: whoever opens it waits for seconds
_SIGNALLING = (8, 10, 15)  # F_SETOWN, F_SETSIG, F_SETOWN_EX: a descriptor that sends any signal to any process
_SIGNALLING_IOCTLS = (0x8901, 0x8902)  # FIOSETOWN, SIOCSPGRP: the same
_AF_UNIX = 1
_DATAGRAM = 2  # the bit of SOCK_DGRAM and SOCK_RAW, and not of SOCK_STREAM and SOCK_SEQPACKET
_O_ACCMODE, _O_TRUNC = 3, 0x200

Instruction = tuple[int, int, int, int]



def _words(text: str) -> list[str]:
    return text.split()


DENIED = _words("""
ptrace process_vm_readv process_vm_writev pidfd_getfd pidfd_open kcmp process_madvise process_mrelease
add_key request_key keyctl io_uring_setup io_uring_enter io_uring_register bpf perf_event_open userfaultfd
kexec_load kexec_file_load init_module finit_module delete_module acct swapon swapoff reboot sethostname setdomainname
iopl ioperm quotactl quotactl_fd settimeofday clock_settime adjtimex clock_adjtime fanotify_init open_by_handle_at
name_to_handle_at lookup_dcookie vhangup personality syslog migrate_pages move_pages vmsplice modify_ldt uselib ustat
sysfs nfsservctl mknod mknodat setpriority sched_setscheduler sched_setattr ioprio_set
mount umount2 pivot_root chroot open_tree open_tree_attr move_mount fsopen fsconfig fsmount fspick mount_setattr
unshare setns listmount statmount memfd_create memfd_secret shmget shmat shmctl semget semop semctl semtimedop
msgget msgsnd msgrcv msgctl mq_open mq_unlink socket connect bind listen accept accept4
""")  # socketpair of streams stays: asyncio needs it, and it reaches nobody; one of datagrams can send to any path

FOR_THE_JUDGE = ("setns", "unshare", "mount", "pidfd_open", "memfd_create", "prctl")
"""What worker and judge need, and no candidate: the kernel reads a long filter in a fifth of a millisecond, so the long
one is installed once, in the worker, and each candidate adds a short one."""

ALONE_DENIED = _words("""
fork vfork tkill pidfd_send_signal rt_sigqueueinfo rt_tgsigqueueinfo sched_setparam truncate
inotify_init inotify_init1 inotify_add_watch
""")

ALONE_UNSUPPORTED = _words("""
getxattr lgetxattr fgetxattr getxattrat listxattr llistxattr flistxattr listxattrat
""")  # Landlock governs no reading of attributes; shutil.copy takes "not supported" for an answer

ALONE_IGNORED = _words("""
chmod fchmod fchmodat fchmodat2 chown lchown fchown fchownat utime utimes utimensat futimesat
setxattr lsetxattr fsetxattr setxattrat removexattr lremovexattr fremovexattr removexattrat file_setattr
""")


def _argument(index: int) -> Instruction:
    return (_LOAD, 0, 0, 16 + 8 * index)  # the low half; both architectures are little-endian


def _answer(error: int) -> Instruction:
    return (_RET, 0, 0, _ERRNO | error)


def _when(number: int, body: list[Instruction]) -> list[Instruction]:
    """``body`` (which must return) where the call is ``number``; the call's number stays loaded otherwise."""
    return [(_JEQ, 0, len(body), number), *body]


def _unless(index: int, values: Sequence[int]) -> list[Instruction]:
    """The body that answers EPERM where argument ``index`` is one of ``values``, and allows the call otherwise."""
    tests = [(_JEQ, len(values) - number, 0, value) for number, value in enumerate(values)]
    return [_argument(index), *tests, (_RET, 0, 0, _ALLOW), _answer(errno.EPERM)]


def _opening(index: int) -> list[Instruction]:
    """The body for an open with its flags in argument ``index``: no truncation by a descriptor that cannot write, and
    none that can neither read nor write. Landlock before ABI 3 looks at what is read and written, and at nothing else.
    """
    odd = (_O_TRUNC, _O_TRUNC | _O_ACCMODE, _O_ACCMODE)
    load, *rest = _unless(index, odd)
    return [load, (_AND, 0, 0, _O_TRUNC | _O_ACCMODE), *rest]


def _prologue(arch: int) -> list[Instruction]:
    check_arch = [(_LOAD, 0, 0, _ARCH_OFFSET), (_JEQ, 1, 0, arch), (_RET, 0, 0, _KILL), (_LOAD, 0, 0, _NR_OFFSET)]
    no_x32 = [(_JGE, 0, 1, 0x4000_0000), (_RET, 0, 0, _KILL)]
    return check_arch + no_x32


def base(without: Sequence[str] = ()) -> list[Instruction]:
    """The filter of every level that has seccomp; what it denies but for ``without``."""
    table, arch = numbers.table()
    program = _prologue(arch)
    for name in DENIED:
        if name in table and name not in without:
            program += _when(table[name], [_answer(errno.EPERM)])
    allow: Instruction = (_RET, 0, 0, _ALLOW)
    program += _when(table["clone3"], [_answer(errno.ENOSYS)])  # the C library falls back to clone, whose flags show
    program += _when(table["clone"], [
        _argument(0), (_JSET, 0, 1, _NAMESPACE_FLAGS | _CLONE_PARENT), _answer(errno.EPERM), allow])
    program += _when(table["prlimit64"], [_argument(0), (_JEQ, 1, 0, 0), _answer(errno.EPERM), allow])
    program += _when(table["ioctl"], _unless(1, (_TIOCSTI, _TIOCLINUX)))
    if "prctl" not in without:
        program += _when(table["prctl"], _unless(0, _PRCTL_DENIED))
    program += _when(table["fcntl"], _unless(1, (_SETLEASE,)))
    program += _when(table["socketpair"], [_argument(0), (_JEQ, 0, 3, _AF_UNIX), _argument(1), (_JSET, 1, 0, _DATAGRAM),
                                           allow, _answer(errno.EPERM)])
    return [*program, allow]


def rest() -> list[Instruction]:
    """The filter that denies what ``base(FOR_THE_JUDGE)`` still allows: together they are ``base()``."""
    table, arch = numbers.table()
    program = _prologue(arch)
    for name in FOR_THE_JUDGE[:-1]:
        program += _when(table[name], [_answer(errno.EPERM)])
    program += _when(table["prctl"], _unless(0, _PRCTL_DENIED))
    return [*program, (_RET, 0, 0, _ALLOW)]


def alone(pid: int) -> list[Instruction]:
    """The second filter, for process ``pid``, where no pid namespace keeps it from others."""
    table, arch = numbers.table()
    program = _prologue(arch)
    for name in ALONE_DENIED:
        if name in table:
            program += _when(table[name], [_answer(errno.EPERM)])
    for name in ALONE_IGNORED:
        if name in table:
            program += _when(table[name], [_answer(0)])
    for name in ALONE_UNSUPPORTED:
        program += _when(table[name], [_answer(errno.ENOTSUP)])
    program += _when(table["openat2"], [_answer(errno.ENOSYS)])  # its flags lie where no filter can look
    for name, index in (("open", 1), ("openat", 2)):
        if name in table:
            program += _when(table[name], _opening(index))
    program += _when(table["fcntl"], _unless(1, _SIGNALLING))
    program += _when(table["ioctl"], _unless(1, _SIGNALLING_IOCTLS))
    allow: Instruction = (_RET, 0, 0, _ALLOW)
    for name in ("kill", "tgkill"):
        program += _when(table[name], [_argument(0), (_JEQ, 1, 0, pid), _answer(errno.EPERM), allow])
    program += _when(table["sched_setaffinity"], [_argument(0), (_JEQ, 1, 0, 0), _answer(errno.EPERM), allow])
    program += _when(table["clone"], [_argument(0), (_JSET, 1, 0, _CLONE_THREAD), _answer(errno.EPERM), allow])
    return [*program, allow]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


class Filter:
    """A filter in the kernel's form, built once and installed after a fork."""

    def __init__(self, instructions: list[Instruction]) -> None:
        raw = b"".join(struct.pack("HBBI", *instruction) for instruction in instructions)
        self._buffer = ctypes.create_string_buffer(raw, len(raw))
        self._program = _Program(len(instructions), ctypes.addressof(self._buffer))
        self._number = numbers.table()[0]["seccomp"]

    def install(self) -> None:
        """From now on, for this thread and all it starts; needs no_new_privileges. Raises OSError."""
        set_mode_filter = 1
        calls.check(calls.syscall(self._number, ctypes.c_uint(set_mode_filter), ctypes.c_uint(0),
                                  ctypes.byref(self._program)), "seccomp")


def install_alone() -> None:
    """The second filter for the calling process."""
    Filter(alone(os.getpid())).install()
