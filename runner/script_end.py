"""Whether a script that has ended did its work; if not, the one sentence that says why."""

from __future__ import annotations

from signal import Signals

from core.errors import ScriptError, ScriptLost
from parsers.events import ScoreRead
from runner.collect import Collection
from runner.patience import Stuck
from runner.script import OUTPUT, log_tail
from runner.work import Prepared


def check_killed(status: int, prepared: Prepared, collection: Collection) -> None:
    """Raises ScriptLost: a signal that was not ours ended it, so the machine is at fault and not the script.

    The usual one is KILL, by the system when memory runs out. A script that dies of its own bad memory access looks
    alike; it costs three tries of the task it died on. Of a shell script that outlives what it started, and of a script
    with no tasks to go on with, the exit status decides as ever.
    """
    if status < 0 and prepared.work.tasks:
        failed = _failed(status, prepared, collection)
        raise ScriptLost(str(failed), failed.log_tail, f"ended by {_signal_name(status)}")


def check_script(status: int, prepared: Prepared, collection: Collection, score: ScoreRead | None) -> None:
    """Raises ScriptError: it failed, printed nothing readable, or samples that nothing can verify."""
    if status != 0:
        raise _failed(status, prepared, collection)
    if not collection.candidates and not collection.outcomes and score is None:
        raise _nothing_read(prepared, collection)
    if prepared.work.benchmark is None and score is None:
        raise ScriptError(
            f"the benchmark script {_name(prepared)} printed samples, but there are no tasks named "
            f"'{prepared.work.cell.benchmark}' to verify them against: print a score, or name a benchmark of the "
            f"table with --benchmark; the samples are in {prepared.folder.samples_path}."
        )


def gave_up(why: Stuck, prepared: Prepared, collection: Collection) -> ScriptError:
    """Of a script that cannot come to an end: what it did, what else it printed, and how to go on."""
    folder, odd = prepared.folder, collection.odd
    else_printed = ", ".join(f"{count} {what}" for count, what in (
        (odd.unknown_tasks, "of tasks that there are not"), (odd.unasked, "of samples that nobody drew"),
        (odd.duplicates, "a second time"), (odd.unreadable, "that nothing can read")) if count)
    also = f"; of its lines were {else_printed}" if else_printed else ""
    return ScriptError(
        f"the benchmark script {_name(prepared)} {why}, so it was stopped{also}. What it printed is in "
        f"{folder.path / OUTPUT}, the {len(collection.candidates)} tasks it had answered in {folder.samples_path}; "
        f"docs/benchmark-scripts.md says what a driven script must do; {prepared.go_on}.",
        (*odd.examples, *log_tail(folder.script_log)),
    )


def _failed(status: int, prepared: Prepared, collection: Collection) -> ScriptError:
    folder = prepared.folder
    how = f"exit status {status}" if status > 0 else f"signal {_signal_name(status)}"
    return ScriptError(
        f"the benchmark script {_name(prepared)} ended with {how}; what it said is in {folder.script_log}, "
        f"the {len(collection.candidates)} tasks it had answered in {folder.samples_path}; {prepared.go_on}.",
        log_tail(folder.script_log),
    )


def _signal_name(status: int) -> str:
    """Of a status below zero: the name that people know, such as SIGKILL."""
    try:
        return Signals(-status).name
    except ValueError:
        return str(-status)


def _nothing_read(prepared: Prepared, collection: Collection) -> ScriptError:
    odd = collection.odd
    what = f"{odd.unreadable} lines, none of which any parser can read" if odd.unreadable else "no sample and no score"
    if odd.unknown_tasks:
        what = f"{odd.unknown_tasks} samples, all of tasks that {prepared.work.cell.benchmark} does not have"
    return ScriptError(
        f"the benchmark script {_name(prepared)} printed {what}; it is kept in {prepared.folder.path / OUTPUT}; "
        "docs/benchmark-scripts.md says what a script may print.",
        tuple(odd.examples),
    )


def _name(prepared: Prepared) -> str:
    return prepared.work.command[-1]
