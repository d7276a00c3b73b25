"""The determinism audit: a few tasks asked twice, to see what the server alone changes.

A greedy reply is the same every time only on one slot without a prompt cache: elsewhere the sizes of batches differ
from request to request, and with them the last bits of the logits. So ``--audit K`` puts K tasks to the server once
more, in the middle of the run, under the run's own conditions and with the seed of sample 0, and counts how many
replies and how many verdicts came out otherwise.

The second asking travels as a sample of its own, with an index that no strategy reaches; a script that reads draws
answers it like any other. It is kept apart everywhere else: in ``audit.jsonl`` instead of ``samples.jsonl``, in no
score, in no count of tokens or requests of a task. Chosen are the tasks with the smallest hashes, so that they are
spread over the benchmark, the same in every run, and those of a smaller K are among those of a larger.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.errors import UsageError
from core.outcomes import NOT_COUNTED, Outcome
from core.records import Sample, Verdict
from core.seeds import sample_seed
from core.task_ids import natural_key
from runner.draws import Draw, Place

SECOND_ASKING = 1_000_000
"""The sample index of a second asking."""


def refuse_undriven(audit: Audit, *, driven: bool) -> None:
    """Raises UsageError for a script that has begun to answer and reads no draws: it can be asked nothing twice."""
    if audit.wanted and not driven:
        raise UsageError(
            "--audit: this benchmark script does not read draws, so no task can be put to it twice; leave --audit out, "
            'or make the script driven (docs/benchmark-scripts.md, "Being driven").'
        )


def is_audit(place: Place) -> bool:
    """Whether this place belongs to an audit."""
    return place[1] == SECOND_ASKING


class Audit:
    """The second askings of one cell."""

    def __init__(self, task_ids: Sequence[str], count: int, seed: int) -> None:
        """``count``: how many tasks; at most all of them are."""
        self._tasks = sorted(task_ids, key=lambda task_id: (_hash(task_id), task_id))[:count]
        self._seed = seed
        self._samples: dict[str, Sample] = {}
        self._verdicts: dict[str, Verdict] = {}
        self._given_up: set[str] = set()

    @property
    def wanted(self) -> bool:
        """Whether there is an audit."""
        return bool(self._tasks)

    def spread(self, draws: list[Draw]) -> list[Draw]:
        """These draws with the second askings that are still to come set evenly between them."""
        waiting = self._waiting()
        if not waiting:
            return draws
        found: list[Draw] = []
        for number, draw in enumerate(waiting):
            begin, end = (len(draws) * place // len(waiting) for place in (number, number + 1))
            found += [*draws[begin:end], draw]
        return found

    def _waiting(self) -> list[Draw]:
        return [self.draw(task_id) for task_id in self._tasks
                if task_id not in self._samples and task_id not in self._given_up]

    def draw(self, task_id: str) -> Draw:
        """The second asking of this task, once more."""
        return Draw(task_id, SECOND_ASKING, 1, sample_seed(self._seed, task_id, 0))

    def take(self, sample: Sample) -> bool:
        """Files a reply; False when it was not asked for or came twice."""
        if sample.task_id not in self._tasks or sample.task_id in self._samples:
            return False
        self._samples[sample.task_id] = sample
        return True

    def settle(self, task_id: str, verdict: Verdict) -> None:
        """Files the verdict on it."""
        self._verdicts[task_id] = verdict

    def give_up(self, task_id: str) -> None:
        """It brought no reply as often as any request may."""
        self._given_up.add(task_id)

    def finished(self) -> list[Place]:
        """What need not be asked any more."""
        return [(task_id, SECOND_ASKING) for task_id in (*self._samples, *sorted(self._given_up))]

    @property
    def samples(self) -> list[Sample]:
        """The replies so far."""
        return list(self._samples.values())

    def result(self, first: Mapping[Place, tuple[Sample, Verdict]]) -> dict[str, Any] | None:
        """The ``audit`` of a record, against the first replies; None where there was no audit."""
        if not self.wanted:
            return None
        pairs = {
            task_id: (first[task_id, 0], (self._samples[task_id], verdict))
            for task_id, verdict in self._verdicts.items() if (task_id, 0) in first
        }
        texts = {task_id for task_id, (one, other) in pairs.items() if not _same_text(one[0], other[0])}
        flipped = {task_id for task_id, (one, other) in pairs.items() if _flips(one[1], other[1])}
        return {
            "tasks": len(pairs),
            "texts_differ": len(texts),
            "verdicts_differ": len(flipped),
            "differing": _sorted(texts | flipped),
            "flipped": _sorted(flipped),
            "unanswered": len(self._tasks) - len(pairs) or None,
            "requests": len(self._samples),
            "completion_tokens": sum(sample.completion_tokens or 0 for sample in self._samples.values()),
        }


def _hash(task_id: str) -> bytes:
    return hashlib.sha256(b"audit\0" + task_id.encode("utf-8", "surrogatepass")).digest()


def _same_text(one: Sample, other: Sample) -> bool:
    """Equal; of two replies that were both cut for repeating themselves, as far as the shorter goes."""
    texts = [(sample.response, sample.reasoning or "", sample.completion or "") for sample in (one, other)]
    if one.looping and other.looping:
        return all(a.startswith(b) or b.startswith(a) for a, b in zip(*texts, strict=True))
    return texts[0] == texts[1]


def _flips(one: Verdict, other: Verdict) -> bool:
    """Whether the score would have been another."""
    if one.outcome in NOT_COUNTED or other.outcome in NOT_COUNTED:
        return False
    return (one.outcome is Outcome.CORRECT) is not (other.outcome is Outcome.CORRECT)


def _sorted(task_ids: Iterable[str]) -> list[str]:
    return sorted(task_ids, key=lambda task_id: (natural_key(task_id), task_id))
