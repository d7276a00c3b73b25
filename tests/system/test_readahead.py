"""A file that is read ahead is in the page cache afterwards, which the kernel is asked (mincore)."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

from system.readahead import ReadAhead
from tests import skips
from tests.page_cache import forget, resident_share

SIZE = 24 << 20

pytestmark = skips.needs("linux", there=sys.platform == "linux")


def dropped(path: Path) -> Path:
    """A file on the disk of which nothing is in memory; skips where the file system keeps files in memory only."""
    path.write_bytes(os.urandom(SIZE))
    forget(path)
    if resident_share(path) > 0.1:
        skips.skip("a disk")
    return path


def finished(ahead: ReadAhead, within_s: float = 20.0) -> bool:
    until = time.monotonic() + within_s
    while not ahead.done and time.monotonic() < until:
        time.sleep(0.01)
    return ahead.done


def test_all_files_of_a_model_are_in_memory_afterwards(tmp_path: Path) -> None:
    paths = [dropped(tmp_path / "one"), dropped(tmp_path / "two")]
    with ReadAhead(paths, lambda: 1 << 40) as ahead:
        assert finished(ahead)
    assert ahead.read_bytes == 2 * SIZE
    assert min(map(resident_share, paths)) > 0.9


def test_nothing_is_read_that_memory_cannot_hold(tmp_path: Path) -> None:
    path = dropped(tmp_path / "one")
    with ReadAhead([path], lambda: SIZE - 1) as ahead:
        assert finished(ahead)
    assert ahead.read_bytes == 0
    assert resident_share(path) < 0.1


def test_it_gives_up_when_memory_runs_short_meanwhile(tmp_path: Path) -> None:
    rooms = iter([1 << 40, 1 << 40])
    with ReadAhead([dropped(tmp_path / "one"), dropped(tmp_path / "two")], lambda: next(rooms, 0)) as ahead:
        assert finished(ahead)
    assert 0 < ahead.read_bytes < SIZE


def test_it_ends_with_the_block(tmp_path: Path) -> None:
    before = threading.active_count()
    with ReadAhead([dropped(tmp_path / "one")], lambda: 1 << 40) as ahead:
        pass
    assert ahead.done
    assert threading.active_count() == before
    assert ahead.read_bytes < SIZE


def test_a_file_that_is_gone_is_nobodys_concern(tmp_path: Path) -> None:
    with ReadAhead([tmp_path / "gone"], lambda: 1 << 40) as ahead:
        assert finished(ahead)
    with ReadAhead([], lambda: 1 << 40) as idle:
        assert idle.done


def test_its_thread_has_the_lowest_priority_and_ours_keeps_its_own(tmp_path: Path) -> None:
    before = os.getpriority(os.PRIO_PROCESS, 0)
    seen: list[int] = []

    def room() -> int:
        seen.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        return 1 << 40

    with ReadAhead([dropped(tmp_path / "one")], room) as ahead:
        assert finished(ahead)
    assert set(seen) == {19}
    assert os.getpriority(os.PRIO_PROCESS, 0) == before
