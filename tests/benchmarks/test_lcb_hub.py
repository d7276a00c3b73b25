"""LiveCodeBench from the hub: a stand-in for it on loopback, the real hub client in a process with its own cache."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.helpers import ROOT, StartFake, lcb_record, write_lines

PROGRAM = """
import json, sys
from benchmarks.datasets import lcb
from benchmarks.datasets.request import DatasetRequest
from core.errors import BenchError
wish = json.loads(sys.argv[1])
said, asked, bar = [], [], []
if "answer" in wish:
    answer = wish.pop("answer")
    wish["confirm"] = lambda message: (asked.append(message), answer)[1]
if wish.pop("bar", False):
    wish["progress"] = lambda name, done, total: bar.append([name, done, total])
try:
    tasks = lcb.open_tasks(DatasetRequest(say=said.append, **wish))
    result = {"ids": [task.task_id for task in tasks.tasks], "sha256": tasks.sha256, "source": tasks.source,
              "inputs": tasks.reference(tasks.tasks[0].task_id)["inputs"]}
except BenchError as error:
    result = {"error": str(error), "kind": type(error).__name__}
print(json.dumps(result | {"said": said, "asked": asked, "bar": bar}))
"""
NAMES = ["test.jsonl", *(f"test{n}.jsonl" for n in range(2, 7))]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Six shards of two problems each."""
    root = tmp_path / "repository"
    root.mkdir()
    for number, name in enumerate(NAMES, 1):
        write_lines(root / name, [lcb_record(f"s{number}b"), lcb_record(f"s{number}a", question_content="x" * 20_000)])
    return root


def load(cache: Path, endpoint: str, wish: dict[str, Any], **env: str) -> dict[str, Any]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    environment |= {
        "HF_HOME": str(cache),
        "HF_ENDPOINT": endpoint,
        "PYTHONPATH": str(ROOT),
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(wish)],
        env=environment | env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result | {"stderr": done.stderr}


def test_a_shard_is_fetched_with_a_bar_once_and_then_read_from_the_cache_offline(
    start_fake: StartFake, repository: Path, tmp_path: Path
) -> None:
    hub = start_fake("hub_server.py", "--root", str(repository))
    first = load(
        tmp_path / "cache", hub.url, {"problems_file": "v6"}, TQDM_POSITION="-1"
    )  # a bar without a terminal too
    assert first["ids"] == ["s6a", "s6b"]
    assert first["inputs"] == ["0\n", "1\n", "2\n"]
    assert first["sha256"] == hashlib.sha256((repository / "test6.jsonl").read_bytes()).hexdigest()
    assert (
        first["source"] == "hf:livecodebench/code_generation_lite@0fe84c3912ea0c4d4a78037083943e8f0c4dd505 test6.jsonl"
    )
    assert re.search(r"test6\.jsonl: +100%", first["stderr"])
    assert len(first["said"]) == 1
    assert "v6: 0.0 MB to download" in first["said"][0]
    assert "smaller part" not in first["said"][0]
    downloads = [line for line in hub.requests() if line["method"] == "GET"]
    assert [line["path"].rpartition("/")[2] for line in downloads] == ["test6.jsonl"]

    again = load(tmp_path / "cache", hub.url, {"problems_file": "v6"})
    assert again["said"] == []
    assert [line for line in hub.requests() if line["method"] == "GET"] == downloads
    requests = len(hub.requests())
    offline = load(tmp_path / "cache", hub.url, {"problems_file": "v6"}, HF_HUB_OFFLINE="1")
    assert (offline["ids"], offline["sha256"]) == (first["ids"], first["sha256"])
    assert len(hub.requests()) == requests


def test_a_release_is_its_shards_together_sorted_and_progress_is_told(
    start_fake: StartFake, repository: Path, tmp_path: Path
) -> None:
    hub = start_fake("hub_server.py", "--root", str(repository))
    result = load(tmp_path / "cache", hub.url, {"problems_file": "release_v2", "bar": True})
    assert result["ids"] == ["s1a", "s1b", "s2a", "s2b"]
    digests = "".join(hashlib.sha256((repository / name).read_bytes()).hexdigest() + "\n" for name in NAMES[:2])
    assert result["sha256"] == hashlib.sha256(digests.encode()).hexdigest()
    size = (repository / "test2.jsonl").stat().st_size
    assert result["bar"][-1] == ["test2.jsonl", size, size]


