"""The note at the end: what is posted, what is told when it cannot be left."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from core.errors import UsageError
from runner.sweep.notify import check, notify


class Door(BaseHTTPRequestHandler):
    """Keeps what is posted; answers as its path says."""

    came: list[Any]

    def do_POST(self) -> None:
        self.came.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(int(self.path.removeprefix("/")))
        self.send_header("Location", "/200")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def door() -> Iterator[tuple[str, list[Any]]]:
    kind = type("Open", (Door,), {"came": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", kind.came  # type: ignore[attr-defined]  # set above
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_address_gets_a_small_json_object(door: tuple[str, list[Any]]) -> None:
    url, came = door
    assert notify(f"{url}/204", "sweep x", {"text": "24 cells: 24 done", "done": 24}) is None
    assert came == [{"title": "sweep x", "text": "24 cells: 24 done", "done": 24}]


@pytest.mark.parametrize("status", [302, 404, 500])
def test_an_address_that_does_not_take_it_is_told_and_not_followed(door: tuple[str, list[Any]], status: int) -> None:
    url, came = door
    assert notify(f"{url}/{status}", "x", {"text": "y"}) == f"no note to 127.0.0.1: it answered {status}"
    assert len(came) == 1


def test_an_address_that_answers_a_byte_at_a_time_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        gone = Event()

        def drip() -> None:
            with server.accept()[0] as there, suppress(OSError):
                while not gone.wait(0.05):
                    there.sendall(b"H")

        thread = Thread(target=drip)
        thread.start()
        said = notify(f"http://127.0.0.1:{server.getsockname()[1]}/secret", "x", {"text": "y"}, timeout_s=0.5)
        gone.set()
        thread.join()
    assert said == "no note to 127.0.0.1: it gave no answer within 0.5 s"


def test_an_answer_that_never_ends_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        gone = Event()

        def endless() -> None:
            with server.accept()[0] as there, suppress(OSError):
                there.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
                gone.wait(60)

        thread = Thread(target=endless)
        thread.start()
        said = notify(f"http://127.0.0.1:{server.getsockname()[1]}/", "x", {"text": "y"}, timeout_s=30)
        gone.set()
        thread.join()
    assert said is None


def test_an_address_where_nobody_is_is_told_without_its_path() -> None:
    said = notify("http://127.0.0.1:9/secret", "x", {"text": "y"})
    assert said == "no note to 127.0.0.1: it cannot be reached (ConnectionError)"


def program(folder: Path, body: str) -> None:
    path = folder / "notify-send"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def test_the_desktop_gets_title_and_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, f'printf "%s|" "$@" > {tmp_path}/said')
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert notify("desktop", "sweep x", {"text": "-24 cells"}) is None
    assert (tmp_path / "said").read_text() == "--app-name=bench_runner|--|sweep x|-24 cells|"


def test_a_desktop_that_takes_no_note_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "echo 'Cannot autolaunch D-Bus' >&2; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert "Cannot autolaunch D-Bus" in str(notify("desktop", "x", {"text": "y"}))
    (tmp_path / "notify-send").unlink()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "not installed" in str(notify("desktop", "x", {"text": "y"}))


@pytest.mark.parametrize("where", ["", "desk", "ftp://x", "http://", "https:///x", "http://[", "file:///etc/passwd"])
def test_what_is_no_address_is_refused_before_anything_runs(where: str) -> None:
    with pytest.raises(UsageError, match="--notify"):
        check(where)


@pytest.mark.parametrize("where", ["desktop", "http://x", "https://hooks.example/1"])
def test_addresses_and_the_desktop_are_taken(where: str) -> None:
    assert check(where) == where
