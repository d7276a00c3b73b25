"""A run's tasks as data for the page's script: a small index that is there at once, and the texts in pieces.

The index holds what the list, the filters and the order need: columns, one value a task. The texts (prompts, replies,
answers) are some thirty times as large; they lie in pieces of about ``PIECE`` characters, each deflated for itself,
that are unpacked when a task is opened or a search gets there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from markupsafe import Markup

from core.run_view import SampleView, TaskView
from reports.pages.embed import packed_block

PIECE = 200_000
"""Characters."""

LONGEST = 100_000
"""Characters of one text; more than anybody reads."""

MOST = 400_000_000
"""Characters of all texts; of a run that has more, each text is cut shorter, to no less than ``SHORTEST``."""

SHORTEST = 2_000

SNIPPET = 90

FLAGS = ("looping", "truncated", "unclosed", "disagree", "failed")
"""What a task can be searched by beside its outcome, in the order of their bits."""


def blocks(tasks: Sequence[TaskView], *, judged: bool = False) -> Markup:
    """``index``, and the pieces ``p0``, ``p1``, … ``judged``: no reply is right or wrong, a judge scores it."""
    longest = longest_text(tasks)
    bodies: list[Markup] = []
    pieces: list[int] = []
    for number, piece in enumerate(_pieces(tasks)):
        bodies.append(packed_block(f"p{number}", [_body(task, longest) for task in piece]))
        pieces.append(len(piece))
    return Markup("").join([packed_block("index", {**index(tasks), "judged": judged, "pieces": pieces}), *bodies])


def index(tasks: Sequence[TaskView]) -> dict[str, Any]:
    """The columns, and the lists that some of them count in."""
    outcomes = _listed(task.outcome or "" for task in tasks)
    difficulties = _listed(task.difficulty or "" for task in tasks)
    return {
        "outcomes": list(outcomes), "difficulties": list(difficulties),
        "id": [task.task_id for task in tasks],
        "outcome": [outcomes[task.outcome or ""] for task in tasks],
        "difficulty": [difficulties[task.difficulty or ""] for task in tasks],
        "flags": [_flags(task) for task in tasks],
        "samples": [len(task.samples) for task in tasks],
        "passed": [sum(sample.passed for sample in task.samples) for task in tasks],
        "tokens": [_sum(task, "completion_tokens") for task in tasks],
        "wall": [_sum(task, "wall_s") for task in tasks],
        "snippet": [_snippet(task) for task in tasks],
    }


def longest_text(tasks: Sequence[TaskView]) -> int:
    """How long one text may be."""
    if sum(_size(task) for task in tasks) <= MOST:
        return LONGEST
    texts = sum(2 * len(task.samples) for task in tasks)
    return max(SHORTEST, min(LONGEST, MOST // texts))


def cut_texts(tasks: Sequence[TaskView]) -> int:
    """How many replies are too long to be shown whole."""
    longest = longest_text(tasks)
    return sum(max(len(sample.response), len(sample.thinking)) > longest for task in tasks for sample in task.samples)


def _pieces(tasks: Sequence[TaskView]) -> Iterator[Sequence[TaskView]]:
    start = size = 0
    for place, task in enumerate(tasks):
        size += _size(task)
        if size >= PIECE:
            yield tasks[start:place + 1]
            start, size = place + 1, 0
    if start < len(tasks):
        yield tasks[start:]


def _size(task: TaskView) -> int:
    return sum(len(text) for _, text, _ in task.prompt) + sum(
        len(sample.response) + len(sample.thinking) + len(sample.answer or "") + 200 for sample in task.samples)


def _body(task: TaskView, longest: int) -> dict[str, Any]:
    found = {
        "prompt": [[name, cut(text, longest), int(plain)] for name, text, plain in task.prompt],
        "reference": None if task.reference is None else cut(task.reference, longest),
        "chosen": task.chosen,
        "votes": [[cut(key, 200), count] for key, count in sorted(task.votes.items(), key=lambda vote: -vote[1])],
        "failures": [cut(text, 500) for text in task.failures],
        "samples": [_sample(sample, longest) for sample in task.samples],
    }
    return {key: value for key, value in found.items() if value is not None and value != []}


def _sample(sample: SampleView, longest: int) -> dict[str, Any]:
    found = {
        "index": sample.index, "outcome": sample.outcome, "detail": cut(sample.detail, 2000),
        "answer": None if sample.answer is None else [cut(sample.answer, longest)], "no_answer": sample.no_answer,
        "response": cut(sample.response, longest), "thinking": cut(sample.thinking, longest),
        "unclosed": not sample.thinking_closed, "finish": sample.finish_reason, "looping": sample.looping,
        "key": None if sample.key is None else cut(sample.key, 200), "merits": list(map(list, sample.merits.items())),
        "fields": [[name, agrees] for name, agrees in sample.fields.items()], "numbers": dict(sample.numbers),
    }
    return {key: value for key, value in found.items() if key == "index" or value not in _LEFT_OUT}


_LEFT_OUT: tuple[Any, ...] = (None, "", [], {}, False)
"""Values that the script takes an absent key for."""


def cut(text: str, longest: int) -> str:
    """Whole, or its beginning and end with a word of how much is missing: replies that loop say most at either end."""
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half]}\n\n[… {len(text) - 2 * half:,} characters are left out in this page …]\n\n{text[-half:]}"


def _flags(task: TaskView) -> int:
    answers = {sample.answer if sample.key is None else sample.key for sample in task.samples}
    held = (
        any(sample.looping for sample in task.samples),
        any(sample.outcome == "truncated" for sample in task.samples),
        any(not sample.thinking_closed for sample in task.samples),
        len(answers) > 1 and len(task.samples) > 1,
        bool(task.failures),
    )
    return sum(1 << place for place, holds in enumerate(held) if holds)


def _snippet(task: TaskView) -> str:
    """A line that tells one task from the next: what was said of it, or what it answered."""
    sample = next((one for one in task.samples if one.index == task.chosen), None) or next(iter(task.samples), None)
    if sample is None:
        return (task.failures[0] if task.failures else "")[:SNIPPET]
    said = sample.detail or sample.no_answer or sample.answer or sample.response
    return " ".join(said[:4 * SNIPPET].split())[:SNIPPET]


def _sum(task: TaskView, name: str) -> float | None:
    values = [sample.numbers[name] for sample in task.samples if name in sample.numbers]
    return round(sum(values), 3) if values else None


def _listed(values: Iterable[str]) -> dict[str, int]:
    """Each with its place, in the order in which they came."""
    return {value: place for place, value in enumerate(dict.fromkeys(values))}
