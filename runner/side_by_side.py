"""What the folders of two compared runs add to their records: how many replies are alike, and those that flipped.

A ledger of thousands of runs must not mean reading thousands of folders before a table is shown. So texts are compared
until ``MOST_BYTES`` have been read, in the order of the table, and the rest is left out and said to be; the flips of a
pair are read only when they are asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.errors import BenchError
from core.flips import Flip, Flips, Reply
from core.lookup import count_at, text_at
from ledger.folder import RunFolder
from ledger.lines import read_lines
from ledger.run_id import is_run_id

MOST_BYTES = 512 * 2**20
"""Of samples; a second or two of reading."""

PROMPT_FIELDS = ("question", "question_content", "prompt")
"""Fields of a task that hold what the model was to do, the shortest telling first."""

Row = dict[str, Any]
Said = bytes | tuple[str, ...]
"""A digest of a reply; the reply itself where it was cut for repeating itself: how far it got says nothing."""


class SideBySide:
    """Reads run folders under one root; what cannot be read is left out and said in ``remarks``."""

    def __init__(self, runs_root: Path, most_bytes: int = MOST_BYTES) -> None:
        self.remarks: list[str] = []
        self._root = runs_root
        self._left = most_bytes
        self._said: dict[str, dict[str, list[Said]] | None] = {}
        self._there = _names_in(runs_root)

    def add_texts(self, rows: Sequence[Row]) -> None:
        """Adds ``same_texts`` to each row whose folder and whose baseline's are here: [tasks alike, tasks in both]."""
        unread = 0
        for row in rows:
            folders = [self._folder(row.get(key)) for key in ("baseline_run_id", "run_id")]
            if "difference" not in row or None in folders:
                continue
            if any(not self._afford(folder) for folder in folders if folder is not None):
                unread += 1
                continue
            one, other = (self._texts(folder) for folder in folders if folder is not None)
            if one and other and (both := one.keys() & other.keys()):
                row["same_texts"] = [sum(_alike(one[task], other[task]) for task in both), len(both)]
        if unread:
            self.remarks.append(f"The texts of {unread:,} further {'pair was' if unread == 1 else 'pairs were'} not "
                                "compared, to keep this quick; --benchmark or --baseline narrows down what is.")

    def flips(self, rows: Iterable[Row], most: int) -> list[Flips]:
        """Of each row that was held against a baseline its flips, the first ``most`` of them with both replies."""
        return [self._flips(row, most) for row in rows if row.get("lost") or row.get("won")]

    def _flips(self, row: Row, most: int) -> Flips:
        lost, won = list(row.get("lost", ())), list(row.get("won", ()))
        fewer = min(len(lost), len(won), most // 2)  # the rarer kind is the one that surprises: it is not crowded out
        first = (most - fewer, fewer) if len(lost) >= len(won) else (fewer, most - fewer)
        wanted = dict.fromkeys(lost[:first[0]], False) | dict.fromkeys(won[:first[1]], True)
        folders = [self._folder(row.get(key)) for key in ("baseline_run_id", "run_id")]
        one = self._replies(folders[0], {task: not won_it for task, won_it in wanted.items()})
        other = self._replies(folders[1], wanted)
        prompts = self._prompts(folders[0] or folders[1], wanted)
        labels = text_at(row, "baseline") or "baseline", text_at(row, "model") or "?"
        return Flips(
            text_at(row, "group") or "", text_at(row, "benchmark") or "?", *labels, text_at(row, "baseline_run_id"),
            text_at(row, "run_id"), tuple(lost), tuple(won),
            tuple(Flip(task, won_it, prompts.get(task, ""), one.get(task), other.get(task))
                  for task, won_it in wanted.items()),
            tuple(label for label, folder in zip(labels, folders, strict=True) if folder is None),
        )

    def _folder(self, run_id: Any) -> RunFolder | None:
        """The folder of that run, where it has samples."""
        if not isinstance(run_id, str) or run_id not in self._there or not is_run_id(run_id):
            return None
        folder = RunFolder(self._root, run_id)
        return folder if folder.samples_path.is_file() else None

    def _afford(self, folder: RunFolder) -> bool:
        if folder.run_id in self._said:
            return True
        if self._left <= 0:
            return False
        self._left -= folder.samples_path.stat().st_size
        return True

    def _texts(self, folder: RunFolder) -> dict[str, list[Said]] | None:
        if folder.run_id not in self._said:
            self._said[folder.run_id] = self._read_texts(folder)
        return self._said[folder.run_id]

    def _read_texts(self, folder: RunFolder) -> dict[str, list[Said]] | None:
        found: dict[str, dict[int, Said]] = {}
        try:
            for line in read_lines(folder.samples_path):
                found.setdefault(str(line.get("task_id")), {}).setdefault(count_at(line, "sample") or 0, _said(line))
        except BenchError as error:
            self.remarks.append(f"Texts left out: {error}.")
            return None
        return {task: [here[index] for index in sorted(here)] for task, here in found.items()}

    def _replies(self, folder: RunFolder | None, wanted: Mapping[str, bool]) -> dict[str, Reply]:
        """The reply to each task by which it passed or failed, as ``wanted`` says; its first where none is known to."""
        if folder is None:
            return {}
        try:
            details = _lines(folder.details_path, wanted)
            samples = _lines(folder.samples_path, wanted)
        except BenchError as error:
            self.remarks.append(f"Replies left out: {error}.")
            return {}
        return {task: _reply(samples[task], details.get(task, {}), passed=passed)
                for task, passed in wanted.items() if task in samples}

    def _prompts(self, folder: RunFolder | None, wanted: Mapping[str, bool]) -> dict[str, str]:
        if folder is None:
            return {}
        try:
            tasks = _lines(folder.tasks_path, wanted)
        except BenchError as error:
            self.remarks.append(f"Prompts left out: {error}.")
            return {}
        return {task: next(filter(None, (text_at(line, "prompt", name) for name in PROMPT_FIELDS)), "")
                for task, here in tasks.items() for line in here.values()}


def _names_in(root: Path) -> frozenset[str]:
    """What is in this folder, looked up once for a ledger of thousands; nothing where there is none to look into."""
    try:
        return frozenset(entry.name for entry in root.iterdir())
    except OSError:
        return frozenset()


def _said(line: Mapping[str, Any]) -> Said:
    texts = tuple(text_at(line, name) or "" for name in ("response", "reasoning", "completion"))
    if line.get("looping") is True:
        return texts
    return hashlib.blake2b("\0".join(texts).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _alike(one: Sequence[Said], other: Sequence[Said]) -> bool:
    """Whether every reply is the other's to the letter; of two that loop, as far as the shorter goes."""
    return len(one) == len(other) and all(
        all(a.startswith(b) or b.startswith(a) for a, b in zip(first, second, strict=True))
        if isinstance(first, tuple) and isinstance(second, tuple) else first == second
        for first, second in zip(one, other, strict=True))


def _lines(path: Path, wanted: Mapping[str, bool]) -> dict[str, dict[int, dict[str, Any]]]:
    """The lines of the wanted tasks by sample; the first where one came twice."""
    found: dict[str, dict[int, dict[str, Any]]] = {}
    for line in read_lines(path):
        task = line.get("task_id")
        if isinstance(task, str) and task in wanted:
            found.setdefault(task, {}).setdefault(count_at(line, "sample") or 0, line)
    return found


def _reply(samples: Mapping[int, Mapping[str, Any]], details: Mapping[int, Mapping[str, Any]], *,
           passed: bool) -> Reply:
    fitting = [index for index in sorted(samples) if details.get(index, {}).get("passed") is passed]
    index = fitting[0] if fitting else min(samples)
    sample, detail = samples[index], details.get(index, {})
    text = text_at(sample, "completion") or text_at(sample, "response") or text_at(sample, "reasoning") or ""
    return Reply(text, text_at(detail, "outcome"), text_at(detail, "detail") or "", detail.get("answer"),
                 text_at(sample, "finish_reason"))
