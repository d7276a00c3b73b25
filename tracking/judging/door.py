"""A page of this machine for one person: HTTP on 127.0.0.1, for whoever has the token, and for no other site's pages.

Theory of operation. Every address begins with a token drawn by lot, so that neither another user of the machine nor a
page in the same browser can guess one. A browser that was lied to by a name server (DNS rebinding) sends that site's
name as Host, and a form or script of another site sends its own Origin (CSRF): both are refused, before anything is
looked at. The address that a browser is started with is good for one visit and leads to the one with the token, because
command lines can be read by everybody on the machine. A connection serves one request; what is sent is bounded.
"""

from __future__ import annotations

import secrets
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

HOST: Final = "127.0.0.1"
MOST_BYTES: Final = 1_000_000
"""Of what a page may send at once."""

_POLL_S: Final = 0.05
"""How often it is seen whether the end has come."""

_QUIET_S: Final = 20.0
"""How long a connection may say nothing."""

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Connection": "close",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """What a request is answered with."""

    status: int
    body: bytes
    kind: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


Answer = Callable[[str, str, bytes], Reply]
"""From method, the path behind the token, and what was sent."""


@dataclass(frozen=True, slots=True)
class Door:
    """Where the page is to be had."""

    port: int
    token: str
    ticket: str

    @property
    def address(self) -> str:
        """With the token: for the terminal, to be opened as often as one likes."""
        return f"http://{HOST}:{self.port}/{self.token}/"

    @property
    def once(self) -> str:
        """For one visit: for a command line."""
        return f"http://{HOST}:{self.port}/{self.ticket}"


@contextmanager
def opened(port: int, answer: Answer) -> Iterator[Door]:
    """Serves until the block ends; port 0 takes a free one. Raises OSError where the port cannot be had."""
    server = _Server((HOST, port), _Handler)
    server.door = Door(server.server_address[1], secrets.token_urlsafe(24), secrets.token_urlsafe(24))
    server.answer = answer
    thread = threading.Thread(target=server.serve_forever, args=(_POLL_S,), name="judge-page", daemon=True)
    thread.start()
    try:
        yield server.door
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    """A thread for each request; none is waited for at the end, since browsers open connections that say nothing."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    door: Door
    answer: Answer

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._lock = threading.Lock()
        self._visited = False

    def first_visit(self) -> bool:
        """Whether the ticket is still good; it is not, from now on."""
        with self._lock:
            before, self._visited = self._visited, True
            return not before

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that hangs up is no error."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Looks at who asks, then at what for."""

    server: _Server
    timeout = _QUIET_S

    def do_GET(self) -> None:
        self._send(self._refused() or self._visit() or self._answered(b""))

    def do_POST(self) -> None:
        refused = self._refused() or self._foreign()
        if refused is not None:
            self._send(refused)
            return
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit() and int(length[:9]) <= MOST_BYTES):
            self._send(Reply(413, f"More than {MOST_BYTES:,} bytes at once are not taken.\n".encode()))
            return
        body = self.rfile.read(int(length))
        self._send(self._answered(body) if len(body) == int(length) else Reply(400, b"What was sent broke off.\n"))

    def _refused(self) -> Reply | None:
        """What those get who came by another name."""
        names = {f"{name}:{self.server.door.port}" for name in (HOST, "localhost")}
        if self.headers.get_all("Host", []) in [[name] for name in names]:
            return None
        return Reply(403, b"This is not a name of this page. Open the address that judge serve printed.\n")

    def _foreign(self) -> Reply | None:
        """What pages of other sites get that send something here. Every browser says whose page sends."""
        origin = f"http://{self.headers['Host']}"
        if self.headers.get_all("Origin", []) != [origin]:
            return Reply(403, b"Only this page itself may send anything here.\n")
        if self.headers.get("Content-Type", "").partition(";")[0].strip() != "application/json":
            return Reply(415, b"JSON is wanted.\n")
        return None

    def _visit(self) -> Reply | None:
        """The ticket, which leads to the page once."""
        door = self.server.door
        if not secrets.compare_digest(self.path.encode(), f"/{door.ticket}".encode()):
            return None
        if self.server.first_visit():
            return Reply(303, b"", headers={"Location": f"/{door.token}/"})
        return Reply(403, b"This address was good for one visit. Open the one that judge serve printed.\n")

    def _answered(self, body: bytes) -> Reply:
        token, slash, rest = self.path[1:].partition("/")
        if self.path == "/favicon.ico":
            return Reply(204, b"")
        if not secrets.compare_digest(token.encode(), self.server.door.token.encode()) or not slash:
            return Reply(403, b"The token is missing or wrong. Open the whole address that judge serve printed; each "
                              b"start of it has another.\n")
        return self.server.answer(self.command, rest, body)

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in {**_HEADERS, "Content-Type": reply.kind, "Content-Length": str(len(reply.body)),
                            **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    def version_string(self) -> str:
        return "bench-runner"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name is the base class's
        """Nobody reads it, and it would fill the terminal."""
