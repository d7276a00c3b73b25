"""What a benchmark is to the rest of the program: one frozen record each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.datasets.request import DatasetRequest, TaskSet
from benchmarks.scripts import prompt_files
from benchmarks.scripts.defaults import MAX_TOKENS
from benchmarks.scripts.prompt_files import Prompt

SCRIPTS = Path(__file__).resolve().parent / "scripts"
DEFAULT_PROMPT = "v1"
JUDGED = "judged"
"""The evaluator of texts that wait for a judge."""
PROMPTED = SCRIPTS / "prompted.py"
"""The script of every benchmark whose prompt is a template over a task's texts."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One benchmark: where its tasks come from, who asks them, who reads and who judges the replies."""

    name: str
    title: str
    script: Path
    open_tasks: Callable[[DatasetRequest], TaskSet]
    answer_parser: str
    """A name in the registry of answer parsers."""
    evaluator: str
    """A name in the registry of evaluators."""
    votes_by: str
    """A name in the registry of vote keys: what makes two answers the same when votes are counted."""
    licence: str
    """Of the tasks."""
    citation: str
    options: frozenset[str] = frozenset()
    """Of: ``start_date``, ``end_date``, ``grading``, ``constrained``, ``subjects``, ``subset``: what means something
    here and not everywhere."""
    has_demo: bool = False
    """Whether ``--problems-file demo`` means something, and is the default for the demo model."""
    upstream_parser: str | None = None
    """The parser under ``--grading upstream``, where the published grader reads replies in another way."""
    max_tokens: int | None = None
    """Tokens a reply may have; None: as ``scripts/defaults`` says."""
    prompts: Mapping[str, Mapping[str, str]] | None = None
    """Of a benchmark or a folder of one's own: version → role → template. None: files under ``prompts/<name>/``."""
    temperature: float = 0.0
    """What ``--temperature`` is when it is not given; several texts of one task need more than 0."""
    needs: tuple[str, ...] = ()
    """Modules of the extra ``benchmarks`` that judging its answers takes."""
    shipped: bool = False
    """Whether its tasks come with this program, or a package that it needs; others are fetched when asked for."""
    shown_reference: str | None = None
    """The field of a reference that a page may show beside an answer; None: none, lest hidden tests get published."""
    files: tuple[Path, ...] = ()
    """Of a benchmark of one's own: the files that say what it asks, beside its prompts. Others are known by name."""

    @property
    def default_max_tokens(self) -> int:
        """Tokens a reply may have when ``--max-tokens`` does not say otherwise."""
        return MAX_TOKENS[self.name] if self.max_tokens is None else self.max_tokens

    @property
    def prompt_versions(self) -> tuple[str, ...]:
        """The values ``--prompt-version`` can take."""
        return prompt_files.versions(self.name) if self.prompts is None else tuple(self.prompts)

    @property
    def default_prompt(self) -> str:
        """``v1``, or the first there is."""
        versions = self.prompt_versions
        return DEFAULT_PROMPT if DEFAULT_PROMPT in versions or not versions else versions[0]

    def prompt(self, version: str) -> Prompt:
        """The templates of that version. UsageError when there is none of that name."""
        if self.prompts is None or version not in self.prompts:
            return prompt_files.load(self.name, version)
        return Prompt(self.prompts[version])

    def prompt_sha256(self, version: str) -> str:
        """Of the templates as they stand: an edited prompt is another prompt, whatever its version is called."""
        if self.prompts is None:
            return hashlib.sha256((prompt_files.FOLDER / self.name / f"{version}.txt").read_bytes()).hexdigest()
        return hashlib.sha256(json.dumps(dict(self.prompt(version).sections), sort_keys=True).encode()).hexdigest()

    def roles(self, version: str) -> tuple[str, ...]:
        """The roles that its messages may have, in their order."""
        return prompt_files.roles_of(self.prompt(version))

    @property
    def is_judged(self) -> bool:
        """Whether its texts wait for a judge, a person or a model, and have no score until then."""
        return self.evaluator == JUDGED

    @property
    def graded_two_ways(self) -> bool:
        """Whether ``--grading`` means something here."""
        return "grading" in self.options

    def parser(self, grading: str) -> str:
        """The answer parser under that way of grading."""
        return self.upstream_parser if grading == "upstream" and self.upstream_parser else self.answer_parser
