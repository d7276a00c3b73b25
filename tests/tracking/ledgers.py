"""Ledgers for the tests: records as a run of texts leaves them, and as judges do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def record(run_id: str, experiment: str | None = None, **more: Any) -> dict[str, Any]:
    """A run of texts that nobody has judged."""
    found: dict[str, Any] = {
        "timestamp": "2026-11-24T10:00:00.250Z", "benchmark": "tips", "model": "demo-5M:Q4_K_M", "format": 1,
        "config": {"base_name": "demo-5M", "quantization": "Q4_K_M", "prompt_version": "v2-mentor",
                   "strategy": "candidates", "n": 2, "sampling": {"temperature": 0.8, "seed": 0},
                   **({"experiment": experiment} if experiment else {})},
        "results": {"time_taken": 1.5}, "run_id": run_id, "fingerprint": "f" * 64, "status": "complete",
        "validity": {"status": "ok", "reasons": []}, "tasks_sha256": "a" * 64, "outcomes": {"unjudged": 8},
        "usage": {"prompt_tokens": 400, "completion_tokens": 90, "requests": 16},
        "provenance": {"runner_version": "0.1.0"},
    }
    return {**found, **more}


def judgement(of: dict[str, Any], run_id: str, composite: float, **judging: Any) -> dict[str, Any]:
    """What a judge said of all its texts, on a scale from 1 to 5."""
    said = {"rubric": "tip-v1", "rubric_sha256": "b" * 64, "judge": "anna", "kind": "human", "candidates": 16,
            "scored": 16, "file_id": "c" * 16, **judging}
    return {
        **of, "run_id": run_id, "timestamp": "2026-11-24T11:00:00.000Z", "judgement_of": of["run_id"], "judging": said,
        "results": {"score": (composite - 1) / 4 * 100, "composite": composite,
                    "criteria": {"relevance": composite - 0.5, "tone": composite + 0.5}},
        "interval": [30.0, 70.0], "outcomes": {},
    }


def write(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"runs": list(records)}))
    return path


def write_folder(runs_root: Path, run_id: str, texts: dict[str, str]) -> Path:
    """A run's folder with a reply to each task."""
    folder = runs_root / run_id
    folder.mkdir(parents=True)
    (folder / "tasks.jsonl").write_text("".join(
        json.dumps({"task_id": task, "prompt": {"scenario": f"scenario of {task}"}}) + "\n" for task in texts))
    (folder / "samples.jsonl").write_text("".join(
        json.dumps({"task_id": task, "sample": 0, "response": text, "finish_reason": "stop"}) + "\n"
        for task, text in texts.items()))
    (folder / "report.html").write_text("<!doctype html><title>page</title>")
    return folder
