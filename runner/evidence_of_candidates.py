"""What selectors and votes may know of a candidate, and how it is found out: its key and its merits.

    evidence = Evidence(benchmark, task_set, strategy.merits(), pool, command)
    known = evidence.of(task, sample, answer, tell)      # at once; ``known.whole``: that is all
    …                                                    # else ``tell(known)`` is called once, from another thread
    evidence.close()                                     # ends what is under way; ``tell`` may still be called

The key is the normalised answer (``parsers.keys``); of a program it is what the program does with the examples of its
prompt, tried in the verifiers' sandbox, and its text where there are none. Merits, each absent where it is unknown:
``schema`` 0 or 1, ``examples`` the share passed, ``logprob``, ``command``; only those in ``wanted`` are found out.

No reference is read here, no hidden test and no verdict: of a ``TaskSet`` only ``public_examples`` is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from threading import Lock
from typing import Final

from benchmarks.benchmark import Benchmark
from benchmarks.datasets.request import TaskSet
from core.errors import UsageError
from core.examples import PublicExamples
from core.records import Answer, Sample, Task, Verdict
from evaluators.examples import Tried
from evaluators.pool import VerifierPool
from evaluators.schemas import keeps_to
from parsers.keys.registry import key_of
from runner.appraisal import Appraisal
from runner.selector_command import SelectorCommand
from strategies.selectors import COMMAND, LOGPROB, merit_of, program_of

SCHEMA: Final = "schema"
EXAMPLES: Final = "examples"
PROGRAM: Final = "program"
"""The kind of answer that is tried on examples."""
_COMMANDS_AT_ONCE = 2
Tell = Callable[[Appraisal], None]


def command_of(selectors: Sequence[str]) -> SelectorCommand | None:
    """The user's program among the selectors, if there is one. UsageError where it cannot be run."""
    return next((SelectorCommand(path) for selector in selectors if (path := program_of(selector))), None)


def refuse_blind(selectors: Sequence[str], benchmark: str, task_set: TaskSet) -> None:
    """UsageError for a selector that could know nothing of any answer to these tasks."""
    names = {merit_of(selector) for selector in selectors}
    if SCHEMA in names and not any(isinstance(task.prompt.get("schema"), Mapping) for task in task_set.tasks):
        raise UsageError(f"--selector schema: no task of {benchmark} gives a JSON Schema; leave it out here.")
    if EXAMPLES in names and not any(map(_judged, map(task_set.public_examples, _ids(task_set)))):
        raise UsageError(f"--selector examples: the tasks of {benchmark} show no examples that a program may be chosen "
                         "by (tests that grade are none); leave it out here.")


def _ids(task_set: TaskSet) -> list[str]:
    """None where no task has examples, so that nothing is read."""
    return [] if task_set.read_examples is None else [task.task_id for task in task_set.tasks]


def _judged(shown: PublicExamples | None) -> bool:
    return shown is not None and any(example.judged for example in shown.examples)


class Evidence:
    """Of one cell."""

    def __init__(self, benchmark: Benchmark, task_set: TaskSet, wanted: frozenset[str], pool: VerifierPool,
                 command: SelectorCommand | None = None) -> None:
        """``wanted``: what the strategy says it looks at."""
        self._votes_by, self._task_set = benchmark.votes_by, task_set
        self._shown: dict[str, PublicExamples | None] = {}
        """Of the tasks asked after so far: a contest problem's stand in a line of megabytes."""
        self._wanted, self._pool = wanted, pool
        self._command = command if COMMAND in wanted else None
        self._threads = ThreadPoolExecutor(_COMMANDS_AT_ONCE, "selector") if self._command else None

    def of(self, task: Task, sample: Sample, answer: Answer, tell: Tell) -> Appraisal:
        """What is known at once. Where that is not ``whole``, ``tell`` is called with everything, once."""
        known = Appraisal(key_of(self._votes_by, answer), self._merits(task, sample, answer))
        if answer.value is None:
            return known
        shown = self._examples_of(task.task_id) if self._votes_by == PROGRAM else None
        asked: list[Future[Appraisal]] = []
        if shown is not None:
            asked.append(self._tried(task.task_id, shown, answer))
        if self._command is not None and self._threads is not None:
            asked.append(self._threads.submit(_scored, self._command, task, sample, answer))
        if not asked:
            return known
        waiting = replace(known, key=None if shown is not None else known.key, whole=False)
        _Rest(waiting, len(asked), tell).follow(asked)
        return waiting

    def failures(self) -> str | None:
        """What went wrong with the user's program, as one sentence; None when nothing did."""
        command = self._command
        if command is None or not command.failed:
            return None
        return (f"--selector command: it gave no score for {command.failed} of {command.asked} candidates; the first: "
                f"{command.first_failure}")

    def close(self) -> None:
        """Ends the user's program. Idempotent."""
        if self._command is not None:
            self._command.close()
        if self._threads is not None:
            self._threads.shutdown(wait=True, cancel_futures=True)

    def _examples_of(self, task_id: str) -> PublicExamples | None:
        if task_id not in self._shown:
            self._shown[task_id] = self._task_set.public_examples(task_id)
        return self._shown[task_id]

    def _merits(self, task: Task, sample: Sample, answer: Answer) -> dict[str, float]:
        merits: dict[str, float] = {}
        if SCHEMA in self._wanted and answer.value is not None:
            keeps = keeps_to(task.prompt.get("schema"), answer.value)
            merits |= {} if keeps is None else {SCHEMA: float(keeps)}
        if LOGPROB in self._wanted and sample.mean_logprob is not None:
            merits[LOGPROB] = sample.mean_logprob
        return merits

    def _tried(self, task_id: str, shown: PublicExamples, answer: Answer) -> Future[Appraisal]:
        found: Future[Appraisal] = Future()
        asked = self._pool.submit("examples", task_id, lambda: {"examples": shown}, answer)
        asked.add_done_callback(lambda done: found.set_result(_of_examples(done)))
        return found


class _Rest:
    """What is still to come of one candidate."""

    def __init__(self, known: Appraisal, left: int, tell: Tell) -> None:
        self._known, self._left, self._tell = known, left, tell
        self._lock = Lock()

    def follow(self, asked: list[Future[Appraisal]]) -> None:
        for future in asked:
            future.add_done_callback(self._came)

    def _came(self, done: Future[Appraisal]) -> None:
        more = Appraisal() if done.cancelled() or done.exception() is not None else done.result()
        with self._lock:
            self._left -= 1
            known = self._known = replace(
                self._known, key=more.key or self._known.key, merits={**self._known.merits, **more.merits},
                whole=self._left == 0)
        if known.whole:
            self._tell(known)


def _of_examples(done: Future[Verdict]) -> Appraisal:
    """Nothing is known where the trial itself failed: that is our fault, and no mark against the program."""
    tried = None if done.cancelled() or done.exception() is not None else done.result()
    if not isinstance(tried, Tried):
        return Appraisal()
    return Appraisal(tried.key, {} if tried.share is None else {EXAMPLES: tried.share})


def _scored(command: SelectorCommand, task: Task, sample: Sample, answer: Answer) -> Appraisal:
    score = command.score(task, sample, answer)
    return Appraisal(None, {} if score is None else {COMMAND: score})
