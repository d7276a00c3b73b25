"""Where a rubric comes from: a file of the user's, or the one that ships with a benchmark."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import benchmarks
from core.errors import BadInput, BenchError, UsageError
from core.rubric import Rubric
from ledger.run_id import slug
from system import files
from tracking.judging import judge_key
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


def keep(runs_root: Path, rubric: Rubric) -> None:
    """A copy beside the runs, by its hash, so that scores can be read when the file has changed. Raises BenchError."""
    path = _copy(runs_root, rubric.sha256)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.atomic_write(path, rubric.text.encode("utf-8"))
    except OSError as error:
        raise BenchError(f"{path} cannot be written ({error.strerror}); {files.remedy(error)}, then run the same "
                         "command again") from error


def kept(runs_root: Path, sha256: str) -> Rubric | None:
    """The copy with that hash, or one that ships; None where there is none, or it is another by now."""
    for path in (_copy(runs_root, sha256), *sorted(FOLDER.glob("*.md"))):
        with suppress(BadInput):
            found = load(str(path))
            if found.sha256 == sha256:
                return found
    return None


def _copy(runs_root: Path, sha256: str) -> Path:
    return runs_root / judge_key.FOLDER / "rubrics" / f"{slug(sha256)}.md"
