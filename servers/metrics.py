"""What llama.cpp's server counted: tokens, by its ``/metrics`` (Prometheus' text format).

``prompt_tokens_total`` are those of prompts that it worked off, without what came from its cache;
``tokens_predicted_total`` those it chose, be they sent or not. Both are counted when a reply is done or given up, so
they are read when nothing is being worked on. Numbers over a million come with six digits (``1.23457e+06``).
"""

from __future__ import annotations

import re
from typing import Final

from analysis.token_check import Tokens
from core.records import Endpoint
from servers.http import get_text
from system.clock import monotonic_s, sleep_s

QUIET_S: Final = 5.0
"""A server notices within a second that a connection was closed; one that is busy for longer works for others too."""
_POLL_S: Final = 0.05
_LINE: Final = re.compile(r"^llamacpp:(\w{1,60}) (\d{1,18}(?:\.\d{1,18})?)(?:e\+(\d\d))?$", re.MULTILINE)
_PROMPT, _COMPLETION = "prompt_tokens_total", "tokens_predicted_total"
_DIGITS: Final = 6
_OK: Final = 200


def counted(endpoint: Endpoint) -> Tokens | None:
    """What the server counted since its start, once it rests; None where it does not tell, or comes to no rest."""
    until = monotonic_s() + QUIET_S
    while True:
        told = _read(endpoint)
        if not {_PROMPT, _COMPLETION} <= told.keys():
            return None
        if not told.get("requests_processing") and not told.get("requests_deferred"):
            prompt, completion = told[_PROMPT], told[_COMPLETION]
            return Tokens(int(prompt), int(completion), max(_rounded_by(prompt), _rounded_by(completion)))
        if monotonic_s() > until:
            return None
        sleep_s(_POLL_S)


def _read(endpoint: Endpoint) -> dict[str, float]:
    reply = get_text(endpoint.base_url, "/metrics", endpoint.api_key)
    if reply.status != _OK or not isinstance(reply.body, str):
        return {}
    return {name: float(number) * 10.0 ** int(power or 0) for name, number, power in _LINE.findall(reply.body)}


def _rounded_by(number: float) -> int:
    """Half of the last digit that is printed, rounded up."""
    digits = len(str(int(number)))
    return 0 if digits <= _DIGITS else int(10 ** (digits - _DIGITS)) // 2
