"""What ``judge`` and its verbs do and say."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from runner.comparing import existing


@dataclass(frozen=True, slots=True)
class Talk:
    """How the user is told, and asked."""

    say: Callable[[str], None]
    confirm: Callable[[str], bool]


def judge(flags: argparse.Namespace, talk: Talk) -> int:
    """The exit code. Raises what the verbs raise."""
    return _VERBS[flags.judge_verb](flags, talk)


def _export(flags: argparse.Namespace, talk: Talk) -> int:
    from runner.judging.exporting import ExportRequest, export  # noqa: PLC0415  # each verb what it needs

    found = export(ExportRequest(
        flags.experiment, Path(flags.out), existing(flags.results), Path(flags.runs_root), flags.rubric, flags.twice,
        flags.judge, flags.benchmark,
    ))
    for remark in found.remarks:
        talk.say(remark)
    again = f", {found.twice:,} of them twice" if found.twice else ""
    kept = f"; the scores of {found.kept:,} are kept" if found.kept else ""
    done = f"; {found.scored_before:,} that this judge has scored are left out" if found.scored_before else ""
    talk.say(f"written: {flags.out}: {_texts(found.candidates)}{again}, to be judged by {found.rubric} "
             f"({found.added:,} new{kept}{done})")
    return 0


def _apply(flags: argparse.Namespace, talk: Talk) -> int:
    from runner.judging.applying import ApplyRequest, apply  # noqa: PLC0415
    from runner.judging.telling import send  # noqa: PLC0415
    from runner.request import Outputs  # noqa: PLC0415
    from runner.tracking import address_asked  # noqa: PLC0415

    mlflow, outputs = address_asked(flags), Outputs(existing(flags.results), Path(flags.runs_root))
    found = apply(ApplyRequest(
        Path(flags.file), outputs.results, outputs.runs_root, flags.rubric, flags.partial, flags.experiment
    ))
    if flags.json:
        sys.stdout.write(json.dumps({"runs": [dict(record) for record in found.records]}) + "\n")
    missing = f"; {found.missing:,} without all scores left out" if found.missing else ""
    if not found.written and not found.records:
        talk.say(f"applied already, nothing added: {_texts(found.scored)} by {found.judge}{missing}")
        return 0
    talk.say(f"applied: {_texts(found.scored)} by {found.judge} under {found.rubric}: {found.written:,} new, "
             f"{len(found.records):,} {'record' if len(found.records) == 1 else 'records'} into the ledger{missing}")
    send(mlflow, outputs, found.records, talk.say)
    return 0


def _texts(count: int) -> str:
    return f"{count:,} {'text' if count == 1 else 'texts'}"


def _auto(flags: argparse.Namespace, talk: Talk) -> int:
    from runner.judging.auto_verb import auto_verb  # noqa: PLC0415

    return auto_verb(flags, talk.say, talk.confirm)


def _serve(flags: argparse.Namespace, talk: Talk) -> int:
    from runner.judging.serve_verb import serve  # noqa: PLC0415

    return serve(flags, talk.say)


_VERBS: dict[str, Callable[[argparse.Namespace, Talk], int]] = {
    "export": _export, "serve": _serve, "apply": _apply, "auto": _auto,
}
