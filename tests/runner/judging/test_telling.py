"""--mlflow of the judging verbs: what is said of a server that is away."""

from __future__ import annotations

from pathlib import Path

from runner.judging.telling import send
from runner.request import Outputs
from system.ports import free_port
from tests.runner.judging.an_experiment import make
from tracking.mlflow.address import address_of


def test_a_server_that_is_away_is_told_once_with_the_command_that_sends_the_rest(tmp_path: Path) -> None:
    made, said = make(tmp_path, models=["m:F16"], prompts=["p1"]), list[str]()
    uri = f"http://127.0.0.1:{free_port()}"
    judgement = {"run_id": "j1", "judgement_of": next(made.runs_root.glob("2*")).name}
    send(address_of(uri, {}), Outputs(made.results, made.runs_root), [judgement], said.append)
    (line,) = said
    assert line.startswith(f"MLflow: 0 of 1 run sent (MLflow at {uri} cannot be reached")
    assert f"this sends the rest: ./bench_runner.py track sync --mlflow {uri} --results {made.results}" in line
