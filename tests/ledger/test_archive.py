"""A long ledger's archive: the same records, quicker to read, and none lost or doubled however a move ends."""

from __future__ import annotations

import builtins
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.comparison import compare_runs
from analysis.latest import Alike, needed
from core.errors import BadInput, UsageError
from ledger import packing, store
from ledger.archive import Archive
from ledger.packing import pack, unpack
from ledger.record import Record
from runner.comparing import CompareRequest, compare, written

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = [dict(record) for record in store.read(ROOT / "benchmark_results.json")]


def ledger_of(path: Path, records: Iterable[Mapping[str, Any]]) -> Path:
    path.write_text('{"by": "hand", "runs": [\n' + ",\n".join(json.dumps(record) for record in records) + "\n]}\n")
    return path


def texts(path: Path) -> list[str]:
    return [record.text for record in store.read(path)]


def many(count: int, seed: int = 1) -> list[dict[str, Any]]:
    """Runs of few kinds, again and again: other builds, prompts and days, broken ones, judged ones, those of chains."""
    rng = random.Random(seed)
    made: list[dict[str, Any]] = []
    for number in range(count):
        record = {**SHIPPED[rng.randrange(len(SHIPPED))], "run_id": f"r{number}",
                  "timestamp": f"2026-01-{rng.randrange(1, 9):02}T00:00:00Z"}
        config = {**record["config"], "server_build": f"b{rng.randrange(2)}", "prompt_version": f"v{rng.randrange(2)}"}
        record["config"] = config
        kind = rng.randrange(12)
        if kind == 0:
            record["status"] = "incomplete"
        elif kind == 1:
            record["passed_on_by"] = "r0"
        elif kind in {2, 3}:
            config |= {"scored_by": "judge"}
            record["results"] = {"total_problems": 8, "time_taken": 1.0}
            waiting = [one["run_id"] for one in made
                       if one.get("config", {}).get("scored_by") == "judge" and "judgement_of" not in one]
            if waiting and kind == 3:
                record |= {"judgement_of": rng.choice(waiting), "results": {"score": 50.0},
                           "judging": {"judge": rng.choice(["anna", "ben"]), "rubric": "tip-v1"}}
        elif kind == 4:
            record = {"timestamp": record["timestamp"], "benchmark": "lcb", "model": "m-Q4_K_M.gguf",
                      "results": {"score": 31.5}}
        made.append(record)
    return made


def test_packing_moves_every_record_to_the_letter_and_unpacking_brings_all_back(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path / "l.json", [*SHIPPED, {"timestamp": "t", "benchmark": "b", "model": "m",
                                                       "results": {"score": 1e2}, "odd": 10**400, "é": "\ud800"}])
    before = texts(ledger)
    packed = pack(ledger)
    assert (packed.moved, packed.archived, packed.path) == (len(before), len(before), tmp_path / "l.parquet")
    assert json.loads(ledger.read_text()) == {"by": "hand", "archive": {"records": len(before)}, "runs": []}
    assert texts(ledger) == before
    assert unpack(ledger).moved == len(before)
    assert texts(ledger) == before
    assert not packed.path.exists()


def test_new_runs_go_on_into_the_json_and_a_second_packing_adds_them_to_the_archive(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path / "l.json", SHIPPED[:3])
    pack(ledger)
    store.append(ledger, {**SHIPPED[3], "run_id": "new"})
    assert [record["run_id"] for record in store.read(ledger)][3:] == ["new"]
    assert pack(ledger).archived == 4
    assert pack(ledger).moved == 0
    assert [record["run_id"] for record in store.read(ledger)][3:] == ["new"]
    assert store.lookup(ledger, "new").text == texts(ledger)[3]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_compare_shows_the_same_of_a_packed_ledger(tmp_path: Path, seed: int) -> None:
    records = many(600, seed)
    plain, packed = ledger_of(tmp_path / "a.json", records), ledger_of(tmp_path / "b.json", records[:450])
    pack(packed)
    with packed.open("r+") as file:
        found = json.load(file)
        file.seek(0)
        json.dump({**found, "runs": [*found["runs"], *records[450:]]}, file)
    for benchmark in (None, "math"):
        seen = [written(compare(CompareRequest(path, tmp_path, benchmark, form="json")), "json")
                for path in (plain, packed)]
        assert seen[0] == seen[1]


