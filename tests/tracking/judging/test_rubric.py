"""rubric.md: what is understood, and what is told of the rest."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from tracking.judging.rubric import parse

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = (ROOT / "benchmarks" / "rubrics" / "tips.md").read_text("utf-8")

SMALL = """\
# Rubric: tip-v2

Judge the tip.

Scale: 1-3

## relevance (weight 2)

Does it fit?

- 1: No.
  Example: "Taxes."
- 2: Partly,
  as far as one can see.
- 3: Yes.
  Example: "Water first."
  Example: "Call at nine,
  then rest."

## tone (weight 1)

Is it kind?

- 1: No.
- 2: Neither.
- 3: Yes.
"""


def test_a_rubric_has_version_scale_criteria_weights_anchors_and_examples() -> None:
    rubric = parse(SMALL, "rubric.md")
    assert (rubric.version, rubric.lowest, rubric.highest, rubric.weighted) == ("tip-v2", 1, 3, True)
    assert rubric.names == ("relevance", "tone")
    assert rubric.instructions == "Judge the tip."
    first = rubric.criteria[0]
    assert (first.question, first.weight) == ("Does it fit?", 2.0)
    assert [(anchor.score, anchor.meaning) for anchor in first.anchors] == [
        (1, "No."), (2, "Partly, as far as one can see."), (3, "Yes.")]
    assert first.anchors[2].examples == ('"Water first."', '"Call at nine, then rest."')


def test_its_hash_is_that_of_the_file_whatever_its_line_ends() -> None:
    expected = hashlib.sha256(SMALL.encode()).hexdigest()
    assert parse(SMALL, "x").sha256 == expected
    assert parse("\ufeff" + SMALL.replace("\n", "\r\n"), "x").sha256 == expected


def test_the_composite_is_the_mean_unless_there_are_weights() -> None:
    weighted = parse(SMALL, "x")
    assert weighted.composite({"relevance": 3, "tone": 1}) == pytest.approx(7 / 3)
    plain = parse(SMALL.replace(" (weight 2)", "").replace(" (weight 1)", ""), "x")
    assert plain.composite({"relevance": 3, "tone": 1}) == pytest.approx(2)
    assert [plain.percent(score) for score in (1, 2, 3)] == [0, 50, 100]


def test_the_rubric_that_ships_has_an_example_for_every_score() -> None:
    rubric = parse(SHIPPED, "tips.md")
    assert rubric.version == "tip-v1"
    assert rubric.names == ("relevance", "actionability", "tone")
    assert not rubric.weighted
    assert all(anchor.examples for criterion in rubric.criteria for anchor in criterion.anchors)


@pytest.mark.parametrize(
    ("change", "line", "says"),
    [
        (lambda _: "", 1, "the file is empty"),
        (lambda _: "Hello\n", 1, "is no title"),
        (lambda text: text.replace("tip-v2", "tip v2"), 1, "must be one word"),
        (lambda text: text.replace("Scale: 1-3\n", ""), 6, "there is no scale yet"),
        (lambda text: text.replace("Scale: 1-3", "Scale 1 to 3"), 5, "is no scale"),
        (lambda text: text.replace("Scale: 1-3", "Scale: 3-1"), 5, "must rise"),
        (lambda text: text.replace("Scale: 1-3", "Scale: 1-3\nScale: 1-5"), 6, "given twice"),
        (lambda text: text[:text.index("## ")], 7, "there is no criterion"),
        (lambda text: text.replace("## tone", "## relevance"), 20, "'relevance' is given twice"),
        (lambda text: text.replace("## tone", "### tone"), 20, "is no criterion"),
        (lambda text: text.replace("## tone", "## Tone of voice"), 20, "one word of small letters"),
        (lambda text: text.replace("(weight 1)", "(weight 0)"), 20, "above 0"),
        (lambda text: text.replace(" (weight 1)", ""), 20, "either all criteria have a weight or none"),
        (lambda text: text.replace("(weight 2)", "(weight heavy)"), 7, "above 0"),
        (lambda text: text.replace("- 2: Neither.\n", ""), 25, "comes where 2 is due"),
        (lambda text: text.replace("- 3: Yes.\n  Example", "- 4: Yes.\n  Example"), 15, "not on the scale 1-3"),
        (lambda text: text.removesuffix("- 3: Yes.\n"), 20, "no anchor for 3"),
        (lambda text: text.replace("Is it kind?\n", ""), 20, "says nothing below its name"),
        (lambda text: text.replace("- 1: No.\n- 2", "- 1 No.\n- 2"), 24, "is no anchor"),
        (lambda text: text + "\nAnd be fair.\n", 28, "stands between anchors"),
        (lambda text: text + "x" * 300_000, None, "shorten"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence_with_its_line(change: object, line: int | None, says: str) -> None:
    assert callable(change)
    with pytest.raises(BadInput) as caught:
        parse(change(SMALL), "rubric.md")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    if line is not None:
        assert str(caught.value).startswith(f"rubric.md:{line}: ")


@given(st.lists(st.sampled_from([*SMALL.split("\n"), "#", "- 9: x", "  Example: y", "Scale: 0-10", "## a (weight 1)"]),
                max_size=30))
def test_whatever_the_lines_there_is_a_rubric_or_a_sentence(lines: list[str]) -> None:
    with suppress(BadInput):
        rubric = parse("\n".join(lines), "x")
        assert all(len(each.anchors) == rubric.highest - rubric.lowest + 1 for each in rubric.criteria)
