"""Addresses, files and names, and that MLflow's limits are what we take them for."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from core.errors import UsageError
from core.records import Sample
from runner.arguments import parse
from runner.tracked_files import candidates, files_of
from runner.tracked_records import entries_of
from system.checkout import commit_of
from tests.tracking.ledgers import judgement, record, write_folder
from tracking.mlflow import description
from tracking.mlflow.address import Address, address_of
from tracking.mlflow.doctor import mlflow_facts
from tracking.mlflow.hiding import hidden_text
from tracking.mlflow.names import cut, distinct, name_of
from tracking.mlflow.problems import FAILED, LOST, NotSent, problem_of

ROOT = Path(__file__).resolve().parents[2]
URI = "http://127.0.0.1:5000"


def test_user_and_password_are_taken_out_of_an_address() -> None:
    found = address_of("https://an%40na:p%2Fw@mlflow.example:8443/team/", {})
    assert found == Address("https://mlflow.example:8443/team", "an@na", "p/w")
    assert "p/w" not in repr(found)
    assert address_of("http://[::1]:5000", {}).uri == "http://[::1]:5000"


def test_the_variable_is_taken_where_the_flag_has_no_value() -> None:
    assert address_of("", {"MLFLOW_TRACKING_URI": URI}) == Address(URI)
    assert address_of("http://other:1", {"MLFLOW_TRACKING_URI": URI}).uri == "http://other:1"
    with pytest.raises(UsageError, match="from MLFLOW_TRACKING_URI"):
        address_of("", {"MLFLOW_TRACKING_URI": "databricks"})


@pytest.mark.parametrize("given", ["", "http://", "mlruns", "file:///tmp/x", "http://h?x=1", "http://h:0x1", "ftp://h"])
def test_what_is_no_servers_address_is_refused(given: str) -> None:
    with pytest.raises(UsageError, match=r"^--mlflow: "):
        address_of(given, {})


def test_names_of_any_kind_become_names_that_mlflow_takes() -> None:
    from mlflow.utils import validation as theirs

    validate: Callable[[str], None] = theirs._validate_metric_name
    for raw in ("criteria.Ton & Stil", "../x", "a//b", "judge.demo-5M:F16", "ü", "", ".", "x" * 999, "a\nb"):
        validate(name_of(raw))
    assert list(distinct([("Easy", 1), ("easy", 2), ("hard", 3)])) == [("Easy", 1), ("hard", 3)]


def test_our_limits_are_not_above_mlflows() -> None:
    from mlflow.utils import validation as theirs

    assert description.MOST_KEY <= theirs.MAX_ENTITY_KEY_LENGTH
    assert description.MOST_PARAM <= theirs.MAX_PARAM_VAL_LENGTH
    assert description.MOST_TAG <= theirs.MAX_TAG_VAL_LENGTH
    assert description.MOST_METRICS + 2 * theirs.MAX_PARAMS_TAGS_PER_BATCH <= theirs.MAX_ENTITIES_PER_BATCH


def test_what_is_cut_says_how_long_it_was() -> None:
    assert cut("short", 30) == "short"
    assert cut("x" * 1234, 40) == "x" * 16 + " [cut: 1,234 characters]"


@pytest.mark.parametrize("text", ["sk-abcdefghijklmnopqrstu", "hf_abcdefghijklmnopqrst", "Bearer abcdefgh12345"])
def test_keys_are_told_by_their_shape(text: str) -> None:
    assert text not in hidden_text(f"said {text}, and went on")
    assert hidden_text("sk-8 is a model, max_tokens 5, a@b.example") == "sk-8 is a model, max_tokens 5, a@b.example"


def test_candidates_stay_json_whatever_room_there_is() -> None:
    samples = [Sample(f"tips/{place}", 0, "ä" * 400) for place in range(20)]
    for most in (400, 1000, 5000, 100_000):
        found = json.loads(candidates(record("r"), samples, most))
        assert len(candidates(record("r"), samples, most)) <= most
        assert len(found["candidates"]) + found.get("left_out", 0) == 20
    assert "cut" in json.loads(candidates(record("r"), samples, 400))["candidates"][0]


def test_a_damaged_folder_costs_the_files_and_not_the_record(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, "r-1", {"tips/0": "x"})
    (folder / "samples.jsonl").write_text('{"task_id": 3}\n')
    found = files_of(record("r-1"), tmp_path)
    assert (found.artifacts, (found.remark or "")[:25]) == ((), "only the record was sent:")
    assert files_of(record("../r-1"), tmp_path).artifacts == ()


def test_a_judgement_goes_to_its_run_wherever_it_stands() -> None:
    run = record("r-1")
    stray = judgement(record("r-9"), "j-3", 1.0)
    found = entries_of([judgement(run, "j-1", 2.0), run, judgement(run, "j-2", 3.0), stray])
    assert [each["run_id"] for each in found.runs["r-1"].judgements] == ["j-1", "j-2"]
    assert [each["run_id"] for each in found.astray] == ["j-3"]


@pytest.mark.parametrize(("error", "kind", "sentence"), [
    (requests.ConnectionError("[Errno 111] Connection refused"), LOST, "cannot be reached (Connection refused)"),
    (requests.ReadTimeout("Read timed out"), LOST, "does not answer in time"),
    (RuntimeError("failed with error code 502 != 200. Response body: ''"), LOST, "answers 502 for now"),
    (RuntimeError("failed with error code 404 != 200. Response body: ''"), "refused", "something else answers"),
    (RuntimeError("a param http://u:hush@h changed"), FAILED, "a param http://***@h changed"),
    (NotSent(FAILED, "as it is"), FAILED, "as it is"),
])
def test_what_the_client_raises_becomes_a_sentence(error: Exception, kind: str, sentence: str) -> None:
    found = problem_of(error, URI)
    assert (found.kind, sentence in str(found)) == (kind, True), str(found)


def test_mlflow_is_not_imported_by_what_starts_its_process() -> None:
    code = ("import sys, runner.tracking, runner.track_verb, tracking.mlflow.doctor\n"
            "print([name for name in sys.modules if name.split('.')[0] == 'mlflow'])")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_doctor_names_the_server_without_its_password() -> None:
    assert "is not set" in mlflow_facts({})[0].detail
    (away,) = mlflow_facts({"MLFLOW_TRACKING_URI": "http://anna:hush@127.0.0.1:9"})
    assert not away.ok
    assert "no tracking server answers at http://127.0.0.1:9" in away.detail
    assert not mlflow_facts({"MLFLOW_TRACKING_URI": "sqlite:///x.db"})[0].ok


def test_a_commit_is_read_from_a_branch_a_packed_branch_a_worktree_and_a_bare_head(tmp_path: Path) -> None:
    commit, git = "0123456789abcdef0123456789abcdef01234567", tmp_path / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    assert commit_of(tmp_path) is None
    (git / "packed-refs").write_text(f"# pack-refs with: peeled\n{commit} refs/heads/main\n")
    assert commit_of(tmp_path) == commit
    (git / "refs" / "heads" / "main").write_text("f" * 40 + "\n")
    assert commit_of(tmp_path) == "f" * 40
    (git / "worktrees" / "w").mkdir(parents=True)
    (git / "worktrees" / "w" / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "worktrees" / "w" / "commondir").write_text("../..\n")
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / ".git").write_text(f"gitdir: {git / 'worktrees' / 'w'}\n")
    assert commit_of(tmp_path / "w") == "f" * 40
    (git / "HEAD").write_text(commit)
    assert commit_of(tmp_path) == commit
    (git / "HEAD").write_text("ref: HEAD\n")
    assert commit_of(tmp_path) is None


def test_the_airflow_example_uses_flags_that_there_are() -> None:
    """Airflow itself loads it in .ci/check-airflow; here only that it does not fall behind our command line."""
    tree = ast.parse((ROOT / "docs" / "examples" / "airflow_dag.py").read_text())
    calls = [node for node in ast.walk(tree)
             if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "bench_runner"]
    assert len(calls) == 2
    for call in calls:
        argv = [each.value if isinstance(each, ast.Constant) else "5" for each in call.args]
        verb, flags = parse([str(each) for each in argv])
        assert (verb, flags.mlflow) in {("run", "5"), ("track", "5")}


def test_every_tag_and_file_that_the_page_names_is_one_that_is_sent() -> None:
    page = (ROOT / "docs" / "tracking.md").read_text()
    code = "".join(path.read_text() for path in (ROOT / "tracking" / "mlflow").glob("*.py"))
    code += (ROOT / "runner" / "tracked_files.py").read_text()
    (tags,) = re.findall(r"^\| tags \| (.*) \|$", page, re.MULTILINE)
    (files,) = re.findall(r"^\| artifacts \| (.*) \|$", page, re.MULTILINE)
    assert [name for name in re.findall(r"`([^`]+)`", tags + files) if f'"{name}"' not in code] == []
