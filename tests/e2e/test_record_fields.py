"""The record's docstring lists every field: held against records of real runs."""

from __future__ import annotations

from typing import Any

import pytest

from ledger import record as record_module
from tests.e2e.tool import Tool

MAPS = {"outcomes"}
"""Objects whose keys are values, not fields."""


@pytest.mark.parametrize("flags", [
    ["--audit", "1"],
    ["--strategy", "esc", "best_of_n", "--n", "2", "--max-n", "4", "--window", "2", "--selector", "schema",
     "--temperature", "0.8"],
])
def test_every_field_of_a_record_is_documented_and_none_is_null(tool: Tool, flags: list[str]) -> None:
    done = tool("--model", "demo-3M", "--benchmark", "extraction", "--limit", "2", "--constrained",
                "--ctx-size", "2048", "--server", "xllamacpp", "--parallel", "1", "--threads", "1", *flags)
    assert done.code == 0, done.err
    for record in tool.records():
        _check(record)


def _check(record: dict[str, Any]) -> None:
    documented = record_module.__doc__ or ""
    fields = {name for name, value in record.items() if not isinstance(value, dict) or name in MAPS}
    for name, value in record.items():
        if isinstance(value, dict) and name not in MAPS:
            fields |= {f"{name}.{inner}" for inner in value}
            assert None not in value.values()
    fields -= {"validity.status", "validity.reasons"}  # under ``validity``, in its own shape
    assert [field for field in sorted(fields) if f"``{field}``" not in documented] == []
    assert None not in record.values()


def test_the_summary_in_a_log_is_not_broken_into_lines(tool: Tool) -> None:
    done = tool("--model", "demo-3M", "--benchmark", "human_eval", "--limit", "2", "--max-tokens", "2",
                "--server", "xllamacpp", "--parallel", "1", "--threads", "1", env={"COLUMNS": "40"})
    assert done.code == 0, done.err
    assert "  suspect: 2 of 2 tasks cut off by the token limit; score between 0.0 and 100.0 %\n" in done.err
    assert f"details in runs/{tool.records()[0]['run_id']}\n" in done.err
