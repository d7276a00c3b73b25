"""Namespaces: a machine of its own for each worker, and a smaller one for each run.

Once per worker: user, pid, mount, network, IPC and UTS namespaces (in the last three a candidate can leave nothing to
the next one: seccomp denies it sockets, shared memory, semaphores and queues); a root of read-only binds, so that no
home, no ``/etc``, no ``/proc`` and no installed package is there to be read. Per run: a new pid namespace, whose end
kills all that is in it, and a mount namespace with a private, size- and inode-capped ``/tmp``.

A worker that was started by root leaves root behind: inside, user 1000 is an unprivileged id outside, and root's own id
is not mapped at all. The files of the new root are opened before that change, because an interpreter may well live in
a folder that only root can enter (``/root/.pyenv``); the binds are then made through the open descriptors.
"""

# ruff: noqa: PTH102, PTH103, PTH110, PTH112, PTH114, PTH115, PTH120, PTH123, PTH211
# plain calls on paths and descriptors: pathlib would import and stat more than the new root can answer

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from system.sandbox import calls, numbers, processes

UNPRIVILEGED_ID = 60613
"""Who the worker is, outside, when root starts it: an id that no distribution gives to anybody."""
_INSIDE_ID = 1000
_PER_WORKER = (calls.CLONE_NEWUSER | calls.CLONE_NEWPID | calls.CLONE_NEWNS | calls.CLONE_NEWIPC
               | calls.CLONE_NEWUTS | calls.CLONE_NEWNET)
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT, _BIND, _REC, _PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
_NOATIME, _NODIRATIME, _RELATIME = 1024, 2048, 1 << 21
_MNT_DETACH = 2
_DEVICES = ("null", "zero", "full", "random", "urandom")
_HIDDEN_MODULE = "/etc/hidden.py"
_NOT_HERE = 'raise ModuleNotFoundError(f"No module named {__name__!r} (hidden by the sandbox)", name=__name__)\n'
_STAGE = "/tmp"  # noqa: S108 - a mount point in our own mount namespace, not a file in a shared folder


@dataclass(frozen=True)
class Worker:
    """What a worker keeps of its entry: both descriptors are open, neither reaches a candidate."""

    pid_namespace: int
    proc: int
    """``/proc`` as it shows this worker's processes, from before it left the root; -1 where none can be mounted."""


def mount(source: str | None, target: str, kind: str | None = None, flags: int = 0, options: str | None = None) -> None:
    encoded = [value.encode() if value is not None else None for value in (source, target, kind, options)]
    calls.check(calls.libc.mount(encoded[0], encoded[1], encoded[2], ctypes.c_ulong(flags), encoded[3]),
                f"mount {target}")


def enter(visible: Mapping[str, str], hidden: Sequence[str]) -> Worker:
    """Moves the caller into its own namespaces; returns in a child that is pid 1 there, the caller's copy waits for it.

    ``visible`` are the paths that exist inside, read-only, and where each is outside; ``hidden`` are folders and
    modules below them, by their paths inside, whose content does not. Raises OSError, naming the step, where the
    machine does not allow it.
    """
    sources: dict[str, int] = {}
    if os.getuid() == 0:
        os.setgroups([])
        _enter_from_root(visible, sources)
    else:
        uid, gid = os.getuid(), os.getgid()
        calls.unshare(_PER_WORKER)
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{_INSIDE_ID} {uid} 1")
        _write("/proc/self/gid_map", f"{_INSIDE_ID} {gid} 1")
        _open_sources(visible, sources)
    pid = os.fork()
    if pid:
        _stand_by(pid)
    calls.die_with_parent()
    mount(None, "/", None, _REC | _PRIVATE)
    proc = _own_proc()
    namespace = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    _build_root(sources, hidden)
    return Worker(namespace, proc)


def _enter_from_root(visible: Mapping[str, str], sources: dict[str, int]) -> None:
    """The maps of another id than our own have to be written from outside the new user namespace: by a helper."""
    parent = os.getpid()
    ready_read, ready = os.pipe()

    def write_maps() -> None:
        os.close(ready)
        if os.read(ready_read, 1):
            for name in ("uid_map", "gid_map"):
                _write(f"/proc/{parent}/{name}", f"{_INSIDE_ID} {UNPRIVILEGED_ID} 1")

    helper = processes.fork(write_maps)
    os.close(ready_read)
    try:
        calls.unshare(_PER_WORKER)
        os.write(ready, b"1")
    finally:
        os.close(ready)
        helper.wait()
        helper.close()
    if helper.status:
        raise PermissionError("the user namespace's id map could not be written")
    _open_sources(visible, sources)
    os.setresgid(_INSIDE_ID, _INSIDE_ID, _INSIDE_ID)
    os.setresuid(_INSIDE_ID, _INSIDE_ID, _INSIDE_ID)
    calls.set_dumpable(on=True)  # the change of id took /proc/self from us; it is put off again before any candidate


