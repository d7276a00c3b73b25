"""The verify verb on the files people have: what scripts print, what run folders hold, what editors leave."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadInput, UsageError
from core.records import Sample
from ledger.folder import RunFolder
from runner.verify import VerifyRequest, VerifyResult, verify

GSM8K = (
    {"question": "1,000 and 1,125?", "answer": "The sum.\n#### 2,125"},
    {"question": "3 less 8?", "answer": "#### -5"},
)


@pytest.fixture
def problems(tmp_path: Path) -> Path:
    path = tmp_path / "gsm8k.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in GSM8K))
    return path


def check(problems: Path, samples: Path) -> tuple[VerifyResult, list[dict[str, Any]]]:
    result = verify(VerifyRequest("math", samples, str(problems), workers=1))

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    lines = Path(f"{samples}_results.jsonl").read_text().splitlines()
    return result, [json.loads(line, parse_constant=refuse) for line in lines]


def test_commas_and_signs_of_gsm8k_are_read_on_both_sides(problems: Path, tmp_path: Path) -> None:
    samples = tmp_path / "s.jsonl"
    replies = {"gsm8k/0": "That is $2125.00 in all.", "gsm8k/1": "The answer is \\boxed{-5}"}
    samples.write_text("".join(json.dumps({"task_id": k, "response": v}) + "\n" for k, v in replies.items()))
    result, lines = check(problems, samples)
    assert (result.passed, result.total) == (2, 2)
    assert [line["answer"] for line in lines] == ["2125", "-5"]


def test_a_run_folders_samples_keep_their_completions(problems: Path, tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, "r1", {}) as folder:
        folder.append_sample(Sample("gsm8k/0", 0, "", completion="#### 2125"))
        folder.append_sample(Sample("gsm8k/1", 0, "#### 5"))
    result, _ = check(problems, folder.samples_path)
    assert result.outcomes == {"correct": 1, "wrong": 1}


def test_a_scripts_own_output_can_be_verified_and_a_failed_request_is_lost(problems: Path, tmp_path: Path) -> None:
    events = [
        {"event": "start", "total": 2},
        {"event": "sample", "task_id": "gsm8k/0", "sample": 0, "response": "#### 2125"},
        {"event": "error", "task_id": "gsm8k/1", "sample": 0, "kind": "timeout", "message": "no reply in 5 s"},
        {"event": "end"},
    ]
    samples = tmp_path / "out.jsonl"
    samples.write_text("".join(json.dumps(event) + "\n" for event in events))
    result, lines = check(problems, samples)
    assert result.outcomes == {"correct": 1, "lost": 1}
    assert not result.whole
    assert [line["detail"] for line in lines] == ["", "no reply in 5 s"]


def test_a_mark_of_byte_order_is_passed_over_and_what_is_no_json_number_becomes_text(
    problems: Path, tmp_path: Path
) -> None:
    samples = tmp_path / "s.jsonl"
    samples.write_bytes(b'\xef\xbb\xbf{"task_id": "gsm8k/0", "response": "#### 2125", "logprob": NaN}\n')
    result, lines = check(problems, samples)
    assert result.passed == 1
    assert lines[0]["logprob"] == "nan"


def test_a_pipe_is_refused_because_samples_are_read_twice(problems: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadInput, match="no ordinary file"):
        check(problems, tmp_path / "pipe")


def test_texts_that_wait_for_a_judge_are_not_called_failed(tmp_path: Path) -> None:
    samples = tmp_path / "s.jsonl"
    samples.write_text('{"task_id": "tips/0-2e988823", "response": "Have some tea."}\n')
    with pytest.raises(UsageError, match="--benchmark tips: its texts wait for a judge, and no program can verify"):
        verify(VerifyRequest("tips", samples, workers=1))
    assert not Path(f"{samples}_results.jsonl").exists()


def test_a_way_of_grading_that_a_benchmark_has_not_is_refused(problems: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--grading"):
        verify(VerifyRequest("math", tmp_path / "s.jsonl", str(problems), grading="upstream"))
