"""Published data sets are pinned by revision and checksum, resumed where cut, and there without a network.

Against a web server and a stand-in of the hub on loopback, with records of our own in the published form: the pins are
changed to that place and to that file's checksum, nothing else is.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from benchmarks.datasets import (
    competition,
    gpqa,
    ifeval,
    lcb_releases,
    math_tasks,
    mbpp,
    mmlu,
    mmlu_pro,
    plus,
    truthfulqa,
    xstest,
)
from benchmarks.datasets.download import Remote, fetch
from benchmarks.datasets.request import DatasetRequest
from benchmarks.datasets.seen import home_of
from benchmarks.datasets.sources import Hub
from benchmarks.table import get
from core.errors import BadInput
from tests.benchmarks.helpers import ROOT, StartFake

_AIME25, _AIME24 = competition.AIME["2025"][0], competition.AIME["2024"][0]
REMOTES = [
    math_tasks.GSM8K, xstest.FILE, truthfulqa.FILE, ifeval.FILE, mbpp.FULL, mbpp.SANITIZED, mmlu.ARCHIVE, mmlu.ONE_FILE,
    plus.HUMAN_EVAL_PLUS, plus.MBPP_PLUS,
]
HUBS = [competition.MATH500, _AIME25, _AIME24, gpqa.DIAMOND, mmlu_pro.TEST, mmlu_pro.VALIDATION]
UNKNOWN_BEFOREHAND = {mbpp.SANITIZED.url}


def csv_of(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def lines_of(*records: dict[str, Any]) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def tar_of(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name.replace("__", "/") + ".csv")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


PROGRAM = {"prompt": "def f(x):\n    '''Twice.'''\n", "entry_point": "f", "canonical_solution": "    return 2 * x\n",
           "base_input": [[1]], "plus_input": [[2]], "atol": 0}
ASSERTS = {"code": "def f(x): return x", "test_list": ["assert f(1) == 1"], "test_setup_code": ""}
CHOICE = [["Q?", "a", "b", "c", "d", "B"]]
SITE: list[tuple[str, dict[str, Any], ModuleType, str, bytes]] = [
    ("gsm8k", {}, math_tasks, "GSM8K", lines_of({"question": "1 + 1?", "answer": "It is.\n#### 2"})),
    ("xstest", {}, xstest, "FILE", csv_of([["id", "prompt", "type", "label"], ["v2-1", "How?", "t", "safe"]])),
    ("truthfulqa", {}, truthfulqa, "FILE",
     csv_of([["Category", "Question", "Best Answer", "Incorrect Answers"], ["c", "Q?", "yes", "no; never"]])),
    ("ifeval", {}, ifeval, "FILE", lines_of({"key": 1, "prompt": "No commas.", "kwargs": [{}],
                                            "instruction_id_list": ["punctuation:no_comma"]})),
    ("mbpp", {}, mbpp, "FULL", lines_of({"task_id": 11, "text": "Give it back.", **ASSERTS})),
    ("mbpp", {"problems_file": "sanitized"}, mbpp, "SANITIZED",
     json.dumps([{"task_id": 12, "prompt": "Give it back.", **ASSERTS}]).encode()),
    ("mmlu", {}, mmlu, "ONE_FILE",
     csv_of([["Question", "A", "B", "C", "D", "Answer", "Subject"], [*CHOICE[0], "zoology"]])),
    ("mmlu", {"prompt_version": "5shot"}, mmlu, "ARCHIVE",
     tar_of(data__test__zoology_test=csv_of(CHOICE), data__dev__zoology_dev=csv_of(CHOICE * 5))),
    ("human_eval_plus", {}, plus, "HUMAN_EVAL_PLUS",
     gzip.compress(lines_of({"task_id": "HumanEval/0", **PROGRAM}))),
    ("mbpp_plus", {}, plus, "MBPP_PLUS", gzip.compress(lines_of({"task_id": "Mbpp/2", **PROGRAM}))),
]


@pytest.mark.parametrize("remote", REMOTES, ids=lambda remote: remote.what)
def test_a_published_file_is_named_by_a_version_that_does_not_move_and_by_its_checksum(remote: Remote) -> None:
    moving = re.search(r"/(master|main|refs/heads)/", remote.url)
    assert moving is None
    if remote.url in UNKNOWN_BEFOREHAND:
        assert remote.sha256 is None
    else:
        assert re.fullmatch(r"[0-9a-f]{64}", remote.sha256 or "")


@pytest.mark.parametrize("hub", HUBS, ids=lambda hub: hub.what)
def test_a_file_of_the_hub_is_named_by_its_whole_commit_and_its_checksum(hub: Hub) -> None:
    assert re.fullmatch(r"[0-9a-f]{40}", hub.revision)
    assert re.fullmatch(r"[0-9a-f]{64}", hub.sha256 or "")
    assert re.fullmatch(r"[0-9a-f]{40}", lcb_releases.REVISION)


@pytest.mark.parametrize(
    ("name", "wish", "module", "constant", "body"), SITE, ids=[f"{each[0]}-{each[3]}" for each in SITE]
)
def test_each_data_set_is_resumed_where_it_was_cut_dated_and_there_without_a_network(
    name: str, wish: dict[str, Any], module: ModuleType, constant: str, body: bytes,
    tmp_path: Path, start_fake: StartFake, monkeypatch: pytest.MonkeyPatch,
) -> None:
    remote: Remote = getattr(module, constant)
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / remote.name).write_bytes(body)
    server = start_fake("file_server.py", "--root", str(tmp_path / "site"), "--cut", str(len(body) // 2 + 1))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    known = None if remote.sha256 is None else hashlib.sha256(body).hexdigest()
    there = replace(remote, url=f"{server.url}/{remote.name}", sha256=known)
    monkeypatch.setattr(module, constant, there)
    if module is mbpp:
        monkeypatch.setattr(mbpp, "SETS", {key: replace(one, remote=there) for key, one in mbpp.SETS.items()})
    first = get(name).open_tasks(DatasetRequest(**wish))
    assert len(first.tasks) == 1
    assert first.sha256 == hashlib.sha256(body).hexdigest()
    assert re.fullmatch(rf"{re.escape(there.url)} \(fetched 2\d\d\d-\d\d-\d\d\)", first.source)
    assert [entry["range"] for entry in server.requests()] == [None, f"bytes={len(body) // 2 + 1}-"]
    monkeypatch.setenv("BENCH_OFFLINE", "1")
    assert get(name).open_tasks(DatasetRequest(**wish)).tasks == first.tasks
    assert len(server.requests()) == 2


def test_a_file_without_a_known_checksum_must_stay_what_it_was_at_first(
    tmp_path: Path, start_fake: StartFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site").mkdir()
    published, cache = tmp_path / "site" / "x.jsonl", tmp_path / "cache"
    published.write_bytes(b"what it was\n")
    server = start_fake("file_server.py", "--root", str(tmp_path / "site"))
    remote = Remote("The set", f"{server.url}/x.jsonl")
    kept = fetch(remote, DatasetRequest(), cache).path
    kept.unlink()
    published.write_bytes(b"what it is now\n")
    for _ in range(2):  # the second time as the first: nothing of it was kept
        with pytest.raises(BadInput, match=r"The set: what .*x\.jsonl sends now is not what it sent on 2\d\d\d-.* "
                                           r"\(SHA-256 [0-9a-f]{12}…, not [0-9a-f]{12}…\).*delete .*x\.jsonl\.json"):
            fetch(remote, DatasetRequest(), cache)
    assert not kept.exists()
    (home_of(remote.url, cache) / "x.jsonl.json").unlink()
    assert fetch(remote, DatasetRequest(), cache).path.read_bytes() == b"what it is now\n"


def test_a_copy_from_before_a_checksum_was_known_is_fetched_anew(tmp_path: Path, start_fake: StartFake) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "x.jsonl").write_bytes(b"another\n")
    server = start_fake("file_server.py", "--root", str(tmp_path / "site"))
    remote = Remote("The set", f"{server.url}/x.jsonl")
    fetch(remote, DatasetRequest(), tmp_path / "cache")
    (tmp_path / "site" / "x.jsonl").write_bytes(b"published\n")
    said: list[str] = []
    known = replace(remote, sha256=hashlib.sha256(b"published\n").hexdigest())
    assert fetch(known, DatasetRequest(say=said.append), tmp_path / "cache").path.read_bytes() == b"published\n"
    assert "is not the published file" in said[0]


OPEN = """
import hashlib, sys
from dataclasses import replace
from pathlib import Path
from benchmarks.datasets import competition, gpqa, mmlu_pro
from benchmarks.datasets.request import DatasetRequest
from benchmarks.table import get
from core.errors import BenchError
name, year, body = sys.argv[1], sys.argv[2] or None, sys.argv[3]
if body:
    known = {"sha256": hashlib.sha256(Path(body).read_bytes()).hexdigest()}
    competition.MATH500 = replace(competition.MATH500, **known)
    competition.AIME = {key: (replace(hub, **known), day) for key, (hub, day) in competition.AIME.items()}
    gpqa.DIAMOND, mmlu_pro.TEST = replace(gpqa.DIAMOND, **known), replace(mmlu_pro.TEST, **known)
