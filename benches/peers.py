"""lm-eval and inspect_ai, each in a virtual environment of its own, and how their command lines put our tasks.

Installed once into a folder that the user names; versions are pinned, and a folder that holds another version is left
alone. Both get the tasks, the words, the sampling and the concurrency of our own run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benches.bare_client import WORDS


class Failed(Exception):
    """A peer could not be installed or did not do its work; the text says why."""


@dataclass(frozen=True)
class Job:
    """What a peer is to ask."""

    base_url: str
    api_key: str
    model: str
    tasks_file: Path
    slots: int
    max_tokens: int
    folder: Path
    """For what it needs and writes."""


@dataclass(frozen=True)
class Peer:
    """One of them."""

    name: str
    version: str
    requirements: tuple[str, ...]
    program: str

    def install(self, cache: Path) -> Path:
        """The folder of its programs. Raises Failed."""
        place = cache / f"{self.name}-{self.version}"
        if not (place / "bin" / self.program).exists():
            print(f"installing {self.name} {self.version} into {place}", file=sys.stderr)
            for argv in ([sys.executable, "-m", "venv", str(place)],
                         [str(place / "bin" / "pip"), "install", "--quiet", *self.requirements]):
                done = subprocess.run(argv, capture_output=True, text=True, check=False)
                if done.returncode:
                    raise Failed(f"{self.name} cannot be installed: {done.stderr.strip()[-400:]}")
        return place / "bin"


LM_EVAL = Peer("lm-eval", "0.4.13", ("lm-eval[api]==0.4.13",), "lm_eval")
INSPECT = Peer("inspect_ai", "0.3.285", ("inspect-ai==0.3.285", "openai==3.54.0"), "inspect")
PEERS = (LM_EVAL, INSPECT)

_TASK = """\
task: bench_math
dataset_path: json
dataset_kwargs:
  data_files:
    test: {file}
test_split: test
output_type: generate_until
doc_to_text: {text}
doc_to_target: "{{{{target}}}}"
generation_kwargs:
  until: []
  do_sample: false
  temperature: 0.0
  max_gen_toks: {max_tokens}
metric_list:
  - metric: exact_match
    aggregation: mean
    higher_is_better: true
filter_list:
  - name: last
    filter:
      - function: regex
        regex_pattern: "#### (-?[0-9.]+)"
      - function: take_first
"""
_INSPECT = """\
import json
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import pattern
from inspect_ai.solver import generate

@task
def bench_math():
    lines = [json.loads(line) for line in open({file!r})]
    return Task(
        dataset=[Sample(id=line["id"], input={words!r} + line["question"], target=line["target"]) for line in lines],
        solver=generate(),
        scorer=pattern(r"#### (-?[0-9.]+)"),
    )
"""


def lm_eval(job: Job) -> tuple[list[str], dict[str, str]]:
    """Its arguments and what its environment needs besides ours."""
    task = _TASK.format(
        file=json.dumps(str(job.tasks_file)), text=json.dumps(WORDS + "{{question}}"), max_tokens=job.max_tokens
    )
    (job.folder / "bench_math.yaml").write_text(task, encoding="utf-8")
    model = {
        "model": job.model, "base_url": f"{job.base_url}/v1/chat/completions", "num_concurrent": job.slots,
        "max_retries": 3, "tokenized_requests": False,
    }
    return [
        "--model", "local-chat-completions", "--model_args", ",".join(f"{k}={v}" for k, v in model.items()),
        "--apply_chat_template", "--tasks", "bench_math", "--include_path", str(job.folder), "--log_samples",
        "--output_path", str(job.folder / "out"),
    ], {"OPENAI_API_KEY": job.api_key, "HF_HOME": str(job.folder / "hf"), "HF_HUB_OFFLINE": "1"}


def inspect_ai(job: Job) -> tuple[list[str], dict[str, str]]:
    """The same of inspect_ai, whose provider's address comes by the environment."""
    task = job.folder / "bench_math.py"
    task.write_text(_INSPECT.format(file=str(job.tasks_file), words=WORDS), encoding="utf-8")
    return [
        "eval", task.name, "--model", f"openai-api/bench/{job.model}", "--max-connections", str(job.slots),
        "--temperature", "0", "--max-tokens", str(job.max_tokens), "--display", "none", "--log-format", "json",
        "--log-dir", str(job.folder / "out"),
    ], {"BENCH_BASE_URL": f"{job.base_url}/v1", "BENCH_API_KEY": job.api_key}


def lm_eval_answered(job: Job) -> int:
    """Tasks that it has a reply to, by what it wrote."""
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in job.folder.rglob("samples_*.jsonl"))


def inspect_ai_answered(job: Job) -> int:
    logs = [json.loads(path.read_text(encoding="utf-8")) for path in (job.folder / "out").glob("*.json")]
    return sum(bool(sample["output"]["completion"]) for log in logs for sample in log["samples"])


ANSWERED = {LM_EVAL.name: lm_eval_answered, INSPECT.name: inspect_ai_answered}
COMMANDS = {LM_EVAL.name: lm_eval, INSPECT.name: inspect_ai}


def run(peer: Peer, programs: Path, job: Job) -> None:
    """One whole run. Raises Failed when it ends with an error or did not do all of it."""
    arguments, needs = COMMANDS[peer.name](job)
    done = subprocess.run(
        [str(programs / peer.program), *arguments], env=os.environ | needs, cwd=job.folder, capture_output=True,
        text=True, check=False,
    )
    if done.returncode:
        raise Failed(f"{peer.name} ended with {done.returncode}: {(done.stderr or done.stdout).strip()[-600:]}")
    asked = len(job.tasks_file.read_text(encoding="utf-8").splitlines())
    if (answered := ANSWERED[peer.name](job)) != asked:
        raise Failed(f"{peer.name} has {answered} replies to {asked} tasks; what it wrote is in {job.folder}")
