"""What a container leaves of the memory, by files as the kernel writes them."""

from __future__ import annotations

from pathlib import Path

from system.cgroup import limit_bytes, room_bytes


def group(folder: Path, **files: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(f"{text}\n")


def own(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "self"
    path.write_text("\n".join(lines))
    return path


def test_a_group_without_a_limit_leaves_all(tmp_path: Path) -> None:
    group(tmp_path / "cg/a", memory__max="max", memory__current=5)
    assert room_bytes(tmp_path / "cg", own(tmp_path, "0::/a")) is None
    assert limit_bytes(tmp_path / "cg", own(tmp_path, "0::/a")) is None


def test_the_tightest_group_on_the_way_up_decides(tmp_path: Path) -> None:
    group(tmp_path / "cg/a", memory__max=1000, memory__current=700)
    group(tmp_path / "cg/a/b", memory__max=900, memory__current=100)
    assert room_bytes(tmp_path / "cg", own(tmp_path, "0::/a/b")) == 300
    assert limit_bytes(tmp_path / "cg", own(tmp_path, "0::/a/b")) == 900


def test_pages_of_files_count_as_free_but_shared_memory_does_not(tmp_path: Path) -> None:
    group(tmp_path / "cg/a", memory__max=1000, memory__current=700, memory__stat="anon 100\nfile 500\nshmem 50")
    assert room_bytes(tmp_path / "cg", own(tmp_path, "0::/a")) == 300 + 450


def test_a_container_that_sees_its_own_group_as_the_root(tmp_path: Path) -> None:
    group(tmp_path / "cg", memory__max=1000, memory__current=400)
    assert room_bytes(tmp_path / "cg", own(tmp_path, "0::/../elsewhere")) == 600


def test_version_one_says_no_limit_by_a_huge_number(tmp_path: Path) -> None:
    memory = tmp_path / "cg/memory"
    group(memory, memory__limit_in_bytes=9223372036854771712, memory__usage_in_bytes=5)
    assert room_bytes(tmp_path / "cg", own(tmp_path, "4:memory:/", "3:cpu:/")) is None
    group(memory / "x", memory__limit_in_bytes=100, memory__usage_in_bytes=80, memory__stat="total_cache 30")
    assert room_bytes(tmp_path / "cg", own(tmp_path, "4:memory:/x", "3:cpu:/y")) == 50


def test_a_machine_without_groups_has_no_limit(tmp_path: Path) -> None:
    assert room_bytes(tmp_path / "cg", tmp_path / "nothing") is None
    assert room_bytes(tmp_path / "cg", own(tmp_path, "nonsense", "0::/gone")) is None
