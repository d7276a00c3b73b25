"""The ledger as a file: what is kept, what is refused, what two writers and a reader see."""

from __future__ import annotations

import errno
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadInput, BenchError
from ledger import ledger_file, store
from ledger.record import FORMAT

ROOT = Path(__file__).resolve().parents[2]

MINIMAL = '{"timestamp": "2026-01-02T03:04:05Z", "benchmark": "lcb", "model": "m-Q4_K_M", "results": {"score": 31.10}}'


def ours(run_id: str = "r1", **more: Any) -> dict[str, Any]:
    return {"timestamp": "2026-11-21T00:00:00Z", "benchmark": "math", "model": "demo-5M:Q8_0", "format": FORMAT,
            "run_id": run_id, "fingerprint": "f" * 64, "status": "complete", "config": {"backend": "xllamacpp"},
            "results": {"score": 50.0, "total_passed": 1, "total_problems": 2, "failed_tasks": ["math/1"]},
            "validity": {"status": "ok", "reasons": []}, "tasks_sha256": "a" * 64,
            "outcomes": {"correct": 1, "wrong": 1}, **more}


def test_a_missing_ledger_and_an_empty_file_hold_no_records(tmp_path: Path) -> None:
    ledger = tmp_path / "r.json"
    assert store.read(ledger) == ()
    ledger.touch()
    assert store.read(ledger) == ()


def test_a_new_ledger_has_one_record_a_line(tmp_path: Path) -> None:
    ledger = tmp_path / "new" / "r.json"
    store.append(ledger, ours("a"))
    store.append(ledger, ours("b"))
    lines = ledger.read_text().split("\n")
    assert lines[0] == '{"runs": ['
    assert [json.loads(line.rstrip(","))["run_id"] for line in lines[1:3]] == ["a", "b"]
    assert lines[3:] == ["]}", ""]


def test_a_ledger_with_only_the_minimal_fields_is_read_and_kept_as_it_is(tmp_path: Path) -> None:
    ledger = tmp_path / "r.json"
    ledger.write_text('{"runs": [\n' + MINIMAL + "\n]}\n")
    (record,) = store.read(ledger)
    assert record["results"]["score"] == 31.1
    assert "format" not in record
    store.append(ledger, ours())
    assert ledger.read_text().split("\n")[1] == MINIMAL + ","


def test_unknown_fields_big_numbers_and_other_top_level_keys_survive_an_append_to_the_letter(tmp_path: Path) -> None:
    ledger = tmp_path / "r.json"
    odd = ('{"timestamp":1,"benchmark":"b","model":"m","results":{"score":1e2},"x":{"n":123456789012345678901234567890,'
           '"f":0.1000000000000000055511151231257827,"e":1E400,"u":"\\u00e9\\ud800","s":"a  b"}}')
    ledger.write_text('{"about": {"by":  "me"}, "runs": [' + odd + '], "seen": 1.50}')
    store.append(ledger, ours())
    text = ledger.read_text()
    assert odd in text
    assert '"about": {"by":  "me"}' in text
    assert text.endswith('], "seen": 1.50}\n')
    assert len(store.read(ledger)) == 2


def test_an_indented_ledger_becomes_one_record_a_line_without_changing_a_value(tmp_path: Path) -> None:
    ledger = tmp_path / "r.json"
    old = {"runs": [{**json.loads(MINIMAL), "note": 'two\nlines, "quoted": {\n } \\', "list": [1, [2, {}], []]}] * 2}
    ledger.write_text(json.dumps(old, indent=4).replace("\n", "\r\n"), newline="")
    store.append(ledger, ours())
    assert json.loads(ledger.read_text())["runs"][:2] == old["runs"]
    assert len(ledger.read_text().splitlines()) == 5


def test_a_byte_order_mark_is_no_reason_to_refuse_a_ledger(tmp_path: Path) -> None:
    ledger = tmp_path / "r.json"
    ledger.write_bytes(b"\xef\xbb\xbf" + b'{"runs": [' + MINIMAL.encode() + b"]}")
    assert len(store.read(ledger)) == 1


def test_every_truncation_of_a_ledger_is_refused_and_the_file_left_untouched(tmp_path: Path) -> None:
    ledger = tmp_path / "r.json"
    store.append(ledger, ours("a"))
    store.append(ledger, ours("b", note="é\\"))
    store.append(ledger, ours("c", note=[True, None, -1.5e-300, "\u2028"]))
    whole = ledger.read_bytes()
    for length in range(1, len(whole) - 1):
        ledger.write_bytes(whole[:length])
        with pytest.raises(BadInput, match="cut short") as caught:
            store.append(ledger, ours("c"))
        assert str(ledger) in str(caught.value)
        assert "line " in str(caught.value)
        assert ledger.read_bytes() == whole[:length]


