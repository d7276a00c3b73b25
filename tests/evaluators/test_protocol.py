"""Messages between candidate and judge: whatever the candidate writes, the judge gets JSON or a refusal."""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.sandbox import protocol, values


def received(raw: bytes) -> Any:
    """What ``receive`` makes of these bytes, after which the other side is closed."""
    read, write = os.pipe()
    try:
        os.write(write, raw)
        os.close(write)
        return protocol.receive(read)
    finally:
        os.close(read)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_a_bad_one_or_an_end(raw: bytes) -> None:
    with_length = struct.pack("<I", len(raw)) + raw
    for text in (raw, with_length):
        try:
            received(text)
        except (protocol.Gone, protocol.BadMessage):
            continue


@pytest.mark.parametrize("raw", [b"", b"\x05", struct.pack("<I", 5) + b"{}"])
def test_a_message_broken_off_is_an_end(raw: bytes) -> None:
    with pytest.raises(protocol.Gone):
        received(raw)


@pytest.mark.parametrize("raw", [
    struct.pack("<I", protocol.MAX_MESSAGE + 1), struct.pack("<I", 20_000) + b"[" * 20_000,
    struct.pack("<I", 6000) + b"9" * 6000])
def test_a_message_too_long_too_deep_or_too_big_a_number_is_refused(raw: bytes) -> None:
    with pytest.raises(protocol.BadMessage):
        received(raw)


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(
    st.text(), inner), max_leaves=20))
def test_what_is_sent_is_received(message: Any) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        protocol.send(ours.fileno(), message)
        assert protocol.receive(theirs.fileno()) == message


def test_a_side_that_does_not_read_cannot_keep_the_other_waiting() -> None:
    class Late(Exception):
        pass

    def late() -> None:
        raise Late

    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        with pytest.raises(Late):
            protocol.send(ours.fileno(), "x" * (4 << 20), late)
        with pytest.raises(BlockingIOError):
            protocol.send(ours.fileno(), "x")


def test_a_message_in_drops_does_not_keep_the_clock_from_being_looked_at() -> None:
    class Late(Exception):
        pass

    def late() -> None:
        raise Late

    read, write = os.pipe()
    frame = struct.pack("<I", 1000) + b" " * 1000

    def drip() -> None:
        for byte in frame[:100]:
            os.write(write, bytes([byte]))
            time.sleep(0.002)
        os.close(write)

    dripping = threading.Thread(target=drip)
    dripping.start()
    try:
        with pytest.raises(Late):
            protocol.receive(read, late)
    finally:
        dripping.join()
        os.close(read)


def test_a_message_larger_than_allowed_becomes_a_value_that_equals_another_such_only() -> None:
    received = []
    for letter in "xxy":
        ours, theirs = socket.socketpair()
        with ours, theirs:
            message = {"r": letter * (protocol.MAX_MESSAGE + 1)}
            sender = threading.Thread(target=protocol.send, args=(ours.fileno(), message))
            sender.start()
            received.append(protocol.receive(theirs.fileno())["r"])
            sender.join()
    one, same, other = map(values.decode, received)
    assert one == same
    assert one != other
    assert one != "x" * (protocol.MAX_MESSAGE + 1)
