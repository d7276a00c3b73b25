"""The command ``judge serve``: what it says, how it stops, what it refuses."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from runner.judging.exporting import ExportRequest, export
from tests.runner.judging.an_experiment import ROOT, Experiment, make


@pytest.fixture
def made(tmp_path: Path) -> Experiment:
    made = make(tmp_path, scenarios=1, candidates=1)
    export(ExportRequest(made.name, made.out, made.results, made.runs_root, judge="ann"))
    return made


def environment(**more: str) -> dict[str, str]:
    without = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    return {**{name: value for name, value in os.environ.items() if name not in without}, **more}


def command(made: Experiment, *flags: str) -> list[str]:
    where = [str(made.out), "--runs-root", str(made.runs_root)]
    return [sys.executable, "bench_runner.py", "judge", "serve", *where, *flags]


def refused(made: Experiment, *flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(made, *flags), cwd=ROOT, capture_output=True, text=True, timeout=100, check=False,
                          env=environment())


@dataclass
class Serving:
    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return next(line.split()[1] for line in self.said if line.startswith("open "))

    def save(self, revision: int, *changes: object) -> None:
        origin = re.sub(r"/[^/]+/$", "", self.address)
        urllib.request.urlopen(urllib.request.Request(
            f"{self.address}save", json.dumps({"revision": revision, "changes": changes}).encode(),
            {"Content-Type": "application/json", "Origin": origin}), timeout=60).close()

    def stop(self, number: int = signal.SIGINT) -> tuple[int, str]:
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=60)
        return self.process.returncode, said


@contextmanager
def serving(made: Experiment, *flags: str, **more: str) -> Iterator[Serving]:
    with subprocess.Popen(command(made, *flags), cwd=ROOT, stderr=subprocess.PIPE, text=True,
                          env=environment(**more)) as process:
        serving = Serving(process)
        assert process.stderr is not None
        try:
            while not serving.said or not serving.said[-1].startswith("each key is saved"):
                line = process.stderr.readline()
                assert line, serving.said
                serving.said.append(line)
            yield serving
        finally:
            process.kill()


def changes(made: Experiment, count: int) -> list[dict[str, object]]:
    return [{"id": candidate["id"], "criterion": name, "value": 4}
            for candidate in made.judge_file()["candidates"][:count] for name in candidate["scores"]]


def test_an_interrupt_ends_it_in_order_with_what_is_saved_and_what_follows(made: Experiment) -> None:
    with serving(made, "--no-browser") as one:
        assert one.said[0] == f"{made.out}: 4 texts to be judged by tip-v1, 0 done\n"
        one.save(1, *changes(made, 1))
        code, said = one.stop()
    assert code == 0
    assert f"saved in {made.out}: 1 of 4 texts with all scores" in said
    assert f"next: ./bench_runner.py judge apply {made.out} --partial --runs-root {made.runs_root}" in said
    with serving(made, "--no-browser") as again:
        assert again.said[0].endswith("1 done\n")
        again.save(1, *changes(made, 4))
        code, said = again.stop(signal.SIGTERM)
    assert (code, "4 of 4 texts" in said, "--partial" in said) == (0, True, False)
    assert made.bench("judge", "apply", str(made.out)).returncode == 0


def test_killed_it_loses_nothing_and_the_file_can_be_opened_again(made: Experiment) -> None:
    with serving(made, "--no-browser") as one:
        one.save(1, *changes(made, 2))
        one.process.kill()
        one.process.wait()
    with serving(made, "--no-browser") as again:
        assert again.said[0].endswith("2 done\n")
        assert again.stop()[0] == 0


def test_a_file_that_is_open_already_is_refused_with_where(made: Experiment) -> None:
    with serving(made, "--no-browser") as one:
        other = refused(made, "--no-browser")
        port = re.findall(r":(\d+)/", one.address)[0]
    assert other.returncode == 1
    assert f"another judge serve has it open (process {one.process.pid}, 'http://127.0.0.1:{port}')" in other.stderr
    assert one.address.split("/")[3] not in other.stderr


def test_a_port_that_is_taken_is_refused(made: Experiment) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        other = refused(made, "--port", str(taken.getsockname()[1]), "--no-browser")
    assert other.returncode == 2
    assert "another program listens there; give another, or leave --port out for a free one" in other.stderr


@pytest.mark.parametrize("port", ["0", "65536", "-1", "x", "\u0661"])
def test_what_is_no_port_is_refused(made: Experiment, port: str) -> None:
    other = refused(made, f"--port={port}")
    assert other.returncode == 2
    assert "give a number from 1 to 65535" in other.stderr


def test_the_browser_gets_an_address_for_one_visit_so_that_a_list_of_processes_tells_no_token(
    made: Experiment, tmp_path: Path
) -> None:
    seen, browser = tmp_path / "seen", tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {seen}.part && mv {seen}.part {seen}\n')
    browser.chmod(browser.stat().st_mode | stat.S_IXUSR)
    with serving(made, BROWSER=str(browser)) as one:
        assert not any("no browser" in line for line in one.said)
        opened = seen.read_text().strip()  # a program named by BROWSER is waited for
        assert one.address.split("/")[3] not in opened
        with urllib.request.urlopen(opened, timeout=60) as page:
            assert page.url == one.address
            assert b"Judging tip-bench" in page.read()


def test_without_a_browser_the_address_is_said_with_a_way_from_another_machine(made: Experiment) -> None:
    with serving(made) as one:
        port = re.findall(r":(\d+)/", one.address)[0]
        assert any(f"ssh -L {port}:127.0.0.1:{port}" in line for line in one.said)


@pytest.mark.parametrize(("change", "what"), [
    (lambda text: text[:-40], "is no JSON"),
    (lambda text: text.replace('"relevance": null', '"relevance": 9', 1), "relevance is 9, outside the scale 1-5"),
    (lambda text: text.replace("begin with water", "begin with tea", 1), "its text is not the one that was handed out"),
    (lambda text: text.replace("# Rubric", "# RUBRIC", 1), "its rubric is not the one"),
])
def test_a_file_that_apply_would_refuse_is_refused_before_anybody_judges(
    made: Experiment, change: object, what: str
) -> None:
    assert callable(change)
    made.out.write_text(change(made.out.read_text()))
    other = refused(made, "--no-browser")
    assert other.returncode == 2
    assert what in other.stderr
    assert "Traceback" not in other.stderr
    assert not list(made.out.parent.glob(".judge*"))


def test_a_file_that_is_not_there_is_refused(made: Experiment, tmp_path: Path) -> None:
    other = refused(Experiment(made.results, made.runs_root, tmp_path / "nope.json"))
    assert (other.returncode, "cannot be read" in other.stderr) == (2, True)


def test_where_the_key_is_not_a_changed_rubric_and_a_changed_score_are_refused_all_the_same(
    made: Experiment, tmp_path: Path
) -> None:
    elsewhere = Experiment(made.results, tmp_path / "nowhere", made.out)
    whole = made.out.read_text()
    made.out.write_text(whole.replace("tip-v1", "tip-v2"))
    assert "its rubric was changed" in refused(elsewhere).stderr
    made.out.write_text(whole.replace('"tone": null', '"tone": "4"', 1))
    assert "tone is '4', and a score is a whole number" in refused(elsewhere).stderr


def test_a_rubric_that_has_changed_since_is_said_before_the_work(made: Experiment, tmp_path: Path) -> None:
    shipped = (ROOT / "benchmarks" / "rubrics" / "tips.md").read_text()
    own = tmp_path / "own.md"
    own.write_text(shipped)
    made = Experiment(made.results, made.runs_root, tmp_path / "other.json")
    export(ExportRequest(made.name, made.out, made.results, made.runs_root, judge="bob", rubric=str(own)))
    own.write_text(shipped.replace("Length is no merit.", "Length is a fault."))
    with serving(made, "--no-browser") as one:
        assert "has changed since it was exported" in one.said[0]
