"""Published files are fetched once, kept whole, and checked at each use: against a real web server on loopback."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from benchmarks.datasets.download import Remote, fetch
from benchmarks.datasets.request import DatasetRequest
from core.errors import BadInput
from tests.benchmarks.helpers import StartFake

BODY = b"".join(b"line %d of a data set\n" % number for number in range(20_000))
SHA256 = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The folder that is served, with one file."""
    root = tmp_path / "site"
    (root / "v1").mkdir(parents=True)
    (root / "v1" / "test.jsonl").write_bytes(BODY)
    return root


def kept(cache: Path, name: str = "test.jsonl") -> Path:
    return next(cache.glob(f"*/{name}"))


def test_a_file_is_fetched_once_with_a_note_of_where_when_and_what(
    site: Path, tmp_path: Path, start_fake: StartFake
) -> None:
    fake = start_fake("file_server.py", "--root", str(site))
    said: list[str] = []
    steps: list[tuple[str, int, int | None]] = []
    request = DatasetRequest(say=said.append, progress=lambda *step: steps.append(step))
    remote = Remote("The set", f"{fake.url}/v1/test.jsonl")
    first = fetch(remote, request, tmp_path / "cache")
    assert first.path.read_bytes() == BODY
    assert first.sha256 == SHA256
    assert first.source.startswith(f"{remote.url} (fetched 20")
    note = json.loads(kept(tmp_path / "cache", "test.jsonl.json").read_text())
    assert note["sha256"] == SHA256
    assert note["bytes"] == len(BODY)
    assert said == [f"fetching The set from {remote.url}"]
    assert steps[-1] == ("test.jsonl", len(BODY), len(BODY))
    assert fetch(remote, request, tmp_path / "cache") == first
    assert len(fake.requests()) == 1


@pytest.mark.parametrize("known", [True, False])
def test_a_download_that_is_cut_goes_on_where_it_stopped(
    site: Path, tmp_path: Path, start_fake: StartFake, known: bool
) -> None:
    fake = start_fake("file_server.py", "--root", str(site), "--cut", str(len(BODY) // 3))
    remote = Remote("The set", f"{fake.url}/v1/test.jsonl", SHA256 if known else None)
    assert fetch(remote, DatasetRequest(), tmp_path / "cache").path.read_bytes() == BODY
    starts = [int((entry["range"] or "bytes=0-")[6:-1]) for entry in fake.requests()]
    assert starts == sorted(starts)
    assert len(starts) >= 3
    assert starts[-1] > len(BODY) // 2


def test_what_is_left_of_an_earlier_run_is_used_and_a_file_that_changed_meanwhile_is_begun_anew(
    site: Path, tmp_path: Path, start_fake: StartFake
) -> None:
    cut = start_fake("file_server.py", "--root", str(site), "--cut", "10")
    remote = Remote("The set", f"{cut.url}/v1/test.jsonl")
    with pytest.raises(BadInput, match="run again: it resumes"):
        fetch(remote, DatasetRequest(), tmp_path / "cache")
    part = kept(tmp_path / "cache", "test.jsonl.part")
    assert part.stat().st_size == 40
    (site / "v1" / "test.jsonl").write_bytes(b"short")
    assert fetch(remote, DatasetRequest(), tmp_path / "cache").path.read_bytes() == b"short"
    assert not part.exists()


def test_a_file_that_is_not_the_published_one_is_refused_and_not_kept(
    site: Path, tmp_path: Path, start_fake: StartFake
) -> None:
    fake = start_fake("file_server.py", "--root", str(site))
    with pytest.raises(BadInput, match=r"is not the published file \(SHA-256 .*--problems-file"):
        fetch(Remote("The set", f"{fake.url}/v1/test.jsonl", "0" * 64), DatasetRequest(), tmp_path / "cache")
    assert {path.name for path in (tmp_path / "cache").glob("*/*")} == {"lock"}


def test_a_damaged_copy_is_fetched_anew_and_without_a_network_refused(
    site: Path, tmp_path: Path, start_fake: StartFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = start_fake("file_server.py", "--root", str(site))
    remote = Remote("The set", f"{fake.url}/v1/test.jsonl")
    fetch(remote, DatasetRequest(), tmp_path / "cache")
    monkeypatch.setenv("BENCH_OFFLINE", "1")
    assert fetch(remote, DatasetRequest(), tmp_path / "cache").sha256 == SHA256
    kept(tmp_path / "cache").write_bytes(BODY[:-1] + b"!")
    with pytest.raises(BadInput, match=r"not in the cache and BENCH_OFFLINE is set"):
        fetch(remote, DatasetRequest(), tmp_path / "cache")
    monkeypatch.delenv("BENCH_OFFLINE")
    said: list[str] = []
    assert fetch(remote, DatasetRequest(say=said.append), tmp_path / "cache").sha256 == SHA256
    assert "is damaged" in said[0]


@pytest.mark.parametrize("variable", ["BENCH_OFFLINE", "HF_HUB_OFFLINE"])
def test_offline_nothing_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "1")
    with pytest.raises(BadInput, match=f"not in the cache and {variable} is set; go online once"):
        fetch(Remote("The set", "http://127.0.0.1:9/x.jsonl"), DatasetRequest(), tmp_path)


@pytest.mark.parametrize(
    ("status", "message"),
    [(403, "may not be read without permission"), (404, "is no longer at"), (503, "answered 503; try again later")],
)
def test_a_refusal_is_one_sentence_with_a_way_out(
    site: Path, tmp_path: Path, start_fake: StartFake, status: int, message: str
) -> None:
    fake = start_fake("file_server.py", "--root", str(site), "--status", str(status))
    with pytest.raises(BadInput, match=f"{message}.*or name a local file with --problems-file"):
        fetch(Remote("The set", f"{fake.url}/v1/test.jsonl"), DatasetRequest(), tmp_path / "cache")


def test_a_server_that_is_not_there_and_a_cache_that_is_a_file_are_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="could not be fetched from"):
        fetch(Remote("The set", "http://127.0.0.1:9/x.jsonl"), DatasetRequest(), tmp_path / "cache")
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot be kept in"):
        fetch(Remote("The set", "http://127.0.0.1:9/x.jsonl"), DatasetRequest(), tmp_path / "file")
