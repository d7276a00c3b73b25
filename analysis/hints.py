"""Which flag to raise when not the model but a limit decided the score, one sentence each.

How long the replies wanted to be is estimated from the one thing that was seen: the share of them that were longer than
the limit. With lengths that fall off exponentially a limit of L with a share t above it leaves a share s above
``L * ln(s) / ln(t)``. That is a guess, so it is bounded: at least twice the limit, at most sixteen times.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

LEFT_OVER = 0.02
"""Share of replies that the suggested limit may still cut."""
LEAST, MOST, BLIND = 2, 16, 8
"""Times the present limit; ``BLIND`` where every reply was cut, so that nothing is known of their lengths."""
CTX_STEP = 1024


FIXED_CONTEXT: Final = frozenset({"transformers"})
"""Backends that take no --ctx-size."""


@dataclass(frozen=True, slots=True)
class Cuts:
    """What cut the replies of one run, counted in tasks."""

    answered: int
    """All tasks with a reply, or with a prompt too long for one."""
    by_limit: int = 0
    """Cut by the token limit, and neither by the context nor repeating themselves."""
    by_context: int = 0
    """Cut where prompt and reply together had filled the context; a prompt too long for it, too."""
    looping: int = 0
    """Cut while they repeated themselves."""
    stopped: int = 0
    """Not cut at all: the model ended its reply inside its thinking."""
    unclosed: int = 0
    """Of all these but the looping ones: inside thinking."""
    max_tokens: int = 1
    longest_prompt: int | None = None
    """Tokens."""
    ctx_size: int | None = None
    """Tokens a slot."""
    ctx_train: int | None = None
    """Tokens that the model was trained for."""
    backend: str = ""
    greedy: bool = True
    """Whether the temperature was 0."""


def hints(cuts: Cuts) -> list[str]:
    """One line for each thing that can be done, the most useful first; empty where nothing was cut."""
    return [*_of_limit(cuts), *_of_context(cuts), *_of_thinking(cuts), *_of_loops(cuts)]


def suggested_tokens(cut: int, finished: int, limit: int) -> int:
    """A limit that would let nearly all replies end: a power of two."""
    share = cut / (cut + finished)
    factor = BLIND if finished == 0 else math.log(LEFT_OVER) / math.log(share) if share > LEFT_OVER else LEAST
    return 1 << math.ceil(math.log2(limit * min(MOST, max(LEAST, factor))))


def _suggestion(cuts: Cuts) -> int:
    finished = cuts.answered - cuts.by_limit - cuts.by_context - cuts.looping - cuts.stopped
    return suggested_tokens(cuts.by_limit, max(0, finished), cuts.max_tokens)


def _of_limit(cuts: Cuts) -> Iterator[str]:
    if not cuts.by_limit:
        return
    wanted = _suggestion(cuts)
    room = _room(cuts, wanted)
    settable = cuts.ctx_size is not None and room > cuts.ctx_size and cuts.backend not in FIXED_CONTEXT
    with_context = f" --ctx-size {room}" if settable else ""
    yield (f"--max-tokens {wanted}{with_context}: {cuts.by_limit} of {cuts.answered} replies were cut at "
           f"{cuts.max_tokens} tokens, and about so many would let nearly all of them end{_beyond(cuts, room)}")


def _of_context(cuts: Cuts) -> Iterator[str]:
    if not cuts.by_context or cuts.ctx_size is None:
        return
    if cuts.backend in FIXED_CONTEXT:
        yield (f"a model of a longer context: that of {cuts.ctx_size} tokens, which its config sets, ended "
               f"{cuts.by_context} of {cuts.answered} tasks")
        return
    room = _up(max(_room(cuts, cuts.max_tokens), 2 * cuts.ctx_size))
    if cuts.ctx_train is not None and room > cuts.ctx_train > cuts.ctx_size:
        room = cuts.ctx_train
    yield (f"--ctx-size {room}: the context of {cuts.ctx_size} tokens a slot, not --max-tokens, ended "
           f"{cuts.by_context} of {cuts.answered} tasks{_beyond(cuts, room)}")


def _of_thinking(cuts: Cuts) -> Iterator[str]:
    if 2 * cuts.unclosed <= cuts.by_limit + cuts.by_context + cuts.stopped:
        return
    budget = max(1, cuts.max_tokens // 2)
    flags = {"llama-server": f"--server-arg=--reasoning-budget={budget}",
             "xllamacpp": f"--server-arg=sampling.reasoning_budget_tokens={budget}"}
    how = flags.get(cuts.backend, "a thinking budget where the server has one")
    yield f"{how}: {cuts.unclosed} of {cuts.answered} replies ended inside their thinking; this closes it in time"


def _of_loops(cuts: Cuts) -> Iterator[str]:
    if cuts.looping:
        how = "--temperature 0.6" if cuts.greedy else "another --temperature"
        yield (f"{how}, or another quantization: {cuts.looping} of {cuts.answered} replies repeat "
               "themselves, and more tokens would only repeat more")


def _room(cuts: Cuts, reply: int) -> int:
    return _up(reply + (cuts.longest_prompt or 0) + 1)


def _beyond(cuts: Cuts, room: int) -> str:
    if cuts.ctx_train is None or room <= cuts.ctx_train:
        return ""
    return f"; the model was trained for {cuts.ctx_train}, though, and may not keep up beyond"


def _up(tokens: int) -> int:
    return -(-tokens // CTX_STEP) * CTX_STEP
