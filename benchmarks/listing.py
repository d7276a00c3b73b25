"""All benchmarks in a few lines each: what ``--benchmark list`` prints."""

from __future__ import annotations

import textwrap

from benchmarks.benchmark import Benchmark
from benchmarks.table import BENCHMARKS
from system import plugins

_WIDTH = 100


def listing() -> str:
    """The table's, then what installed packages add (by name: nothing of them is imported)."""
    blocks = [_block(entry) for entry in BENCHMARKS.values()]
    added = plugins.names(plugins.BENCHMARKS)
    if added:
        blocks.append(f"of installed packages: {', '.join(added)}")
    blocks.append("of your own: --benchmark FILE.toml (docs/own-benchmark.md)")
    return "\n\n".join(blocks)


def _block(entry: Benchmark) -> str:
    wheres = "comes along" if entry.shipped else "fetched when first asked for, or --problems-file"
    lines = [
        f"{entry.name}  {entry.title}",
        f"prompts: {', '.join(entry.prompt_versions)}; replies up to {entry.default_max_tokens} tokens; {wheres}",
        f"licence: {entry.licence}",
        entry.citation,
    ]
    first, *rest = lines
    return "\n".join([first, *(textwrap.fill(line, _WIDTH, initial_indent="    ", subsequent_indent="      ")
                               for line in rest)])