@pytest.mark.parametrize(("text", "says"), [
    ("hello", "line 1 column 1: not valid JSON"),
    ("[]", "no ledger"),
    ("3", "no ledger"),
    ("{}", 'no list "runs"'),
    ('{"runs": {}}', '"runs" is not a list'),
    ('{"runs": [\n1]}', "line 2: a record is an object, and this is a number"),
    ('{"runs": [' + MINIMAL + ',\n{"benchmark": "b"}]}', 'line 2: the record has no "timestamp", "model", "results"'),
    ('{"runs": [' + MINIMAL.replace('"m-Q4_K_M"', "7") + "]}", '"model" must be a text, and is a number'),
    ('{"runs": [' + MINIMAL[:-1] + ', "format": 2}]}', "newer version of bench-runner (format 2"),
    ('{"format": 99, "runs": []}', "newer version of bench-runner (format 99"),
    ('{"runs": [' + MINIMAL[:-1] + ',\n "a": 1, "a": 2}]}', 'the key "a" occurs twice'),
    ('{"runs": [], "runs": []}', 'the key "runs" occurs twice'),
    ('{"a": 1, "a": 2, "runs": []}', 'the key "a" occurs twice'),
    ('{"runs": [' + MINIMAL.replace("31.10", "NaN") + "]}", "NaN is no JSON number"),
    ('{"runs": [' + MINIMAL.replace("31.10", "-Infinity") + "]}", "-Infinity is no JSON number"),
    ('{"runs": [' + "[" * 100_000, "nested more than"),
    ('{"runs": [{"a": ' + "[" * 200 + "]" * 200 + "}]}", "nested more than"),
    ('{"runs": [' + MINIMAL + "],}", "not valid JSON"),
    ('{"runs": [' + MINIMAL + ",]}", "not valid JSON"),
    ('{"runs": [' + MINIMAL + "]} x", "not valid JSON (Extra data)"),
    ('{"runs": [' + MINIMAL + " " + MINIMAL + "]}", "not valid JSON"),
    ('{1: 2, "runs": []}', "not valid JSON"),
])
def test_what_is_no_ledger_is_refused_with_its_place_and_left_untouched(tmp_path: Path, text: str, says: str) -> None:
    ledger = tmp_path / "r.json"
    ledger.write_text(text)
    for attempt in (lambda: store.read(ledger), lambda: store.append(ledger, ours())):
        with pytest.raises(BadInput) as caught:
            attempt()
        assert str(ledger) in str(caught.value)
        assert says in str(caught.value)
    assert ledger.read_text() == text


def test_bytes_that_are_no_text_are_refused_with_their_line(tmp_path: Path) -> None:
    ledger = tmp_path / "r.json"
    ledger.write_bytes(b'{"runs": [\n\xff\n]}')
    with pytest.raises(BadInput, match="line 2: not UTF-8"):
        store.read(ledger)


def test_a_number_with_more_digits_than_python_converts_is_read_and_kept(tmp_path: Path) -> None:
    ledger = tmp_path / "r.json"
    digits = "7" * 20_000
    ledger.write_text('{"runs": [' + MINIMAL.replace("31.10", digits) + "]}")
    (record,) = store.read(ledger)
    assert record["results"]["score"] == digits
    store.append(ledger, ours())
    assert digits in ledger.read_text()


def test_permissions_stay_and_a_symbolic_link_stays_a_link(tmp_path: Path) -> None:
    real = tmp_path / "elsewhere" / "real.json"
    store.append(real, ours("a"))
    real.chmod(0o640)
    link = tmp_path / "r.json"
    link.symlink_to(real)
    store.append(link, ours("b"))
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert [record["run_id"] for record in store.read(real)] == ["a", "b"]


