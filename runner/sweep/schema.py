"""The JSON Schema of a plan, made from the run verb's own flags, so that a plan can say what a command can.

``plan.schema.json`` beside this file is what is published and what plans are held against; ``python -m
runner.sweep.schema`` writes it anew after a flag was added or its help changed.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).with_name("plan.schema.json")
NOT_OF_A_PLAN: Final = frozenset({
    "help", "version", "model", "benchmark", "strategy", "prompt-version", "n-candidates", "results", "runs-root",
    "no-resume", "cells", "json", "quiet", "yes", "mlflow",
    "until-decided", "equivalence-margin", "alpha", "fallback", "margin",
})
"""What a plan says elsewhere, what its verb says, and what is one piece of work of two models."""
OF_STRATEGIES: Final = ("n", "max-n", "confidence", "window", "batch", "selector")


@cache
def published() -> Mapping[str, Any]:
    """The schema as it is published."""
    found: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    return found


def settings() -> Mapping[str, Mapping[str, Any]]:
    """What a plan may set, by name: the flags without their dashes."""
    found: Mapping[str, Mapping[str, Any]] = published()["$defs"]
    return found


def made(parser: argparse.ArgumentParser) -> dict[str, Any]:
    """The schema that says what this parser's flags take."""
    flags = dict(_flags(parser))
    told = {name: {"$ref": f"#/$defs/{name}"} for name in flags}
    of_strategies = {name: told[name] for name in OF_STRATEGIES}
    common = {name: kind for name, kind in told.items() if name not in of_strategies}
    text = {"type": "string", "minLength": 1}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A sweep's plan: ./bench_runner.py sweep PLAN.toml",
        "description": "Models x benchmarks x strategies x prompt versions x matrix, less what is excluded "
                       "(docs/sweeps.md)",
        "type": "object",
        "additionalProperties": False,
        "required": ["models", "benchmarks"],
        "properties": {
            "name": {**text, "maxLength": 80, "description": "For people, and for the note at the end."},
            "models": _entries("model", "file.gguf, a folder, a pattern, demo:F16, hf:OWNER/REPO:QUANT, ollama:NAME, "
                               "transformers:DIR_OR_ID, openai:NAME, gemini:NAME; a table adds settings of this "
                               "model alone", common),
            "benchmarks": _entries("benchmark", "A name of the table, or a .toml of your own; a table adds settings "
                                   "of this benchmark alone", common),
            "strategies": _entries("strategy", "What --strategy and its flags say; a table adds its settings. "
                                   "Default: single", {**of_strategies, **common}, several=True),
            "prompt-versions": {"type": "array", "minItems": 1, "items": text,
                                "description": "Each is a cell. Default: the benchmark's own default"},
            "settings": {"type": "object", "additionalProperties": False, "properties": common,
                         "description": "For all cells; a strategy's, a benchmark's, a model's own are stronger, in "
                                        "this order"},
            "matrix": {"type": "object", "additionalProperties": False,
                       "properties": {name: {"type": "array", "minItems": 1, "items": kind}
                                      for name, kind in common.items()},
                       "description": "Settings with several values, a cell each; stronger than any other"},
            "exclude": {"type": "array", "items": {
                "type": "object", "additionalProperties": False, "minProperties": 1,
                "properties": {name: {**text, "description": f"Of cells with this {what}; * and ? stand for others"}
                               for name, what in (("model", "model, by spec or label"), ("benchmark", "benchmark"),
                                                  ("strategy", "strategy"), ("prompt-version", "prompt version"))}
                | common}, "description": "Cells that are left out: those of which all of it is true"},
        },
        "$defs": flags,
    }


def _entries(key: str, what: str, others: Mapping[str, Any], *, several: bool = False) -> dict[str, Any]:
    kinds = ["string", "array"] if several else ["string"]
    named = {"type": kinds, "minLength": 1, "minItems": 1, "items": {"type": "string", "minLength": 1}} if several \
        else {"type": "string", "minLength": 1}
    return {
        "type": "array", "minItems": 1, "description": what,
        "items": {"type": ["string", "object"], "minLength": 1, "additionalProperties": False, "required": [key],
                  "properties": {key: {**named, "description": what}, **others}},
    }


def _flags(parser: argparse.ArgumentParser) -> Iterator[tuple[str, dict[str, Any]]]:
    for action in parser._actions:  # noqa: SLF001  (argparse tells its actions nowhere else)
        name = action.option_strings[-1].removeprefix("--")
        if name not in NOT_OF_A_PLAN:
            said = (action.help or "") % {**vars(action), "prog": parser.prog}
            yield name, {**_kind(action), "description": said or f"As --{name}"}


def _kind(action: argparse.Action) -> dict[str, Any]:
    one = _value(action)
    if isinstance(action, argparse._AppendAction) or action.nargs == "+":  # noqa: SLF001  (as above)
        return {"type": "array", "minItems": 1, "items": one}
    if action.nargs == 0:
        return {"type": "boolean"}
    return {"type": ["boolean", "string"]} if action.nargs == "?" else one


def _value(action: argparse.Action) -> dict[str, Any]:
    """By trying what it takes."""
    if action.choices is not None:
        return {"enum": list(action.choices)}
    if not callable(action.type):
        return {"type": "string"}
    takes = {text: _taken(action.type, text) for text in ("1", "0.5", "auto", "2025-02-01")}
    if takes["2025-02-01"] and not takes["1"]:
        return {"type": "string", "format": "date"}
    if isinstance(takes["1"], str):
        return {"type": "string"}
    number = "integer" if takes["0.5"] is None else "number"
    return {"type": [number, "string"]} if takes["auto"] is not None else {"type": number}


def _taken(of: Any, text: str) -> Any:
    try:
        return of(text)
    except (argparse.ArgumentTypeError, ValueError):
        return None


def written(parser: argparse.ArgumentParser) -> str:
    """The published file's text."""
    return json.dumps(made(parser), indent=1) + "\n"


if __name__ == "__main__":
    from runner.arguments import run_parser

    FILE.write_text(written(run_parser()), "utf-8")
