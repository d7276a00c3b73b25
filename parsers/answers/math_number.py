r"""The number that a worked solution ends with.

The most explicit form counts: the last ``\boxed{…}``, else the last line ``#### 18``, else the last "answer is 18"
(also ``Answer: 18``), else the last number of the reply. An explicit form that holds no single number (``\boxed{x+1}``)
is no answer: a number from elsewhere would only look like one. A reply cut by the token limit has no last number,
only the one it happened to be cut at, so there only the explicit forms count.

Value: the canonical text of ``numbers.canonical``: ``18``, ``-2.5``, ``3/4``. A percent sign is dress where the
question asks for a percentage, or is not known; where it asks for none, the sign belongs to it and stays: ``50%``.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from typing import Final

from core.records import Answer, Json, Sample
from parsers.answers.numbers import Found, canonical, find_numbers, parse_found, plain_text
from parsers.answers.reply import prompt_text, reply_of

_BRACES = re.compile(r"\\\\|\\[{}]|\\(?:boxed|fbox) ?\{|[{}]")
_MARK: Final = "####"
_HEADING = re.compile(r"[0-9]{1,3}[.):] +[^0-9\s]")
_ANSWER = re.compile(r"\banswer\b[^\n.:=]{0,40}?(?:\bis\b|:|=)", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.;!?](?=\s|$)")
_ASKS_PERCENT = re.compile(r"%|per ?cent|\b(?:rate|interest|discount|tax|tip)\b", re.IGNORECASE)
_EXPLICIT_CHARS: Final = 4000
"""An explicit answer is short; more than this around it is not looked at."""


def parse(sample: Sample, prompt: Mapping[str, Json], *, thinking_opened: bool = False) -> Answer:
    """A completion is read like a reply."""
    reply = reply_of(sample, thinking_opened=thinking_opened)
    text = reply.text.replace("\u2212", "-")
    question = prompt_text(prompt, "question")
    bare = not question or _ASKS_PERCENT.search(question) is not None
    if (box := boxed(text)) is not None:
        found = parse_found(box) if len(box) <= _EXPLICIT_CHARS else None
        spelled = _spelled(found, bare=bare)
        return reply.none(r"no single number in \boxed{}") if spelled is None else reply.answer(spelled)
    found = _marked(text)
    if found is None:
        found = _after_answer_is(text)
    if found is None:
        if reply.cut:
            return reply.none("no explicit answer before the end")
        found = _last(plain_text(text))
    spelled = _spelled(found, bare=bare)
    return reply.none("no number in the reply") if spelled is None else reply.answer(spelled)


def _spelled(found: Found | None, *, bare: bool) -> str | None:
    """The value; ``bare``: without a percent sign in any case."""
    if found is None or found.number is None:
        return None
    return canonical(found.number) + ("%" if found.percent and not bare else "")


def boxed(text: str) -> str | None:
    r"""What the last closed ``\boxed{…}`` holds, unless it is blank. One pass with a stack."""
    if "\\boxed" not in text and "\\fbox" not in text:
        return None
    opened: list[tuple[int, bool]] = []
    found: str | None = None
    for token in _BRACES.finditer(text):
        part = token.group()
        if part == "}":
            start, boxed = opened.pop() if opened else (0, False)
            if boxed and text[start:min(token.start(), start + 100)].strip():
                found = text[start:min(token.start(), start + _EXPLICIT_CHARS + 1)]
        elif part.endswith("{") and part != "\\{":
            opened.append((token.end(), part != "{"))
    return found


def _marked(text: str) -> Found | None:
    """The number right behind the last ``####`` that has one; a Markdown heading of that level is not meant."""
    if _MARK not in text:
        return None
    for line in reversed(text.split("\n")):
        at = line.rfind(_MARK)
        if at < 0 or line[at - 1:at] == "#":
            continue
        rest = plain_text(line[at + len(_MARK):at + _EXPLICIT_CHARS]).strip()
        if rest[:1].isalpha() or _HEADING.match(rest):
            continue
        found = next(find_numbers(rest), None)
        if found is not None and found.number is not None and found.start <= 3:
            return found
    return None


def _after_answer_is(text: str) -> Found | None:
    """The number in the sentence behind one of the last three "answer is"."""
    for match in reversed(deque(_ANSWER.finditer(text), maxlen=3)):
        rest = text[match.end():match.end() + _EXPLICIT_CHARS].lstrip(" \t\r\n*:_")
        line = plain_text(rest.split("\n", 1)[0])
        end = _SENTENCE_END.search(line)
        sentence = line[:end.start()] if end is not None else line
        found = next(find_numbers(sentence.rpartition("=")[2]), None)
        if found is not None and found.number is not None:
            return found
    return None


def _last(text: str) -> Found | None:
    """The last number of a text; what only looks like one (``1.2.3``) is passed over, one too long is not."""
    found: deque[Found] = deque(find_numbers(text), maxlen=20)
    for entry in reversed(found):
        if entry.number is not None:
            return entry
        if entry.end - entry.start > 1000:
            return None
    return None
