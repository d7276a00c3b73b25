"""An answer parser by its name: ours, or an installed package's."""

from __future__ import annotations

from core.errors import UsageError
from parsers.answers.registry import ANSWER_PARSERS
from parsers.answers.reply import AnswerParser
from system import plugins


def parser_named(name: str) -> AnswerParser:
    """UsageError where there is none."""
    if name in ANSWER_PARSERS:
        return ANSWER_PARSERS[name]
    found: AnswerParser | None = plugins.load(plugins.PARSERS, name)
    if not callable(found):
        raise UsageError(f"there is no answer parser {name!r}; there are {', '.join(ANSWER_PARSERS)}, and plug-ins")
    return found
