"""The loop that all benchmark scripts share: draws in, requests out, one JSON line an event.

Driven (``interactive``): the main thread reads draw lines from standard input as fast as they come, so that the pipe
never blocks the runner, and queues them; ``slots`` threads take from the queue (``work``), ask, and print.
``{"end": true}``, or the end of the input, means that no more is wanted: what is queued is finished, then ``end`` is
printed. By hand the same queue is filled with every task once, ``n`` samples each.

A request that fails is an event like any other, and the loop goes on: a server that is gone answers every remaining
draw with an error at once. Whether it is asked again is the runner's to say, by a draw of the same place; a place that
failed before waits a while (``waits``) without a thread waiting with it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import NoReturn

from benchmarks.scripts.chat import Chat
from benchmarks.scripts.prompt_files import Prompt, load
from benchmarks.scripts.replies import Failure, Reply
from benchmarks.scripts.settings import REQUEST_VARIABLE, Settings, read_settings
from benchmarks.scripts.task_files import Fields, ScriptTask, load_tasks
from benchmarks.scripts.troubles import BUSY
from benchmarks.scripts.waits import Waits
from benchmarks.scripts.work import Draw, Work
from core.errors import BadInput, BenchError
from core.records import Json
from core.seeds import sample_seed, task_seed

_SEED_MASK = 0x7FFF_FFFF
BodyFields = Callable[[ScriptTask, Settings], Mapping[str, Json]]


def no_body_fields(_task: ScriptTask, _settings: Settings) -> Mapping[str, Json]:
    """Adds nothing to a request."""
    return {}


@dataclass(frozen=True, slots=True)
class Script:
    """What is particular to one benchmark's script."""

    benchmark: str | None
    """Whose prompts it puts; None: the request, or ``--benchmark``, says so."""
    summary: str
    example: str
    """A command line, shown by --help."""
    fields: Fields
    id_prefix: str
    """Names tasks that bear no id of their own: ``<prefix>/<line from 0>``."""
    body_fields: BodyFields = no_body_fields
    """Further fields of a task's request."""


