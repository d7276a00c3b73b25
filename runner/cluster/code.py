"""Which program this is, to the byte: machines that work on one ledger must run the same."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PROGRAM: Final = ROOT / "bench_runner.py"
_ROOMS: Final = ("analysis", "benchmarks", "core", "evaluators", "ledger", "parsers", "reports", "runner", "servers",
                 "strategies", "system", "tracking")
_KINDS: Final = frozenset({".py", ".toml", ".txt", ".jsonl", ".json"})
"""Code, and what decides a prompt or a verdict."""


def digest() -> str:
    """Sixteen hex digits over the program's files by name and content."""
    found = hashlib.sha256()
    for path in sorted([PROGRAM, *(file for room in _ROOMS for file in (ROOT / room).rglob("*"))]):
        if path.suffix in _KINDS and path.is_file() and "__pycache__" not in path.parts:
            found.update(f"{path.relative_to(ROOT).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return found.hexdigest()[:16]
