"""An Airflow DAG: collect texts of several models and prompts, then bring the tracking server up to date.

Needs Airflow 3 (2.10 with `from airflow.decorators import dag, task`), and a checkout of bench-runner on the worker:
BENCH_RUNNER names its folder. Airflow and bench-runner live in environments of their own; this file starts the other.

Both steps may be tried again: a run goes on at the sample where it stopped, and what is in MLflow is not sent twice.
"""

import os
import subprocess
from datetime import UTC, datetime, timedelta

from airflow.sdk import dag, get_current_context, task

HOME = os.environ.get("BENCH_RUNNER", "/opt/bench-runner")


def bench_runner(*arguments: str) -> None:
    """A list, not a line for a shell: whatever is typed into a parameter is an argument and nothing else."""
    subprocess.run([f"{HOME}/bench_runner.py", *arguments], cwd=HOME, check=True)  # exit code 1: a run is incomplete


@dag(
    dag_id="bench_runner_collect",
    schedule="@daily",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,  # never two models in memory at once
    max_active_tasks=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=5)},
    params={
        "models": ["demo:Q4_K_M", "demo:F16"],
        "prompt_versions": ["v1"],
        "candidates": 5,
        "experiment": "tip-bench",
        "mlflow": "http://127.0.0.1:5000",  # user and password: MLFLOW_TRACKING_USERNAME, MLFLOW_TRACKING_PASSWORD
    },
    tags=["bench-runner"],
)
def bench_runner_collect() -> None:
    @task
    def collect() -> None:
        params = get_current_context()["params"]
        bench_runner(
            "--model", *params["models"], "--benchmark", "tips", "--prompt-version", *params["prompt_versions"],
            "--n-candidates", str(params["candidates"]), "--temperature", "0.8", "--max-model-b", "4.0",
            "--experiment", params["experiment"], "--mlflow", params["mlflow"], "--quiet",
        )

    @task(trigger_rule="all_done")  # also what a collection that failed half-way has brought
    def sync() -> None:
        bench_runner("track", "sync", "--mlflow", get_current_context()["params"]["mlflow"])

    collect() >> sync()


bench_runner_collect()
