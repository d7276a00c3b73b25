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
from tracking.mlflow.problems import takes_no_artifacts

_LONG_BYTES = 256 * 1024
_SERVED = frozenset({"mlflow-artifacts", "http", "https"})


def upload(client: Any, run: Any, artifacts: Sequence[Artifact]) -> dict[str, str]:
    """The tags that say where the files are. Raises what the client raises when the server is lost meanwhile."""
    scheme = urlsplit(run.info.artifact_uri or "").scheme
    if scheme not in _SERVED:
        where = f"{scheme}:" if len(scheme) > 1 else "a folder of the server's"
        return _as_tags(artifacts, f"the experiment's artifacts are in {where}, not behind the server")
    try:
        there = {info.path: info.file_size for info in client.list_artifacts(run.info.run_id)}
        for artifact in artifacts:
            _send(client, run.info.run_id, artifact, there)
    except Exception as error:  # whatever the client raises
        why = takes_no_artifacts(error)
        if why is None:
            raise
        return _as_tags(artifacts, why)
    return {ARTIFACTS: "server"}


def _send(client: Any, run_id: str, artifact: Artifact, there: dict[str, int | None]) -> None:
    """A long file that has its size there already was sent by an earlier try."""
    with tempfile.TemporaryDirectory(prefix="bench-mlflow-") as folder:
        path = Path(artifact.path) if artifact.path is not None else Path(folder, artifact.name)
        if artifact.path is None:
            path.write_bytes((artifact.text or "").encode("utf-8", "replace"))
        if not path.is_file():
            return
        size = path.stat().st_size
        if size < _LONG_BYTES or there.get(path.name) != size:
            client.log_artifact(run_id, str(path))


def _as_tags(artifacts: Sequence[Artifact], why: str) -> dict[str, str]:
    return {ARTIFACTS: f"tags: {why}",
            **{f"artifact:{each.name}": each.tag for each in artifacts if each.tag}}
