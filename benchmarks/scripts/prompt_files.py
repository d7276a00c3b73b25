"""Prompts, as text files: ``benchmarks/prompts/<benchmark>/<version>.txt``.

A file has sections, each under a line ``[[role]]`` or ``[[role field]]``; ``[[end]]`` ends the last, so that blank
lines before it count. A section's text goes without its last line break. ``[[role field]]`` stands in for
``[[role]]`` when the task's ``field`` is not empty. ``{field}`` is replaced by the task's text, once: braces in a
task stay as they are. ``[[stop]]`` lists texts, one a line, that end a reply: few-shot prompts need them, lest a model
go on with a question of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import UsageError

FOLDER = Path(__file__).resolve().parents[1] / "prompts"
_HEAD = re.compile(r"^\[\[(?P<name>[a-z_]+(?: [a-z_]+)?)\]\]\n", re.MULTILINE)
FIELD = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
"""A place where a task's text goes."""
_ROLES = ("system", "user")


@dataclass(frozen=True, slots=True)
class Prompt:
    """One version of a benchmark's prompt: section name → text."""

    sections: Mapping[str, str]

    @property
    def stops(self) -> list[str]:
        """Texts at which the server is to end a reply."""
        return [line for line in self.sections.get("stop", "").split("\n") if line]

    def messages(self, fields: Mapping[str, str]) -> list[dict[str, str]]:
        """The chat messages that put a task with these fields."""
        messages = []
        for role in _ROLES:
            variants = [
                name for name in self.sections if name.startswith(f"{role} ") and fields.get(name.partition(" ")[2])
            ]
            section = self.sections.get(variants[0] if variants else role)
            if section is not None:
                content = FIELD.sub(lambda found: fields.get(found[1], found[0]), section)
                messages.append({"role": role, "content": content})
        return messages


def versions(benchmark: str) -> tuple[str, ...]:
    """The names of the benchmark's prompt versions, sorted."""
    return tuple(sorted(path.stem for path in (FOLDER / benchmark).glob("*.txt")))


def roles_of(prompt: Prompt) -> tuple[str, ...]:
    """The roles that its messages may have, in their order."""
    names = {name.partition(" ")[0] for name in prompt.sections}
    return tuple(role for role in _ROLES if role in names)


def load(benchmark: str, version: str) -> Prompt:
    """The prompt of that version; UsageError lists those there when it is not among them."""
    known = versions(benchmark)
    if version not in known:
        raise UsageError(f"--prompt-version {version!r}: {benchmark} has no such prompt; there are: {', '.join(known)}")
    return parse((FOLDER / benchmark / f"{version}.txt").read_text(encoding="utf-8"))


def parse(text: str) -> Prompt:
    """The sections of a prompt's text; what stands before the first is none of them."""
    parts = _HEAD.split(text)[1:]
    sections = dict(zip(parts[::2], parts[1::2], strict=True))
    return Prompt({name: body.removesuffix("\n") for name, body in sections.items() if name != "end"})
