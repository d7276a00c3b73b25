"""The file that a judge fills in: texts without their models and prompts, the rubric, a place for every score.

::

    {"format": "bench-runner judge file 1",
     "file_id": "j2f...", "experiment": "tip-bench", "judge": "ann",
     "how": "Fill in every score ...",
     "rubric": {"version": "tip-v1", "sha256": "...", "scale": [1, 5], "criteria": ["relevance", ...],
                "text": "the whole rubric.md"},
     "candidates": [
       {"id": "c91...", "scenario": {"persona": "...", ...}, "text": "...",
        "scores": {"relevance": null, "actionability": null, "tone": null}, "note": ""}, ...]}

``id`` is drawn by lot, and what it stands for is in the key, which stays here (``judge_key``). A judge changes
``scores`` and ``note``, nothing else. Read strictly: the file has been in other hands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from core.errors import BadInput
from core.rubric import Rubric
from tracking.judging import rubric as rubric_file

FORMAT: Final = "bench-runner judge file 1"
MOST_NOTE_CHARS: Final = 10_000
_MOST_DIGITS: Final = 100

_FILE_ID = re.compile(r"j[0-9a-f]{16}")
_KEYS: Final = ("format", "file_id", "experiment", "judge", "how", "rubric", "candidates")
_RUBRIC_KEYS: Final = ("version", "sha256", "scale", "criteria", "text")
_CANDIDATE_KEYS: Final = ("id", "scenario", "text", "scores", "note")
_MEND: Final = "mend it, or export it again under another name"


@dataclass(frozen=True, slots=True)
class Entry:
    """One text to be judged, and its scores so far, as the file has them."""

    entry_id: str
    scenario: Mapping[str, str]
    """What was asked for, the same for every model and prompt."""
    text: str
    scores: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""

    @property
    def touched(self) -> bool:
        """Whether a judge has begun with it."""
        return bool(self.note) or any(score is not None for score in self.scores.values())


@dataclass(frozen=True, slots=True)
class JudgeFile:
    """All of it."""

    file_id: str
    experiment: str
    judge: str
    rubric_version: str
    rubric_sha256: str
    rubric_text: str
    entries: tuple[Entry, ...]


def is_file_id(text: str) -> bool:
    """Whether it can be one of ours: it becomes part of a path."""
    return _FILE_ID.fullmatch(text) is not None


def to_bytes(file: JudgeFile, rubric: Rubric) -> bytes:
    """The file's content; ``rubric`` is the one that it names. Nothing but ASCII, so that every editor keeps it."""
    names = ", ".join(rubric.names)
    value = {
        "format": FORMAT,
        "file_id": file.file_id,
        "experiment": file.experiment,
        "judge": file.judge,
        "how": f"Read the rubric, then each candidate's scenario and text, and put a whole number from {rubric.lowest} "
               f"to {rubric.highest} in place of every null ({names}). A note is yours to write or to leave empty. "
               "Change nothing else. Some candidates come twice, on purpose.",
        "rubric": {"version": file.rubric_version, "sha256": file.rubric_sha256,
                   "scale": [rubric.lowest, rubric.highest], "criteria": list(rubric.names),
                   "text": file.rubric_text},
        "candidates": [
            {"id": entry.entry_id, "scenario": dict(entry.scenario), "text": entry.text,
             "scores": {name: entry.scores.get(name) for name in rubric.names}, "note": entry.note}
            for entry in file.entries
        ],
    }
    return json.dumps(value, indent=1, allow_nan=False).encode("ascii") + b"\n"


def parse(data: bytes, where: str) -> JudgeFile:
    """The file that ``data`` is. Raises BadInput, one sentence, for any other; ``where`` names it."""
    return _Reader(data, where).read()