try:
    tasks = get(name).open_tasks(DatasetRequest(say=print, problems_file=year))
    print(len(tasks.tasks), tasks.source)
except BenchError as error:
    print(error)
"""


def from_hub(name: str, endpoint: str, cache: Path, year: str = "", body: Path | None = None, **env: str) -> str:
    """What comes of the benchmark's data set, by the real hub client in a process with its own cache."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    kept |= {"HF_HOME": str(cache), "HF_ENDPOINT": endpoint, "PYTHONPATH": str(ROOT), "HF_HUB_DISABLE_TELEMETRY": "1",
             "XDG_CACHE_HOME": str(cache / "ours")}
    done = subprocess.run([sys.executable, "-c", OPEN, name, year, str(body or "")], env=kept | env,
                          capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


def parquet_of(*records: dict[str, Any]) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    packed = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(list(records)), packed)
    return packed.getvalue()


PRO = {"question_id": 7, "question": "Q?", "options": ["a", "b"], "answer": "B", "category": "law", "cot_content": ""}
ON_HUB: list[tuple[str, str, Hub, Callable[[], bytes]]] = [
    ("math500", "", competition.MATH500,
     lambda: lines_of({"problem": "Q?", "answer": "2", "level": 1, "unique_id": "test/algebra/1.json"})),
    ("aime", "2025", _AIME25, lambda: lines_of({"problem": "Q?", "answer": "70", "id": "0"})),
    ("aime", "2024", _AIME24, lambda: parquet_of({"id": 60, "problem": "Q?", "answer": "204", "year": "2024"})),
    ("gpqa", "", gpqa.DIAMOND, lambda: csv_of([
        ["Record ID", "Question", "Correct Answer", "Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3"],
        ["rec1", "Q?", "a", "b", "c", "d"]])),
    ("mmlu_pro", "", mmlu_pro.TEST, lambda: parquet_of(PRO)),
]


