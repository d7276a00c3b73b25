"""Sweeps and what is around them: the hub, providers, a hot GPU, an address that wants to know."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests import nvml_library
from tests.e2e.tool import ROOT, Tool

KEY = "sk-test-0123456789abcdefghij"
FAKES = ROOT / "tests" / "fakes"


@pytest.fixture
def held() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def serving(held: ExitStack, program: str, *flags: str) -> str:
    """The address of a stand-in that runs."""
    process = held.enter_context(subprocess.Popen(
        [sys.executable, str(FAKES / program), *flags], stdout=subprocess.PIPE, text=True))
    held.callback(process.kill)
    assert process.stdout is not None
    return f"http://127.0.0.1:{int(process.stdout.readline())}"


def test_models_of_the_hub_are_planned_without_a_download_and_fetched_while_others_are_at_work(
    tool: Tool, held: ExitStack
) -> None:
    repository, log = tool.folder / "repository", tool.folder / "hub.log"
    repository.mkdir()
    for name in ("Q2_K", "Q4_K_M"):
        shutil.copy(ROOT / "models" / f"demo-5M-{name}.gguf", repository)
    url = serving(held, "hub_server.py", "--root", str(repository), "--log", str(log), "--repo", "owner/demo-GGUF")
    env = {"HF_ENDPOINT": url, "HF_HOME": str(tool.folder / "hf"), "HF_HUB_DISABLE_TELEMETRY": "1",
           "XDG_CACHE_HOME": str(tool.folder / "cache")}
    (tool.folder / "plan.toml").write_text("""
models = ["hf:owner/demo-GGUF:Q2_K", "demo:F16", "hf:owner/demo-GGUF:Q4_K_M"]
benchmarks = ["math"]
settings = { server = "xllamacpp", limit = 2, max-tokens = 48, parallel = 1, problems-file = "demo" }
""")
    before = json.loads(tool("sweep", "plan.toml", "--dry-run", "--json", env=env).out)
    assert len(before["downloads"]) == 2
    assert next(cell["label"] for cell in before["cells"]) == "demo-5M:F16 on math", "what is here comes first"
    assert '"GET"' not in "".join(line for line in log.read_text().splitlines() if "/resolve/" in line)
    asked = tool("sweep", "plan.toml", env=env)
    assert asked.code == 2
    assert "of models are fetched" in asked.err
    assert "--yes" in asked.err
    assert tool.records() == []
    done = tool("sweep", "plan.toml", "--yes", env=env)
    assert done.code == 0, done.err
    assert {record["cell"] for record in tool.records()} == {cell["cell"] for cell in before["cells"]}
    after = json.loads(tool("sweep", "plan.toml", "--dry-run", "--json", env=env).out)
    assert {cell["state"] for cell in after["cells"]} == {"done"}
    assert after["downloads"] == []


PREFETCH = """
from runner.sweep.prefetch import Prefetch
said = []
prefetch = Prefetch(said.append)
print(prefetch.begin("demo:F16").label, prefetch.begin("ollama:x"), prefetch.begin("nowhere.gguf"))
print(prefetch.begin("hf:owner/demo-GGUF:Q2_K"))
prefetch.wait()
print(len(said), said[0][:8], prefetch.begin("hf:owner/none:Q2_K"))
prefetch.wait()
"""


def test_the_next_model_is_fetched_on_the_side_and_what_goes_wrong_there_is_left_to_its_turn(
    tool: Tool, held: ExitStack
) -> None:
    repository, log = tool.folder / "repository", tool.folder / "hub.log"
    repository.mkdir()
    shutil.copy(ROOT / "models" / "demo-5M-Q2_K.gguf", repository)
    url = serving(held, "hub_server.py", "--root", str(repository), "--log", str(log), "--repo", "owner/demo-GGUF")
    env = {**os.environ, "HF_ENDPOINT": url, "HF_HOME": str(tool.folder / "hf"), "HF_HUB_DISABLE_TELEMETRY": "1",
           "XDG_CACHE_HOME": str(tool.folder / "cache"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", PREFETCH], env=env, capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.stdout.splitlines() == ["demo-5M:F16 None None", "None", "1 fetching None"], done.stderr
    assert done.returncode == 0
    assert list((tool.folder / "hf").rglob("demo-5M-Q2_K.gguf"))


def test_a_provider_is_asked_after_one_question_and_within_one_sum_over_all_cells(tool: Tool, held: ExitStack) -> None:
    log, key = tool.folder / "log", tool.folder / "key"
    key.write_text(KEY)
    url = serving(held, "provider.py", "--dialect", "openai", "--models", "gpt-4o-mini", "--key-file", str(key),
                  "--log", str(log), "--tokens", "700")
    (tool.folder / "prices.toml").write_text('[[price]]\nmodel = "gpt-4o-mini"\nprompt = 0.15\ncompletion = 0.6\n'
                                             'date = 2027-02-01\nsource = "my contract"\n')

    def plan(most: float) -> str:
        (tool.folder / "plan.toml").write_text(f"""
