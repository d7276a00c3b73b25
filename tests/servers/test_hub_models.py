"""Models from the hub: a stand-in for it on loopback, the real hub client in a process with its own cache."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.errors import UsageError
from servers.model_list import list_models
from servers.models import resolve
from tests.servers.gguf_bytes import MATRIX_BYTES, MINIMAL, whole

ROOT = Path(__file__).resolve().parents[2]
COMMIT = "0123456789abcdef0123456789abcdef01234567"
PROGRAM = """
import json, sys
from core.errors import BenchError
from servers.hub_models import Telling
from servers.models import resolve
said = []
try:
    model = resolve(sys.argv[1], Telling(said.append, bars=True), 8)
    result = {"name": model.label, "path": model.path, "parts": model.parts, "source": model.source}
except BenchError as error:
    result = {"error": str(error), "kind": type(error).__name__}
print(json.dumps(result | {"said": said}))
"""


@dataclass(frozen=True)
class Hub:
    """A stand-in that runs, and a cache of its own."""

    url: str
    log: Path
    home: Path

    def load(self, spec: str, **env: str) -> dict[str, Any]:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
        environment |= {"HF_HOME": str(self.home / "hf"), "XDG_CACHE_HOME": str(self.home / "cache"),
                        "HF_ENDPOINT": self.url, "PYTHONPATH": str(ROOT), "HF_HUB_DISABLE_TELEMETRY": "1"}
        done = subprocess.run([sys.executable, "-c", PROGRAM, spec], env=environment | env, capture_output=True,
                              text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        result: dict[str, Any] = json.loads(done.stdout)
        return result | {"stderr": done.stderr}

    def downloads(self) -> list[str]:
        lines = [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []
        return [line["path"] for line in lines if line["method"] == "GET" and "/resolve/" in line["path"]]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two quantizations, one model in two files in a folder of its own, and what is no model."""
    root = tmp_path / "repository"
    (root / "F16").mkdir(parents=True)
    for name in ("m-Q8_0.gguf", "m-Q4_K_M.gguf", "mmproj-F16.gguf"):
        (root / name).write_bytes(whole({**MINIMAL, "general.name": name}))
    for number in (0, 1):
        split = {**MINIMAL, "split.no": number, "split.count": 2}
        (root / "F16" / f"m-F16-0000{number + 1}-of-00002.gguf").write_bytes(whole(split))
    (root / "README.md").write_text("about")
    return root


@pytest.fixture
def hub(repository: Path, tmp_path: Path) -> Iterator[Callable[..., Hub]]:
    with ExitStack() as held:
        def start(*flags: str) -> Hub:
            log = tmp_path / "hub.log"
            child = held.enter_context(subprocess.Popen(
                [sys.executable, ROOT / "tests" / "fakes" / "hub_server.py", "--root", repository, "--log", log,
                 "--repo", "owner/m-GGUF", *flags], stdout=subprocess.PIPE, text=True))
            held.callback(child.kill)
            assert child.stdout is not None
            return Hub(f"http://127.0.0.1:{int(child.stdout.readline())}", log, tmp_path)

        yield start


def test_a_model_is_fetched_with_a_bar_once_and_is_there_offline(hub: Callable[..., Hub]) -> None:
    there = hub()
    first = there.load("hf:owner/m-GGUF", TQDM_POSITION="-1")  # a bar without a terminal too
    assert Path(first["path"]).name == "m-Q4_K_M.gguf"
    assert first["source"] == f"hf:owner/m-GGUF@{COMMIT} m-Q4_K_M.gguf"
    assert "m-Q4_K_M.gguf: 100%" in first["stderr"].replace("  ", " ")
    assert "fetching m-Q4_K_M.gguf of hf:owner/m-GGUF" in first["said"][0]
    again = there.load("hf:owner/m-GGUF:q4_k_m")
    assert (again["path"], again["said"]) == (first["path"], [])
    offline = there.load("hf:owner/m-GGUF", HF_HUB_OFFLINE="1")
    assert (offline["path"], offline["source"]) == (first["path"], first["source"])
    assert offline["said"] == ["HF_HUB_OFFLINE is set: hf:owner/m-GGUF as it is in the cache"]
    assert there.load("hf:owner/m-GGUF", HF_ENDPOINT="http://127.0.0.1:9")["path"] == first["path"]
    assert len(there.downloads()) == 1


