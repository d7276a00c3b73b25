"""The evidence of a run, read from its folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.evidence import findings
from core.doubts import Doubt
from core.lookup import count_at, object_at
from core.repetition import LoopRule
from ledger.folder import RunFolder
from runner.audit import SECOND_ASKING


def evidence_in(folder: RunFolder) -> list[Doubt]:
    """Raises BadInput when a file there is damaged."""
    samples = (sample for sample, _ in folder.sample_lines())
    failures = (line for line in folder.failures() if line.get("sample") != SECOND_ASKING)
    return findings(folder.details(), samples, failures, rule_of(folder.config()))


def rule_of(config: Mapping[str, Any]) -> LoopRule | None:
    """What the run counted as a loop; None where nobody was to look."""
    asked = object_at(config, "request", "sampling", "loop")
    period, count, span = (count_at(asked, key) for key in ("period", "count", "span"))
    if not period or not count or not span or count < 3:
        return None
    return LoopRule(period, count, span)
