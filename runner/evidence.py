"""The evidence of a run, read from its folder."""

from __future__ import annotations

from analysis.evidence import findings
from core.doubts import Doubt
from ledger.folder import RunFolder


def evidence_in(folder: RunFolder) -> list[Doubt]:
    """Raises BadInput when a file there is damaged."""
    samples = (sample for sample, _ in folder.sample_lines())
    return findings(folder.details(), samples, folder.failures())
