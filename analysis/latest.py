"""Which of many records a comparison looks at: a long ledger need not be read whole for the latest of each kind.

Works on *stubs*: records without their long lists (failed tasks, latency, provenance), with the rest as it is.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from analysis.groups import base_and_quantization, order
from analysis.pairs import decisive
from analysis.rows import settings_of
from analysis.versions import PROMPT, version_of
from core.judged_in_record import awaits_judge, is_for_judges, judge_of
from core.lookup import text_at

Stub = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Placed:
    """A stub, the number of its row, and whether its run is whole (``analysis.pairs.is_whole`` of the record)."""

    row: int
    stub: Stub
    whole: bool


@dataclass(slots=True)
class _Latest:
    """Of rows alike: the first and the last among those with the latest timestamp."""

    when: str
    first: int
    last: int

    def see(self, when: str, row: int) -> None:
        if when > self.when:
            self.when, self.first, self.last = when, row, row
        elif when == self.when:
            self.last = row


@dataclass(slots=True)
class Alike:
    """Rows by what makes them alike; of each kind only the latest count."""

    _kinds: dict[Hashable, _Latest] = field(default_factory=dict)

    def see(self, kind: Hashable, when: str, row: int) -> None:
        """Rows come in the ledger's order."""
        latest = self._kinds.get(kind)
        if latest is None:
            self._kinds[kind] = _Latest(when, row, row)
        else:
            latest.see(when, row)

    def rows(self) -> set[int]:
        """The first and the last of the latest of each kind: which one counts among equals is their user's to say."""
        return {row for latest in self._kinds.values() for row in (latest.first, latest.last)}


def needed(placed: Iterable[Placed], judged: Collection[str]) -> set[int]:
    """The rows that ``analysis.comparison.compare_runs`` would show or hold another against; the others change nothing.

    These are the latest run of each kind, and for before and after the latest of each version, whole and not.
    ``judged``: ids of the runs that a judge has scored. Stubs are looked at one by one and not kept.
    """
    alike = Alike()
    for each in placed:
        stub = each.stub
        if "passed_on_by" in stub or (awaits_judge(stub) and text_at(stub, "run_id") in judged):
            continue
        when, benchmark = str(stub.get("timestamp") or ""), text_at(stub, "benchmark")
        tasks, named = text_at(stub, "tasks_sha256"), base_and_quantization(stub)
        settings = json.dumps(settings_of(stub), sort_keys=True, default=str)
        placed_as = order(stub), text_at(stub, "model")  # by the first runs stand, by the second a baseline is named
        alike.see(("kind", *placed_as, benchmark, named, tasks, settings, judge_of(stub)), when, each.row)
        version = json.dumps(version_of(stub), sort_keys=True, default=str)
        kind = ("version", *placed_as, benchmark, named, tasks, decisive(stub, PROMPT), version, is_for_judges(stub),
                each.whole)
        alike.see(kind, when, each.row)
    return alike.rows()
