"""The raw layers, each alone in a forked child."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import mmap
import os
import resource
import select
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from system.sandbox import calls, landlock, limits, numbers, processes, scratch, seccomp


def outcome_in_child(body: Callable[[], int]) -> int:
    """What ``body`` returned in a forked child, as its exit status."""
    def leave() -> None:
        os._exit(body())

    child = processes.fork(leave)
    try:
        assert child.wait(20)
        assert child.status is not None
        return os.waitstatus_to_exitcode(child.status)
    finally:
        child.close()


def test_a_forked_body_that_raises_never_returns_to_the_caller() -> None:
    def body() -> int:
        raise RuntimeError("of no interest")

    with Path(os.devnull).open("w") as null:
        kept = os.dup(2)
        os.dup2(null.fileno(), 2)
        try:
            assert outcome_in_child(body) == 120
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def test_seccomp_answers_what_is_denied_and_lets_the_rest_be() -> None:
    def body() -> int:
        calls.no_new_privileges()
        seccomp.Filter(seccomp.base()).install()
        left, right = socket.socketpair()
        left.send(b"x")
        assert right.recv(1) == b"x"
        try:
            socket.socket()
        except PermissionError:
            return 7
        return 1

    assert outcome_in_child(body) == 7


def test_the_second_filter_denies_children_and_signals_and_ignores_chmod(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    file.chmod(0o600)
    parent = os.getpid()

    def body() -> int:
        calls.no_new_privileges()
        seccomp.Filter(seccomp.base()).install()
        seccomp.install_alone()
        file.chmod(0o777)
        os.kill(os.getpid(), 0)
        denied = 0
        for action in (os.fork, lambda: os.kill(parent, 0), lambda: os.truncate(file, 0)):
            try:
                action()
            except PermissionError:
                denied += 1
        return denied

    assert outcome_in_child(body) == 3
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text() == "x"


def denied_by_the_filters(actions: list[Callable[[], object]], *, alone: bool) -> int:
    """How many of these a child under the filters is refused (EPERM)."""
    def body() -> int:
        calls.no_new_privileges()
        seccomp.Filter(seccomp.base()).install()
        if alone:
            seccomp.install_alone()
        denied = 0
        for action in actions:
            try:
                action()
            except PermissionError:
                denied += 1
        return denied

    return outcome_in_child(body)


def test_a_pair_of_sockets_reaches_nobody_else(tmp_path: Path) -> None:
    """A socket of datagrams can send to any path, whatever it was paired with."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "log"))
        listener.setblocking(False)

        def send(kind: int) -> None:
            one, other = socket.socketpair(socket.AF_UNIX, kind)
            other.setblocking(False)
            try:
                one.sendto(b"x", str(tmp_path / "log"))
            except OSError as error:
                if error.errno == errno.EPERM:
                    raise  # no pair at all

        pairs: list[Callable[[], object]] = [
            lambda: send(socket.SOCK_DGRAM), lambda: send(socket.SOCK_RAW), lambda: send(socket.SOCK_STREAM),
            lambda: send(socket.SOCK_SEQPACKET), lambda: send(socket.SOCK_STREAM | socket.SOCK_NONBLOCK)]
        assert denied_by_the_filters(pairs, alone=False) == 2
        with pytest.raises(BlockingIOError):
            listener.recv(1)


def test_what_confinement_set_stays_set() -> None:
    """Neither the signal at the parent's death nor the ban on core dumps can be taken back; other calls are let be."""
    taken: list[Callable[[], object]] = [lambda: calls.die_with_parent(0), lambda: calls.set_dumpable(on=True)]
    assert denied_by_the_filters(taken, alone=False) == 2
    assert denied_by_the_filters([lambda: calls.prctl(3)], alone=False) == 0


