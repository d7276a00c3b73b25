"""Which ways of asking make sense where texts wait for a judge, and which where they do not."""

from __future__ import annotations

from core.errors import UsageError
from runner.request import Request
from runner.work import Work
from strategies.candidates import NAME as CANDIDATES

_FOR_JUDGES = frozenset({"single", CANDIDATES})


def refuse_unjudgeable(request: Request, work: Work) -> None:
    """UsageError for candidates that nobody judges, for choosing among texts that nobody has judged, and for
    candidates that would all be the same.
    """
    name = work.cell.benchmark
    strategies = [work.strategy.name, *(each.strategy.name for each in work.replays)]
    if not work.is_judged:
        if CANDIDATES in strategies:
            raise UsageError(f"--n-candidates: {name} is graded by a program, and no judge sees its replies; for "
                             "several samples a task give --strategy sc_fixed --n N.")
        return
    others = [each for each in strategies if each not in _FOR_JUDGES]
    if others:
        raise UsageError(f"--strategy {others[0]}: the texts of {name} wait for a judge, so none can be chosen among "
                         "them; give --n-candidates N, and each is judged.")
    for flag, given in (("--until-decided", request.until_decided), ("--fallback", request.chain),
                        ("--budget-...", request.budget)):
        if given:
            raise UsageError(f"{flag}: it goes by answers, and the texts of {name} wait for a judge; leave it out.")
    if work.strategy.budget() > 1 and (not work.sampling.temperature or work.sampling.top_k == 1):
        flag = "--top-k 1" if work.sampling.temperature else "--temperature 0"
        raise UsageError(f"{flag}: all {work.strategy.budget()} candidates of a task would be the same; leave it out, "
                         "or give a temperature, e.g. --temperature 0.8.")