def test_a_comparison_reads_few_of_very_many_records(tmp_path: Path) -> None:
    records = many(3000)
    ledger = ledger_of(tmp_path / "l.json", records)
    everything = compare_runs(store.read(ledger))
    pack(ledger)
    latest = Archive(tmp_path / "l.parquet").latest()
    rows = needed(latest.placed, latest.judged)
    assert len(rows) < 500
    assert compare_runs(Archive(tmp_path / "l.parquet").records(rows)) == everything


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["1", "2", "3"]), st.booleans()), max_size=12))
def test_of_runs_alike_the_latest_first_and_last_are_kept(rows: list[tuple[str, str, bool]]) -> None:
    alike = Alike()
    for number, (kind, when, _) in enumerate(rows):
        alike.see(kind, when, number)
    expected = set()
    for kind in {kind for kind, _, _ in rows}:
        top = max(when for each, when, _ in rows if each == kind)
        places = [n for n, (each, when, _) in enumerate(rows) if (each, when) == (kind, top)]
        expected |= {places[0], places[-1]}
    assert alike.rows() == expected


@pytest.mark.parametrize("verb", ["pack", "unpack"])
def test_a_kill_between_the_two_files_neither_loses_nor_doubles_a_record(tmp_path: Path, verb: str) -> None:
    ledger = ledger_of(tmp_path / "l.json", SHIPPED[:5])
    if verb == "unpack":
        pack(ledger)
    before = [record["run_id"] for record in store.read(ledger)]
    program = """if True:
        import os, signal, sys
        from pathlib import Path
        from ledger import packing, rewriting
        die = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
        if sys.argv[2] == "pack":
            rewriting.Rewriting.replace = die  # the archive is in its place, the ledger not yet
            packing.pack(Path(sys.argv[1]))
        else:
            Path.unlink = die  # the ledger has all again, the archive is still there
            packing.unpack(Path(sys.argv[1]))"""
    done = subprocess.run([sys.executable, "-c", program, str(ledger), verb], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    assert (tmp_path / "l.parquet").exists()
    assert json.loads(ledger.read_text())["runs"]
    assert [record["run_id"] for record in store.read(ledger)] == before
    store.append(ledger, {**SHIPPED[5], "run_id": "after"})
    assert [record["run_id"] for record in store.read(ledger)] == [*before, "after"]
    packing.pack(ledger)
    assert [record["run_id"] for record in store.read(ledger)] == [*before, "after"]


def test_a_reader_in_the_middle_of_packing_sees_every_record_once(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path / "l.json", many(300))
    before = texts(ledger)
    program = ("import sys; from pathlib import Path; from ledger.packing import pack, unpack\n"
               "for _ in range(8): pack(Path(sys.argv[1])); unpack(Path(sys.argv[1]))")
    with subprocess.Popen([sys.executable, "-c", program, str(ledger)], cwd=ROOT) as packer:
        while packer.poll() is None:
            assert texts(ledger) == before
        assert packer.returncode == 0


@pytest.mark.parametrize(("damage", "words"), [
    (lambda data: data[:-20], "cannot be read"),
    (lambda _: b"PAR1" + os.urandom(200), "cannot be read"),
    (lambda _: b"", "cannot be read"),
])
def test_a_damaged_archive_is_told_and_left(tmp_path: Path, damage: Any, words: str) -> None:
    ledger = ledger_of(tmp_path / "l.json", SHIPPED[:5])
    path = pack(ledger).path
    broken = damage(path.read_bytes())
    path.write_bytes(broken)
    for act in (store.read, pack, unpack):
        with pytest.raises(BadInput, match=words):
            act(ledger)
    assert path.read_bytes() == broken


def test_any_byte_of_an_archive_may_be_wrong_and_all_that_comes_is_bad_input(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path / "l.json", SHIPPED[:5])
    path = pack(ledger).path
    whole = path.read_bytes()
    rng = random.Random(5)
    for _ in range(300):
        changed = bytearray(whole)
        for place in rng.sample(range(len(whole)), 4):
            changed[place] = rng.randrange(256)
        path.write_bytes(changed)
        for act in (store.read, lambda ledger: compare(CompareRequest(ledger, tmp_path))):
            with suppress(BadInput):
                act(ledger)


def test_parquet_of_another_program_is_no_archive(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    ledger = ledger_of(tmp_path / "l.json", SHIPPED[:1])
    parquet.write_table(pa.table({"record": ["{}"]}), tmp_path / "l.parquet")
    with pytest.raises(BadInput, match=r"l\.parquet: a Parquet file, but no archive of a ledger"):
        store.read(ledger)


def test_the_archive_named_as_a_ledger_is_refused_with_the_ledgers_name(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path / "l.json", SHIPPED[:1])
    with pytest.raises(BadInput, match=r"give --results .*l\.json"):
        store.read(pack(ledger).path)


def test_without_pyarrow_an_archive_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = ledger_of(tmp_path / "l.json", SHIPPED[:1])
    pack(ledger)
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == "pyarrow":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UsageError, match=r"\./setup --with parquet"):
        store.read(ledger)


def test_the_columns_are_there_for_other_readers_of_parquet(tmp_path: Path) -> None:
    from pyarrow import parquet

    ledger = ledger_of(tmp_path / "l.json", SHIPPED)
    table = parquet.read_table(pack(ledger).path)
    for name, values in (("benchmark", [record["benchmark"] for record in SHIPPED]),
                         ("score", [record["results"]["score"] for record in SHIPPED]),
                         ("low", [record["interval"][0] for record in SHIPPED])):
        assert table.column(name).to_pylist() == values


def test_the_verb_packs_and_unpacks_and_says_what_it_did(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path / "l.json", SHIPPED[:3])

    def verb(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, str(ROOT / "bench_runner.py"), *words, "--results", str(ledger)],
                              check=False, capture_output=True, text=True)

    done = verb("ledger", "pack", "--json")
    assert json.loads(done.stdout) == {"moved": 3, "archived": 3, "archive": str(tmp_path / "l.parquet")}
    assert "3 records moved" in done.stderr
    shown = verb("show", SHIPPED[1]["run_id"], "--json")
    assert json.loads(shown.stdout) == SHIPPED[1]
    assert "3 records moved back" in verb("ledger", "unpack").stderr
    assert "has no archive" in verb("ledger", "unpack").stderr
    assert verb("ledger", "mend").returncode == 2


