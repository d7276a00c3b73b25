"""The corpus, at each level this machine holds: no forged pass, no evidence outside, no survivor, no hang, and no
innocent refused."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from core.errors import SandboxError
from core.records import Answer, Verdict
from evaluators.pool import Programs, VerifierPool
from tests.hostile import (
    clock,
    escape,
    exhaust,
    forge,
    innocent,
    innocent_library,
    interpreter,
    kernel,
    leak,
    reply,
)
from tests.hostile.case import FUNCTION, PROMPT, STDIN_TESTS, TEST, Case

LIMIT_S = 0.6
NUMBER = 10**9 + os.getpid()
ELSEWHERE = ("/dev/shm/bench-hostile", "/var/tmp/bench-hostile", "/tmp/bench-hostile", "/x", "/etc/x", "/usr/x")
COUNTED_EVERY_S = 2.0  # the kernel adds up so often who waited for a processor
ROOMY_S = 10.0
LONGEST_S = 2 * (LIMIT_S + 1.0) + 1.0 + COUNTED_EVERY_S  # a time-out is verified twice
MOST_WAITED_S = 15.0
GONE_WITHIN_S = 2.0  # the kernel takes a namespace's processes down after its first one has been reaped
HOSTILE = [case for room in (forge, reply, interpreter, leak, escape, kernel, exhaust, clock) for case in room.PROGRAMS]
INNOCENT = [*innocent.PROGRAMS, *innocent_library.PROGRAMS]
# An interpreter that an unprivileged user can read, for the level that has no root of its own to show it in.
PYTHON = {"full": None, "confined": next((path for path in ("/usr/bin/python3.11", "/usr/bin/python3.12",
                                                            "/usr/bin/python3.13") if Path(path).exists()), None)}


@pytest.fixture(scope="module", params=["full", "confined"])
def pool(request: pytest.FixtureRequest) -> Iterator[VerifierPool]:
    """A pool at the level; where the machine does not hold it, the refusal itself is what is checked."""
    try:
        made = VerifierPool(1, request.param, LIMIT_S, programs=Programs(python=PYTHON[request.param]))
    except SandboxError as error:
        pytest.xfail(f"not on this machine: {error}")
    with made:
        yield made


@pytest.fixture(scope="module", params=["full", "confined"])
def roomy_pool(request: pytest.FixtureRequest) -> Iterator[VerifierPool]:
    """The same with time to take a gigabyte of memory on a busy machine."""
    try:
        made = VerifierPool(1, request.param, ROOMY_S, programs=Programs(python=PYTHON[request.param]))
    except SandboxError as error:
        pytest.xfail(f"not on this machine: {error}")
    with made:
        yield made


class Outside:
    """What a program could leave traces on: a folder anybody may write to, a file, a listener on loopback."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "open"
        self.folder.mkdir()
        self.secret = folder / "secret"
        self.secret.write_text("secret")
        for path, mode in ((folder, 0o755), (self.folder, 0o777), (self.secret, 0o666)):
            path.chmod(mode)
        self.server = socket.create_server(("127.0.0.1", 0))
        self.server.setblocking(False)
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.datagrams.bind(("127.0.0.1", self.server.getsockname()[1]))
        self.datagrams.setblocking(False)
        self.mailbox = folder / "mailbox"
        self.letters = [socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(2)]
        for letters, address in zip(self.letters, (str(self.mailbox), f"\0{self.mailbox}"), strict=True):
            letters.bind(address)
            letters.setblocking(False)
        self.mailbox.chmod(0o777)
        self.before = self.secret.stat()

    def fill_in(self, program: str) -> str:
        for name, value in (("FOLDER", self.folder), ("SECRET", self.secret), ("PID", os.getpid()),
                            ("DATAGRAM", self.mailbox), ("NUMBER", NUMBER), ("PORT", self.server.getsockname()[1])):
            program = program.replace(f"@{name}@", str(value))
        return program

    def evidence(self) -> list[str]:
        found = [f"file {path.name}" for path in self.folder.iterdir()]
        found += [f"file {path}" for path in map(Path, ELSEWHERE) if path.exists()]
        after = self.secret.stat()
        if (after.st_mode, after.st_size, after.st_mtime) != (self.before.st_mode, 6, self.before.st_mtime):
            found.append("the secret was changed")
        for sock, name in ((self.server.accept, "connection"), (lambda: self.datagrams.recv(9), "datagram"),
                           (lambda: self.letters[0].recv(9), "letter"), (lambda: self.letters[1].recv(9), "note")):
            try:
                sock()
                found.append(name)
            except BlockingIOError:
                pass
        return found

    def close(self) -> None:
        for sock in (self.server, self.datagrams, *self.letters):
            sock.close()


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Outside]:
    for parent in tmp_path.parents:  # pytest makes its folders private; here only the sandbox shall stand in the way
        if parent.name.startswith("pytest"):
            parent.chmod(0o755)
    made = Outside(tmp_path)
    yield made
    made.close()