def test_a_descriptor_signals_nobody(tmp_path: Path) -> None:
    parent = os.getpid()
    read, write = os.pipe()
    own, sig = 8, 10  # F_SETOWN, F_SETSIG
    actions: list[Callable[[], object]] = [
        lambda: fcntl.fcntl(read, own, parent), lambda: fcntl.fcntl(read, sig, 9),
        lambda: fcntl.ioctl(read, 0x8901, b"1234"), lambda: fcntl.fcntl(read, 1024, 0)]
    try:
        assert denied_by_the_filters(actions, alone=True) == 4
        assert denied_by_the_filters([lambda: fcntl.fcntl(read, fcntl.F_GETFL)], alone=True) == 0
    finally:
        os.close(read)
        os.close(write)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_on_every_kernel_with_landlock_a_readable_file_cannot_be_emptied(tmp_path: Path, version: int) -> None:
    """Before ABI 3, Landlock lets a file be truncated by opening it for reading: a standard library of the user's."""
    if landlock.abi() == 0:
        assert calls.syscall(10_000_000) == -1
        return
    file, mine = tmp_path / "library.py", tmp_path / "mine"
    file.write_text("x")
    mine.mkdir()

    def body() -> int:
        calls.no_new_privileges()
        landlock.restrict([landlock.Rule(str(tmp_path), landlock.READ_AND_RUN),
                           landlock.Rule(str(mine), landlock.EVERYTHING)], version)
        seccomp.Filter(seccomp.base()).install()
        seccomp.install_alone()
        for flags in (os.O_RDONLY | os.O_TRUNC, os.O_ACCMODE | os.O_TRUNC, os.O_ACCMODE, os.O_WRONLY | os.O_TRUNC):
            with contextlib.suppress(PermissionError):
                os.open(file, flags)
                return 1
        file.read_text()
        (mine / "new").write_text("x")
        (mine / "new").write_text("y")
        os.open(mine / "new", os.O_RDWR | os.O_TRUNC)
        return 7

    assert outcome_in_child(body) == 7
    assert file.read_text() == "x"


@pytest.mark.parametrize("table", [numbers.X86_64, numbers.AARCH64])
def test_every_denied_call_has_a_number_or_does_not_exist_there(table: dict[str, int]) -> None:
    old = {"iopl", "ioperm", "modify_ldt", "uselib", "ustat", "sysfs", "mknod", "fork", "vfork", "chmod", "chown",
           "lchown", "utime", "utimes", "futimesat", "lookup_dcookie", "nfsservctl", "inotify_init"}
    for name in (*seccomp.DENIED, *seccomp.ALONE_DENIED, *seccomp.ALONE_IGNORED, *seccomp.ALONE_UNSUPPORTED):
        assert name in table or name in old, name
    assert len(set(table.values())) == len(table)


def test_landlock_allows_what_it_is_told_and_no_more(tmp_path: Path) -> None:
    if landlock.abi() == 0:
        assert calls.syscall(10_000_000) == -1  # no Landlock here: the level that needs it is refused elsewhere
        return
    (tmp_path / "in").mkdir()
    (tmp_path / "out").write_text("secret")

    def body() -> int:
        calls.no_new_privileges()
        landlock.restrict([landlock.Rule(str(tmp_path / "in"), landlock.EVERYTHING),
                           landlock.Rule("/no/such/path", landlock.EVERYTHING)], landlock.abi())
        (tmp_path / "in" / "file").write_text("mine")
        try:
            (tmp_path / "out").read_text()
        except PermissionError:
            return 7
        return 1

    assert outcome_in_child(body) == 7
    assert (tmp_path / "in" / "file").read_text() == "mine"


def test_limits_are_set_hard() -> None:
    def body() -> int:
        limits.apply(limits.Limits(address_space_bytes=600 << 20, open_files=50), None)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (50, 50)
        try:
            bytearray(800 << 20)
        except MemoryError:
            return 7
        return 1

    assert outcome_in_child(body) == 7


def test_processor_time_is_seen_from_outside() -> None:
    def body() -> None:
        end = time.process_time() + 5
        while time.process_time() < end:
            pass

    child = processes.fork(body)
    try:
        while child.cpu_s() < 0.1:
            time.sleep(0.01)
        assert not child.poll()
    finally:
        child.kill()
        child.close()
    assert limits.cpu_s(child.pid) is None
    assert processes.tree_use(child.pid) == (0, 0.0)


