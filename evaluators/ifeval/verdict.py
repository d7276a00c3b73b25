"""IFEval's verdict: right is a reply that follows every instruction of its prompt, to the letter.

That is the published *prompt-level strict* accuracy. ``Verdict.fields`` has an entry for each instruction (strict), and
``loose``: whether all are followed when stars, the first line or the last line may be left out, as published.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.outcomes import Outcome
from core.records import Answer, Verdict
from evaluators.box import Box
from evaluators.ifeval.instructions import CHECKS
from evaluators.ifeval.language import NoDetector
from evaluators.sandbox.protocol import shown

_MOST = 400_000
_MISSING = "the package langdetect is not installed; ./setup --with benchmarks"


def evaluate(task_id: str, reference: Mapping[str, Any], answer: Answer, box: Box) -> Verdict:  # noqa: ARG001 - pure
    """``reference``: instruction_id_list, and kwargs, its settings in the same order. The value is the reply's text."""
    names, settings = reference.get("instruction_id_list"), reference.get("kwargs")
    if not isinstance(names, list) or not isinstance(settings, list) or not names or len(names) != len(settings):
        return Verdict(Outcome.HARNESS_FAULT, f"task {task_id} has no instructions to check")
    if not isinstance(answer.value, str) or len(answer.value) > _MOST:
        return Verdict(Outcome.WRONG, f"{shown(answer.value, 60)} is no reply to be checked")
    asked = list(zip(names, settings, strict=True))
    try:
        followed = [CHECKS[name](answer.value, how) for name, how in asked]
        loose = all(any(CHECKS[name](text, how) for text in _loosened(answer.value)) for name, how in asked)
    except NoDetector:
        return Verdict(Outcome.HARNESS_FAULT, _MISSING)
    except (KeyError, TypeError, ValueError) as error:
        told = f"task {task_id} has an instruction that cannot be checked: {error!r}"
        return Verdict(Outcome.HARNESS_FAULT, told[:200])
    fields = {f"{number}:{name}": found for number, (name, found) in enumerate(zip(names, followed, strict=True), 1)}
    missed = [name for name, found in zip(names, followed, strict=True) if not found]
    detail = f"not followed: {', '.join(missed)}" if missed else ""
    return Verdict(Outcome.WRONG if missed else Outcome.CORRECT, detail[:300], fields=fields | {"loose": loose})


def _loosened(reply: str) -> list[str]:
    lines = reply.split("\n")
    ways = [reply, *("\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1]))]
    return [text for way in ways for text in (way, way.replace("*", "")) if text.strip()]


