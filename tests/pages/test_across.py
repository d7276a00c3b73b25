"""``rich-report`` in a browser: charts drawn, sorting and filters, hostile names, both themes, a telephone."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from runner.rich_reporting import RichRequest, rich_report
from tests.pages.browser import Opener
from tests.pages.runs_root import EVIL, family, write_run


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two benchmarks, one suspect run, one with a hostile name, one broken folder."""
    folder = tmp_path_factory.mktemp("across")
    root = folder / "runs"
    family(root)
    family(root, "gsm8k", "other-1B")
    write_run(root, "20261124T100020Z-suspect", "math", "third:Q4_0", range(10), bounds=[75.0, 90.0],
              validity={"status": "suspect", "reasons": ["6 of 40 replies were truncated"]})
    write_run(root, "20261124T100021Z-evil", EVIL, f"{EVIL}:Q8_0", range(3),
              validity={"status": "suspect", "reasons": [EVIL]}, latency={"tokens_per_second": 5.0})
    write_run(root, "20261124T100022Z-evil", EVIL, f"{EVIL}:Q2_K", range(30), latency={"tokens_per_second": 9.0})
    (root / "20261124T100023Z-broken").mkdir()
    (root / "20261124T100023Z-broken" / "summary.json").write_text('{"benchmark": ')
    return rich_report(RichRequest(root, folder / "out")).page


def models(page: Page) -> list[str]:
    return [(cell or "").split(" ★")[0] for cell in page.locator("#leaders tbody th.c-model").evaluate_all(
        "cells => cells.map(cell => cell.firstChild.textContent)")]


def test_the_page_runs_nothing_asks_for_nothing_and_says_nothing_to_the_console(opened: Opener, report: Path) -> None:
    with opened(report) as (page, watch):
        for button in page.locator("#leaders thead button").all():
            button.click()
        for cell in page.locator(".matrix button").all():
            cell.click()
        for details in page.locator("details:visible > summary").all():
            details.click()
        expect(page.locator(".comparison table").first).to_be_visible()
    assert watch.quiet(), watch


def test_charts_are_drawn_for_every_benchmark_and_name_what_they_show(opened: Opener, report: Path) -> None:
    with opened(report) as (page, _):
        titles = page.locator("figure.chart figcaption").all_text_contents()
        assert titles.count("Quantization ladder") == 3
        assert titles.count("Score against speed") == 3
        assert titles.count("Score against RAM") == 2
        charts = page.locator("figure.chart svg[role=img]:visible")
        assert charts.count() == len(titles)
        for chart in charts.all():
            box = chart.bounding_box()
            assert box is not None
            assert box["width"] > 300
            assert box["height"] > 80
            assert chart.get_attribute("aria-label")
        said = page.locator("figure.chart svg:visible title").all_text_contents()
        assert any(title.startswith("demo-5M:Q2_K, 25.0 [") for title in said)


def test_hostile_names_are_text_in_the_table_the_charts_and_the_flips(opened: Opener, report: Path) -> None:
    spelled = EVIL.replace("\x1b", "\\x1b").replace("\u202e", "\\u202e")
    with opened(report) as (page, watch):
        assert page.locator("img").count() == 0
        assert any(name.startswith(spelled[:30]) and "\\x1b[31m" in name for name in models(page))
        assert any(heading.endswith(spelled[-20:]) for heading in page.locator("h2").all_text_contents())
        page.locator(".matrix").first.locator("button").first.click()
        told = page.locator(".pair:not(:empty)")
        expect(told).to_contain_text("passed")
        assert "onerror" in (told.text_content() or "")
    assert watch.quiet(), watch


def test_the_leaderboard_sorts_by_a_column_both_ways_by_mouse_and_by_keyboard(opened: Opener, report: Path) -> None:
    with opened(report) as (page, _):
        speed = page.locator("#leaders th.c-speed")
        speed.locator("button").click()
        assert speed.get_attribute("aria-sort") == "descending"
        assert models(page)[0] in {"demo-5M:Q2_K", "other-1B:Q2_K"}
        speed.locator("button").focus()
        page.keyboard.press("Enter")
        assert speed.get_attribute("aria-sort") == "ascending"
        assert "onerror" in models(page)[0]
        assert models(page)[-1] == "third:Q4_0"  # its speed is not known: last both ways
        page.locator("#leaders th.c-model button").click()
        assert models(page) == sorted(models(page), key=str.casefold)
        assert speed.get_attribute("aria-sort") is None


def test_search_benchmark_and_front_narrow_the_leaderboard_down(opened: Opener, report: Path) -> None:
    with opened(report) as (page, _):
        expect(page.locator("#status")).to_have_text("11 runs")
        page.keyboard.press("/")
        page.keyboard.type("DEMO q4")
        assert models(page) == ["demo-5M:Q4_K_M"]
        expect(page.locator("#status")).to_have_text("1 of 11 runs")
        page.keyboard.press("Escape")
        page.locator("#benchmark").select_option(label="gsm8k")
        assert {name.split(":")[0] for name in models(page)} == {"other-1B"}
        page.locator("#front").check()
        assert "other-1B:F16" not in models(page)  # slower and larger than Q8_0 at the same score
        assert "other-1B:Q8_0" in models(page)