def waited_s() -> float:
    """Seconds so far in which somebody on this machine was kept from a processor, by the kernel's own count; where it
    keeps only another one, for how long each was, in all.
    """
    with contextlib.suppress(OSError, IndexError):
        return int(Path("/proc/pressure/cpu").read_text().split("total=")[1].split()[0]) / 1e6
    with contextlib.suppress(OSError, IndexError):
        lines = [line.split() for line in Path("/proc/schedstat").read_text().splitlines()]
        return sum(int(words[8]) for words in lines if words[0].startswith("cpu")) / 1e9
    return float("nan")


class Watch:
    """A clock that leaves out what the machine was too busy for; all there may be where the kernel does not count."""

    def __init__(self) -> None:
        self._began, self._waited = time.monotonic(), waited_s()

    def took_s(self) -> float:
        waited = waited_s() - self._waited
        return time.monotonic() - self._began - (min(waited, MOST_WAITED_S) if waited >= 0 else MOST_WAITED_S)


def verify(pool: VerifierPool, case: Case, program: str) -> Verdict:
    reference: Mapping[str, Any] = STDIN_TESTS
    if case.kind == FUNCTION:
        reference = {"prompt": PROMPT, "test": TEST, "entry_point": "add"}
        return pool.submit("human_eval", case.name, lambda: reference, Answer({"program": program})).result(60)
    return pool.submit("lcb", case.name, lambda: reference, Answer(program)).result(60)


def survivors() -> list[str]:
    """Processes that a program of the corpus left behind, by the number they sleep for."""
    found = []
    for path in Path("/proc").iterdir():
        try:
            if path.name.isdigit() and str(NUMBER).encode() in (path / "cmdline").read_bytes():
                found.append(path.name)
        except OSError:
            continue
    return found


def survivors_after(seconds: float) -> list[str]:
    """Those that are still there when what ends has had its time."""
    deadline = time.monotonic() + seconds
    while (found := survivors()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: case.name)
def test_a_hostile_program_neither_passes_nor_leaves_a_trace(pool: VerifierPool, case: Case, outside: Outside) -> None:
    if pool.isolation not in case.levels:
        return  # a gap that doctor lists for the level
    watch = Watch()
    verdict = verify(pool, case, outside.fill_in(case.program))
    took_s = watch.took_s()
    assert verdict.outcome.value in case.expected_at(pool.isolation), verdict
    assert outside.evidence() == []
    assert survivors_after(GONE_WITHIN_S) == []
    assert took_s < LONGEST_S, verdict
    assert len(verdict.detail) < 400
    assert verdict.detail.isprintable()
    assert verdict.isolation == pool.isolation


@pytest.mark.parametrize("case", exhaust.MEMORY, ids=lambda case: case.name)
def test_who_holds_too_much_memory_is_refused(roomy_pool: VerifierPool, case: Case) -> None:
    if roomy_pool.isolation not in case.levels:
        return
    verdict = verify(roomy_pool, case, case.program)
    assert verdict.outcome.value in case.expected_at(roomy_pool.isolation), verdict


