"""Names as this program and its data sets use them, so that runs of other programs pair with ours."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Final

_BENCHMARKS: Final = {"humaneval": "human_eval", "humaneval_instruct": "human_eval", "openai_humaneval": "human_eval",
                      "livecodebench": "lcb", "codegeneration": "lcb", "gsm8k_cot": "gsm8k", "sanitized_mbpp": "mbpp"}
_MBPP = re.compile(r"mbpp/(\d{1,9})", re.IGNORECASE)
_TEMPERATURE = re.compile(r"_temp_(\d{1,3}(?:\.\d{1,6})?)\Z")
_BACKENDS = ("_vllm", "_hf", "_openai", "_google", "_anthropic", "_bedrock", "_ollama", "_gptqmodel")


def benchmark_called(name: str) -> str:
    """The benchmark as we call it; a name of no benchmark of ours as it is."""
    short = name.rpartition("/")[2]
    return _BENCHMARKS.get(short.lower(), short)


def task_called(task_id: str) -> str:
    """``Mbpp/11`` is MBPP's own 11; any other id is kept."""
    found = _MBPP.fullmatch(task_id)
    return found[1] if found else task_id


def numbered(benchmark: str, row: int) -> str:
    """A task that is known only by its row, from 0."""
    if benchmark == "human_eval":
        return f"HumanEval/{row}"
    if benchmark.startswith("mmlu_"):
        return f"{benchmark.removeprefix('mmlu_')}/{row}"
    return f"{benchmark}/{row}"


def model_in(name: str) -> tuple[str, float | None]:
    """(model, temperature) out of a name like ``Qwen--Qwen2.5_hf_temp_0.0``, as evalplus gives files."""
    found = _TEMPERATURE.search(name)
    base = name[:found.start()] if found else name
    if found:
        base = next((base.removesuffix(ending) for ending in _BACKENDS if base.endswith(ending)), base)
    return base.replace("--", "/"), float(found[1]) if found else None


def stem(path: PurePath, *endings: str) -> str:
    """The file's name without the first of these endings that it has, and without its suffix."""
    name = path.name
    for ending in endings:
        if name.endswith(ending) and len(name) > len(ending):
            return name.removesuffix(ending).rstrip("._-") or name
    return path.stem
