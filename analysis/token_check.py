"""Our count of a run's tokens against the server's own. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.records import Sample

AGREE = "as the server counts them"


@dataclass(frozen=True, slots=True)
class Tokens:
    """Of prompts those worked off, without what came from a cache; and those of replies."""

    prompt: int
    completion: int
    within: int = 0
    """How far off either number may be: a server that prints six digits rounds what is over a million."""

    def since(self, before: Tokens) -> Tokens | None:
        """What came since then; None where the counter began again."""
        prompt, completion = self.prompt - before.prompt, self.completion - before.completion
        unsure = self.within + before.within
        return Tokens(prompt, completion, unsure) if min(prompt, completion) >= -unsure else None


def ours(samples: Iterable[Sample]) -> Tokens | None:
    """What the samples say together; None as soon as one does not say."""
    prompt = completion = 0
    for sample in samples:
        if sample.prompt_tokens is None or sample.completion_tokens is None:
            return None
        prompt += sample.prompt_tokens - (sample.cached_tokens or 0)
        completion += sample.completion_tokens
    return Tokens(prompt, completion)


def compared(own: Tokens, servers: Tokens, unfinished: int) -> str:
    """A clause for the record. ``unfinished``: replies that were cut short, and requests that brought none: what the
    server had done for them, and did until it noticed, is in its count alone.
    """
    more = {"prompt": servers.prompt - own.prompt, "completion": servers.completion - own.completion}
    apart = [f"{abs(tokens):,} {what} token{'s' if abs(tokens) != 1 else ''} {'more' if tokens > 0 else 'fewer'}"
             for what, tokens in more.items() if abs(tokens) > servers.within]
    if not apart:
        return AGREE if not servers.within else f"{AGREE}, to the six digits that it prints"
    why = f", with {unfinished:,} {'reply' if unfinished == 1 else 'replies'} cut short or lost" if unfinished else ""
    return f"the server counts {' and '.join(apart)}{why}"
