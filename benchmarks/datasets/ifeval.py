"""IFEval: prompts with instructions that a program can check."""

from __future__ import annotations

from benchmarks.datasets.download import Remote
from benchmarks.datasets.lines import Line, read_lines
from benchmarks.datasets.request import DatasetRequest, TaskSet, from_table
from benchmarks.datasets.sources import file_or_fetched
from core.records import Json, Task

FILE = Remote(
    "IFEval",
    "https://raw.githubusercontent.com/google-research/google-research/8dadc6c56e2c2e51a9dd7e0d4bf2840922b4b6c0/"
    "instruction_following_eval/data/input_data.jsonl",
    "67ffeee0fcb87c317c5b08a2de85557b4a7e96ada6178aa645b4954fe4b53d49",
)


def open_tasks(request: DatasetRequest) -> TaskSet:
    """The 541 prompts; ids are ``ifeval/<key>``. References: ``instruction_id_list`` and ``kwargs``."""
    file = file_or_fetched(request, "ifeval", FILE)
    tasks: list[Task] = []
    references: dict[str, dict[str, Json]] = {}
    for line in read_lines(file.path):
        key = line.record.get("key", line.number - 1)
        name = f"ifeval/{key}"
        if name in references:
            raise line.bad(f"the key {key!r} comes twice; remove one")
        tasks.append(Task(name, {"prompt": line.text("prompt")}))
        references[name] = _instructions(line)
    return TaskSet(tuple(tasks), file.sha256, file.source, from_table(references))


def _instructions(line: Line) -> dict[str, Json]:
    names, settings = line.record.get("instruction_id_list"), line.record.get("kwargs")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise line.bad("field 'instruction_id_list' must be a list of instructions' names; correct it")
    if not isinstance(settings, list) or len(settings) != len(names) or not all(
        isinstance(item, dict) for item in settings
    ):
        raise line.bad("field 'kwargs' must be a list of objects, one for each instruction; correct it")
    # Copies of the hub fill what an instruction does not have with null.
    plain = [{key: value for key, value in item.items() if value is not None} for item in settings]
    return {"instruction_id_list": names, "kwargs": plain}
