"""What a cell's loop looks at in between: whether it was asked to stop, whether the server lives, who watches."""

from __future__ import annotations

from core.errors import Interrupted
from evaluators.pool import VerifierPool
from runner.collect import Collection
from runner.live import Pace, live_state
from runner.observer import Hooks
from runner.serving import Serving
from runner.sitting import Sitting
from runner.standing import Standing
from runner.work import Prepared
from system.clock import monotonic_s

_SHOWN_EVERY_S = 0.1


class Lookout:
    """Of one cell."""

    def __init__(self, prepared: Prepared, collection: Collection, pool: VerifierPool, hooks: Hooks,
                 place: tuple[int, int]) -> None:
        """``place``: which of how many cells this is."""
        self._prepared = prepared
        self._collection = collection
        self._standing = Standing(collection)
        self._pool = pool
        self._hooks = hooks
        self._place = place
        self._shown = 0.0

    def look(self, sitting: Sitting, serving: Serving) -> None:
        """Raises Interrupted when asked to stop, ServerLost when it is."""
        if self._hooks.stop_requested():
            raise Interrupted(f"stopped on request; the {self.so_far()}")
        if sitting.generation_s is None:
            serving.look(self.so_far)
        if monotonic_s() - self._shown >= _SHOWN_EVERY_S:  # a reply comes more often than anybody can look
            self._shown = monotonic_s()
            pace = Pace(sitting.elapsed_s, sitting.generation_s, self._pool.queue_depth)
            self._hooks.observer.live(live_state(self._prepared.work, self._standing, pace, self._place))

    def so_far(self) -> str:
        """What is there, and how to go on, for whoever ends the run."""
        work = self._prepared.work
        of = f" of {len(work.tasks)}" if work.tasks else ""
        folder = self._prepared.folder.path
        answered = f"{len(self._collection.candidates)}{of} tasks answered by then are in {folder}"
        return f"{answered}; {self._prepared.go_on}." if work.benchmark else f"{answered}."
