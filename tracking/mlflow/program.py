"""The child process: told what to send on its standard input, a JSON object a line; answers a line each.

The first line is ``{"uri", "username", "password", "timeout_s", "retries"}``; then ``{"do": "hello"}``,
``{"do": "known", "experiment": …}`` or ``{"do": "send", "run": …}``. Answers are ``{"done": …}`` or
``{"problem": sentence, "kind": …}``. Credentials come in by that pipe, never on a command line.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import IO, Any


def main() -> int:
    """Until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # the client prints where a run can be looked at
    lines = sys.stdin
    first = json.loads(lines.readline() or "{}")
    if not first:
        return 0
    _set_up(first)
    _serve(str(first["uri"]), lines, answers)
    return 0


def _set_up(settings: Mapping[str, Any]) -> None:
    """MLflow reads these from the environment. What the user set for it stands, but nothing is told to its makers.

    By itself the client tries a request for seven times of two minutes.
    """
    os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true",
                   "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false", "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true"}
    for name, value in (("MLFLOW_HTTP_REQUEST_TIMEOUT", settings["timeout_s"]),
                        ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", settings["retries"]),
                        ("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", 1), ("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", 0)):
        os.environ.setdefault(name, str(value))
    if settings.get("username") is not None:
        os.environ["MLFLOW_TRACKING_USERNAME"] = str(settings["username"])
        os.environ["MLFLOW_TRACKING_PASSWORD"] = str(settings.get("password") or "")
        os.environ.pop("MLFLOW_TRACKING_TOKEN", None)


def _serve(uri: str, lines: IO[str], answers: IO[str]) -> None:
    from tracking.mlflow.problems import problem_of  # noqa: PLC0415  # MLflow reads its environment when imported
    from tracking.mlflow.sending import Sender  # noqa: PLC0415

    sender = Sender(uri)
    for line in lines:
        try:
            answer: dict[str, Any] = {"done": _do(sender, json.loads(line))}
        except Exception as error:  # noqa: BLE001  # whatever the client raises is an answer
            found = problem_of(error, uri)
            answer = {"problem": str(found), "kind": found.kind}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _do(sender: Any, order: Mapping[str, Any]) -> Any:
    from tracking.mlflow.description import Tracked  # noqa: PLC0415

    match order:
        case {"do": "hello"}:
            return sender.hello()
        case {"do": "known", "experiment": str(name)}:
            return sender.known(name)
        case {"do": "send", "run": dict(run)}:
            return sender.send(Tracked.from_json(run))
        case _:
            raise ValueError(f"no such order: {sorted(order)}")


if __name__ == "__main__":
    raise SystemExit(main())
