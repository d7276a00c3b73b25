"""Other Pythons of this machine, and virtual environments made by hand: no download, no second."""

from __future__ import annotations

import os
import shutil
from functools import cache
from pathlib import Path

from core.errors import UsageError
from system import interpreter
from tests import skips

VERSIONS = ("3.9", "3.10", "3.11", "3.12", "3.13")
_SKIPS = Path(__file__).parents[1] / "skips.toml"


@cache
def _here() -> dict[str, str]:
    """``{"3.9": path}`` of those found."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    candidates = [path for path in os.environ.get("BENCH_PYTHONS", "").split(":") if path]
    candidates += [str(path) for path in sorted(pyenv.glob("3.*/bin/python3"))]
    candidates += [path for version in VERSIONS if (path := shutil.which(f"python{version}"))]
    found: dict[str, str] = {}
    for path in candidates:
        try:
            asked = interpreter.ask(path)
        except UsageError:
            continue
        found.setdefault(".".join(asked.version.split(".")[:2]), asked.path)
    return found


def python_or_skip(version: str) -> str:
    """The path of that Python; otherwise skips by name."""
    if version not in _here():
        skips.skip("another python", f"no {version} here")
    return _here()[version]


def environment(folder: Path, python: str, files: dict[str, str]) -> str:
    """A virtual environment of ``python`` whose packages are ``files``; the path of its interpreter."""
    version = ".".join(interpreter.ask(python).version.split(".")[:2])
    packages = folder / "lib" / f"python{version}" / "site-packages"
    for name, text in files.items():
        path = packages / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(python)
    (folder / "pyvenv.cfg").write_text(f"home = {Path(python).parent}\ninclude-system-site-packages = false\n")
    return str(folder / "bin" / "python")


def open_up(folder: Path) -> None:
    """Pytest makes its folders private; an unprivileged user has to reach them."""
    for parent in folder.parents:
        if parent.name.startswith("pytest"):
            parent.chmod(0o755)


def out_of_order(folder: Path) -> str:
    """A program that says its version like any Python, and then starts no worker."""
    path = folder / "python3"
    path.write_text("#!/bin/sh\ncase \"$*\" in *-c*) printf '%s\\npython 3.11.0\\ncpython\\n/usr\\n' \"$0\";; "
                    "*) echo out of order >&2; exit 1;; esac\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)