def test_shared_anonymous_memory_counts() -> None:
    """``statm`` takes it for a file's, so a program could hold any amount of it."""
    def body() -> None:
        held = mmap.mmap(-1, 40 << 20)
        for place in range(0, len(held), 4096):
            held[place] = 1
        time.sleep(20)

    child = processes.fork(body)
    try:
        deadline = time.monotonic() + 10
        while processes.tree_use(child.pid)[0] < 40 << 20:
            assert time.monotonic() < deadline, processes.tree_use(child.pid)
            time.sleep(0.01)
    finally:
        child.kill()
        child.close()


def test_what_waits_for_a_processor_and_what_sleeps_are_told_apart() -> None:
    """Two that want the same processor wait for each other; one that sleeps waits for nothing."""
    proc = os.open("/proc", os.O_PATH)
    one = min(os.sched_getaffinity(0))

    def spin() -> None:
        os.sched_setaffinity(0, {one})
        end = time.monotonic() + 20
        while time.monotonic() < end:
            pass

    children = [processes.fork(lambda: time.sleep(20))]
    try:
        time.sleep(0.3)
        slept = processes.use_of([child.pid for child in children], proc)
        assert slept is not None
        children += [processes.fork(spin), processes.fork(spin)]
        deadline = time.monotonic() + 15
        pids = [child.pid for child in children]
        while (use := processes.use_of(pids, proc)) is not None and use.longest_wait_s < slept.longest_wait_s + 0.3:
            assert time.monotonic() < deadline, use
            time.sleep(0.02)
        assert use is not None
        assert use.cpu_s > 0.05
        assert slept.longest_wait_s < 0.2
    finally:
        for child in children:
            child.kill()
            child.close()
        os.close(proc)


def test_a_fork_does_not_outlive_who_forked_it() -> None:
    read, write = os.pipe()

    def parent() -> None:
        processes.fork(lambda: time.sleep(30))
        time.sleep(30)

    child = processes.fork(parent)
    os.close(write)
    child.kill()
    child.close()
    assert select.select([read], [], [], 5)[0], "the pipe is at its end when nobody holds its other side"
    assert os.read(read, 1) == b""
    os.close(read)


def test_a_tree_that_is_hard_to_remove_is_removed_and_links_are_not_followed(tmp_path: Path) -> None:
    keep = tmp_path / "keep"
    keep.mkdir()
    (keep / "file").write_text("x")
    top = tmp_path / "top"
    top.mkdir()
    here = os.open(top, os.O_RDONLY)
    for depth in range(1500):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
        if depth % 100 == 0:
            os.symlink(keep, "link", dir_fd=here)
    os.mkdir("locked", 0, dir_fd=here)
    os.close(here)
    scratch.remove(str(top))
    assert not top.exists()
    assert (keep / "file").read_text() == "x"
    scratch.remove(str(top))


def test_a_folder_of_a_dead_owner_is_swept_and_one_of_a_living_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    path, held = scratch.make("bench-worker-")
    (Path(path) / "inner").mkdir()
    (tmp_path / "bench-worker-link").symlink_to(tmp_path / "mine")
    (tmp_path / "mine").mkdir()
    with scratch.folder("bench-canary-") as canary:
        scratch.sweep()
        assert Path(path).exists()
        assert Path(canary).exists()
    assert not Path(canary).exists()

    def hold() -> None:
        scratch.make("bench-worker-")
        time.sleep(20)

    child = processes.fork(hold)
    while len(list(tmp_path.glob("bench-worker-*"))) < 3:
        time.sleep(0.01)
    child.kill()
    child.close()
    os.close(held)
    scratch.sweep()
    assert {entry.name for entry in tmp_path.iterdir()} == {"mine", "bench-worker-link"}


def test_sockets_of_a_network_are_counted() -> None:
    proc = os.open("/proc", os.O_PATH)
    before = processes.sockets(proc)
    pairs = [socket.socketpair() for _ in range(200)]
    try:
        assert processes.sockets(proc) > before + 100, "others may come and go meanwhile"
    finally:
        for pair in pairs:
            for one in pair:
                one.close()
        os.close(proc)


def test_a_failed_call_names_itself() -> None:
    with pytest.raises(OSError, match="setns") as caught:
        calls.setns(-1, 0)
    assert caught.value.errno == errno.EBADF
