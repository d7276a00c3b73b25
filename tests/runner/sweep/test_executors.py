"""What executors on other machines share: orders, files, parcels, providers; and the one for Slurm, without Slurm."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadInput, BenchError, SandboxError, UsageError
from ledger import store
from ledger.folder import RunFolder
from runner.cluster.files import Wanted, WantedModel, files_here, model_here
from runner.cluster.machines import Holds, Machine, common_level
from runner.observer import Quiet
from runner.request import Outputs
from runner.sweep.executors import orders, parcels
from runner.sweep.executors.attempt import Attempt
from runner.sweep.executors.hosted import Hosted
from runner.sweep.executors.parcels import UnitFolder
from runner.sweep.executors.ray_units import RayUnits
from runner.sweep.executors.slurm_units import SlurmUnits
from runner.sweep.executors.work_order import Ended
from runner.sweep.units import Needs, PlannedCell, Unit
from tests.e2e.tool import ROOT, Tool

MACHINE = Machine("1", "a (10.0.0.1)", 8, 2, 32e9)
RUN = "20261124T114322Z-math-demo-5m-f16-60f2cf"


NOTHING_SPECIAL = Needs()


def unit(
    *argv: str, needs: Needs = NOTHING_SPECIAL, model: str = "demo", cells: Sequence[str] = ("c1",)
) -> Unit:
    planned = tuple(PlannedCell(cell, model, "math", "v1", "single") for cell in cells)
    return Unit("u", argv, planned, needs, model)


class Told(Quiet):
    """A queue that takes everything, and what it was told."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.records: list[Mapping[str, Any]] = []
        self.failures: list[tuple[tuple[str, ...], BenchError]] = []
        self.under_way: list[str] = []
        self.waiting_again: list[str] = []
        self.units: Sequence[Unit] = ()
        self.most = 0

    @property
    def observer(self) -> Told:
        return self

    def stop_requested(self) -> bool:
        return False

    def begin(self, unit: Unit) -> tuple[str, ...]:
        self.under_way.append(unit.unit_id)
        self.most = max(self.most, len(self.under_way))
        return unit.cell_ids

    def recorded(self, unit: Unit, record: Mapping[str, Any]) -> None:
        self.records.append(record)

    def failed(self, unit: Unit, cells: Sequence[str], error: BenchError) -> None:
        self.failures.append((tuple(cells), error))

    def end(self, unit: Unit) -> None:
        self.under_way.remove(unit.unit_id)

    def place(self) -> tuple[int, int]:
        return len(self.records) + 1, len(self.begun)

    def put_back(self, unit: Unit) -> None:
        self.waiting_again.append(unit.unit_id)


def test_files_are_sent_by_full_paths_and_words_that_are_no_files_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.jsonl").write_text("{}\n")
    sent = orders.packed(unit("--model=openai:m", "--problems-file=p.jsonl", "--benchmark", "math", "p.jsonl",
                              needs=Needs(local_model=False)), ["c1"])
    whole = str(tmp_path / "p.jsonl")
    assert sent.argv == ("--model=openai:m", f"--problems-file={whole}", "--benchmark", "math", whole, "--cells", "c1")
    assert sent.paths == (whole,)


def test_memory_that_was_foreseen_for_a_machine_without_a_gpu_is_not_asked_of_one_with() -> None:
    needs = Needs(gpus=0, ram_bytes=40_000_000_000)
    assert orders.ram_of(unit("--model=m", needs=needs)) is None
    assert orders.ram_of(unit("--model=m", "--gpu-layers=0", needs=needs)) == 40_000_000_000
    assert orders.refuse_impossible(unit("--model=m", needs=needs), [MACHINE]) is None
    assert "40.0 GB of memory" in str(orders.refuse_impossible(unit("--gpu-layers=0", needs=needs), [MACHINE]))
    assert "3 GPUs" in str(orders.refuse_impossible(unit(needs=Needs(gpus=3)), [MACHINE]))


class Elsewhere:
    """Another machine's disk."""

    def __init__(self, data: bytes) -> None:
        self.data, self.asked = data, 0

    def read(self, path: str, offset: int, size: int) -> bytes:
        self.asked += 1
        return self.data[offset:offset + size]


@pytest.fixture
def wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Wanted, Elsewhere]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("runner.cluster.files._SPARE_BYTES", 0)
    data = b"weights" * 1000
    return Wanted("/elsewhere/m.gguf", len(data), hashlib.sha256(data).hexdigest()), Elsewhere(data)


def test_a_file_that_is_not_here_is_fetched_once_and_kept(wanted: tuple[Wanted, Elsewhere]) -> None:
    file, elsewhere = wanted
    (path,) = files_here((file,), elsewhere.read)
    assert Path(path).read_bytes() == elsewhere.data
    assert files_here((file,), elsewhere.read) == [path]
    assert elsewhere.asked == 1


