"""Quantization ladders as a drawing."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from reports.charts.axes import NARROW
from reports.charts.drawing import to_svg
from reports.charts.ladder import COLOURS, Ladder, Rung, ladders

SVG = "{http://www.w3.org/2000/svg}"
RUNGS = [Rung("F16", 94.5, 90.4, 96.9, "baseline", "baseline", said="F16, 94.5 %"),
         Rung("Q8_0", 95.0, 91.0, 97.3, "+0.5", said="Q8_0, 95.0 %"),
         Rung("Q2_K", 26.0, 20.4, 32.5, "-68.5 lower", "lower", said="Q2_K, 26.0 %")]


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter(SVG + "text")]


def test_each_quantization_has_a_row_with_its_name_and_words() -> None:
    svg = to_svg(ladders([Ladder("demo", RUNGS)], "Score (%)"), "x")
    assert {"F16", "Q8_0", "Q2_K", "baseline", "+0.5", "-68.5 lower"} <= set(texts(svg))
    assert "demo" not in texts(svg)  # one ladder needs no heading
    assert [element.text for element in ET.fromstring(svg).iter(SVG + "title")] == [rung.said for rung in RUNGS]
    assert COLOURS["lower"] in svg


def test_a_long_title_is_cut_to_what_fits_on_a_telephone() -> None:
    long = f"Score on {'a_long_benchmark_name_' * 4} (%)"
    narrow = texts(to_svg(ladders([Ladder("demo", RUNGS)], long, size=NARROW), "x"))
    assert [text for text in narrow if text.startswith("Score on") and "…" in text and text.endswith("(%)")]
    assert long not in narrow
    assert f"Score on {'a_long_benchmark_name_' * 2} (%)" in texts(
        to_svg(ladders([Ladder("demo", RUNGS)], f"Score on {'a_long_benchmark_name_' * 2} (%)"), "x"))


def test_several_models_stand_under_their_names() -> None:
    svg = to_svg(ladders([Ladder("one", RUNGS), Ladder("two", RUNGS[:2])], "Score (%)"), "x")
    assert {"one", "two"} <= set(texts(svg))
    assert texts(svg).count("F16") == 2


def test_no_rows_are_no_drawing() -> None:
    with pytest.raises(ValueError, match="no row"):
        ladders([Ladder("a", [])], "Score (%)")
