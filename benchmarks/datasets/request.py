"""What is asked of a dataset reader, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import BadInput, UsageError
from core.examples import PublicExamples
from core.records import Json, Task

DEMO = "demo"
DEMO_FOLDER = Path(__file__).resolve().parents[2] / "models" / "tasks"


@dataclass(frozen=True, slots=True)
class DatasetRequest:
    """Which tasks are wanted. Callbacks that are None are not called."""

    problems_file: str | None = None
    """A path, ``demo``, or (``lcb``) the name of a release; None for the benchmark's own default."""
    start_date: str | None = None
    """``YYYY-MM-DD``; tasks from this day on. Only where tasks carry dates."""
    end_date: str | None = None
    """``YYYY-MM-DD``, taken as its midnight, as LiveCodeBench does."""
    prompt_version: str | None = None
    """How the tasks will be put: few-shot prompts want examples with them."""
    demo: bool = False
    """The demo model is asked: its held-out tasks are the default where the benchmark has some."""
    say: Callable[[str], None] | None = None
    """Told one sentence before something large is fetched."""
    confirm: Callable[[str], bool] | None = None
    """Asked before a large default that nobody named is fetched; False ends with a UsageError."""
    progress: Callable[[str, int, int | None], None] | None = None
    """Called with (file, bytes so far, bytes in all or None); None leaves the hub client's own bar on stderr."""


@dataclass(frozen=True, slots=True)
class TaskSet:
    """The tasks of a dataset, in the order upstream has them."""

    tasks: tuple[Task, ...]
    sha256: str
    """Of the dataset file as stored; of several files, SHA-256 over their digests in hex, one a line."""
    source: str
    """The path, or the hub repository with its commit and files."""
    read_reference: Callable[[str], Mapping[str, Json]]
    read_examples: Callable[[str], PublicExamples | None] | None = None
    """None where no task of the benchmark has examples that programs can be tried on."""

    def public_examples(self, task_id: str) -> PublicExamples | None:
        """The examples that the prompt of ``task_id`` shows, never a hidden test; None where there are none."""
        return None if self.read_examples is None else self.read_examples(task_id)

    def reference(self, task_id: str) -> Mapping[str, Json]:
        """What the evaluator needs to judge an answer to ``task_id``; read when asked for. BadInput if it cannot be."""
        return self.read_reference(task_id)


def from_table(references: Mapping[str, Mapping[str, Json]]) -> Callable[[str], Mapping[str, Json]]:
    """A ``read_reference`` over references that are all in memory."""

    def read(task_id: str) -> Mapping[str, Json]:
        try:
            return references[task_id]
        except KeyError:
            raise UsageError(f"no task {task_id!r} in this dataset; check the task id") from None

    return read


def demo_file(name: str) -> Path:
    """The demo model's held-out tasks; BadInput where the models folder is not beside this program."""
    path = DEMO_FOLDER / name
    if not path.is_file():
        raise BadInput(
            f"the demo tasks {path} are not there; they come with a source checkout: "
            "run from one, or name a file with --problems-file"
        )
    return path


def local_file(request: DatasetRequest, default: Path, demo_name: str) -> Path:
    """Which file to read: the one named, the demo's where that is meant, else the benchmark's own."""
    if request.problems_file == DEMO or (request.problems_file is None and request.demo):
        return demo_file(demo_name)
    return default if request.problems_file is None else Path(request.problems_file)


def refuse_dates(request: DatasetRequest, benchmark: str) -> None:
    """UsageError when a date window is asked of tasks without dates."""
    if request.start_date is not None or request.end_date is not None:
        raise UsageError(
            f"--start-date and --end-date need tasks with dates, which {benchmark} has not; "
            "leave them out, or use --benchmark lcb"
        )
