"""Headers made to harm: whatever the bytes say, the answer is a header or BadInput, soon and in little memory."""

from __future__ import annotations

import contextlib
import struct
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import BadInput
from servers.gguf import read_header
from servers.gguf_parts import read_model
from servers.gguf_reader import HeaderReader
from servers.memory import MemoryModel, Setting
from servers.memory_options import MemoryOptions
from tests.servers.gguf_bytes import MINIMAL, header, string, strings, whole

DEMO = Path(__file__).parents[2] / "models" / "demo-3M-IQ4_NL.gguf"
HEADER_BYTES = 50_000  # a little more than the demo's header
LIMIT_S = 3.0  # far above what was seen, so that a busy machine does not fail the test
LIMIT_BYTES = 32 * 1024 * 1024

hostile = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
numbers = st.one_of(
    st.integers(0, 2**64 - 1),
    st.sampled_from([0, 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64 - 1, 2**64 - 8, 8_000_000]),
).map(lambda number: struct.pack("<Q", number))
edits = st.lists(st.tuples(st.floats(0, 1), st.one_of(numbers, st.binary(min_size=1, max_size=9))), max_size=6)


def edited(data: bytes, changes: list[tuple[float, bytes]]) -> bytes:
    changed = bytearray(data)
    for place, new in changes:
        at = int(place * (len(changed) - 1))
        changed[at:at + len(new)] = new
    return bytes(changed)


def judged(path: Path) -> None:
    """Reads the file as a model would be read; anything but a header or BadInput is a failure."""
    start = time.perf_counter()
    try:
        found, parts = read_model(path)
    except BadInput as error:
        text = str(error)
        assert "\n" not in text
        assert len(text) < 1_000 + 3 * len(str(path))
    else:
        assert found.name
        assert found.parameters >= 0
        assert parts == (path,)
        assert (found.ctx_train or 0) >= 0
        assert found.quantization is None or found.quantization.isprintable()
        assert found.active_parameters is None or found.active_parameters >= 0
        needs = MemoryModel(found, MemoryOptions(), "avx2", gpus=1).needs(Setting(4, 4096, 2))
        assert min(needs.both.weights, needs.both.kv_cache, needs.both.buffers) >= 0
    assert time.perf_counter() - start < LIMIT_S


@hostile
@given(changes=edits, length=st.none() | st.integers(0, HEADER_BYTES))
def test_a_real_header_with_bytes_changed_gives_a_header_or_a_reason(
        tmp_path: Path, changes: list[tuple[float, bytes]], length: int | None) -> None:
    path = tmp_path / "m.gguf"
    size = DEMO.stat().st_size
    with DEMO.open("rb") as demo, path.open("wb") as file:
        file.write(edited(demo.read(HEADER_BYTES), changes)[:length])
        file.truncate(size if length is None else length)
    judged(path)


@hostile
@given(changes=edits)
def test_a_small_file_with_bytes_changed_gives_a_header_or_a_reason(
        tmp_path: Path, changes: list[tuple[float, bytes]]) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(edited(whole({**MINIMAL, "t": strings(["a", "b"]), "n": [1, 2], "split.count": 1}), changes))
    judged(path)


@hostile
@given(data=st.binary(max_size=300))
def test_any_bytes_after_the_magic_give_a_header_or_a_reason(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(b"GGUF\x03\0\0\0" + data)
    judged(path)


GIB = 1 << 30
START = b"GGUF" + struct.pack("<I", 3)


def claim(tensors: int, entries: int, rest: bytes = b"") -> bytes:
    return START + struct.pack("<QQ", tensors, entries) + rest


CLAIMS = {
    "tensors beyond number": claim(2**63, 0),
    "entries beyond number": claim(0, 2**63),
    "a key of 2^63 bytes": claim(0, 1, struct.pack("<Q", 2**63)),
    "a text of 600 MB": claim(0, 1, string("k") + struct.pack("<IQ", 8, 600_000_000)),
    "a text of 15 MB": claim(0, 1, string("k") + struct.pack("<IQ", 8, 15_000_000)),
    "strings beyond number": claim(0, 1, string("k") + struct.pack("<IIQ", 9, 8, 2**63)),
    "a billion strings": claim(0, 1, string("k") + struct.pack("<IIQ", 9, 8, 100_000_000)),
    "two million empty strings": claim(0, 1, string("k") + struct.pack("<IIQ", 9, 8, 2_000_000)),
    "a string of 2^63 bytes in an array": claim(0, 1, string("k") + struct.pack("<IIQQ", 9, 8, 2, 2**63)),
    "a string of 2^64 - 8 bytes in an array": claim(0, 1, string("k") + struct.pack("<IIQQ", 9, 8, 2, 2**64 - 8)),
    "numbers beyond number": claim(0, 1, string("k") + struct.pack("<IIQ", 9, 12, 2**63)),
    "a gigabyte of numbers": claim(0, 1, string("k") + struct.pack("<IIQ", 9, 0, GIB)),
    "200 MB of numbers": claim(0, 1, string("k") + struct.pack("<IIQ", 9, 0, 200_000_000)),
    "a hundred thousand tensors of nothing": claim(100_000, 0),
    "a tensor of 2^64 dimensions": claim(1, 0, string("t") + struct.pack("<I", 2**32 - 1)),
    "keys of the largest size": claim(0, 4_000, b"".join(
        struct.pack("<Q", 65_535) + struct.pack("<I", number) * 16_383 + b"abc" + struct.pack("<IB", 0, 0)
        for number in range(300))),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_a_gigabyte_of_lies_costs_little_time_and_memory(tmp_path: Path, name: str) -> None:
    path = tmp_path / "m.gguf"
    with path.open("wb") as file:
        file.write(CLAIMS[name])
        file.truncate(GIB)  # a hole: it takes no room on the disk
    judged(path)
    tracemalloc.start()  # slows the reading down, so it is read a second time for this
    try:
        with contextlib.suppress(BadInput):
            read_model(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < LIMIT_BYTES


def test_strings_that_straddle_the_window_are_all_walked(tmp_path: Path) -> None:
    texts = ["x" * (number * 997 % 70_000) for number in range(60)]
    data = whole({"long": strings(texts), **MINIMAL})
    assert len(data) > 4 * 256 * 1024
    path = tmp_path / "m.gguf"
    path.write_bytes(data)
    assert read_header(path).metadata == MINIMAL


def test_a_file_that_shrinks_while_it_is_read_is_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(header(MINIMAL))
    with path.open("rb") as file:
        reader = HeaderReader(file, path, path.stat().st_size + 100)
        reader.skip(len(header(MINIMAL)) - 2)
        with pytest.raises(BadInput, match="cut short"):
            reader.number("<Q")
