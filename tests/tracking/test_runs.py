"""``--mlflow`` on real runs of a demo model."""

from __future__ import annotations

import os
import signal
import socket
import threading
from pathlib import Path

from tests.e2e.tool import Tool
from tests.tracking.seen import Seen

MATH = ("--model", "demo-3M", "--benchmark", "math", "--limit", "3", "--server", "xllamacpp", "--parallel", "1",
        "--threads", "1")


def test_every_record_of_a_command_is_sent_with_its_score(mlflow: Seen, tool: Tool) -> None:
    done = tool(*MATH, "--strategy", "single", "sc_fixed", "--n", "3", "--temperature", "0.8", "--experiment",
                "runs-sent", "--mlflow", env={"MLFLOW_TRACKING_URI": mlflow.url})
    assert done.code == 0, done.err
    assert f"MLflow: 2 runs sent to {mlflow.url}" in done.err
    for record in tool.records():
        run = mlflow.run("runs-sent", record["run_id"])
        assert run.data.metrics["score"] == record["results"]["score"]
        assert run.data.params["strategy"] == record["config"]["strategy"]
        assert run.data.tags["mlflow.source.git.commit"] == record["provenance"]["runner_commit"]
        assert mlflow.file(run, "record.json") == record
        assert len(mlflow.file(run, "candidates.json")["candidates"]) in {3, 9}
        assert "{question}" in mlflow.files(run)["prompt.txt"]
    assert "2 there already" in tool("track", "sync", "--mlflow", mlflow.url).err


def test_a_server_that_never_answers_does_not_hold_the_run(tool: Tool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://anna:hush@127.0.0.1:{mute.getsockname()[1]}"
        done = tool(*MATH, "--mlflow", url, "--json", env={"MLFLOW_HTTP_REQUEST_TIMEOUT": "2"})
        assert done.code == 0, done.err
        assert "MLflow: 0 of 1 run sent" in done.err
        assert "does not answer in time" in done.err
        assert "track sync --mlflow http://127.0.0.1" in done.err
        synced = tool("track", "sync", "--mlflow", url, env={"MLFLOW_HTTP_REQUEST_TIMEOUT": "1",
                                                             "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"})
        assert synced.code == 1
        assert "1 not sent" in synced.err
    everything = "".join(path.read_text(errors="replace") for path in tool.folder.rglob("*") if path.is_file())
    assert "hush" not in done.err + done.out + synced.err + everything


def test_a_stop_does_not_wait_for_a_server_that_never_answers(tool: Tool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        running = tool.start("--model", "demo-3M", "--benchmark", "math", *MATH[6:], "--mlflow",
                             f"http://127.0.0.1:{mute.getsockname()[1]}")
        while not any(folder.joinpath("samples.jsonl").exists() for folder in tool.run_folders()):
            assert running.poll() is None, running.communicate()
        os.kill(running.pid, signal.SIGINT)
        _, said = running.communicate(timeout=60)
        assert running.returncode == 130, said


def test_credentials_reach_the_server_and_no_command_line(tool: Tool) -> None:
    """A server that asks for a password answers 401 before MLflow is behind it."""
    asked: list[str] = []
    lines: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as door:
        def answer() -> None:
            while True:
                try:
                    visitor, _ = door.accept()
                except OSError:
                    return
                with visitor:
                    asked.append(visitor.recv(65536).decode())
                    lines.extend(_command_lines())
                    visitor.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        done = tool(*MATH, "--mlflow", f"http://127.0.0.1:{door.getsockname()[1]}",
                    env={"MLFLOW_TRACKING_USERNAME": "anna", "MLFLOW_TRACKING_PASSWORD": "hush-hush"})
        door.shutdown(socket.SHUT_RDWR)
        thread.join(10)
    assert done.code == 0, done.err
    assert "refuses (401): set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD" in done.err
    assert "Authorization: Basic YW5uYTpodXNoLWh1c2g=" in asked[0]
    assert any("tracking.mlflow.program" in line for line in lines)
    assert not any("hush" in line for line in lines)
    assert "hush" not in done.err


def _command_lines() -> list[str]:
    import psutil

    found = []
    for process in psutil.process_iter():
        try:
            found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


def test_what_is_no_tracking_server_is_refused_before_anything_is_loaded(tool: Tool, tmp_path: Path) -> None:
    for given, sentence in (
        ("sqlite:///mlflow.db", "mlflow server --backend-store-uri"),
        ("http://anna:hush@h:99999", "this is no address"),
    ):
        done = tool(*MATH, f"--mlflow={given}", env={"MLFLOW_TRACKING_URI": ""})
        assert (done.code, done.err.count("\n")) == (2, 1), done.err
        assert sentence in done.err
        assert "hush" not in done.err
    assert not tool.runs_root.exists()


def test_without_the_client_one_sentence_says_how_to_get_it(tool: Tool) -> None:
    hide = ("import sys, importlib.util as u; real = u.find_spec\n"
            "u.find_spec = lambda name, *more: None if name == 'mlflow' else real(name, *more)\n")
    (tool.folder / "sitecustomize.py").write_text(hide)
    done = tool(*MATH, "--mlflow", "http://127.0.0.1:5000", env={"PYTHONPATH": str(tool.folder)})
    assert done.code == 2
    assert done.err == "bench_runner.py: --mlflow: MLflow's client is not installed; ./setup --with mlflow adds it.\n"
