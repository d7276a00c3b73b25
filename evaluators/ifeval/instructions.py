"""One function an instruction: the reply and the instruction's own settings in, whether it was followed out.

The rules are those of the published grader (google-research, ``instruction_following_eval``), save that counting
sentences and words in capitals is by the rules of ``counting``, and that keywords are texts, never patterns: none of
the data set's has a sign that a pattern would read otherwise. A setting that is missing raises KeyError, one of the
wrong kind TypeError or ValueError: a fault of the task, never of the reply.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from evaluators.ifeval import counting
from evaluators.ifeval.language import language_of

Settings = Mapping[str, Any]
Check = Callable[[str, Settings], bool]


def _related(count: int, wanted: int, relation: str) -> bool:
    """``less than`` or ``at least``, the two relations that there are."""
    if relation not in {"less than", "at least"}:
        raise ValueError(f"no such relation: {relation!r}")
    return count < wanted if relation == "less than" else count >= wanted


def _existence(reply: str, how: Settings) -> bool:
    low = reply.casefold()
    return all(str(keyword).casefold() in low for keyword in how["keywords"])


def _frequency(reply: str, how: Settings) -> bool:
    count = reply.casefold().count(str(how["keyword"]).casefold())
    return _related(count, int(how["frequency"]), how["relation"])


def _forbidden(reply: str, how: Settings) -> bool:
    patterns = (rf"\b{re.escape(str(word))}\b" for word in how["forbidden_words"])
    return not any(re.search(pattern, reply, re.IGNORECASE) for pattern in patterns)


def _letters(reply: str, how: Settings) -> bool:
    count = reply.lower().count(str(how["letter"]).lower())
    return _related(count, int(how["let_frequency"]), how["let_relation"])


def _language(reply: str, how: Settings) -> bool:
    found = language_of(reply)
    return found is None or found == how["language"]


def _sentences(reply: str, how: Settings) -> bool:
    return _related(counting.sentences(reply), int(how["num_sentences"]), how["relation"])


def _words(reply: str, how: Settings) -> bool:
    return _related(counting.words(reply), int(how["num_words"]), how["relation"])


def _paragraphs(reply: str, how: Settings) -> bool:
    """Between ``***``; an empty one counts only as a fault in the middle."""
    parts = [part.strip() for part in reply.split("***")]
    inner = parts[1:-1]
    return all(inner) and sum(map(bool, parts)) == int(how["num_paragraphs"])


def _first_word(reply: str, how: Settings) -> bool:
    """Of the nth paragraph, between blank lines, without punctuation."""
    parts = reply.split("\n\n")
    count, place = sum(1 for part in parts if part.strip()), int(how["nth_paragraph"])
    if place > count or not (part := parts[place - 1].strip()):
        return False
    word = re.split(r"[.,?!'\"]", part.split()[0].lstrip("'").lstrip('"'))[0].lower()
    return count == int(how["num_paragraphs"]) and word == str(how["first_word"]).lower()


def _placeholders(reply: str, how: Settings) -> bool:
    return len(re.findall(r"\[[^][\n]*\]", reply)) >= int(how["num_placeholders"])


def _postscript(reply: str, how: Settings) -> bool:
    marker = str(how["postscript_marker"])
    known = {"P.P.S": r"p\.\s?p\.\s?s", "P.S.": r"p\.\s?s\."}
    return re.search(known.get(marker, re.escape(marker.lower())), reply.lower()) is not None


def _bullets(reply: str, how: Settings) -> bool:
    count = sum(1 for line in reply.split("\n") if re.match(r"\s*(?:\*[^*]|-)", line))
    return count == int(how["num_bullets"])


_CONSTRAINED: Final = ("My answer is yes.", "My answer is no.", "My answer is maybe.")


def _constrained(reply: str, _how: Settings) -> bool:
    return any(text in reply for text in _CONSTRAINED)


def _highlights(reply: str, how: Settings) -> bool:
    single = sum(1 for found in re.findall(r"\*[^\n*]*\*", reply) if found.strip("*").strip())
    double = sum(1 for found in re.findall(r"\*\*[^\n*]*\*\*", reply) if found.strip("*").strip())
    return single + double >= int(how["num_highlights"])


def _sections(reply: str, how: Settings) -> bool:
    found = re.findall(rf"{re.escape(str(how['section_spliter']).strip())}\s?\d+", reply)
    return len(found) >= int(how["num_sections"])


def _json(reply: str, _how: Settings) -> bool:
    text = re.sub(r"\A```(?:json|Json|JSON)?|```\Z", "", reply.strip()).strip()
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _title(reply: str, _how: Settings) -> bool:
    return any(found.strip("<>").strip() for found in re.findall(r"<<[^\n<>]+>>", reply))


def _two_responses(reply: str, _how: Settings) -> bool:
    parts = [part.strip() for part in reply.split("******")]
    filled = [part for part in parts if part]
    return all(parts[1:-1]) and len(filled) == 2 and filled[0] != filled[1]


def _repeat(reply: str, how: Settings) -> bool:
    return reply.strip().lower().startswith(str(how["prompt_to_repeat"]).strip().lower())


def _end(reply: str, how: Settings) -> bool:
    return reply.strip().strip('"').lower().endswith(str(how["end_phrase"]).strip().lower())


def _capitals(reply: str, how: Settings) -> bool:
    count = counting.words_in_capitals(reply)
    return _related(count, int(how["capital_frequency"]), how["capital_relation"])


def _all_capitals(reply: str, _how: Settings) -> bool:
    return reply.isupper() and language_of(reply) in {"en", None}


def _all_small(reply: str, _how: Settings) -> bool:
    return reply.islower() and language_of(reply) in {"en", None}


def _no_comma(reply: str, _how: Settings) -> bool:
    return "," not in reply


def _quotation(reply: str, _how: Settings) -> bool:
    text = reply.strip()
    return len(text) > 1 and text[0] == text[-1] == '"'


CHECKS: Final[Mapping[str, Check]] = {
    "keywords:existence": _existence,
    "keywords:frequency": _frequency,
    "keywords:forbidden_words": _forbidden,
    "keywords:letter_frequency": _letters,
    "language:response_language": _language,
    "length_constraints:number_sentences": _sentences,
    "length_constraints:number_paragraphs": _paragraphs,
    "length_constraints:number_words": _words,
    "length_constraints:nth_paragraph_first_word": _first_word,
    "detectable_content:number_placeholders": _placeholders,
    "detectable_content:postscript": _postscript,
    "detectable_format:number_bullet_lists": _bullets,
    "detectable_format:constrained_response": _constrained,
    "detectable_format:number_highlighted_sections": _highlights,
    "detectable_format:multiple_sections": _sections,
    "detectable_format:json_format": _json,
    "detectable_format:title": _title,
    "combination:two_responses": _two_responses,
    "combination:repeat_prompt": _repeat,
    "startend:end_checker": _end,
    "startend:quotation": _quotation,
    "change_case:capital_word_frequency": _capitals,
    "change_case:english_capital": _all_capitals,
    "change_case:english_lowercase": _all_small,
    "punctuation:no_comma": _no_comma,
}
