"""What all multiple-choice data sets share: a question with lettered choices, one of which is right."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from core.records import Json

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def prompt_of(question: str, choices: Sequence[str]) -> dict[str, Json]:
    """The fields that prompt files name: ``question``; ``options`` as ``A) …`` and ``lines`` as ``A. …``, one a line.

    ``choices`` is what the answer's parser reads.
    """
    lettered = list(zip(LETTERS, choices, strict=False))
    return {
        "question": question,
        "options": "\n".join(f"{letter}) {text}" for letter, text in lettered),
        "lines": "\n".join(f"{letter}. {text}" for letter, text in lettered),
        "letters": ", ".join(letter for letter, _ in lettered),
        "choices": list(choices),
    }


def shuffled(task_id: str, choices: Sequence[str]) -> tuple[list[str], str]:
    """The choices in an order that only the task's id decides, and the letter of what came first.

    The same for every model and run, so that runs pair; a hash, because a data set that lists the right choice first
    would else be answered by position.
    """
    order = sorted(range(len(choices)), key=lambda place: hashlib.sha256(f"{task_id}\n{place}".encode()).digest())
    return [choices[place] for place in order], LETTERS[order.index(0)]
