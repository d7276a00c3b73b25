"""The user's own program scores an answer: what it is told, and what becomes of it when it does not."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from threading import Event, Thread

import pytest

from core.errors import UsageError
from core.records import Answer, Sample, Task
from runner import selector_command
from runner.selector_command import SelectorCommand, find

TASK = Task("t1", {"question": "How many?"})


def program(folder: Path, body: str) -> str:
    path = folder / "score.sh"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def score(command: SelectorCommand, sample: Sample | None = None) -> float | None:
    return command.score(TASK, sample or Sample("t1", 3, "It is 7."), Answer("7"))


def test_it_is_told_task_prompt_response_and_answer_and_prints_a_number(tmp_path: Path) -> None:
    told = tmp_path / "told.json"
    command = SelectorCommand(program(tmp_path, f"cat > {told}; echo ' -2.5 '"))
    assert score(command) == -2.5
    assert json.loads(told.read_text()) == {
        "task_id": "t1", "prompt": {"question": "How many?"}, "response": "It is 7.", "answer": "7"}
    assert (command.asked, command.failed) == (1, 0)


def test_of_a_continuation_of_the_prompt_it_is_told_that_as_the_response(tmp_path: Path) -> None:
    told = tmp_path / "told.json"
    command = SelectorCommand(program(tmp_path, f"cat > {told}; echo 1"))
    score(command, Sample("t1", 0, "", completion="    return 7\n"))
    assert json.loads(told.read_text())["response"] == "    return 7\n"


@pytest.mark.parametrize(("body", "said"), [
    ("echo two", "printed 'two', which is no number"),
    ("echo nan", "no number"),
    ("echo inf", "no number"),
    ("echo 1; echo 2", "no number"),
    ("true", "printed '', which is no number"),
    ("echo 'no key' >&2; exit 3", "it ended with status 3: no key"),
    ("kill -9 $$", "it ended with status -9"),
    ("printf '\\033[31mred'", "no number"),
])
def test_a_program_that_gives_no_number_leaves_the_score_unknown_and_is_counted(
    tmp_path: Path, body: str, said: str) -> None:
    command = SelectorCommand(program(tmp_path, body))
    assert score(command) is None
    assert (command.asked, command.failed) == (1, 1)
    assert command.first_failure.startswith("t1 sample 3: ")
    assert said in command.first_failure
    assert command.first_failure.isprintable()


def test_one_that_does_not_read_what_it_is_told_may_still_answer(tmp_path: Path) -> None:
    command = SelectorCommand(program(tmp_path, "echo 4"))
    long = Sample("t1", 0, "x" * (1 << 20))
    assert score(command, long) == 4.0


def test_one_that_takes_too_long_is_stopped_with_its_children(tmp_path: Path) -> None:
    command = SelectorCommand(program(tmp_path, "sleep 600 & sleep 600"), timeout_s=0.2)
    assert score(command) is None
    assert "took more than 0.2 s" in command.first_failure


def test_one_that_writes_without_end_is_stopped(tmp_path: Path) -> None:
    command = SelectorCommand(program(tmp_path, "yes"))
    assert score(command) is None
    assert "wrote more than 64 KiB" in command.first_failure


def test_closing_ends_the_one_that_runs_and_counts_that_as_no_failure(tmp_path: Path) -> None:
    command = SelectorCommand(program(tmp_path, f"echo > {tmp_path}/begun; exec sleep 600"))
    ended = Event()

    def ask() -> None:
        score(command)
        ended.set()

    Thread(target=ask, daemon=True).start()
    while not (tmp_path / "begun").exists():
        assert not ended.wait(0.01)
    command.close()
    assert ended.wait(60)
    assert score(command) is None
    assert (command.asked, command.failed) == (0, 0)


def test_a_program_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--selector command:./none: there is no program ./none"):
        find("./none")


def test_a_file_that_cannot_be_run_is_a_usage_error_that_says_how(tmp_path: Path) -> None:
    path = tmp_path / "score.py"
    path.write_text("print(1)")
    with pytest.raises(UsageError, match=r"chmod \+x"):
        SelectorCommand(str(path))


def test_a_script_without_a_first_line_gives_no_score_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "score"
    path.write_bytes(b"\x7fnot a program")
    path.chmod(0o755)
    command = SelectorCommand(str(path))
    assert score(command) is None
    assert "cannot be run" in command.first_failure


def test_the_limit_that_holds_is_the_one_that_the_docs_name() -> None:
    page = Path(__file__).parents[2] / "docs" / "selectors.md"
    assert f"{selector_command.TIMEOUT_S:g} seconds" in page.read_text(encoding="utf-8")
