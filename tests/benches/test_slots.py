"""The bench of slots: its flags, and one small round of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benches import slots
from servers.spec import ServerSettings


def test_help_has_an_example() -> None:
    script = Path(slots.__file__)
    done = subprocess.run([sys.executable, script, "--help"], capture_output=True, text=True, check=True)
    assert "example:\n  benches/slots.py --" in done.stdout


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
