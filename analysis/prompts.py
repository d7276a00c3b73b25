"""Whether the prompts reached the model, by the server's count of their tokens.

A chat template that forgets the message, a proxy that sends an empty one, leave replies that look like those of a bad
model. But a prompt that is dropped cannot be counted: every task then has the same number of prompt tokens, whatever
its text, or far fewer than any tokenizer makes of so many characters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from core.records import Json, Sample

MIN_TASKS = 3
LONGER = 1.5
"""The longest prompt must have so many times the characters of the shortest before equal token counts say anything."""
MIN_SPREAD_CHARS = 200
MAX_SPREAD_TOKENS = 2
CHARS_PER_TOKEN = 16.0
"""Code and English take 3 to 5 characters a token, indented code up to 8; nobody's tokenizer averages 16 over a whole
prompt."""


class Sent(NamedTuple):
    """One prompt: its characters as they were sent, and its tokens as the server counted them."""

    task_id: str
    chars: int
    tokens: int
    exact: bool
    """The script told the characters; else they are those of the task, of which a script may send a part."""


def sent(samples: Iterable[Sample], prompts: Mapping[str, Mapping[str, Json]]) -> list[Sent]:
    """A line a task whose prompt tokens are known; ``prompts``: the fields of each task's prompt."""
    found: dict[str, Sent] = {}
    for sample in samples:
        if not sample.prompt_tokens or sample.task_id in found:
            continue  # 0 tokens are what a server says that does not count
        exact = sample.prompt_chars is not None
        chars = sample.prompt_chars if sample.prompt_chars is not None else _chars(prompts.get(sample.task_id, {}))
        found[sample.task_id] = Sent(sample.task_id, chars, sample.prompt_tokens, exact)
    return sorted(found.values(), key=lambda line: (line.chars, line.task_id))


def dropped_because(lines: list[Sent]) -> str | None:
    """Why the prompts seem not to have reached the model, in a clause; None where they did or nothing can be said."""
    if len(lines) < MIN_TASKS:
        return None
    shortest, longest = lines[0], lines[-1]
    tokens = [line.tokens for line in lines]
    between = f"prompts of {shortest.chars:,} to {longest.chars:,} characters"
    apart = longest.chars >= LONGER * shortest.chars and longest.chars - shortest.chars >= MIN_SPREAD_CHARS
    if apart and max(tokens) - min(tokens) <= MAX_SPREAD_TOKENS:
        return f"{between} all came to {max(tokens):,} tokens"
    known = [line for line in lines if line.exact and line.chars]
    if len(known) >= MIN_TASKS and all(line.chars > CHARS_PER_TOKEN * line.tokens for line in known):
        return f"{between} came to at most {max(tokens):,} tokens"
    return None


def _chars(fields: Mapping[str, Json]) -> int:
    return sum(len(value) for value in fields.values() if isinstance(value, str))
