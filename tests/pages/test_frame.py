"""The frame of every page: what it lets run, how it holds data, its themes."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path
from typing import Any

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from reports.pages.embed import json_block, packed_block, svg_block, to_json
from reports.pages.frame import Assets, Page, render
from runner.pages import assets
from tests.pages.browser import Opener

EVIL = (
    "</script><script>alert('ran')</script><!-- <script> --> <img src=x onerror=alert('ran')>"
    "\u2028\u2029\0\x1b[31m\u202egnirts\ud800\udc00\udfff & <![CDATA[ ]]> \\u003c {{ 7*7 }} {% raw %}"
)
TEMPLATE = """{% extends "frame.html" %}
{% block title %}{{ words }}{% endblock %}
{% block main %}<h1>{{ words }}</h1><pre id="here"></pre>{{ more }}{% endblock %}
{% block data %}{{ blocks }}{% endblock %}
"""


def made(tmp_path: Path, script: str = "", more: str = "", **values: Any) -> Path:
    own = Assets({**assets().texts, "test.html": TEMPLATE, "test.js": script})
    path = tmp_path / "page.html"
    page = Page("test.html", {"words": EVIL, "blocks": "", "more": Markup(more), **values}, (), ("test.js",))
    path.write_bytes(render(page, own).encode("utf-8", "replace"))
    return path


@pytest.mark.parametrize("value", [EVIL, {EVIL: [EVIL, 1, None, 2.5, True]}, "", [], "日本語 🙂"])
def test_data_comes_back_as_it_was_and_cannot_end_its_block(value: Any) -> None:
    text = to_json(value)
    assert _utf16(json.loads(text)) == _utf16(value)
    assert text.isascii()
    assert not set("<>&\0\u2028") & set(text)


def _utf16(value: Any) -> bytes:
    """As a browser has it: two surrogates that belong together are one character."""
    return "".join(_strings(value)).encode("utf-16", "surrogatepass")


def _strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [found for pair in value.items() for part in pair for found in _strings(part)]
    return [found for part in value for found in _strings(part)] if isinstance(value, list) else [str(value)]


def test_numbers_without_a_word_in_json_are_texts() -> None:
    assert json.loads(to_json({"a": [float("nan"), 1.5, float("-inf")]})) == {"a": ["nan", 1.5, "-inf"]}


def test_the_browser_reads_both_kinds_of_blocks_to_the_letter(opened: Opener, tmp_path: Path) -> None:
    blocks = json_block("plain", EVIL) + packed_block("packed", [EVIL] * 3)
    path = made(tmp_path, "window.all = page.unpack('packed').then((list) => [page.data('plain'), ...list]);",
                blocks=blocks)
    with opened(path) as (page, watch):
        units = page.evaluate("all.then((texts) => texts.map((text) => Array.from({length: text.length}, "
                              "(_, i) => text.charCodeAt(i))))")
    wanted = EVIL.encode("utf-16-le", "surrogatepass")
    assert [b"".join(unit.to_bytes(2, "little") for unit in text) for text in units] == [wanted] * 4
    assert watch.quiet()


def test_text_that_hides_or_turns_around_is_spelled_out(opened: Opener, tmp_path: Path) -> None:
    path = made(tmp_path, "page.show(document.getElementById('here'), page.data('text'));",
                blocks=json_block("text", "a\u202eb\x1b[2J\ttab\nline\u200b\ud800c\0<b>\U000e0041é🙂"))
    with opened(path) as (page, watch):
        assert page.locator("#here").text_content() == (
            "a\\u202eb\\x1b[2J\ttab\nline\\u200b\\ud800c\\x00<b>\\U000e0041é🙂")
        assert page.locator("#here b").count() == 0
    assert watch.quiet()


def test_values_of_a_template_are_text(opened: Opener, tmp_path: Path) -> None:
    with opened(made(tmp_path)) as (page, watch):
        shown = page.locator("h1").text_content() or ""
        assert "<script>alert('ran')</script>" in shown
        assert "{{ 7*7 }}" in shown
        assert page.locator("img").count() == 0
    assert watch.quiet()


@pytest.mark.parametrize("markup", [
    "<script>alert('ran')</script>", "<img src=x onerror=\"alert('ran')\">",
    "<img src='ADDRESS/x.png'>", "<link rel=stylesheet href='ADDRESS/x.css'>",
    "<iframe srcdoc=\"<script>parent.alert('ran')</script>\"></iframe>", "<p style='color: red' id=red>x</p>",
    "<base href='ADDRESS/'>", "<object data='ADDRESS/x'></object>",
])
def test_even_markup_that_got_into_a_page_runs_and_fetches_nothing(
    opened: Opener, tmp_path: Path, markup: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        path = made(tmp_path, "document.title = 'own script ran';", more=markup.replace("ADDRESS", address))
        with opened(path) as (page, watch):
            page.wait_for_function("document.title === 'own script ran'")
            colour = page.evaluate("(e => e && getComputedStyle(e).color)(document.getElementById('red'))")
        server.setblocking(False)
        with pytest.raises(BlockingIOError):  # nobody is at the door
            server.accept()
    assert watch.dialogs == []
    assert any("Content Security Policy" in line for line in watch.said)
    assert colour != "rgb(255, 0, 0)"


def test_a_page_without_foreign_markup_has_nothing_to_say(opened: Opener, tmp_path: Path) -> None:
    with opened(made(tmp_path)) as (_, watch):
        assert watch.quiet()


def test_style_attributes_are_allowed_where_charts_need_them(opened: Opener, tmp_path: Path) -> None:
    own = Assets({**assets().texts, "test.html": TEMPLATE})
    chart = svg_block('<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg">'
                      '<rect style="fill: rgb(1, 2, 3)"/></svg>')
    values = {"words": "w", "blocks": "", "more": chart}
    path = tmp_path / "page.html"
    path.write_text(render(Page("test.html", values, chart_styles=True), own))
    with opened(path) as (page, watch):
        assert page.evaluate("getComputedStyle(document.querySelector('rect')).fill") == "rgb(1, 2, 3)"
    assert watch.quiet()


def test_the_theme_follows_the_system_until_somebody_chooses(opened: Opener, tmp_path: Path) -> None:
    path, ground = made(tmp_path), "getComputedStyle(document.body).backgroundColor"
    with opened(path, color_scheme="dark") as (page, watch):
        dark = page.evaluate(ground)
        page.emulate_media(color_scheme="light")
        light = page.evaluate(ground)
        assert dark != light
        page.keyboard.press("t")
        assert page.evaluate(ground) == dark
        page.locator("#theme").focus()
        page.keyboard.press("Enter")
        assert page.evaluate(ground) == light
        page.keyboard.press("t")
        page.reload()
        assert page.evaluate(ground) == dark
    assert watch.quiet()


def test_a_chart_with_a_script_is_no_chart() -> None:
    with pytest.raises(ValueError, match="without scripts"):
        svg_block("<svg><script>alert(1)</script></svg>")


def test_a_value_that_a_template_names_and_nobody_gave_is_an_error(tmp_path: Path) -> None:
    own = Assets({**assets().texts, "test.html": TEMPLATE})
    with pytest.raises(UndefinedError):
        render(Page("test.html", {"words": "w", "blocks": ""}), own)


def test_no_asset_ends_the_element_it_stands_in() -> None:
    for name, text in assets().texts.items():
        if name.endswith((".js", ".css")):
            assert not re.search(r"</(script|style)|<!--", text, re.IGNORECASE), name
