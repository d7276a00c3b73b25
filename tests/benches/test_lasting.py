"""The benches of what must not be lost, and of what start and ledger cost: flags, plans, one small round."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benches import killing, ledger, resume, startup

BENCHES = Path(ledger.__file__).parent


@pytest.mark.parametrize("script", ["resume.py", "ledger.py", "startup.py"])
def test_help_has_an_example(script: str) -> None:
    done = subprocess.run([sys.executable, BENCHES / script, "--help"], capture_output=True, text=True, check=True)
    assert f"example:\n  benches/{script} --" in done.stdout


@pytest.mark.parametrize(("parse", "flags", "said"), [
    (resume.parse, ["--kills", "0"], "1 to 100"), (resume.parse, ["--kills", "101"], "1 to 100"),
    (resume.parse, ["--keep", str(BENCHES)], "not empty"), (ledger.parse_flags, ["--records", "0"], "at least 1"),
    (ledger.parse_flags, ["--folder", "/nowhere"], "no such folder"), (startup.parse, ["--rounds", "0"], "at least 1"),
    (startup.parse, ["--server-bin", "/nowhere"], "no program"),
])
def test_a_flag_that_makes_no_sense_is_named(
    parse: Callable[[list[str]], Any], flags: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse(flags)
    assert said in capsys.readouterr().err


@given(st.integers(1, 100), st.integers(0, 5))
def test_kills_hit_all_three_at_moments_all_over_the_run(count: int, seed: int) -> None:
    due = killing.plan(count, killing.TASKS, random.Random(seed))
    assert due == killing.plan(count, killing.TASKS, random.Random(seed))
    assert len(due) == count
    moments = [kill.after_samples for kill in due if kill.after_samples is not None]
    assert moments == sorted(moments)
    if count >= 30:
        assert min(sum(kill.who == who for kill in due) for who in ("runner", "script", "server")) >= count // 4
        assert moments[-1] == killing.TASKS
        assert len(moments) < count


def run_folder(folder: Path, texts: list[tuple[str, str, float]], printed: list[tuple[str, float]]) -> killing.Run:
    """What a run leaves: samples as (task, text, seconds), and what the script printed."""
    run = killing.Run(folder)
    inner = folder / "runs" / "a"
    inner.mkdir(parents=True)
    samples = [{"task_id": task, "sample": 0, "response": text, "wall_s": wall} for task, text, wall in texts]
    (inner / "samples.jsonl").write_text("".join(json.dumps(line) + "\n" for line in samples))
    events = [json.dumps({"event": "sample", "task_id": task, "sample": 0, "wall_s": wall}) for task, wall in printed]
    (inner / "script.out").write_text('{"event": "sample", "task' + "\n".join(events) + "\n")
    record = {"timestamp": "t", "run_id": str(folder), "benchmark": "math", "results": {"score": 1, "time_taken": 2},
              "usage": {"completion_tokens": len(texts), "requests": 9}, "provenance": {"host": str(folder)},
              "validity": {"reasons": []}}
    run.ledger.write_text(json.dumps({"runs": [record]}))
    return run


def test_what_is_lost_or_asked_twice_is_found(tmp_path: Path) -> None:
    calm = run_folder(tmp_path / "calm", [("a", "x", 1.0), ("b", "y", 2.0)], [("a", 1.0), ("b", 2.0)])
    same = run_folder(tmp_path / "same", [("a", "x", 3.0), ("b", "y", 4.0)], [("a", 2.5), ("a", 3.0), ("b", 4.0)])
    assert resume.faults_of(calm, same) == []
    other = run_folder(tmp_path / "other", [("a", "z", 3.0), ("a", "z", 3.5)], [("a", 3.0), ("a", 3.5), ("a", 5.0)])
    (other.folder / "x.part").touch()
    record = json.loads(other.ledger.read_text())["runs"][0]
    other.ledger.write_text(json.dumps({"runs": [{**record, "benchmark": "lcb"}]}))
    assert sorted(resume.faults_of(calm, other)) == [
        "1 samples missing", "a text differs", "asked although it had been written: ('a', 0)",
        f"left lying: {other.folder / 'x.part'}", "record: benchmark differs", "written twice: ('a', 0)",
    ]


def test_a_ledger_that_is_no_json_for_a_moment_is_seen(tmp_path: Path) -> None:
    run = run_folder(tmp_path, [], [])
    with killing.Looking(run) as looking:
        run.ledger.write_text('{"runs": [')
        while not looking.problems:
            threading.Event().wait(0.001)
    assert "no JSON" in looking.problems[0]


def test_a_round_of_appends_has_its_figures(tmp_path: Path) -> None:
    figures = ledger.measure(tmp_path, 12, 2)
    assert (len(figures.append_ms), len(figures.plain_ms)) == (2, 2)
    assert min(figures.ratio, figures.read_ms, figures.unknown_ms) > 0
    assert "12 records" in ledger.line(figures)


def test_start_up_times_are_told_beside_what_they_are_measured_against() -> None:
    lines = startup.table(dict(zip(startup.NAMES, ([0.02], [0.05], [0.2], [0.5]), strict=True)))
    assert "2.50x bare Python, +30 ms" in lines[1]
    assert "2.50x the server by itself, +300 ms" in lines[3]
    assert 0 < startup.bare_python() < 20
