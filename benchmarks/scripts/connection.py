"""One HTTP/1.1 connection to a server, for one thread: a JSON body posted, the reply's bytes as they come.

Why not a library that does all of it: a reply that is streamed comes in a few hundred bytes a token, and a client that
wakes up for each costs more processor time than a small model's server has to spare. Here the kernel gathers
(``SO_RCVLOWAT``): the thread sleeps until fifty to a hundred tokens are there, the server is done, or a quarter of a
second has passed. A stream's connection is closed after it (llama.cpp's server closes it anyway), and the closing is
what wakes the thread at the very end, so no slot waits for a client that sleeps. Replies that come whole keep their
connection, and so do streams through TLS, where a new one is dear and the kernel cannot gather.

A connection through TLS, and its tunnel through a proxy, is made by ``http.client``.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import SplitResult, unquote, urlsplit

from benchmarks.scripts.http_reply import HEAD_LIMIT_BYTES, BadReply, Body, parse_head

CONNECT_TIMEOUT_S = 10.0
_GATHER_BYTES = 32768
_GATHER_S = 0.25
_RECEIVE_BYTES = 1 << 18
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Closed(ConnectionResetError):
    """The server closed the connection before its reply was whole."""


class Connection:
    """``post``, ``receive`` until it gives ``b""``, ``finish``; after any error ``close``. Errors are OSErrors."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self._tls = self._url.scheme == "https"
        self._proxy = _proxy_for(self._url)
        self._path = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
        if self._proxy is not None and not self._tls:
            self._path = url
        self._sock: socket.socket | None = None
        self._buffer = b""
        self._gathers = False
        self._keep = False
        self._body = Body({})
        self.used = False
        """Whether a whole reply came over it already."""
        self.sending = False
        """Whether the request was not yet out."""
        self.headers: Mapping[str, str] = {}
        """The reply's, names in lower case."""

    def post(self, body: bytes, headers: Mapping[str, str], *, stream: bool) -> None:
        """Sends a request over the connection that is there, or a new one."""
        self.sending = True
        sock = self._sock or self._connect()
        self._gathers = stream and not self._tls and hasattr(socket, "SO_RCVLOWAT")
        lines = [f"POST {self._path} HTTP/1.1", f"Host: {self._url.netloc.rpartition('@')[2]}",
                 f"Content-Length: {len(body)}", *(f"{name}: {value}" for name, value in headers.items())]
        lines += ["Connection: close"] if self._gathers else []
        if self._proxy is not None and not self._tls:
            lines += [f"{name}: {value}" for name, value in _proxy_login(self._proxy).items()]
        sock.settimeout(CONNECT_TIMEOUT_S)
        sock.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        self.sending = False

    def head(self, until: float | None) -> int:
        """The status, once it is there. TimeoutError at ``until`` (of the monotonic clock)."""
        status = 100
        while status < 200:
            while (end := self._buffer.find(b"\r\n\r\n")) < 0:
                if len(self._buffer) > HEAD_LIMIT_BYTES:
                    raise BadReply(f"a reply's head of more than {HEAD_LIMIT_BYTES} bytes")
                data = self._read(until, _time_left(until))
                if not data:
                    raise Closed("closed without a reply")
                self._buffer += data
            status, self.headers = parse_head(self._buffer[:end])
            self._buffer = self._buffer[end + 4:]
        self._body = Body(self.headers)
        self._keep = self.headers.get("connection", "").lower() != "close" and not self._body.until_closed
        if self._gathers:
            self._gather(_GATHER_BYTES)
        return status

    def receive(self, until: float | None) -> bytes:
        """More of the reply's body; ``b""`` when it is whole. TimeoutError at ``until``."""
        while not self._body.whole:
            if self._buffer:
                data, self._buffer = self._body.take(self._buffer), b""
                if data or self._body.whole:
                    return data
            if self._gathers:
                self._buffer = self._read(until, min(_GATHER_S, _time_left(until)))
            else:
                self._buffer = self._read(until, _time_left(until))
            if not self._buffer:
                self._keep = False
                if not self._body.until_closed:
                    raise Closed("closed in the middle of a reply")
                return b""
        return b""

    def finish(self) -> None:
        """After a whole reply: ready for the next one."""
        if self._gathers or not self._keep or not self._body.whole:
            self.close()
        self._buffer = b""
        self.used = self._sock is not None

    def close(self) -> None:
        """Safe to call again. A server that was still writing sees it and stops."""
        if self._sock is not None:
            self._sock.close()
        self._sock = None
        self._buffer, self.used = b"", False

    def _read(self, until: float | None, patience_s: float) -> bytes:
        """What has come; ``b""`` when the server closed. Waits ``patience_s`` at a time for the kernel to gather."""
        sock = self._sock
        if sock is None:
            raise Closed("closed")
        while True:
            if until is not None and until <= time.monotonic():
                raise TimeoutError
            sock.settimeout(patience_s if patience_s < float("inf") else None)
            try:
                return sock.recv(_RECEIVE_BYTES)
            except TimeoutError:
                if self._gathers:
                    sock.settimeout(0)
                    with contextlib.suppress(BlockingIOError):  # less than was to be gathered, or nothing
                        return sock.recv(_RECEIVE_BYTES)
                patience_s = min(patience_s, max(_time_left(until), 0.001))

    def _gather(self, count: int) -> None:
        if self._sock is not None:
            with contextlib.suppress(OSError):  # a kernel that cannot: the thread wakes up more often
                self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, count)

    def _connect(self) -> socket.socket:
        through = self._proxy or self._url
        if self._tls:
            self._sock = _tls_socket(self._url, self._proxy)
        else:
            self._sock = socket.create_connection((through.hostname or "", through.port or 80), CONNECT_TIMEOUT_S)
            self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer, self.used = b"", False
        return self._sock


def is_here(url: str) -> bool:
    """Whether it is on this machine."""
    return urlsplit(url).hostname in _LOOPBACK


def _time_left(until: float | None) -> float:
    return float("inf") if until is None else max(0.001, until - time.monotonic())


def _proxy_for(url: SplitResult) -> SplitResult | None:
    """The proxy of the environment. One set for the outside world has no business with a server on this machine."""
    if url.hostname in _LOOPBACK:
        return None
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415  (dear, and a server here needs none of it)

    proxies = getproxies()
    found = proxies.get(url.scheme) or proxies.get("all")
    if not found or proxy_bypass(url.hostname or ""):
        return None
    return urlsplit(found if "://" in found else f"http://{found}")


def _proxy_login(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    login = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(login.encode()).decode()}"}


def _tls_socket(url: SplitResult, proxy: SplitResult | None) -> socket.socket:
    import http.client  # noqa: PLC0415  (dear, and only servers elsewhere need it)
    import ssl  # noqa: PLC0415

    import certifi  # noqa: PLC0415

    context = ssl.create_default_context(cafile=os.environ.get("REQUESTS_CA_BUNDLE") or certifi.where())
    through = proxy or url
    connection = http.client.HTTPSConnection(
        through.hostname or "", through.port, timeout=CONNECT_TIMEOUT_S, context=context
    )
    if proxy is not None:
        connection.set_tunnel(url.hostname or "", url.port or 443, _proxy_login(proxy))
    try:
        connection.connect()
    except http.client.HTTPException as error:
        raise BadReply(f"the proxy's reply cannot be read: {error}") from error
    found: socket.socket = connection.sock
    return found
