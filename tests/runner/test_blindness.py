"""A strategy never learns what is right: neither a verdict nor anything of a reference reaches it."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import pytest

import strategies
from core.outcomes import Outcome
from core.records import Answer, Sample, Task, Verdict
from core.strategy import StrategySettings
from runner.appraisal import Appraisal
from runner.collect import Collection
from runner.narrowing import narrowed
from strategies import registry
from strategies.base import Candidate, Strategy

LETTERS = "bacabbacbabcaaba"
RIGHT = {"t/1": "a", "t/2": "b"}


@dataclass
class Overheard:
    """A real strategy, and all that it was ever told."""

    real: Strategy
    told: list[tuple[object, ...]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.real.name

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def more(self, candidates: Sequence[Candidate], drawn: int) -> int:
        self.told.append(("more", *candidates, drawn))
        return self.real.more(candidates, drawn)

    def choose(self, candidates: Sequence[Candidate]) -> int | None:
        self.told.append(("choose", *candidates))
        return self.real.choose(candidates)


def told(name: str, verdicts: dict[str, Outcome]) -> list[tuple[object, ...]]:
    """What the strategy hears in a whole run in which answers get these verdicts, each before it is asked again."""
    overheard = Overheard(registry.make(name, StrategySettings()))
    collection = Collection([Task(task_id, {"question": "?"}) for task_id in RIGHT], overheard, 3)
    draws = collection.opening()
    while draws:
        draw = draws.pop(0)
        for index in range(draw.sample, draw.sample + draw.count):
            letter = LETTERS[index % len(LETTERS)]
            collection.take(Sample(draw.task_id, index, letter), Answer(letter), Appraisal(letter, {"logprob": -0.5}))
            collection.settle((draw.task_id, index), Verdict(verdicts[letter], f"expected {RIGHT[draw.task_id]}"))
        more = collection.next_draw(draw.task_id)
        draws += [more] if more else []
    collection.results()
    narrowed(collection, overheard, 3).results()
    return overheard.told


@pytest.mark.parametrize("name", sorted(registry.STRATEGIES))
def test_a_strategy_hears_the_same_whatever_the_verdicts_are(name: str) -> None:
    right = told(name, dict.fromkeys("abc", Outcome.CORRECT))
    wrong = told(name, dict.fromkeys("abc", Outcome.WRONG))
    mixed = told(name, {"a": Outcome.CORRECT, "b": Outcome.CRASHED, "c": Outcome.TIMED_OUT})
    assert right == wrong == mixed
    assert any(said[0] == "choose" for said in right)
    assert "expected" not in repr(right)
    assert "Verdict" not in repr(right)


def test_a_candidate_has_no_place_for_a_verdict_or_a_reference() -> None:
    assert {each.name for each in fields(Candidate)} == {"sample", "answer", "key", "merits"}
    assert {each.name for each in fields(Appraisal)} == {"key", "merits", "whole"}


def test_no_strategy_knows_what_a_verdict_is() -> None:
    for path in Path(strategies.__file__).parent.glob("*.py"):
        tree = ast.parse(path.read_text())
        imported = {(node.module or "", name.name) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
                    for name in node.names}
        assert not any(module == "core.outcomes" or name in {"Verdict", "Verified"} for module, name in imported), path
