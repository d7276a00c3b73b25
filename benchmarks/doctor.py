"""What ``doctor`` says of datasets: which are here, and how those that are not come."""

from __future__ import annotations

from benchmarks.datasets.lcb_releases import DEFAULT, REPOSITORY, SHARDS
from benchmarks.datasets.request import DatasetRequest
from benchmarks.table import BENCHMARKS
from core.errors import BenchError
from core.findings import Finding


def dataset_facts() -> tuple[Finding, ...]:
    """A line for each benchmark. Nothing is fetched."""
    shipped = tuple(_lcb() if name == "lcb" else _shipped(name) for name, entry in BENCHMARKS.items()
                    if entry.shipped or name == "lcb")
    return (*shipped, _fetched([name for name, entry in BENCHMARKS.items() if not entry.shipped and name != "lcb"]))


def _fetched(names: list[str]) -> Finding:
    return Finding(
        "other data sets", ok=True, detail=f"{', '.join(names)}: fetched when first asked for",
        advice="or name a local file with --problems-file (docs/benchmarks.md)",
    )


def _shipped(name: str) -> Finding:
    try:
        tasks = BENCHMARKS[name].open_tasks(DatasetRequest())
    except BenchError as error:
        return Finding(name, ok=False, detail=str(error), advice="run ./setup again")
    return Finding(name, ok=True, detail=f"{len(tasks.tasks)} tasks, {BENCHMARKS[name].licence}")


def _lcb() -> Finding:
    """LiveCodeBench lies in the hub client's cache or is fetched when it is first asked for."""
    from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415  # half a second

    here = [
        number
        for number, file in SHARDS.items()
        if isinstance(try_to_load_from_cache(REPOSITORY, file, repo_type="dataset"), str)
    ]
    if len(here) == len(SHARDS):
        return Finding("lcb", ok=True, detail=f"{DEFAULT} is in the Hugging Face cache")
    found = f"shards {', '.join(map(str, here))} of {len(SHARDS)} are" if here else "nothing is"
    return Finding(
        "lcb",
        ok=True,
        detail=f"{found} in the Hugging Face cache; what a run needs is fetched when it is asked for",
        advice="a small part first: --benchmark lcb --problems-file v6",
    )
