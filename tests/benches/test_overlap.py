"""The bench of overlap: its flags, and what it makes of its rounds."""

from __future__ import annotations

import pytest

from benches import overlap


@pytest.mark.parametrize("flags", [["--rounds", "0"], ["--slots", "0"], ["--max-tokens", "-1"],
                                   ["--benchmark", "math"]])
def test_a_flag_that_makes_no_sense_is_named(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        overlap.parse(flags)
    assert flags[0] in capsys.readouterr().err


def test_each_round_is_held_against_its_own_larger_half() -> None:
    rounds = [overlap.Seconds(11.0, 10.0, 4.0), overlap.Seconds(12.0, 3.0, 12.0), overlap.Seconds(30.0, 20.0, 5.0)]
    assert "1.100x the larger of the two (1.000 to 1.500)" in overlap.table(overlap.parse([]), rounds)[-1]
