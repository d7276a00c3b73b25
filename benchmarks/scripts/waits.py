"""How long to wait before a request that failed is sent again, by urllib3's ``Retry``.

Who asks again is the runner: it draws a place again until it failed three times (``docs/decisions/``). Here is only the
pause before that, which urllib3 knows: none before the second try, which mends most single failures, then two seconds
and a random part of one; and a server's ``Retry-After``, in seconds or as a date, at most ten minutes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from urllib3.util.retry import Retry

MOST_S = 600.0


class Waits:
    """The failures of one session's places. Not for several threads at once."""

    def __init__(self) -> None:
        self._retries: dict[tuple[str, int], Retry] = {}

    def failed(self, task_id: str, index: int, retry_after: str | None) -> float | None:
        """Takes note of a failure. Seconds that the server wants to be left alone; None where it says nothing."""
        from urllib3.exceptions import InvalidHeader  # noqa: PLC0415  (dear, and most sessions need none)
        from urllib3.util.retry import Retry  # noqa: PLC0415

        place = (task_id, index)
        retry = self._retries.get(place) or Retry(
            total=None, backoff_factor=1.0, backoff_jitter=1.0, backoff_max=30.0, allowed_methods=None
        )
        self._retries[place] = retry.increment()
        if retry_after is None:
            return None
        try:
            return min(MOST_S, max(0.0, retry.parse_retry_after(retry_after)))
        except InvalidHeader:
            return None

    def before(self, task_id: str, index: int) -> float:
        """Seconds to wait before this place is asked."""
        retry = self._retries.get((task_id, index))
        return retry.get_backoff_time() if retry is not None else 0.0
