"""What is in an MLflow server, seen by MLflow's own client."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any


class Seen:
    """A server's runs."""

    def __init__(self, url: str) -> None:
        from mlflow import MlflowClient

        self.url = url
        self.client: Any = MlflowClient(tracking_uri=url, registry_uri=url)

    def runs(self, experiment: str) -> list[Any]:
        """All that are not deleted."""
        found = self.client.get_experiment_by_name(experiment)
        return list(self.client.search_runs([found.experiment_id], max_results=1000)) if found else []

    def run(self, experiment: str, run_id: str) -> Any:
        """The one run of that record; there must be exactly one."""
        (found,) = [run for run in self.runs(experiment) if run.data.tags["bench_run_id"] == run_id]
        return found

    def files(self, run: Any) -> dict[str, str]:
        """Artifacts by name, read through the server."""
        with tempfile.TemporaryDirectory() as folder:
            names = [info.path for info in self.client.list_artifacts(run.info.run_id)]
            return {name: Path(self.client.download_artifacts(run.info.run_id, name, folder)).read_text("utf-8")
                    for name in names}

    def file(self, run: Any, name: str) -> Any:
        """A JSON artifact's value."""
        return json.loads(self.files(run)[name])

    def history(self, run: Any, metric: str) -> list[float]:
        """Every value that was ever logged."""
        return [each.value for each in self.client.get_metric_history(run.info.run_id, metric)]
