"""From a sample to its verdict: parsed, filed, verified, written down. One thread, the loop's, calls all of it."""

from __future__ import annotations

import queue
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from typing import Any

from core.errors import ScriptError
from core.outcomes import Outcome
from core.records import Answer, Sample, Task, Verdict, Verified
from evaluators.pool import VerifierPool
from ledger.record import without_unknown
from runner.appraisal import NOTHING_KNOWN, Appraisal
from runner.audit import is_audit
from runner.collect import Collection
from runner.draws import Place
from runner.evidence_of_candidates import Evidence, command_of
from runner.parsing import parser_named
from runner.settle import after_verification, before_verification
from runner.work import Prepared


@dataclass(frozen=True, slots=True)
class Verdicted:
    """A verifier's answer for one place."""

    place: Place
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Appraised:
    """What became known of one place."""

    place: Place
    known: Appraisal


class Answers:
    """The answers of one cell. The pool's verdicts come as ``Verdicted`` into ``events``; ``settle`` takes them."""

    def __init__(
        self, prepared: Prepared, collection: Collection, pool: VerifierPool, events: queue.Queue[Any],
        *, thinking_apart: bool,
    ) -> None:
        """``thinking_apart``: the server delivers thinking by itself, and has taken its tags out."""
        self._work = prepared.work
        self._folder = prepared.folder
        self._earlier = prepared.earlier
        self._collection = collection
        self._pool = pool
        self._events = events
        self._thinking_opened = prepared.work.cell.model.opens_thinking and not thinking_apart
        self._evidence = _evidence(prepared, pool)
        self._unappraised: set[Place] = set()
        self._unverified: set[Place] = set()
        self._held: dict[Place, Verdict] = {}
        """Verdicts on samples of which more is to become known, so that both are written down together."""
        self._samples: dict[Place, tuple[Sample, Answer]] = {}

    @property
    def all_verified(self) -> bool:
        return not self._unverified and not self._unappraised

    def restore(self) -> None:
        """What an earlier sitting left goes the way of all samples, but is not written twice."""
        earlier = self._earlier
        for sample in (*earlier.samples, *earlier.audit):
            self.file(sample, restored=True)
        for failure in earlier.failures:
            self._collection.restore_failure(failure)
        self.write_closed()

    def file(self, sample: Sample, *, restored: bool = False) -> bool:
        """Parses it and has it verified; False when it is of no task, or a second one for its place."""
        benchmark = self._work.benchmark
        task = self._collection.tasks.get(sample.task_id)
        take = self._collection.restore if restored else self._collection.take
        if benchmark is None or task is None:
            return take(sample, Answer(None, "no such task"))
        parse = parser_named(benchmark.parser(self._pool.grading))
        answer = parse(sample, task.prompt, thinking_opened=self._thinking_opened)
        place = (sample.task_id, sample.index)
        known = self._look(task, sample, answer)
        if not take(sample, answer, known):
            return False
        if not known.whole:
            self._unappraised.add(place)
        self._samples[place] = (sample, answer)
        certain = before_verification(sample, answer)
        if certain is not None:
            self.settle(Verdicted(place, certain))
        else:
            self._verify(place, benchmark.evaluator, answer)
        return True

    def _look(self, task: Task, sample: Sample, answer: Answer) -> Appraisal:
        """What a strategy is told of it; the rest comes as ``Appraised``. A task's only sample counts anyway."""
        place = (sample.task_id, sample.index)
        if self._evidence is None or is_audit(place) or self._collection.has(place):
            return NOTHING_KNOWN
        return self._evidence.of(task, sample, answer, lambda known: self._events.put(Appraised(place, known)))

    def close(self) -> str | None:
        """Ends what selectors have under way; a sentence of what went wrong there."""
        if self._evidence is None:
            return None
        self._evidence.close()
        return self._evidence.failures()

    def _verify(self, place: Place, evaluator: str, answer: Answer) -> None:
        task_set = self._work.task_set
        if task_set is None:
            raise ScriptError(f"'{self._work.cell.benchmark}' has no tasks to verify against.")
        self._unverified.add(place)
        future = self._pool.submit(evaluator, place[0], lambda: task_set.reference(place[0]), answer)
        future.add_done_callback(lambda done: self._events.put(Verdicted(place, _verdict_of(done))))

    def settle(self, item: Verdicted) -> None:
        """Writes a verdict down, with what a strategy knows of the sample, then counts it."""
        self._unverified.discard(item.place)
        if item.place in self._unappraised:
            self._held[item.place] = item.verdict
            return
        sample, answer = self._samples.pop(item.place)
        verdict = after_verification(sample, item.verdict)
        if not is_audit(item.place):
            candidate = self._collection.candidates[sample.task_id][sample.index]
            told = {"key": candidate.key, "merits": dict(candidate.merits) or None}
            self._folder.append_detail(Verified(sample, answer, verdict), without_unknown(told))
        self._collection.settle(item.place, verdict)

    def appraise(self, item: Appraised) -> None:
        """The rest of what a strategy is told of a sample."""
        self._unappraised.discard(item.place)
        self._collection.appraise(item.place, item.known)
        verdict = self._held.pop(item.place, None)
        if verdict is not None:
            self.settle(Verdicted(item.place, verdict))

    @property
    def all_appraised(self) -> bool:
        return not self._unappraised

    def write_closed(self) -> None:
        """The places that were closed without a reply since the last time."""
        for (task_id, index), verdict in self._collection.closed():
            nothing = Sample(task_id, index, ""), Answer(None, "no reply")
            self._folder.append_detail(Verified(*nothing, verdict))


def _evidence(prepared: Prepared, pool: VerifierPool) -> Evidence | None:
    work = prepared.work
    if work.benchmark is None or work.task_set is None or work.drawing.budget() == 1:
        return None
    return Evidence(work.benchmark, work.task_set, work.drawing.merits(), pool, command_of(work.selectors))


def _verdict_of(done: Future[Verdict]) -> Verdict:
    """A verifier that failed is our fault, never the program's."""
    try:
        return done.result()
    except CancelledError:
        return Verdict(Outcome.HARNESS_FAULT, "the verification was cancelled")
    except Exception as error:  # noqa: BLE001  # whatever it was, the sample must get a verdict
        return Verdict(Outcome.HARNESS_FAULT, f"the verifier failed: {type(error).__name__}: {error}"[:300])
