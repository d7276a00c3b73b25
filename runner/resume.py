"""Runs that did not finish, taken up where they stopped.

A run is taken up when everything that decides its result is the same (``ledger.fingerprint``), it has no summary, and
no other runner holds its folder. Its samples are read back as they were written; a last line torn by a kill is left
out. They are parsed and verified again, as the evaluators of today would, but not written twice, and ``details.jsonl``
is written anew. What the strategy wanted is replayed over them, so only places without a sample are asked, with the
seeds they would have had: at any temperature the run goes on as if it had not stopped.

A run that had asked all, and was ended before its record came into the ledger, is asked nothing: the record is put
there. A run that is scored by the user's own script has no samples to go on from, and is never taken up.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import BadInput
from core.lookup import number_at
from core.records import Sample
from ledger.folder import RunFolder
from ledger.runs import left_behind, unended, unfinished
from parsers.events import RequestFailed
from runner.config import plain_request
from runner.request import Request
from runner.sitting import NOTHING_SPENT, Spent, broken_off, spent

_IN_WORDS = {
    "model_sha256": "the model's file",
    "dataset_sha256": "the data set",
    "tasks_sha256": "the choice of tasks",
    "prompt_sha256": "the prompt's text",
    "script_sha256": "the script",
}
"""Settings whose values would tell nobody anything."""


def how_to_go_on(*, resume: bool) -> str:
    """What a person is to do; a command that was told to begin anew would do so again."""
    return f"run the same command again{'' if resume else ', without --no-resume,'} to go on"


@dataclass(frozen=True, slots=True)
class Earlier:
    """What a run's folder held when it was taken up."""

    samples: tuple[Sample, ...] = ()
    failures: tuple[RequestFailed, ...] = ()
    """Requests that brought no reply."""
    spent: Spent = NOTHING_SPENT
    broken_off: int = 0
    """Requests that were under way when its sittings broke off."""
    audit: tuple[Sample, ...] = ()
    """Replies of tasks that were asked twice."""
    record: Mapping[str, Any] | None = None
    """All that is left to do is to put this into the ledger."""

    @property
    def done(self) -> list[tuple[str, int]]:
        """The places that need not be asked: answered, or with a prompt that does not fit the context."""
        answered = [(sample.task_id, sample.index) for sample in self.samples]
        too_long = [(f.task_id, f.index) for f in self.failures if f.kind == "context" and f.task_id is not None]
        return list(dict.fromkeys(answered + too_long))


@dataclass(frozen=True, slots=True)
class TakenUp:
    """A run to go on with; its folder is locked."""

    folder: RunFolder
    earlier: Earlier


def in_effect_before(request: Request, model: str) -> dict[str, Any] | None:
    """Of the latest unfinished run of this very request on this model: the server's slots and GPU layers."""
    if not request.outputs.resume:
        return None
    asked = _as_json(plain_request(request))
    for config in unended(request.outputs.runs_root):
        environment, settings = config.get("environment"), config.get("settings")
        if isinstance(environment, dict) and isinstance(settings, dict) and settings.get("model") == model \
                and config.get("request") == asked:
            return {"slots": environment.get("slots"), "gpu_layers": settings.get("gpu_layers")}
    return None


def _as_json(value: Any) -> Any:
    return json.loads(json.dumps(value))


def take_up(
    runs_root: Path, mark: str, parts: Mapping[str, Any], tasks: frozenset[str], say: Callable[[str], None]
) -> TakenUp | None:
    """The unfinished run with this fingerprint, or None after saying why one that looks like it is not taken up.

    Raises BadInput when its files are damaged by something else than a kill.
    """
    skipped: list[str] = []
    folder = unfinished(runs_root, mark, skipped.append)
    if folder is None:
        if skipped:
            say(f"the same run is there already, but {skipped[0]}: a new run begins")
        else:
            _say_what_differs(runs_root, parts, say)
        return None
    try:
        earlier = read_earlier(folder)
        if earlier.record is None:
            folder.drop_details()
    except BaseException:
        folder.close()
        raise
    if earlier.record is not None:
        say(f"taken up: {folder.path} was done, and only its record had not come into the ledger")
    else:
        answered = len({sample.task_id for sample in earlier.samples} & tasks)
        say(f"taken up: {answered} of {len(tasks)} tasks were answered ({folder.path}); --no-resume starts anew")
    return TakenUp(folder, earlier)


def read_earlier(folder: RunFolder) -> Earlier:
    """What is in it. Raises BadInput when its files are damaged by something else than a kill."""
    if (record := folder.record()) is not None:
        return Earlier(record=record)
    return read_sittings(folder)


def read_sittings(folder: RunFolder) -> Earlier:
    """As ``read_earlier``, whether or not it has a record."""
    lines, audit = tuple(folder.sample_lines()), tuple(folder.audit_lines())
    stamps = [fields for _, fields in (*lines, *audit)]
    try:
        times = spent(folder.sittings(), stamps)
        under_way = broken_off(folder.sittings(), stamps, int(number_at(folder.config(), "environment", "slots") or 0))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise BadInput(f"{folder.path}: its samples or sittings do not say when they came ({error}), so the run cannot "
                       "be taken up; start afresh with --no-resume") from error
    failures = tuple(_failure_of(line, folder.failures_path) for line in folder.failures())
    samples, again = (tuple(sample for sample, _ in some) for some in (lines, audit))
    return Earlier(samples, failures, times, under_way, again)


def failure_line(failure: RequestFailed) -> dict[str, Any]:
    """A line of ``failures.jsonl``."""
    line = {"task_id": failure.task_id, "sample": failure.index, "kind": failure.kind, "message": failure.message}
    return {**line, "may_have_used": list(failure.may_have_used)} if failure.may_have_used is not None else line


def _failure_of(line: Mapping[str, Any], path: Path) -> RequestFailed:
    """Raises BadInput for a line that is none of ours."""
    match line:
        case {"task_id": str() | None as task_id, "sample": int(index), "kind": str(kind), "message": str(message)}:
            return RequestFailed(task_id, index, message, kind, _used(line.get("may_have_used")))
        case _:
            raise BadInput(f"{path}: a line has no task_id, sample, kind or message; remove it or start afresh with "
                           "--no-resume")


def _used(value: Any) -> tuple[int, int] | None:
    match value:
        case [int(prompt), int(completion)]:
            return prompt, completion
        case _:
            return None


def _say_what_differs(runs_root: Path, parts: Mapping[str, Any], say: Callable[[str], None]) -> None:
    same = {key: parts[key] for key in ("model", "benchmark")}
    folder = left_behind(runs_root, same)
    if folder is None:
        return
    with folder:
        found = differences(folder.config()["settings"], parts)
    say(f"{folder.path} did not finish, but {'; '.join(found) or 'its fingerprint was another'}: a new run begins")


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """One clause for each setting that is not as it was; None is as good as absent."""
    old, new = _flat(before), _flat(now)
    return [
        _clause(key, old.get(key), new.get(key)) for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    ]


def _clause(key: str, before: Any, now: Any) -> str:
    if key in _IN_WORDS:
        return f"{_IN_WORDS[key]} was another"
    return f"{key} was {_shown(before)} and is {_shown(now)}"


def _shown(value: Any) -> str:
    return "not set" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _flat(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, item in value.items():
        if isinstance(item, Mapping):
            flat |= _flat(item, f"{prefix}{key}.")
        elif item is not None and item != []:
            flat[prefix + key] = item
    return flat
