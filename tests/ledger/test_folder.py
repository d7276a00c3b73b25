"""A run's folder: written as things happen, read back after a kill, found again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput, BenchError
from core.outcomes import Outcome
from core.records import Answer, Sample, Task, Verdict, Verified
from ledger.folder import RunFolder
from ledger.lines import LineFile, line_of, read_lines
from ledger.runs import check_writable, find, left_behind, unfinished
from ledger.syncing import Syncing
from tests import skips

ROOT = Path(__file__).resolve().parents[2]
A = "20261121T000000Z-math-demo-5m-q8-0-aaaaaa"
B = "20261121T000001Z-math-demo-5m-q4-k-m-bbbbbb"


def sample(index: int = 0, response: str = "x = 1\u2028\ud800") -> Sample:
    return Sample("math/1", index, response, finish_reason="stop", completion_tokens=4, timings={"predicted_ms": 2.5},
                  wall_s=0.25, seed=7)


def test_samples_written_are_the_samples_read_back(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, A, {"fingerprint": "f"}) as folder:
        folder.append_sample(sample(0))
        folder.append_sample(sample(1, ""))
    assert RunFolder(tmp_path, A).samples() == (sample(0), sample(1, ""))
    lines = folder.samples_path.read_bytes()
    assert lines.isascii()
    assert [json.loads(line)["sample"] for line in lines.splitlines()] == [0, 1]


def test_details_carry_answer_verdict_tokens_and_no_second_copy_of_the_texts(tmp_path: Path) -> None:
    verdict = Verdict(Outcome.WRONG, "expected 18", wall_s=0.1, isolation="full")
    with RunFolder.create(tmp_path, A, {}) as folder:
        folder.append_detail(Verified(sample(), Answer(float("nan"), thinking="hm"), verdict), {"energy_j": 1.5})
    (line,) = folder.details()
    assert line == {"task_id": "math/1", "sample": 0, "outcome": "wrong", "passed": False, "detail": "expected 18",
                    "answer": "nan", "finish_reason": "stop", "completion_tokens": 4, "wall_s": 0.25, "verify_s": 0.1,
                    "isolation": "full", "energy_j": 1.5}


def test_the_request_is_for_the_user_alone_and_tasks_are_one_a_line(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, A, {}) as folder:
        path = folder.write_request({"base_url": "http://127.0.0.1:1"})
        folder.write_tasks([Task("math/0", {"question": "1+1"}), Task("math/1", {"question": "2"})])
    assert path.stat().st_mode & 0o777 == 0o600
    assert [json.loads(line) for line in folder.tasks_path.read_text().splitlines()] == [
        {"task_id": "math/0", "prompt": {"question": "1+1"}}, {"task_id": "math/1", "prompt": {"question": "2"}}]


def test_no_run_writes_over_another(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, A, {"fingerprint": "f"}) as folder:
        folder.append_sample(sample())
    with pytest.raises(BenchError, match="no run writes over another"):
        RunFolder.create(tmp_path, A, {})
    assert len(RunFolder(tmp_path, A).samples()) == 1


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "", "x" * 300, "a\0b", "a..b"])
def test_a_name_that_leads_elsewhere_makes_no_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(BenchError, match="cannot name a run"):
        RunFolder.create(tmp_path / "runs", name, {})
    assert not (tmp_path / "runs").exists()


def test_every_torn_end_is_left_out_when_read_and_cut_off_when_written_to(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    whole = b'{"a": 1}\n{"b": "two"}\n'
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        before = list(read_lines(path))
        assert before == [{"a": 1}, {"b": "two"}][:len(before)]
        file = LineFile(path)
        file.append({"c": 3})
        file.close()
        assert list(read_lines(path)) == [*before, {"c": 3}]


def test_a_torn_line_longer_than_a_block_is_cut_off_whole(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_bytes(b'{"a": 1}\n{"b": "' + b"x" * 200_000)
    LineFile(path).close()
    assert path.read_bytes() == b'{"a": 1}\n'


def test_a_damaged_line_in_the_middle_is_named(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_bytes(b'{"a": 1}\n???\n{"b": 2}\n')
    with pytest.raises(BadInput, match="line 2"):
        list(read_lines(path))


def test_the_torn_rest_of_an_object_after_a_hole_is_no_line(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_bytes(b'{"a": 1}\n' + b"\0" * 20 + b'{"z": [1]}')  # of {"n": 1, "y": {"z": [1]}}, cut before its last }
    assert list(read_lines(path)) == [{"a": 1}]
    file = LineFile(path)
    file.append({"more": 1})
    file.close()
    assert list(read_lines(path)) == [{"a": 1}, {"more": 1}]


@given(st.data())
def test_after_a_power_cut_what_is_whole_is_read_and_kept(data: st.DataObject) -> None:
    """Blocks that were never written, a file cut short, or one that is longer than what was written of it."""
    texts = data.draw(st.lists(st.text(max_size=30), max_size=6))
    objects = [{"n": n, "x": text, "y": {"z": [n]}} for n, text in enumerate(texts)]
    lines = [line_of(fields) for fields in objects]
    content = bytearray(b"".join(lines))
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, len(content)))
    content[start:end] = b"\0" * (end - start)
    length = data.draw(st.integers(0, len(content)))
    begins = [sum(map(len, lines[:n])) for n in range(len(lines))]
    ends = [at + len(line) - 1 for at, line in zip(begins, lines, strict=True)]
    whole: list[Mapping[str, object]] = [
        fields for fields, first, last in zip(objects, begins, ends, strict=True)
        if last <= length and (start == end or last <= start or first > end or (first == end and last < length))
    ]
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "s.jsonl")
        path.write_bytes(content[:length] + b"\0" * data.draw(st.sampled_from([0, 1, 70_000])))
        assert list(read_lines(path)) == whole
        for more in ({"more": 1}, {"more": 2}):
            file = LineFile(path)
            file.append(more)
            file.close()
            whole.append(more)
            assert list(read_lines(path)) == whole


def test_what_is_written_is_synced_within_seconds_and_a_disk_that_refuses_then_is_told(tmp_path: Path) -> None:
    read, write = os.pipe()  # a descriptor that cannot be synced
    file = LineFile(tmp_path / "s.jsonl")
    syncing = Syncing(every_s=0.01)
    try:
        file.append({"a": 1})
        syncing.add(file)
        until(lambda: file._synced == file._size)
        os.dup2(write, file._fd)
        file.append({"b": 2})
        until(lambda: file._problem is not None)
        with pytest.raises(BenchError, match=r"s\.jsonl"):
            file.append({"c": 3})
        with pytest.raises(BenchError, match=r"s\.jsonl"):
            file.close()
    finally:
        syncing.stop()
        os.close(read)
        os.close(write)


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_lines_of_many_threads_do_not_mix(tmp_path: Path) -> None:
    file = LineFile(tmp_path / "s.jsonl")

    def write(n: int) -> None:
        for i in range(20):
            file.append({"n": n, "i": i, "x": "y" * 5000})

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    file.close()
    found = sorted((line["n"], line["i"]) for line in read_lines(file.path))
    assert found == [(n, i) for n in range(8) for i in range(20)]


def test_a_kill_loses_no_sample_that_was_written_and_the_run_can_be_taken_up(tmp_path: Path) -> None:
    said: list[str] = []
    code = ("import sys\nfrom pathlib import Path\n"
            "from core.records import Sample\nfrom ledger.folder import RunFolder\n"
            "folder = RunFolder.create(Path(sys.argv[1]), sys.argv[2], {'fingerprint': 'f'})\ni = 0\n"
            "while True:\n    folder.append_sample(Sample('t', i, 'r' * 3000)); i += 1; print(i, flush=True)\n")
    runner = subprocess.Popen([sys.executable, "-c", code, str(tmp_path), A], cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert runner.stdout is not None
        heard = [runner.stdout.readline() for _ in range(200)]
        assert unfinished(tmp_path, "f", said.append) is None
        assert "another runner is at work" in said[0]
        with pytest.raises(BenchError, match="another runner is at work"):
            RunFolder.resume(tmp_path, A)
        os.kill(runner.pid, signal.SIGKILL)
        printed = int((heard + runner.stdout.readlines())[-1])
    finally:
        runner.kill()
        runner.wait()
        runner.stdout.close()  # type: ignore[union-attr] # asked for above
    taken_up = unfinished(tmp_path, "f", said.append)
    assert taken_up is not None
    with taken_up:
        assert len(taken_up.samples()) in {printed, printed + 1}
        taken_up.append_sample(Sample("t", 99_999, "next"))
        assert taken_up.samples()[-1].index == 99_999


def test_only_the_latest_run_with_an_equal_fingerprint_and_no_summary_is_taken_up(tmp_path: Path) -> None:
    said: list[str] = []
    for run_id, fingerprint, ended in ((A, "f", False), (B, "f", False), ("20261121T000002Z-c", "f", True),
                                       ("20261121T000003Z-d", "other", False)):
        with RunFolder.create(tmp_path, run_id, {"fingerprint": fingerprint}) as folder:
            if ended:
                folder.write_record({"score": 1.0})
                folder.end()
    (tmp_path / "20261121T000009Z-half-made").mkdir()
    found = unfinished(tmp_path, "f", said.append)
    assert found is not None
    with found:
        assert found.run_id == B
        second = unfinished(tmp_path, "f", said.append)
        assert second is not None
        assert second.run_id == A, "the latest is held, so the one before it"
        second.close()
    assert unfinished(tmp_path, "never", said.append) is None
    assert unfinished(tmp_path / "nowhere", "f", said.append) is None


def test_a_run_whose_record_is_not_in_the_ledger_yet_has_not_ended(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, A, {"fingerprint": "f"}) as folder:
        folder.append_sample(sample())
        folder.write_record({"score": 1.0})
        assert not folder.ended
    (folder.path / ".record.json.0123456789ab.part").touch()
    held = unfinished(tmp_path, "f", print)
    assert held is not None
    with held:
        assert held.record() == {"score": 1.0}
        assert not list(folder.path.glob(".*.part")), "what a killed writer left is removed"
        held.end()
        assert held.ended
        assert held.summary() == {"score": 1.0}
        assert held.record() is None


@skips.needs("root", there=os.getuid() == 0)
def test_runs_of_other_users_are_passed_over_and_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    for run_id, mode in ((A, 0o755), (B, 0o700)):
        RunFolder.create(tmp_path, run_id, {"fingerprint": "f"}).close()
        (tmp_path / run_id).chmod(mode)
    code = ("import os, sys\nfrom pathlib import Path\nfrom ledger.runs import unfinished\n"
            "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
            "print(unfinished(Path(sys.argv[1]), 'f', print))\n")
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        shutil.move(tmp_path, Path(name, "runs"))
        done = subprocess.run([sys.executable, "-c", code, str(Path(name, "runs"))], cwd=ROOT, capture_output=True,
                              text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(f"{A} cannot be written to (Permission denied)\nNone\n")
    assert B not in done.stdout


def test_a_place_where_no_run_folder_can_be_made_is_known_before_the_run(tmp_path: Path) -> None:
    check_writable(tmp_path / "deep" / "runs")
    assert not list((tmp_path / "deep" / "runs").iterdir())
    (tmp_path / "file").touch()
    for root in (tmp_path / "file" / "runs", tmp_path / "file", Path("/proc/runs")):
        with pytest.raises(BadInput, match="give --runs-root another place") as caught:
            check_writable(root)
        assert str(root) in str(caught.value)


def test_a_run_left_behind_is_found_by_some_of_its_settings_unless_a_runner_holds_it(tmp_path: Path) -> None:
    settings = {"model": "m", "benchmark": "math", "slots": 2}
    with RunFolder.create(tmp_path, A, {"fingerprint": "f", "settings": settings}):
        assert left_behind(tmp_path, {"model": "m"}) is None, "another runner is at work in it"
    found = left_behind(tmp_path, {"model": "m", "benchmark": "math"})
    assert found is not None
    with found:
        assert found.run_id == A
    assert left_behind(tmp_path, {"model": "m", "benchmark": "lcb"}) is None
    with RunFolder.create(tmp_path, B, {"fingerprint": "g", "settings": settings}) as folder:
        folder.write_record({})
        folder.end()
    assert left_behind(tmp_path, {"model": "m"}) is None, "a later run like it ended"


def test_what_is_known_of_a_sample_beside_itself_is_read_back(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, A, {}) as folder:
        folder.append_sample(sample(), {"sitting": 2, "at_s": 1.5})
        [(read, line)] = folder.sample_lines()
        assert read == sample()
        assert (line["sitting"], line["at_s"]) == (2, 1.5)
        folder.append_sitting({"sitting": 2, "total_s": 3.0})
        folder.append_failure({"task_id": "math/1", "kind": "timeout"})
        assert folder.sittings() == ({"sitting": 2, "total_s": 3.0},)
        assert folder.failures() == ({"task_id": "math/1", "kind": "timeout"},)


def test_details_are_dropped_to_be_written_anew(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, A, {}) as folder:
        folder.drop_details()
        folder.append_detail(Verified(sample(), Answer(1), Verdict(Outcome.CORRECT)))
    with RunFolder.resume(tmp_path, A) as folder:
        folder.drop_details()
        assert folder.details() == ()


def test_a_run_is_found_by_its_name_or_a_beginning_that_only_it_has(tmp_path: Path) -> None:
    for run_id in (A, B, A + "x"):
        RunFolder.create(tmp_path, run_id, {}).close()
    assert find(tmp_path, A).run_id == A
    assert find(tmp_path, "20261121T000001").run_id == B
    with pytest.raises(BadInput, match=r"3 runs in .* begin with"):
        find(tmp_path, "2026")
    with pytest.raises(BadInput, match=f"near: {B}"):
        find(tmp_path, "q4-k-m")
    with pytest.raises(BadInput, match=r"no run '\.\./\.\./etc'"):
        find(tmp_path, "../../etc")
    with pytest.raises(BadInput, match="there is none yet"):
        find(tmp_path / "nowhere", "x")
    with pytest.raises(BadInput, match="no run ''"):
        find(tmp_path, "")


def test_a_full_disk_ends_the_file_with_the_line_before(tmp_path: Path) -> None:
    code = ("import resource, sys\nfrom pathlib import Path\nfrom core.errors import BenchError\n"
            "from ledger.lines import LineFile\nresource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
            "file = LineFile(Path(sys.argv[1]))\nfile.append({'a': 'x' * 600})\n"
            "try: file.append({'b': 'y' * 600})\nexcept BenchError as error: print(error); sys.exit(7)\n")
    path = tmp_path / "s.jsonl"
    done = subprocess.run([sys.executable, "-c", code, str(path)], cwd=ROOT, capture_output=True, text=True, timeout=30,
                          check=False)
    assert done.returncode == 7, done.stderr
    assert [list(line) for line in read_lines(path)] == [["a"]]
    assert path.read_bytes().endswith(b'"}\n')
