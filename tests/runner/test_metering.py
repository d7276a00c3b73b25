"""Energy of a run: over its sittings, for its tasks, and what is said where it is not known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.energy import Metered
from core.records import Answer, Endpoint, Sample, Task
from ledger.folder import RunFolder
from runner.collect import Collection
from runner.costs import by_task, energy_of, joules_by_place
from runner.metering import metering
from runner.observer import Quiet
from runner.outcome import CellOutcome
from runner.sitting import NOTHING_SPENT, Sitting, Spent, spent
from runner.task_lines import task_lines
from runner.work import Prepared
from servers.lifecycle import RunningServer
from strategies.base import Candidate
from strategies.single import Single
from system.energy.meter import Counter, Found, MeterLost


class Heard(Quiet):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def meter(kind: str, read: Callable[[], float] = lambda: 0.0) -> Callable[[], Found]:
    return lambda: Found((Counter(kind, f"the {kind} meter", read),))


def none(why: str) -> Callable[[], Found]:
    return lambda: Found(missing=why)


# -- sittings ----------------------------------------------------------------------------------------------------------


def test_a_sitting_used_what_was_used_from_its_first_question_to_its_last_reply() -> None:
    joules = {"gpu": 100.0, "cpu": 7.0}
    sitting = Sitting(NOTHING_SPENT, lambda: dict(joules))
    joules["gpu"] += 1000  # while the script was started
    sitting.asked()
    joules["gpu"] += 40
    sitting.replied()
    assert sitting.stamp()["joules"] == {"gpu": 40, "cpu": 0}
    joules["gpu"] += 500  # while the last program was verified
    sitting.generated()
    assert sitting.line()["joules"] == {"gpu": 40, "cpu": 0}
    assert sitting.all_spent().joules == {"gpu": 40, "cpu": 0}
    later = Sitting(sitting.all_spent(), lambda: dict(joules))
    joules["cpu"] += 2
    later.replied()
    assert later.all_spent().joules == {"gpu": 40, "cpu": 2}


def test_a_meter_that_is_lost_in_a_sitting_leaves_no_energy_of_its_kind() -> None:
    joules = {"gpu": 100.0, "cpu": 7.0}
    sitting = Sitting(NOTHING_SPENT, lambda: dict(joules))
    sitting.replied()
    del joules["gpu"]
    sitting.replied()
    assert sitting.all_spent().joules == {"cpu": 0}


def test_a_run_without_meters_says_nothing_of_energy() -> None:
    sitting = Sitting(NOTHING_SPENT)
    sitting.replied()
    assert "joules" not in sitting.stamp()
    assert sitting.all_spent().joules is None


def test_joules_are_summed_over_sittings_and_a_killed_one_counts_to_its_last_sample() -> None:
    line = {"sitting": 1, "generation_s": 2.0, "total_s": 3.0, "joules": {"gpu": 50.0}}
    stamps = [{"sitting": 2, "at_s": 4.0, "joules": {"gpu": 30.0}}, {"sitting": 2, "at_s": 3.5, "joules": {"gpu": 9.0}}]
    assert spent([line], stamps).joules == {"gpu": 80}
    unmeasured = {"sitting": 3, "generation_s": 1.0, "total_s": 1.0}
    assert spent([line, unmeasured], stamps).joules is None


# -- tasks and the record ----------------------------------------------------------------------------------------------


def outcome_with(folder: RunFolder, joules: dict[str, float] | None) -> CellOutcome:
    """Two samples of a/1 and one of a/2 on one slot, 10 W: two seconds, one, and three."""
    collection = Collection([Task("a/1", {}), Task("a/2", {})], Single(), seed=0)
    for number, (task_id, index, wall_s) in enumerate((("a/1", 0, 2.0), ("a/1", 1, 1.0), ("a/2", 0, 3.0)), start=1):
        sample = Sample(task_id, index, "", wall_s=wall_s, completion_tokens=10)
        collection.candidates.setdefault(task_id, {})[index] = Candidate(sample, Answer(None))
        at_s = (2.0, 3.0, 6.0)[number - 1]
        folder.append_sample(sample, {"sitting": 1, "at_s": at_s, "joules": {"gpu": 10 * at_s}})
    prepared: Prepared = None  # type: ignore[assignment]  # what was prepared is not asked for
    outcome = CellOutcome(prepared, collection, None, Spent(1, 6.0, 7.0, joules))
    return replace(outcome, joules=joules_by_place(folder, joules))


METERED = Metered({"gpu": "a counter"}, {"gpu": 4.0})


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[RunFolder]:
    with RunFolder.create(tmp_path, "20260101T000000Z-math-m-000000", {}) as made:
        yield made


def test_a_task_has_its_samples_part_of_what_the_run_used(folder: RunFolder) -> None:
    outcome = outcome_with(folder, {"gpu": 60.0})
    assert by_task(outcome) == {"a/1": {"joules": 30}, "a/2": {"joules": 30}}
    found = energy_of(outcome, METERED, passed=1)
    assert found is not None
    assert (found["energy_j"], found["above_idle_j"], found["per_solved_j"]) == (60, 60 - 4 * 6, 60)


def test_a_run_that_uses_some_of_the_samples_has_their_part(folder: RunFolder) -> None:
    outcome = outcome_with(folder, {"gpu": 60.0})
    del outcome.collection.candidates["a/1"][1]
    replayed = replace(outcome, spent=None, replayed_from="the pool")
    assert energy_of(replayed, METERED, passed=2) == {
        "energy_j": 50, "per_solved_j": 25, "source": "gpu: a counter", "apportioned": True}


def test_a_run_of_which_a_sitting_was_not_measured_has_no_energy(folder: RunFolder) -> None:
    outcome = outcome_with(folder, None)
    assert by_task(outcome) == {"a/1": {}, "a/2": {}}
    assert energy_of(outcome, METERED, passed=1) is None
    assert energy_of(outcome, None, passed=1) is None
    assert not any("joules" in line for line in task_lines(outcome.collection, by_task(outcome)))


# -- what is said ------------------------------------------------------------------------------------------------------


def test_a_machine_without_meters_says_once_why_and_the_run_goes_on_without() -> None:
    heard = Heard()
    sources = {"gpu": (none("NVML: no driver"), none("nvidia-smi: not on PATH")), "cpu": (none("no RAPL"),)}
    with metering(None, heard, lambda: True, sources) as meters:
        assert (meters.joules(), meters.metered()) == ({}, None)
        assert meters.problem() == "GPU: NVML: no driver; nvidia-smi: not on PATH; processor: no RAPL"
    (note,) = heard.notes
    assert note == ("--measure-energy: nothing can be measured, so no energy is recorded: GPU: NVML: no driver; "
                    "nvidia-smi: not on PATH; processor: no RAPL")


def test_a_server_on_another_machine_is_not_metered_here() -> None:
    heard = Heard()
    with metering("http://192.0.2.7:8080", heard, lambda: True, {"gpu": (meter("gpu"),)}) as meters:
        assert meters.metered() is None
        assert meters.problem() == "the server is on another machine, whose meters cannot be read from here"
    assert len(heard.notes) == 1


def test_of_servers_here_and_elsewhere_only_those_here_are_metered() -> None:
    heard, joules = Heard(), [5.0]
    with metering(None, heard, lambda: True, {"cpu": (meter("cpu", lambda: joules[0]),)}) as meters:
        meters.serves(lambda: at("https://api.example.com"))
        joules[0] = 9.0
        for _ in range(2):
            assert (meters.joules(), meters.metered()) == ({}, None)
        meters.serves(lambda: at("https://api.example.com"))
        assert meters.problem() == "the server is on another machine, whose meters cannot be read from here"
        meters.serves(lambda: at("http://127.0.0.1:8080"))
        assert meters.joules() == {"cpu": 4}
        assert meters.metered() is not None
        assert meters.problem() is None
    assert heard.notes[1:] == [
        "no energy is recorded of m: the server is on another machine, whose meters cannot be read from here"]


def at(base_url: str) -> RunningServer:
    """A server that somebody else has started there."""
    return RunningServer(Endpoint(base_url, "m", "openai"))


def test_what_is_metered_and_what_is_not_is_said_apart() -> None:
    heard = Heard()
    with metering("http://127.0.0.1:1", heard, lambda: True, {"gpu": (none("no GPU"),), "cpu": (meter("cpu"),)}) as on:
        metered = on.metered()
        assert metered is not None
        assert (metered.sources, metered.shared_with) == ({"cpu": "the cpu meter"}, None)
        assert on.problem() == "GPU: no GPU"
    assert [note.partition(",")[0] for note in heard.notes] == [
        "energy of the processor: the cpu meter", "energy is not measured of the GPU: no GPU"]


def test_a_meter_that_is_lost_is_told_once() -> None:
    heard, working = Heard(), [True]

    def read() -> float:
        if not working:
            raise MeterLost("it fell off the bus")
        return 1.0

    with metering(None, heard, lambda: True, {"gpu": (meter("gpu", read),)}) as meters:
        assert meters.problem() is None
        working.clear()
        assert meters.joules() == {}
        for _ in range(2):
            meters.metered()
        assert meters.problem() == "GPU: its meter was lost in mid-run (it fell off the bus)"
    assert heard.notes[1:] == [
        "the energy of the GPU is not recorded: its meter was lost in mid-run (it fell off the bus)"]
