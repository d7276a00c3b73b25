"""What MLflow's client raises → one sentence, and whether anything else is worth trying. For the child process only.

The client wraps what ``requests`` raises, and puts the server's reply into its own message; both are looked through.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import requests

from tracking.mlflow.hiding import hidden_text

LOST, REFUSED, FAILED = "lost", "refused", "failed"
"""Nobody answers; nothing of ours is accepted; this one run is not."""

_HOST = "Invalid Host header"  # mlflow.server.security_utils, MLflow 3.5 and later
_BUSY = frozenset({429, 502, 503, 504})
_MOST = 300


class NotSent(Exception):  # it is a reply, not a fault of ours
    """``kind`` is one of LOST, REFUSED, FAILED; the text is a sentence without its full stop."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


def problem_of(error: BaseException, uri: str) -> NotSent:
    """What went wrong, for people."""
    if isinstance(error, NotSent):
        return error
    said = " ".join(hidden_text(str(error)).split())
    for kind, text in ((REFUSED, _refusal(error, uri, said)), (LOST, _loss(error, said))):
        if text is not None:
            return NotSent(kind, f"MLflow at {uri} {text}")
    return NotSent(FAILED, said[:_MOST])


def _refusal(error: BaseException, uri: str, said: str) -> str | None:
    host, status = urlsplit(uri).netloc, status_of(error)
    if _HOST in said:
        return (f"takes no requests for the host {host} (403); start it with --allowed-hosts {host} "
                "(or MLFLOW_SERVER_ALLOWED_HOSTS)")
    if status in {401, 403}:
        return (f"refuses ({status}): set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or "
                "MLFLOW_TRACKING_TOKEN, of somebody who may write there")
    if any(isinstance(each, requests.exceptions.SSLError) for each in _chain(error)):
        return f"has a certificate that is not accepted ({said[:_MOST]})"
    if status == 404 or "valid JSON format" in said:
        return f"is no tracking server: something else answers there ({said[:_MOST]})"
    return None


def _loss(error: BaseException, said: str) -> str | None:
    status = status_of(error)
    if "timed out" in said or any(isinstance(each, requests.Timeout) for each in _chain(error)):
        return "does not answer in time"
    if status in _BUSY:
        return f"answers {status} for now"
    if any(isinstance(each, requests.RequestException) and each.response is None for each in _chain(error)):
        return f"cannot be reached ({_reason(said)})"
    return None


def status_of(error: BaseException) -> int | None:
    """The HTTP status that is behind it."""
    for each in _chain(error):
        response = getattr(each, "response", None)
        if response is not None and isinstance(getattr(response, "status_code", None), int):
            return int(response.status_code)
    found = re.search(r"failed with error code (\d{3})|too many (\d{3}) error responses", str(error))
    return int(found[1] or found[2]) if found else None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _reason(said: str) -> str:
    found = re.search(r"\[Errno -?\d+\] ([^\"')]+)|(Connection refused|Name or service not known|No route to host)"
                      r"|(Remote end closed connection without response)|(Connection reset by peer)", said)
    return next((group for group in found.groups() if group), said[:_MOST]) if found else said[:_MOST]
