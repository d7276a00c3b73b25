"""The page's door: only who has the token gets in, and only the page itself may send."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection

import pytest

from tracking.judging import door
from tracking.judging.door import Door, Reply


def answer(method: str, path: str, body: bytes) -> Reply:
    return Reply(200, f"{method} {path} ".encode() + body)


@pytest.fixture
def here() -> Iterator[Door]:
    with door.opened(0, answer) as made:
        yield made


def ask(here: Door, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, str, dict[str, str]]:
    """With the headers that a browser sends from the page itself; one that is empty is left out."""
    sent = {"Host": f"127.0.0.1:{here.port}", "Content_Length": str(len(body))}
    if method == "POST":
        sent |= {"Origin": f"http://127.0.0.1:{here.port}", "Content_Type": "application/json"}
    sent |= headers
    with closing(HTTPConnection("127.0.0.1", here.port, timeout=60)) as connection:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in sent.items():
            if value:
                connection.putheader(name.replace("_", "-"), value)
        connection.endheaders(body)
        response = connection.getresponse()
        return response.status, response.read().decode(), dict(response.headers)


def test_who_has_the_token_is_answered(here: Door) -> None:
    assert ask(here, "GET", f"/{here.token}/")[:2] == (200, "GET  ")
    assert ask(here, "GET", f"/{here.token}/", Host=f"localhost:{here.port}")[0] == 200
    assert ask(here, "POST", f"/{here.token}/save", b'{"a": 1}')[:2] == (200, 'POST save {"a": 1}')


def test_nothing_is_kept_sniffed_framed_or_told_of_to_others(here: Door) -> None:
    headers = ask(here, "GET", f"/{here.token}/")[2]
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Access-Control-Allow-Origin" not in headers
    assert headers["Server"] == "bench-runner"


@pytest.mark.parametrize("path", ["/", "/save", "/TOKEN", "/TOKENx/", "/xTOKEN/", "http://127.0.0.1/TOKEN/",
                                  "/%54OKEN/", "/?token=TOKEN", "/../TOKEN/", "/\xe9/"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_token_that_is_missing_or_wrong_is_refused(here: Door, method: str, path: str) -> None:
    path = path.replace("TOKEN", here.token).encode("utf-8").decode("latin-1") if path.isascii() else path
    if not path.isascii():
        with closing(socket.create_connection(("127.0.0.1", here.port), 60)) as raw:
            raw.sendall(f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{here.port}\r\n\r\n".encode())
            assert b" 403 " in raw.recv(1000)
        return
    status, said, _ = ask(here, method, path)
    assert status == 403
    assert "Open the whole address that judge serve printed" in said


@pytest.mark.parametrize("host", ["evil.example", "evil.example:PORT", "127.0.0.1", "127.0.0.1:1", "[::1]:PORT", "",
                                  "127.0.0.1:PORT.evil.example", "0.0.0.0:PORT"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_name_for_this_machine_is_refused_even_with_the_token(here: Door, method: str, host: str) -> None:
    host = host.replace("PORT", str(here.port))
    status, said, _ = ask(here, method, f"/{here.token}/", b"", Host=host, Origin=f"http://{host}")
    assert status == 403
    assert "not a name of this page" in said


@pytest.mark.parametrize("origin", ["", "null", "http://evil.example", "https://127.0.0.1:PORT", "http://127.0.0.1:1",
                                    "http://localhost:PORT"])
def test_what_another_sites_page_sends_is_refused_even_with_the_token(here: Door, origin: str) -> None:
    status, said, _ = ask(here, "POST", f"/{here.token}/save", b"{}", Origin=origin.replace("PORT", str(here.port)))
    assert (status, said) == (403, "Only this page itself may send anything here.\n")


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_what_a_form_can_send_is_refused(here: Door, kind: str) -> None:
    assert ask(here, "POST", f"/{here.token}/save", b"{}", Content_Type=kind)[0] == 415


@pytest.mark.parametrize("length", ["", "-1", "1_0", "x", "99999999", "1000001", "9" * 5000])
def test_what_has_no_length_or_too_great_a_one_is_not_read(here: Door, length: str) -> None:
    assert ask(here, "POST", f"/{here.token}/save", Content_Length=length)[0] == 413


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"])
def test_no_other_method_is_known(here: Door, method: str) -> None:
    assert ask(here, method, f"/{here.token}/save")[0] == 501


def test_the_address_for_a_command_line_is_good_for_one_visit(here: Door) -> None:
    assert here.token not in here.once
    path = here.once.removeprefix(f"http://127.0.0.1:{here.port}")
    status, _, headers = ask(here, "GET", path)
    assert (status, headers["Location"]) == (303, f"/{here.token}/")
    status, said, headers = ask(here, "GET", path)
    assert status == 403
    assert "good for one visit" in said
    assert here.token not in f"{said}{headers}"


def test_connections_that_say_nothing_keep_nobody_out_and_do_not_hold_up_the_end() -> None:
    with door.opened(0, answer) as here:
        silent = [socket.create_connection(("127.0.0.1", here.port)) for _ in range(20)]
        assert ask(here, "GET", f"/{here.token}/")[0] == 200
    for connection in silent:
        connection.close()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", here.port)).close()


def test_each_start_has_another_token(here: Door) -> None:
    with door.opened(0, answer) as other:
        assert len({here.token, here.ticket, other.token, other.ticket}) == 4
        assert len(here.token) == 32
        assert ask(other, "GET", f"/{here.token}/")[0] == 403
