"""A packed ledger says what the JSON said, whatever stands in its records."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadInput, BenchError, UsageError
from ledger import store
from ledger.columns import KEY, storable, stored
from ledger.packing import pack, unpack
from runner.comparing import CompareRequest, compare, existing, written

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = [dict(record) for record in store.read(ROOT / "benchmark_results.json")]
ODD: tuple[Any, ...] = (None, True, 0, -1, 1e308, 10**400, "", "x", "\ud800", "\\ud800", "\0x", "é\0", [], ["a", 1], {},
                        {"a": {"b": None}}, [[]])


def ledger_of(path: Path, records: Sequence[Mapping[str, Any]]) -> Path:
    path.write_text('{"runs": [\n' + ",\n".join(json.dumps(record) for record in records) + "\n]}\n")
    return path


def packed_ledger(path: Path, older: Sequence[Mapping[str, Any]], newer: Sequence[Mapping[str, Any]]) -> Path:
    pack(ledger_of(path, older))
    with path.open("r+") as file:
        found = json.load(file)
        file.seek(0)
        json.dump(found | {"runs": newer}, file)
        file.truncate()
    return path


def shown(ledger: Path, **asked: Any) -> str:
    """What compare says, be it that it cannot."""
    try:
        return written(compare(CompareRequest(ledger, ledger.parent, form="json", **asked)), "json")
    except BenchError as error:
        return f"{type(error).__name__}: {error}".replace(ledger.name, "LEDGER")


def of_few_kinds(rng: random.Random, count: int) -> list[dict[str, Any]]:
    """Same and nearly same runs: equal times, other sizes and labels of one model, judged ones, those of a chain."""
    made: list[dict[str, Any]] = []
    for number in range(count):
        config: dict[str, Any] = {
            "base_name": rng.choice(["m", "n"]), "quantization": rng.choice(["Q8_0", "Q4_K_M"]),
            "size_bytes": rng.choice([5, 10, 20]), "server_build": rng.choice(["b1", "b2"]),
            "prompt_version": rng.choice(["v1", "v2"]), "sampling": {"temperature": 0}}
        failed = [f"t{n}" for n in range(4) if rng.random() < 0.5]
        record: dict[str, Any] = {
            "timestamp": rng.choice(["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"]), "benchmark": "gsm8k",
            "model": rng.choice(["label-1", "label-2"]), "run_id": f"r{number}", "config": config,
            "status": rng.choice(["complete", "complete", "incomplete"]), "tasks_sha256": rng.choice(["t", "t", "u"]),
            "results": {"score": 25.0 * (4 - len(failed)), "total_passed": 4 - len(failed), "total_problems": 4,
                        "failed_tasks": failed}}
        if rng.random() < 0.3:
            config["scored_by"] = "judge"
            record["results"] = {"total_problems": 4}
            if made and rng.random() < 0.6:
                record |= {"judgement_of": f"r{rng.randrange(count)}", "results": {"score": 50.0},
                           "judging": {"judge": rng.choice(["anna", "ben"]), "rubric": "tip-v1"}}
        if rng.random() < 0.1:
            record["passed_on_by"] = rng.choice(["r0", None])
        made.append(record)
    return made


@pytest.mark.parametrize("seed", range(10))
def test_compare_says_the_same_of_runs_that_are_nearly_alike(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    records = of_few_kinds(rng, 60)
    cut = rng.choice([60, 40, 20])
    plain = ledger_of(tmp_path / "a.json", records)
    packed = packed_ledger(tmp_path / "b.json", records[:cut], records[cut:])
    for asked in ({}, {"benchmark": "gsm8k"}, {"benchmark": "mmlu"}, {"baseline": "label-1"}, {"baseline": "m:Q8_0"},
                  {"baseline": "nobody"}, {"flips": 3}):
        assert shown(packed, **asked) == shown(plain, **asked)


def spoilt(rng: random.Random, record: dict[str, Any]) -> dict[str, Any]:
    """With values of other types in some places, at any level, and fields taken out."""
    found: dict[str, Any] = json.loads(json.dumps(record))
    for _ in range(rng.randrange(1, 5)):
        place = found
        while True:
            key = rng.choice(list(place))
            if isinstance(place[key], dict) and place[key] and rng.random() < 0.7:
                place = place[key]
                continue
            break
        if place is found and key == "results":
            continue
        if place is found and key in {"benchmark", "model"}:
            place[key] = rng.choice([odd for odd in ODD if isinstance(odd, str)])
        elif place is not found and rng.random() < 0.3:
            del place[key]
        elif not (place is found and key == "format"):
            place[key] = deepcopy(rng.choice(ODD))
    return found


@pytest.mark.parametrize("seed", range(10))
def test_compare_says_the_same_of_records_of_any_types(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    base = [*of_few_kinds(rng, 20), *(json.loads(json.dumps(each)) for each in rng.sample(SHIPPED, 8))]
    records = [spoilt(rng, record) for record in base * 2]
    plain = ledger_of(tmp_path / "a.json", records)
    packed = packed_ledger(tmp_path / "b.json", records[:40], records[40:])
    for asked in ({}, {"baseline": "m"}, {"benchmark": "gsm8k"}):
        assert shown(packed, **asked) == shown(plain, **asked)
    unpack(packed)
    assert [record.text for record in store.read(packed)] == [record.text for record in store.read(plain)]


def test_texts_that_utf8_cannot_hold_go_in_and_come_out_as_they_were() -> None:
    texts = [odd for odd in ODD if isinstance(odd, str)]
    kept = [storable(text) for text in texts]
    assert [stored(text) for text in kept] == texts
    assert len({text.encode() for text in kept}) == len(texts)
    assert stored("\0no JSON") == "\0no JSON"
    assert stored(None) is None


def test_a_ledger_whose_archive_was_left_behind_is_told_and_nothing_is_made_of_it(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path / "l.json", SHIPPED[:5])
    archive = pack(ledger).path
    archive.rename(tmp_path / "elsewhere")
    for act in (store.read, pack, unpack, lambda path: compare(CompareRequest(path, tmp_path))):
        with pytest.raises(BadInput, match=r"5 of its records are in its archive .*l\.parquet, which is missing"):
            act(ledger)
    store.append(ledger, {**SHIPPED[5], "run_id": "new"})  # a run that has ended loses nothing for it
    (tmp_path / "elsewhere").rename(archive)
    assert [record["run_id"] for record in store.read(ledger)] == [*(each["run_id"] for each in SHIPPED[:5]), "new"]
    unpack(ledger)
    assert "archive" not in json.loads(ledger.read_text())


def test_an_older_archive_is_not_taken_for_the_one_that_was_there(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path / "l.json", SHIPPED[:5])
    archive = pack(ledger).path
    old = archive.read_bytes()
    store.append(ledger, {**SHIPPED[5], "run_id": "new"})
    pack(ledger)
    archive.write_bytes(old)
    with pytest.raises(BadInput, match=r"6 of its records .* missing or an older one"):
        store.read(ledger)


def test_an_archive_without_its_json_is_read_and_unpacked(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path / "l.json", SHIPPED[:5])
    before = shown(ledger)
    pack(ledger)
    ledger.unlink()
    assert shown(ledger) == before
    store.append(ledger, {**SHIPPED[5], "run_id": "new"})
    assert len(store.read(ledger)) == 6
    assert unpack(ledger).moved == 5
    assert len(store.read(ledger)) == 6


@pytest.mark.parametrize("name", ["l.txt", "l", "l.JSON", "l.json.bak"])
def test_only_of_a_json_file_there_is_an_archive_so_that_no_two_ledgers_share_one(tmp_path: Path, name: str) -> None:
    pack(ledger_of(tmp_path / "l.json", SHIPPED[:3]))
    other = ledger_of(tmp_path / name, SHIPPED[3:5])
    assert len(store.read(other)) == 2
    for act in (pack, unpack):
        with pytest.raises(UsageError, match=r"ends in \.json"):
            act(other)
    assert len(store.read(tmp_path / "l.json")) == 3


def test_through_a_link_the_archive_is_the_one_of_the_file_behind_it(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    ledger = ledger_of(tmp_path / "disk" / "real.json", SHIPPED[:5])
    link = tmp_path / "l.json"
    link.symlink_to(ledger)
    assert pack(link).path == tmp_path / "disk" / "real.parquet"
    assert link.is_symlink()
    assert len(store.read(link)) == len(store.read(ledger)) == 5
    link.unlink()
    link.symlink_to(link.name)
    with pytest.raises(UsageError, match="no ledger yet"):
        existing(str(link))


@pytest.mark.parametrize("mode", [0o600, 0o640])
def test_an_archive_is_for_the_eyes_its_ledger_was_for(tmp_path: Path, mode: int) -> None:
    ledger = ledger_of(tmp_path / "l.json", SHIPPED[:5])
    ledger.chmod(mode)
    archive = pack(ledger).path
    assert archive.stat().st_mode & 0o777 == mode
    archive.chmod(0o440)
    store.append(ledger, {**SHIPPED[5], "run_id": "new"})
    pack(ledger)
    assert archive.stat().st_mode & 0o777 == 0o440
    assert len(store.read(ledger)) == 6


@pytest.mark.parametrize("column", ["run_id", "config", "benchmark", "whole", "record", "timestamp"])
def test_an_archive_with_a_column_of_another_type_is_told(tmp_path: Path, column: str) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    ledger = ledger_of(tmp_path / "l.json", SHIPPED[:5])
    path = pack(ledger).path
    table = parquet.read_table(path)
    place = table.column_names.index(column)
    other = table.set_column(place, column, pa.array([1] * len(table)))
    parquet.write_table(other.replace_schema_metadata({KEY: parquet.read_metadata(path).metadata[KEY]}), path)
    for act in (store.read, lambda ledger: compare(CompareRequest(ledger, tmp_path))):
        with pytest.raises(BadInput, match=f"no column {column} of type"):
            act(ledger)


def test_packers_killed_at_any_moment_beside_runs_that_end_lose_and_double_nothing(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path / "l.json", [{**each, "run_id": f"first-{n}"} for n, each in enumerate(SHIPPED * 4)])
    first = [record["run_id"] for record in store.read(ledger)]
    mover = ("import sys; from pathlib import Path; from ledger.packing import pack, unpack\n"
             "print(flush=True)\n"
             "while True: pack(Path(sys.argv[1])); unpack(Path(sys.argv[1]))")
    rng, added = random.Random(7), list[str]()
    for _ in range(8):
        with subprocess.Popen([sys.executable, "-c", mover, str(ledger)], cwd=ROOT, stdout=subprocess.PIPE) as packer:
            assert packer.stdout is not None
            packer.stdout.readline()  # it has begun
            for _ in range(rng.randrange(1, 5)):
                added.append(f"then-{len(added)}")
                store.append(ledger, {**SHIPPED[0], "run_id": added[-1]})
                assert [record["run_id"] for record in store.read(ledger)] == [*first, *added]
            packer.kill()
        assert [record["run_id"] for record in store.read(ledger)] == [*first, *added]
    unpack(ledger)
    assert [record["run_id"] for record in store.read(ledger)] == [*first, *added]
    assert sorted(path.name for path in tmp_path.iterdir()) == [".l.json.lock", "l.json"]
