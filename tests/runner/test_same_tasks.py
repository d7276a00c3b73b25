"""What is refused of models that are asked together."""

from __future__ import annotations

import pytest

from core.errors import UsageError
from core.records import ModelInfo
from runner.choosing import work_for
from runner.observer import Hooks, Quiet
from runner.plan import Cell
from runner.request import Request, StrategyChoice, TaskChoice, UntilDecided
from runner.same_tasks import refuse_other_tasks
from runner.work import Work
from servers.models import resolve
from servers.spec import ServerSettings

HOOKS = Hooks(Quiet(), lambda: False, lambda _question: True)
MINI = ModelInfo("gpt-4o-mini", backend="openai")


def planned(problems: str | None) -> tuple[Request, list[list[Work]]]:
    models = (resolve("demo"), MINI)
    request = Request(models, ("math",), ServerSettings(), tasks=TaskChoice(limit=3, problems_file=problems),
                      until_decided=UntilDecided())
    return request, [[work_for(request, Cell(model, "math", StrategyChoice()), HOOKS)] for model in models]


def test_models_that_would_be_asked_different_tasks_are_not_asked_by_turns() -> None:
    with pytest.raises(UsageError, match=r"--until-decided: demo-5M:Q8_0 and gpt-4o-mini would be asked different"):
        refuse_other_tasks(*planned(None))


def test_the_same_tasks_are_no_trouble() -> None:
    refuse_other_tasks(*planned("demo"))
