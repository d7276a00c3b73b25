"""Who may not judge: the author, by whatever name."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import pytest

from core.errors import UsageError
from core.records import ModelInfo
from runner.judging.selves import refuse_self
from servers.models import resolve

DEMO = Path(__file__).resolve().parents[3] / "models" / "demo-3M-Q4_K_M.gguf"
RUN: dict[str, Any] = {"model": "demo-5M:F16", "config": {"base_name": "demo-5M", "quantization": "F16"}}


@pytest.mark.parametrize("judge", [ModelInfo("demo-5M", "F16"), ModelInfo("demo-5M", "Q2_K"), ModelInfo("DEMO-5m"),
                                   ModelInfo("demo-5M:F16")])
def test_an_author_is_refused_in_any_quantization_and_spelling(judge: ModelInfo) -> None:
    with pytest.raises(UsageError, match="would judge its own texts"):
        refuse_self(judge, [RUN], allowed=False)
    refuse_self(judge, [RUN], allowed=True)


def test_others_may_judge_and_a_server_may_be_asked_who_it_is() -> None:
    refuse_self(ModelInfo("demo-3M", "Q4_K_M"), [RUN], allowed=False)
    refuse_self(ModelInfo(""), [RUN], allowed=False)


def test_a_file_is_known_by_its_content_whatever_it_is_called(tmp_path: Path) -> None:
    copy = tmp_path / "somebody.gguf"
    shutil.copy(DEMO, copy)
    judge = resolve(str(copy))
    run = {"model": "renamed", "config": {"base_name": "renamed", "size_bytes": DEMO.stat().st_size},
           "provenance": {"gguf_sha256": hashlib.sha256(DEMO.read_bytes()).hexdigest()}}
    with pytest.raises(UsageError, match="renamed is in this experiment"):
        refuse_self(judge, [run], allowed=False)
    other = {**run, "provenance": {"gguf_sha256": "0" * 64}}
    refuse_self(judge, [other], allowed=False)
