"""The prompts of a benchmark: its own, or those of a user's folder."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from benchmarks import prompt_folder
from benchmarks.benchmark import Benchmark
from core.errors import UsageError
from runner.request import Request
from runner.work import Work

_MESSAGES = ("system", "user", "stop")


def with_prompts_of(request: Request, benchmark: Benchmark) -> Benchmark:
    """The benchmark with the prompts of ``--prompts-dir`` instead of its own, where it was given.

    They are those of ``DIR/<benchmark>``, where there is such a folder, else of ``DIR``. Raises UsageError, BadInput.
    """
    if request.tasks.prompts_dir is None:
        return benchmark
    if request.script is not None:
        raise UsageError("--prompts-dir: a --script of your own has prompts of its own; leave one of the two out.")
    folder = _folder(request.tasks.prompts_dir, benchmark.name)
    kept = _no_messages(benchmark)
    versions = prompt_folder.read_folder(folder)
    return replace(benchmark, prompts={name: {**sections, **kept} for name, sections in versions.items()})


def version_of(benchmark: Benchmark, asked: str | None) -> str:
    """The version that is meant. Raises UsageError that lists those there are."""
    if asked is None or asked in benchmark.prompt_versions:
        return asked or benchmark.default_prompt
    versions = benchmark.prompt_versions
    near = get_close_matches(asked, versions, n=1)
    meant = f"did you mean {near[0]}? " if near else ""
    raise UsageError(f"--prompt-version {asked}: {benchmark.name} has no such prompt; {meant}there "
                     f"{'are' if len(versions) > 1 else 'is'}: {', '.join(versions)}.")


def refuse_unshowable(request: Request, work: Work) -> None:
    """UsageError where a prompt that nobody has tried on these tasks shows what one of them has not.

    Every prompt of a user's folder, and every prompt on scenarios, which may be the user's.
    """
    benchmark = work.benchmark
    if benchmark is None or request.script is not None or not (request.tasks.prompts_dir or benchmark.is_judged):
        return
    where = f"--prompt-version {work.prompt_version}"
    tasks = ((task.task_id, task.prompt) for task in work.tasks)
    prompt_folder.refuse_unshowable(where, benchmark.prompt(work.prompt_version).sections, tasks)


def _folder(given: Path, name: str) -> Path:
    if not given.is_dir():
        raise UsageError(f"--prompts-dir {given}: is no folder; give one that holds prompts such as v1.txt "
                         "(docs/prompts.md).")
    own = given / name
    return own if own.is_dir() else given


def _no_messages(benchmark: Benchmark) -> dict[str, str]:
    """What a benchmark of one's own keeps beside its messages: how replies are graded, which is part of the run."""
    if benchmark.prompts is None:
        return {}
    sections = benchmark.prompt(benchmark.default_prompt).sections
    return {name: text for name, text in sections.items() if name.partition(" ")[0] not in _MESSAGES}
