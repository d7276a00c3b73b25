"""judge auto: what it does before and after a model is asked; e2e tests have one asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.errors import BenchError, UsageError
from core.records import ModelInfo
from runner.judging.applying import ApplyRequest, apply
from runner.judging.auto import AutoRequest, Judged, auto
from runner.judging.auto_verb import _told
from runner.judging.exporting import ExportRequest, export
from runner.request import Outputs
from tests.runner.judging.an_experiment import Experiment, by_length, fill, make
from tracking.judging import judge_key


def asked(made: Experiment, **more: Any) -> AutoRequest:
    return AutoRequest(**{"experiment": made.name, "model": ModelInfo("far-70B"),
                          "outputs": Outputs(made.results, made.runs_root), **more})


def nobody(path: Path) -> Sequence[dict[str, Any]]:
    raise AssertionError(f"asked {path}")


def no_server(_: Path) -> Sequence[dict[str, Any]]:
    return ()


def test_one_judge_is_asked_by_one_command_at_a_time_because_answers_are_paid_for(tmp_path: Path) -> None:
    made = make(tmp_path)
    with judge_key.asking(made.runs_root, "far-70B", made.name):
        with pytest.raises(BenchError, match="far-70B is being asked about tip-bench by another command"):
            auto(asked(made), nobody)
        assert auto(asked(made, judge="other"), no_server).judge == "other"
    assert auto(asked(made), no_server).judge == "far-70B"


def test_a_wrong_name_leaves_nothing_behind(tmp_path: Path) -> None:
    made = make(tmp_path)
    before = made.everything()
    with pytest.raises(UsageError, match="no run of the ledger belongs to it"):
        auto(asked(made, experiment="tip-bunch"), nobody)
    assert made.everything() == before
    assert not (made.runs_root / ".judging").exists()


def test_a_model_is_not_called_as_a_person_who_judged_nor_a_person_as_a_model(tmp_path: Path) -> None:
    """The later scores of one name supersede the earlier."""
    made = make(tmp_path)
    export(ExportRequest(made.name, made.out, made.results, made.runs_root, judge="ann"))
    fill(made, by_length)
    apply(ApplyRequest(made.out, made.results, made.runs_root))
    before = made.everything()
    with pytest.raises(UsageError, match="--judge ann: a person of that name has judged 2026"):
        auto(asked(made, judge="ann"), nobody)
    lines = next(made.runs_root.glob("*/judgements.jsonl"))
    assert made.everything() == before
    lines.write_text(lines.read_text("utf-8").replace('"ann"', '"far-70B"').replace('"human"', '"model"'), "utf-8")
    with pytest.raises(UsageError, match="--judge far-70B: a model of that name has judged 2026"):
        export(ExportRequest(made.name, tmp_path / "other.json", made.results, made.runs_root, judge="far-70B"))


def test_where_nothing_could_be_asked_no_share_of_nothing_is_told(tmp_path: Path) -> None:
    request = asked(make(tmp_path))
    assert _told(Judged("far-70B", "tip-v1"), request, asked=True) == [
        "nothing was judged; the same command again goes on"]


def test_what_would_let_a_judge_end_its_replies_is_told_where_some_were_cut(tmp_path: Path) -> None:
    """Not always --max-tokens: a text may be too long for the judge's context."""
    request = asked(make(tmp_path))
    found = Judged("far-70B", "tip-v1", asked=8, usable=7, unusable={"truncated": 1}, hints=("--ctx-size 4096: ...",))
    assert _told(found, request, asked=True)[:2] == [
        "far-70B: 7 of 8 replies are judgements under tip-v1; no judgement in 1 (1 truncated)", "--ctx-size 4096: ..."]
    assert "--ctx-size" not in str(_told(replace(found, usable=8, unusable={}), request, asked=True))
