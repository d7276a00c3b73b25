"""The evidence of a run, read from its folder long after."""

from __future__ import annotations

from pathlib import Path

from core.outcomes import Outcome
from core.records import Answer, Sample, Verdict, Verified
from ledger.folder import RunFolder
from runner.audit import SECOND_ASKING
from runner.evidence import evidence_in

ROUND = "and so on " * 400


def folder(tmp_path: Path, loop: dict[str, int] | None) -> RunFolder:
    config = {"request": {"sampling": {"loop": loop} if loop else {}}}
    with RunFolder.create(tmp_path, "20261124T000000Z-math-m-abcdef", config) as made:
        for number, text in enumerate(("7", ROUND, "")):
            sample = Sample(f"t/{number}", 0, text, finish_reason="stop", completion_tokens=len(text))
            made.append_sample(sample)
            verdict = Verdict(Outcome.NO_ANSWER if number else Outcome.CORRECT)
            made.append_detail(Verified(sample, Answer(None), verdict))
        made.append_audit(Sample("t/0", SECOND_ASKING, ROUND))
        for index in (0, SECOND_ASKING):
            made.append_failure({"task_id": "t/0", "sample": index, "kind": "timeout", "message": "no token"})
    return RunFolder(tmp_path, "20261124T000000Z-math-m-abcdef")


def test_what_happened_is_counted_and_an_audit_is_no_part_of_it(tmp_path: Path) -> None:
    rule = {"period": 100, "count": 4, "span": 400}
    found = {doubt.kind: doubt.count for doubt in evidence_in(folder(tmp_path, rule))}
    assert found == {"looping": 1, "empty": 1, "no_answer": 2, "failed": 1}


def test_where_the_run_was_not_to_look_for_loops_none_is_found_afterwards(tmp_path: Path) -> None:
    assert "looping" not in {doubt.kind for doubt in evidence_in(folder(tmp_path, None))}
