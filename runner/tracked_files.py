"""What a run's folder gives to a tracking server: candidates, prompt, raw replies, the page."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.table import BENCHMARKS
from core.errors import BenchError
from core.lookup import object_at, text_at
from core.records import Sample
from ledger.folder import RunFolder
from ledger.lines import read_lines
from ledger.run_id import is_run_id
from tracking.mlflow.description import MOST_TAG, Artifact
from tracking.mlflow.names import cut

Record = Mapping[str, Any]
MOST_CHARS = 16_000_000
"""Of one file. A thousand long replies are a third of it."""


@dataclass(frozen=True, slots=True)
class Files:
    """A run's files, and what is to be said where they are not all of them."""

    artifacts: tuple[Artifact, ...] = ()
    remark: str | None = None


def files_of(record: Record, runs_root: Path) -> Files:
    """Of a record whose folder is not here, or damaged, what can be read."""
    run_id = text_at(record, "run_id") or ""
    folder = RunFolder(runs_root, run_id)
    if not is_run_id(run_id) or not folder.path.is_dir():
        return Files(remark="only the record was sent: its run folder was not at hand")
    try:
        samples = folder.samples() if folder.samples_path.is_file() else ()
        prompt = "".join(_prompt(record, folder))
    except (BenchError, OSError) as error:
        return Files(remark=f"only the record was sent: {error}")
    found = [Artifact("prompt.txt", cut(prompt, MOST_CHARS), tag=cut(prompt, MOST_TAG))] if prompt else []
    if samples:
        raw = "".join(_raw(samples))
        found += [
            Artifact("candidates.json", candidates(record, samples, MOST_CHARS),
                     tag=candidates(record, samples, MOST_TAG)),
            Artifact("raw.txt", cut(raw, MOST_CHARS), tag=cut(raw, MOST_TAG)),
        ]
    page = folder.path / "report.html"
    if page.is_file():
        found.append(Artifact("report.html", path=str(page.resolve())))
    return Files(tuple(found))


def candidates(record: Record, samples: Iterable[Sample], most: int) -> str:
    """The texts as JSON of at most ``most`` characters. What has no room is counted in ``left_out``; of a first text
    that alone is too long, the beginning is kept and ``cut`` says so.
    """
    head = {"run_id": record.get("run_id"), "model": record.get("model"), "benchmark": record.get("benchmark"),
            "prompt_version": text_at(record, "config", "prompt_version")}
    whole = [_candidate(sample) for sample in samples]
    room = most - len(_json({**head, "left_out": len(whole), "candidates": []}))
    kept: list[dict[str, Any]] = []
    for each in whole:
        size = len(_json(each)) + 2
        if size > room:
            break
        room -= size
        kept.append(each)
    if whole and not kept:
        kept = [_shortened(whole[0], room)]
    left_out = {"left_out": len(whole) - len(kept)} if len(kept) < len(whole) else {}
    return _json({**head, **left_out, "candidates": kept})


def _candidate(sample: Sample) -> dict[str, Any]:
    text = sample.completion if sample.completion is not None else sample.response
    finish = {"finish_reason": sample.finish_reason} if sample.finish_reason else {}
    return {"task_id": sample.task_id, "sample": sample.index, "text": text, **finish}


def _shortened(candidate: dict[str, Any], room: int) -> dict[str, Any]:
    found = {**candidate, "cut": f"{len(candidate['text']):,} characters"}
    while found["text"] and len(_json(found)) > room:
        found["text"] = found["text"][:len(found["text"]) // 2]
    return found


def _raw(samples: Iterable[Sample]) -> Iterator[str]:
    """Every reply as it came, thinking before it."""
    for sample in samples:
        yield f"=== {sample.task_id}, sample {sample.index}\n"
        if sample.reasoning:
            yield f"[thinking]\n{sample.reasoning}\n[reply]\n"
        yield (sample.completion if sample.completion is not None else sample.response) + "\n\n"


def _prompt(record: Record, folder: RunFolder) -> Iterator[str]:
    """The wording, where it is one of a prompt version, then every task's own part."""
    version, digest = text_at(record, "config", "prompt_version"), text_at(record, "config", "prompt_sha256")
    if version is not None:
        yield f"=== prompt {version}" + (f", SHA-256 {digest}" if digest else "") + "\n"
    for name, text in (object_at(_request(folder), "prompt") or _wording(record)).items():
        yield f"--- {name}\n{text}\n"
    for line in read_lines(folder.tasks_path) if folder.tasks_path.is_file() else ():
        yield f"\n=== task {line.get('task_id')}\n"
        yield from (f"--- {name}\n{text if isinstance(text, str) else _json(text)}\n"
                    for name, text in object_at(line, "prompt").items())


def _request(folder: RunFolder) -> Mapping[str, Any]:
    """What the script was told; nothing where it was none of ours."""
    try:
        found = json.loads(folder.request_path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _wording(record: Record) -> Mapping[str, str]:
    """That of a benchmark of ours, where the version is still what it was when the run asked."""
    version = text_at(record, "config", "prompt_version")
    benchmark = BENCHMARKS.get(text_at(record, "benchmark") or "")  # no file or plug-in that a ledger may name
    try:
        if benchmark is None or version is None or version not in benchmark.prompt_versions:
            return {}
        same = benchmark.prompt_sha256(version) == text_at(record, "config", "prompt_sha256")
        return benchmark.prompt(version).sections if same else {}
    except (BenchError, OSError):
        return {}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
