"""A small real server of a hosted provider on loopback, strict as the real one: ``--dialect openai`` speaks OpenAI's
chat completions, ``--dialect gemini`` Google's generateContent. Prints its port, then serves.

Unknown fields, missing ones, wrong types, a key that is missing, wrong or in the address are answered with the status
and the body that the real one documents. Faults come on demand: ``--limit N/SECONDS`` refuses what is more (told in the
form that ``--tell`` names), ``--fault NUMBER:KIND`` spoils the request of that number, ``--stop WORD`` stops replies to
prompts that hold the word. Each request is one JSON line in ``--log``: when (its own clock), what it was answered, its
body; no key.
"""

from __future__ import annotations

import argparse
import email.utils
import itertools
import json
import threading
import time
from collections import deque
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

LOCK = threading.Lock()
NUMBERS = itertools.count()
SERVED: deque[float] = deque()
"""When the requests were let in that count against the limit."""


_MOST, _MOST_OF_A_REPLY = 2**31 - 1, 16384


class Refusal(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        self.status, self.body, self.headers = status, body, headers or {}


class OpenAi:
    """``POST /v1/chat/completions``, ``GET /v1/models``."""

    fields: ClassVar[dict[str, Any]] = {
        "model": str, "messages": list, "temperature": (int, float), "top_p": (int, float), "seed": int,
        "max_tokens": int, "max_completion_tokens": int, "stop": (str, list), "stream": bool, "n": int,
        "stream_options": dict, "logprobs": bool, "top_logprobs": int, "response_format": dict,
    }

    def __init__(self, flags: argparse.Namespace) -> None:
        self.flags = flags

    def key_in(self, headers: Any) -> str | None:
        found: str = headers.get("Authorization", "")
        return found.removeprefix("Bearer ") if found.startswith("Bearer ") else None

    def refuse(self, status: int, message: str, param: str | None = None, code: str | None = None) -> Refusal:
        kind = {429: "requests", 500: "server_error"}.get(status, "invalid_request_error")
        return Refusal(status, {"error": {"message": message, "type": kind, "param": param, "code": code}})

    def wrong_key(self, key: str | None) -> Refusal:
        if key is None:
            return self.refuse(401, "You didn't provide an API key.")
        return self.refuse(401, f"Incorrect API key provided: {key[:8]}{'*' * 8}{key[-4:]}. And whole: {key}.",
                           code="invalid_api_key")

    def models(self) -> dict[str, Any]:
        return {"object": "list", "data": [{"id": name, "object": "model"} for name in self.flags.models]}

    def check(self, path: str, body: Any) -> bool:
        """Whether a stream is wanted."""
        if path != f"{self.flags.prefix}/chat/completions":
            raise self.refuse(404, f"Invalid URL (POST {path})")
        for name, value in body.items():
            if name not in self.fields:
                raise self.refuse(400, f"Unrecognized request argument supplied: {name}")
            if not isinstance(value, self.fields[name]) or (isinstance(value, bool) and self.fields[name] is not bool):
                raise self.refuse(400, f"Invalid type for '{name}'.", name, "invalid_type")
        self._check_ranges(body)
        if "model" not in body or not body.get("messages"):
            raise self.refuse(400, "you must provide a model parameter and messages")
        if body["model"] not in self.flags.models:
            raise self.refuse(404, f"The model `{body['model']}` does not exist", code="model_not_found")
        roles = {"system", "user", "assistant"}
        if any(not isinstance(each, dict) or set(each) != {"role", "content"} or each["role"] not in roles
               or not isinstance(each["content"], str) for each in body["messages"]):
            raise self.refuse(400, "Invalid value for 'messages'.", "messages")
        if "stream_options" in body and not body.get("stream"):
            raise self.refuse(400, "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
                              "stream_options")
        if self.flags.thinks:
            self._check_as_a_thinker(body)
        return bool(body.get("stream"))

    def _check_ranges(self, body: Any) -> None:
        for name, low, high in (("temperature", 0, 2), ("top_p", 0, 1), ("top_logprobs", 0, 20), ("n", 1, 128),
                                ("max_tokens", 1, _MOST), ("max_completion_tokens", 1, _MOST)):
            if name in body and not low <= body[name] <= high:
                too = "below minimum" if body[name] < low else "above maximum"
                raise self.refuse(400, f"Invalid '{name}': value {too} value. Expected a value between {low} and {high}"
                                  f", but got {body[name]} instead.", name)
        for name in {"max_tokens", "max_completion_tokens"} & body.keys():
            if body[name] > _MOST_OF_A_REPLY:
                raise self.refuse(400, f"{name} is too large: {body[name]}. This model supports at most "
                                  f"{_MOST_OF_A_REPLY} completion tokens, whereas you provided {body[name]}.", name)
        if {"max_tokens", "max_completion_tokens"} <= body.keys():
            raise self.refuse(400, "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not "
                              "supported.")
        if isinstance(body.get("stop"), list) and len(body["stop"]) > 4:
            raise self.refuse(400, "Invalid 'stop': array too long.", "stop", "array_above_max_length")
        if "top_logprobs" in body and not body.get("logprobs"):
            raise self.refuse(400, "'top_logprobs' needs 'logprobs'.", "top_logprobs")
        if body.get("response_format", {}).get("type", "text") not in {"text", "json_object", "json_schema"}:
            raise self.refuse(400, "Invalid value for 'response_format.type'.", "response_format")

    def _check_as_a_thinker(self, body: Any) -> None:
        if "max_tokens" in body:
            raise self.refuse(400, "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
                              "'max_completion_tokens' instead.", "max_tokens", "unsupported_parameter")
        if body.get("temperature", 1) != 1:
            raise self.refuse(400, f"Unsupported value: 'temperature' does not support {body['temperature']} with this "
                              "model. Only the default (1) value is supported.", "temperature", "unsupported_value")
        if "logprobs" in body:
            raise self.refuse(403, "You are not allowed to request logprobs from this model")

    def prompt(self, body: Any) -> str:
        return "\n".join(message["content"] for message in body["messages"])

    def too_many(self, wait_s: float) -> Refusal:
        refusal = self.refuse(429, "Rate limit reached for requests per min (RPM).", code="rate_limit_exceeded")
        refusal.headers = _told(self.flags.tell, wait_s)
        return refusal

    def events(self, body: Any, *, stopped: str) -> list[dict[str, Any]]:
        prompt = len(self.prompt(body)) // 4
        thought = 5 if self.flags.thinks else 0
        head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": f"{body['model']}-2024-07-18"}
        pieces = [] if stopped else [self.flags.reply[at:at + 3] for at in range(0, len(self.flags.reply), 3)]
        events = [{**head, "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}]
        events += [{**head, "choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]}
                   for piece in pieces]
        reason = "content_filter" if stopped else "stop"
        events.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
        usage = {"prompt_tokens": prompt, "completion_tokens": self.flags.tokens + thought,
                 "prompt_tokens_details": {"cached_tokens": 0},
                 "completion_tokens_details": {"reasoning_tokens": thought}}
        return [*events, {**head, "choices": [], "usage": usage}]

    def whole(self, body: Any, *, stopped: str) -> dict[str, Any]:
        events = self.events(body, stopped=stopped)
        message = {"role": "assistant", "content": None if stopped else self.flags.reply}
        reason = "content_filter" if stopped else "stop"
        return {"object": "chat.completion", "model": events[0]["model"], "usage": events[-1]["usage"],
                "choices": [{"index": 0, "message": message, "finish_reason": reason}]}

    end = b"data: [DONE]\n\n"


class Gemini:
    """``POST /v1beta/models/NAME:generateContent`` and ``:streamGenerateContent?alt=sse``, ``GET /v1beta/models``."""

    fields: ClassVar[dict[str, Any]] = {
        "contents": list, "systemInstruction": dict, "generationConfig": dict, "safetySettings": list,
    }
    config: ClassVar[dict[str, Any]] = {
        "temperature": (int, float), "topP": (int, float), "topK": int, "maxOutputTokens": int, "seed": int,
        "stopSequences": list, "candidateCount": int, "responseMimeType": str, "responseJsonSchema": dict,
        "responseLogprobs": bool, "logprobs": int,
    }
    end = b""

    def __init__(self, flags: argparse.Namespace) -> None:
        self.flags = flags

    def key_in(self, headers: Any) -> str | None:
        found: str | None = headers.get("x-goog-api-key")
        return found

    def refuse(self, status: int, message: str, details: list[dict[str, Any]] | None = None) -> Refusal:
        word = {400: "INVALID_ARGUMENT", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED",
                500: "INTERNAL", 503: "UNAVAILABLE"}[status]
        error: dict[str, Any] = {"code": status, "message": message, "status": word}
        return Refusal(status, {"error": {**error, "details": details} if details else error})

    def wrong_key(self, key: str | None) -> Refusal:
        if key is None:
            return self.refuse(403, "Method doesn't allow unregistered callers.")
        return self.refuse(400, f"API key not valid: {key}", [{"@type": "type.googleapis.com/google.rpc.ErrorInfo",
                                                               "reason": "API_KEY_INVALID"}])

    def models(self) -> dict[str, Any]:
        return {"models": [{"name": f"models/{name}"} for name in self.flags.models]}

    def check(self, path: str, body: Any) -> bool:
        name, _, what = path.removeprefix("/v1beta/models/").partition(":")
        if what not in {"generateContent", "streamGenerateContent?alt=sse"}:
            raise self.refuse(404, f"not found: {path}")
        if name not in self.flags.models:
            raise self.refuse(404, f"models/{name} is not found for API version v1beta")
        self._typed(body, self.fields, "")
        self._typed(body.get("generationConfig", {}), self.config, " at 'generation_config'")
        self._check_ranges(body.get("generationConfig", {}))
        if not body.get("contents"):
            raise self.refuse(400, "* GenerateContentRequest.contents: contents is not specified")
        for content in (*body["contents"], *([body["systemInstruction"]] if "systemInstruction" in body else [])):
            self._check_content(content)
        return what.startswith("stream")

    def _check_content(self, content: Any) -> None:
        self._typed(content, {"role": str, "parts": list}, " at 'contents[0]'")
        if content.get("role", "user") not in {"user", "model"} or not content.get("parts"):
            raise self.refuse(400, "Please use a valid role: user, model.")
        for part in content["parts"]:
            self._typed(part, {"text": str}, " at 'contents[0].parts[0]'")

    def _check_ranges(self, config: Any) -> None:
        for name, low, high in (("temperature", 0, 2), ("topP", 0, 1), ("topK", 1, 2**31 - 1), ("logprobs", 0, 20),
                                ("maxOutputTokens", 1, 65536), ("seed", -2**31, 2**31 - 1)):
            if name in config and not low <= config[name] <= high:
                raise self.refuse(400, f"* GenerateContentRequest.generation_config.{name}: must be in [{low}, {high}]")
        if len(config.get("stopSequences", [])) > 5:
            raise self.refuse(400, "* GenerateContentRequest.generation_config.stop_sequences: at most 5")
        if "logprobs" in config and not config.get("responseLogprobs"):
            raise self.refuse(400, "Logprobs is only enabled if response_logprobs is true.")
        if "responseJsonSchema" in config and config.get("responseMimeType") != "application/json":
            raise self.refuse(400, "response_json_schema needs response_mime_type application/json")

    def _typed(self, given: Any, known: Any, where: str) -> None:
        if not isinstance(given, dict):
            raise self.refuse(400, f"Invalid value{where}")
        for name, value in given.items():
            if name not in known:
                raise self.refuse(400, f'Invalid JSON payload received. Unknown name "{name}"{where}: Cannot find '
                                  "field.")
            if not isinstance(value, known[name]) or (isinstance(value, bool) and known[name] is not bool):
                raise self.refuse(400, f"Invalid value{where} ({name})")

    def prompt(self, body: Any) -> str:
        contents = (*body["contents"], *([body["systemInstruction"]] if "systemInstruction" in body else []))
        return "\n".join(part["text"] for content in contents for part in content["parts"])

    def too_many(self, wait_s: float) -> Refusal:
        if self.flags.tell != "details":
            refusal = self.refuse(429, "Resource has been exhausted (e.g. check quota).")
            refusal.headers = _told(self.flags.tell, wait_s)
            return refusal
        violation = {"quotaId": f"GenerateRequestsPer{self.flags.quota}PerProjectPerModel-FreeTier"}
        return self.refuse(429, "You exceeded your current quota.", [
            {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]},
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{wait_s:.3f}s"}])

    def events(self, body: Any, *, stopped: str) -> list[dict[str, Any]]:
        prompt = len(self.prompt(body)) // 4
        head = {"modelVersion": f"{self.flags.models[0]}-001", "responseId": "r"}
        usage = {"promptTokenCount": prompt, "totalTokenCount": prompt}
        if stopped == "prompt":
            return [{**head, "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": usage}]
        if stopped:
            return [{**head, "candidates": [{"finishReason": "SAFETY", "index": 0}], "usageMetadata": usage}]
        said = [{"content": {"role": "model", "parts": [{"text": self.flags.reply[at:at + 4]}]}, "index": 0}
                for at in range(0, len(self.flags.reply), 4)]
        thought = 5 if self.flags.thinks else 0
        usage |= {"candidatesTokenCount": self.flags.tokens, "totalTokenCount": prompt + self.flags.tokens + thought}
        usage |= {"thoughtsTokenCount": thought} if thought else {}
        last = {**head, "candidates": [{"finishReason": "STOP", "index": 0}], "usageMetadata": usage}
        return [*({**head, "candidates": [each]} for each in said), last]

    def whole(self, body: Any, *, stopped: str) -> dict[str, Any]:
        last = self.events(body, stopped=stopped)[-1]
        if not stopped:
            parts = {"role": "model", "parts": [{"text": self.flags.reply}]}
            last["candidates"] = [{"content": parts, "finishReason": "STOP", "index": 0}]
        return last


def _told(how: str, wait_s: float) -> dict[str, str]:
    """In how many ways a provider says when to come back."""
    if how == "date":  # whole seconds: the next one that is late enough
        return {"Retry-After": email.utils.formatdate(int(time.time() + wait_s) + 1, usegmt=True)}
    if how == "reset":
        return {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": f"{int(wait_s * 1000) + 1}ms"}
    if how == "milliseconds":
        return {"retry-after-ms": str(int(wait_s * 1000) + 1)}
    return {"Retry-After": str(int(wait_s) + 1)} if how == "seconds" else {}


def _with_key(events: list[Any], key: str) -> Iterator[Any]:
    """OpenAI's, with the key wherever a text may be, and in two pieces."""
    for text in (key[:9], key[9:]):
        yield {**events[0], "choices": [{"index": 0, "delta": {"content": text, "reasoning_content": text}}]}
    yield {**events[0], "choices": [{"index": 0, "delta": {}, "finish_reason": key}]}
    yield {**events[-1], "model": key, "timings": {key: 1.0, "predicted_ms": 2.0}}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    flags: argparse.Namespace
    dialect: OpenAi | Gemini

    def do_GET(self) -> None:
        try:
            if self.flags.dialect == "openai" and self.path != f"{self.flags.prefix}/models":
                raise self.dialect.refuse(404, f"Invalid URL (GET {self.path})")
            self._check_key()
            self._send(200, self.dialect.models())
        except Refusal as refusal:
            self._send(refusal.status, refusal.body, refusal.headers)

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            body = json.loads(data)
        except ValueError:
            body = None
        with LOCK:
            number, at = next(NUMBERS), time.monotonic()
        status = 200
        try:
            self._check_key()
            if not isinstance(body, dict) or self.headers.get("Content-Type") != "application/json":
                raise self.dialect.refuse(400, "We could not parse the JSON body of your request.")
            streams = self.dialect.check(self.path, body)
            self._let_in(at)
            fault = self.flags.fault.get(str(number), self.flags.fault.get("*"))
            self._spoil(fault)
            self._answer(body, streams, fault)
        except Refusal as refusal:
            status = refusal.status
            self._send(status, refusal.body, refusal.headers)
        finally:
            line = {"at": at, "ended": time.monotonic(), "status": status, "path": self.path, "body": body}
            with LOCK, self.flags.log.open("a") as file:
                file.write(json.dumps(line) + "\n")

    def _check_key(self) -> None:
        key = self.dialect.key_in(self.headers)
        if "key=" in self.path or key != self.flags.key:
            raise self.dialect.wrong_key(key)

    def _let_in(self, now: float) -> None:
        """A window that slides: never more than N in so many seconds."""
        if self.flags.limit is None:
            return
        most, window_s = self.flags.limit
        with LOCK:
            while SERVED and SERVED[0] <= now - window_s:
                SERVED.popleft()
            if len(SERVED) >= most:
                raise self.dialect.too_many(SERVED[0] + window_s - now)
            SERVED.append(now)

    def _spoil(self, fault: str | None) -> None:
        """Raises Refusal for what is no reply."""
        if fault == "quota":
            raise self.dialect.too_many(40.0)
        if fault in {"500", "503"}:
            raise self.dialect.refuse(int(fault), "The model is overloaded. Please try again later.")
        if fault == "forbidden":
            raise self.dialect.refuse(403, "This project has no access to this model.")
        if fault == "elsewhere":
            raise Refusal(307, {}, {"Location": f"http://localhost:{self.flags.port}{self.path}"})
        if fault == "packed":
            raise Refusal(200, {}, {"Content-Encoding": "gzip"})

    def _answer(self, body: Any, streams: bool, fault: str | None) -> None:
        time.sleep(self.flags.delay)
        prompt = self.dialect.prompt(body)
        stopped = "reply" if self.flags.stop and self.flags.stop in prompt else ""
        if self.flags.stop_prompt and self.flags.stop_prompt in prompt:
            stopped = "prompt"
        if not streams:
            self._send(200, self.dialect.whole(body, stopped=stopped))
            return
        events = self.dialect.events(body, stopped=stopped)
        if fault == "cut":
            events = events[:min(2, len(events) - 1)]
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        if fault == "echo":
            events = list(_with_key(events, self.dialect.key_in(self.headers) or ""))
        for event in itertools.cycle(events[1:2]) if fault == "endless" else events:
            if fault == "slow":
                time.sleep(0.2)
            self.wfile.write(b"data: " + json.dumps(event).encode() + b"\r\n\r\n")
        if fault != "cut":
            self.wfile.write(self.dialect.end)
        self.close_connection = True

    def _send(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class names it so)
        pass


def _limit(text: str) -> tuple[int, float]:
    most, _, seconds = text.partition("/")
    return int(most), float(seconds)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--dialect", choices=("openai", "gemini"), required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--key", help="the key that is right; none: requests bear none")
    parser.add_argument("--key-file", type=Path, help="a file that holds it")
    parser.add_argument("--models", nargs="+", default=["gpt-4o-mini"])
    parser.add_argument("--reply", default="#### 4")
    parser.add_argument("--tokens", type=int, default=7, help="of a reply's text")
    parser.add_argument("--thinks", action="store_true", help="a model that thinks, and takes fewer settings")
    parser.add_argument("--limit", type=_limit, help="N/SECONDS: refuse more")
    parser.add_argument("--tell", choices=("seconds", "date", "milliseconds", "reset", "details", "nothing"),
                        default="seconds", help="how a refusal says when to come back")
    parser.add_argument("--quota", choices=("Minute", "Day"), default="Minute")
    parser.add_argument("--prefix", default="/v1", help="of OpenAI's paths")
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--fault", nargs="*", default=[], metavar="NUMBER:KIND",
                        help="500 503 quota forbidden elsewhere packed cut slow endless echo; NUMBER * is every one")
    parser.add_argument("--stop", help="a word in a prompt whose reply is stopped for safety")
    parser.add_argument("--stop-prompt", help="a word in a prompt that is not answered at all")
    flags = parser.parse_args()
    if flags.key_file is not None:
        flags.key = flags.key_file.read_text()
    flags.fault = dict(each.split(":") for each in flags.fault)
    Handler.flags = flags
    Handler.dialect = OpenAi(flags) if flags.dialect == "openai" else Gemini(flags)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    flags.port = server.server_address[1]
    print(flags.port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
