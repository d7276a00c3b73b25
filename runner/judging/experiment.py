"""An experiment's runs, and the texts in them that a judge is to see."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from core.errors import BadInput, BenchError, UsageError
from core.lookup import count_at, text_at
from core.outcomes import Outcome
from ledger.folder import RunFolder
from ledger.lines import read_lines
from ledger.run_id import is_run_id

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One text of one run that waits for judges."""

    run_id: str
    task_id: str
    sample: int
    text: str
    scenario: Mapping[str, str]
    """The fields of its task, which are the same for every model and prompt."""

    @property
    def sample_key(self) -> tuple[str, str, int]:
        """What tells it from any other."""
        return self.run_id, self.task_id, self.sample

    @property
    def text_sha256(self) -> str:
        return sha256_of(self.text)

    @property
    def scenario_sha256(self) -> str:
        return scenario_sha256(self.scenario)


def sha256_of(text: str) -> str:
    """Of a text, lone surrogates too."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def scenario_sha256(scenario: Mapping[str, str]) -> str:
    """Of a scenario's fields, in whatever order."""
    return sha256_of(json.dumps(dict(scenario), sort_keys=True))


def judged_runs(records: Sequence[Record], experiment: str, benchmark: str | None = None) -> tuple[Record, ...]:
    """The experiment's runs whose texts are judged, in the ledger's order; of a cell that was run again the latest.

    Raises UsageError where there is none, naming experiments that come near.
    """
    inside = [record for record in records
              if text_at(record, "config", "experiment") == experiment and text_at(record, "judgement_of") is None]
    if not inside:
        names = sorted({name for record in records if (name := text_at(record, "config", "experiment"))})
        near = get_close_matches(experiment, names, 3, 0.4) or names[:5]
        raise UsageError(f"--experiment {ascii(experiment)[1:-1]}: no run of the ledger belongs to it; "
                         f"there is: {', '.join(ascii(name)[1:-1] for name in near) or 'none yet'}.")
    latest: dict[str, Record] = {}
    for record in inside:
        if count_at(record, "outcomes", Outcome.UNJUDGED) and (benchmark in {None, text_at(record, "benchmark")}):
            if not is_run_id(text_at(record, "run_id") or ""):
                raise BadInput(f"--experiment {experiment}: a run of {text_at(record, 'model')!a} has no id that names "
                               "a folder, so its texts cannot be found; take it out of the ledger")
            key = cell_of(record)
            latest.pop(key, None)
            latest[key] = record
    if not latest:
        of_it = f" of {benchmark}" if benchmark else ""
        raise UsageError(f"--experiment {experiment}: none of its {len(inside)} runs{of_it} has texts to judge; a "
                         "benchmark such as tips makes them (docs/judging.md).")
    return tuple(latest.values())


def cell_of(record: Record) -> str:
    """What makes a run the same cell as an earlier one: the planner's own name for it where the record has one."""
    if (cell := text_at(record, "cell")) is not None:
        return cell
    return text_at(record, "fingerprint") or text_at(record, "run_id") or repr(sorted(record))


def the_benchmark(runs: Iterable[Record]) -> str:
    """The one benchmark of these runs. Raises UsageError where there are several, whose rubrics would differ."""
    names = sorted({text_at(record, "benchmark") or "?" for record in runs})
    if len(names) > 1:
        raise UsageError(f"--experiment: its texts are of several benchmarks ({', '.join(names)}), each judged by "
                         "itself; name one with --benchmark.")
    return names[0]


def candidates_of(record: Record, runs_root: Path) -> tuple[Candidate, ...]:
    """The run's texts that wait for judges. Raises BadInput where its folder is not here or is damaged."""
    run_id = text_at(record, "run_id") or ""
    if not is_run_id(run_id) or not (folder := RunFolder(runs_root, run_id)).path.is_dir():
        raise BadInput(f"the folder of run {ascii(run_id)[1:-1]} is not in {runs_root}; give --runs-root the folder "
                       "that it is in")
    scenarios = {str(line.get("task_id")): _scenario(line.get("prompt")) for line in read_lines(folder.tasks_path)}
    found: dict[tuple[str, int], Candidate] = {}
    for line in folder.details():
        if text_at(line, "outcome") != Outcome.UNJUDGED:
            continue
        place = str(line.get("task_id")), count_at(line, "sample") or 0
        answer = line.get("answer")  # never the reply itself, in which a model may think aloud who it is
        text = answer if isinstance(answer, str) else json.dumps(answer, indent=1, ensure_ascii=False)
        found[place] = Candidate(run_id, *place, text, scenarios.get(place[0], {}))
    return tuple(found.values())


def without_text(record: Record, runs_root: Path) -> dict[str, int]:
    """By task, how many of the run's samples have no text for a judge: cut off, without an answer, blocked."""
    folder = RunFolder(runs_root, str(record["run_id"]))
    last = {(str(line.get("task_id")), count_at(line, "sample") or 0): text_at(line, "outcome")
            for line in folder.details()}
    return dict(Counter(task_id for (task_id, _), outcome in last.items() if outcome != Outcome.UNJUDGED))


def all_candidates(
    runs: Iterable[Record], runs_root: Path, remarks: list[str] | None = None
) -> dict[tuple[str, str, int], Candidate]:
    """Of all these runs. A folder that cannot be read is told in ``remarks`` where there are any, else raised."""
    found: dict[tuple[str, str, int], Candidate] = {}
    for record in runs:
        try:
            found |= {candidate.sample_key: candidate for candidate in candidates_of(record, runs_root)}
        except BenchError as error:
            if remarks is None:
                raise
            remarks.append(f"left out: {error}")
    return found


def _scenario(prompt: Any) -> dict[str, str]:
    """A task's fields as texts."""
    return {str(name): _text(value) for name, value in prompt.items()} if isinstance(prompt, dict) else {}


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "\n".join(f"- {item}" for item in value)
    return json.dumps(value, ensure_ascii=False)
