"""``judge serve``: the page while its server runs, and what is said before and after."""

from __future__ import annotations

import argparse
import errno
import time
from collections.abc import Callable
from pathlib import Path

from core.errors import BenchError, UsageError
from runner.judging import serving
from runner.judging.desk import Desk, only_one
from runner.judging.opening import open_file
from runner.stopping import stoppable
from system.browser import open_page
from tracking.judging import door


def serve(flags: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Until it is interrupted. Raises BadInput, UsageError or BenchError before anything is served."""
    path, runs_root = Path(flags.file), Path(flags.runs_root)
    open_file(path, runs_root)  # what is no judge file gets no lock beside it
    with stoppable(lambda _: None) as stop, only_one(path) as note:
        desk = Desk(path, runs_root, time.monotonic)
        total = len(desk.opened.file.entries)
        for remark in desk.opened.remarks:
            say(remark)
        try:
            with door.opened(flags.port, serving.Desktop(desk).answer) as here:
                note(f"http://{door.HOST}:{here.port}")
                say(f"{path}: {_texts(total)} to be judged by {desk.opened.rubric.version}, {desk.opened.done:,} done")
                say(f"open {here.address}")
                if not flags.no_browser and not open_page(here.once):
                    say("no browser could be opened here; open the address in yours (from another machine: ssh -L "
                        f"{here.port}:{door.HOST}:{here.port} THIS_MACHINE, then the same address there)")
                say("each key is saved at once; Ctrl+C stops, and the same command goes on")
                stop.wait()
        except OSError as error:
            raise _no_port(flags.port, error) from error
        with desk.held():
            return _ended(desk, say)


def _no_port(port: int, error: OSError) -> BenchError:
    if error.errno in {errno.EADDRINUSE, errno.EACCES}:
        why = "another program listens there" if error.errno == errno.EADDRINUSE else "it is not yours to take"
        return UsageError(f"--port {port}: {why}; give another, or leave --port out for a free one")
    return BenchError(f"the page cannot be served on {door.HOST} ({error.strerror or error}); try again, or fill in "
                      "the file by hand (docs/judging.md)")


def _ended(desk: Desk, say: Callable[[str], None]) -> int:
    """Says what is in the file and what follows; the exit code."""
    path, opened, total = desk.path, desk.opened, len(desk.opened.file.entries)
    if not path.exists():
        say(f"\n{path}: is not there any more (moved, perhaps); what was scored is where it went")
        return BenchError.exit_code
    if not desk.is_ours():
        say(f"\n{path}: was changed by another program since the last save here; what is in it now is what counts")
        return 0
    say(f"\nsaved in {path}: {opened.done:,} of {_texts(total)} with all scores")
    if desk.unsaved is not None:
        say(f"not saved: the last key ({desk.unsaved})")
    if opened.done and opened.exported_here:
        say(f"next: {serving.command(opened, desk, partial=opened.done < total)}")
    elif opened.done == total:
        say(f"next: send {path.name} back to whoever gave it to you, who applies its scores")
    return 0 if desk.unsaved is None else BenchError.exit_code


def _texts(count: int) -> str:
    return f"{count:,} {'text' if count == 1 else 'texts'}"