class EventPrinter:
    """Writes events to standard output, one write a line; ends the program when nobody reads any more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __call__(self, event: str, **fields: Json) -> None:
        line = json.dumps({"event": event} | {name: value for name, value in fields.items() if value is not None})
        with self._lock:
            try:
                sys.stdout.buffer.write(line.encode("ascii") + b"\n")
                sys.stdout.buffer.flush()
            except OSError:
                os._exit(1)  # the reader is gone; threads that wait for a reply must not hold us


def main(script: Script) -> NoReturn:
    """Runs the script and ends the process: 0, or the exit code of the error, whose sentence goes to stderr."""
    try:
        run(script, sys.argv[1:])
    except BenchError as error:
        print(f"{script.benchmark or Path(sys.argv[0]).stem} script: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        os._exit(130)
    sys.exit(0)


def run(script: Script, argv: list[str]) -> None:
    """One whole session, from settings to the ``end`` event. Raises BenchError before the first request only,
    or for a draw line that is not one.
    """
    epilog = f"example:\n  {script.example}\n\nWithout flags, {REQUEST_VARIABLE} names the runner's request file."
    parser = argparse.ArgumentParser(
        description=script.summary,
        epilog=epilog,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    settings = read_settings(script.benchmark, parser, argv)
    prompt = Prompt(settings.prompt) if settings.prompt else load(settings.benchmark, settings.prompt_version)
    tasks = load_tasks(settings.tasks_file, script.fields, script.id_prefix, settings.limit)
    if settings.constrained and settings.capabilities is not None and "json_schema" not in settings.capabilities:
        print("this server does not enforce JSON Schemas: requests go without (--constrained)", file=sys.stderr)
    say = EventPrinter()
    say("start", total=len(tasks), interactive=settings.interactive)
    asking = _Asking(script, settings, prompt, tasks, say)
    threads = [threading.Thread(target=asking.work, args=(number,), daemon=True) for number in range(settings.slots)]
    for thread in threads:
        thread.start()
    for draws in _read_draws() if settings.interactive else _all_draws(tasks, settings):
        asking.put([draw for draw in draws if (draw.task_id, draw.index) not in settings.done])
    asking.end()
    for thread in threads:
        thread.join()
    say("end")


class _Asking:
    """What the threads share: what is to be asked, the client's connections, and which places failed."""

    def __init__(
        self, script: Script, settings: Settings, prompt: Prompt, tasks: Mapping[str, ScriptTask], say: EventPrinter
    ) -> None:
        self._script, self._settings, self._prompt, self._tasks, self._say = script, settings, prompt, tasks, say
        self._chat = Chat(settings)
        self._work = Work()
        self._waits = Waits()
        self._lock = threading.Lock()
        """For the waits."""

    def put(self, draws: list[Draw]) -> None:
        """To be asked at once, or after the pause that a place which failed before has to make."""
        with self._lock:
            pauses = [self._waits.before(draw.task_id, draw.index) for draw in draws]
        self._work.put(draw for draw, pause_s in zip(draws, pauses, strict=True) if not pause_s)
        for draw, pause_s in zip(draws, pauses, strict=True):
            if pause_s:
                self._work.later(draw, pause_s)

    def end(self) -> None:
        """No draw will follow."""
        self._work.end()

    def work(self, number: int) -> None:
        """The thread ``number``: asks until there is nothing left to ask."""
        while (draw := self._work.take(number)) is not None:
            try:
                failure = self._perform(draw, number)
            except Exception as error:  # noqa: BLE001  (a fault of ours must show as an event; a dead thread would be a hang)
                failure = Failure("script", f"{type(error).__name__}: {error}")
            if failure is not None and failure.kind == BUSY:
                self._later(draw, failure)
            elif failure is not None:
                with self._lock:
                    alone_s = self._waits.failed(draw.task_id, draw.index, failure.retry_after)
                if alone_s:
                    self._work.hold(alone_s)
                self._failed(draw, failure)

    def _failed(self, draw: Draw, failure: Failure) -> None:
        self._say("error", task_id=draw.task_id, sample=draw.index, kind=failure.kind, message=failure.message,
                  may_have_used=failure.may_have_used)

    def _later(self, draw: Draw, failure: Failure) -> None:
        """A provider is busy. The gate holds all of us back; who drives us asks again, by hand we do."""
        self._failed(draw, failure)
        if not self._settings.interactive:
            self._work.put([draw])

    def _perform(self, draw: Draw, number: int) -> Failure | None:
        """Asks and prints the sample; a failure is the caller's to print."""
        task = self._tasks.get(draw.task_id)
        if task is None:
            return Failure("script", f"no task {draw.task_id!r} in {self._settings.tasks_file}")
        messages = self._prompt.messages(task.fields)
        extra = dict(self._script.body_fields(task, self._settings))
        if self._prompt.stops:
            extra["stop"] = self._prompt.stops
        if self._settings.pin_slots:
            extra["id_slot"] = number
        reply = self._chat.ask(messages, draw.seed, extra)
        if isinstance(reply, Failure):
            return reply
        chars = sum(len(message["content"]) for message in messages)
        self._say(
            "sample", task_id=draw.task_id, sample=draw.index, seed=draw.seed, prompt_chars=chars,
            **{name: getattr(reply, name) for name in _REPLY_FIELDS},
        )
        return None


_REPLY_FIELDS = tuple(field.name for field in fields(Reply))


def _all_draws(tasks: Mapping[str, ScriptTask], settings: Settings) -> Iterator[list[Draw]]:
    for task_id in tasks:
        yield [Draw(task_id, index, sample_seed(settings.seed, task_id, index)) for index in range(settings.n)]


def _read_draws() -> Iterator[list[Draw]]:
    """The draws asked for on standard input, those of one line together, until it says end or closes.

    BadInput for a line that is neither.
    """
    for raw in sys.stdin.buffer:
        if not raw.strip():
            continue
        try:
            message = json.loads(raw)
            if message.get("end"):
                return
            draw = message["draw"]
            task_id, first, seed = str(draw["task_id"]), int(draw["sample"]), draw.get("seed")
            count = int(draw.get("count", 1))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadInput(
                f"standard input: {raw[:200]!r} is no draw line; send "
                '{"draw": {"task_id", "sample", "count", "seed"}} or {"end": true}'
            ) from error
        base = int(seed) if seed is not None else task_seed(0, task_id) + first
        yield [Draw(task_id, first + offset, (base + offset) & _SEED_MASK) for offset in range(count)]