@pytest.mark.parametrize("case", INNOCENT, ids=lambda case: case.name)
def test_an_innocent_program_passes(pool: VerifierPool, case: Case, outside: Outside) -> None:
    if pool.isolation not in case.levels:
        return
    verdict = verify(pool, case, outside.fill_in(case.program))
    assert verdict.outcome.value == "correct", verdict


AS_LCB = {"inputs": ["2\n3", "10\n-4", "123456\n654321"], "outputs": ["5", "6", "777777"], "fn_name": "add"}
AS_MBPP = {"code": "def add(a, b):\n    return a + b\n",
           "test_list": ["assert add(2, 3) == 5", "assert add(10, -4) == 6", "assert add(123456, 654321) == 777777"]}


@pytest.mark.parametrize("case", reply.PROGRAMS, ids=lambda case: case.name)
@pytest.mark.parametrize(("evaluator", "reference"), [("lcb", AS_LCB), ("mbpp", AS_MBPP)])
def test_no_judge_takes_a_forged_reply_for_right_or_for_its_own_fault(
    pool: VerifierPool, case: Case, evaluator: str, reference: Mapping[str, Any]
) -> None:
    """A fault of ours is no part of the score, so a program that could cause one would only ever gain."""
    watch = Watch()
    verdict = pool.submit(evaluator, case.name, lambda: reference, Answer(case.program)).result(60)
    assert verdict.outcome.value in {"wrong", "crashed", "timed_out", "refused_by_sandbox"}, verdict
    assert watch.took_s() < LONGEST_S, verdict


@pytest.mark.parametrize(("evaluator", "reference"), [("lcb", AS_LCB), ("mbpp", AS_MBPP)])
def test_the_same_judges_know_a_right_program(
    pool: VerifierPool, evaluator: str, reference: Mapping[str, Any]
) -> None:
    verdict = pool.submit(evaluator, "t", lambda: reference, Answer("def add(a, b): return a + b")).result(60)
    assert verdict.outcome.value == "correct", verdict


def test_a_long_argument_that_is_not_read_does_not_hold_up_the_judge(pool: VerifierPool) -> None:
    program = """
import os, struct, time
body = b'{"ready": true}'
os.write(3, struct.pack('<I', len(body)) + body)
time.sleep(60)
"""
    reference = {"inputs": [json.dumps("x" * 4_000_000)] * 50, "outputs": ["1"] * 50, "fn_name": "add"}
    watch = Watch()
    verdict = pool.submit("lcb", "t", lambda: reference, Answer(program)).result(120)
    assert verdict.outcome.value == "timed_out", verdict
    assert watch.took_s() < LONGEST_S + 4.0, verdict


def test_many_processes_of_one_program_leave_room_for_those_of_the_next(pool: VerifierPool) -> None:
    if pool.isolation != "full":
        return  # no program starts another process
    greedy = """
import os, time
try:
    while os.fork(): pass
    time.sleep(60)
except OSError: pass
def add(a, b): return 0
"""
    innocent_one = """
import threading, time
for _ in range(40): threading.Thread(target=time.sleep, args=(0.02,)).start()
def add(a, b): return a + b
"""
    reference = {"prompt": PROMPT, "test": TEST, "entry_point": "add"}
    futures = [pool.submit("human_eval", "t", lambda: reference, Answer({"program": program}))
               for _ in range(15) for program in (greedy, innocent_one)]
    outcomes = [future.result(60).outcome.value for future in futures]
    assert set(outcomes[1::2]) == {"correct"}
    assert "correct" not in outcomes[::2]


def test_the_pool_still_works_after_all_of_it(pool: VerifierPool) -> None:
    case = innocent.PROGRAMS[0]
    assert verify(pool, case, case.program).outcome.value == "correct"
