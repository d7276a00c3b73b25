"""A folder of GGUF files and a pattern of their names as so many models."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import UsageError
from servers.model_list import list_models
from tests.servers.gguf_bytes import MATRIX, MATRIX_BYTES, MINIMAL, whole

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A model of that many bytes of weights; metadata by keyword."""
    def put(name: str, weights: int = MATRIX_BYTES, **metadata: object) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        named = {key.replace("__", "."): value for key, value in metadata.items()}
        path.write_bytes(whole({**MINIMAL, "general.name": path.stem, **named}, data_bytes=weights))
        return path

    return put


def names(spec: str | Path, *more: str | Path) -> list[str]:
    found = list_models([str(spec), *map(str, more)])
    assert not found.refused
    return [Path(model.path or "").name for model in found.models]


def test_a_folder_is_its_models_the_smallest_first(write: Write, tmp_path: Path) -> None:
    write("a.gguf", 3 * MATRIX_BYTES)
    write("b.gguf", MATRIX_BYTES)
    write("c.GGUF", 2 * MATRIX_BYTES)
    (tmp_path / "README.md").write_text("no model")
    assert names(tmp_path) == ["b.gguf", "c.GGUF", "a.gguf"]


def test_the_folders_in_it_count_and_those_below_do_not(write: Write, tmp_path: Path) -> None:
    write("qwen/q.gguf")
    write("deep/deeper/no.gguf")
    write(".hidden/no.gguf")
    assert names(tmp_path) == ["q.gguf"]


def test_a_hub_cache_gives_the_main_revision_of_each_model_once(write: Write, tmp_path: Path) -> None:
    blob = write("models--o--m-GGUF/blobs/abc.gguf")
    for commit in ("1" * 40, "2" * 40):
        folder = tmp_path / "models--o--m-GGUF" / "snapshots" / commit / "Q4_K_M"
        folder.mkdir(parents=True)
        (folder / f"m-{commit[0]}.gguf").symlink_to(blob)
    (tmp_path / "models--o--m-GGUF" / "refs").mkdir()
    (tmp_path / "models--o--m-GGUF" / "refs" / "main").write_text("1" * 40)
    assert names(tmp_path) == ["m-1.gguf"]
    assert names(tmp_path / "models--o--m-GGUF") == ["m-1.gguf"]


def test_split_files_are_one_model_of_their_sizes_together(write: Write, tmp_path: Path) -> None:
    write("small.gguf", 4 * MATRIX_BYTES)
    for number in range(2):
        write(f"big-0000{number + 1}-of-00002.gguf", 3 * MATRIX_BYTES, split__no=number, split__count=2)
    assert names(tmp_path) == ["small.gguf", "big-00001-of-00002.gguf"]


def test_a_split_model_that_lacks_a_file_is_refused_once_and_the_rest_is_there(write: Write, tmp_path: Path) -> None:
    write("fine.gguf")
    for number in (1, 2):
        write(f"big-0000{number + 1}-of-00003.gguf", split__no=number, split__count=3)
    found = list_models([str(tmp_path)])
    assert [model.name for model in found.models] == ["fine"]
    assert len(found.refused) == 1
    assert "big-00001-of-00003.gguf is missing" in str(found.refused[0])


@pytest.mark.parametrize("metadata", [
    {"general__type": "mmproj"}, {"general__type": "adapter"}, {"general__architecture": "nomic-bert"}])
def test_what_is_no_language_model_is_left_out_and_named(
        write: Write, tmp_path: Path, metadata: dict[str, str]) -> None:
    write("model.gguf")
    write("other.gguf", **metadata)
    found = list_models([str(tmp_path)])
    assert [model.name for model in found.models] == ["model"]
    assert [note for note in found.notes if "other.gguf is no language model" in note] == list(found.notes)
    assert found.notes


def test_a_vocabulary_is_left_out_and_named(write: Write, tmp_path: Path) -> None:
    write("model.gguf")
    (tmp_path / "vocab.gguf").write_bytes(whole(MINIMAL, tensors=(), data_bytes=0))
    found = list_models([str(tmp_path)])
    assert [model.name for model in found.models] == ["model"]
    assert "vocab.gguf holds a vocabulary and no weights" in found.notes[0]
    assert not found.refused


def test_a_file_under_two_names_is_one_model(write: Write, tmp_path: Path) -> None:
    path = write("a.gguf")
    (tmp_path / "b.gguf").symlink_to(path)
    os.link(path, tmp_path / "c.gguf")
    assert names(tmp_path) == ["a.gguf"]
    assert names(path, tmp_path) == ["a.gguf"]


