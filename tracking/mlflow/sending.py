"""One run after the other into MLflow, by its own client. For the child process only: it imports MLflow.

See the room's docstring for why nothing is sent twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException

from tracking.mlflow.artifacts import Artifacts
from tracking.mlflow.description import JUDGE_PENDING, RUN_ID, SENT, Tracked
from tracking.mlflow.problems import FAILED, NotSent

_PAGE = 500
_BATCH = 100
"""Params of one request, and tags; with the metrics these are at most a thousand entries."""
_BATCH_CHARS = 60_000
"""Of either. A request may have a million bytes, and JSON takes up to six for a character."""
_TRIES = 5
_CLASH = re.compile(r"IntegrityError|UNIQUE constraint|duplicate key|Duplicate entry", re.IGNORECASE)
"""What the server's database says of two who add the same key; the server looks first, and is not alone."""


class Sender:
    """Sends to one server."""

    def __init__(self, uri: str) -> None:
        self._client: Any = MlflowClient(tracking_uri=uri, registry_uri=uri)
        self._artifacts = Artifacts(self._client)
        self._experiments: dict[str, str] = {}

    def hello(self) -> None:
        """Raises what the client raises when nobody is there, or we are not wanted."""
        self._client.search_experiments(max_results=1)

    def known(self, experiment: str) -> dict[str, str]:
        """The records that have a run in this experiment: run id → digest of what was sent, empty when in part."""
        found = self._client.get_experiment_by_name(experiment)
        if found is None:
            return {}
        known: dict[str, str] = {}
        for run in self._pages(found.experiment_id, f"tags.{RUN_ID} != ''"):
            tags = run.data.tags
            twice = tags[RUN_ID] in known  # two senders at once, one of them killed: sending it again tidies up
            known[tags[RUN_ID]] = "" if twice else tags.get(SENT, "")
        return known

    def send(self, tracked: Tracked) -> str:
        """Makes or completes the run; returns MLflow's id of it. Raises NotSent, or what the client raises."""
        experiment = self._experiment(tracked.experiment)
        problem: Exception = NotSent(FAILED, "another sender is at work on the same run; try again")
        for _ in range(_TRIES):
            run = self._one(experiment, tracked)
            run_id = str(run.info.run_id)
            try:
                if run.data.tags.get(SENT) != tracked.digest:
                    self._fill(run, tracked)
                kept = self._settled(experiment, tracked)
                if kept is not None and kept.info.run_id == run_id:
                    self._client.set_tag(run_id, SENT, tracked.digest)
                    return run_id
            except MlflowException as error:
                if not _CLASH.search(str(error)) and self._is_active(run_id):
                    raise
                problem = error  # another sender wrote the same at the same moment, or removed this run for its own
        raise problem

    # -- one run for a record ------------------------------------------------------------------------------------------

    def _one(self, experiment: str, tracked: Tracked) -> Any:
        found = self._settled(experiment, tracked)
        if found is not None:
            return found
        self._client.create_run(experiment, start_time=tracked.start_ms, run_name=tracked.name,
                                tags={RUN_ID: tracked.run_id})
        made = self._settled(experiment, tracked)
        if made is None:
            raise NotSent(FAILED, "the run that was made is not found again")
        return made

    def _settled(self, experiment: str, tracked: Tracked) -> Any | None:
        """The record's run. Of several, which every sender chooses alike: one that is whole, else the lowest id."""
        runs = list(self._pages(experiment, f"tags.{RUN_ID} = '{tracked.run_id}'"))
        runs.sort(key=lambda run: (SENT not in run.data.tags, run.info.run_id))
        for other in runs[1:]:
            self._client.delete_run(other.info.run_id)
        return runs[0] if runs else None

    def _is_active(self, run_id: str) -> bool:
        return bool(self._client.get_run(run_id).info.lifecycle_stage == "active")

    def _pages(self, experiment: str, wanted: str) -> Iterator[Any]:
        token: str | None = None
        while True:
            page = self._client.search_runs([experiment], wanted, max_results=_PAGE, page_token=token)
            yield from page
            token = page.token
            if not token:
                return

    def _experiment(self, name: str) -> str:
        if name not in self._experiments:
            found = self._client.get_experiment_by_name(name)
            if found is None:
                try:
                    self._experiments[name] = self._client.create_experiment(name)
                    return self._experiments[name]
                except MlflowException:  # made by another sender meanwhile?
                    found = self._client.get_experiment_by_name(name)
                    if found is None:
                        raise
            if found.lifecycle_stage != "active":
                raise NotSent(FAILED, f"the experiment {name!r} was deleted; restore it (mlflow experiments restore "
                                      f"--experiment-id {found.experiment_id}), or remove it for good with mlflow gc")
            self._experiments[name] = found.experiment_id
        return self._experiments[name]

    # -- what is in it -------------------------------------------------------------------------------------------------

    def _fill(self, run: Any, tracked: Tracked) -> None:
        run_id = run.info.run_id
        missing = {key: value for key, value in tracked.params.items() if key not in run.data.params}
        metrics = [Metric(each.key, each.value, each.timestamp_ms, each.step) for each in tracked.metrics]
        for params, tags in zip_longest(_portions(missing), _portions(dict(tracked.tags)), fillvalue=()):
            self._client.log_batch(run_id, metrics, [Param(*each) for each in params], [RunTag(*each) for each in tags])
            metrics = []
        places = self._artifacts.upload(run, tracked.artifacts)
        for tags in _portions(places):
            self._client.log_batch(run_id, tags=[RunTag(*each) for each in tags])
        if JUDGE_PENDING in run.data.tags and JUDGE_PENDING not in tracked.tags:
            self._delete_tag(run_id, JUDGE_PENDING)
        self._client.set_terminated(run_id, tracked.status, end_time=tracked.end_ms)

    def _delete_tag(self, run_id: str, key: str) -> None:
        try:
            self._client.delete_tag(run_id, key)
        except MlflowException:
            if key in self._client.get_run(run_id).data.tags:
                raise


def _portions(values: dict[str, str]) -> Iterator[list[tuple[str, str]]]:
    """So many that a request takes them."""
    portion: list[tuple[str, str]] = []
    size = 0
    for key, value in values.items():
        if portion and (len(portion) == _BATCH or size + len(key) + len(value) > _BATCH_CHARS):
            yield portion
            portion, size = [], 0
        portion.append((key, value))
        size += len(key) + len(value)
    if portion:
        yield portion
