"""One record of the ledger: the facts of one run. This docstring is the one place that lists every field with its unit.

History of the format (the field ``format``; a record without it was written before there was a number, or elsewhere):

    1   the first numbered format

Any record that has ``timestamp``, ``benchmark``, ``model`` and ``results`` can be read; every other field may be
absent. **Absent means unknown**: no field is null, NaN or a 0 that stands for "not measured". Fields that are not
listed here are kept as they are and shown by ``show``.

================================  ======================================================================================
field                             meaning (unit)
================================  ======================================================================================
``timestamp``                     when the run ended, UTC, ISO 8601 with Z
``benchmark``                     name in the table of benchmarks
``model``                         label for people: base name and quantization, ``demo-5M:Q4_K_M``
``format``                        the number above
``run_id``                        name of the folder ``runs/<run_id>/`` that holds everything behind this record
``fingerprint``                   SHA-256 of what decides the result; equal: the same run, see ledger/fingerprint.py
``cell``                          hash of what was asked (model, benchmark, tasks, strategy, sampling, prompt, what was
                                  given of the server's settings), 32 hex digits; equal: the same cell of a plan,
                                  whoever ran it (runner/cell_key.py)
``status``                        ``complete``; ``incomplete``: tasks lost, never asked, or not verified by our fault;
                                  ``decided``: of some of the tasks only, because ``--until-decided`` needed no more;
                                  everything about tasks is then about those that both models have done
``tasks_sha256``                  SHA-256 of the sorted task ids; two runs pair when it is equal
``replayed_from``                 id of the run whose samples these are: this strategy was put to them, and nothing was
                                  asked for it, so it has no times of its own; its tokens are those of the samples it
                                  uses
``passed_on_by``                  id of the run of which these tasks are a part: those that the first of two chained
                                  models passed on to this one
``judgement_of``                  id of the run whose texts were judged: this record has what one judge's scores of them
                                  come to, and of the run only its model, settings and validity
``joined_from``                   ids of both such runs, of the run that they come to together; its ``model`` names both
--------------------------------  --------------------------------------------------------------------------------------
``config``                        every setting in effect
``config.path``                   the model file
``config.base_name``              the model's name without quantization, from its header: ``demo-5M``
``config.quantization``           from its header: ``Q4_K_M``
``config.size_bytes``             all parts of the model file together (bytes)
``config.parameters``             number of weights
``config.architecture``           as the header names it
``config.backend``                ``xllamacpp``, ``llama-server`` or ``llama-cpp-python``; of a server that ran already
                                  ``llama.cpp``, or ``openai`` where that is all that is known of it
``config.server_build``           the server's version or build
``config.served_models``          of a provider: the versions that answered, as their replies name them
``config.base_url``               where a server that ran already was asked
``config.gpu_layers``             layers on the GPU (number, or ``all``), ``config.gpu_layers_of``: layers there are
``config.ctx_size``               context of one slot (tokens), ``config.ctx_size_asked``: where another was asked for
``config.slots``                  sequences decoded in parallel
``config.threads``                threads of the server
``config.server_args``            further arguments of the server, a list
``config.sampling``               ``temperature``, ``top_p``, ``top_k``, ``min_p``, ``max_tokens`` (tokens), ``seed``;
                                  what is absent was left to the server
``config.sampling_effective``     what the server says of its sampler for these requests, its own defaults among them;
                                  absent where it does not tell
``config.loop``                   what was stopped as a loop: ``period``, ``count``, ``span`` (characters, repeats,
                                  characters); absent where nothing was
``config.strategy``               ``single``, ``sc_fixed``, … (docs/strategies.md), and its settings: ``config.n``,
                                  ``config.max_n`` (samples a task), ``config.confidence``, ``config.window``,
                                  ``config.batch``, ``config.selector`` (a list, the first decides)
``config.budget``                 what the run could use in all: ``tokens`` (generated), ``seconds`` (of generation),
                                  ``joules``; absent without ``--budget-…``
``config.draws_by``               ``cascade``, ``fallback``: the strategy by which both models draw; ``config.margin``:
                                  a smaller lead is passed on; ``config.chain``: ``models`` (their labels) and
                                  ``passed_on`` (tasks)
``config.samples_per_task``       samples drawn for each task; absent where that differs from task to task
``config.scored_by``              ``script`` where the user's script printed the score itself; ``judge`` where its texts
                                  wait for a judge, or were scored by one (docs/judging.md); absent otherwise
``config.experiment``             the name that ``--experiment`` gave it; it decides nothing of what is asked
``config.prompt_version``         name of the prompt; absent where the user's script has its own
``config.prompt_sha256``          SHA-256 of its text
``config.grading``                ``native`` or ``upstream`` (lcb)
``config.isolation``              sandbox level reached by the verifiers
``config.verify_timeout_s``       limit of one verification (s), where ``--verify-timeout`` set it
``config.verify_time_factor``     by what published limits were multiplied, as this machine was timed; absent where
                                  ``--verify-timeout`` set one
``config.verify_python``          version of the Python that ran programs, where ``--python`` named one
``config.verify_preload``         modules that were loaded once for all programs
``config.request_timeout_s``      limit of one request (s)
``config.selection``              what of the data set was asked for: ``limit``, ``task_ids``, ``start_problem``,
                                  ``end_problem``, ``start_date``, ``end_date``
``config.until_decided``          ``order_seed`` (of the tasks' random order), ``margin_points`` (points), ``alpha``;
                                  absent without ``--until-decided``
``config.imported``               true where another program ran it and ``import`` read its files, and
                                  ``config.origin``: program and version. What its files do not tell is absent
``config.metric``                 imported: which of its scores counts; ``config.other_scores``: the others (percent);
                                  ``config.fewshot``: examples in the prompt
``config.constrained``            whether the schema was sent to the server (extraction)
``config.script``                 the benchmark script, where it is the user's own
``config.problems_file``          the data set's file or name, where it is not the benchmark's own
--------------------------------  --------------------------------------------------------------------------------------
``results.score``                 tasks passed (percent of ``total_problems``); absent when no task counted
``results.pass_at``               ``{k: percent}``: the chance that any of k samples of a task is right, estimated
                                  without bias (``analysis.passk``); of strategies that always draw as many
``results.candidates``            of texts that a judge scores: ``{outcome: number of texts}``, all that were drawn; of
                                  such a run ``score`` and all counts of tasks passed are absent
``results.oracle``                tasks of which any sample that was drawn is right (percent): pass@n, an upper bound
                                  that nobody without the answers reaches; no score
``results.time_taken``            from the benchmark script's start to the last verdict; of a run that was taken up,
                                  the sum over its sittings, without the pauses in between (s)
``results.total_passed``          tasks passed
``results.total_problems``        tasks that count: all that were asked, less ``lost`` and ``harness_fault``
``results.difficulty_scores``     ``{difficulty: {"passed", "total"}}``, the same counts by difficulty
``results.failed_tasks``          ids of the tasks that count and did not pass: no duplicates, sorted naturally
``results.composite``             of a judgement: the (weighted) mean of the criteria, on the rubric's scale;
                                  ``results.score`` is its way from the lowest to the highest score (percent)
``results.criteria``              ``{criterion: mean}``, on the rubric's scale
``results.reported_score``        imported: the score that the other program itself shows (percent)
``results.field_scores``          extraction: ``score`` (percent, mean over tasks of the share of fields that agree) and
                                  ``fields``: ``{name: {"passed", "total"}}``
--------------------------------  --------------------------------------------------------------------------------------
``interval``                      ``[low, high]`` of the score: Wilson, 95 % (percent); of a judgement Student's t over
                                  its scenarios
``bounds``                        ``[low, high]``: the score had all truncated tasks failed or passed (percent);
                                  absent when none was truncated
``outcomes``                      ``{outcome: number of tasks}``, outcomes that occurred; all tasks, counted or not
``validity``                      ``{"status": "ok" | "suspect", "reasons": [one line each]}``; ``hints``: which flag to
                                  raise where a limit decided the score; see docs/validity.md
``validity.unchecked``            imported: what could not be looked for, one line each
``checks.sampling``               what the server told before the run: ``as asked``, what differs, or ``not reported``
``checks.template``               the same of its chat template: ``keeps the prompt``, or what it drops
``checks.tokens``                 its own count of tokens: ``as the server counts them``, or how far apart they are
``checks.energy``                 what of ``--measure-energy`` could not be measured, and why
``checks.cost``                   that no price is known of a hosted model
``thinking``                      absent where no reply thought
``thinking.tokens``               completion tokens spent thinking (tokens)
``thinking.share``                of all completion tokens (0 to 1)
``thinking.unclosed``             replies whose thinking never closed
``thinking.estimated``            true where the tokens were split by characters, because the server counts none apart
``decision``                      ``--until-decided``: what this run is against the other; its fields are told in
                                  ``analysis.decision``; ``tasks_answered``: how many this run did in all
``audit``                         absent without ``--audit``; what it cost is in no other count but
                                  ``latency.tokens_per_second``
``audit.tasks``                   tasks answered twice
``audit.texts_differ``            of them, with another text
``audit.verdicts_differ``         of them, passed by one reply only
``audit.differing``               ids of either
``audit.flipped``                 ids of the latter
``audit.unanswered``              tasks that were to be asked twice and have no second verdict
``audit.requests``                second replies
``audit.completion_tokens``       of second replies (tokens)
``judging.judge``                 of a judgement: who judged; ``judging.kind``: ``human`` or ``model``
``judging.rubric``                its version, and ``judging.rubric_sha256``
``judging.candidates``            texts that the run has for judges, ``judging.scored``: those that were scored,
                                  ``judging.scenarios``: in how many scenarios, ``judging.twice``: scored a second time
``judging.file_id``               the judge file, or the run of the model that judged
``diversity``                     ``--diversity``: how much the texts of a task differ, means over ``tasks`` (those with
                                  two texts or more): ``distinct_1``, ``distinct_2``, ``self_bleu`` (0 to 1), and
                                  ``signature``: how sacrebleu counted (docs/prompts.md)
--------------------------------  --------------------------------------------------------------------------------------
``usage.prompt_tokens``           tokens of all prompts (tokens)
``usage.completion_tokens``       tokens generated, thinking included (tokens)
``usage.cached_tokens``           prompt tokens the server took from its cache; part of ``prompt_tokens`` (tokens)
``usage.thinking_tokens``         completion tokens spent thinking (tokens)
``usage.loops_cut``               replies that were cut short for repeating themselves
``usage.tokens_saved``            tokens that these did not generate, up to ``max_tokens`` (tokens)
``usage.requests``                requests sent, failed ones included
``usage.pool_requests``           of a run whose samples served other strategies too, which wanted more of some tasks
                                  than this one uses: replies drawn in all; ``usage.pool_completion_tokens`` (tokens)
``usage.requests_failed``         requests that brought no reply
``faults``                        what went wrong in mid-run without ending it: a list of ``kind``, ``count`` and
                                  ``reason`` (of the first). Kinds: ``server lost``, ``script lost`` (it was started
                                  again), ``lost with the server``, ``lost with the script`` (requests in flight
                                  then), ``timeout``, ``connection``, ``http``, ``context`` (the prompt does not fit),
                                  and what else a script says
``latency.request_s_p50``         median time of one request, by the script's clock (s)
``latency.request_s_p95``         95th percentile of the same (s)
``latency.generation_s``          from the first draw (of a script that is not driven: its start) to the last reply; the
                                  sum over sittings, of one that was killed up to the last sample it wrote (s)
``latency.sittings``              how often the run's script was started; absent when once
``latency.tokens_per_second``     completion tokens / ``generation_s``: what all slots together deliver (tokens/s)
``latency.decode_tokens_per_second``  median over requests of the server's own decode rate, one slot (tokens/s)
``latency.prompt_tokens_per_second``  median over requests of the server's own prompt rate (tokens/s)
``latency.startup_s``             from the server's start to its first readiness, in the last sitting (s)
``latency.verify_s``              time verifiers spent, summed over workers (s)
``energy``                        absent unless measured (``--measure-energy``); docs/energy.md tells its fields:
                                  ``energy_j`` (J, gross), ``above_idle_j`` (J), ``idle_watts`` (W), ``mean_watts`` (W),
                                  ``per_solved_j`` (J a passed task), ``seconds`` (s), ``source``, ``gpu`` and ``cpu``
                                  (the same of each), ``shared_with`` (other programs on the GPU), ``apportioned``
``cost``                          absent unless a price is known: ``cost_usd``, ``per_solved_usd`` (US dollars; of every
                                  reply, a passed task), ``price`` (of a million tokens, with ``date`` and ``source``)
``memory.server_rss_bytes``       largest resident memory of the server (bytes)
``memory.planned``                what the server was expected to allocate before it was started: weights_bytes,
                                  kv_cache_bytes, buffers_bytes, total_bytes; needed_bytes is that without what the
                                  system may take back, with what comes on top later; free_ram_bytes and the like: what
                                  there was
``memory.reported``               the same as the server's log names it
``memory.plan_off_percent``       how far planned is above (negative: below) reported
``memory.gpu_bytes``              memory of the GPU that the server uses after its start (bytes)
--------------------------------  --------------------------------------------------------------------------------------
``provenance.gguf_sha256``        SHA-256 of the model file, all parts in order
``provenance.dataset_sha256``     SHA-256 of the data set's file; of scenarios that a judge's texts are about, of the
                                  scenarios themselves as JSON lines
``provenance.dataset_source``     where it came from: a path or a name
``provenance.runner_version``     version of this program
``provenance.runner_commit``      git commit of the checkout that it ran from; absent where it was none
``provenance.imported_file``      imported: the file's name, ``imported_sha256`` (of what the run was read from),
                                  ``imported_part`` (which of the runs in it), ``imported_at``, ``imported_by`` (our
                                  version), ``imported_run_id``: its own, where that was taken here
``provenance.host``               facts of the machine: os, cpu, cores, memory (bytes), GPU, load
================================  ======================================================================================
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from core.errors import BadInput, BenchError
from core.task_ids import natural_key
from ledger.jsontext import strict_value

FORMAT = 1

REQUIRED = ("timestamp", "benchmark", "model", "results")
"""What a record of any origin must have."""

OURS = (*REQUIRED, "config", "format", "run_id", "fingerprint", "status", "validity", "tasks_sha256", "outcomes")
"""What a record written by this program must have."""

STATUSES = ("complete", "incomplete", "decided")


class Record(Mapping[str, Any]):
    """A record as it was read or made: its fields, and its own JSON text, which is what goes back into a file."""

    __slots__ = ("_fields", "text")

    def __init__(self, fields: Mapping[str, Any], text: str) -> None:
        self._fields = MappingProxyType(dict(fields))
        self.text = text

    def __getitem__(self, key: str) -> Any:
        return self._fields[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"Record({self.text})"


def parse(value: Any, text: str, where: str) -> Record:
    """A record out of a ledger, of this program or another. ``where`` names the place for the message of BadInput."""
    if not isinstance(value, dict):
        raise BadInput(f"{where}: a record is an object, and this is {_kind(value)}; the file was left as it is")
    refuse_newer(value.get("format"), where)
    missing = [key for key in REQUIRED if key not in value]
    if missing:
        raise BadInput(f"{where}: the record has no {_names(missing)}; the file was left as it is")
    for key, kind, wanted in (("benchmark", str, "a text"), ("model", str, "a text"), ("results", dict, "an object")):
        if not isinstance(value[key], kind):
            raise BadInput(f'{where}: "{key}" must be {wanted}, and is {_kind(value[key])}; the file was left as it is')
    return Record(value, text)


def refuse_newer(number: Any, where: str) -> None:
    """Raises BadInput for a format number above ours; what is no number is another program's business."""
    if isinstance(number, int | float) and not isinstance(number, bool) and number > FORMAT:
        raise BadInput(f"{where}: written by a newer version of bench-runner (format {str(number)[:20]}, this one "
                       f"reads up to {FORMAT}); update bench-runner, the file was left as it is")