def test_a_file_that_was_damaged_on_the_way_is_refused_and_not_kept(wanted: tuple[Wanted, Elsewhere]) -> None:
    file, elsewhere = wanted
    whole, elsewhere.data = elsewhere.data, b"x" * len(elsewhere.data)
    with pytest.raises(BadInput, match="damaged on the way"):
        files_here((file,), elsewhere.read)
    elsewhere.data = whole
    assert files_here((file,), elsewhere.read)


def test_a_copy_in_the_cache_that_was_changed_is_fetched_again(wanted: tuple[Wanted, Elsewhere]) -> None:
    file, elsewhere = wanted
    (path,) = files_here((file,), elsewhere.read)
    Path(path).write_bytes(b"y" * file.size)
    assert Path(files_here((file,), elsewhere.read)[0]).read_bytes() == elsewhere.data


def test_another_file_at_the_same_path_is_not_taken_for_the_model(
    tmp_path: Path, wanted: tuple[Wanted, Elsewhere]
) -> None:
    file, elsewhere = wanted
    other = tmp_path / "m.gguf"
    other.write_bytes(b"z" * file.size)
    here = Wanted(str(other), file.size, file.sha256)
    assert Path(model_here(WantedModel(str(other), (here,)), elsewhere.read)).read_bytes() == elsewhere.data


def test_the_demo_model_is_known_by_its_name_wherever_the_checkout_lies() -> None:
    sent = orders.packed(unit("--model=demo:Q2_K", model="demo:Q2_K"), ["c1"])
    assert sent.model is not None

    def nobody(path: str, offset: int, size: int) -> bytes:
        raise AssertionError("it is here")

    assert orders.argv_here(sent, nobody) == ("--model=demo:Q2_K", "--cells", "c1")


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "a//x"])
def test_a_parcel_whose_names_lead_elsewhere_is_left_out(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match="came back"):
        parcels.put(tmp_path / "runs", RUN, {name: b""})
    with pytest.raises(BadInput, match="came back"):
        parcels.put(tmp_path / "runs", "../other", {"a": b""})
    assert not (tmp_path / "runs").exists()


def ended(root: Path, run_id: str = RUN) -> dict[str, Any]:
    """A run that ended in ``root``, in its ledger and its folder."""
    record = {**store.read(ROOT / "benchmark_results.json")[0], "run_id": run_id, "cell": "c1"}
    with RunFolder.create(root / "runs", run_id, {"cell": "c1"}) as folder:
        folder.write_record(record)
        store.append(root / "results.json", record)
        folder.end()
    return record


def test_a_run_that_ended_elsewhere_comes_into_the_ledger_once(tmp_path: Path) -> None:
    record = ended(tmp_path / "there")
    (found,) = UnitFolder(tmp_path / "there").recorded()
    out, told = Outputs(tmp_path / "results.json", tmp_path / "runs"), Told()
    for _ in range(2):  # the second time as by a machine that was taken for lost
        attempt = Attempt(unit(), ["c1"], out, told)
        attempt.hear(found)
        assert attempt.left == ()
    assert [each["run_id"] for each in store.read(out.results)] == [record["run_id"]]
    assert len(told.records) == 1
    assert RunFolder(out.runs_root, RUN).ended


def test_a_run_that_is_just_being_concluded_is_told_when_it_is(tmp_path: Path) -> None:
    record = ended(tmp_path)
    summary = tmp_path / "runs" / RUN / "summary.json"
    summary.rename(summary.with_name("record.json"))
    folder = UnitFolder(tmp_path)
    assert list(folder.recorded()) == []
    summary.with_name("record.json").rename(summary)
    assert [dict(each.record)["run_id"] for each in folder.recorded()] == [record["run_id"]]
    assert list(folder.recorded()) == []


def test_a_run_under_way_is_carried_when_it_has_grown_and_another_machine_can_go_on(tmp_path: Path) -> None:
    there = UnitFolder(tmp_path)
    with RunFolder.create(there.runs, RUN, {"cell": "c1"}) as run:
        (first,) = there.unfinished()
        assert list(there.unfinished()) == []
        run.say_of_script("more")
        (again,) = there.unfinished()
    parcels.put(tmp_path / "home", RUN, first.files)
    parcels.put(tmp_path / "home", RUN, again.files)
    (found,) = parcels.of_cells(tmp_path / "home", ["c1"])
    assert (found.run_id, found.files["script.log"]) == (RUN, b"more\n")
    assert parcels.of_cells(tmp_path / "home", ["another"]) == []


def test_a_run_that_came_further_here_is_not_set_back(tmp_path: Path) -> None:
    sample = b'{"task_id": "a"}\n'
    parcels.put(tmp_path, RUN, {"run_config.json": b"{}", "samples.jsonl": 2 * sample})
    parcels.put(tmp_path, RUN, {"run_config.json": b"{}", "samples.jsonl": sample})
    assert (tmp_path / RUN / "samples.jsonl").read_bytes() == 2 * sample
    parcels.put(tmp_path, RUN, {"run_config.json": b"{}", "samples.jsonl": 3 * sample})
    assert (tmp_path / RUN / "samples.jsonl").read_bytes() == 3 * sample


