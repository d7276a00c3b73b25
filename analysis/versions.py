"""Before and after: the same model under another server build, another backend or another version of the prompt."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby

from analysis.against import against, judge
from analysis.groups import base_and_quantization, order
from analysis.pairs import decisive, is_whole
from analysis.rows import BEFORE_AND_AFTER, Placed, Record, Row, differing, row_of
from core.lookup import text_at, value_at

VERSIONS = ("backend", "prompt_version", "server_build")
"""What may change between before and after; all else that decides what is asked must be the same."""

PROMPT = frozenset({"prompt_version"})


def before_and_after(records: Sequence[Record], *, listed: bool) -> list[Placed]:
    """Rows of one benchmark, sorted as ``analysis.groups.order`` does, where there is more than one version.

    Each version is shown by its latest run that is whole, and held against the version before it in time, so that a
    change is seen at the update that brought it.
    """
    found: list[Placed] = []
    for _, group in groupby(records, key=lambda record: base_and_quantization(record)[0]):
        placed = [step for chain in _chains(list(group)) for step in _steps(chain, listed=listed)]
        judge([row for _, row in placed])
        found += placed
    return found


def _chains(records: Sequence[Record]) -> list[list[Record]]:
    """For each quantization and set of tasks its versions, the oldest first; chains of one are none."""
    chains: dict[tuple[str | None, str, str], dict[str, list[Record]]] = {}
    for record in records:
        tasks = text_at(record, "tasks_sha256")
        if tasks is not None:
            kind = (base_and_quantization(record)[1], tasks, decisive(record, PROMPT))
            version = json.dumps(version_of(record), sort_keys=True, default=str)
            chains.setdefault(kind, {}).setdefault(version, []).append(record)
    found = [sorted(map(_last, chain.values()), key=_when) for chain in chains.values() if len(chain) > 1]
    return sorted(found, key=lambda chain: order(chain[0]))


def _steps(chain: Sequence[Record], *, listed: bool) -> list[Placed]:
    names = differing([version_of(record) for record in chain])
    before = [chain[0], *chain[:-1]]
    return [(record, row_of(record) | {"group": BEFORE_AND_AFTER, "version": version, "told_by": _told_by(names)}
             | against(record, [head], PROMPT, listed=listed))
            for record, head, version in zip(chain, before, names, strict=True)]


def _told_by(versions: Sequence[Row]) -> list[str]:
    """The one name by which these versions can be told apart, or all that differ."""
    names = sorted({name for version in versions for name in version})
    for name in names:
        if len({json.dumps(version.get(name), default=str) for version in versions}) == len(versions):
            return [name]
    return names


def version_of(record: Record) -> Row:
    """What may change between before and after, as far as the record tells it."""
    return {name: value for name in VERSIONS if (value := value_at(record, "config", name)) is not None}


def _last(alike: Sequence[Record]) -> Record:
    """The latest run that is whole, else the latest."""
    return alike[0] if len(alike) == 1 else max(alike, key=lambda record: (is_whole(record), _when(record)))


def _when(record: Record) -> str:
    return str(value_at(record, "timestamp") or "")
