"""Golden transcripts: ``tests/transcripts/<parser>/<name>.txt`` and what the parser makes of it beside it as JSON.

An answer's file holds the prompt, the finish reason and the expected answer; an output's the expected events, read
by the reader that has to find the format out itself.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from parsers.answers.registry import ANSWER_PARSERS
from parsers.outputs.registry import OUTPUT_PARSERS
from tests.parsers.asking import answer, events

ROOT = Path(__file__).parents[1] / "transcripts"
FILES = sorted(ROOT.glob("*/*.txt"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_transcript_is_read_as_written_beside_it(path: Path) -> None:
    text, expected = path.read_text("utf-8"), json.loads(path.with_suffix(".json").read_text("utf-8"))
    parser = path.parent.name
    found: Any
    if parser in ANSWER_PARSERS:
        read = answer(parser, text, expected["prompt"], finish_reason=expected["finish_reason"])
        found, expected = dataclasses.asdict(read), expected["answer"]
    else:
        found = known([{type(event).__name__: dataclasses.asdict(event)} for event in events(text)])
        expected = known(expected)
    assert found == expected


def known(value: Any) -> Any:
    """Without the fields that are None: a new optional field changes no transcript."""
    if isinstance(value, dict):
        return {key: known(item) for key, item in value.items() if item is not None}
    return [known(item) for item in value] if isinstance(value, list) else value


def test_every_parser_has_a_transcript() -> None:
    assert {path.parent.name for path in FILES} == {*ANSWER_PARSERS, *OUTPUT_PARSERS, "garbage"}


def test_a_named_output_parser_reads_its_transcript_as_the_detecting_reader_does() -> None:
    for name, parser in OUTPUT_PARSERS.items():
        for path in sorted((ROOT / name).glob("*.txt")):
            text = path.read_text("utf-8")
            assert [type(event) for event in events(text, parser())] == [type(event) for event in events(text)], path
