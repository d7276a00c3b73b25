"""Whether one of several samples is right, had somebody who knows the answers picked it.

``pass@k`` is the chance that at least one of k samples of a task is right. Of n samples with c right ones it is
estimated without bias by

    1 - C(n - c, k) / C(n, k),

the share of all choices of k samples that hold a right one (Chen et al., Evaluating Large Language Models Trained on
Code, 2021, arXiv 2107.03374, equation 1). ``pass@n`` is the same with k = n, whether any sample at all is right: what a
selector that knew the answers would reach, an upper bound for every strategy that has to do without them.

Both use the grading tests to choose, so neither is a score of a strategy, and both are shown under these names only.
"""

from __future__ import annotations

import math
from collections.abc import Iterable


def pass_at_k(samples: int, right: int, k: int) -> float:
    """The estimate of one task, 0 to 1. ValueError unless 0 <= right <= samples and 1 <= k <= samples."""
    if not 0 <= right <= samples or not 1 <= k <= samples:
        raise ValueError(f"pass@{k} of {samples} samples with {right} right ones: there is no such thing")
    return 1 - math.comb(samples - right, k) / math.comb(samples, k)


def mean_pass_at_k(tasks: Iterable[tuple[int, int]], k: int) -> float | None:
    """The mean over tasks, each (samples, right ones); None without tasks, or when one has fewer than k samples.

    Only samples with a verdict belong here: one that was lost, or that the harness failed to grade, is no sample.
    """
    found = list(tasks)
    if not found or any(samples < k for samples, _ in found):
        return None
    return math.fsum(pass_at_k(samples, right, k) for samples, right in found) / len(found)


def oracle(tasks: Iterable[tuple[int, int]]) -> float | None:
    """pass@n: the share of tasks of which any sample is right, each (samples, right ones); None without tasks."""
    found = [right > 0 for _, right in tasks]
    return sum(found) / len(found) if found else None
