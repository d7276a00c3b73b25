"""A run folder read for a page: tasks with their replies, whatever is missing or damaged named and left out.

The folder may be somebody else's, so nothing in it is taken to be of the right type. What a damaged line held is lost
to the page and said to be; nothing is written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from analysis.evidence import findings
from core.errors import BadInput
from core.lookup import count_at, number_at, object_at, text_at, value_at
from core.outcomes import Outcome
from core.records import Sample
from core.run_view import RunView, SampleView, TaskView
from ledger.folder import RunFolder
from ledger.lines import read_lines
from parsers.thinking import split
from runner.audit import SECOND_ASKING
from runner.evidence import rule_of
from runner.references import Known, known

Line = dict[str, Any]
Place = tuple[str, int]

_NUMBERS = ("prompt_tokens", "cached_tokens", "completion_tokens", "thinking_tokens", "wall_s", "ttft_s", "decode_s",
            "verify_s", "joules", "cost_usd", "seed")
_TEXTS = ("response", "reasoning", "completion", "finish_reason")
_OUTCOMES = frozenset(map(str, Outcome))


class _Lines:
    """The folder's files, and what of them could not be read."""

    def __init__(self, folder: RunFolder) -> None:
        self.remarks: list[str] = []
        self.samples = self._read(folder.samples_path, places=True)
        self.details = self._read(folder.details_path, places=True)
        self.failures = [line for line in self._read(folder.failures_path) if line.get("sample") != SECOND_ASKING]
        self.tasks = self._read(folder.tasks_path)

    def _read(self, path: Path, *, places: bool = False) -> list[Line]:
        """``places``: every line has to say of which task and sample it is."""
        left_out: list[int] = []
        lines = list(read_lines(path, left_out))
        whole = [line for line in lines if not places or _place(line) is not None]
        lost = len(left_out) + len(lines) - len(whole)
        if lost:
            first = f", line {left_out[0]:,} first" if left_out else ""
            self.remarks.append(f"{path.name}: {lost:,} {'line' if lost == 1 else 'lines'} could not be read and "
                                f"{'is' if lost == 1 else 'are'} left out{first}.")
        return whole


def run_view(folder: RunFolder, record: Mapping[str, Any] | None = None) -> RunView:
    """The run in this folder; ``record``: where it is known already.

    Raises BadInput where the folder is no run's, or what it says of itself is damaged.
    """
    config = _config(folder)
    if record is None:
        record = folder.summary() or folder.record()
    remarks: list[str] = []
    if record is None:
        record = _unended(folder.run_id, config)
        remarks.append("This run has not ended: the page shows what is there so far.")
    lines = _Lines(folder)
    beside = known(record)
    tasks = _tasks(lines, thinking_opened(config), beside)
    evidence = findings(lines.details, map(_sample, lines.samples), lines.failures, rule_of(config))
    if not lines.samples and not lines.details:
        remarks.append("No replies are in this folder, so there is nothing to look through.")
    return RunView(record, tasks, evidence, [*remarks, *lines.remarks, *filter(None, [beside.why_not])],
                   f"./bench_runner.py report --run-dir {folder.path.parent.name}/{folder.run_id}")


def _config(folder: RunFolder) -> Line:
    """An empty one where another program's folder has none and a record all the same."""
    try:
        return folder.config()
    except BadInput:
        if (folder.path / "run_config.json").exists() or not (folder.path / "summary.json").exists():
            raise
        return {}


def _unended(run_id: str, config: Mapping[str, Any]) -> Line:
    settings = dict(object_at(config, "settings")) | scored_by(config)
    known = {"benchmark": text_at(settings, "benchmark"), "model": text_at(settings, "model"), "run_id": run_id,
             "config": settings, "status": "not ended",
             "provenance": {"host": host} if (host := value_at(config, "environment", "host")) is not None else None}
    return {key: value for key, value in known.items() if value is not None}


def scored_by(config: Mapping[str, Any]) -> dict[str, str]:
    """Of a run without a record what its record will say under this name, where it will say anything."""
    who = text_at(config, "scored_by")
    return {} if who is None else {"scored_by": who}


def thinking_opened(config: Mapping[str, Any]) -> bool:
    """Whether the prompt opened the thinking, and the server left its tags in the text."""
    models = value_at(config, "request", "models")
    opens = any(value_at(model, "opens_thinking") is True for model in models) if isinstance(models, list) else False
    apart = value_at(config, "environment", "capabilities")
    return opens and not (isinstance(apart, list) and "reasoning_content" in apart)