def test_the_files_of_a_split_model_come_together(hub: Callable[..., Hub]) -> None:
    found = hub().load("hf:owner/m-GGUF:F16")
    assert [Path(part).name for part in found["parts"]] == ["m-F16-00001-of-00002.gguf", "m-F16-00002-of-00002.gguf"]
    assert found["source"] == f"hf:owner/m-GGUF@{COMMIT} F16/m-F16-00001-of-00002.gguf"


def test_a_download_that_is_cut_goes_on_where_it_stopped(hub: Callable[..., Hub], repository: Path) -> None:
    # The client writes 10 MB at a time; less than that is not kept.
    (repository / "m-Q8_0.gguf").write_bytes(whole(MINIMAL, data_bytes=MATRIX_BYTES + 14_000_000))
    there = hub("--cut-first", "12000000")
    assert Path(there.load("hf:owner/m-GGUF:Q8_0")["path"]).name == "m-Q8_0.gguf"
    ranges = [json.loads(line)["range"] for line in there.log.read_text().splitlines() if '"GET"' in line]
    assert ranges == [None, None, "bytes=10485760-"]  # the list, the file, the rest of the file


def test_what_is_damaged_on_its_way_or_in_the_cache_is_found(hub: Callable[..., Hub]) -> None:
    there = hub("--corrupt")
    for env in ({}, {"HF_HUB_OFFLINE": "1"}):
        corrupt = there.load("hf:owner/m-GGUF:Q8_0", **env)
        assert "this copy is damaged (its SHA-256 is not the hub's)" in corrupt["error"]
        assert Path(corrupt["error"].partition("delete ")[2].partition(" ")[0]).is_file()
    assert len(there.downloads()) == 1


def test_a_quantization_that_is_not_there_lists_those_that_are(hub: Callable[..., Hub]) -> None:
    found = hub().load("hf:owner/m-GGUF:Q5_K_M")
    assert found["kind"] == "BadInput"
    assert found["error"] == "hf:owner/m-GGUF:Q5_K_M is not there; there are F16, Q4_K_M, Q8_0"


def test_a_model_of_more_parameters_than_allowed_is_not_fetched(hub: Callable[..., Hub]) -> None:
    there = hub("--parameters", "70000000000", "--huge", "m-Q2_K.gguf")
    assert there.load("hf:owner/m-GGUF:Q2_K")["error"] == (
        "hf:owner/m-GGUF has 70 billion parameters, more than --max-model-b 8 allows: raise it or leave the model out")
    assert not there.downloads()
    assert "error" not in there.load("hf:owner/m-GGUF:Q8_0")  # another model: its file is too small for so many


def test_a_quantization_that_is_found_in_another_is_told(hub: Callable[..., Hub], repository: Path) -> None:
    (repository / "F16").rename(repository / "BF16")
    for path in (repository / "BF16").iterdir():
        path.rename(path.with_name(path.name.replace("F16", "BF16")))
    there = hub()
    said = there.load("hf:owner/m-GGUF:F16")["said"]
    assert said[0] == ("hf:owner/m-GGUF:F16 is BF16/m-BF16-00001-of-00002.gguf, the first file whose name matches, as "
                       "llama.cpp takes it; for another, give the name of its file after the colon")
    for exact in ("bf16", "m-Q8_0.gguf", "q8_0", ""):
        assert not any("the first file whose name" in each for each in there.load(f"hf:owner/m-GGUF:{exact}")["said"])


def test_a_file_that_the_disk_cannot_hold_is_not_begun(hub: Callable[..., Hub]) -> None:
    there = hub("--huge", "m-Q2_K.gguf")
    found = there.load("hf:owner/m-GGUF:Q2_K")
    assert "make room there, or put HF_HOME on another disk" in found["error"]
    assert not there.downloads()


@pytest.mark.parametrize("name", [
    "../../../x-Q2_K.gguf", "/tmp/x-Q2_K.gguf", "a/../../x-Q2_K.gguf", "a\\..\\x-Q2_K.gguf", "a//x-Q2_K.gguf"])
def test_a_name_that_leads_out_of_the_repository_is_no_file_of_it(hub: Callable[..., Hub], name: str) -> None:
    found = hub("--huge", name).load("hf:owner/m-GGUF:Q2_K")
    assert found["error"] == "hf:owner/m-GGUF:Q2_K is not there; there are F16, Q4_K_M, Q8_0"


