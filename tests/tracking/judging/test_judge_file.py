"""The judge's file: what is written is what is read back; whatever else stands there is one sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from tracking.judging.judge_file import Entry, JudgeFile, parse, to_bytes
from tracking.judging.rubric import parse as rubric_of
from tracking.judging.scoring import fault_of

TEXT = (Path(__file__).resolve().parents[3] / "benchmarks" / "rubrics" / "tips.md").read_text("utf-8")
RUBRIC = rubric_of(TEXT, "tips.md")
ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)
SCORES = st.fixed_dictionaries({name: st.none() | st.integers(1, 5) for name in RUBRIC.names})
ENTRIES = st.lists(st.builds(Entry, ANY_TEXT.filter(bool), st.dictionaries(ANY_TEXT, ANY_TEXT, max_size=3), ANY_TEXT,
                             SCORES, ANY_TEXT), max_size=4, unique_by=lambda entry: entry.entry_id)


def file_of(entries: tuple[Entry, ...]) -> JudgeFile:
    return JudgeFile("j" + "0" * 16, "tip-bench", "ann", RUBRIC.version, RUBRIC.sha256, RUBRIC.text, entries)


@given(ENTRIES)
def test_whatever_models_wrote_what_is_written_is_read_back(entries: list[Entry]) -> None:
    """Control characters, lone surrogates, markup and all; a pair of surrogates is one character to JSON."""
    def joined(text: str) -> str:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")

    data = to_bytes(file_of(tuple(entries)), RUBRIC)
    assert data.isascii()
    read = parse(data, "judge.json")
    assert [joined(entry.text) for entry in entries] == [entry.text for entry in read.entries]
    assert [entry.scores for entry in entries] == [entry.scores for entry in read.entries]
    assert [joined(entry.note) for entry in entries] == [entry.note for entry in read.entries]


def test_an_entry_is_begun_once_it_has_a_score_or_a_note() -> None:
    none = dict.fromkeys(RUBRIC.names)
    assert not Entry("c1", {}, "x", none).touched
    assert Entry("c1", {}, "x", {**none, "tone": 3}).touched
    assert Entry("c1", {}, "x", none, "hm").touched


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
                    max_leaves=8)


@given(st.data())
def test_a_file_with_anything_in_place_of_anything_is_read_or_told_in_a_line(data: st.DataObject) -> None:
    value: Any = json.loads(to_bytes(file_of((Entry("c1", {"persona": "x"}, "y", dict.fromkeys(RUBRIC.names)),)),
                                     RUBRIC))
    inside = data.draw(st.sampled_from([value, value["rubric"], value["candidates"][0],
                                        value["candidates"][0]["scores"]]))
    inside[data.draw(st.sampled_from([*inside, "more"]))] = data.draw(JSON)
    told(json.dumps(value).encode())


@given(st.binary(max_size=80) | st.text(max_size=80).map(lambda text: text.encode("utf-8", "replace")))
def test_bytes_that_are_no_file_of_ours_are_told_in_a_line(data: bytes) -> None:
    told(data)


def told(data: bytes) -> None:
    message = ""
    try:
        file = parse(data, "judge.json")
    except BadInput as error:
        message = str(error)
    else:
        message = "judge.json" + " ".join(fault_of(RUBRIC, entry.scores) or "" for entry in file.entries)
    assert message.startswith("judge.json")
    assert message.isprintable()
    assert len(message) < 600