def test_the_default_is_the_latest_release_after_a_word_about_its_size(
    start_fake: StartFake, repository: Path, tmp_path: Path
) -> None:
    hub = start_fake("hub_server.py", "--root", str(repository))
    declined = load(tmp_path / "cache", hub.url, {"answer": False})
    assert declined["kind"] == "UsageError"
    assert "was not downloaded" in declined["error"]
    assert len(declined["asked"]) == 1
    assert "release_v6: 0.1 MB to download" in declined["said"][0]
    assert "--problems-file v6 is a smaller part" in declined["said"][0]
    assert declined["asked"] == ["Download 0.1 MB of LiveCodeBench (release_v6) now?"]
    assert all(line["method"] == "HEAD" for line in hub.requests())
    assert len(load(tmp_path / "cache", hub.url, {"answer": True})["ids"]) == 12


def test_a_download_that_is_cut_is_resumed(start_fake: StartFake, repository: Path, tmp_path: Path) -> None:
    # The client writes 10 MB at a time; less than that is not kept.
    write_lines(repository / "test3.jsonl", [lcb_record("s3b"), lcb_record("s3a", question_content="x" * 14_000_000)])
    hub = start_fake("hub_server.py", "--root", str(repository), "--cut-first", "12000000")
    assert load(tmp_path / "cache", hub.url, {"problems_file": "v3"})["ids"] == ["s3a", "s3b"]
    ranges = [line["range"] for line in hub.requests() if line["method"] == "GET"]
    assert ranges == [None, "bytes=10485760-"]


def test_a_damaged_copy_is_found_and_named(start_fake: StartFake, repository: Path, tmp_path: Path) -> None:
    hub = start_fake("hub_server.py", "--root", str(repository))
    load(tmp_path / "cache", hub.url, {"problems_file": "v1"})
    blob = next((tmp_path / "cache").rglob("snapshots/*/test.jsonl")).resolve()
    blob.write_bytes(blob.read_bytes().replace(b"Statement of s1b", b"Statement of s1c"))
    damaged = load(tmp_path / "cache", hub.url, {"problems_file": "v1"})
    assert damaged["kind"] == "BadInput"
    assert "is damaged" in damaged["error"]
    assert str(blob) in damaged["error"]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--gated"], "is gated; accept its terms on the hub and set HF_TOKEN"),
        (["--repo", "somebody/else"], "is not on the hub that was asked; check HF_ENDPOINT"),
        (["--status", "500"], "answered 500; try again later"),
        (["--status", "401"], "answered 401"),
    ],
)
def test_what_the_hub_refuses_is_one_clear_sentence(
    start_fake: StartFake, repository: Path, tmp_path: Path, flags: list[str], message: str
) -> None:
    hub = start_fake("hub_server.py", "--root", str(repository), *flags)
    result = load(tmp_path / "cache", hub.url, {"problems_file": "v5"})
    assert result["kind"] == "BadInput"
    assert message in result["error"]
    assert "name a local file" in result["error"]
    assert "\n" not in result["error"]


def test_a_shard_that_is_not_there_and_a_hub_that_is_not_there_are_told_apart(
    start_fake: StartFake, repository: Path, tmp_path: Path
) -> None:
    (repository / "test4.jsonl").unlink()
    hub = start_fake("hub_server.py", "--root", str(repository))
    assert "test4.jsonl" in (missing := load(tmp_path / "cache", hub.url, {"problems_file": "v4"}))["error"]
    assert "is not on the hub" in missing["error"]
    away = load(tmp_path / "cache", "http://127.0.0.1:9", {"problems_file": "v2"})
    assert (away["kind"], "the hub cannot be reached (offline" in away["error"]) == ("BadInput", True)
    requests = len(hub.requests())
    for variable in ("HF_HUB_OFFLINE", "BENCH_OFFLINE"):
        away = load(tmp_path / "cache", hub.url, {"problems_file": "v2"}, **{variable: "1"})
        assert away["kind"] == "BadInput"
        assert f"is not in the cache and {variable} is set; go online once" in away["error"]
    assert len(hub.requests()) == requests


def test_a_release_that_there_is_not_never_asks_the_hub(
    start_fake: StartFake, repository: Path, tmp_path: Path
) -> None:
    hub = start_fake("hub_server.py", "--root", str(repository))
    assert load(tmp_path / "cache", hub.url, {"problems_file": "v9"})["kind"] == "UsageError"
    assert hub.requests() == []
