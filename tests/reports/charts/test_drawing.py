"""Charts as SVG and PNG: hostile text, what a mark says, what a page can be made of."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from reports.charts.axes import NARROW, WIDE, Axis, Frame, Marks, chart
from reports.charts.drawing import to_png, to_svg
from reports.charts.palette import PAGE, PRINTED, Palette
from reports.charts.scales import log_scale, percent_scale

HOSTILE = "</svg><script>alert(1)</script>\" onload='x' &amp; \x1b[31m \x00 \u202e \ud800 \ufffe ]]>"
SPELLED = "</svg><script>alert(1)</script>\" onload='x' &amp; \\x1b[31m \\x00 \\u202e \\ud800 \\ufffe ]]>"
SVG = "{http://www.w3.org/2000/svg}"


def drawn(text: str, palette: Palette = PRINTED) -> str:
    x, y = log_scale([1, 10], 600), percent_scale([50, 90], 300)
    rows = [{"x": 10, "y": 20, "said": text, "text": text}]
    marks = [Marks("symbol", rows, {"x": "x", "y": "y", "description": "said"}, {"fill": "#0072b2"}),
             Marks("text", rows, {"x": "x", "y": "y", "text": "text"})]
    return to_svg(chart(WIDE, Frame(), {"x": Axis(x, text), "y": Axis(y, "y")}, marks, palette), text)


def test_hostile_text_is_text_in_every_place_of_a_drawing() -> None:
    root = ET.fromstring(drawn(HOSTILE))  # which refuses what is no XML
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "g", "rect", "path", "line", "text", "title"}
    assert [element.text for element in root.iter(SVG + "title")] == [SPELLED]
    assert [element.text for element in root.iter(SVG + "text")].count(SPELLED) == 2  # the mark's and the axis'
    assert root.get("aria-label") == SPELLED
    assert not any(name.startswith("on") for element in root.iter() for name in element.attrib)


def test_a_name_that_looks_like_our_own_attributes_is_kept_to_the_letter() -> None:
    name = ' opacity="1" class="x" 0.123456 font-family="a"'
    root = ET.fromstring(drawn(name))
    assert name in [element.text for element in root.iter(SVG + "title")]


def test_a_drawing_names_nothing_outside_itself_and_needs_no_style_attributes() -> None:
    svg = drawn("a")
    assert "style=" not in svg
    assert "href" not in svg
    assert svg.count("http") == 1  # its own name space
    assert "id=" not in svg  # many stand in one page


def test_a_drawing_for_a_page_has_the_pages_colours_and_one_for_a_file_its_own_ground() -> None:
    assert 'fill="var(--text)"' in drawn("a", PAGE)
    assert "#ffffff" not in drawn("a", PAGE)
    assert 'fill="#ffffff"' in drawn("a", PRINTED)


def test_a_picture_is_a_png_of_twice_the_drawings_pixels() -> None:
    x, y = log_scale([1, 10], 300), percent_scale([50], 200)
    picture = to_png(to_svg(chart(NARROW, Frame(), {"x": Axis(x, "x"), "y": Axis(y, "y")}, [], PRINTED), "x"))
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert (int.from_bytes(picture[16:20]), int.from_bytes(picture[20:24])) == (720, 640)


def test_a_number_that_is_none_is_refused_before_the_library_draws_it_somewhere() -> None:
    with pytest.raises(ValueError, match="nan cannot be drawn"):
        to_svg({"width": float("nan")}, "x")