def make(fields: Mapping[str, Any]) -> Record:
    """A record of this program, checked before it is written.

    None becomes an absent key at every level of an object. Raises BenchError, naming the field, for what would make the
    ledger untrue or unreadable: a missing field, NaN or Infinity, failed tasks that are repeated or out of order.
    """
    kept = without_unknown(fields)
    missing = [key for key in OURS if key not in kept]
    if missing:
        raise BenchError(f"this run's record cannot be written: it has no {_names(missing)}")
    _check(kept)
    text = json.dumps(kept, allow_nan=False)
    return Record(strict_value(text), text)


def without_unknown(value: Any) -> Any:
    """The same value with tuples as lists and without the keys whose value is None."""
    if isinstance(value, Mapping):
        return {str(key): without_unknown(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [without_unknown(item) for item in value]
    return value


def _check(fields: Mapping[str, Any]) -> None:
    def fault(what: str) -> BenchError:
        return BenchError(f"this run's record cannot be written: {what}")

    for path, number in _numbers(fields, ""):
        if not math.isfinite(number):
            raise fault(f"{path} is {number}, and an unknown number must be absent")
    if fields["format"] != FORMAT:
        raise fault(f"its format is {fields['format']!r} instead of {FORMAT}")
    if fields["status"] not in STATUSES:
        raise fault(f"its status {fields['status']!r} is none of {', '.join(STATUSES)}")
    for key in ("timestamp", "benchmark", "model", "run_id", "fingerprint", "tasks_sha256"):
        if not isinstance(fields[key], str) or not fields[key]:
            raise fault(f"{key} must be a text, and is {fields[key]!r}")
    for key in ("config", "results", "validity", "outcomes"):
        if not isinstance(fields[key], dict):
            raise fault(f"{key} must be an object")
    _check_results(fields["results"], fault)


def _check_results(results: Mapping[str, Any], fault: Any) -> None:
    failed = results.get("failed_tasks", [])
    if len(set(failed)) != len(failed):
        raise fault("results.failed_tasks names a task twice")
    if failed != sorted(failed, key=lambda task: (natural_key(task), task)):
        raise fault("results.failed_tasks is not sorted naturally")
    passed, total = results.get("total_passed"), results.get("total_problems")
    if passed is not None and total is not None:
        if not 0 <= passed <= total:
            raise fault(f"{passed} of {total} tasks passed cannot be")
        if "failed_tasks" in results and len(failed) != total - passed:
            raise fault(f"{total - passed} tasks did not pass, and failed_tasks names {len(failed)}")
    if "score" in results and not 0 <= results["score"] <= 100:
        raise fault(f"the score {results['score']} is no percentage")


def _numbers(value: Any, path: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, float):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _numbers(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _numbers(item, f"{path}[{index}]")


def _names(keys: list[str]) -> str:
    return ", ".join(f'"{key}"' for key in keys)


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
