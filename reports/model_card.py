"""A run as the ``model-index`` block of a Hugging Face model card.

The block says of what it is: how many tasks, which interval, which program, and that a score is suspect where it is.
The format wants an address beside the name of a source, so there is a ``source`` only where the user gives one; the
program's name is in the metric's name either way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from core.errors import UsageError
from core.judged_in_record import awaits_judge
from core.lookup import count_at, number_at, object_at, text_at, texts_at, value_at
from core.version import VERSION
from reports.text import escape

_DATASETS: Final[Mapping[str, tuple[str, str, str]]] = {
    "human_eval": ("HumanEval", "openai/openai_humaneval", "pass@1"),
    "human_eval_plus": ("HumanEval+", "evalplus/humanevalplus", "pass@1"),
    "mbpp": ("MBPP", "google-research-datasets/mbpp", "pass@1"),
    "mbpp_plus": ("MBPP+", "evalplus/mbppplus", "pass@1"),
    "lcb": ("LiveCodeBench code generation", "livecodebench/code_generation_lite", "pass@1"),
    "gsm8k": ("GSM8K", "openai/gsm8k", "exact_match"),
    "math": ("bench-runner math", "bench-runner/math", "exact_match"),
    "extraction": ("bench-runner extraction", "bench-runner/extraction", "exact_match"),
}
"""How a model card calls a benchmark: name for people, id of the data set, metric."""

_PACKAGE: Final = "human-eval package"
"""How a record names the data that the package human-eval brings."""


def to_model_index(record: Mapping[str, Any], source_url: str | None = None) -> str:
    """The block, in YAML that goes between the two ``---`` of a card. Raises UsageError for a run that is not to be
    published as a score: one without a score, or of fewer tasks than it was to have.
    """
    from huggingface_hub import EvalResult, ModelCardData  # noqa: PLC0415  # slow to import, and wanted only here

    score = number_at(record, "results", "score")
    run_id = text_at(record, "run_id") or "this run"
    if score is None:
        why = ": its texts wait for a judge" if awaits_judge(record) else ""
        raise UsageError(f"--model-card: {run_id} has no score{why}")
    status = record.get("status", "complete")
    if status != "complete":
        raise UsageError(f"--model-card: {run_id} is {escape(str(status), 20)}, so its score is not that of the "
                         "benchmark; take a run that is complete")
    benchmark = text_at(record, "benchmark") or "?"
    name, dataset, metric = _DATASETS.get(benchmark, (benchmark, benchmark, "accuracy"))
    if (file := _file_of_its_own(record, dataset)) is not None:
        name, dataset = f"{file} (the format of {name})", file
    program = source_of(record)
    result = EvalResult(
        task_type="text-generation", task_name="Text generation", dataset_type=escape(dataset, 120),
        dataset_name=escape(name, 120), dataset_args=_asked(record), metric_type=metric,
        metric_name=f"{metric} in percent, {_between(record)}{program}{_doubt(record)}", metric_value=round(score, 2),
        source_name=program if source_url else None, source_url=source_url,
    )
    card = ModelCardData(model_name=escape(text_at(record, "model") or "?", 120), eval_results=[result])
    return str(card.to_yaml(line_break="\n")).rstrip("\n") + "\n"


def _file_of_its_own(record: Mapping[str, Any], dataset: str) -> str | None:
    """The file that the tasks came from, where that is not the published data set, so that nobody takes it for that."""
    source = text_at(record, "provenance", "dataset_source") or text_at(record, "config", "problems_file")
    if source is None or source.startswith(_PACKAGE) or dataset.partition("/")[0] in source:
        return None
    return source.rpartition("/")[2]


def source_of(record: Mapping[str, Any]) -> str:
    """The program whose score it is: of an imported run the other one, and that it was imported."""
    if value_at(record, "config", "imported") is True:
        return f"{escape(text_at(record, 'config', 'origin') or 'another program', 60)}, imported by bench-runner"
    return f"bench-runner {escape(text_at(record, 'provenance', 'runner_version') or VERSION, 40)}"


def _asked(record: Mapping[str, Any]) -> dict[str, Any] | None:
    """What of the data set was asked, and how."""
    sampling = object_at(record, "config", "sampling")
    found = {
        "tasks": count_at(record, "results", "total_problems"),
        "problems_file": text_at(record, "config", "problems_file"),
        "selection": dict(object_at(record, "config", "selection")) or None,
        "prompt_version": text_at(record, "config", "prompt_version"),
        "grading": text_at(record, "config", "grading"),
        "temperature": number_at(sampling, "temperature"),
        "max_tokens": count_at(sampling, "max_tokens"),
    }
    kept = {key: escape(value, 120) if isinstance(value, str) else value
            for key, value in found.items() if value is not None}
    return kept or None


def _between(record: Mapping[str, Any]) -> str:
    found = value_at(record, "interval")
    ends = [number_at({"n": end}, "n") for end in found] if isinstance(found, list | tuple) else []
    if len(ends) != 2 or ends[0] is None or ends[1] is None:
        return ""
    return f"95 % interval {ends[0]:.1f} to {ends[1]:.1f}, "


def _doubt(record: Mapping[str, Any]) -> str:
    if text_at(record, "validity", "status") != "suspect":
        return ""
    reasons = "; ".join(escape(reason, 120) for reason in texts_at(record, "validity", "reasons") or ())
    return f" (suspect: {reasons})" if reasons else " (suspect)"