def test_a_suspect_score_says_why_and_within_which_bounds_it_lies(opened: Opener, report: Path) -> None:
    with opened(report) as (page, _):
        page.locator("#search").fill("third")
        row = page.locator("#leaders tbody")
        expect(row).to_contain_text("suspect")
        expect(row).to_contain_text("6 of 40 replies were truncated; the score lies between 75.0 and 90.0 %")


def test_a_cell_of_the_matrix_tells_which_tasks_flipped(opened: Opener, report: Path) -> None:
    with opened(report) as (page, _):
        here = page.locator("section.benchmark", has=page.locator("h2", has_text="math"))
        row = here.locator(".matrix tbody tr", has_text="demo-5M:F16")
        cell = row.locator("td.better button").last
        assert (cell.text_content() or "").strip() == "▲ 28"
        cell.focus()
        page.keyboard.press("Enter")
        told = here.locator(".pair")
        expect(told).to_contain_text("demo-5M:F16 passed, demo-5M:Q2_K failed (28): math/2, math/3")
        expect(told).to_contain_text("demo-5M:Q2_K passed, demo-5M:F16 failed (0): none")
        assert cell.get_attribute("aria-pressed") == "true"


def test_folders_that_could_not_be_read_are_named_at_the_top(opened: Opener, report: Path) -> None:
    with opened(report) as (page, _):
        note = page.locator(".note").first
        expect(note).to_contain_text("1 folder could not be read")
        expect(note).to_contain_text("20261124T100023Z-broken")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_charts_can_be_read_in_both_themes(opened: Opener, report: Path, scheme: str) -> None:
    with opened(report, color_scheme=scheme) as (page, _):
        colours = page.evaluate("""() => [document.body, document.querySelector('figure.chart svg text'),
            document.querySelector('#leaders td')].map(e => {
                const style = getComputedStyle(e);
                return e.tagName === 'text' ? style.fill : e === document.body ? style.backgroundColor : style.color;
            })""")
    ground, *inks = [_luminance(colour) for colour in colours]
    for ink in inks:
        assert (max(ground, ink) + 0.05) / (min(ground, ink) + 0.05) >= 4.5


def _luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in colour[colour.index("(") + 1:-1].split(",")[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_on_a_telephone_nothing_sticks_out_and_the_narrow_charts_are_shown(opened: Opener, report: Path) -> None:
    with opened(report, viewport={"width": 390, "height": 844}) as (page, _):
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert page.locator(".on-narrow svg:visible").count() == page.locator("figure.chart").count()
        assert page.locator(".on-wide svg:visible").count() == 0
        sizes = page.locator(".on-narrow svg:visible text").evaluate_all(
            "texts => texts.map(text => parseFloat(text.getAttribute('font-size')) * text.ownerSVGElement.clientWidth"
            " / text.ownerSVGElement.viewBox.baseVal.width)")
        assert min(sizes) > 9


def test_what_can_be_pressed_shows_where_the_keyboard_is(opened: Opener, report: Path) -> None:
    with opened(report) as (page, _):
        page.locator("#search").focus()
        for _step in range(4):
            page.keyboard.press("Tab")
        style = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert style != "none"


def test_without_scripts_the_charts_the_flips_and_the_sentences_are_there(opened: Opener, report: Path) -> None:
    with opened(report, java_script_enabled=False) as (page, _):
        assert page.locator("figure.chart svg:visible").count() > 5
        assert page.locator(".said").count() > 0
        assert page.locator(".matrix:visible").count() == 3
        expect(page.locator("noscript .note")).to_contain_text("report.md")


def test_two_thousand_runs_make_a_page_that_is_no_burden(opened: Opener, tmp_path: Path) -> None:
    root = tmp_path / "runs"
    for number in range(2000):
        write_run(root, f"r{number}", f"bench-{number % 2}", f"org/model-{number // 14}B:Q{number // 2 % 7 + 2}_K",
                  range(number % 39), latency={"tokens_per_second": 10.0 + number},
                  memory={"server_rss_bytes": 1e9 + number})
    written = rich_report(RichRequest(root, tmp_path / "out"))
    assert written.page.stat().st_size < 8_000_000
    with opened(written.page) as (page, watch):
        page.locator("#search").fill("model-70B")
        expect(page.locator("#status")).to_have_text("14 of 2,000 runs")
        elements = page.evaluate("document.getElementsByTagName('*').length")
        assert elements < 60_000  # what makes a page slow, whatever machine it is opened on
    assert watch.quiet(), watch
