"""A program tried on the examples that its prompt shows: how many it passes, and what it does with all of them.

Nothing here is a test that grades. Of what a program returns or prints, only a digest leaves the judge: two programs
that did the same with every input have the same one. Every example is tried, also after one that failed, unless the
program took too long or is gone. What it raises counts as what it did.
"""

from __future__ import annotations

import contextlib
from typing import Any

try:  # one of the two is there already, for ``random``; hashlib would be a module more in every fork
    from _sha2 import sha512  # type: ignore[import-not-found]
except ImportError:
    from _sha512 import sha512  # type: ignore[import-not-found]

from evaluators.sandbox import compare, descriptors, spawn, turns, values
from evaluators.sandbox.judges import CORRECT, TIMED_OUT, WRONG, ReadTests, Verdict, failed, verdict
from evaluators.sandbox.meter import OutOfTime
from evaluators.sandbox.plus import agrees
from evaluators.sandbox.spawn import CandidateFailed, Run, Server
from evaluators.sandbox.spelling import spelled, spelled_lines

_GONE = frozenset({"died", "nonsense"})
Case = dict[str, Any]
"""``args`` and ``kw``, encoded, or ``stdin``; and ``want`` where what is expected may be looked at."""


class _Tally:
    """What came of each example so far."""

    def __init__(self, cases: list[Case]) -> None:
        self._count, self._judged = len(cases), sum("want" in case for case in cases)
        self._did: list[str] = []
        self._passed = self._ran = 0
        self._first: Verdict | None = None

    def did(self, spelled_out: str, agreed: bool) -> None:
        """It ran through."""
        self._did.append(f"={spelled_out}")
        self._ran += 1
        self._passed += agreed

    def failed(self, error: CandidateFailed) -> None:
        """It raised, or is gone."""
        self._did.append(f"!{error.kind}")
        self._first = self._first or failed(error, f"example {len(self._did)}: ")

    def verdict(self, late: OutOfTime | None = None) -> Verdict:
        """``key`` is the digest, empty where not one example ran through; ``passed`` of the ``judged`` examples."""
        did = "\0".join([*self._did, *["!late" if late else "!gone"] * (self._count - len(self._did))])
        key = sha512(did.encode("utf-8", "surrogatepass")).hexdigest()[:16] if self._ran else ""
        more = {"key": key, "ran": self._ran, "passed": self._passed, "judged": self._judged}
        if late:
            return verdict(TIMED_OUT, f"example {len(self._did) + 1}: {late}", **more)
        if not self._ran and self._first:
            return {**self._first, **more}
        whole = self._ran == self._count and self._passed == self._judged
        return verdict(CORRECT if whole else WRONG, f"{self._passed} of {self._judged} examples", **more)


def example_calls(run: Run, read_tests: ReadTests) -> Verdict:
    """Calls by value. With ``rows`` a returned tuple is as good as a list, and floats must be equal."""
    server = Server(run)
    tests = read_tests()
    cases, rows = tests["cases"], bool(tests["rows"])
    tally = _Tally(cases)
    try:
        server.expect("ready")
        for case in cases:
            server.meter.restart()
            try:
                got = _call(server, case)
            except CandidateFailed as error:
                tally.failed(error)
                if error.kind in _GONE:
                    break
            else:
                got = list(got) if rows and isinstance(got, tuple) else got
                agreed = "want" in case and _agrees(got, values.decode(case["want"]), exact=rows)
                tally.did(_spelled(got), agreed)
    except CandidateFailed as error:
        tally.failed(error)
    except OutOfTime as error:
        return tally.verdict(error)
    return tally.verdict()


def _call(server: Server, case: Case) -> Any:
    try:
        return values.decode(server.ask({"call": case["args"], "kw": case["kw"]}, "r"))
    except (values.BadValue, RecursionError, MemoryError) as error:
        raise CandidateFailed("nonsense", f"it returned what is no value: {error}") from None


def _spelled(got: Any) -> str:
    """Values are hostile: one that cannot be spelled is what its kind is, and never a fault of the judge."""
    try:
        return spelled(got)
    except (ValueError, ArithmeticError, TypeError, RecursionError):
        return f"?{type(got).__name__}"


def _agrees(got: Any, wanted: Any, *, exact: bool) -> bool:
    try:
        return bool(got == wanted) if exact else agrees(got, wanted, 0.0)
    except ArithmeticError:
        return False  # a signalling NaN raises when it is compared


def example_streams(run: Run, read_tests: ReadTests) -> Verdict:
    """A fresh process an example, real standard streams."""
    cases = read_tests()["cases"]
    tally = _Tally(cases)
    try:
        with contextlib.closing(turns.in_turn(run, [case["stdin"] for case in cases])) as tests:
            for test, case in zip(tests, cases):  # noqa: B905 - Python 3.9 has no strict; one a case
                _tell(tally, run, test, case)
    except CandidateFailed as error:
        tally.failed(error)
    except OutOfTime as error:
        return tally.verdict(error)
    return tally.verdict()


def _tell(tally: _Tally, run: Run, test: turns.Test, case: Case) -> None:
    """What came of an example that has ended; of what it printed, as much as is allowed. Raises OutOfTime."""
    if test.status:
        test.clock.check()
        tally.failed(CandidateFailed("ended", spawn.how_it_ended(test.status)))
        return
    printed = descriptors.read_all(test.stdout, run.limits.output_bytes).decode("utf-8", "replace")
    agreed = "want" in case and compare.first_difference(printed, case["want"]) is None
    tally.did(spelled_lines(printed), agreed)
