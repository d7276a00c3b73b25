"""Flags of a llama.cpp server beside models that have servers of their own kind."""

from __future__ import annotations

import pytest

from core.errors import UsageError
from runner.arguments import parse
from runner.from_flags import request_of


@pytest.mark.parametrize("given", [
    ("--server", "xllamacpp"), ("--server-bin", "x"), ("--server-arg=--x",), ("--reserve-ram", "2"),
    ("--api-key-env", "KEY")])
def test_what_ollama_has_no_use_for_is_refused_where_no_other_model_has(given: tuple[str, ...]) -> None:
    _, flags = parse(["--model", "ollama:llama3.2:1b", "--benchmark", "math", *given])
    with pytest.raises(UsageError, match=f"{given[0].partition('=')[0]}: ollama:NAME has a server of its own kind"):
        request_of(flags)


def test_beside_a_gguf_they_are_for_that_one() -> None:
    _, flags = parse(["--model", "ollama:llama3.2:1b", "demo", "--benchmark", "math", "--server", "xllamacpp",
                      "--reserve-ram", "1"])
    request = request_of(flags)
    assert [model.backend or "" for model in request.models] == ["ollama", ""]
    assert request.server.backend == "xllamacpp"


def test_how_large_a_model_may_be_goes_along_to_the_server_that_tells_it() -> None:
    _, flags = parse(["--model", "ollama:llama3.2:1b", "--benchmark", "math", "--max-model-b", "3"])
    assert request_of(flags).server.max_model_b == 3