models = [{{ model = "openai:gpt-4o-mini", base-url = "{url}" }}]
benchmarks = ["math"]
matrix = {{ seed = [0, 1] }}
settings = {{ limit = 3, max-tokens = 1000, parallel = 1, max-cost = {most}, prices = "prices.toml" }}
""")
        return "plan.toml"

    def served() -> int:
        lines = log.read_text().splitlines() if log.exists() else []
        return sum(json.loads(line)["status"] == 200 for line in lines)

    env = {"OPENAI_API_KEY": KEY}
    asked = tool("sweep", plan(0.002), env=env)
    assert asked.code == 2
    assert "no more than $0.002 in all" in asked.err
    assert served() == 0
    stopped = tool("sweep", "plan.toml", "--yes", env=env)
    assert stopped.code == 130, stopped.err
    few = served()
    assert len(tool.records()) == 1
    assert few * 700 * 0.6e-6 <= 0.002
    assert tool("sweep", "plan.toml", "--yes", env=env).code == 130
    assert served() == few, "what the first cell cost counts, though it is done"
    done = tool("sweep", plan(1), "--yes", env=env)
    assert done.code == 0, done.err
    assert len(tool.records()) == 2
    assert served() == 6


class Hook(BaseHTTPRequestHandler):
    """Keeps what is posted."""

    came: list[dict[str, Any]]

    def do_POST(self) -> None:
        self.came.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        return


def test_a_hot_gpu_is_waited_for_and_the_end_is_told_to_an_address(
    tool: Tool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    library = nvml_library.build(tmp_path_factory.mktemp("nvml"))
    hot = tool.folder / "celsius"
    hot.write_text("90")
    (tool.folder / "plan.toml").write_text("""
name = "hot"
models = ["demo:Q2_K"]
benchmarks = ["math"]
settings = { server = "xllamacpp", limit = 2, max-tokens = 32, parallel = 1 }
""")
    kind = type("Listening", (Hook,), {"came": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        process = subprocess.Popen(
            tool.argv("sweep", "plan.toml", "--max-gpu-temp", "80", "--notify",
                      f"http://127.0.0.1:{server.server_port}/"),
            cwd=tool.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            env={**tool.environment(), "CUDA_VISIBLE_DEVICES": "0,1", "LD_LIBRARY_PATH": str(library),
                 "NVML_TEMPERATURE": str(hot)})
        assert process.stderr is not None
        said = ""
        while "a GPU is at 90" not in said:
            line = process.stderr.readline()
            assert line, said
            said += line
        assert tool.records() == []
        hot.write_text("60")
        _, err = process.communicate(timeout=100)
        assert process.returncode == 0, err
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert len(tool.records()) == 1
    (came,) = kind.came  # type: ignore[attr-defined]  # set above
    assert came["title"] == "sweep hot"
    assert (came["plan"], came["done"], came["failed"], came["exit_code"]) == ("hot", 1, 0, 0)
    assert came["text"] == "1 cell: 1 done"


def test_the_plan_of_a_model_that_was_taken_away_still_tells_how_far_the_others_are(tool: Tool, tmp_path: Path) -> None:
    copy = Path(shutil.copy(ROOT / "models" / "demo-5M-Q2_K.gguf", tmp_path / "mine.gguf"))
    (tool.folder / "plan.toml").write_text('models = ["mine.gguf", "demo:F16"]\nbenchmarks = ["math"]\n')
    copy.unlink()
    told = tool("sweep", "plan.toml", "--status", "--json")
    assert told.code == 2
    assert [cell["state"] for cell in json.loads(told.out)["cells"]] == ["waiting"]
    assert "mine.gguf does not exist" in told.err


def test_a_key_that_is_not_there_is_told_before_the_night(tool: Tool) -> None:
    (tool.folder / "plan.toml").write_text('models = ["demo:F16",\n"openai:gpt-4o-mini"]\nbenchmarks = ["math"]\n')
    told = tool("sweep", "plan.toml", "--dry-run", env={"OPENAI_API_KEY": ""})
    assert told.code == 2
    assert "plan.toml:2: --model openai:gpt-4o-mini: " in told.err
    assert "OPENAI_API_KEY holds no API key" in told.err
    assert tool("sweep", "plan.toml", "--dry-run", env={"OPENAI_API_KEY": KEY}).code == 0


def test_a_data_set_that_is_not_here_is_told_and_not_fetched(tool: Tool) -> None:
    (tool.folder / "plan.toml").write_text('models = ["demo:F16"]\nbenchmarks = ["math", "gsm8k"]\n')
    cache = tool.folder / "cache"
    told = tool("sweep", "plan.toml", "--dry-run", "--json", env={"XDG_CACHE_HOME": str(cache)})
    assert told.code == 0, told.err
    found = json.loads(told.out)
    assert [line[:14] for line in found["downloads"]] == ["fetching GSM8K"]
    assert [cell.get("tasks") for cell in found["cells"]] == [200, None]
    assert not list(cache.rglob("*.jsonl"))


def test_a_model_of_ollamas_is_looked_for_there_and_done_under_the_name_it_was_asked_by(
    tool: Tool, held: ExitStack
) -> None:
    url = serving(held, "ollama_server.py", "--log", str(tool.folder / "ollama.log"), "--model", "llama3.2:1b")
    env = {"OLLAMA_HOST": url.removeprefix("http://"), "XDG_CACHE_HOME": str(tool.folder / "cache")}
    settings = 'benchmarks = ["math"]\nsettings = { limit = 2, problems-file = "demo", max-tokens = 32 }\n'
    (tool.folder / "plan.toml").write_text(f'models = ["ollama:llama3.2:1b",\n  "ollama:llama3.2:3b"]\n{settings}')
    missing = tool("sweep", "plan.toml", "--dry-run", env=env)
    assert missing.code == 2
    assert "plan.toml:2: ollama:llama3.2:3b is not on the Ollama server" in missing.err
    (tool.folder / "plan.toml").write_text(f'models = ["ollama:llama3.2:1b"]\n{settings}')
    done = tool("sweep", "plan.toml", "--quiet", env=env)
    assert done.code == 0, done.err
    told = json.loads(tool("sweep", "plan.toml", "--status", "--json", env=env).out)
    assert [cell["state"] for cell in told["cells"]] == ["done"]
