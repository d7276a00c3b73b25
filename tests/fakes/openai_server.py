"""A small real server of OpenAI's chat protocol on loopback; prints its port, then serves.

It answers every request with --reply, or with the last user message in capitals. Each request goes to --log as one JSON
line: path, headers, body, the connection's number, the request's number on it, and how many were in flight with it.
"""

from __future__ import annotations

import argparse
import itertools
import json
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
        self._send(200, flags.body.encode() if flags.body is not None else json.dumps(self._completion(body)).encode())
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

    def _send(self, status: int, data: bytes) -> None:
        self.send_response(status)
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
    Handler.flags = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
