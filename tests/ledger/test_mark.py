"""An append that parses nothing comes to the same bytes as one that checks everything, and trusts nothing unseen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from ledger import jsontext, store
from ledger import mark as marks
from ledger.record import FORMAT, Record
from tests import skips
from tests.ledger.test_store import MINIMAL, ROOT, ours


def lock_of(ledger: Path) -> Path:
    return ledger.with_name(f".{ledger.name}.lock")


def without_mark(ledger: Path) -> None:
    lock_of(ledger).unlink(missing_ok=True)


@pytest.fixture
def parses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every reading of the whole file as JSON."""
    seen: list[str] = []
    real = jsontext.read_document

    def read_document(text: str, name: str, *rest: Any) -> Any:
        seen.append(name)
        return real(text, name, *rest)

    monkeypatch.setattr("ledger.ledger_file.read_document", read_document)
    return seen


LEDGERS = st.sampled_from([
    "", " \n", '{"runs": []}', '{"runs": [\n' + MINIMAL + "\n]}\n", '\ufeff{"runs": [' + MINIMAL + "]}",
    '{"runs": [' + MINIMAL + ",\r\n\r\n" + MINIMAL + "]}",
    '{"about": {"by":  "me"}, "runs": [' + MINIMAL + '], "seen": 1.50, "é": "]}\\n"}\n',
    json.dumps({"runs": [json.loads(MINIMAL)] * 3}, indent=2), '{"runs":[],"x":[]}\n',
])
TEXTS = st.text(max_size=20)