def test_a_broken_file_does_not_keep_the_others_from_running(write: Write, tmp_path: Path) -> None:
    write("fine.gguf")
    (tmp_path / "half.gguf").write_bytes(whole(MINIMAL, (MATRIX,))[:-50])
    found = list_models([str(tmp_path)])
    assert [model.name for model in found.models] == ["fine"]
    assert "half.gguf" in str(found.refused[0])


def test_a_folder_without_models_says_so(tmp_path: Path) -> None:
    found = list_models([str(tmp_path)])
    assert not found.models
    assert "is a folder without GGUF files" in str(found.refused[0])


def test_a_folder_of_the_transformers_library_is_told_by_its_other_name(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").touch()
    (refused,) = list_models([str(tmp_path)]).refused
    assert f"name it as transformers:{tmp_path}" in str(refused)


def test_links_that_lead_round_in_circles_end(write: Write, tmp_path: Path) -> None:
    write("m.gguf")
    write("sub/n.gguf", 2 * MATRIX_BYTES)
    write(".hidden/o.gguf", 3 * MATRIX_BYTES)
    for name in ("a", "b", "sub/c"):
        (tmp_path / name).symlink_to(tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    assert names(tmp_path / "**" / "*.gguf") == ["m.gguf", "n.gguf"]
    assert names(tmp_path / ".hidden" / "**") == ["o.gguf"]
    found = list_models([str(tmp_path)]).models
    assert [model.path for model in found] == [str(tmp_path / "m.gguf"), str(tmp_path / "sub" / "n.gguf")]


def test_two_split_models_in_one_folder_are_two(write: Write, tmp_path: Path) -> None:
    for name, weights in (("q4", 1), ("q8", 2)):
        for number in range(2):
            write(f"m-{name}-0000{number + 1}-of-00002.gguf", weights * MATRIX_BYTES, split__no=number, split__count=2,
                  general__name="m")
    assert names(tmp_path) == ["m-q4-00001-of-00002.gguf", "m-q8-00001-of-00002.gguf"]


def test_a_pipe_and_a_device_are_no_models_and_nothing_waits_for_them(write: Write, tmp_path: Path) -> None:
    write("m.gguf")
    os.mkfifo(tmp_path / "pipe.gguf")
    (tmp_path / "null.gguf").symlink_to("/dev/zero")
    assert names(tmp_path) == names(tmp_path / "*") == ["m.gguf"]


def test_a_folder_of_projectors_only_says_what_it_holds(write: Write, tmp_path: Path) -> None:
    write("mmproj.gguf", general__type="mmproj")
    assert "holds no language model to run: left out: " in str(list_models([str(tmp_path)]).refused[0])


def test_a_pattern_in_quotes_is_the_files_that_match(write: Write, tmp_path: Path) -> None:
    for name in ("m-Q4_K_M.gguf", "m-Q4_0.gguf", "m-Q8_0.gguf", "sub/m-Q4_1.gguf"):
        write(name)
    (tmp_path / "m-Q4.txt").touch()
    assert names(tmp_path / "*Q4*") == ["m-Q4_0.gguf", "m-Q4_K_M.gguf"]
    assert sorted(names(tmp_path / "**" / "*Q4*")) == ["m-Q4_0.gguf", "m-Q4_1.gguf", "m-Q4_K_M.gguf"]


def test_a_pattern_that_matches_nothing_says_so(tmp_path: Path) -> None:
    assert "matches no file" in str(list_models([str(tmp_path / "*Q4*.gguf")]).refused[0])


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(write: Write) -> None:
    assert names(write("m[1].gguf")) == ["m[1].gguf"]


def test_models_larger_than_allowed_are_left_out_of_a_folder_and_refused_by_name(write: Write, tmp_path: Path) -> None:
    path = write("m.gguf")
    write("large.gguf", 2 * MATRIX_BYTES)
    found = list_models([str(path.parent)], 1e-9)
    assert "left out: large" in str(found.refused[0])
    assert "left out: m" in str(found.refused[0])
    assert "more than --max-model-b" in str(list_models([str(path)], 1e-9).refused[0])


def test_a_misspelt_name_stops_everything(write: Write, tmp_path: Path) -> None:
    write("m.gguf")
    with pytest.raises(UsageError, match="demo models"):
        list_models([str(tmp_path), "demo-9M"])
