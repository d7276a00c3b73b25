"""``track sync`` against a real tracking server."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runner.request import Outputs
from runner.track_sync import SyncReport, SyncRequest, sync
from runner.tracking import Tracker
from tests.e2e.tool import Tool
from tests.tracking.ledgers import judgement, record, write, write_folder
from tests.tracking.mlflow_server import MlflowServer
from tests.tracking.seen import Seen
from tracking.mlflow.address import Address


def synced(url: str, ledger: Path, **more: Any) -> SyncReport:
    return sync(SyncRequest(Address(url), ledger, ledger.parent / "runs", **more))


def test_every_run_is_sent_once_with_its_files_and_the_same_again_sends_nothing(mlflow: Seen, tmp_path: Path) -> None:
    run = record("sync-once", "sync-once")
    ledger = write(tmp_path / "ledger.json", run, record("sync-bare", "sync-once"))
    write_folder(tmp_path / "runs", "sync-once", {"tips/0": "Drink water.", "tips/1": "<b>Rest</b>"})
    assert synced(mlflow.url, ledger).sent == ["sync-once", "sync-bare"]
    again = synced(mlflow.url, ledger)
    assert (again.sent, again.there, again.exit_code) == ([], ["sync-once", "sync-bare"], 0)
    found = mlflow.run("sync-once", "sync-once")
    assert found.info.status == "FINISHED"
    assert found.info.run_name == "demo-5M:Q4_K_M tips v2-mentor"
    assert found.data.params["prompt_version"] == "v2-mentor"
    assert found.data.metrics["usage.completion_tokens"] == 90
    assert found.data.tags["judge_pending"] == "true"
    files = mlflow.files(found)
    assert sorted(files) == ["candidates.json", "prompt.txt", "raw.txt", "record.json", "report.html"]
    assert json.loads(files["record.json"]) == run
    assert [each["text"] for each in json.loads(files["candidates.json"])["candidates"]] == [
        "Drink water.", "<b>Rest</b>"]
    assert "scenario of tips/1" in files["prompt.txt"]
    bare = mlflow.run("sync-once", "sync-bare")
    assert "run folder was not at hand" in bare.data.tags["bench_files"]
    assert sorted(mlflow.files(bare)) == ["record.json"]


def test_a_judgement_completes_the_run_that_it_is_of(mlflow: Seen, tmp_path: Path) -> None:
    run = record("judged", "sync-judged")
    ledger = write(tmp_path / "ledger.json", run)
    synced(mlflow.url, ledger)
    write(ledger, run, judgement(run, "judged-anna", 3.0))
    assert synced(mlflow.url, ledger).sent == ["judged"]
    found = mlflow.run("sync-judged", "judged")
    assert "judge_pending" not in found.data.tags
    assert found.data.tags["rubric"] == "tip-v1"
    assert (found.data.metrics["composite"], found.data.metrics["criteria.relevance"]) == (3.0, 2.5)
    assert mlflow.file(found, "judgements.json")[0]["run_id"] == "judged-anna"
    write(ledger, run, judgement(run, "judged-anna", 3.0), judgement(run, "judged-anew", 4.0))
    synced(mlflow.url, ledger)
    again = mlflow.run("sync-judged", "judged")
    assert again.info.run_id == found.info.run_id
    assert again.data.metrics["composite"] == 4.0
    assert mlflow.history(again, "composite") == [3.0, 4.0]
    assert mlflow.history(again, "usage.completion_tokens") == [90]


def test_a_tracker_that_is_told_of_a_judgement_sends_the_run_that_it_is_of(mlflow: Seen, tmp_path: Path) -> None:
    run = record("told", "sync-told")
    said = judgement(run, "told-anna", 3.0)
    tracker = Tracker(Address(mlflow.url), Outputs(write(tmp_path / "ledger.json", run, said), tmp_path / "runs"))
    tracker.recorded(said)
    assert tracker.close() == f"MLflow: 1 run sent to {mlflow.url}"
    assert mlflow.run("sync-told", "told").data.metrics["composite"] == 3.0


def test_a_run_that_was_sent_in_part_is_completed_and_its_double_removed(mlflow: Seen, tmp_path: Path) -> None:
    from mlflow.entities import Metric, Param

    ledger = write(tmp_path / "ledger.json", record("half", "sync-half"))
    client = mlflow.client
    experiment = client.create_experiment("sync-half")
    for _ in range(2):  # two senders at once, both killed
        made = client.create_run(experiment, tags={"bench_run_id": "half"})
        client.log_batch(made.info.run_id, params=[Param("quantization", "Q4_K_M")],
                         metrics=[Metric("usage.requests", 16.0, 1795514400250, 0)])
    assert synced(mlflow.url, ledger).sent == ["half"]
    found = mlflow.run("sync-half", "half")
    assert found.info.status == "FINISHED"
    assert found.data.params["strategy"] == "candidates"
    assert mlflow.history(found, "usage.requests") == [16.0]
    assert synced(mlflow.url, ledger).there == ["half"]


def test_two_syncs_at_once_make_one_run_of_each_record(mlflow: Seen, tool: Tool) -> None:
    names = [f"at-once-{number}" for number in range(6)]
    write(tool.ledger, *(record(name, "sync-at-once") for name in names))
    both = [tool.start("track", "sync", "--mlflow", mlflow.url) for _ in range(2)]
    said = [each.communicate(timeout=110)[1] for each in both]
    assert [each.returncode for each in both] == [0, 0], said
    assert sorted(run.data.tags["bench_run_id"] for run in mlflow.runs("sync-at-once")) == names
    assert synced(mlflow.url, tool.ledger).there == names


def test_a_sync_that_is_killed_half_way_is_completed_by_the_next(mlflow: Seen, tool: Tool) -> None:
    write(tool.ledger, record("killed", "sync-killed"))
    write_folder(tool.runs_root, "killed", {f"tips/{place}": "long " * 100_000 for place in range(8)})
    killed = tool.start("track", "sync", "--mlflow", mlflow.url)
    while not mlflow.runs("sync-killed"):  # then its long files are still to come
        assert killed.poll() is None, killed.communicate()
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert synced(mlflow.url, tool.ledger).exit_code == 0
    found = mlflow.run("sync-killed", "killed")
    assert found.info.status == "FINISHED"
    assert mlflow.history(found, "usage.requests") == [16.0]
    assert len(mlflow.file(found, "candidates.json")["candidates"]) == 8
    assert len(mlflow.files(found)) == 5


def test_a_dry_run_says_what_is_missing_and_sends_nothing(mlflow: Seen, tmp_path: Path) -> None:
    ledger = write(tmp_path / "ledger.json", record("dry", "sync-dry"))
    assert synced(mlflow.url, ledger, dry_run=True).sent == ["dry"]
    assert mlflow.runs("sync-dry") == []


def test_only_the_runs_of_an_experiment_are_sent_where_one_is_named(mlflow: Seen, tmp_path: Path) -> None:
    ledger = write(tmp_path / "ledger.json", record("in-it", "sync-named"), record("elsewhere", "sync-other"))
    assert synced(mlflow.url, ledger, experiment="sync-named").sent == ["in-it"]
    assert mlflow.runs("sync-other") == []


def test_a_deleted_experiment_and_a_judgement_of_nothing_are_said_and_the_rest_is_sent(
    mlflow: Seen, tmp_path: Path
) -> None:
    mlflow.client.delete_experiment(mlflow.client.create_experiment("sync-deleted"))
    stray = judgement(record("nowhere"), "stray", 3.0)
    ledger = write(tmp_path / "ledger.json", record("gone", "sync-deleted"), stray, record("sound", "sync-sound"))
    report = synced(mlflow.url, ledger)
    assert (report.sent, report.exit_code) == (["sound"], 1)
    assert "was deleted; restore it (mlflow experiments restore" in report.problems["gone"]
    assert "judges nowhere, which is not in" in report.problems["stray"]


@pytest.mark.timeout(300)
def test_where_the_server_takes_no_files_short_ones_become_tags_and_what_is_cut_is_said(
    own_server: Callable[..., MlflowServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")  # the answer will not be another one
    server = own_server("--no-serve-artifacts", "--default-artifact-root", "mlflow-artifacts:/",
                        "--allowed-hosts", "127.0.0.1:{port}")
    seen = Seen(server.url)
    local = str(tmp_path / "never-here")
    seen.client.create_experiment("sync-local", artifact_location=local)
    ledger = write(tmp_path / "ledger.json", record("tagged", "sync-tagged"), record("local", "sync-local"))
    for name in ("tagged", "local"):
        write_folder(tmp_path / "runs", name, {f"tips/{place}": "word " * 300 for place in range(8)})
    refused = synced(server.url.replace("127.0.0.1", "localhost"), ledger)
    host = f"localhost:{server.port}"
    assert refused.problems["tagged"] == (
        f"MLflow at http://{host} takes no requests for the host {host} (403); start it with --allowed-hosts {host} "
        "(or MLFLOW_SERVER_ALLOWED_HOSTS)")
    report = synced(server.url, ledger)
    assert report.sent == ["tagged", "local"], report
    for name, why in (("tagged", "it was started with --no-serve-artifacts"), ("local", "a folder of the server's")):
        tags = seen.run(f"sync-{name}", name).data.tags
        assert why in tags["bench_artifacts"]
        told = json.loads(tags["artifact:candidates.json"])
        assert len(told["candidates"]) + told["left_out"] == 8
        assert len(tags["artifact:candidates.json"]) <= 5000
        assert tags["artifact:raw.txt"].endswith(f" [cut: {len('=== tips/0, sample 0') * 8 + 8 * 1503:,} characters]")
        assert "scenario of tips/0" in tags["artifact:prompt.txt"]
    assert not Path(local).exists()
    assert synced(server.url, ledger).there == ["tagged", "local"]
