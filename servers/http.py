"""One question at a time, with the errors of the HTTP library mapped to a value: while a server starts, all of them
mean "not yet". An answer that does not end, in bytes or in seconds, is no answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import requests
import urllib3

from core.records import Json
from system.clock import monotonic_s

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
ANSWER_LIMIT_BYTES: Final = 16 << 20
"""A catalogue of hundreds of models takes half a megabyte."""
_PIECE_BYTES: Final = 1 << 16


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _json(data: bytes) -> Any:
    try:
        return json.loads(_text(data))
    except (ValueError, RecursionError):
        return None


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. Status 0: no HTTP answer, and ``problem`` says why."""

    status: int
    body: Any = None
    """The parsed JSON, or None where it was none; of ``get_text`` the text."""
    problem: str = ""
    slow: bool = False
    """No answer in time, which a busy server gives as well as a dead one."""


def get_json(
    base_url: str, path: str, api_key: str | None, timeout_s: float = 2.0, *, headers: Mapping[str, str] | None = None
) -> Reply:
    """GET ``base_url + path``; never raises for what a server or the network does.

    With ``headers``, which may hold a key of another form, a redirection is not followed: it would take them along.
    """
    return _ask(requests.Request("GET", base_url + path, headers=dict(headers or {})), api_key, timeout_s)


def get_text(base_url: str, path: str, api_key: str | None, timeout_s: float = 2.0) -> Reply:
    """As ``get_json``, for an answer that is no JSON."""
    return _ask(requests.Request("GET", base_url + path), api_key, timeout_s, _text)


def post_json(base_url: str, path: str, api_key: str | None, body: Mapping[str, Json], timeout_s: float) -> Reply:
    """POST a JSON object to ``base_url + path``; as ``get_json``, and a redirection is not followed."""
    return _ask(requests.Request("POST", base_url + path, json=body), api_key, timeout_s)


def _ask(
    request: requests.Request, api_key: str | None, timeout_s: float, read: Callable[[bytes], Any] = _json
) -> Reply:
    plain = request.method == "GET" and not request.headers
    if api_key:
        request.headers = {**request.headers, "Authorization": f"Bearer {api_key}"}
    until = monotonic_s() + timeout_s
    with requests.Session() as session:
        # A proxy from the environment must not come between us and our own machine.
        session.trust_env = urlsplit(request.url).hostname not in LOOPBACK
        try:
            prepared = session.prepare_request(request)
            around = session.merge_environment_settings(prepared.url, {}, True, None, None)
            reply = session.send(prepared, timeout=timeout_s, allow_redirects=plain, **around)
            data = _whole(reply, until)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            slow = isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError)
            return Reply(0, problem="no answer in time" if slow else _sentence(error), slow=slow)
    if data is None:
        return Reply(0, problem=f"its answer is larger than {ANSWER_LIMIT_BYTES >> 20} MiB")
    return Reply(reply.status_code, read(data))


def _whole(reply: requests.Response, until: float) -> bytes | None:
    """The answer's bytes; None where they are too many. Raises TimeoutError at ``until``."""
    data = bytearray()
    while piece := reply.raw.read1(_PIECE_BYTES, decode_content=True):
        data += piece
        if len(data) > ANSWER_LIMIT_BYTES:
            return None
        if monotonic_s() > until:
            raise TimeoutError
    return bytes(data)


def _sentence(error: Exception) -> str:
    match error:
        case requests.exceptions.SSLError():
            return "the TLS connection failed"
        case requests.ConnectionError():
            return "nothing accepts connections there"
        case requests.exceptions.InvalidSchema() if "SOCKS" in str(error):
            return "the proxy in HTTPS_PROXY or ALL_PROXY is a SOCKS proxy, and only HTTP proxies will do"
        case requests.exceptions.InvalidURL() | requests.exceptions.InvalidSchema():
            return "this is not an http address"
        case _:
            return type(error).__name__