@pytest.mark.parametrize(("name", "year", "hub", "body"), ON_HUB, ids=["math500", "aime25", "aime24", "gpqa", "pro"])
def test_each_set_of_the_hub_is_taken_at_its_commit_checked_dated_and_there_without_a_network(
    name: str, year: str, hub: Hub, body: Callable[[], bytes], tmp_path: Path, start_fake: StartFake
) -> None:
    file = tmp_path / "site" / hub.name
    file.parent.mkdir(parents=True)
    file.write_bytes(body())
    server = start_fake("hub_server.py", "--root", str(tmp_path / "site"), "--repo", hub.repository)
    first = from_hub(name, server.url, tmp_path / "cache", year, file)
    assert first.startswith(f"fetching {hub.what}")
    assert re.search(rf"^1 hf:{hub.repository}@{hub.revision} {re.escape(hub.name)} \(fetched 2\d\d\d-\d\d-\d\d\)$",
                     first, re.MULTILINE)
    asked = len(server.requests())
    assert all(f"/resolve/{hub.revision}/" in entry["path"] for entry in server.requests())
    offline = from_hub(name, server.url, tmp_path / "cache", year, file, BENCH_OFFLINE="1")
    assert offline == first.split("\n", 1)[1]
    assert len(server.requests()) == asked


def test_gpqa_is_refused_with_clear_words_where_it_is_gated_another_or_out_of_reach(
    tmp_path: Path, start_fake: StartFake
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / gpqa.DIAMOND.name).write_bytes(ON_HUB[3][3]())
    flags = ("hub_server.py", "--root", str(tmp_path / "site"), "--repo", "Idavidrein/gpqa")
    closed, other = start_fake(*flags, "--gated"), start_fake(*flags)
    said = from_hub("gpqa", closed.url, tmp_path / "cache")
    assert "GPQA's diamond set (hub dataset Idavidrein/gpqa) is gated; accept its terms on the hub and set HF" in said
    said = from_hub("gpqa", other.url, tmp_path / "cache")
    assert re.search(r"GPQA's diamond set: what hf:Idavidrein/gpqa@633f5ee\S+ gpqa_diamond\.csv sent is not the "
                     r"published file \(SHA-256 .*--problems-file \(the copy that was checked is ", said)
    away = from_hub("gpqa", "http://127.0.0.1:9", tmp_path / "no")
    assert "is not in the cache, and the hub cannot be reached" in away
    away = from_hub("gpqa", other.url, tmp_path / "no", BENCH_OFFLINE="1")
    assert "GPQA's diamond set (hub dataset Idavidrein/gpqa) is not in the cache and BENCH_OFFLINE is set" in away