class _Reader:
    """Looks at every part before it is used."""

    def __init__(self, data: bytes, where: str) -> None:
        self.where = where
        self.data = data

    def bad(self, what: str, line: int | None = None) -> BadInput:
        """The error that says so."""
        return BadInput(f"{self.where}{f':{line}' if line else ''}: {what}; {_MEND}")

    def read(self) -> JudgeFile:
        value = self.value()
        self.keys(value, _KEYS, "the file")
        if value["format"] != FORMAT:
            raise self.bad(f"its format is {_shown(value['format'])} instead of {FORMAT!r}")
        rubric = value["rubric"]
        self.keys(rubric, _RUBRIC_KEYS, '"rubric"')
        texts = {name: self.text(value[name], f'"{name}"') for name in ("file_id", "experiment", "judge")}
        if not is_file_id(texts["file_id"]):
            raise self.bad(f'"file_id" is {_shown(texts["file_id"])}, which is none that an export gives')
        found = {name: self.text(rubric[name], f'"rubric"."{name}"') for name in ("version", "sha256", "text")}
        self.same_rubric(rubric)
        if not isinstance(value["candidates"], list):
            raise self.bad('"candidates" must be a list')
        entries = tuple(self.entry(item, place) for place, item in enumerate(value["candidates"], 1))
        seen: set[str] = set()
        for entry in entries:
            if entry.entry_id in seen:
                raise self.bad(f"the candidate {entry.entry_id!r} is there twice", self.line_of(entry.entry_id))
            seen.add(entry.entry_id)
        return JudgeFile(**texts, rubric_version=found["version"], rubric_sha256=found["sha256"],
                         rubric_text=found["text"], entries=entries)

    def same_rubric(self, rubric: Mapping[str, Any]) -> None:
        """What a judge reads beside the rubric's text is what the text says. A changed text is told by its hash."""
        if sha256(rubric["text"].encode("utf-8", "surrogatepass")).hexdigest() != rubric["sha256"]:
            return
        found = rubric_file.parse(rubric["text"], f"the rubric in {self.where}")
        for name, written in (("version", found.version), ("scale", [found.lowest, found.highest]),
                              ("criteria", list(found.names))):
            if rubric[name] != written:
                raise self.bad(f'"rubric"."{name}" is {_shown(rubric[name])}, and its text says {_shown(written)}')

    def value(self) -> Any:
        try:
            return json.loads(self.data.decode("utf-8-sig"), object_pairs_hook=_unique, parse_constant=_no_number,
                              parse_int=_whole_number)
        except UnicodeDecodeError as error:
            raise self.bad("is not UTF-8", self.data.count(b"\n", 0, error.start) + 1) from None
        except json.JSONDecodeError as error:
            raise self.bad(f"is no JSON ({error.msg}, column {error.colno})", error.lineno) from None
        except RecursionError:
            raise self.bad("is nested too deeply") from None
        except ValueError as error:
            raise self.bad(f"is no JSON ({str(error)[:120]})") from None

    def entry(self, item: Any, place: int) -> Entry:
        named = f"candidate {place}"
        self.keys(item, _CANDIDATE_KEYS, named)
        entry_id = self.text(item["id"], f'{named}: "id"')
        named = f"candidate {place} ({entry_id[:30]!r})"
        scenario, scores, note = item["scenario"], item["scores"], item["note"]
        if not isinstance(scenario, dict) or not all(isinstance(text, str) for text in scenario.values()):
            raise self.bad(f'{named}: "scenario" must be an object of texts', self.line_of(entry_id))
        if not isinstance(scores, dict):
            raise self.bad(f'{named}: "scores" must be an object, a number for each criterion', self.line_of(entry_id))
        if not isinstance(note, str) or len(note) > MOST_NOTE_CHARS:
            raise self.bad(f'{named}: "note" must be a text of at most {MOST_NOTE_CHARS:,} characters',
                           self.line_of(entry_id))
        if not isinstance(item["text"], str):
            raise self.bad(f'{named}: "text" must be a text', self.line_of(entry_id))
        return Entry(entry_id, scenario, item["text"], scores, note)

    def keys(self, value: Any, wanted: tuple[str, ...], named: str) -> None:
        """An object with exactly these keys."""
        if not isinstance(value, dict):
            raise self.bad(f"{named} must be an object")
        missing = [key for key in wanted if key not in value]
        if missing:
            raise self.bad(f'{named} has no "{missing[0]}"')
        unknown = [key for key in value if key not in wanted]
        if unknown:
            raise self.bad(f"{named} has a key {_shown(unknown[0])} that no export writes")

    def text(self, value: Any, named: str) -> str:
        """A text that is not empty."""
        if not isinstance(value, str) or not value:
            raise self.bad(f"{named} must be a text")
        return value

    def line_of(self, entry_id: str) -> int | None:
        """Where the candidate's id stands first."""
        at = self.data.find(json.dumps(entry_id).encode("ascii"))
        return self.data.count(b"\n", 0, at) + 1 if at >= 0 else None


def line_of(data: bytes, entry_id: str) -> int | None:
    """The line of a candidate's id in the file."""
    return _Reader(data, "").line_of(entry_id)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {_shown(next(name for name in names if names.count(name) > 1))} occurs twice in one "
                         "object")
    return found


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _whole_number(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"a number has {len(digits):,} digits")
    return int(digits)


def _shown(value: Any) -> str:
    """A value from the file, short and without anything a terminal would obey."""
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
