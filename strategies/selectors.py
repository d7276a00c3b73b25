"""What picks the best of several candidates, by name.

``agreement``  how many of the candidates gave the same answer
``schema``     whether the answer keeps to the task's schema (0 or 1)
``examples``   share of the examples in the prompt that the program passes
``logprob``    mean log-probability of the reply's tokens
``command:P``  the score that the user's own program P gives the answer

All of them are known without the answer key. They reach a strategy as a candidate's ``merits``, which someone else has
found out; ``agreement`` is counted here.
"""

from __future__ import annotations

import difflib

from core.errors import UsageError

AGREEMENT = "agreement"
COMMAND = "command"
LOGPROB = "logprob"
SELECTORS = (AGREEMENT, "schema", "examples", LOGPROB, COMMAND)
_SHOWN = ("agreement", "schema", "examples", "logprob", "command:PATH")


def merit_of(selector: str) -> str:
    """The name under which a candidate's merits hold what the selector looks at."""
    return selector.partition(":")[0]


def program_of(selector: str) -> str | None:
    """PATH of ``command:PATH``; None for the others."""
    name, _, path = selector.partition(":")
    return path if name == COMMAND else None


def check(selectors: tuple[str, ...]) -> tuple[str, ...]:
    """The same, when each is known and comes once; UsageError otherwise."""
    for selector in selectors:
        name, colon, path = selector.partition(":")
        if name not in SELECTORS or (colon and name != COMMAND):
            near = difflib.get_close_matches(name, _SHOWN, n=1, cutoff=0.5)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise UsageError(f"--selector: there is no selector '{selector}'{hint}; there is: {', '.join(_SHOWN)}.")
        if name == COMMAND and not path:
            raise UsageError("--selector command:PATH: say which program gives the score, e.g. command:./score.py.")
    names = [merit_of(selector) for selector in selectors]
    if double := sorted({name for name in names if names.count(name) > 1}):
        raise UsageError(f"--selector: {double[0]} is given twice; name each selector once, the most important first.")
    return selectors