def _open_sources(visible: Mapping[str, str], sources: dict[str, int]) -> None:
    for path, outside in [*visible.items(), *((f"/dev/{name}", f"/dev/{name}") for name in _DEVICES)]:
        if os.path.islink(outside):
            sources[path] = -1
        elif os.path.exists(outside):
            sources[path] = os.open(outside, os.O_PATH | os.O_CLOEXEC)


def _stand_by(pid: int) -> None:
    """The process that made the namespaces is not in the new pid namespace; it ends with the one that is."""
    os.closerange(0, 1024)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _, status = os.waitpid(pid, 0)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _own_proc() -> int:
    try:
        mount("proc", "/proc", "proc", _NOSUID | _NODEV | _NOEXEC)
        return os.open("/proc", os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return -1  # inside some containers: no watch over a tree's memory then, and the layers say so


def _build_root(sources: dict[str, int], hidden: Sequence[str]) -> None:
    mount("root", _STAGE, "tmpfs", _NOSUID | _NODEV, "size=1m,mode=755")
    for path, fd in sorted(sources.items()):
        target = _STAGE + path
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if fd < 0:
            os.symlink(os.readlink(path), target)
            continue
        if os.path.isdir(f"/proc/self/fd/{fd}"):
            os.makedirs(target, exist_ok=True)
        else:
            _write(target, "")
        mount(f"/proc/self/fd/{fd}", target, None, _BIND | _REC)
        _read_only(target, device=path.startswith("/dev/"))
        os.close(fd)
    os.makedirs(_STAGE + "/etc", exist_ok=True)
    _write(_STAGE + _HIDDEN_MODULE, _NOT_HERE)
    for path in hidden:
        _hide(_STAGE + path)
    _write(_STAGE + "/etc/passwd", f"user:x:{_INSIDE_ID}:{_INSIDE_ID}::/tmp:/bin/sh\n")
    os.symlink("/tmp/.shm", _STAGE + "/dev/shm")  # noqa: S108 - inside the run's private /tmp
    os.symlink("/tmp/.stdin", _STAGE + "/dev/stdin")  # noqa: S108
    os.makedirs(_STAGE + "/tmp", exist_ok=True)  # noqa: S108
    os.chdir(_STAGE)
    calls.check(calls.syscall(numbers.table()[0]["pivot_root"], b".", b"."), "pivot_root")
    calls.check(calls.libc.umount2(b".", _MNT_DETACH), "umount of the old root")
    os.chdir("/")
    mount(None, "/", None, _BIND | _REMOUNT | _RDONLY | _NOSUID | _NODEV)


def _hide(target: str) -> None:
    """Puts a module that is not to be found in the place of a folder or file; an empty folder could be imported."""
    if os.path.islink(target):
        return  # it points out of the root, or to what is hidden itself
    if os.path.isdir(target):
        mount("none", target, "tmpfs", _NOSUID | _NODEV, "size=4k,mode=755")
        _write(target + "/__init__.py", _NOT_HERE)
        _read_only(target, device=False)
    elif os.path.exists(target):
        mount(_STAGE + _HIDDEN_MODULE, target, None, _BIND)
        _read_only(target, device=False)


def _read_only(target: str, *, device: bool) -> None:
    """Read-only, no setuid. Flags the source already has are locked in a user namespace and must be repeated."""
    have = os.statvfs(target).f_flag
    flags = _BIND | _REMOUNT | _NOSUID | (0 if device else _NODEV | _RDONLY)
    for bit, flag in ((os.ST_NOEXEC, _NOEXEC), (os.ST_NOATIME, _NOATIME), (os.ST_NODIRATIME, _NODIRATIME),
                      (os.ST_RELATIME, _RELATIME)):
        if have & bit:
            flags |= flag
    mount(None, target, None, flags)


def next_run(worker: Worker) -> None:
    """The next process made is pid 1 of a new pid namespace, the following are in it too. The way back to our own has
    to be taken first, each time.
    """
    no_run(worker)
    calls.unshare(calls.CLONE_NEWPID)


def no_run(worker: Worker) -> None:
    """The next process made is in our own pid namespace."""
    calls.setns(worker.pid_namespace, calls.CLONE_NEWPID)


def private_scratch(size_bytes: int, files: int) -> Callable[[], None]:
    """For a process of the run to call: its own mounts, and an empty ``/tmp`` that can hold so much.

    All that can be made before the fork is made here.
    """
    arguments = (b"tmp", b"/tmp", b"tmpfs", ctypes.c_ulong(_NOSUID | _NODEV),
                 f"size={size_bytes},nr_inodes={files},mode=1777".encode())

    def enter() -> None:
        calls.unshare(calls.CLONE_NEWNS)
        calls.check(calls.libc.mount(*arguments), "mount of /tmp")
        os.mkdir("/tmp/.shm", 0o777)  # noqa: S108 - private, mounted here

    return enter


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
