"""Another ledger in this program's format: of this version, an older one, or one with nothing but what all have.

That is ``timestamp``, ``benchmark``, ``model`` and ``results``. Its records keep every field, and what they do not say
stays unknown.
"""

from __future__ import annotations

import hashlib

from core.errors import BadInput
from core.lookup import text_at
from ledger.imports.found import Found, Wish
from ledger.imports.source import Source
from ledger.jsontext import read_document
from ledger.record import parse


def knows(source: Source) -> bool:
    return not source.is_lines and isinstance(source.first.get("runs"), list)


def read(source: Source, wish: Wish) -> list[Found]:
    """Each of its records. Raises BadInput, file and line named."""
    found = []
    seen: dict[str, int] = {}
    models: set[str] = set()
    benchmarks: set[str] = set()
    for element in read_document(source.text, str(source.path)).runs:
        record = parse(element.value, element.text, f"{source.path}, line {element.line}")
        models.add(record["model"])
        benchmarks.add(record["benchmark"])
        digest = hashlib.sha256(element.text.encode()).hexdigest()
        seen[digest] = seen.get(digest, 0) + 1
        version = text_at(record, "provenance", "runner_version")
        found.append(Found(
            text_at(record, "config", "origin") or (f"bench-runner {version}" if version else "a ledger"),
            f"record {seen[digest]}", wish.benchmark or record["benchmark"], wish.model or record["model"],
            digest=digest, timestamp=text_at(record, "timestamp"), older=record))
    for flag, wished, names in (("--model", wish.model, models), ("--benchmark", wish.benchmark, benchmarks)):
        if wished is not None and len(names) > 1:
            raise BadInput(f"{source.path} holds records of {len(names)} names ({', '.join(sorted(names)[:5])}), so "
                           f"{flag} cannot name them all; leave it out")
    if not found:
        raise source.bad(source.line_with("runs"), "there is no record in it")
    return found
