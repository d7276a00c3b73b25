"""LiveCodeBench's releases: which shards a name means, and how they come from the Hugging Face hub.

A release is cumulative (``release_v6`` is the shards 1 to 6), ``v6`` is shard 6 alone, ``v3_v5`` the shards 3 to 5.
The hub's client (``hub``) keeps and resumes. Large files are named there by their SHA-256, which the reader compares
with what it read, so a damaged copy is found before a model is asked anything.
"""

from __future__ import annotations

import re

from benchmarks.datasets.download import offline
from benchmarks.datasets.hub import AWAY, HubFile, fetch_file, mapped
from benchmarks.datasets.request import DatasetRequest
from benchmarks.datasets.seen import LOCAL
from core.errors import BadInput, UsageError

REPOSITORY = "livecodebench/code_generation_lite"
REVISION = "0fe84c3912ea0c4d4a78037083943e8f0c4dd505"
"""As of 2025-06, with the shards up to v6."""
SHARDS = {1: "test.jsonl", 2: "test2.jsonl", 3: "test3.jsonl", 4: "test4.jsonl", 5: "test5.jsonl", 6: "test6.jsonl"}
LATEST = max(SHARDS)
DEFAULT = f"release_v{LATEST}"
LATEST_NAME = "release_latest"
_NAME = re.compile(r"(?P<cumulative>release_)?v(?P<first>\d{1,3})(?:_v(?P<last>\d{1,3}))?", re.ASCII)
Shard = HubFile


def shards_of(name: str) -> tuple[str, ...] | None:
    """The file names that a release name means; None when ``name`` is not of that form.

    UsageError for a release that there is not.
    """
    if name == LATEST_NAME:
        return tuple(SHARDS.values())
    found = _NAME.fullmatch(name)
    if found is None or (found["cumulative"] and found["last"]):
        return None
    first, last = int(found["first"]), int(found["last"] or found["first"])
    if not (1 <= first <= last <= LATEST):
        raise UsageError(
            f"LiveCodeBench has no {name!r}; there are v1 to v{LATEST}, release_v1 to release_v{LATEST}, "
            "release_latest, and spans such as v3_v5"
        )
    return tuple(SHARDS[number] for number in range(1 if found["cumulative"] else first, last + 1))


def fetch(release: str, names: tuple[str, ...], request: DatasetRequest) -> tuple[Shard, ...]:
    """The shards, cached or fetched. UsageError when the user declines, BadInput when they cannot be had."""
    missing = sum(_bytes_to_fetch(name) for name in names)
    if missing:
        _announce(release, missing, request, of_many=len(names) > 1)
    return tuple(_shard(name, request) for name in names)


def _bytes_to_fetch(name: str) -> int:
    """0 when the cache holds the file; else its size."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url, try_to_load_from_cache  # noqa: PLC0415  (half a second)

    if isinstance(try_to_load_from_cache(REPOSITORY, name, repo_type="dataset", revision=REVISION), str):
        return 0
    if offline() is not None:
        raise BadInput(f"{_named(name)} is not in the cache and {offline()} is set; go online once, {LOCAL}")
    with mapped(_named(name), AWAY):  # without the client's own retries: who is offline should hear it at once
        return get_hf_file_metadata(hf_hub_url(REPOSITORY, name, repo_type="dataset", revision=REVISION)).size or 0


def _shard(name: str, request: DatasetRequest) -> Shard:
    return fetch_file(REPOSITORY, name, _named(name), request.progress, asked=True, revision=REVISION)


def _named(name: str) -> str:
    return f"LiveCodeBench's {name} (hub dataset {REPOSITORY})"


def _announce(release: str, missing: int, request: DatasetRequest, *, of_many: bool) -> None:
    size = f"{missing / 1e9:.1f} GB" if missing >= 1e8 else f"{missing / 1e6:.1f} MB"
    if request.say is not None:
        smaller = f"; --problems-file v{LATEST} is a smaller part, or name a local file" if of_many else ""
        request.say(f"LiveCodeBench {release}: {size} to download from the Hugging Face hub ({REPOSITORY}){smaller}")
    if request.problems_file is not None or request.confirm is None:
        return
    if not request.confirm(f"Download {size} of LiveCodeBench ({release}) now?"):
        raise UsageError("LiveCodeBench was not downloaded; name a part of it (--problems-file v6) or a local file")
