"""A model does not judge itself, unless it is told to: models prefer their own texts.

Panickssery, Bowman and Feng (2024), LLM Evaluators Recognize and Favor Their Own Generations, arXiv:2404.13076.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import UsageError
from core.lookup import number_at, text_at
from core.records import ModelInfo
from servers.model_hash import model_sha256


def refuse_self(judge: ModelInfo, runs: Sequence[Mapping[str, Any]], *, allowed: bool) -> None:
    """UsageError where the judge is a model whose texts it would see: by its file's hash, its label or its base name,
    for other quantizations of one model are the same author.
    """
    if allowed or not judge.name:
        return
    for run in runs:
        label = text_at(run, "model") or ""
        theirs = {label.casefold(), (text_at(run, "config", "base_name") or label).casefold()}
        if theirs & {judge.label.casefold(), judge.name.casefold()} or _same_file(judge, run):
            raise UsageError(f"--judge-model: {judge.label} would judge its own texts ({label} is in this experiment), "
                             "and models prefer their own; name another, or add --allow-self.")


def _same_file(judge: ModelInfo, run: Mapping[str, Any]) -> bool:
    """Whether it is the same file, whatever it is called; hashed only where the size is the same."""
    sha256 = text_at(run, "provenance", "gguf_sha256")
    if judge.path is None or sha256 is None or judge.size_bytes != number_at(run, "config", "size_bytes"):
        return False
    return model_sha256(judge) == sha256
