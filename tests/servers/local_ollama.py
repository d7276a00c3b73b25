"""A stand-in for an Ollama server, as a process."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.records import ModelInfo
from servers.backends import ollama_api
from servers.lifecycle import serve
from servers.spec import ServerSettings

FAKE = Path(__file__).resolve().parents[1] / "fakes" / "ollama_server.py"
NAME = "llama3.2:1b"
MODEL = ModelInfo(NAME, backend="ollama")


@dataclass(frozen=True)
class Fake:
    """A stand-in that runs."""

    url: str
    log: Path

    def lines(self) -> list[dict[str, Any]]:
        """Those that are whole."""
        text = self.log.read_text() if self.log.exists() else ""
        return [json.loads(line) for line in text.rpartition("\n")[0].splitlines()]

    def loaded(self) -> list[str]:
        return [each.name for each in ollama_api.loaded(self.url)]


Start = Callable[..., Fake]


def serving(tmp_path: Path, model: ModelInfo = MODEL, **settings: Any) -> Any:
    return serve(model, ServerSettings(**{"ctx_needed": 3000, **settings}), tmp_path / "server.log")