def test_links_in_a_circle_folders_and_devices_are_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    (tmp_path / "file").touch()
    for path in (tmp_path / "a", tmp_path, Path("/dev/null"), tmp_path / "file" / "r.json"):
        with pytest.raises(BadInput) as caught:
            store.append(path, ours())
        assert "\n" not in str(caught.value)
        assert str(path) in str(caught.value)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that another user may enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_read_only_folder_gives_a_clear_error(open_folder: Path) -> None:
    folder = open_folder / "ro"
    store.append(folder / "r.json", ours())
    before = (folder / "r.json").read_bytes()
    folder.chmod(0o555)
    code = ("import json, os, sys\nfrom pathlib import Path\n"
            "from core.errors import BadInput\nfrom ledger import store\n"
            "os.getuid() or os.setuid(65534)  # root may write anywhere\n"
            "try: store.append(Path(sys.argv[1]), json.loads(sys.argv[2]))\n"
            "except BadInput as error: print(error); sys.exit(2)\n")
    done = subprocess.run([sys.executable, "-c", code, str(folder / "r.json"), json.dumps(ours("b"))],
                          cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    folder.chmod(0o755)
    assert done.returncode == 2, done.stderr
    assert "Permission denied" in done.stdout
    assert "--results" in done.stdout
    assert (folder / "r.json").read_bytes() == before


def test_a_disk_that_takes_no_more_leaves_the_old_file_intact(tmp_path: Path) -> None:
    ledger = tmp_path / "r.json"
    store.append(ledger, ours("a", note="x" * 5000))
    before = ledger.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (6000, hard))  # EFBIG in the middle of a write, like a full disk
    try:
        with pytest.raises(BenchError, match="what was in it is still there") as caught:
            store.append(ledger, ours("b", note="y" * 5000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == errno.EFBIG
    assert ledger.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [".r.json.lock", "r.json"]


def test_twenty_runners_finishing_at_once_lose_no_record_and_a_reader_always_sees_valid_json(tmp_path: Path) -> None:
    ledger = tmp_path / "r.json"
    code = ("import json, sys\nfrom pathlib import Path\nfrom ledger import store\n"
            "record = json.loads(sys.argv[2])\nsys.stdin.readline()\n"
            "for i in range(5): store.append(Path(sys.argv[1]), {**record, 'run_id': f'{sys.argv[3]}-{i}'})\n")
    writers = [subprocess.Popen([sys.executable, "-c", code, str(ledger), json.dumps(ours()), str(number)],
                                cwd=ROOT, stdin=subprocess.PIPE) for number in range(20)]
    try:
        for writer in writers:
            assert writer.stdin is not None
            writer.stdin.write(b"\n")
            writer.stdin.close()
        seen, looks = 0, 0
        while any(writer.poll() is None for writer in writers):
            if ledger.exists():
                now = len(json.loads(ledger.read_text())["runs"])
                assert now >= seen
                seen, looks = now, looks + 1
            time.sleep(0.002)
        assert [writer.wait() for writer in writers] == [0] * 20
    finally:
        for writer in writers:
            writer.kill()
            writer.wait()
    assert looks > 10
    found = [record["run_id"] for record in store.read(ledger)]
    assert sorted(found) == sorted(f"{number}-{i}" for number in range(20) for i in range(5))


def test_a_kill_in_the_middle_of_appends_leaves_a_valid_ledger_that_takes_the_next_record(tmp_path: Path) -> None:
    ledger = tmp_path / "r.json"
    code = ("import json, sys\nfrom pathlib import Path\nfrom ledger import store\nrecord = json.loads(sys.argv[2])\n"
            "while True: store.append(Path(sys.argv[1]), record)\n")
    for wait_s in (0.0, 0.003, 0.007):
        argv = [sys.executable, "-c", code, str(ledger), json.dumps(ours(note="x" * 50_000))]
        runner = subprocess.Popen(argv, cwd=ROOT)
        before = ledger.stat().st_size if ledger.exists() else 0
        while not ledger.exists() or ledger.stat().st_size == before:
            time.sleep(0.001)
        time.sleep(wait_s)
        runner.kill()
        runner.wait()
        kept = len(store.read(ledger))
        store.append(ledger, ours("next"))
        assert len(store.read(ledger)) == kept + 1


def test_a_ledger_that_will_not_take_a_record_is_known_before_the_run(tmp_path: Path) -> None:
    fresh = tmp_path / "deep" / "r.json"
    store.check_writable(fresh)
    assert not fresh.exists(), "asking changes nothing"
    store.append(fresh, ours())
    before = fresh.read_bytes()
    store.check_writable(fresh)
    assert fresh.read_bytes() == before
    broken = tmp_path / "broken.json"
    broken.write_text('{"runs": [')
    for path in (broken, Path("/dev/null"), Path("/proc/r.json")):
        with pytest.raises(BadInput) as caught:
            store.check_writable(path)
        assert str(path) in str(caught.value)


def test_a_record_is_found_by_its_run_or_a_beginning_that_only_it_has(tmp_path: Path) -> None:
    ledger = tmp_path / "r.json"
    ledger.write_text('{"runs": [' + MINIMAL + "]}")
    for run_id, score in (("2026a-math", 1.0), ("2026b-math", 2.0), ("2026a-math", 3.0)):
        store.append(ledger, ours(run_id, results={"score": score}))
    records = store.read(ledger)
    assert store.find(records, "2026a")["results"]["score"] == 3.0
    assert store.find(records, "2026b-math")["run_id"] == "2026b-math"
    with pytest.raises(BadInput, match="2 runs in the ledger begin with '2026'"):
        store.find(records, "2026")
    with pytest.raises(BadInput, match="near: 2026b-math"):
        store.find(records, "b-math")
    with pytest.raises(BadInput, match="there is none yet"):
        store.find(records[:1], "x")


def test_a_lock_that_is_never_given_up_is_an_error_and_no_hang(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = tmp_path / "r.json"
    monkeypatch.setattr(ledger_file, "LOCK_TIMEOUT_S", 0.1)
    code = ("import sys\nfrom pathlib import Path\nfrom system.files import lock\n"
            "with lock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.readline()\n")
    holder = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / ".r.json.lock")], cwd=ROOT,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdin is not None
    assert holder.stdout is not None
    with holder, holder.stdin, holder.stdout:
        holder.stdout.readline()
        with pytest.raises(BenchError, match="still locked by another process"):
            store.append(ledger, ours())
        holder.stdin.write(b"\n")
        holder.stdin.flush()
    assert not ledger.exists()
