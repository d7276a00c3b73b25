"""Records side by side: what ``compare`` shows, as plain rows of numbers that any report can render.

A row is one run in one group of runs that are held against one another. Groups, within a benchmark:

* ``quantizations`` of one base model, against its largest (or against ``--baseline``, across models);
* ``strategies``: one model on the same tasks under several strategies, against the one that always draws most;
* ``models``, each at the largest quantization there is, against the one with the best score: where at least two were
  asked the same tasks alike;
* ``before and after``: one model under another server build, backend or prompt version, against the version before.

What the second of two chained models was asked is part of another run and has no row of its own (``passed_on_by``).
So a run has one row under ``quantizations`` and may have others. A row is a mapping that JSON can hold; a key whose
value is unknown is absent:

===========================  ========================================================================================
``group``                    one of the above; ``benchmark``: its name
``model``                    label as in the record
``base``                     base name; ``quantization``: its quantization
``run_id``                   the run behind the row; ``timestamp``: when it ended; ``status``: ``complete`` or
                             ``incomplete``
``origin``                   program that ran it, where that was another and its results were imported
``unjudged``                 true: its texts wait for a judge, so it has no score; it is held against nothing, nor
                             is one that a judge scored, of which no task passed or failed
``judge``                    who scored its texts, and by which rubric: ``anna (tip-v1)``
``score``                    percent; ``interval`` and ``bounds``: ``[low, high]`` in percent
``total_passed``             tasks; ``total_problems``: tasks that count
``validity``                 ``ok`` or ``suspect``; ``reasons``: one line each
``tokens_per_second``, ``time_taken_s``, ``size_bytes``, ``ram_bytes``, ``vram_bytes``, ``isolation``
``energy_per_solved_j``      joules a task that was passed, where energy was measured
``energy_of``                what was metered for it: ``["cpu", "gpu"]``
``pareto``                   true: on the front over score, speed and memory; see ``analysis.pareto``
``settings``                 the settings in which this row differs from others of the same model and benchmark
``version``                  before and after: ``{"backend", "prompt_version", "server_build"}``, those that differ;
                             ``told_by``: names that are enough to tell these versions apart
``strategy``, ``budget``     its name and the most samples a task, where rows differ in it; ``selector``,
                             ``confidence``, ``window``
``limits``                   strategies: what the whole run could use: ``tokens``, ``seconds``, ``joules``
``then``                     strategies: the model that was asked the tasks which the first one passed on
``samples``                  requests a task; ``completion_tokens``: a task; ``times_tokens``: against the baseline's
``oracle``                   percent of the tasks of which any sample is right
``audit``                    ``[tasks asked twice, texts that differed, verdicts that differed]``, where it was audited
``decision``                 what ``--until-decided`` came to, as in the record (see ``analysis.decision``)
``is_baseline``              whether others are held against it
``baseline``                 label of the run it is held against; absent when it is that run itself or none is there
``baseline_run_id``          its id; ``baseline_validity``: whether its score can be trusted
``difference``               points against the baseline, on the same tasks; ``difference_interval``: Tango's, 95 %
``p_value``                  exact McNemar, two-sided, of that difference alone
``p_corrected``              the same after Holm's correction for ``comparisons``: how many are made in the group
``flips``                    ``[tasks only the baseline passed, tasks only this run passed]``
``lost``, ``won``            their names, where they were asked for
``same_verdicts``            percent of the tasks on which both passed or both failed
``would_have_shown``         the smallest difference in points that so many tasks show in 4 of 5 cases (power 0.8)
``within_noise``             whether the two runs disagree on no larger share of tasks than one of them does with
                             itself; absent where neither was audited
``times_as_fast``            tokens per second against the baseline's, on the same machine; ``faster_by``: settings
                             that decide speed and differ, ``{name: [baseline's, this run's]}``
``size_difference_bytes``    of the files
``against``                  in words: ``clearly lower``, ``clearly higher``, ``no clear difference`` or
                             ``unpaired: <why>``
===========================  ========================================================================================
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import groupby

from analysis.against import against, judge
from analysis.by_strategy import but_strategy, by_strategy, several
from analysis.groups import base_and_quantization, order
from analysis.pairs import STRATEGY, decisive
from analysis.pareto import fronts
from analysis.ranking import models
from analysis.rows import QUANTIZATIONS, Placed, Record, Row, differing, known, row_of, settings_of
from analysis.versions import before_and_after
from core.errors import UsageError
from core.judged_in_record import is_for_judges, judge_of, without_those_judged
from core.lookup import text_at, value_at
from core.strategy_in_record import told
from core.task_ids import natural_key


def compare_runs(records: Iterable[Record], *, benchmark: str | None = None, baseline: str | None = None,
                 every_run: bool = False, listed: bool = False) -> list[Row]:
    """Rows sorted by benchmark, group, base name and size, larger first; models by score.

    Of runs alike in model, quantization, benchmark and settings the latest is shown, all with ``every_run``.
    ``baseline``: a model's label, or a base name for its largest quantization; every run is then held against it.
    ``listed``: with the names of the tasks that flipped. Raises UsageError when ``benchmark`` or ``baseline`` is in no
    record.
    """
    every = [dict(record) for record in records if "passed_on_by" not in record]  # quicker to look into than Records
    every = without_those_judged(every)
    of_it = [record for record in every if benchmark is None or text_at(record, "benchmark") == benchmark]
    if benchmark is not None and not of_it:
        there = sorted({text_at(record, "benchmark") or "" for record in every})
        raise UsageError(f"the ledger has no run of {benchmark!r}; it has {', '.join(there) or 'no runs yet'}")
    of_it.sort(key=_when, reverse=True)
    of_it.sort(key=order)
    if baseline is not None and not any(_is_called(record, baseline) for record in of_it):
        called = ", ".join(dict.fromkeys(text_at(record, "model") or "" for record in of_it))
        raise UsageError(f"no run of the baseline {baseline!r} is among those compared; there are {called or 'none'}")
    shown = of_it if every_run else sorted(_latest(of_it), key=order)
    on_front = fronts([record for record in shown if not is_for_judges(record)])
    older = _by_benchmark(of_it)
    found: list[Placed] = []
    for name, group in _by_benchmark(shown).items():
        found += _quantizations(group, baseline, listed=listed)
        graded = [record for record in group if not is_for_judges(record)]
        found += by_strategy(graded, listed=listed) if baseline is None else []
        found += models(graded, listed=listed) if baseline is None else []
        found += before_and_after([each for each in older[name] if not is_for_judges(each)], listed=listed)
    return [known({**row, "pareto": True if id(record) in on_front else None}) for record, row in found]


def _when(record: Record) -> str:
    return str(value_at(record, "timestamp") or "")


def _by_benchmark(records: Sequence[Record]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(text_at(record, "benchmark") or "", []).append(record)
    return found


def _latest(records: Sequence[Record]) -> list[Record]:
    """The last of each kind by timestamp; among equal timestamps the one that stands later in the ledger."""
    found: dict[str, Record] = {}
    for record in sorted(records, key=_when):
        kind = (text_at(record, "benchmark"), *base_and_quantization(record), text_at(record, "tasks_sha256"),
                settings_of(record), judge_of(record))
        name = json.dumps(kind, sort_keys=True, default=str)
        found.pop(name, None)  # so that their order is that of the latest runs, whatever was run before them
        found[name] = record
    return list(found.values())


def _quantizations(records: Sequence[Record], baseline: str | None, *, listed: bool) -> list[Placed]:
    """The rows of one benchmark by base name; with a ``baseline`` they are one group, else each base name is."""
    found: list[Placed] = []
    named = _named(records, baseline)
    for _, group in groupby(records, key=lambda record: base_and_quantization(record)[0]):
        members = list(group)
        if baseline is None and several(members) and not is_for_judges(members[0]):
            continue  # there is no other quantization to hold them against: they stand under ``strategies``
        largest = _same_quantization(members)
        heads = named if baseline is not None else largest if len(largest) < len(members) else []
        placed: list[Placed] = []
        named_by_strategy = len({decisive(record) for record in members}) > len(
            {decisive(record, STRATEGY) for record in members})
        for _, alike in groupby(members, key=lambda record: base_and_quantization(record)[1]):
            same = sorted(alike, key=_prompt)
            for record, settings in zip(same, differing([settings_of(record) for record in same]), strict=True):
                row = row_of(record) | {"group": QUANTIZATIONS, "settings": settings}
                if named_by_strategy:
                    row |= told(record) | {"settings": but_strategy(settings)}
                held = {} if is_for_judges(record) else against(record, heads, listed=listed)
                placed.append((record, row | held))
        if baseline is None:
            judge([row for _, row in placed])
        found += placed
    if baseline is not None:
        judge([row for _, row in found])
    return found


def _prompt(record: Record) -> tuple[object, ...]:
    """Texts that are judged stand in the order of their prompts, whichever was asked last."""
    return natural_key(text_at(record, "config", "prompt_version") or "") if is_for_judges(record) else ()


def _named(records: Sequence[Record], name: str | None) -> list[Record]:
    """The records that ``name`` means: those with that label, else the largest quantization of that base name."""
    called = [record for record in records if name is not None and _is_called(record, name)]
    labelled = [record for record in called if base_and_quantization(record)[0] != name]
    return labelled or _same_quantization(called)


def _same_quantization(records: Sequence[Record]) -> list[Record]:
    """Those with the quantization of the first, which is the largest."""
    return [record for record in records if base_and_quantization(record) == base_and_quantization(records[0])]


def _is_called(record: Record, name: str) -> bool:
    """Whether ``name`` means this record's model: its label, or base and quantization; or its base name."""
    base, quantization = base_and_quantization(record)
    return name in {text_at(record, "model"), base, f"{base}:{quantization}"}
