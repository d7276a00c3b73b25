"""A small stand-in for an Ollama server on loopback; prints its port, then serves.

It speaks the protocol of Ollama's docs/api.md as strictly as the real one: models that are there (--model), what is in
memory and with which context, loading and unloading by an empty chat, a reload when a request's options are others than
those it was loaded with, one JSON object a line. Wrong types, missing names and models are answered as Ollama answers
them; fields that it does not know, which Ollama would pass over in silence, are an error here: nothing of ours should
send one. Options that it does not know are logged. Every request goes to --log, with what was in memory then.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import select
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

LOCK = threading.Lock()
CHAT = {"model", "messages", "stream", "format", "options", "keep_alive", "think", "truncate", "shift", "logprobs",
        "top_logprobs", "tools"}
OPTIONS: dict[str, type | tuple[type, ...]] = {
    "num_ctx": int, "num_predict": int, "seed": int, "top_k": int, "num_thread": int, "num_gpu": int,
    "temperature": (int, float), "top_p": (int, float), "min_p": (int, float), "stop": list,
}
RUNNER = ("num_ctx", "num_thread", "num_gpu")
TRAINED = 131_072
CREATED = "2026-11-24T09:00:00.123456789Z"


class State:
    """What is on its disk and in its memory."""

    def __init__(self, flags: argparse.Namespace) -> None:
        self.flags = flags
        self.models = {shown(name) for name in flags.model}
        self.loaded: dict[str, dict[str, Any]] = {name: {"num_ctx": 2048} for name in flags.loaded}
        self.chats = 0
        self.pulls = 0
        self.busy = 0
        self.expired: set[str] = set()
        """Unloaded once no chat is under way."""

    def log(self, line: dict[str, Any]) -> None:
        with LOCK, self.flags.log.open("a") as file:
            file.write(json.dumps({**line, "loaded": sorted(self.loaded)}) + "\n")


def shown(name: str) -> str:
    """As Ollama shows it (types/model/name.go): with a tag, without its own registry and ``library``."""
    name = name if ":" in name.rpartition("/")[2] else f"{name}:latest"
    return name.removeprefix("registry.ollama.ai/").removeprefix("library/")


def digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def details() -> dict[str, Any]:
    return {"parent_model": "", "format": "gguf", "family": "llama", "families": ["llama"], "parameter_size": "1.2B",
            "quantization_level": "Q8_0"}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: State

    def do_GET(self) -> None:
        flags, state = self.state.flags, self.state
        time.sleep(flags.answer_s)
        if self.path != "/api/version":
            state.log({"path": self.path})
        if self.path == "/api/version":
            self._json(200, {"version": "0.13.5"})
        elif self.path == "/api/tags":
            self._json(200, {"models": [
                {"name": name, "model": name, "modified_at": CREATED, "size": 1_321_098_329, "digest": digest(name),
                 "details": details()} for name in sorted(state.models)]})
        elif self.path == "/api/ps":
            entries = [
                {"name": name, "model": name, "size": 2_000_000_000, "digest": digest(name), "details": details(),
                 "expires_at": CREATED, "size_vram": 0, "context_length": min(options["num_ctx"], flags.most_ctx)}
                for name, options in state.loaded.items()]
            for entry in entries if flags.no_context_length else ():
                del entry["context_length"]
            self._json(200, {"models": entries})
        else:
            self._json(404, None)

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            body = json.loads(raw)
        except ValueError as error:
            self._json(400, {"error": str(error)})
            return
        self.state.log({"path": self.path, "body": body})
        if self.path not in {"/api/chat", "/api/show", "/api/pull"}:
            self._json(404, None)
            return
        name = body.get("model")
        if not isinstance(name, str) or not name:
            self._json(400, {"error": "model is required"})
            return
        name = shown(name)
        name = next((each for each in self.state.models if each.lower() == name.lower()), name)
        if self.path == "/api/pull":
            self._pull(name)
        elif name not in self.state.models:
            self._json(404, {"error": f"model '{body['model']}' not found"})
        elif self.path == "/api/show":
            self._show(name)
        else:
            self._chat(name, body)

    def _show(self, name: str) -> None:
        flags = self.state.flags
        capabilities = flags.capability or ["completion"]
        self._json(200, {
            "modelfile": f"# Modelfile\nFROM /root/.ollama/models/blobs/sha256-{digest('weights of ' + name)}\n"
                         "TEMPLATE x\n",
            "parameters": 'stop                           "<|eot_id|>"\ntemperature                    0.6',
            "template": "{{ .Prompt }}", "details": details(), "capabilities": capabilities,
            "model_info": {"general.architecture": "llama", "general.parameter_count": 1_235_814_432,
                           "llama.context_length": TRAINED},
            **({"remote_model": name, "remote_host": flags.remote} if flags.remote else {}),
        })

    def _pull(self, name: str) -> None:
        state = self.state
        state.pulls += 1
        if state.flags.pull_status:
            self._json(state.flags.pull_status, None if state.flags.pull_status == 502 else {"error": "no space left"})
            return
        self._begin_lines()
        self._line({"status": "pulling manifest"})
        if name.startswith("nowhere"):
            self._line({"error": "pull model manifest: file does not exist"})
            self._end_lines()
            return
        if state.flags.wrong_digest:
            self._line({"error": "digest mismatch, file must be downloaded again: want sha256:aa, got sha256:bb"})
            self._end_lines()
            return
        time.sleep(state.flags.pull_s)
        total, layer = 4_000_000, digest(name)
        begin = 2_000_000 if state.pulls > 1 else 0
        for done in range(begin, total + 1, 500_000):
            if state.flags.cut_pull and state.pulls == 1 and done >= 2_000_000:
                self.close_connection = True
                return
            self._line({"status": f"pulling {layer[:12]}", "digest": f"sha256:{layer}", "total": total,
                        **({"completed": done} if done else {})})
        for status in ("verifying sha256 digest", "writing manifest", "success"):
            self._line({"status": status})
        state.models.add(name)
        self._end_lines()

    def _chat(self, name: str, body: dict[str, Any]) -> None:
        problem = _wrong(body)
        if problem is not None:
            self._json(400, {"error": problem})
            return
        state, flags = self.state, self.state.flags
        if body.get("think") and "thinking" not in flags.capability:
            self._json(400, {"error": f'"{body["model"]}" does not support thinking'})
            return
        options = {key: body.get("options", {}).get(key, 4096 if key == "num_ctx" else None) for key in RUNNER}
        options |= {"num_ctx": min(options["num_ctx"], TRAINED), "shift": body.get("shift", True)}
        if not body["messages"]:
            self._load(name, body, options)
            return
        with LOCK:
            state.chats += 1
            number = state.chats
            reload = state.loaded.get(name) != options
            state.loaded[name] = options
        if reload:
            state.log({"reloaded": name, "options": options})
        if number <= flags.fail_first:
            self._json(flags.status, {"error": "server busy, please try again. maximum pending requests exceeded"})
            return
        with LOCK:
            state.busy += 1
        try:
            self._ask(name, body, number, options)
        finally:
            with LOCK:
                state.busy -= 1
                if not state.busy:
                    for each in state.expired:
                        state.loaded.pop(each, None)
                    state.expired.clear()

    def _ask(self, name: str, body: dict[str, Any], number: int, options: dict[str, Any]) -> None:
        chars = sum(len(message["content"]) for message in body["messages"])
        if body.get("truncate") is False and chars // 4 > options["num_ctx"]:
            self._json(400, {"error": "the input length exceeds the context length"})
            return
        self._answer(name, body, number, chars)

    def _load(self, name: str, body: dict[str, Any], options: dict[str, Any]) -> None:
        state, flags = self.state, self.state.flags
        unload = body.get("keep_alive") == 0
        if not unload and flags.no_room:
            self._json(500, {"error": "model requires more system memory (5.6 GiB) than is available (2.1 GiB)"})
            return
        if not unload:
            time.sleep(flags.load_s)
            if self._has_left():  # a load that nobody waits for any more is given up
                return
        with LOCK:
            if not unload:
                state.loaded[name] = options
            elif not flags.stay and state.busy:
                state.expired.add(name)
            elif not flags.stay:
                state.loaded.pop(name, None)
        self._json(200, {"model": body["model"], "created_at": CREATED, "message": {"role": "assistant", "content": ""},
                         "done_reason": "unload" if unload else "load", "done": True})

    def _has_left(self) -> bool:
        readable, _, _ = select.select([self.connection], [], [], 0)
        return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)

    def _answer(self, name: str, body: dict[str, Any], number: int, chars: int) -> None:
        flags, options = self.state.flags, body.get("options", {})
        text, reason = flags.reply, "stop"
        pieces = [text[at:at + 4] for at in range(0, len(text), 4)]
        if 0 <= options.get("num_predict", -1) < len(pieces):
            pieces, reason = pieces[: options["num_predict"]], "length"
        thoughts = ["I ", "think."] if body.get("think") else []
        count = len(pieces) + len(thoughts)
        final = {"model": name, "created_at": CREATED, "message": {"role": "assistant", "content": ""}, "done": True,
                 "done_reason": reason, "total_duration": 5_000_000_000, "load_duration": 1_000_000,
                 "prompt_eval_count": max(1, chars // 4), "prompt_eval_duration": 200_000_000,
                 "eval_count": count, "eval_duration": 100_000_000 * count}
        messages = [{"role": "assistant", "content": "", "thinking": piece} for piece in thoughts]
        messages += [{"role": "assistant", "content": piece} for piece in pieces]
        if body.get("stream") is False:
            whole = {"role": "assistant", "content": "".join(pieces)}
            self._json(200, {**final, "message": whole | ({"thinking": "".join(thoughts)} if thoughts else {})})
            return
        self._begin_lines()
        for place, message in enumerate(messages):
            if flags.leave and place == 1:
                os._exit(1)
            if number <= flags.cut_first and place == 1:
                self.close_connection = True
                return
            if number <= flags.break_first and place == 1:
                self._line({"error": "an error was encountered while running the model: CUDA error"})
                self._end_lines()
                return
            time.sleep(flags.token_s)
            said = {"model": name, "created_at": CREATED, "message": message, "done": False}
            if body.get("logprobs") and not flags.no_logprobs:
                said["logprobs"] = [{"token": "x", "logprob": -0.25, "bytes": [120]}]
            self._line(said)
        self._line(final)
        self._end_lines()

    def _begin_lines(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def _line(self, event: dict[str, Any]) -> None:
        data = json.dumps(event).encode() + b"\n"
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def _end_lines(self) -> None:
        self.wfile.write(b"0\r\n\r\n")

    def _json(self, status: int, body: Any) -> None:
        data = b"404 page not found" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain" if body is None else "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class names it so)
        pass


def _wrong(body: dict[str, Any]) -> str | None:
    if unknown := sorted(body.keys() - CHAT):
        return f"unknown fields {unknown}"
    messages = body.get("messages")
    if not isinstance(messages, list) or any(
            not isinstance(each, dict) or each.get("role") not in {"system", "user", "assistant", "tool"}
            or not isinstance(each.get("content"), str) for each in messages):
        return "invalid message format"
    for name, value in body.get("options", {}).items():
        kind = OPTIONS.get(name)
        if kind is None:
            return f"unknown option {name}"
        if not isinstance(value, kind) or isinstance(value, bool):
            word = "integer" if kind is int else "array" if kind is list else "float32"
            return f'option "{name}" must be of type {word}'
    for name in ("stream", "truncate", "shift", "logprobs"):
        if name in body and not isinstance(body[name], bool):
            return f"json: cannot unmarshal value into Go struct field ChatRequest.{name} of type bool"
    return None


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A client that left is no news."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--model", action="append", default=[], help="on its disk")
    parser.add_argument("--loaded", action="append", default=[], help="in its memory from the start")
    parser.add_argument("--capability", action="append", default=[])
    parser.add_argument("--reply", default="So it is 4.\n\n#### 4")
    parser.add_argument("--most-ctx", type=int, default=1 << 30, help="gives no longer context than that")
    parser.add_argument("--no-context-length", action="store_true", help="as versions before 0.11")
    parser.add_argument("--leave", action="store_true", help="dies in the middle of the first reply")
    parser.add_argument("--no-logprobs", action="store_true", help="as versions before 0.12.11")
    parser.add_argument("--no-room", action="store_true")
    parser.add_argument("--answer-s", type=float, default=0.0, help="every GET takes that long")
    parser.add_argument("--pull-s", type=float, default=0.0, help="a pull says nothing for that long")
    parser.add_argument("--pull-status", type=int, default=0, help="a pull fails with it; 502: with a gateway's page")
    parser.add_argument("--wrong-digest", action="store_true", help="what is pulled is not what was asked for")
    parser.add_argument("--remote", default="", help="the models are computed at that address")
    parser.add_argument("--stay", action="store_true", help="never lets go of a model")
    parser.add_argument("--load-s", type=float, default=0.0)
    parser.add_argument("--token-s", type=float, default=0.0)
    parser.add_argument("--fail-first", type=int, default=0, help="the first N chats get --status")
    parser.add_argument("--status", type=int, default=503)
    parser.add_argument("--cut-first", type=int, default=0, help="the first N chats lose their connection")
    parser.add_argument("--break-first", type=int, default=0, help="the first N chats get an error in mid-stream")
    parser.add_argument("--cut-pull", action="store_true", help="the first pull loses its connection half-way")
    flags = parser.parse_args()
    Handler.state = State(flags)
    server = Server(("127.0.0.1", flags.port), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
