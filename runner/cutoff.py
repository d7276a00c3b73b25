"""Until when a model's training data reaches, and so the first day whose tasks it cannot have seen.

Said by ``--after-cutoff DAY`` itself; else by the model's card, a ``README.md`` beside its file ("Knowledge cutoff:
December 2023", as model cards have it); else, for a few models, by what their makers published (``_PUBLISHED``, each
with its card). A month means its last day. A name is known only when it is the maker's own from beginning to end: a
fine-tune (``Hermes-3-Llama-3.1-8B``, ``Phi-4-reasoning``) has seen more than its base model, later. What is not stated
is a UsageError: a window that is made up would be worse than none.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from core.errors import UsageError
from core.records import ModelInfo

FROM_CARD: Final = "card"
"""What the flag stands for when no day is given with it."""
_MONTHS: Final = {name.lower(): number for names in (calendar.month_name, calendar.month_abbr)
                  for number, name in enumerate(names) if name}
_PUBLISHED: Final[tuple[tuple[str, str, date], ...]] = (
    # "The pretraining data has a cutoff of December 2023": meta-llama/llama-models, models/llama3_{1,2,3}/MODEL_CARD.md
    (r"(?:meta-)?llama-?3\.[123](?:-\d+b)?(?:-vision)?(?:-instruct)?", "Meta's model cards of Llama 3.1 to 3.3",
     date(2023, 12, 31)),
    # "The knowledge cutoff date for the training data was August 2024": ai.google.dev/gemma/docs/core/model_card_3
    (r"gemma-?3(?:-\d+[bm])?(?:-(?:it|pt))?(?:-qat)?", "Google's model card of Gemma 3", date(2024, 8, 31)),
    # "cutoff dates of June 2024 and earlier": huggingface.co/microsoft/phi-4; its reasoning models say March 2025
    (r"phi-?4(?:-14b)?", "Microsoft's model card of Phi-4", date(2024, 6, 30)),
    # "a knowledge cutoff of June 2024": arXiv:2508.10925
    (r"gpt-?oss(?:-\d+b)?", "OpenAI's model card of gpt-oss", date(2024, 6, 30)),
)
_VARIANT: Final = re.compile(r"(?:\.gguf|-gguf|[-.](?:i?q\d\w*|bf16|f16|f32|fp16|mxfp4))+\Z", re.IGNORECASE)
"""How a model is stored, at the end of its name."""
_SAID = re.compile(
    r"(?:knowledge|training|data)[^\n.|]{0,40}?cut-?off(?:[^\n.0-9]{0,60}?)\b"
    r"(?:(?P<month>[A-Z][a-z]{2,8})\.?,? (?:\d{1,2},? )?(?P<year>20\d\d)|(?P<iso>20\d\d-\d\d(?:-\d\d)?))",
    re.IGNORECASE,
)
_CARD_LIMIT: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Cutoff:
    """A stated end of training data."""

    last: date
    source: str

    @property
    def first_unseen(self) -> str:
        """The day after it, as ``--start-date`` has it."""
        return (self.last + timedelta(days=1)).isoformat()


def cutoff_of(asked: str, model: ModelInfo) -> Cutoff:
    """``asked``: what the flag has. UsageError where nothing states it."""
    if asked != FROM_CARD:
        return Cutoff(_day(asked), "--after-cutoff")
    found = _by_card(model) or _published(model)
    if found is None:
        raise UsageError(
            f"--after-cutoff: nothing states until when {model.label} was trained (no README.md beside its file with a "
            "knowledge cutoff, and it is none of the known ones); give the day: --after-cutoff 2024-06-30"
        )
    return found


def said_in(text: str) -> date | None:
    """The first cutoff that a card states; None where it states none."""
    for match in _SAID.finditer(text):
        if match["iso"]:
            return _day(match["iso"])
        month = _MONTHS.get(match["month"].lower())
        if month is not None:
            return _end_of(int(match["year"]), month)
    return None


def _by_card(model: ModelInfo) -> Cutoff | None:
    card = _beside(Path(model.path)) if model.path else None
    if card is None or not card.is_file():
        return None
    with card.open("rb") as file:
        text = file.read(_CARD_LIMIT).decode("utf-8", "replace")
    last = said_in(text)
    return None if last is None else Cutoff(last, str(card))


def _beside(path: Path) -> Path:
    """The card in a model's folder, or in that of its file."""
    return (path if path.is_dir() else path.parent) / "README.md"


def _published(model: ModelInfo) -> Cutoff | None:
    own = model.name.rpartition("/")[2].replace(" ", "-").replace(":", "-")
    name = _VARIANT.sub("", own).replace("_", "-")
    for pattern, source, last in _PUBLISHED:
        if re.fullmatch(pattern, name, re.IGNORECASE):
            return Cutoff(last, source)
    return None


def _day(text: str) -> date:
    """A day, or the last of a month."""
    try:
        if re.fullmatch(r"\d{4}-\d\d", text):
            return _end_of(int(text[:4]), int(text[5:]))
        return date.fromisoformat(text)
    except (ValueError, calendar.IllegalMonthError) as error:
        raise UsageError(f"--after-cutoff {text}: write a day or a month, e.g. 2024-06-30 or 2024-06") from error


def _end_of(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])
