r"""The letter of one of several choices.

The most explicit form counts: the last ``\boxed{B}``, else the last "Answer: B" or "the answer is (B)", else a reply,
or its last line, that is nothing but a letter with its dress (``(B)``, ``B.``, ``**B**``), else one that begins like
the list of choices does (``B) Paris``), else one that is word for word one of the choices. An explicit form that names
two ("A or B") is no answer, and so is a letter that is a word ("the answer is a matter of taste").

Which letters there are is the task's to say: as many as its ``choices``, else A to D. Value: the letter, in capitals.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from typing import Final

from core.records import Answer, Json, Sample
from parsers.answers.reply import reply_of

LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BOXED = re.compile(r"\\boxed ?\{ ?(?:\\(?:text|textbf|mathbf|mathrm) ?\{)? ?\(?([A-Za-z])\)?[ .:)}]")
_SAID = re.compile(
    r"\b(?:answer|choice|option)\b[^\n.:]{0,30}?(?:\bis\b|:|=)\s{0,3}(?:the |option |choice |letter |answer ){0,2}"
    r"(?P<open>[(\[\"'$]{0,2})(?P<letter>[A-Za-z])(?![A-Za-z0-9_'\u2019-])(?P<close>[)\]\"'$]?)(?P<rest>[^\n]{0,40})",
    re.IGNORECASE,
)
_ALONE = re.compile(r"[(\[]? ?([A-Za-z]) ?[)\].:]?\.?")
_LISTED = re.compile(r"\(?([A-Z])[).:] +\S")
_SECOND = re.compile(r"\s*(?:,|/|or\b|and\b|&)\s*(?:option |choice )?[(\[]?[A-Z](?![A-Za-z])", re.IGNORECASE)
_GOES_ON = re.compile(r"\s+(?!because\b|since\b|as\b|for\b|which\b|and\b|but\b|so\b|with\b)[A-Za-z]", re.IGNORECASE)
_DRESS = re.compile(r"\*\*|__|`")


def parse(sample: Sample, prompt: Mapping[str, Json], *, thinking_opened: bool = False) -> Answer:
    """A completion is read like a reply."""
    reply = reply_of(sample, thinking_opened=thinking_opened)
    choices = choices_of(prompt)
    letters = LETTERS[:len(choices)] if choices else LETTERS[:4]
    text = _DRESS.sub("", reply.text)
    for explicit in (_boxed, _said):
        found = explicit(text)
        if found is not None:
            return reply.answer(found) if found in letters else reply.none("the letter given is none of the choices")
    if reply.cut:
        return reply.none("no explicit answer before the end")
    letter = _bare(text, letters) or _word_for_word(text, choices)
    return reply.none("no letter of a choice") if letter is None else reply.answer(letter)


def choices_of(prompt: Mapping[str, Json]) -> list[str]:
    """The task's choices, empty where it names none."""
    value = prompt.get("choices")
    return value if isinstance(value, list) and all(isinstance(item, str) for item in value) else []


def _boxed(text: str) -> str | None:
    last = deque(_BOXED.finditer(text), maxlen=1)
    return last[0][1].upper() if last else None


def _said(text: str) -> str | None:
    """The letter of the last "answer is" that has one; "?" where it names two."""
    for match in reversed(deque(_SAID.finditer(text), maxlen=8)):
        letter, rest = match["letter"], match["rest"]
        bare = not match["open"] and not match["close"]
        if bare and (letter.islower() or letter in "AI") and _GOES_ON.match(rest):
            continue  # "the answer is a matter of taste"
        if _SECOND.match(rest):
            return "?"
        return letter.upper()
    return None


def _bare(text: str, letters: str) -> str | None:
    """A reply, or its last line, that is only a letter; else one that begins as the list of choices does."""
    lines = [line.strip() for line in text.strip().split("\n") if line.strip()]
    if not lines:
        return None
    for line in (lines[-1], lines[0]):
        alone = _ALONE.fullmatch(line[:20])
        if alone is not None and len(line) <= 20 and alone[1].upper() in letters:
            return alone[1].upper()
    listed = {found[1] for line in lines if (found := _LISTED.match(line)) is not None and found[1] in letters}
    return listed.pop() if len(listed) == 1 else None  # a reply that repeats the list has chosen nothing


def _word_for_word(text: str, choices: list[str]) -> str | None:
    said = " ".join(text.split()).strip(" .").casefold()
    same = [place for place, choice in enumerate(choices) if " ".join(choice.split()).strip(" .").casefold() == said]
    return LETTERS[same[0]] if len(same) == 1 and same[0] < len(LETTERS) else None
