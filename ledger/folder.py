"""The folder behind one record: ``runs/<run_id>/``.

==================  =================================================================================================
``run_config.json`` ``run_id``, ``fingerprint``, ``settings`` (what the fingerprint is over), ``request`` (what was
                    asked for) and ``environment`` (host, server); written first, never changed
``tasks.jsonl``     the tasks as the benchmark script sees them: ``task_id``, ``prompt``; when the run concludes, with
                    what became of each: ``outcome``, ``passed``, ``chosen`` (index of the sample that counts),
                    ``samples``, ``requests``, ``prompt_tokens``, ``cached_tokens``, ``completion_tokens``, ``ttft_s``
                    (of the first sample), ``decode_s``, ``wall_s`` (both summed over samples), ``joules``,
                    ``cost_usd``, ``difficulty``, ``votes`` (by key); what is unknown is absent
``request.json``    what the script is told (BENCH_REQUEST), readable by the user alone
``samples.jsonl``   one line a sample, appended as it arrives; ``sitting`` and ``at_s`` say when: seconds since the
                    first question of that sitting
``details.jsonl``   one line a verified sample: answer, verdict, tokens, seconds; where there are several of a task,
                    ``key`` (what its vote counts for) and ``merits`` (what a selector knows of it)
``sittings.jsonl``  one line for each time the script ran, written when that ends: ``sitting`` (from 1),
                    ``generation_s``, ``total_s``; a sitting that was killed has none
``audit.jsonl``     the replies of ``--audit``, which are no samples of the run; lines like those of ``samples.jsonl``
``failures.jsonl``  one line a request that brought no reply, appended when it is known
``judgements.jsonl`` what judges said of its texts, one line a score (``runner.judging.judgements``); written whole, and
                    added to long after the run has ended
``report.html``     the run as a page for a browser, with every reply
``record.json``     the record, on its way into the ledger: a run that has one has asked all it wanted
``summary.json``    ``record.json`` by another name, since it is in the ledger: its presence says that the run ended
``server.log``      what the server said
``script.log``      what the script said on its standard error, and lines that no parser could read
``.lock``           held while a runner works here
==================  =================================================================================================

A folder belongs to one run for ever: creating it fails when the name is taken. A run that ended early is found again by
its fingerprint and by having no summary (``ledger.runs``); the lock keeps two runners from taking up the same one.
Files that are replaced whole leave ``.NAME.….part`` behind when their writer is killed; whoever holds the lock next
removes them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from core.errors import BadInput, BenchError
from core.records import Sample, Task, Verified
from ledger import samples
from ledger.jsontext import strict_value
from ledger.lines import LineFile, lines_of, read_lines, spelled
from ledger.run_id import is_run_id
from ledger.syncing import Syncing
from system import files

CONFIG = "run_config.json"
RECORD = "record.json"
SUMMARY = "summary.json"
LOCK_TIMEOUT_S = 0.3
"""Whoever asks whether a runner is at work holds the lock for an instant; that is no runner at work."""


class RunFolder:
    """One run's folder. Made by ``create`` (a new run, locked), ``resume`` (locked) or directly, to read."""

    def __init__(self, root: Path, run_id: str) -> None:
        self.run_id = run_id
        self.path = root / run_id
        self.tasks_path = self.path / "tasks.jsonl"
        self.request_path = self.path / "request.json"
        self.samples_path = self.path / "samples.jsonl"
        self.details_path = self.path / "details.jsonl"
        self.sittings_path = self.path / "sittings.jsonl"
        self.audit_path = self.path / "audit.jsonl"
        self.failures_path = self.path / "failures.jsonl"
        self.server_log = self.path / "server.log"
        self.script_log = self.path / "script.log"
        self.record_path = self.path / RECORD
        self._held = ExitStack()
        self._open: dict[Path, LineFile] = {}
        self._syncing = Syncing()

    @classmethod
    def create(cls, root: Path, run_id: str, config: Mapping[str, Any]) -> Self:
        """A new folder, locked, with its ``run_config.json``. Raises BenchError when the name is taken or no name."""
        if not is_run_id(run_id):
            raise BenchError(f"{run_id!r} cannot name a run's folder; use letters, digits, dots and dashes")
        folder = cls(root, run_id)
        try:
            root.mkdir(parents=True, exist_ok=True)
            folder.path.mkdir()
            files.sync_folder(root)
        except FileExistsError:
            raise BenchError(f"{folder.path} is there already, and no run writes over another; run the command "
                             "again") from None
        except OSError as error:
            raise BadInput(f"{root}: no run folder can be made there ({error.strerror}); give --runs-root another "
                           "place") from error
        folder._lock()
        folder._write_json(CONFIG, {"run_id": run_id, **config})
        return folder

    @classmethod
    def resume(cls, root: Path, run_id: str) -> Self:
        """An existing folder, locked. Raises BenchError when another runner works in it."""
        folder = cls(root, run_id)
        folder._lock()
        return folder

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Syncs and closes the files and gives up the lock; a second call does nothing."""
        with self._held:
            self._close_files()

    def _close_files(self) -> None:
        """All of them are closed, whatever the disk says of one. Raises BenchError."""
        self._syncing.stop()
        with ExitStack() as closing:
            while self._open:
                closing.callback(self._open.popitem()[1].close)

    @property
    def is_held(self) -> bool:
        """Whether a runner is at work here."""
        return files.is_locked(self.path / ".lock")

    @property
    def ended(self) -> bool:
        """Whether the run's record is in the ledger."""
        return (self.path / SUMMARY).exists()

    def write_tasks(self, tasks: Iterable[Task], became: Iterable[Mapping[str, Any]] = ()) -> None:
        """``tasks.jsonl``: ``{"task_id", "prompt"}`` a line, and of each task in ``became`` its fields."""
        results = {line["task_id"]: line for line in became}
        self._write("tasks.jsonl", lines_of(
            {"task_id": task.task_id, "prompt": dict(task.prompt), **results.get(task.task_id, {})} for task in tasks))

    def write_replayed(self, samples: Iterable[Mapping[str, Any]], details: Iterable[Mapping[str, Any]]) -> None:
        """``samples.jsonl`` and ``details.jsonl`` of a run that was put to the samples of another, as lines of its."""
        self._write("samples.jsonl", lines_of(samples))
        self._write("details.jsonl", lines_of(details))

    def write_request(self, request: Mapping[str, Any]) -> Path:
        """``request.json``, readable by this user alone; its path is what BENCH_REQUEST says."""
        self._write("request.json", _pretty(request), mode=0o600)
        return self.request_path

    def append_sample(self, sample: Sample, extra: Mapping[str, Any] | None = None) -> None:
        """Writes down a sample as it arrives; see ``ledger.lines`` for what that promises. ``extra``: when it came."""
        self._lines(self.samples_path).append({**samples.sample_fields(sample), **(extra or {})})

    def append_audit(self, sample: Sample, extra: Mapping[str, Any] | None = None) -> None:
        """As ``append_sample``, for a task that was asked twice."""
        self._lines(self.audit_path).append({**samples.sample_fields(sample), **(extra or {})})

    def append_detail(self, verified: Verified, extra: Mapping[str, Any] | None = None) -> None:
        """Writes down what became of a sample; ``extra`` adds further fields, such as joules."""
        self._lines(self.details_path).append({**samples.detail_fields(verified), **(extra or {})})

    def append_sitting(self, sitting: Mapping[str, Any]) -> None:
        """Writes down how long the script ran this time; the samples of that time are on the disk before it."""
        if self.samples_path in self._open:
            self._open[self.samples_path].sync()
        self._lines(self.sittings_path).append(sitting)

    def append_failure(self, failure: Mapping[str, Any]) -> None:
        """Writes down a request that brought no reply."""
        self._lines(self.failures_path).append(failure)

    def say_of_script(self, text: str) -> None:
        """A line of ours in ``script.log``, between its own. A disk that takes no more does not end a run for it."""
        with suppress(OSError), self.script_log.open("a", encoding="utf-8", errors="replace") as log:
            log.write(text + "\n")

    def drop_details(self) -> None:
        """Before every sample is verified again: each is to stand in ``details.jsonl`` once."""
        try:
            self.details_path.unlink(missing_ok=True)
        except OSError as error:
            raise BenchError(f"{self.details_path} cannot be written anew ({error.strerror}); see to its permissions, "
                             "or start afresh with --no-resume") from error

    def write_record(self, record: Mapping[str, Any]) -> None:
        """All is asked and verified: the record is kept here until it is in the ledger. Everything before is synced."""
        self._close_files()
        self._write_json(RECORD, record)

    def end(self) -> None:
        """The record is in the ledger. A kill right before this costs a look into the ledger, and no second record."""
        summary = self.path / SUMMARY
        try:
            self.record_path.replace(summary)
            files.sync_folder(self.path)
        except OSError as error:
            raise _unwritten(summary, error) from error

    def write_report(self, page: str) -> None:
        """``report.html``: the run as a page."""
        self._write("report.html", page.encode("utf-8", "replace"))

    def config(self) -> dict[str, Any]:
        """``run_config.json``. Raises BadInput when it is missing or damaged."""
        found = self._read_json(CONFIG)
        if found is None:
            raise BadInput(f"{self.path} has no {CONFIG}, so it is no run's folder")
        return found

    def record(self) -> dict[str, Any] | None:
        """The record of a run that only its place in the ledger is missing to; None of any other."""
        return self._read_json(RECORD)

    def summary(self) -> dict[str, Any] | None:
        """``summary.json``; None while the run has not ended."""
        return self._read_json(SUMMARY)

    def samples(self) -> tuple[Sample, ...]:
        """All samples written so far, in the order of arrival."""
        return tuple(sample for sample, _ in self.sample_lines())

    def sample_lines(self) -> Iterator[tuple[Sample, dict[str, Any]]]:
        """The same, each with all fields of its line. Raises BadInput for a line that holds none."""
        for fields in read_lines(self.samples_path):
            yield samples.sample_of(fields, self.samples_path), fields

    def audit_lines(self) -> Iterator[tuple[Sample, dict[str, Any]]]:
        """The replies of an audit, as ``sample_lines``."""
        for fields in read_lines(self.audit_path):
            yield samples.sample_of(fields, self.audit_path), fields

    def details(self) -> tuple[dict[str, Any], ...]:
        """All lines of ``details.jsonl``."""
        return tuple(read_lines(self.details_path))

    def task_results(self) -> Iterator[dict[str, Any]]:
        """The lines of ``tasks.jsonl`` that say what became of their task; none of a run that was not concluded."""
        return (line for line in read_lines(self.tasks_path) if "outcome" in line)

    def sittings(self) -> tuple[dict[str, Any], ...]:
        """All lines of ``sittings.jsonl``."""
        return tuple(read_lines(self.sittings_path))

    def failures(self) -> tuple[dict[str, Any], ...]:
        """All lines of ``failures.jsonl``."""
        return tuple(read_lines(self.failures_path))

    def _lock(self) -> None:
        try:
            self._held.enter_context(files.lock(self.path / ".lock", timeout_s=LOCK_TIMEOUT_S))
        except TimeoutError:
            raise BenchError(f"another runner is at work in {self.path}") from None
        except OSError as error:
            raise BenchError(f"{self.path} cannot be written to ({error.strerror})") from error
        files.clear_parts(self.path)

    def _lines(self, path: Path) -> LineFile:
        if path not in self._open:
            self._open[path] = LineFile(path)
            self._syncing.add(self._open[path])
        return self._open[path]

    def _write_json(self, name: str, value: Mapping[str, Any]) -> None:
        self._write(name, _pretty(value))

    def _write(self, name: str, data: bytes, mode: int = 0o666) -> None:
        try:
            files.atomic_write(self.path / name, data, mode=mode)
        except OSError as error:
            raise _unwritten(self.path / name, error) from error

    def _read_json(self, name: str) -> dict[str, Any] | None:
        path = self.path / name
        try:
            if path.exists() and not path.is_file():  # a pipe would keep us waiting
                raise BadInput(f"{path} is no ordinary file")
            value = strict_value(path.read_text("utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise BadInput(f"{path} cannot be read: {error}") from error
        if not isinstance(value, dict):
            raise BadInput(f"{path} holds no JSON object")
        return value


def _unwritten(path: Path, error: OSError) -> BenchError:
    return BenchError(f"{path} cannot be written ({error.strerror}); {files.remedy(error)}, then run the same command "
                      "again to go on")


def _pretty(value: Mapping[str, Any]) -> bytes:
    return json.dumps(spelled(value), indent=2, allow_nan=False).encode("ascii") + b"\n"
