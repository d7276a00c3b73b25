"""An experiment as runs leave it behind: a ledger and run folders with texts that wait for judges."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.outcomes import Outcome
from core.records import Answer, Sample, Task, Verdict, Verified
from ledger import store
from ledger.folder import RunFolder
from ledger.run_id import make_run_id

ROOT = Path(__file__).resolve().parents[3]
MODELS = ("demo-5M:F16", "demo-3M:Q4_K_M")
PROMPTS = ("p1-short", "p2-mentor")


@dataclass(frozen=True)
class Experiment:
    """Where it lies."""

    results: Path
    runs_root: Path
    out: Path
    name: str = "tip-bench"

    def bench(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """The command line, as a user would type it."""
        return subprocess.run(
            [sys.executable, "bench_runner.py", *argv, "--results", str(self.results), "--runs-root",
             str(self.runs_root)], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)

    def judge_file(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.out.read_text("utf-8"))
        return value

    def everything(self) -> dict[str, bytes]:
        """All files but locks, to see that nothing changed."""
        found = [self.results, *self.runs_root.rglob("*")]
        return {str(path): path.read_bytes() for path in found if path.is_file() and not path.name.endswith(".lock")}


def make(tmp_path: Path, models: Sequence[str] = MODELS, prompts: Sequence[str] = PROMPTS, scenarios: int = 3,
         candidates: int = 2) -> Experiment:
    made = Experiment(tmp_path / "ledger.json", tmp_path / "runs", tmp_path / "judge.json")
    for model in models:
        for prompt in prompts:
            add_run(made, model, prompt, scenarios, candidates)
    return made


def add_run(made: Experiment, model: str, prompt: str, scenarios: int = 3, candidates: int = 2,
            text: Callable[[str, int], str] | None = None, **more: Any) -> str:
    """One run of texts; its id."""
    number = len(store.read(made.results))
    run_id = make_run_id(f"2026-11-24T08:00:{number:02d}Z", "tips", model, f"{number:06x}")
    tasks = [Task(f"tips/{place}", {"persona": f"A gardener of {30 + place}", "time_slot": "early morning",
                                    "tasks": ["water the beds", f"call the {place}th customer"]})
             for place in range(scenarios)]
    with RunFolder.create(made.runs_root, run_id, {"fingerprint": f"f{number}"}) as folder:
        folder.write_tasks(tasks)
        for task in tasks:
            for index in range(candidates):
                place = f"{number}.{task.task_id[5:]}.{index}"
                said = text(task.task_id, index) if text else f"Tip {place}: begin with water."
                sample = Sample(task.task_id, index, f"<think>as {model}</think>{said}", completion_tokens=12)
                folder.append_sample(sample)
                folder.append_detail(Verified(sample, Answer(said), Verdict(Outcome.UNJUDGED)))
    name, _, quantization = model.partition(":")
    store.append(made.results, {
        "timestamp": f"2026-11-24T08:00:{number:02d}Z", "benchmark": "tips", "model": model,
        "config": {"base_name": name, "quantization": quantization, "strategy": "candidates", "n": candidates,
                   "prompt_version": prompt, "experiment": made.name},
        "results": {"time_taken": 12.5}, "format": 1, "run_id": run_id, "fingerprint": f"f{number}",
        "status": "complete", "validity": {"status": "ok", "reasons": []}, "tasks_sha256": "t" * 64,
        "outcomes": {"unjudged": scenarios}, "usage": {"completion_tokens": 12 * scenarios * candidates,
                                                      "prompt_tokens": 100, "requests": scenarios * candidates},
        **more,
    })
    return run_id


def fill(made: Experiment, score: Callable[[dict[str, Any], str], int | None]) -> dict[str, Any]:
    """Stands in for the judge: a score for each candidate and criterion, written back to the file."""
    value = made.judge_file()
    for candidate in value["candidates"]:
        candidate["scores"] = {name: score(candidate, name) for name in candidate["scores"]}
    made.out.write_text(json.dumps(value, indent=1), "utf-8")
    return value


def by_length(candidate: dict[str, Any], criterion: str) -> int:
    """Scores that differ, and are the same whenever they are asked for."""
    return 1 + (sum(map(ord, candidate["text"])) + len(criterion)) % 5
