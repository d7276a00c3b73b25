"""``--diversity``: how much the candidates of each task differ, by sacrebleu (docs/decisions/0015)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from analysis.diversity import Diversity, by_task, mean
from core.errors import UsageError
from runner.collect import Collection
from runner.request import Request
from runner.task_lines import Extra
from runner.work import Work

TOKENS = "zh"
"""sacrebleu's tokens: those of its default (13a) where a language writes spaces, and Chinese characters one by one,
which the default takes for one long word.
"""


class Sacrebleu:
    """BLEU of single sentences, with the order cut to what a short text has (``effective_order``)."""

    def __init__(self) -> None:
        from sacrebleu.metrics.bleu import BLEU  # noqa: PLC0415  # an extra, wanted only here

        self._bleu = BLEU(tokenize=TOKENS, effective_order=True)

    def tokens(self, text: str) -> Sequence[str]:
        return str(self._bleu.tokenizer(text)).split()

    def score(self, text: str, references: Sequence[str]) -> float:
        return min(1.0, max(0.0, float(self._bleu.sentence_score(text, references).score) / 100))

    @property
    def signature(self) -> str:
        """How it was counted, by sacrebleu's own signature, which is known once something was."""
        return str(self._bleu.get_signature())


def refuse_unmeasurable(request: Request, work: Work) -> None:
    """UsageError where ``--diversity`` would say nothing, or cannot be counted: before any token is spent."""
    if not request.diversity:
        return
    if work.strategy.budget() < 2 or request.until_decided:
        raise UsageError("--diversity: a task's single text has nothing to differ from; give --n-candidates N, or "
                         "another strategy that draws several (docs/strategies.md).")
    if find_spec("sacrebleu") is None:
        raise UsageError("--diversity: it is counted with sacrebleu, which is not installed; ./setup --with prompts")


@dataclass(frozen=True, slots=True)
class Measured:
    """What was counted, and how."""

    by_task: Mapping[str, Diversity]
    """Of each task with two texts or more."""
    signature: str | None
    """sacrebleu's own; None where there was nothing to count."""

    def as_record(self) -> dict[str, Any]:
        """The record's ``diversity``: means over the tasks."""
        found = list(self.by_task.values())
        return {**mean(found).as_numbers(), "tasks": len(found), "signature": self.signature}

    def beside(self, extra: Extra) -> dict[str, dict[str, float]]:
        """``extra``, by task, with each task's own numbers."""
        return {task_id: {**known, **(self.by_task[task_id].as_numbers() if task_id in self.by_task else {})}
                for task_id, known in extra.items()}


def measured(request: Request, collection: Collection) -> Measured | None:
    """None where it was not asked for."""
    if not request.diversity:
        return None
    bleu = Sacrebleu()
    found = by_task({task_id: _texts(collection, task_id) for task_id in collection.tasks}, bleu)
    return Measured(found, bleu.signature if found else None)


def _texts(collection: Collection, task_id: str) -> list[str]:
    """What the replies say, without their thinking; of one without an answer nothing."""
    answers = (candidate.answer.value for candidate in collection.in_order(task_id))
    return [value for value in answers if isinstance(value, str)]
