"""Which commit of a git checkout files are of, read from its files: no git is needed, and none is started."""

from __future__ import annotations

import re
from pathlib import Path

_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_DEEP = 5
"""Names that stand for names; git itself stops there."""


def commit_of(root: Path) -> str | None:
    """The commit that is checked out in ``root``; None where it is no checkout, or not plain which. What was changed
    since is not told.
    """
    try:
        folder = _git_folder(root)
        return _resolved(folder, _line(folder / "HEAD")) if folder is not None else None
    except (OSError, ValueError):
        return None


def _git_folder(root: Path) -> Path | None:
    """``.git``; of a worktree the folder that its ``.git`` names."""
    found = root / ".git"
    if found.is_file():
        found = root / _line(found).removeprefix("gitdir:").strip()
    return found if found.is_dir() else None


def _resolved(folder: Path, name: str) -> str | None:
    shared = folder / _line(folder / "commondir") if (folder / "commondir").is_file() else folder
    for _ in range(_DEEP):
        if not name.startswith("ref: "):
            return name if _COMMIT.fullmatch(name) else None
        name = _pointed(shared, folder, name.removeprefix("ref: ").strip()) or ""
    return None


def _pointed(shared: Path, folder: Path, ref: str) -> str | None:
    """What a branch's name stands for: a file of its own, or a line of ``packed-refs``."""
    for place in (folder, shared):
        if (place / ref).is_file():
            return _line(place / ref)
    packed = shared / "packed-refs"
    lines = packed.read_text("utf-8").splitlines() if packed.is_file() else []
    return next((line.partition(" ")[0] for line in lines if line.partition(" ")[2] == ref), None)


def _line(path: Path) -> str:
    """The first line of a short file. Raises OSError, ValueError."""
    with path.open(encoding="utf-8") as file:
        return file.readline(4096).strip()
