"""One run's answers graded in two ways. Made by ``runner.regrading``, shown by ``reports.grading``."""

from __future__ import annotations

from dataclasses import dataclass

from core.outcomes import Outcome
from core.records import Verdict


@dataclass(frozen=True, slots=True)
class Regraded:
    """One stored sample under both gradings."""

    task_id: str
    sample: int
    native: Verdict
    upstream: Verdict
    recorded: str | None
    """The outcome that the run recorded."""

    @property
    def flips(self) -> bool:
        """Whether one of the two passes it and the other does not."""
        return (self.native.outcome is Outcome.CORRECT) is not (self.upstream.outcome is Outcome.CORRECT)

    @property
    def differs(self) -> bool:
        return self.native.outcome is not self.upstream.outcome


@dataclass(frozen=True, slots=True)
class Regrading:
    """All of a run's."""

    run_id: str
    benchmark: str
    grading: str | None
    """The grading of the run itself."""
    isolation: str
    samples: tuple[Regraded, ...]
    without_program: int
    """Samples that hold no program, or no reply, so that there is nothing to grade."""
    kind: str = "programs"
    """What was graded: ``programs``, or ``replies``."""

    def passed(self, grading: str) -> int:
        return sum(getattr(sample, grading).outcome is Outcome.CORRECT for sample in self.samples)

    @property
    def differences(self) -> tuple[Regraded, ...]:
        """Those on which the two differ: first where one passes what the other does not."""
        return tuple(sorted((sample for sample in self.samples if sample.differs), key=lambda sample: not sample.flips))

    @property
    def unlike_recorded(self) -> int | None:
        """Samples whose verdict is another than the run recorded under its own grading; None where that is unknown."""
        if self.grading not in {"native", "upstream"}:
            return None
        return sum(sample.recorded is not None and (sample.recorded == Outcome.CORRECT)
                   is not (getattr(sample, self.grading).outcome is Outcome.CORRECT) for sample in self.samples)
