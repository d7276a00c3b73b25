"""The flags of the run verb → the request."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.errors import BadInput, UsageError
from core.records import ModelInfo
from core.repetition import LoopRule
from runner.asked_strategies import budget_of, chain_of, strategies_of
from runner.request import Outputs, Request, SamplingChoice, TaskChoice, UntilDecided, Verifying
from runner.spending_asked import refuse_flags_of_a_start, refuse_unknown_settings, serves_one_model, spending_of
from servers.backends.hosted import PROVIDERS
from servers.hub_models import Telling
from servers.model_list import Listed, list_models
from servers.models import resolve
from servers.spec import ServerSettings


def request_of(flags: argparse.Namespace, telling: Telling | None = None, known: Listed | None = None) -> Request:
    """``telling``: how the download of a model is told. ``known``: what ``--model`` comes to, where that is known.

    Raises UsageError for flags that do not go together, BadInput when no model that was named can be read.
    """
    if not flags.benchmark:
        raise UsageError("--benchmark: name at least one, e.g. --benchmark human_eval (see --help).")
    if not flags.model and not flags.base_url:
        raise UsageError("--model: name at least one, e.g. --model demo, or --base-url of a server that runs.")
    if flags.base_url and flags.max_model_b is not None:
        raise UsageError("--max-model-b: a server that runs has loaded its model; leave it out with --base-url.")
    _refuse_undecidable(flags)
    strategies = strategies_of(flags)
    chain = chain_of(flags, strategies)
    named = [*flags.model, flags.fallback] if flags.fallback else flags.model
    if known is None:
        known = Listed(_attached(named)) if flags.base_url else _resolved(named, flags.max_model_b, telling)
    found = known
    models, refused = found.models, found.refused
    refuse_flags_of_a_start(flags, models)
    refuse_unknown_settings(flags, models)
    if chain is not None:
        _refuse_unchainable(models, refused)
    if flags.until_decided:
        _refuse_one_model(models, refused)
    return Request(
        models=models,
        refused=refused,
        notes=found.notes,
        benchmarks=tuple(flags.benchmark),
        server=_server(flags),
        script=Path(flags.script) if flags.script else None,
        strategies=strategies,
        chain=chain,
        budget=budget_of(flags, strategies),
        audit=flags.audit or 0,
        until_decided=_until_decided(flags) if flags.until_decided else None,
        tasks=TaskChoice(
            flags.problems_file, flags.start_date, flags.end_date, flags.limit, tuple(flags.task_ids),
            flags.start_problem, flags.end_problem, tuple(flags.prompt_version), flags.constrained,
            tuple(flags.subjects), flags.subset, flags.after_cutoff,
            Path(flags.prompts_dir) if flags.prompts_dir else None,
        ),
        sampling=SamplingChoice(
            flags.temperature, flags.top_p, flags.top_k, flags.min_p, flags.max_tokens, flags.seed,
            flags.request_timeout, None if flags.no_loop_stop else LoopRule(flags.loop_period, flags.loop_count),
        ),
        verifying=Verifying(
            flags.workers, flags.verify_timeout, flags.isolation, flags.grading, flags.python, tuple(flags.preload)
        ),
        outputs=Outputs(Path(flags.results), Path(flags.runs_root), resume=not flags.no_resume),
        experiment=flags.experiment,
        diversity=flags.diversity,
        measure_energy=flags.measure_energy,
        spending=spending_of(flags, models),
        prices=Path(flags.prices) if flags.prices else None,
        cells=_cells(flags),
    )


def _cells(flags: argparse.Namespace) -> frozenset[str] | None:
    if flags.cells is None:
        return None
    for given, name in ((flags.until_decided, "--until-decided"), (flags.fallback, "--fallback"),
                        ("cascade" in flags.strategy, "--strategy cascade")):
        if given:
            raise UsageError(f"--cells: {name} is one piece of work of two models; leave --cells out.")
    return frozenset(flags.cells)


def _until_decided(flags: argparse.Namespace) -> UntilDecided:
    given = {"margin_points": flags.equivalence_margin, "alpha": flags.alpha}
    return UntilDecided(**{name: value for name, value in given.items() if value is not None})


def _refuse_undecidable(flags: argparse.Namespace) -> None:
    """What ``--until-decided`` cannot be combined with, and its flags without it."""
    if not flags.until_decided:
        for name in ("equivalence_margin", "alpha"):
            if getattr(flags, name) is not None:
                raise UsageError(f"--{name.replace('_', '-')}: it is for --until-decided; add that or leave it out.")
        return
    for name, why in (
        ("base_url", "a server that runs serves one model, and two are asked by turns"),
        ("script", "a program of your own asks its tasks in its own order, and here they are asked in batches"),
        ("audit", "a task asked twice says nothing of the other model"),
    ):
        if getattr(flags, name) and (name != "base_url" or serves_one_model(flags)):
            raise UsageError(f"--until-decided: leave out --{name.replace('_', '-')}: {why}.")
    if len(set(flags.prompt_version)) > 1:
        raise UsageError("--until-decided: two models are compared, with one prompt; name one with --prompt-version.")
    if len(flags.model) != 2 or len(set(flags.benchmark)) != 1:
        raise UsageError("--until-decided: name exactly two models and one benchmark, e.g. --model demo:F16 demo:Q2_K "
                         "--benchmark math.")


def _refuse_one_model(models: tuple[ModelInfo, ...], refused: tuple[BadInput, ...]) -> None:
    if refused:
        raise refused[0]
    if len(models) > 2:
        raise UsageError(f"--until-decided: these are {len(models)} models; name two, no folder or pattern with "
                         "several.")
    if len({model.identity for model in models}) == 1:
        raise UsageError("--until-decided: both models are the same; name two.")


def _refuse_unchainable(models: tuple[ModelInfo, ...], refused: tuple[BadInput, ...]) -> None:
    """Both models of a chain are needed, and two different ones."""
    if refused:
        raise refused[0]
    if len({model.identity for model in models}) == 1:
        raise UsageError("--strategy cascade, --fallback: both models are the same; name two.")
    if len(models) != 2:
        raise UsageError(f"--strategy cascade, --fallback: these are {len(models)} models; name two, no folder or "
                         "pattern with several.")


def _server(flags: argparse.Namespace) -> ServerSettings:
    return ServerSettings(
        backend=flags.server,
        server_bin=flags.server_bin,
        base_url=flags.base_url,
        gpu_layers=flags.gpu_layers,
        ctx_size=flags.ctx_size,
        parallel=flags.parallel,
        threads=flags.threads,
        server_args=tuple(flags.server_arg),
        startup_timeout_s=flags.startup_timeout,
        reserve_ram_gib=flags.reserve_ram,
        api_key_env=flags.api_key_env,
        pull=flags.pull,
        max_model_b=flags.max_model_b,
    )


def _resolved(specs: list[str], most_billions: float | None, telling: Telling | None) -> Listed:
    """The models, and what is wrong with the others' files.

    One of many that is broken does not keep the rest from running; when none is left, or a name is misspelt, nothing
    runs.
    """
    found = list_models(specs, most_billions, telling)
    if not found.models:
        raise BadInput("\n".join(map(str, found.refused)))
    return found


def _attached(names: list[str]) -> tuple[ModelInfo, ...]:
    """With --base-url a model is a name the server knows; none: whatever it serves first. A service that has many
    models is told by openai:NAME.
    """
    if local := [name for name in names if name.startswith(("hf:", "ollama:", "transformers:"))]:
        raise UsageError(f"--base-url: {local[0]} is served by a server of its own kind; leave --base-url out "
                         "(Ollama's address is OLLAMA_HOST).")
    hosted = [name for name in names if name.partition(":")[0] in PROVIDERS]
    if hosted and hosted == names:
        return tuple(map(resolve, hosted))
    if hosted:
        raise UsageError("--base-url: openai:NAME and gemini:NAME do not go together with another kind of model there; "
                         "give one command for each.")
    if len(names) > 1:
        raise UsageError("--base-url: a server that runs serves one model; name at most one with --model.")
    return (ModelInfo(name=names[0] if names else ""),)
