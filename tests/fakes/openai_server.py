"""A small real server of OpenAI's chat protocol on loopback; prints its port, then serves.

It answers every request with --reply, or with the last user message in capitals, whole or, where the request wants it,
streamed a few characters at a time. Each request goes to --log as one JSON line: path, headers, body, the connection's
number, the request's number on it, and how many were in flight with it; a client that leaves a stream is a line too.
"""

from __future__ import annotations

import argparse
import itertools
import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

LOCK = threading.Lock()
CONNECTIONS = itertools.count()
REQUESTS = itertools.count()
IN_FLIGHT = set[int]()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    flags: argparse.Namespace

    def setup(self) -> None:
        super().setup()
        self.connection_number, self.on_connection = next(CONNECTIONS), 0

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        number, first_here = next(REQUESTS), self.on_connection == 0
        self.on_connection += 1
        IN_FLIGHT.add(number)
        try:
            self._answer(body, number, first_here=first_here)
        finally:
            IN_FLIGHT.discard(number)

    def _answer(self, body: bytes, number: int, *, first_here: bool) -> None:
        self._log(body)
        flags = self.flags
        if flags.hang:
            time.sleep(60)
        time.sleep(flags.delay)
        if flags.drop or (not first_here and flags.stale):
            flags.stale = max(0, flags.stale - 1)
            self.close_connection = True
            return
        if flags.status != 200 or number < flags.fail_first:
            status = flags.status if flags.status != 200 else 500
            self._send(
                status, (flags.body or '{"error": {"message": "told to fail", "type": "server_error"}}').encode()
            )
            return
        if json.loads(body).get("stream") and flags.no_stream == "refuse":
            self._send(400, b'{"error": {"message": "stream is not supported", "type": "invalid_request_error"}}')
            return
        if json.loads(body).get("logprobs") and flags.no_logprobs:
            self._send(400, b'{"error": {"message": "logprobs: not supported", "type": "invalid_request_error"}}')
            return
        if json.loads(body).get("stream") and flags.no_stream is None and flags.body is None:
            self._stream(body, number)
        else:
            self._send(200, (flags.body if flags.body is not None else json.dumps(self._completion(body))).encode())
        if flags.die_after is not None and number + 1 >= flags.die_after:
            threading.Thread(target=self.server.shutdown).start()
            self.server.server_close()
            self.close_connection = True

    def _completion(self, body: bytes) -> dict[str, Any]:
        request = json.loads(body)
        text = self.flags.reply if self.flags.reply is not None else request["messages"][-1]["content"].upper()
        message: dict[str, Any] = {"role": "assistant", "content": text}
        if self.flags.reasoning is not None:
            message["reasoning_content"] = self.flags.reasoning
        return {
            "choices": [{"index": 0, "message": message, "finish_reason": self.flags.finish_reason}],
            "usage": {"prompt_tokens": self._prompt_tokens(request), "completion_tokens": 7,
                      "prompt_tokens_details": {"cached_tokens": 5}},
            "timings": {"cache_n": 5, "predicted_ms": 12.5, "note": "not a number"},
        }

    def _prompt_tokens(self, request: dict[str, Any]) -> int:
        chars = sum(len(message["content"]) for message in request["messages"])
        return 11 + chars // 4 if self.flags.count_prompt else 11

    def _stream(self, body: bytes, number: int) -> None:
        """In chunks of HTTP that fit the events badly, as a network may do it."""
        flags, whole = self.flags, self._completion(body)
        choice = whole["choices"][0]
        text = choice["message"]["content"]
        size = flags.piece
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        events: list[Any] = [{"choices": [{"delta": {"role": "assistant", "content": None}}]}]
        if flags.reasoning is not None:
            events.append({"choices": [{"delta": {"reasoning_content": flags.reasoning}}]})
        events += [{"choices": [{"index": 0, "finish_reason": None, "delta": {"content": piece}}]}
                   for piece in pieces * (20_000 if flags.endless else 1)]
        events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": flags.finish_reason}]})
        if json.loads(body).get("stream_options") and not flags.no_usage:
            events.append({"choices": [], "usage": whole["usage"], "timings": whole["timings"]})
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            self._events(events)
        except OSError:
            with LOCK, flags.log.open("a") as file:
                file.write(json.dumps({"left": number}) + "\n")
            self.close_connection = True

    def _events(self, events: list[Any]) -> None:
        flags = self.flags
        for sent, event in enumerate(events):
            if flags.break_after is not None and sent >= flags.break_after:
                self._break()
                return
            self._chunk(b"data: " + json.dumps(event).encode() + b"\n\n")
            time.sleep(flags.pace)
        self._chunk(b"data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def _break(self) -> None:
        """In the middle of a reply: the connection is closed, an error is sent, or only comments come."""
        kind = self.flags.break_by
        if kind == "error":
            self._chunk(b'data: {"error": {"code": 500, "message": "out of memory", "type": "server_error"}}\n\n')
        while kind == "silence":
            time.sleep(0.1)
            self._chunk(b": still here\n\n")
        if kind == "garbage":
            self._chunk(b"data: {oh no\n\n")
        self.close_connection = True

    def _chunk(self, data: bytes) -> None:
        for part in (data[:7], data[7:]):
            self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")

    def _send(self, status: int, data: bytes) -> None:
        self.send_response(status)
        if self.flags.retry_after is not None:
            self.send_header("Retry-After", self.flags.retry_after)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _log(self, body: bytes) -> None:
        line = {
            "path": self.path,
            "headers": dict(self.headers),
            "connection": self.connection_number,
            "nth": self.on_connection,
            "in_flight": len(IN_FLIGHT),
            "body": json.loads(body),
        }
        with LOCK, self.flags.log.open("a") as file:
            file.write(json.dumps(line) + "\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class names it so)
        pass


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--reply")
    parser.add_argument("--reasoning")
    parser.add_argument("--count-prompt", action="store_true", help="as many prompt tokens as the prompt may have")
    parser.add_argument("--finish-reason", default="stop")
    parser.add_argument("--body", help="send this text instead of a completion")
    parser.add_argument("--status", type=int, default=200)
    parser.add_argument("--fail-first", type=int, default=0, help="the first N requests get a 500")
    parser.add_argument("--hang", action="store_true", help="never answer")
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--drop", action="store_true", help="close every connection without an answer")
    parser.add_argument("--stale", type=int, default=0, help="so often, close a connection when it is used again")
    parser.add_argument("--die-after", type=int, help="stop serving after N requests")
    parser.add_argument("--retry-after", help="this header with every reply that is not streamed")
    parser.add_argument("--no-stream", choices=("refuse", "ignore"), help="what to do when a stream is wanted")
    parser.add_argument("--no-logprobs", action="store_true", help="refuse requests for log-probabilities")
    parser.add_argument("--no-usage", action="store_true", help="streams do not say how many tokens they had")
    parser.add_argument("--piece", type=int, default=3, help="characters of a streamed token")
    parser.add_argument("--pace", type=float, default=0.0, help="seconds between tokens")
    parser.add_argument("--endless", action="store_true", help="stream the reply over and over")
    parser.add_argument("--break-after", type=int, help="stop in the middle of a stream, after N events")
    parser.add_argument("--break-by", choices=("closing", "error", "silence", "garbage"), default="closing")
    parser.add_argument("--tls", help="a file with certificate and key: speak TLS")
    Handler.flags = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if Handler.flags.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(Handler.flags.tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
