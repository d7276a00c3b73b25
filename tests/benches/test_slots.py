"""The benches of slots and of the memory plan: their flags, and one small round of each."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from benches import memory_plan, slots
from servers.models import resolve
from servers.spec import ServerSettings


@pytest.mark.parametrize("bench", [slots, memory_plan])
def test_help_has_an_example(bench: ModuleType) -> None:
    script = Path(str(bench.__file__))
    done = subprocess.run([sys.executable, script, "--help"], capture_output=True, text=True, check=True)
    assert f"example:\n  benches/{script.name} --" in done.stdout


@pytest.mark.parametrize(("flags", "said"), [(["--slots", "0"], "at least 1"), (["--gpu-layers", "some"], "a number")])
def test_a_flag_that_makes_no_sense_is_named(flags: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        slots.parse(flags)
    assert said in capsys.readouterr().err


def test_a_round_has_a_rate_for_each_number_of_slots() -> None:
    settings = {count: ServerSettings(backend="xllamacpp", ctx_size=512, parallel=count) for count in (1, 2)}
    found = slots.measure(settings, "demo-3M", slots.Load(4, 8), 1)
    lines = slots.table(found)
    assert [line.split()[0] for line in lines] == ["1", "2"]
    assert "1.00x 1 slot" in lines[0]
    assert all(rate.tokens_per_s > 0 for rates in found.values() for rate in rates)


def test_a_plan_is_shown_beside_the_servers_report() -> None:
    settings, model = ServerSettings(backend="xllamacpp", ctx_size=512, parallel=2), resolve("demo-3M")
    line = memory_plan.row(model, settings, memory_plan.check(model, settings))
    assert line.split()[:3] == ["demo-3M:Q4_K_M", "512", "2"]
    assert line.count("%") == 4
    assert "GPU" not in line
    assert memory_plan.planning_s(model) < 5
