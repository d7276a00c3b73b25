"""Prompts of a user's own: a file a version, and what is said of every mistake in one."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.prompt_folder import SIZE_LIMIT, placeholders, read_folder, refuse_unshowable
from benchmarks.scripts.prompt_files import Prompt
from core.errors import BadInput, UsageError


def folder(tmp_path: Path, **files: str) -> Path:
    for name, text in files.items():
        (tmp_path / name.replace("__", ".")).write_text(text, encoding="utf-8", newline="")
    return tmp_path


def test_a_version_is_a_file_and_other_texts_beside_them_are_none(tmp_path: Path) -> None:
    found = read_folder(folder(tmp_path, v1__txt="[[user]]\nHi {who}\n[[end]]\n", v2__md="Hello {who}\n",
                               rubric__md="# R", README__md="read me", notes__json="{}"))
    assert list(found) == ["v1", "v2"]
    assert found == {"v1": {"user": "Hi {who}"}, "v2": {"user": "Hello {who}"}}


def test_a_file_with_sections_says_who_speaks_and_where_to_stop(tmp_path: Path) -> None:
    text = "\n[[system]]\r\nYou are brief.\r\n[[user]]\r\n{a}\r\n\r\n[[stop]]\r\nQ:"
    prompt = Prompt(read_folder(folder(tmp_path, own__txt=text))["own"])
    assert prompt.messages({"a": "x"}) == [{"role": "system", "content": "You are brief."},
                                           {"role": "user", "content": "x\n"}]
    assert prompt.stops == ["Q:"]


@pytest.mark.parametrize(("text", "said"), [
    ("", "own.txt: is empty"),
    (" \n", "own.txt: is empty"),
    ("Hi\n[[user]]\n{a}", "own.txt:1: there is text before the first section"),
    ("[[user]]\n{a}\n[[assistant]]\nYes", r"own.txt:3: \[\[assistant\]\] is no section; there are \[\[system\]\]"),
    ("[[user]]\n{a}\n[[user]]\n{a}", r"own.txt:3: \[\[user\]\] is there twice, first on line 1"),
    ("[[system]]\n{a}", r"own.txt: has no \[\[user\]\] section"),
    ("x" * (SIZE_LIMIT + 1), "own.txt: is larger than 1 MiB"),
])
def test_what_is_wrong_in_a_prompt_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read_folder(folder(tmp_path, own__txt=text))


def test_a_folder_without_prompts_or_with_two_of_one_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds no prompts"):
        read_folder(tmp_path)
    with pytest.raises(BadInput, match="cannot be read as a folder of prompts"):
        read_folder(tmp_path / "nothing")
    with pytest.raises(BadInput, match="two files for the version 'v1'"):
        read_folder(folder(tmp_path, v1__txt="{a}", v1__md="{a}"))
    (tmp_path / "v1.md").unlink()
    (tmp_path / "a b.txt").write_text("{a}")
    with pytest.raises(BadInput, match="'a b' is no name for a version"):
        read_folder(tmp_path)
    (tmp_path / "a b.txt").rename(tmp_path / "latin.txt")
    (tmp_path / "latin.txt").write_bytes(b"\xe4 {a}")
    with pytest.raises(BadInput, match="byte 0 is not UTF-8"):
        read_folder(tmp_path)


def test_a_field_that_a_task_has_not_is_told_before_a_model_is_asked_for_it() -> None:
    tasks = [("t/0", {"persona": "a", "tasks": "b"}), ("t/1", {"persona": "a"})]
    with pytest.raises(UsageError, match=r"shows \{persna\}, which the task t/0 has not; did you mean \{persona\}\?"):
        refuse_unshowable("v9", {"user": "{persna}"}, tasks)
    with pytest.raises(UsageError, match=r"v9: shows \{tasks\}, which the task t/1 has not; it has \{persona\}"):
        refuse_unshowable("v9", {"system": "{tasks}", "user": "{persona}"}, tasks)
    with pytest.raises(UsageError, match="v9: shows nothing of a task, so all tasks would be asked the same"):
        refuse_unshowable("v9", {"user": "A tip, please. {1} { persona }", "stop": "{persona}"}, tasks)
    refuse_unshowable("v9", {"user": '{persona} {"json": 1}'}, tasks)


def test_what_a_prompt_shows_is_what_its_messages_show() -> None:
    assert placeholders({"system": "{a}", "user": "{b} {a}", "user brief": "{c}", "stop": "{d}"}) == ("a", "b", "c")
