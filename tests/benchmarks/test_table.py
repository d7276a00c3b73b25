"""The table of benchmarks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.datasets.request import DatasetRequest
from benchmarks.listing import listing
from benchmarks.scripts.defaults import MAX_TOKENS
from benchmarks.table import BENCHMARKS, get, refuse_without_needs
from core.errors import UsageError
from tests.benchmarks.helpers import ROOT


def test_each_entry_is_whole() -> None:
    assert list(BENCHMARKS)[:4] == ["human_eval", "lcb", "math", "extraction"]
    assert list(BENCHMARKS) == list(MAX_TOKENS)
    for name, benchmark in BENCHMARKS.items():
        assert benchmark.name == name
        assert get(name) is benchmark
        assert benchmark.script.is_file()
        assert benchmark.licence
        assert benchmark.citation
        assert benchmark.title
        assert benchmark.default_max_tokens >= 1024
        assert "v1" in benchmark.prompt_versions


def test_the_demo_model_has_tasks_of_its_own_where_the_table_says_so() -> None:
    for benchmark in filter(lambda entry: entry.shipped or entry.has_demo, BENCHMARKS.values()):
        source = benchmark.open_tasks(DatasetRequest(demo=True)).source
        assert ("models/tasks" in source) == benchmark.has_demo


def test_an_unknown_name_lists_near_ones_or_all() -> None:
    with pytest.raises(UsageError, match="did you mean human_eval"):
        get("humaneval")
    with pytest.raises(UsageError, match="there are: human_eval, lcb, math, extraction, gsm8k"):
        get("zzz")


def test_what_judges_its_answers_with_a_package_that_is_not_here_is_refused_before_the_run() -> None:
    for name in ("math500", "ifeval"):
        refuse_without_needs(get(name))
    with pytest.raises(UsageError, match=r"judged with no_such_module, which is not installed; ./setup --with benchm"):
        refuse_without_needs(replace(get("math500"), needs=("math_verify", "no_such_module")))


def test_the_list_and_the_page_name_every_benchmark_with_its_licence() -> None:
    page = (ROOT / "docs" / "benchmarks.md").read_text()
    told = " ".join(listing().split())
    for name, benchmark in BENCHMARKS.items():
        assert f"| `{name}` |" in page
        assert f"{name} {benchmark.title}" in told
        assert " ".join(benchmark.licence.split()) in told
        assert " ".join(benchmark.citation.split()) in told
