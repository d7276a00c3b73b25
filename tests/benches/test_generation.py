"""The generation bench: its flags, its tasks, what it tells peers, and the table it prints."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benches import generation, peers
from benches.bare_client import WORDS
from benches.generation import Figures
from benchmarks.scripts.prompt_files import load

BENCH = Path(generation.__file__)


def test_help_has_an_example() -> None:
    done = subprocess.run([sys.executable, BENCH, "--help"], capture_output=True, text=True, check=True)
    assert "example:\n  benches/generation.py --pairs 7" in done.stdout


@pytest.mark.parametrize(("flags", "said"), [
    (["--slots", "0"], "--slots: at least 1"), (["--pairs", "0"], "--pairs: at least 1"),
    (["--max-tokens", "0"], "--max-tokens: at least 1"), (["--tasks", "201"], "there are 200")])
def test_a_flag_that_makes_no_sense_is_named(flags: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        generation.parse(flags)
    assert said in capsys.readouterr().err


def test_a_load_is_the_same_tasks_round_after_round_under_names_of_their_own(tmp_path: Path) -> None:
    lines = [json.loads(line) for line in generation.many(5, 3, tmp_path).read_text().splitlines()]
    assert len({line["id"] for line in lines}) == len(lines) == 15
    assert [line["question"] for line in lines[:5]] == [line["question"] for line in lines[10:]]


def test_the_bare_client_and_peers_ask_in_our_own_words(tmp_path: Path) -> None:
    asked = load("math", "v1").messages({"question": "How many?"})
    assert asked == [{"role": "user", "content": WORDS + "How many?"}]
    job = peers.Job("http://127.0.0.1:1", "key", "m", tmp_path / "t.jsonl", 4, 512, tmp_path)
    argv, needs = peers.lm_eval(job)
    assert "num_concurrent=4" in argv[3]
    assert needs["OPENAI_API_KEY"] == "key"
    assert json.dumps(WORDS + "{{question}}") in (tmp_path / "bench_math.yaml").read_text()
    argv, needs = peers.inspect_ai(job)
    assert argv[argv.index("--max-connections") + 1] == "4"
    assert needs["BENCH_BASE_URL"] == "http://127.0.0.1:1/v1"
    compile((tmp_path / "bench_math.py").read_text(), "task", "exec")


def test_a_peer_that_answered_only_some_tasks_has_no_time(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "lm_eval").write_text("#!/bin/sh\nprintf '{}\\n' > samples_bench.jsonl\n")
    (programs / "lm_eval").chmod(0o755)
    tasks = generation.many(2, 1, tmp_path)
    job = peers.Job("http://127.0.0.1:1", "key", "m", tasks, 4, 512, tmp_path)
    with pytest.raises(peers.Failed, match="1 replies to 2 tasks"):
        peers.run(peers.LM_EVAL, programs, job)


def test_ratios_are_taken_pair_by_pair_and_a_short_load_is_said_to_be_one() -> None:
    bare = [Figures(10.0, 1.0, 200, 9000), Figures(20.0, 1.0, 200, 9000), Figures(10.0, 1.0, 200, 9000)]
    ours = [Figures(11.0, 0.4, 200, 9000), Figures(20.4, 0.4, 200, 9000), Figures(10.1, 0.4, 200, 9000)]
    lines = generation.table({"bare": bare, "script": ours})
    assert "1.020 x bare (1.010 to 1.100)" in lines[2]
    assert "2.00 ms cpu a request" in lines[2]
    assert "only 10.0 s" in lines[3]
