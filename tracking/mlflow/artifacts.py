"""A run's files: to the server, or where it takes none, the short ones into tags. For the child process only.

Only the server's own artifact store is used (``mlflow-artifacts:``). With any other location MLflow's client would
write past the server: into a folder of *this* machine that bears the name of one of the server's, or with credentials
for a bucket that nobody here was asked for.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tracking.mlflow.description import ARTIFACTS, Artifact
from tracking.mlflow.problems import status_of

_LONG_BYTES = 256 * 1024
_CLOSED = 503
_REFUSALS = frozenset({400, 403, 404, 405, 413, 500, 501, 507})
_SERVED = frozenset({"mlflow-artifacts", "http", "https"})


class Artifacts:
    """The files of one server's runs."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._closed: str | None = None

    def upload(self, run: Any, artifacts: Sequence[Artifact]) -> dict[str, str]:
        """The tags that say where the files are. Raises what the client raises when the server is lost meanwhile."""
        scheme = urlsplit(run.info.artifact_uri or "").scheme
        if scheme not in _SERVED:
            where = f"{scheme}:" if len(scheme) > 1 else "a folder of the server's"
            return _as_tags(artifacts, f"the experiment's artifacts are in {where}, not behind the server")
        if self._closed is not None:
            return _as_tags(artifacts, self._closed)
        try:
            there = {info.path: info.file_size for info in self._client.list_artifacts(run.info.run_id)}
            for artifact in artifacts:
                self._send(run.info.run_id, artifact, there)
        except Exception as error:  # whatever the client raises
            why = self._refused(error)
            if why is None:
                raise
            return _as_tags(artifacts, why)
        return {ARTIFACTS: "server"}

    def _send(self, run_id: str, artifact: Artifact, there: dict[str, int | None]) -> None:
        """A long file that has its size there already was sent by an earlier try."""
        with tempfile.TemporaryDirectory(prefix="bench-mlflow-") as folder:
            path = Path(artifact.path) if artifact.path is not None else Path(folder, artifact.name)
            if artifact.path is None:
                path.write_bytes((artifact.text or "").encode("utf-8", "replace"))
            if not path.is_file():
                return
            size = path.stat().st_size
            if size < _LONG_BYTES or there.get(path.name) != size:
                self._client.log_artifact(run_id, str(path))

    def _refused(self, error: BaseException) -> str | None:
        """Why the server takes no files and will take none; None where that may pass.

        A server started with --no-serve-artifacts answers 503 for files, and goes on to answer everything else.
        """
        status = status_of(error)
        if status == _CLOSED:
            self._client.search_experiments(max_results=1)
            self._closed = f"the server takes no files ({status}): it was started with --no-serve-artifacts"
            return self._closed
        return f"the server's store takes no files ({status})" if status in _REFUSALS else None


def _as_tags(artifacts: Sequence[Artifact], why: str) -> dict[str, str]:
    return {ARTIFACTS: f"tags: {why}",
            **{f"artifact:{each.name}": each.tag for each in artifacts if each.tag}}