def test_cells_of_which_a_command_said_nothing_have_failed_with_its_last_words(tmp_path: Path) -> None:
    told = Told()
    attempt = Attempt(unit(cells=("c1", "c2")), ["c1", "c2"], Outputs(tmp_path / "r.json", tmp_path / "runs"), told)
    attempt.hear(Ended(-9, ("loading", "")))
    ((cells, error),) = told.failures
    assert cells == ("c1", "c2")
    assert "killed by signal 9: loading" in str(error)


def test_cells_of_a_command_that_was_interrupted_have_not_failed(tmp_path: Path) -> None:
    told = Told()
    Attempt(unit(), ["c1"], Outputs(tmp_path / "r.json", tmp_path / "runs"), told).hear(Ended(130, ()))
    assert told.failures == []


def test_units_of_one_provider_are_asked_one_after_the_other(tmp_path: Path) -> None:
    away = Needs(local_model=False)
    models = ("openai:a", "openai:b", "gemini:c")
    units = [Unit(f"u{number}", ("--model", model, "--no-such-flag"),
                  (PlannedCell(f"c{number}", model, "math", "v1", "single"),), away, model)
             for number, model in enumerate(models)]
    told = Told()
    hosted = Hosted(units, Outputs(tmp_path / "r.json", tmp_path / "runs"), told)
    seen = set()
    while not hosted.done:
        hosted.step()
        seen.add(tuple(told.under_way))
    assert not any({"u0", "u1"} <= set(each) for each in seen)
    assert sorted(cells[0] for cells, _ in told.failures) == ["c0", "c1", "c2"]
    assert all("--no-such-flag" in str(error) and error.exit_code == 2 for _, error in told.failures)


@pytest.mark.parametrize("made", [RayUnits(), SlurmUnits()])
def test_an_extra_that_is_missing_is_told_with_the_command_that_brings_it(
    made: RayUnits | SlurmUnits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for room in ("cluster.door", "sweep.executors.slurm_units"):
        monkeypatch.setattr(f"runner.{room}.find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"is not installed; \./setup --with (ray|slurm)"):
        made.run_units([unit()], Outputs(tmp_path / "r.json", tmp_path / "runs"), Told())


def test_a_slurm_that_does_not_answer_is_no_fault_of_the_cells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "sbatch: error: Batch job submission failed: Unable to contact slurm controller"
    for name in ("sbatch", "srun"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho '{said}' >&2\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    told = Told()
    with pytest.raises(UsageError, match="its controller does not answer"):
        SlurmUnits().run_units([unit("--model", "demo:Q2_K")], Outputs(tmp_path / "r.json", tmp_path / "runs"), told)
    assert (told.failures, told.under_way) == ([], [])
    assert len(told.waiting_again) == 1


def test_all_machines_verify_at_the_level_that_all_hold_and_it_is_said() -> None:
    said: list[str] = []
    other = Machine("2", "b (10.0.0.2)", 8, 1, 32e9)
    answers = [(MACHINE, Holds("full")), (other, Holds("confined", "full: no user namespaces"))]
    assert common_level(answers, "auto", said.append) == "confined"
    (sentence,) = said
    assert sentence.startswith("b (10.0.0.2) holds only isolation confined (full: no user namespaces): so it is ")
    with pytest.raises(SandboxError, match=r"b \(10\.0\.0\.2\): it does not hold full"):
        common_level([(MACHINE, Holds("full")), (other, Holds(None, "it does not hold full."))], "full", said.append)
    with pytest.raises(UsageError, match=r"sympy is not installed there.*--with benchmarks"):
        common_level([(other, Holds("full", "", ("sympy",)))], "auto", said.append)


THROUGH_SUBMITIT = """
import sys
sys.path.insert(0, {root!r})
import bench_runner
from runner.sweep.executors import registry
from runner.sweep.executors.slurm_units import SlurmUnits
registry.EXECUTORS["slurm"] = lambda flags: SlurmUnits({{}}, "local")
raise SystemExit(bench_runner.main(["sweep", "plan.toml", "--executor", "slurm", "--json"]))
"""
"""submitit's own executor in place of Slurm's; everything else as it is."""


PLAN = """
name = "s"
models = ["demo:Q2_K"]
benchmarks = ["math", "extraction"]
[settings]
server = "xllamacpp"
limit = 2
max-tokens = 32
"""


@pytest.mark.slow
def test_units_that_submitit_carries_out_come_to_the_same_records(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(PLAN)
    done = subprocess.run([sys.executable, "-c", THROUGH_SUBMITIT.format(root=str(ROOT))], cwd=tmp_path, text=True,
                          capture_output=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr
    assert {row["state"] for row in json.loads(done.stdout)["cells"]} == {"done"}
    tool = Tool(tmp_path)
    assert {record["benchmark"] for record in tool.records()} == {"math", "extraction"}
    assert all((tool.runs_root / record["run_id"] / "samples.jsonl").exists() for record in tool.records())
