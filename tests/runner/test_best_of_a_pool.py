"""What selectors are worth, on stored replies of the demo model: eight of each of the 100 demo extractions.

``pools/extraction_demo_5m_q8_0_t08_n8.jsonl`` holds what ``demo-5M-Q8_0.gguf`` said at temperature 0.8 with seed 1, at
four slots, by ``benchmarks/scripts/extraction.py --n 8 --logprobs``. Nothing here asks a model: the numbers are exact.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.datasets.request import DatasetRequest
from benchmarks.table import BENCHMARKS
from core.outcomes import Outcome
from core.records import Sample
from evaluators import extraction
from evaluators.pool import Programs, VerifierPool
from parsers.answers.registry import ANSWER_PARSERS
from runner.evidence_of_candidates import Evidence
from strategies.base import Candidate
from strategies.best_of_n import BestOfN
from strategies.sc_fixed import ScFixed
from strategies.single import Single

POOL = Path(__file__).with_name("pools") / "extraction_demo_5m_q8_0_t08_n8.jsonl"
EXTRACTION = BENCHMARKS["extraction"]


@cache
def candidates() -> Mapping[str, list[Candidate]]:
    """Of each task, as the runner would hand them to a strategy."""
    tasks = EXTRACTION.open_tasks(DatasetRequest("demo"))
    asked = {task.task_id: task for task in tasks.tasks}
    found: dict[str, list[Candidate]] = defaultdict(list)
    with VerifierPool(programs=Programs(needed=False)) as pool:
        evidence = Evidence(EXTRACTION, replace(tasks, read_reference=_refuse), frozenset({"schema", "logprob"}), pool)
        for line in POOL.read_text(encoding="utf-8").splitlines():
            fields = json.loads(line)
            sample = Sample(index=fields.pop("sample"), **fields)
            task = asked[sample.task_id]
            answer = ANSWER_PARSERS[EXTRACTION.answer_parser](sample, task.prompt)
            known = evidence.of(task, sample, answer, _refuse)
            found[sample.task_id].append(Candidate(sample, answer, known.key, known.merits))
    return found


def _refuse(_what: object) -> Any:
    raise AssertionError("a selector asked for the reference, or for more time")


@cache
def passed() -> Mapping[tuple[str, int], bool]:
    """What the evaluator says of every candidate, whichever is chosen."""
    tasks = EXTRACTION.open_tasks(DatasetRequest("demo"))
    return {(task_id, one.sample.index): one.answer.value is not None and extraction.evaluate(
        task_id, tasks.reference(task_id), one.answer, None).outcome is Outcome.CORRECT  # type: ignore[arg-type]  # pure
        for task_id, here in candidates().items() for one in here}


def solved(strategy: Any) -> set[str]:
    """The tasks whose chosen candidate is right."""
    chosen = {task_id: strategy.choose(here) for task_id, here in candidates().items()}
    return {task_id for task_id, at in chosen.items() if passed()[task_id, candidates()[task_id][at].sample.index]}


def test_the_pool_is_whole() -> None:
    assert len(candidates()) == 100
    assert {len(here) for here in candidates().values()} == {8}


def test_the_best_by_schema_and_agreement_beats_a_single_sample_at_the_same_temperature() -> None:
    best, single = solved(BestOfN(8, ("schema", "agreement"))), solved(Single())
    each = [sum(passed()[task_id, index] for task_id in candidates()) for index in range(8)]
    assert (len(best), len(single)) == (21, 13)
    assert len(best) > max(each), "better than every one of the eight single runs that the pool holds"
    assert (len(best - single), len(single - best)) == (8, 0)  # exact McNemar: p = 0.008


def test_what_selectors_leave_on_the_table_is_seen_by_the_oracle() -> None:
    oracle = sum(any(passed()[task_id, one.sample.index] for one in here) for task_id, here in candidates().items())
    assert oracle == 32
    scores = {name: len(solved(BestOfN(8, (name,)))) for name in ("agreement", "schema", "logprob")}
    assert scores == {"agreement": 21, "schema": 21, "logprob": 23}
    assert len(solved(ScFixed(8))) == 20