@given(LEDGERS, st.lists(st.tuples(TEXTS, st.booleans(), st.booleans()), min_size=1, max_size=4))
def test_known_or_not_a_ledger_comes_to_the_same_bytes(before: str, records: list[tuple[str, bool, bool]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        quick, slow = Path(name, "quick.json"), Path(name, "slow.json")
        for ledger in (quick, slow):
            ledger.write_text(before, encoding="utf-8", newline="")
        for number, (note, raw, looked) in enumerate(records):
            record: Any = ours(f"r{number}", note=note)
            if raw:  # as it stood in another file
                text = json.dumps(record, ensure_ascii=False)
                record = Record(json.loads(text), text.encode("utf-8", "replace").decode())
            if looked:
                store.check_writable(quick)
            without_mark(slow)
            store.append(quick, record)
            store.append(slow, record)
            assert quick.read_bytes() == slow.read_bytes()
        assert [r.get("run_id") for r in store.read(quick)][-len(records):] == [f"r{n}" for n in range(len(records))]


def test_what_we_wrote_ourselves_is_not_parsed_again(tmp_path: Path, parses: list[str]) -> None:
    ledger = tmp_path / "r.json"
    store.append(ledger, ours("a"))
    parses.clear()
    store.append(ledger, ours("b"))
    store.check_writable(ledger)
    store.append(ledger, ours("c"))
    assert parses == []
    assert [r["run_id"] for r in store.read(ledger)] == ["a", "b", "c"]


def test_a_ledger_that_a_start_has_checked_is_not_parsed_at_the_end(tmp_path: Path, parses: list[str]) -> None:
    ledger = tmp_path / "r.json"
    store.append(ledger, ours("a"))
    without_mark(ledger)
    store.check_writable(ledger)
    parses.clear()
    store.append(ledger, ours("b"))
    assert parses == []


@given(st.data())
def test_a_byte_changed_behind_our_back_is_noticed(data: st.DataObject) -> None:
    """In place, at the same size, with the times put back: as no file system would show it."""
    with tempfile.TemporaryDirectory() as name:
        ledger = Path(name, "r.json")
        store.append(ledger, ours("a"))
        store.append(ledger, ours("b"))
        stat = ledger.stat()
        content = bytearray(ledger.read_bytes())
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[at]))
        with ledger.open("r+b") as file:
            file.write(content)
        os.utime(ledger, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        other = Path(name, "other.json")
        other.write_bytes(content)
        said = []
        for path in (ledger, other):
            try:
                store.append(path, ours("c"))
                said.append("")
            except BadInput as error:
                said.append(str(error).replace(str(path), "it"))
        assert said[0] == said[1]
        assert ledger.read_bytes() == other.read_bytes()


def test_a_record_added_by_hand_is_kept(tmp_path: Path) -> None:
    ledger = tmp_path / "r.json"
    store.append(ledger, ours("a"))
    ledger.write_text(ledger.read_text().replace("\n]}", ",\n" + MINIMAL + "\n]}"))
    store.append(ledger, ours("b"))
    assert [r.get("run_id") for r in store.read(ledger)] == ["a", None, "b"]


def test_a_mark_of_a_newer_version_is_no_mark(tmp_path: Path) -> None:
    """That version may have written records that this one must refuse."""
    ledger = tmp_path / "r.json"
    store.append(ledger, ours("a"))
    text = ledger.read_text().replace(f'"format": {FORMAT}', f'"format": {FORMAT + 1}')
    ledger.write_text(text)
    head, tail = text.encode()[:-4], b"\n]}\n"
    with lock_of(ledger).open("r+b") as lock:
        marks.mark_of(head, tail).write(lock.fileno())
        written = os.pread(lock.fileno(), 500, 0).replace(b"format %d" % FORMAT, b"format %d" % (FORMAT + 1))
        os.pwrite(lock.fileno(), written, 0)
    for refuses in (lambda: store.append(ledger, ours("b")), lambda: store.check_writable(ledger)):
        with pytest.raises(BadInput, match="newer version"):
            refuses()
    assert ledger.read_text() == text


@pytest.mark.parametrize("mark", [b"", b"\0" * 200, b"junk", b"bench-runner", b"x" * 5000])
def test_a_torn_or_foreign_mark_costs_a_reading_and_nothing_else(
    tmp_path: Path, parses: list[str], mark: bytes
) -> None:
    ledger = tmp_path / "r.json"
    store.append(ledger, ours("a"))
    lock_of(ledger).write_bytes(mark)
    parses.clear()
    store.append(ledger, ours("b"))
    assert len(parses) == 1
    store.append(ledger, ours("c"))
    assert len(parses) == 1, "the next one finds a mark again"
    assert [r["run_id"] for r in store.read(ledger)] == ["a", "b", "c"]


def test_a_disk_that_fills_up_at_a_known_ledger_leaves_it_whole_and_goes_on_afterwards(tmp_path: Path) -> None:
    ledger = tmp_path / "r.json"
    store.append(ledger, ours("a", note="x" * 5000))
    before = ledger.read_bytes()
    code = ("import json, resource, sys\nfrom pathlib import Path\nfrom core.errors import BenchError\n"
            "from ledger import store\nresource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))\n"
            "try: store.append(Path(sys.argv[1]), json.loads(sys.argv[2]))\n"
            "except BenchError as error: print(error); sys.exit(7)\n")
    done = subprocess.run([sys.executable, "-c", code, str(ledger), json.dumps(ours("b", note="y" * 5000))], cwd=ROOT,
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 7, done.stderr
    assert "what was in it is still there" in done.stdout
    assert ledger.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [".r.json.lock", "r.json"]
    store.append(ledger, ours("b"))
    assert [r["run_id"] for r in store.read(ledger)] == ["a", "b"]


def test_what_a_killed_writer_left_behind_is_removed_by_the_next_and_nothing_else(tmp_path: Path) -> None:
    ledger = tmp_path / "r.json"
    store.append(ledger, ours("a"))
    (tmp_path / ".r.json.0123456789ab.part").write_bytes(b'{"runs": [')
    for name in (".other.json.0123456789ab.part", "r.json.part"):
        (tmp_path / name).touch()
    store.append(ledger, ours("b"))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".other.json.0123456789ab.part", ".r.json.lock", "r.json", "r.json.part",
    ]


@skips.needs("root", there=os.getuid() == 0)
def test_a_ledger_stays_its_owners_when_root_appends_to_it(tmp_path: Path) -> None:
    ledger = tmp_path / "r.json"
    store.append(ledger, ours("a"))
    ledger.chmod(0o660)
    os.chown(ledger, 12345, 54321)
    store.append(ledger, ours("b"))
    found = ledger.stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (12345, 54321, 0o660)
