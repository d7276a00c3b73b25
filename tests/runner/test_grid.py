"""What a grid means before anything runs: which cells, in which order, asked how, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.table import get
from core.errors import BadInput, UsageError
from core.records import ModelInfo, Sample
from core.strategy import StrategySettings
from runner.arguments import parse
from runner.budget import Budget
from runner.chain import Chain
from runner.choosing import work_for
from runner.command import Command
from runner.from_flags import request_of
from runner.plan import Cell, loads
from runner.prepare import fingerprint_parts, prepare, prompt_sha256
from runner.request import Outputs, Request, SamplingChoice, Spending, StrategyChoice, TaskChoice, UntilDecided
from runner.spending import Wallet
from runner.spent_before import count_earlier
from servers.spec import ServerSettings
from tests.runner.test_prepare import ENDPOINT, HOOKS, MODEL, asked, own
from tests.runner.test_spending import END, MINI, TABLE

FIVE = StrategyChoice("candidates", StrategySettings(n=5))


def requested(*flags: str) -> Request:
    return request_of(parse(["--model", "demo:Q2_K", *flags])[1])


def test_a_model_is_loaded_once_for_all_its_benchmarks_and_prompts() -> None:
    models = (ModelInfo("a", path="/a"), ModelInfo("b", path="/b"), ModelInfo("a", path="/a"))
    request = Request(models, ("tips", "math"), ServerSettings(), tasks=TaskChoice(prompt_versions=("v1", "v2", "v1")))
    planned = loads(request)
    assert [load.model.name for load in planned] == ["a", "b"]
    assert [[(cell.benchmark, cell.prompt_version) for cell in load.cells] for load in planned] == [
        [("tips", "v1"), ("tips", "v2"), ("math", "v1"), ("math", "v2")]] * 2


def test_n_candidates_is_short_for_the_strategy_of_that_name_and_goes_with_no_other() -> None:
    assert requested("--benchmark", "tips", "--n-candidates", "5").strategies == (FIVE,)
    assert requested("--benchmark", "tips", "--strategy", "candidates", "--n", "5").strategies == (FIVE,)
    for more in (("--n", "3"), ("--strategy", "sc_fixed")):
        with pytest.raises(UsageError, match="--n-candidates: it says how many samples are drawn"):
            requested("--benchmark", "tips", "--n-candidates", "5", *more)


@pytest.mark.parametrize("name", ["a b", "", "-x", "a" * 65, "../x", "a\n"])
def test_an_experiments_name_fits_a_table_and_a_file(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--model", "demo", "--benchmark", "tips", f"--experiment={name}"])
    assert "is no name of letters, digits" in capsys.readouterr().err


def test_texts_that_are_judged_are_drawn_at_a_temperature_and_graded_ones_greedily(tmp_path: Path) -> None:
    assert work_for(asked(tmp_path), Cell(MODEL, "tips", FIVE), HOOKS).sampling.temperature == 0.8
    assert work_for(asked(tmp_path), Cell(MODEL, "math"), HOOKS).sampling.temperature == 0.0
    warm = asked(tmp_path, sampling=SamplingChoice(temperature=0.3))
    assert work_for(warm, Cell(MODEL, "tips", FIVE), HOOKS).sampling.temperature == 0.3


@pytest.mark.parametrize(("cell", "changes", "said"), [
    (Cell(MODEL, "math", FIVE), {}, "--n-candidates: math is graded by a program"),
    (Cell(MODEL, "tips", StrategyChoice("sc_fixed")), {}, "--strategy sc_fixed: the texts of tips wait for a judge"),
    (Cell(MODEL, "tips", FIVE, (StrategyChoice("best_of_n"),)), {}, "--strategy best_of_n: the texts of tips wait"),
    (Cell(MODEL, "tips", FIVE), {"sampling": SamplingChoice(temperature=0)}, "--temperature 0: all 5 candidates"),
    (Cell(MODEL, "tips", FIVE), {"sampling": SamplingChoice(top_k=1)}, "--top-k 1: all 5 candidates"),
    (Cell(MODEL, "tips"), {"until_decided": UntilDecided()}, "--until-decided: it goes by answers"),
    (Cell(MODEL, "tips"), {"chain": Chain("fallback", 0.5)}, "--fallback: it goes by answers"),
    (Cell(MODEL, "tips", FIVE), {"budget": Budget(tokens=100)}, "--budget-...: it goes by answers"),
    (Cell(MODEL, "tips", prompt_version="v2"), {}, "tips has no such prompt; there are: v1, v2-mentor, v3-few-shot"),
    (Cell(MODEL, "tips", prompt_version="v2-menter"), {}, r"did you mean v2-mentor\? there are: v1, v2-mentor"),
    (Cell(MODEL, "math", prompt_version="v2"), {}, "math has no such prompt; there is: v1"),
])
def test_what_makes_no_sense_is_refused_before_anything_is_started(
    tmp_path: Path, cell: Cell, changes: dict[str, Any], said: str,
) -> None:
    with pytest.raises(UsageError, match=said):
        work_for(asked(tmp_path, **changes), cell, HOOKS)


def test_two_models_that_are_to_be_decided_on_are_asked_with_one_prompt() -> None:
    flags = ("demo:F16", "--benchmark", "gsm8k", "--until-decided")
    with pytest.raises(UsageError, match="two models are compared, with one prompt"):
        requested(*flags, "--prompt-version", "v1", "8shot")
    assert requested(*flags, "--prompt-version", "v1", "v1").until_decided is not None


def test_prompts_of_a_users_folder_stand_in_for_the_benchmarks_own(tmp_path: Path) -> None:
    (tmp_path / "v9.txt").write_text("For {persona}, {time_slot}: {tasks}")
    request = asked(tmp_path, tasks=TaskChoice(prompts_dir=tmp_path))
    work = work_for(request, Cell(MODEL, "tips", FIVE), HOOKS)
    assert work.prompt_version == "v9", "the only one there is"
    assert work.benchmark is not None
    assert work.benchmark.prompt("v9").messages({"persona": "a", "time_slot": "b", "tasks": "c"}) == [
        {"role": "user", "content": "For a, b: c"}]
    with pytest.raises(UsageError, match="tips has no such prompt; there is: v9"):
        work_for(request, Cell(MODEL, "tips", FIVE, prompt_version="v1"), HOOKS)
    before = prompt_sha256(request, work)
    (tmp_path / "v9.txt").write_text("For {persona}, {time_slot}: {tasks}!")
    assert prompt_sha256(request, work_for(request, Cell(MODEL, "tips", FIVE), HOOKS)) != before


def test_a_folder_for_each_benchmark_is_taken_where_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "v1.txt").write_text("{question}")
    (tmp_path / "tips").mkdir()
    (tmp_path / "tips" / "own.txt").write_text("{tasks}")
    request = asked(tmp_path, tasks=TaskChoice(prompts_dir=tmp_path))
    assert work_for(request, Cell(MODEL, "tips"), HOOKS).prompt_version == "own"
    assert work_for(request, Cell(MODEL, "math"), HOOKS).prompt_version == "v1"


def test_a_folder_of_prompts_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "v9.txt").write_text("For {persna}")
    request = asked(tmp_path, tasks=TaskChoice(prompts_dir=tmp_path))
    with pytest.raises(UsageError, match=r"v9: shows \{persna\}, which the task tips/0-[0-9a-f]+ has not; did you"):
        work_for(request, Cell(MODEL, "tips"), HOOKS)
    with pytest.raises(UsageError, match=r"v9: shows \{persna\}, which the task .* has not; it has \{question\}"):
        work_for(request, Cell(MODEL, "math"), HOOKS)
    with pytest.raises(UsageError, match="nothing: is no folder"):
        work_for(asked(tmp_path, tasks=TaskChoice(prompts_dir=tmp_path / "nothing")), Cell(MODEL, "tips"), HOOKS)
    (tmp_path / "v9.txt").write_text("")
    with pytest.raises(BadInput, match=r"v9\.txt: is empty"):
        work_for(request, Cell(MODEL, "tips"), HOOKS)
    scripted = asked(tmp_path, tasks=TaskChoice(prompts_dir=tmp_path), script=own(tmp_path))
    with pytest.raises(UsageError, match="--prompts-dir: a --script of your own has prompts of its own"):
        work_for(scripted, Cell(MODEL, "tips"), HOOKS)


def test_the_experiments_name_decides_nothing_of_what_is_asked(tmp_path: Path) -> None:
    cell = Cell(MODEL, "tips", FIVE)
    plain, named = asked(tmp_path), asked(tmp_path, experiment="tip-bench")
    parts = [fingerprint_parts(request, work_for(request, cell, HOOKS), ENDPOINT) for request in (plain, named)]
    assert parts[0] == parts[1]


def test_each_prompt_is_a_run_of_its_own_when_a_command_is_taken_up(tmp_path: Path) -> None:
    request = asked(tmp_path)
    works = [work_for(request, Cell(MODEL, "tips", FIVE, prompt_version=version), HOOKS)
             for version in get("tips").prompt_versions]
    (tmp_path / "runs").mkdir()
    with Command(request, works) as command:
        command.note(works[1], "some-run")
    (left,) = (tmp_path / "runs").glob(".command-*.jsonl")
    assert "v2-mentor" in left.read_text(), "one of three is done, so the command is not through"


def test_a_script_of_the_users_is_told_which_prompt_it_is_to_use(tmp_path: Path) -> None:
    request = asked(tmp_path, script=own(tmp_path), tasks=TaskChoice(prompt_versions=("a", "b")))
    (load,) = loads(request)
    assert [work_for(request, cell, HOOKS).prompt_version for cell in load.cells] == ["a", "b"]
    assert work_for(asked(tmp_path, script=own(tmp_path)), Cell(MODEL, "mine"), HOOKS).prompt_version == "own"


def test_what_stopped_runs_have_cost_is_counted_for_each_prompt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two cells of one command, alike but for their prompt, that were both stopped after a reply."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    (tmp_path / "prices.toml").write_text(TABLE)
    request = Request((MINI,), ("tips",), ServerSettings(), outputs=Outputs(runs_root=tmp_path / "runs"),
                      spending=Spending(most_usd=1.0), prices=tmp_path / "prices.toml")
    works = [work_for(request, Cell(MINI, "tips", FIVE, prompt_version=name), HOOKS) for name in ("v1", "v2-mentor")]
    for work in works:
        with prepare(request, work, END, HOOKS.observer.note).folder as folder:
            reply = Sample("tips/0-2e988823", 0, "Tea.", prompt_tokens=10_000, completion_tokens=1_000)
            folder.append_sample(reply, {"sitting": 1, "at_s": 0.5})
            folder.append_sitting({"sitting": 1, "generation_s": 0.5, "total_s": 0.5})
    wallet = Wallet(request)
    with Command(request, works) as command:
        count_earlier(request, works, command, wallet)
    assert wallet.spent_usd == pytest.approx(2 * (10_000 * 1 + 1_000 * 10) / 1e6)
