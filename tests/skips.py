"""The one list of what a test may be skipped for: ``skips.toml``. Any other skip is a failure (``conftest.py``)."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import NoReturn

import pytest

_LIST = Path(__file__).with_name("skips.toml")


def reason_of(name: str, detail: str = "") -> str:
    """The reason as it is shown. Raises KeyError for a name that is not on the list."""
    listed: dict[str, str] = tomllib.loads(_LIST.read_text(encoding="utf-8"))["skips"]
    return f"{name}: {detail + ': ' if detail else ''}{listed[name]}"


def skip(name: str, detail: str = "") -> NoReturn:
    """Skips the test that runs, by a name on the list."""
    pytest.skip(reason_of(name, detail))


def needs(name: str, *, there: bool) -> pytest.MarkDecorator:
    """A mark for tests that want what is ``there`` or not."""
    return pytest.mark.skipif(not there, reason=reason_of(name))


def is_listed(reason: str) -> bool:
    """Whether a skip's reason begins with a name on the list."""
    return reason.partition(":")[0] in tomllib.loads(_LIST.read_text(encoding="utf-8"))["skips"]
