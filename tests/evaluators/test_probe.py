"""What doctor is told of the sandbox, and by what the time limits are multiplied."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.findings import Finding
from core.outcomes import Outcome
from core.records import Answer
from evaluators import calibration, levels, probe
from evaluators.pool import Programs, VerifierPool
from evaluators.sandbox.worker import Worker
from tests.evaluators import pythons
from tests.hostile import exhaust, innocent


@pytest.fixture(scope="module")
def rows() -> dict[str, Finding]:
    found = probe.sandbox_facts()
    assert len({row.subject for row in found}) == len(found)
    return {row.subject: row for row in found}


def test_there_is_a_row_for_each_level_and_it_says_whether_it_holds(rows: dict[str, Finding]) -> None:
    for level in ("full", "confined"):
        assert rows[level].ok == rows[level].detail.startswith("holds (")
        assert ("ms a verification" in rows[level].detail) == rows[level].ok


def test_what_does_not_hold_at_confined_is_listed_row_by_row(rows: dict[str, Finding]) -> None:
    if rows["confined"].ok:
        listed = {subject for subject in rows if subject.startswith("confined, ")}
        names = ("child processes", "disk bytes", "disk inodes", "names outside")
        assert listed == {f"confined, {name}" for name in names}
        assert rows["confined, disk bytes"].ok == rows["full"].ok  # a gap only where nothing better is used


def test_the_corpus_leaves_out_at_confined_what_the_rows_say_and_no_more() -> None:
    needs = {"disk_full": "disk bytes", "many_files": "disk inodes"}
    for case in [*exhaust.PROGRAMS, *exhaust.MEMORY, *innocent.PROGRAMS]:
        if "confined" not in case.levels:
            row = needs.get(case.name, "child processes")
            assert row in dict(probe.GAPS["confined"])
            starts = ("fork" in case.program or "process" in case.program.lower() or "os.system" in case.program)
            assert starts == (row == "child processes"), case.name


def test_the_calibration_is_printed(rows: dict[str, Finding]) -> None:
    if "time limits" in rows:
        assert "a round of plain Python takes" in rows["time limits"].detail


def test_where_nothing_holds_doctor_says_what_would_help(tmp_path: Path) -> None:
    found = {row.subject: row for row in probe.sandbox_facts(pythons.out_of_order(tmp_path))}
    assert not found["isolation"].ok
    assert found["isolation"].advice.count("`") == 4
    assert "time limits" not in found


@pytest.mark.parametrize(("share", "factor"), [
    (0.1, 1.0), (1.0, 1.0), (1.2, 1.0), (1.3, 1.5), (2.0, 2.0), (2.3, 2.5), (90, 4.0)])
def test_the_factor_is_never_below_one_and_never_above_its_cap(share: float, factor: float) -> None:
    assert calibration.factor(share * calibration.REFERENCE_S) == factor


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    made, facts = levels.attempt("none")
    assert made is not None
    assert facts["time_factor"] >= 1
    yield made
    made.close()


def test_a_busy_machine_does_not_look_slow(worker: Worker) -> None:
    quiet = min(calibration.measure(worker) for _ in range(3))
    stop = threading.Event()

    def burn() -> None:
        while not stop.is_set():
            sum(range(10_000))

    threads = [threading.Thread(target=burn) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        busy = min(calibration.measure(worker) for _ in range(3))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert busy < 2 * quiet


def test_a_published_limit_is_scaled_and_a_users_own_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "REFERENCE_S", calibration.REFERENCE_S / 2.2)  # a machine of half the speed
    task = {"inputs": ["1"], "outputs": ["1"], "fn_name": "work"}
    busy = Answer("import time\ndef work(a):\n    while time.thread_time() < 0.5: pass\n    return a")
    with VerifierPool(1, "weak", programs=Programs(python=sys.executable)) as pool:
        assert pool.time_factor >= 1.5
        assert pool._slots[0].limits(3.0).cpu_s == 3.0 * pool.time_factor
    with VerifierPool(1, "weak", 0.3) as pool:
        assert pool._slots[0].limits(3.0).cpu_s == 0.3
        assert pool.submit("lcb", "t", lambda: task, busy).result(20).outcome is Outcome.TIMED_OUT
