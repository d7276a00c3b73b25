"""From a spec on the command line to a model, and from a model to its checksum and its need of memory."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from pathlib import Path

import pytest

from core.errors import BadInput, UsageError
from core.records import ModelInfo
from servers.model_hash import model_sha256
from servers.model_size import check_size
from servers.models import DEMO_FOLDER, is_demo, list_demos, resolve
from system.user_cache import user_cache_folder
from tests.servers.gguf_bytes import MINIMAL, whole

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("spec", "label"), [
    ("demo", "demo-5M:Q8_0"),
    ("demo:Q8_0", "demo-5M:Q8_0"),
    ("demo:q2_k", "demo-5M:Q2_K"),
    ("demo:F16", "demo-5M:F16"),
    ("demo-5M", "demo-5M:Q8_0"),
    ("demo-3M", "demo-3M:Q4_K_M"),
    ("demo-3m:IQ4_NL", "demo-3M:IQ4_NL"),
])
def test_demo_specs_name_the_files_that_ship(
        spec: str, label: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = resolve(spec)
    assert found.label == label
    assert is_demo(found)
    assert found.path == str(ROOT / "models" / f"{label.replace(':', '-')}.gguf")
    assert found.parts == (found.path,)
    assert found.size_bytes == Path(found.path).stat().st_size
    assert found.has_chat_template


def test_an_unknown_demo_lists_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"demo:F16, demo:Q8_0, demo:Q4_K_M, demo:Q2_K$"):
        resolve("demo:Q5_K_M")
    with pytest.raises(UsageError, match="there are demo-3M and demo-5M"):
        resolve("demo-7M")
    with pytest.raises(UsageError, match="demo-3M:Q4_K_M, demo-3M:IQ4_NL"):
        resolve("demo-3M:")


def test_all_demos_are_listed_the_largest_first() -> None:
    assert [model.label for model in list_demos()] == [
        "demo-3M:Q4_K_M", "demo-3M:IQ4_NL", "demo-5M:F16", "demo-5M:Q8_0", "demo-5M:Q4_K_M", "demo-5M:Q2_K"]


def test_without_the_models_folder_the_demo_says_where_it_would_be(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("servers.models.DEMO_FOLDER", tmp_path)
    with pytest.raises(BadInput, match="come with the source"):
        resolve("demo")


def test_a_path_is_made_absolute_and_keeps_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "demo").symlink_to(DEMO_FOLDER / "demo-5M-Q2_K.gguf")
    monkeypatch.chdir(tmp_path)
    found = resolve("./demo")
    assert (found.label, found.path) == ("demo-5M:Q2_K", str(tmp_path / "demo"))
    assert is_demo(found)


def test_a_model_of_the_demos_name_is_no_demo(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(whole({**MINIMAL, "general.name": "demo 5M"}))
    found = resolve(str(path))
    assert found.name == "demo-5M"
    assert not is_demo(found)


def test_a_missing_file_names_the_nearest_in_its_folder(tmp_path: Path) -> None:
    for name in ("llama-8B-Q4_K_M.gguf", "llama-8B-Q8_0.gguf", "other.gguf", "notes.txt"):
        (tmp_path / name).touch()
    with pytest.raises(BadInput, match=r"holds llama-8B-Q8_0\.gguf, llama-8B-Q4_K_M\.gguf") as caught:
        resolve(str(tmp_path / "llama-8b-Q8_0.gguf"))
    assert "notes" not in str(caught.value)
    with pytest.raises(BadInput, match=r"holds llama-8B-Q4_K_M\.gguf, llama-8B-Q8_0\.gguf, other\.gguf"):
        resolve(str(tmp_path / "zzzzz"))
    with pytest.raises(BadInput, match=r"is a folder.*other\.gguf"):
        resolve(str(tmp_path))
    with pytest.raises(BadInput, match="cannot be listed"):
        resolve(str(tmp_path / "no" / "m.gguf"))


@pytest.mark.parametrize("spec", ["", "  ", "a\0b", "~nobody-of-this-name/x.gguf", "x" * 5000])
def test_what_is_no_path_is_bad_usage_and_no_crash(spec: str) -> None:
    with pytest.raises(UsageError):
        resolve(spec)


@pytest.mark.parametrize("kind", ["adapter", "mmproj", "imatrix"])
def test_a_gguf_that_is_no_language_model_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(whole({**MINIMAL, "general.type": kind}))
    with pytest.raises(BadInput, match=f"type '{kind}'"):
        resolve(str(path))


def test_an_unknown_architecture_is_left_to_the_server(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(whole({**MINIMAL, "general.architecture": "from-the-future"}))
    assert resolve(str(path)).architecture == "from-the-future"


def model_of(*paths: Path) -> ModelInfo:
    return ModelInfo(name="m", path=str(paths[0]), parts=tuple(map(str, paths)))


def test_the_checksum_is_the_files_own(tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.write_bytes(b"weights")
    assert model_sha256(model_of(path), tmp_path / "cache") == hashlib.sha256(b"weights").hexdigest()


def test_the_checksum_of_a_split_model_depends_on_every_part_and_their_order(tmp_path: Path) -> None:
    one, two = tmp_path / "1", tmp_path / "2"
    one.write_bytes(b"one")
    two.write_bytes(b"two")
    cache = tmp_path / "cache"
    lines = "\n".join(hashlib.sha256(data).hexdigest() for data in (b"one", b"two"))
    assert model_sha256(model_of(one, two), cache) == hashlib.sha256(lines.encode()).hexdigest()
    assert model_sha256(model_of(two, one), cache) != model_sha256(model_of(one, two), cache)


def test_a_checksum_is_remembered_until_the_file_changes(tmp_path: Path) -> None:
    path, cache = tmp_path / "m", tmp_path / "cache"
    path.write_bytes(b"aaaa")
    first = model_sha256(model_of(path), cache)
    kept = path.stat()
    path.write_bytes(b"bbbb")
    os.utime(path, ns=(kept.st_atime_ns, kept.st_mtime_ns))
    assert model_sha256(model_of(path), cache) == first, "same size and time: taken from memory, not read again"
    os.utime(path, ns=(kept.st_atime_ns, kept.st_mtime_ns + 1))
    assert model_sha256(model_of(path), cache) == hashlib.sha256(b"bbbb").hexdigest()
    path.write_bytes(b"ccccc")
    os.utime(path, ns=(kept.st_atime_ns, kept.st_mtime_ns + 1))
    assert model_sha256(model_of(path), cache) == hashlib.sha256(b"ccccc").hexdigest()


@pytest.mark.parametrize("damage", [b"", b"{", b"[1]", b"\xff\xfe", b"[" * 100_000, b'{"PATH": 7}',
                                    b'{"PATH": {"size": 4, "mtime_ns": MTIME, "sha256": "no digest"}}'])
def test_a_damaged_memory_costs_only_time(tmp_path: Path, damage: bytes) -> None:
    path, cache = tmp_path / "m", tmp_path / "cache"
    path.write_bytes(b"aaaa")
    cache.mkdir()
    mtime = str(path.stat().st_mtime_ns).encode()
    file = cache / "gguf-sha256.json"
    file.write_bytes(damage.replace(b"PATH", str(path.resolve()).encode()).replace(b"MTIME", mtime))
    assert model_sha256(model_of(path), cache) == hashlib.sha256(b"aaaa").hexdigest()
    assert json.loads(file.read_bytes())[str(path.resolve())]["sha256"] == hashlib.sha256(b"aaaa").hexdigest()


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.write_bytes(b"aaaa")
    (tmp_path / "cache").write_text("a file where the folder would be")
    assert model_sha256(model_of(path), tmp_path / "cache") == hashlib.sha256(b"aaaa").hexdigest()


def test_many_at_once_remember_all_of_it(tmp_path: Path) -> None:
    paths = [tmp_path / f"m{number}" for number in range(8)]
    for path in paths:
        path.write_text(path.name)
    threads = [threading.Thread(target=model_sha256, args=(model_of(path), tmp_path / "cache")) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    remembered = json.loads((tmp_path / "cache" / "gguf-sha256.json").read_bytes())
    assert set(remembered) == {str(path.resolve()) for path in paths}


def test_a_model_without_files_or_with_one_that_is_gone_has_no_checksum(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no file"):
        model_sha256(ModelInfo(name="hosted"), tmp_path)
    with pytest.raises(BadInput, match="cannot be read"):
        model_sha256(model_of(tmp_path / "gone"), tmp_path)


def test_the_cache_lies_where_the_user_wants_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert user_cache_folder() == tmp_path / "bench-runner"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert user_cache_folder() == Path.home() / ".cache" / "bench-runner"


def test_a_model_larger_than_the_limit_is_refused_with_what_it_has() -> None:
    mixture = ModelInfo(name="big", parameters=30_532_000_000, active_parameters=3_340_000_000)
    check_size(mixture, None)
    check_size(mixture, 30.6)
    with pytest.raises(BadInput, match=r"big has 30\.5 billion parameters \(3\.34 billion active at a time\)"):
        check_size(mixture, 14)