def _next_revision(repository: Path, tmp_path: Path) -> Path:
    """The same repository with another Q4_K_M and another second part."""
    following = tmp_path / "following"
    shutil.copytree(repository, following)
    (following / "m-Q4_K_M.gguf").write_bytes(whole({**MINIMAL, "general.name": "changed"}))
    (following / "F16" / "m-F16-00002-of-00002.gguf").write_bytes(
        whole({**MINIMAL, "split.no": 1, "split.count": 2, "general.name": "changed"}))
    return following


def test_a_repository_that_changes_while_it_is_fetched_gives_one_revision(
        hub: Callable[..., Hub], repository: Path, tmp_path: Path) -> None:
    found = hub("--next", str(_next_revision(repository, tmp_path))).load("hf:owner/m-GGUF:Q4_K_M")
    assert found.get("error") is None
    assert (found["name"], found["source"]) == ("changed:F16", f"hf:owner/m-GGUF@{'f' * 40} m-Q4_K_M.gguf")


def test_parts_of_two_revisions_are_never_taken_for_one_model(
        hub: Callable[..., Hub], repository: Path, tmp_path: Path) -> None:
    """The first part was fetched before the repository changed, the second after it."""
    there = hub()
    parts = there.load("hf:owner/m-GGUF:F16")["parts"]
    Path(parts[1]).resolve().unlink()
    later = Hub(hub("--next", str(_next_revision(repository, tmp_path))).url, tmp_path / "hub.log", tmp_path)
    found = later.load("hf:owner/m-GGUF:F16")
    assert found.get("error") is None
    assert {Path(part).parts[-3] for part in found["parts"]} == {"f" * 40}
    assert Path(found["parts"][0]).resolve() == Path(parts[0]).resolve()  # the same file: it was not fetched again
    Path(found["parts"][0]).unlink()
    offline = later.load("hf:owner/m-GGUF:F16", HF_HUB_OFFLINE="1")
    assert "of different revisions only, which do not go together; go online once" in offline["error"]


@pytest.mark.parametrize(("flags", "spec", "message"), [
    (["--gated"], "hf:owner/m-GGUF", "is gated: accept its terms on its page on the hub and set HF_TOKEN"),
    ([], "hf:owner/other", "is not on the hub, or private"),
    (["--hidden"], "hf:owner/other", "is not on the hub, or private"),
    (["--status", "500"], "hf:owner/m-GGUF", "the hub answered 500: try again later"),
    (["--status", "403"], "hf:owner/m-GGUF", "the hub refuses it (403): check HF_TOKEN"),
])
def test_what_the_hub_refuses_is_one_clear_sentence(
        hub: Callable[..., Hub], flags: list[str], spec: str, message: str) -> None:
    found = hub(*flags).load(spec)
    assert found["kind"] == "BadInput"
    assert message in found["error"]
    assert "\n" not in found["error"]


def test_a_repository_without_a_model_says_so(hub: Callable[..., Hub], repository: Path) -> None:
    for path in repository.rglob("*.gguf"):
        path.unlink()
    assert "has no GGUF file of a language model there" in hub().load("hf:owner/m-GGUF")["error"]


def test_without_hub_and_cache_it_says_which_of_them_is_missing(tmp_path: Path) -> None:
    nowhere = Hub("http://127.0.0.1:9", tmp_path / "log", tmp_path)
    assert "is not in the cache, and the hub cannot be reached" in nowhere.load("hf:owner/m-GGUF")["error"]
    offline = nowhere.load("hf:owner/m-GGUF", HF_HUB_OFFLINE="1")
    assert "is not in the cache, and HF_HUB_OFFLINE is set; go online once" in offline["error"]


@pytest.mark.parametrize("spec", ["hf:", "hf:model", "hf:a/b/c", "hf:../x:Q8_0", "hf:a/b:Q 8"])
def test_what_is_no_repository_is_bad_usage(spec: str) -> None:
    with pytest.raises(UsageError, match="names no repository"):
        resolve(spec)


def test_files_from_the_cache_are_what_a_folder_of_it_shows(hub: Callable[..., Hub]) -> None:
    there = hub()
    path = there.load("hf:owner/m-GGUF:Q8_0")["path"]
    assert [model.path for model in list_models([str(there.home / "hf" / "hub")]).models] == [path]
