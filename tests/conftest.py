"""For all tests: what is skipped is skipped for a reason on the list, or it has failed."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from hypothesis import settings

from tests.skips import is_listed

settings.register_profile("patient", deadline=None)  # a machine that is busy with something else fails no test
settings.load_profile("patient")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and isinstance(report.longrepr, tuple):
        reason = report.longrepr[2].removeprefix("Skipped: ")
        if not is_listed(reason):
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid} was skipped for a reason that is not in tests/skips.toml: {reason}"
    return report
