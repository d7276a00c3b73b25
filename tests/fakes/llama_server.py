"""A small real process that looks like llama-server from outside, and fails in the ways that real ones do.

Its own options come first, in wrappers that tests write; the rest is what the lifecycle passes to a llama-server.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HELP = """----- common params -----

-h,    --help, --usage                  print usage and exit
--version                               show version and build info
-t,    --threads N                      number of CPU threads
-c,    --ctx-size N                     size of the prompt context
-ngl,  --gpu-layers, --n-gpu-layers N   layers on the GPU, either an exact number, 'auto', or 'all'
-m,    --model FNAME                    model path to load
-np,   --parallel N                     number of server slots
--host HOST                             ip address to listen on
--port PORT                             port to listen on
-a,    --alias STRING                   model name
--temp, --temperature N                 temperature
"""
NEWER = """--list-devices                          print list of available devices and exit
-fit,  --fit [on|off]                   whether to adjust unset arguments to fit in device memory
--api-key KEY                           API key to use for authentication
                                        (env: LLAMA_API_KEY)
--metrics                               enable metrics
"""
KEY_FILE = "--api-key-file FNAME                    path to file containing API keys\n"


def own_options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--ready-after", type=float, default=0.0)
    parser.add_argument("--exit-after", type=float)
    parser.add_argument("--exit-code", type=int, default=1)
    parser.add_argument("--die-by", type=int)
    parser.add_argument("--ignore-sigterm", action="store_true")
    parser.add_argument("--hang", action="store_true", help="start and never open the port")
    parser.add_argument("--hang-help", action="store_true")
    parser.add_argument("--log", action="append", default=[])
    parser.add_argument("--show-slots", type=int)
    parser.add_argument("--show-ctx", type=int, help="context a slot; 0: shows none")
    parser.add_argument("--show-model")
    parser.add_argument("--gpu", action="append", default=[])
    parser.add_argument("--without", action="append", default=[], help="leaves out lines of the help with this")
    parser.add_argument("--key-file-only", action="store_true")
    parser.add_argument("--record", help="file that gets argv, environment and pid")
    parser.add_argument("--grandchild", action="store_true")
    parser.add_argument("--reply", default="#### 1", help="to every chat message")
    parser.add_argument("--fail-posts", type=int, default=0, help="the first N messages get a 503")
    parser.add_argument("--die-at-post", type=int, help="instead of answering this one, once for --died")
    parser.add_argument("--last-words", default="", help="a line of log before it dies")
    parser.add_argument("--died", help="file that says that it has died already")
    return parser


class Fake(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = False

    def __init__(self, own: argparse.Namespace, asked: argparse.Namespace) -> None:
        self.own, self.asked, self.began = own, asked, time.monotonic()
        self.key = os.environ.get("LLAMA_API_KEY") or Path(asked.api_key_file).read_text(encoding="utf-8").strip()
        self.posts = itertools.count(1)
        super().__init__((asked.host, asked.port), Handler)

    def handle_error(self, *_: Any) -> None:
        """A client that left is no news."""


class Handler(BaseHTTPRequestHandler):
    server: Fake

    def log_message(self, *_: Any) -> None:
        """Quiet."""

    def answer(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        own, asked = self.server.own, self.server.asked
        loading = time.monotonic() - self.server.began < own.ready_after
        if loading:
            return self.answer(503, {"error": {"message": "Loading model"}})
        if self.path == "/health":
            return self.answer(200, {"status": "ok"})
        if self.headers.get("Authorization") != f"Bearer {self.server.key}":
            return self.answer(401, {"error": "Invalid API key"})
        if self.path == "/v1/models":
            return self.answer(200, {"data": [{"id": asked.alias}]})
        ctx = asked.ctx_size // asked.parallel if own.show_ctx is None else own.show_ctx
        props = {"total_slots": own.show_slots or asked.parallel, "model_path": own.show_model or asked.model,
                 "default_generation_settings": {"n_ctx": ctx} if ctx else {}, "build_info": "b9999-fake"}
        return self.answer(200, props)

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/v1/chat/completions" or request.get("verbose"):  # an older server, which tells nothing
            return self.answer(404, {"error": {"code": 404, "message": "File Not Found", "type": "not_found_error"}})
        own, number = self.server.own, next(self.server.posts)
        if number <= own.fail_posts:
            return self.answer(503, {"error": {"code": 503, "message": "told to fail", "type": "unavailable_error"}})
        if number == own.die_at_post and not Path(own.died).exists():
            Path(own.died).touch()
            print(own.last_words, file=sys.stderr, flush=True)
            os._exit(own.exit_code)
        usage = {"prompt_tokens": 5, "completion_tokens": 3}
        if not request.get("stream"):
            choice = {"index": 0, "message": {"role": "assistant", "content": own.reply}, "finish_reason": "stop"}
            return self.answer(200, {"choices": [choice], "usage": usage})
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        choice = {"index": 0, "delta": {"content": own.reply}, "finish_reason": "stop"}
        for data in (json.dumps({"choices": [choice], "usage": usage}), "[DONE]"):
            self.wfile.write(f"data: {data}\n\n".encode())
        return None


def print_facts(own: argparse.Namespace, rest: list[str]) -> bool:
    if "--help" in rest:
        if own.hang_help:
            time.sleep(600)
        text = HELP + (KEY_FILE if own.key_file_only else NEWER)
        for line in text.splitlines():
            if not any(word in line for word in own.without):
                print(line)
    elif "--version" in rest:
        print("version: 9999 (fake)\nbuilt with care", file=sys.stderr)
    elif "--list-devices" in rest:
        print("Available devices:")
        for name in own.gpu:
            print(f"  {name}")
    else:
        return False
    return True


def main() -> int:
    own, rest = own_options().parse_known_args()
    if print_facts(own, rest):
        return 0
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for flag, kind in (("model", str), ("host", str), ("port", int), ("ctx-size", int), ("parallel", int),
                       ("gpu-layers", str), ("threads", int), ("alias", str), ("api-key-file", str), ("fit", str)):
        parser.add_argument(f"--{flag}", type=kind)
    asked, _ = parser.parse_known_args(rest)
    misbehave(own, rest)
    try:
        server = Fake(own, asked)
    except OSError:
        print(f"E srv start: couldn't bind HTTP server socket, hostname: {asked.host}, port: {asked.port}", flush=True)
        return 1
    if not own.log:
        print("listening, and no word about memory", flush=True)
    server.serve_forever()
    return 0


def misbehave(own: argparse.Namespace, rest: list[str]) -> None:
    """Does what it was told to, before the port is opened."""
    if own.record:
        Path(own.record).write_text(json.dumps({"argv": rest, "env": dict(os.environ), "pid": os.getpid()}))
    if own.ignore_sigterm:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for line in own.log:
        print(line, file=sys.stderr, flush=True)
    if own.grandchild and os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.setsid()
        time.sleep(600)
    if own.exit_after is not None:
        threading.Timer(own.exit_after, lambda: os._exit(own.exit_code)).start()
    if own.die_by:
        os.kill(os.getpid(), own.die_by)
    if own.hang:
        time.sleep(600)


if __name__ == "__main__":
    sys.exit(main())
