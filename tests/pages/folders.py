"""Run folders as a run leaves them, with what a test needs in them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

HOSTILE = (
    "<script>alert('ran')</script></script><img src=x onerror=\"alert('ran')\"> \x1b[31mred\x1b[0m \x1b]0;title\x07 "
    "[click](javascript:alert('ran')) javascript:alert(1) \u202egnp.exe\u202c zero\u200bwidth <!-- "
    "<svg onload=alert(1)> "
    "\u2028 {{7*7}} \ud800 \0 end-of-hostile"
)


def record(**changes: Any) -> dict[str, Any]:
    """Of a small run; ``changes`` at its top level."""
    return {
        "timestamp": "2026-11-21T04:29:48Z", "benchmark": "mine", "model": "demo-5M:Q8_0", "run_id": "r1",
        "config": {"backend": "llama-server", "size_bytes": 5348224, "strategy": "single", "samples_per_task": 1},
        "results": {"score": 50.0, "total_passed": 1, "total_problems": 2, "failed_tasks": ["t/1"], "time_taken": 3.5},
        "interval": [9.5, 90.5], "status": "complete", "validity": {"status": "ok", "reasons": []},
        "outcomes": {"correct": 1, "wrong": 1}, **changes,
    }


def reply(task_id: str, response: str, outcome: str | None = "wrong", index: int = 0, **changes: Any) -> dict[str, Any]:
    """One sample with its verdict; ``changes`` go where they belong."""
    return {"task_id": task_id, "sample": index, "response": response, "outcome": outcome, "completion_tokens": 20,
            "wall_s": 0.5, "finish_reason": "stop", **changes}


_OF_DETAILS = ("task_id", "sample", "outcome", "passed", "detail", "answer", "no_answer_reason", "thinking_closed",
               "fields", "finish_reason", "completion_tokens", "wall_s", "verify_s", "key", "merits")
_OF_SAMPLES = ("task_id", "sample", "response", "reasoning", "completion", "finish_reason", "completion_tokens",
               "prompt_tokens", "wall_s", "seed", "looping", "timings")


def write(
    folder: Path, replies: Iterable[Mapping[str, Any]], tasks: Iterable[Mapping[str, Any]] = (),
    summary: Mapping[str, Any] | None = None,
) -> Path:
    """A folder with these replies; ``summary``: the record (None: a usual one)."""
    folder.mkdir(parents=True, exist_ok=True)
    known = list(replies)
    (folder / "run_config.json").write_text(json.dumps({"run_id": folder.name, "settings": {"benchmark": "mine"}}))
    (folder / "summary.json").write_text(json.dumps(record() if summary is None else summary))
    _lines(folder / "tasks.jsonl", tasks)
    _lines(folder / "samples.jsonl", ({key: one[key] for key in _OF_SAMPLES if key in one} for one in known))
    _lines(folder / "details.jsonl", ({key: one[key] for key in _OF_DETAILS if key in one}
                                      for one in known if one["outcome"] is not None))
    return folder


def _lines(path: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def large(folder: Path, count: int) -> Path:
    """A run of ``count`` tasks with replies of some 800 characters; every thousandth holds ``needle-N``."""
    chance = random.Random(5)
    words = [f"{''.join(chance.choices('abcdefghijklmnopqrstuvwxyz', k=chance.randint(2, 9)))}" for _ in range(3000)]
    outcomes = ("correct", "correct", "correct", "wrong", "wrong", "truncated", "no_answer")
    tasks, replies = [], []
    for number in range(count):
        name, outcome = f"large/{number:05d}", chance.choice(outcomes)
        text = " ".join(chance.choices(words, k=120)) + (f" needle-{number}" if number % 1000 == 999 else "")
        tasks.append({"task_id": name, "prompt": {"question": " ".join(chance.choices(words, k=40))},
                      "difficulty": ("easy", "medium", "hard")[number % 3]})
        replies.append(reply(name, text, outcome, answer=str(number), completion_tokens=len(text) // 4,
                             wall_s=round(chance.lognormvariate(1, 0.7), 3)))
    counts = {outcome: sum(one["outcome"] == outcome for one in replies) for outcome in dict.fromkeys(outcomes)}
    score = 100 * counts["correct"] / count
    return write(folder, replies, tasks, record(
        outcomes=counts, interval=[score - 0.7, score + 0.7],
        results={"score": score, "total_passed": counts["correct"], "total_problems": count, "failed_tasks": []},
    ))
