"""Tokens, to the token: what a record says, what its samples say, and what the server itself counted."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from typing import Any
from urllib.request import Request, urlopen

import pytest

from servers.lifecycle import RunningServer, serve
from servers.models import resolve
from servers.spec import ServerSettings
from tests import skips
from tests.e2e.tool import Tool

TASKS, LIMIT = 6, ("--limit", "6", "--max-tokens", "96", "--temperature", "0.8")


@pytest.fixture(scope="module", params=["xllamacpp", "llama-server"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The demo model on a real server with two slots."""
    binary = None
    if request.param == "llama-server":
        binary = os.environ.get("BENCH_LLAMA_SERVER") or shutil.which("llama-server")
        if binary is None:
            skips.skip("llama-server")
    settings = ServerSettings(backend=request.param, server_bin=binary, parallel=2, ctx_size=2048, threads=1)
    log = tmp_path_factory.mktemp("server") / "server.log"
    with serve(resolve("demo"), settings, log) as running:
        yield running


def ask(server: RunningServer, path: str, body: dict[str, Any] | None = None) -> bytes:
    headers = {"Authorization": f"Bearer {server.endpoint.api_key}", "Content-Type": "application/json"}
    request = Request(server.endpoint.base_url + path, json.dumps(body).encode() if body else None, headers)
    with urlopen(request, timeout=60) as reply:
        answer: bytes = reply.read()
    return answer


def counted(server: RunningServer) -> tuple[int, int]:
    """Tokens of prompts that were worked off, and tokens that were chosen, since the server's start."""
    told = dict(re.findall(r"^llamacpp:(\w+) (\d+)$", ask(server, "/metrics").decode(), re.MULTILINE))
    return int(told["prompt_tokens_total"]), int(told["tokens_predicted_total"])


def probe_tokens(server: RunningServer) -> int:
    """Tokens of the prompt by which the server is asked, before a run, what it makes of a request."""
    messages = [{"role": "user", "content": "benchrunnerprompt"}]
    prompt = json.loads(ask(server, "/apply-template", {"messages": messages}))["prompt"]
    tokens = ask(server, "/tokenize", {"content": prompt, "add_special": True, "parse_special": True})
    return len(json.loads(tokens)["tokens"])


@pytest.mark.parametrize(("strategy", "samples"), [((), 1), (("--strategy", "sc_fixed", "--n", "4"), 4)])
def test_a_run_counts_what_the_server_counts_and_no_token_more(
    server: RunningServer, tool: Tool, strategy: tuple[str, ...], samples: int
) -> None:
    before = counted(server)
    key = {"THE_KEY": server.endpoint.api_key or ""}
    done = tool("--base-url", server.endpoint.base_url, "--api-key-env", "THE_KEY", "--benchmark", "math", *LIMIT,
                *strategy, env=key)
    assert done.code == 0, done.err
    after = counted(server)
    (record,) = tool.records()
    usage = record["usage"]
    assert usage["requests"] == TASKS * samples
    # The server was asked one thing more: what it makes of a request; one token, of a prompt that no cache had.
    assert after[0] - before[0] == usage["prompt_tokens"] - usage.get("cached_tokens", 0) + probe_tokens(server)
    assert after[1] - before[1] == usage["completion_tokens"] + 1
    assert record["checks"]["tokens"] == "as the server counts them"
    if samples > 1:
        assert usage["cached_tokens"] > 0, "samples of one task share its prompt"
    (folder,) = tool.run_folders()
    for name in ("samples.jsonl", "tasks.jsonl"):
        lines = [json.loads(line) for line in (folder / name).read_text().splitlines()]
        for tokens in ("prompt_tokens", "cached_tokens", "completion_tokens"):
            assert sum(line.get(tokens, 0) for line in lines) == usage.get(tokens, 0), (name, tokens)