def _tasks(lines: _Lines, opened: bool, beside: Known) -> list[TaskView]:
    tasks = {line["task_id"]: line for line in lines.tasks if isinstance(line.get("task_id"), str)}
    replies = _by_task(lines.samples)
    verdicts = _by_task(lines.details)
    failures: dict[str, list[str]] = {}
    for line in lines.failures:
        if isinstance(line.get("task_id"), str):
            what = ": ".join(filter(None, (text_at(line, "kind"), text_at(line, "message"))))
            failures.setdefault(line["task_id"], []).append(what)
    found = []
    for task_id in dict.fromkeys([*tasks, *replies, *verdicts]):
        said, judged = replies.get(task_id, {}), verdicts.get(task_id, {})
        samples = [_view(index, said.get(index, {}), judged.get(index, {}), opened)
                   for index in sorted({*said, *judged})]
        task = tasks.get(task_id, {})
        found.append(TaskView(
            task_id, samples, _prompt(task), beside.reference(task_id),
            text_at(task, "difficulty") or beside.difficulties.get(task_id),
            _outcome(task) or (samples[0].outcome if samples else None), count_at(task, "chosen"),
            {str(key): count for key in object_at(task, "votes")
             if (count := count_at(task, "votes", key)) is not None},
            failures.get(task_id, ()),
        ))
    return found


def _by_task(lines: Iterable[Line]) -> dict[str, dict[int, Line]]:
    """The lines of each task by sample; the first where one came twice."""
    found: dict[str, dict[int, Line]] = {}
    for line in lines:
        if (place := _place(line)) is not None:
            found.setdefault(place[0], {}).setdefault(place[1], line)
    return found


def _place(line: Line) -> Place | None:
    task_id, index = line.get("task_id"), count_at(line, "sample")
    return (task_id, index or 0) if isinstance(task_id, str) and (index is not None or "sample" not in line) else None


def _view(index: int, said: Line, judged: Line, opened: bool) -> SampleView:
    text = text_at(said, "response") or text_at(said, "completion") or ""
    parts = split(text, text_at(said, "reasoning"), opened)
    answer = judged.get("answer")
    return SampleView(
        index=index, outcome=_outcome(judged), detail=text_at(judged, "detail") or "",
        answer=None if answer is None else _answer_text(answer), no_answer=text_at(judged, "no_answer_reason") or "",
        response=parts.answer if parts.thinking else text, thinking=parts.thinking or "",
        thinking_closed=parts.closed and judged.get("thinking_closed") is not False,
        finish_reason=text_at(said, "finish_reason") or text_at(judged, "finish_reason") or "",
        looping=said.get("looping") is True, key=text_at(judged, "key"),
        merits={str(name): value for name in object_at(judged, "merits")
                if (value := number_at(judged, "merits", name)) is not None},
        fields={str(key): value is True for key, value in object_at(judged, "fields").items()},
        numbers=_numbers(said, judged),
    )


def _numbers(said: Line, judged: Line) -> dict[str, float]:
    found = {name: value for name in _NUMBERS
             if (value := number_at(said, name)) is not None or (value := number_at(judged, name)) is not None}
    rate = number_at(said, "timings", "predicted_per_second")
    return found | ({"tokens_per_second": rate} if rate is not None else {})


def _outcome(line: Mapping[str, Any]) -> str | None:
    found = text_at(line, "outcome")
    return found if found in _OUTCOMES else None


def _prompt(line: Line) -> Sequence[tuple[str, str, bool]]:
    fields = object_at(line, "prompt")
    return [(str(name), _as_text(value), isinstance(value, str)) for name, value in fields.items()
            if value not in ("", None)]


def _answer_text(answer: Any) -> str:
    """Of an answer that is a program with something beside it, the program."""
    return text_at(answer, "program") or _as_text(answer) if isinstance(answer, dict) else _as_text(answer)


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, indent=1)
    except RecursionError:
        return "(nested too deep to be shown)"


def _sample(line: Line) -> Sample:
    """As far as its fields are of the right type."""
    texts = {name: text_at(line, name) for name in _TEXTS}
    counts = {name: count_at(line, name) for name in ("prompt_tokens", "completion_tokens", "cached_tokens",
                                                      "thinking_tokens", "prompt_chars")}
    return Sample(
        line["task_id"], count_at(line, "sample") or 0, texts.pop("response") or "", **texts, **counts,  # type: ignore[arg-type]
        looping=line["looping"] if isinstance(line.get("looping"), bool) else None,
    )


def open_folder(named: str) -> RunFolder:
    """The run folder that somebody named. Raises BadInput that says what is there instead."""
    path = Path(named).resolve()
    try:
        there = path.is_dir()
    except OSError as error:
        raise BadInput(f"--run-dir {named}: {error.strerror}") from error
    if not there:
        what = "is a file, not a folder" if path.exists() else "is not there"
        raise BadInput(f"--run-dir {named} {what}; name a run's folder, one of those under runs/")
    folder = RunFolder(path.parent, path.name)
    if not any((path / name).exists() for name in ("run_config.json", "summary.json", "record.json")):
        runs = sorted(inner.parent.name for inner in path.glob("*/run_config.json"))
        hint = f"it holds {len(runs):,} of them: name one, such as {Path(named) / runs[-1]}" if runs else (
            "a run's folder holds a run_config.json")
        raise BadInput(f"--run-dir {named} is no run's folder; {hint}")
    return folder

