"""Scripts run as users run them, and LiveCodeBench records to order."""

from __future__ import annotations

import base64
import json
import os
import pickle
import subprocess
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FAKES = ROOT / "tests" / "fakes"


@dataclass(frozen=True)
class Fake:
    """A fake server that runs."""

    url: str
    log: Path

    def requests(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []


StartFake = Callable[..., Fake]
MakeRequest = Callable[..., dict[str, Any]]

SERVER = "openai_server.py"
END = '{"end": true}\n'


@dataclass(frozen=True)
class Ran:
    """What a script printed and how it ended."""

    events: list[dict[str, Any]]
    stderr: str
    code: int

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == kind]


def run_script(
    name: str,
    *flags: str,
    request: dict[str, Any] | None = None,
    stdin: str = "",
    env: dict[str, str] | None = None,
    cwd: Path | None = None,
) -> Ran:
    """Runs ``benchmarks/scripts/<name>`` by path, without a PYTHONPATH, from a folder that is not the repository."""
    environment = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "BENCH_REQUEST"}}
    environment |= env or {}
    if request is not None:
        environment["BENCH_REQUEST"] = str(request["path"])
        Path(request["path"]).write_text(json.dumps(request["fields"]))
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "scripts" / name, *flags],
        input=stdin.encode(),
        capture_output=True,
        timeout=60,
        env=environment,
        cwd=cwd or "/",
        check=False,
    )
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return Ran(events, done.stderr.decode(), done.returncode)


def private(tests: list[dict[str, str]], protocol: int = 4) -> str:
    """Tests as LiveCodeBench packs them."""
    return base64.b64encode(zlib.compress(pickle.dumps(json.dumps(tests), protocol=protocol))).decode()


def lcb_record(question_id: str = "q1", **changes: Any) -> dict[str, Any]:
    """A record of LiveCodeBench's schema with one public and two private tests that read standard input."""
    tests = [{"input": f"{n}\n", "output": f"{n + 1}\n", "testtype": "stdin"} for n in range(3)]
    return {
        "question_title": "T",
        "question_content": f"Statement of {question_id}",
        "platform": "atcoder",
        "question_id": question_id,
        "contest_id": "c",
        "contest_date": "2025-01-15T00:00:00",
        "starter_code": "",
        "difficulty": "easy",
        "public_test_cases": json.dumps(tests[:1]),
        "private_test_cases": private(tests[1:]),
        "metadata": "{}",
    } | changes


def write_lines(path: Path, records: list[Any]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def draw(task_id: str, sample: int = 0, count: int = 1, seed: int = 7) -> str:
    """A line of a script's standard input."""
    return json.dumps({"draw": {"task_id": task_id, "sample": sample, "count": count, "seed": seed}}) + "\n"
