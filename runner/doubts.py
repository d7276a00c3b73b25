"""What is known against a score, out of a cell's outcome, for ``analysis.validity`` and ``analysis.hints``. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.hints import Cuts
from analysis.loops import is_looping
from analysis.prompts import dropped_because, sent
from analysis.scores import Scores
from analysis.validity import Evidence, empty_replies
from core.outcomes import Outcome
from core.records import Endpoint, Sample
from parsers.answers.reply import was_cut
from runner.outcome import CellOutcome
from runner.request import Request
from runner.tries import TOO_LONG
from servers.echo import Echo


@dataclass(frozen=True, slots=True)
class Doubts:
    """The two together, from one look at the replies."""

    evidence: Evidence
    cuts: Cuts


def doubts(request: Request, endpoint: Endpoint, outcome: CellOutcome, scores: Scores, echo: Echo) -> Doubts:
    """Counted in tasks, by the reply that counts for each."""
    work, collection = outcome.prepared.work, outcome.collection
    odd, samples = collection.odd, [sample for sample in collection.samples() if sample.task_id in collection.tasks]
    max_tokens, ctx_size = work.sampling.max_tokens, endpoint.ctx_size
    looping = cut_looping = cut_thinking = cut_context = unclosed = stopped = 0
    for reply in collection.counted():
        loops = is_looping(reply.sample, request.sampling.loop)
        looping += loops
        if reply.verdict.outcome is not Outcome.TRUNCATED:
            continue
        thinks = not loops and not reply.answer.thinking_closed
        full = not loops and fills(reply.sample, max_tokens, ctx_size)
        cut_looping += loops
        unclosed += thinks
        stopped += thinks and not was_cut(reply.sample)
        cut_thinking += thinks and not full
        cut_context += full
    too_long = sum(result.verdict is not None and result.verdict.detail == TOO_LONG for result in collection.results())
    truncated = scores.outcomes.get(Outcome.TRUNCATED, 0)
    prompts = {task.task_id: task.prompt for task in work.tasks}
    evidence = Evidence(
        tasks_asked=len(work.tasks),
        outcomes=scores.outcomes,
        bounds=scores.bounds,
        empty=empty_replies(samples),
        looping=looping,
        cut_looping=cut_looping,
        cut_thinking=cut_thinking,
        cut_context=cut_context + too_long,
        prompt_dropped=echo.prompt_dropped or dropped_because(sent(samples, prompts)),
        sampling_ignored=echo.sampling_ignored,
        duplicates=odd.duplicates,
        requests=len(collection.samples()) + odd.failed_requests,
        requests_failed=odd.failed_requests,
        ctx_asked=request.server.ctx_size,
        ctx_effective=ctx_size,
        chat_template=work.cell.model.has_chat_template if work.benchmark else None,
        extra_reasons=tuple(_oddities(outcome)),
    )
    cuts = Cuts(
        answered=sum(scores.outcomes.values()) - scores.outcomes.get(Outcome.LOST, 0),
        by_limit=truncated - cut_looping - cut_context - too_long - stopped,
        by_context=cut_context + too_long,
        looping=cut_looping,
        stopped=stopped,
        unclosed=unclosed,
        max_tokens=max_tokens,
        longest_prompt=max((s.prompt_tokens for s in samples if s.prompt_tokens is not None), default=None),
        ctx_size=ctx_size,
        ctx_train=work.cell.model.ctx_train,
        backend=endpoint.backend,
        greedy=not work.sampling.temperature,
    )
    return Doubts(evidence, cuts)


def fills(sample: Sample, max_tokens: int, ctx_size: int | None) -> bool:
    """Whether prompt and reply together filled the context before the reply had all its tokens."""
    prompt, reply = sample.prompt_tokens, sample.completion_tokens
    if prompt is None or reply is None or ctx_size is None:
        return False
    return reply < max_tokens and prompt + reply >= ctx_size - 1


def _oddities(outcome: CellOutcome) -> list[str]:
    odd, found = outcome.collection.odd, []
    if odd.unreadable:
        found.append(f"{odd.unreadable} lines of the script could not be read")
    if odd.unknown_tasks:
        found.append(f"{odd.unknown_tasks} samples were of tasks that were not asked")
    if odd.unasked:
        found.append(f"{odd.unasked} samples or failures were of places that nobody drew")
    return found


