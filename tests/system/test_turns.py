"""Turns that processes of one machine take."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from system import turns

HOLD = """
import sys
from pathlib import Path
from system import turns
with getattr(turns, sys.argv[1])(Path(sys.argv[2])):
    print("in", flush=True)
    sys.stdin.readline()
print("out", flush=True)
"""


def held_elsewhere(how: str, folder: Path) -> subprocess.Popen[str]:
    """Another process that is in; a line, or the end, of its input lets it go."""
    child = subprocess.Popen([sys.executable, "-c", HOLD, how, str(folder)], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    assert child.stdout is not None
    assert child.stdout.readline() == "in\n"
    return child


def entering(how: str, folder: Path) -> tuple[threading.Thread, threading.Event]:
    entered = threading.Event()

    def enter() -> None:
        with getattr(turns, how)(folder):
            entered.set()

    thread = threading.Thread(target=enter)
    thread.start()
    return thread, entered


def test_two_processes_share(tmp_path: Path) -> None:
    with held_elsewhere("shared", tmp_path), turns.shared(tmp_path):
        pass


def test_who_wants_to_be_alone_waits_for_the_other_process(tmp_path: Path) -> None:
    with held_elsewhere("shared", tmp_path) as other:
        thread, entered = entering("alone", tmp_path)
        assert not entered.wait(0.2)
        other.kill()  # a process that dies gives its place up
    thread.join(30)
    assert entered.is_set()


def test_nobody_comes_in_while_somebody_waits_to_be_alone(tmp_path: Path) -> None:
    with held_elsewhere("shared", tmp_path) as other:
        first, alone = entering("alone", tmp_path)
        while not (tmp_path / "door").exists() or _is_open(tmp_path / "door"):
            pass
        second, shares = entering("shared", tmp_path)
        assert not shares.wait(0.2)
        other.kill()
    first.join(30)
    second.join(30)
    assert alone.is_set()
    assert shares.is_set()


def _is_open(door: Path) -> bool:
    import fcntl
    with door.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