def test_records_are_found_by_column_as_they_would_be_in_the_json(tmp_path: Path) -> None:
    records: list[dict[str, Any]] = [
        {**SHIPPED[number % 4], "run_id": f"r{number}", "cell": f"c{number % 7}",
         "config": {**SHIPPED[0]["config"], **({"experiment": name} if name else {})}}
        for number, name in enumerate(["tips", "", "tips", None, "other", 5, "\ud800"] * 4)]
    plain, packed = ledger_of(tmp_path / "a.json", records), ledger_of(tmp_path / "b.json", records)
    pack(packed)
    for ledger in (plain, packed):
        store.append(ledger, {**records[2], "run_id": "new"})
    for find in (store.each, lambda path: store.where(path, "cell", {"c2", "c5", "none"}), store.in_experiments,
                 lambda path: store.where(path, "run_id", {"new", "r3"}), lambda path: store.where(path, "cell", ())):
        assert [record.text for record in find(packed)] == [record.text for record in find(plain)]
    assert [record["run_id"] for record in store.where(packed, "run_id", {"new", "r3"})] == ["r3", "new"]
    assert {record["config"]["experiment"] for record in store.in_experiments(packed)} == {"tips", "other", "\ud800"}


def test_of_an_archive_only_the_records_that_are_asked_for_are_read(tmp_path: Path,
                                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = ledger_of(tmp_path / "l.json", [{**each, "cell": each["run_id"]} for each in SHIPPED])
    pack(ledger)
    read: list[int] = []
    real = Archive._record

    def noted(archive: Archive, text: str, row: int) -> Record:
        read.append(row)
        return real(archive, text, row)

    monkeypatch.setattr(Archive, "_record", noted)
    assert [record["run_id"] for record in store.where(ledger, "cell", {SHIPPED[3]["run_id"]})] == [
        SHIPPED[3]["run_id"]]
    assert not store.in_experiments(ledger)
    assert read == [3]
