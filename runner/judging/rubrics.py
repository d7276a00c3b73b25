"""Where a rubric comes from: a file of the user's, or the one that ships with a benchmark."""

from __future__ import annotations

from pathlib import Path

import benchmarks
from core.errors import BadInput, UsageError
from core.rubric import Rubric
from tracking.judging import rubric as rubrics

SHIPPED = "shipped:"
FOLDER = Path(benchmarks.__file__).resolve().parent / "rubrics"


def source_for(benchmark: str, given: str | None) -> str:
    """Where the rubric is: ``--rubric``, else the benchmark's own. Raises UsageError where there is neither."""
    if given is not None:
        return str(Path(given).resolve())
    if not (FOLDER / f"{benchmark}.md").is_file():
        raise UsageError(f"--rubric: there is none that ships with {ascii(benchmark)[1:-1]}; name a rubric.md of your "
                         "own (docs/judging.md).")
    return SHIPPED + benchmark


def load(source: str) -> Rubric:
    """The rubric as it is now. Raises BadInput where it cannot be read, or is none."""
    shipped = source.startswith(SHIPPED)
    path = FOLDER / f"{Path(source.removeprefix(SHIPPED)).name}.md" if shipped else Path(source)
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise BadInput(f"the rubric {path} cannot be read ({error.strerror}); name another with --rubric") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"the rubric {path}: byte {error.start} is not UTF-8; save it as UTF-8") from error
    return rubrics.parse(text, path.name if shipped else str(path))
