"""Puts any benchmark's tasks to a model, by a template: each task is a few texts, and the prompt file names them.

Driven by the runner, the request says which benchmark's prompt it is, or holds the templates of a benchmark of one's
own. By hand, ``--benchmark`` names it; the tasks file is a run folder's ``tasks.jsonl``.
"""

from __future__ import annotations

import sys
from pathlib import Path

# Run by path, a script finds only its own folder; core and the shared client are looked for from the root.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from collections.abc import Mapping

from benchmarks.scripts.client import Script, main
from core.records import Json


def fields(task: Mapping[str, Json]) -> dict[str, str]:
    """All texts and numbers of the task, by name. What is no text (a list of choices) is for parsers."""
    return {
        name: str(value)
        for name, value in task.items()
        if isinstance(value, (str, int, float)) and not isinstance(value, bool)
    }


SCRIPT = Script(
    benchmark=None,
    summary="Puts a benchmark's tasks to an OpenAI-compatible server and prints one JSON line a reply.",
    example="python benchmarks/scripts/prompted.py --benchmark mmlu --base-url http://127.0.0.1:8080 "
    "--tasks-file runs/RUN_ID/tasks.jsonl > samples.jsonl",
    fields=fields,
    id_prefix="task",
)

if __name__ == "__main__":
    main(SCRIPT)
