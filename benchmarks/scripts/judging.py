"""Puts texts to a model that judges them: what it goes by and what it judges are in the task.

The reply's JSON Schema goes with every request where the server is known to enforce one. The tasks file is a run
folder's ``tasks.jsonl``.
"""

from __future__ import annotations

import sys
from pathlib import Path

# Run by path, a script finds only its own folder; core and the shared client are looked for from the root.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from collections.abc import Mapping

from benchmarks.scripts.client import Script, main
from benchmarks.scripts.settings import Settings
from benchmarks.scripts.task_files import ScriptTask
from core.records import Json


def fields(task: Mapping[str, Json]) -> dict[str, str]:
    """The judge's instructions, and what is to be judged."""
    return {"instructions": str(task["instructions"]), "material": str(task["material"])}


def body_fields(task: ScriptTask, settings: Settings) -> Mapping[str, Json]:
    """The schema as OpenAI's ``response_format``, where it is known to be enforced."""
    if task.schema is None or "json_schema" not in (settings.capabilities or ()):
        return {}
    schema = {"name": "judgement", "strict": True, "schema": task.schema}
    return {"response_format": {"type": "json_schema", "json_schema": schema}}


SCRIPT = Script(
    benchmark=None,
    summary="Puts texts to a model that judges them and prints one JSON line a reply.",
    example="python benchmarks/scripts/judging.py --benchmark judge --base-url http://127.0.0.1:8080 "
    "--tasks-file runs/RUN_ID/tasks.jsonl > samples.jsonl",
    fields=fields,
    id_prefix="judge",
    body_fields=body_fields,
)

if __name__ == "__main__":
    main(SCRIPT)
