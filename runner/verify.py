"""The verify verb: stored responses, scored without any server.

Input: JSON lines with ``task_id`` and ``completion`` (continues the prompt, HumanEval's convention) or ``response`` (a
chat reply, parsed as in a run); of both, the response unless it is blank. A run folder's ``samples.jsonl`` is such a
file, and so is what a benchmark script prints: its ``start`` and ``end`` are passed over, an ``error`` is ``lost``.
Output: ``FILE_results.jsonl`` beside it, the input's fields plus ``outcome``, ``passed``, ``detail`` and ``answer``, in
the input's order.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from benchmarks.datasets.request import DatasetRequest
from benchmarks.table import get, refuse_grading, refuse_without_needs
from core.errors import BadInput, UsageError
from core.outcomes import UNSETTLED, Outcome
from evaluators.levels import SEATBELT
from evaluators.pool import VerifierPool
from evaluators.probe import gaps
from ledger.lines import line_of
from runner.verify_grading import Asking, Graded, Item, Rules, Set, grade
from runner.verify_input import Asked, asked, brought_no_reply, lines
from system.clock import monotonic_s


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """What to verify and how."""

    benchmark: str
    samples: Path
    problems_file: str | None = None
    workers: int | None = None
    timeout_s: float | None = None
    isolation: str = "auto"
    grading: str = "native"
    python: str | None = None
    preload: tuple[str, ...] = ()
    executor: str = "local"
    """``local``, or ``ray``: on all machines of a cluster (docs/many-machines.md)."""
    ray_address: str | None = None


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """What came of it."""

    benchmark: str
    total: int
    outcomes: Mapping[str, int]
    isolation: str
    seconds: float
    written: Path

    @property
    def passed(self) -> int:
        return self.outcomes.get(Outcome.CORRECT.value, 0)

    @property
    def whole(self) -> bool:
        """Whether every sample got a verdict: none lost, none spoilt by our own fault."""
        return not any(self.outcomes.get(outcome.value) for outcome in UNSETTLED)

    def as_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints."""
        return {
            "benchmark": self.benchmark,
            "total": self.total,
            "passed": self.passed,
            "outcomes": dict(self.outcomes),
            "isolation": self.isolation,
            "seconds": round(self.seconds, 3),
            "verified_per_second": round(self.total / self.seconds, 2) if self.seconds > 0 else None,
        }

    def sentence(self) -> str:
        """The same for people."""
        rest = ", ".join(f"{count} {name}" for name, count in self.outcomes.items() if name != Outcome.CORRECT.value)
        told = f" ({gaps(SEATBELT)})" if self.isolation == SEATBELT else ""
        share = f" ({100 * self.passed / self.total:.1f} %)" if self.total else ""
        return (
            f"{self.benchmark}: {self.passed} of {self.total} passed{share}{'; ' + rest if rest else ''}\n"
            f"{self.seconds:.1f} s, isolation {self.isolation}{told}; written to {self.written}"
        )


def verify(
    request: VerifyRequest, progress: Callable[[int, int], None] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> VerifyResult:
    """Raises UsageError, BadInput (file and line named) and SandboxError; the input is never written to."""
    benchmark = get(request.benchmark)
    refuse_without_needs(benchmark)
    refuse_grading(benchmark, request.grading)
    if benchmark.is_judged:
        raise UsageError(f"--benchmark {benchmark.name}: its texts wait for a judge, and no program can verify them; "
                         "run it, then judge export (docs/judging.md).")
    task_set = benchmark.open_tasks(DatasetRequest(problems_file=request.problems_file))
    tasks = {task.task_id: task for task in task_set.tasks}
    total = sum(1 for _ in lines(request.samples))
    if total == 0:
        raise BadInput(f"{request.samples}: the file holds no samples.")
    written = Path(f"{request.samples}_results.jsonl")
    outcomes: Counter[str] = Counter()
    rules = Rules(benchmark.parser(request.grading), benchmark.evaluator)
    began = monotonic_s()
    stored = Set(rules, task_set.reference, benchmark.needs)
    with _verifiers(request, stored, say) as verifiers, _writing(written) as out:
        kept: deque[Mapping[str, Any]] = deque()
        for graded in verifiers.grade(_items(asked(request.samples, tasks, benchmark.name), kept)):
            outcomes[graded.outcome.value] += 1
            out.write(line_of({**kept.popleft(), **graded.fields()}))
            _tell(progress, outcomes, total)
        level = verifiers.isolation
    return VerifyResult(benchmark.name, total, dict(outcomes), level, monotonic_s() - began, written)


def _items(samples: Iterator[Asked], kept: deque[Mapping[str, Any]]) -> Iterator[Item]:
    """``kept`` gets the lines that are under way, in order."""
    for one in samples:
        kept.append(one.fields)
        lost = str(one.fields.get("message", "no reply"))[:300] if brought_no_reply(one.fields) else None
        yield Item(one.sample, one.task.prompt, lost)


class _Verifiers(Protocol):
    """What grades, here or elsewhere."""

    @property
    def isolation(self) -> str: ...
    def grade(self, items: Iterable[Item]) -> Iterator[Graded]: ...


@contextmanager
def _verifiers(request: VerifyRequest, stored: Set, say: Callable[[str], None]) -> Iterator[_Verifiers]:
    asked_of = Asking(request.workers, request.isolation, request.timeout_s, request.grading, request.python,
                      request.preload)
    if request.executor == "ray":
        from runner.cluster.verifying import Spread  # noqa: PLC0415  (Ray takes a second, and may not be installed)

        with Spread(request.ray_address, stored, asked_of, say) as spread:
            yield spread
        return
    with asked_of.pool(stored.rules.evaluator) as pool:
        yield _Here(stored, pool, asked_of.count())


@dataclass(frozen=True, slots=True)
class _Here:
    """On this machine."""

    stored: Set
    pool: VerifierPool
    workers: int

    @property
    def isolation(self) -> str:
        return self.pool.isolation

    def grade(self, items: Iterable[Item]) -> Iterator[Graded]:
        return grade(items, self.stored.rules, self.stored.references, self.pool, self.workers)


def _tell(progress: Callable[[int, int], None] | None, outcomes: Counter[str], total: int) -> None:
    if progress is not None:
        progress(sum(outcomes.values()), total)


@contextmanager
def _writing(path: Path) -> Iterator[IO[bytes]]:
    """The results under a name of their own until they are whole; a run that is stopped leaves ``.part`` behind."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as out:
            yield out
        part.replace(path)
    except OSError as error:
        raise BadInput(f"{path}: the results cannot be written ({error.strerror}).") from error
