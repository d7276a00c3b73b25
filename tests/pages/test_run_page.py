"""The page of one run, as its readers have it: looked through, searched, by keyboard, on a telephone; hostile runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from runner.reporting import report
from tests.pages.browser import Opener, Watch
from tests.pages.contrast import CONTRAST
from tests.pages.folders import HOSTILE, large, record, reply, write

Seen = AbstractContextManager[tuple[Page, Watch]]
Shown = Callable[..., Seen]

TASKS = [
    {"task_id": f"t/{number}", "prompt": {"question": f"How much is {number} and 3?"},
     "difficulty": ("easy", "hard")[number % 2]} for number in range(12)
]
REPLIES = [
    reply(f"t/{number}", f"It is {number + 3}.", ("correct", "wrong", "truncated")[number % 3], answer=str(number + 3),
          detail="expected 7" if number % 3 == 1 else "", looping=number == 5, completion_tokens=10 + number,
          reasoning="hm, let me see" if number == 4 else "") for number in range(12)
]


@pytest.fixture
def shown(opened: Opener, tmp_path: Path) -> Shown:
    """Writes the page of a folder with these replies, and opens it once its list is there."""

    def show(replies: Any = REPLIES, tasks: Any = TASKS, summary: Any = None, **context: Any) -> Seen:
        folder = write(tmp_path / "r1", replies, tasks, summary)
        return _ready(opened, report(str(folder)).path, **context)

    return show


@contextmanager
def _ready(opened: Opener, path: Path, fragment: str = "", **context: Any) -> Iterator[tuple[Page, Watch]]:
    with opened(path, fragment, **context) as (page, watch):
        page.wait_for_selector("html[data-ready]", state="attached")
        yield page, watch


def _ids(page: Page) -> list[str]:
    return page.locator("#rows .id").all_text_contents()


def _searched(page: Page, words: str) -> None:
    expect(page.locator("html")).to_have_attribute("data-searched", words.lower())


def test_the_page_says_what_the_run_came_to_and_draws_how_tokens_and_time_are_spread(shown: Shown) -> None:
    summary = record(validity={"status": "suspect", "reasons": ["4 of 12 cut off"], "hints": ["--max-tokens 99"]})
    with shown(summary=summary) as (page, watch):
        text = page.locator("main").inner_text()
        for words in ("mine demo-5M:Q8_0", "50.0 %", "95 % interval 9.5 to 90.5 %", "1 of 2", "3.5 s", "Suspect:",
                      "4 of 12 cut off", "--max-tokens 99", "ends by repeating itself: 1", "12 tasks"):
            assert words in text, words
        charts = page.locator(".chart svg")
        assert [charts.nth(place).get_attribute("aria-label") for place in range(charts.count())] == [
            "Completion tokens: histogram of 12 replies, 4 correct and 8 not",
            "Time: histogram of 12 replies, 4 correct and 8 not"]
        for place in range(charts.count()):
            bars = charts.nth(place).locator("path:has(> title)")
            boxes = [bars.nth(number).bounding_box() for number in range(bars.count())]
            assert boxes
            assert all(box and box["height"] > 1 and box["width"] > 1 for box in boxes)
        page.locator("summary", has_text="Settings").click()
        assert "llama-server" in page.locator("details[open]").inner_text()
    assert watch.quiet()


def test_a_click_opens_a_task_with_all_that_is_known_of_it(shown: Shown) -> None:
    with shown() as (page, watch):
        page.locator("#rows .row", has_text="t/4").click()
        opened = page.locator("#detail")
        expect(opened.locator(".facts")).to_be_visible()
        for words in ("How much is 4 and 3?", "It is 7.", "wrong", "expected 7", "Extracted answer", "tokens", "14"):
            assert words in opened.inner_text(), words
        assert "hm, let me see" not in opened.inner_text()
        opened.locator("summary", has_text="Thinking").click()
        expect(opened).to_contain_text("hm, let me see")
    assert watch.quiet()


def test_filters_leave_what_they_name_and_say_how_much(shown: Shown) -> None:
    with shown() as (page, watch):
        page.locator("[data-outcome=wrong]").click()
        assert _ids(page) == ["t/1", "t/4", "t/7", "t/10"]
        expect(page.locator("#status")).to_have_text("4 of 12 tasks")
        page.locator("[data-outcome=truncated]").click()
        assert len(_ids(page)) == 8
        page.locator("#difficulty").select_option(label="hard")
        assert _ids(page) == ["t/1", "t/5", "t/7", "t/11"]
        page.locator("[data-flag=looping]").click()
        assert _ids(page) == ["t/5"]
        page.locator("[data-flag=looping]").click()
        page.locator("#order").select_option("most tokens first")
        assert _ids(page) == ["t/11", "t/7", "t/5", "t/1"]
    assert watch.quiet()


@pytest.mark.parametrize(("words", "wanted"), [
    ("is 14.", ["t/11"]), ("HOW MUCH IS 4", ["t/4"]), ("let me see", ["t/4"]), ("t/1", ["t/1", "t/10", "t/11"]),
    ("expected 7", ["t/1", "t/4", "t/7", "t/10"]), ("nowhere to be found", [])])
def test_the_search_goes_through_names_prompts_replies_thinking_and_verdicts(
    shown: Shown, words: str, wanted: list[str]
) -> None:
    with shown() as (page, watch):
        page.keyboard.press("/")
        page.keyboard.type(words)
        _searched(page, words)
        assert _ids(page) == wanted
        page.keyboard.press("Escape")
        expect(page.locator("#status")).to_have_text("12 tasks")
    assert watch.quiet()


def test_all_of_it_works_by_keyboard_with_the_focus_in_sight(shown: Shown) -> None:
    with shown() as (page, watch):
        selected = page.locator("#rows [aria-selected=true] .id")
        page.keyboard.press("j")
        page.keyboard.press("j")
        expect(selected).to_have_text("t/1")
        page.keyboard.press("k")
        expect(selected).to_have_text("t/0")
        page.keyboard.press("/")
        page.keyboard.type("t/1")
        _searched(page, "t/1")
        page.keyboard.press("Enter")
        expect(page.locator("#list")).to_be_focused()
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page.locator("#detail h3")).to_have_text("t/10")
        page.keyboard.press("j")
        expect(page.locator("#detail h3")).to_have_text("t/11")
        page.keyboard.press("Home")
        expect(page.locator("#detail h3")).to_have_text("t/1")
        active = page.locator("#list").get_attribute("aria-activedescendant")
        assert page.locator(f"#{active}").get_attribute("aria-selected") == "true"
        page.keyboard.press("Escape")
        expect(page.locator("#detail")).to_be_hidden()
        expect(page.locator("#list")).to_be_focused()
    assert watch.quiet()


def test_what_can_be_reached_by_tab_has_a_name(shown: Shown) -> None:
    with shown() as (page, _):
        unnamed = page.evaluate("""() => [...document.querySelectorAll("button, a, input, select, [role=listbox]")]
          .filter((one) => one.checkVisibility() && !(one.innerText || one.getAttribute("aria-label")
            || one.labels?.[0]?.innerText || "").trim()).map((one) => one.outerHTML)""")
        assert unnamed == []


def test_a_hostile_run_shows_as_text_and_nothing_of_it_runs(shown: Shown) -> None:
    evil = {"task_id": f"t/{HOSTILE}", "prompt": {HOSTILE: HOSTILE}, "difficulty": HOSTILE, "votes": {HOSTILE: 2}}
    hostile = reply(f"t/{HOSTILE}", HOSTILE, "wrong", answer=HOSTILE, detail=HOSTILE, finish_reason=HOSTILE,
                    reasoning=HOSTILE, fields={HOSTILE: True})
    summary = record(model=HOSTILE, benchmark=HOSTILE, run_id=HOSTILE, outcomes={HOSTILE: 1},
                     validity={"status": "suspect", "reasons": [HOSTILE], "hints": [HOSTILE]}, **{HOSTILE: HOSTILE})
    with shown([hostile, *REPLIES], [evil, *TASKS], summary) as (page, watch):
        page.locator("#rows .row").first.click()
        opened = page.locator("#detail")
        expect(opened.locator(".facts")).to_be_visible()
        opened.locator("summary", has_text="Thinking").click()
        for words in ("<script>alert('ran')</script></script><img src=x", "\\x1b[31mred\\x1b[0m \\x1b]0;title\\x07",
                      "javascript:alert(1)", "\\u202egnp.exe\\u202c", "zero\\u200bwidth", "<!-- <svg onload", "\\u2028",
                      "{{7*7}}", "\\ud800 \\x00 end-of-hostile"):
            assert opened.get_by_text(words).count() >= 5, words
        assert page.locator("main img, main script, main a[href^=javascript], [onload], [onerror]").count() == 0
        page.locator("#search").fill("<script>alert('ran')</script>")
        _searched(page, "<script>alert('ran')</script>")
        assert len(_ids(page)) == 1
        for link in page.locator("a").all():
            assert (link.get_attribute("href") or "").startswith("#")
    assert watch.quiet()


def test_several_samples_of_a_task_stand_together_with_their_votes_and_the_one_that_was_chosen(shown: Shown) -> None:
    tasks = [{"task_id": "t/0", "prompt": {"question": "?"}, "outcome": "correct", "chosen": 2, "samples": 5,
              "votes": {"7": 3, "8": 2}}]
    replies = [reply("t/0", f"said {number}", ("wrong", "correct")[number > 1], number, answer=str(8 - (number > 1)),
                     key=str(8 - (number > 1)), merits={"examples": 0.25}) for number in range(5)]
    with shown(replies, tasks) as (page, watch):
        row = page.locator("#rows .row").first
        assert "3/5" in row.inner_text()
        assert "correct" in row.inner_text()
        row.click()
        opened = page.locator("#detail")
        expect(opened.locator(".sample")).to_have_count(5)
        assert "Votes of 5 samples" in opened.inner_text()
        assert opened.locator(".votes tr").all_inner_texts()[0].split() == ["7", "3"]
        chosen = opened.locator(".sample[open]")
        assert chosen.locator("> summary").inner_text() == "Sample 2 · correct · 20 tokens · votes for 7 · chosen"
        assert "said 2" in chosen.inner_text()
        assert chosen.locator(".facts div", has_text="examples").inner_text().split() == ["examples", "0.25"]
        opened.locator("[data-sample='0'] > summary").click()
        expect(opened.locator("[data-sample='0']")).to_contain_text("said 0")
        page.locator("#search").fill("said 4")
        _searched(page, "said 4")
        assert _ids(page) == ["t/0"]
    assert watch.quiet()


def test_texts_that_wait_for_a_judge_are_neither_right_nor_wrong(shown: Shown) -> None:
    tasks = [{"task_id": "tips/0", "prompt": {"persona": "a nurse"}}]
    replies = [reply("tips/0", f"Tip {number}.", ("unjudged", "truncated")[number % 2], answer=f"Tip {number}.",
                     sample=number, completion_tokens=9 + number) for number in range(4)]
    summary = record(results={"candidates": {"unjudged": 2, "truncated": 2}}, outcomes={"unjudged": 1},
                     config={"scored_by": "judge", "prompt_version": "v2-mentor", "strategy": "candidates", "n": 4})
    del summary["interval"]
    with shown(replies, tasks, summary) as (page, watch):
        text = page.locator("main").inner_text()
        for words in ("unjudged", "2 texts wait for a judge", "v2-mentor", "to be judged", "4 texts"):
            assert words in text, words
        for words in ("no score", "0/4", "correct\n", " %,"):
            assert words not in text, words
        assert page.locator(".chart svg").first.get_attribute("aria-label") == (
            "Completion tokens: histogram of 4 replies, 2 to be judged and 2 not")
        page.locator("#rows .row").first.click()
        expect(page.locator("#detail")).to_contain_text("Tip 0.")
        assert "chosen" not in page.locator("#detail").inner_text()
    assert watch.quiet()


def test_a_link_to_a_task_opens_it_and_the_address_follows_what_is_open(shown: Shown, opened: Opener) -> None:
    name = "a task/with #1 & 100 % ünusual"
    with shown([*REPLIES, reply(name, "here I am")], []) as (page, _):
        page.locator("#rows .row", has_text="ünusual").click()
        address = page.url
        assert address.endswith("#task=" + page.evaluate("(name) => encodeURIComponent(name)", name))
        path = Path(page.evaluate("decodeURIComponent(location.pathname)"))
    with _ready(opened, path, address[address.index("#"):]) as (page, watch):
        expect(page.locator("#detail")).to_contain_text("here I am")
        page.locator("[data-outcome=correct]").click()
        page.evaluate("location.hash = 'task=t%2F1'")
        expect(page.locator("#detail h3")).to_have_text("t/1")
        page.evaluate("location.hash = 'task=nowhere'")
        expect(page.locator("#detail h3")).to_have_text("t/1")
    assert watch.quiet()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_telephone_nothing_is_wider_than_the_screen_and_a_task_has_all_of_it(shown: Shown, scheme: str) -> None:
    long = reply("t/" + "x" * 300, "y" * 3000, "truncated", answer="z" * 500, detail="d" * 400, finish_reason="f" * 90,
                 reasoning="h" * 900, fields={"n" * 90: True})
    summary = record(
        model="m" * 200, run_id="i" * 200, outcomes={"o" * 90: 1}, config={"strategy": "s" * 90, "k" * 90: "v" * 90},
        validity={"status": "suspect", "reasons": ["r" * 190], "hints": ["h" * 190]})
    view = {"width": 390, "height": 844}
    with shown([long, *REPLIES], [], summary, viewport=view, color_scheme=scheme, has_touch=True) as (page, watch):
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        page.locator("#rows .row").first.tap()
        opened = page.locator("#detail")
        expect(opened.locator(".facts")).to_be_visible()
        box = opened.bounding_box()
        assert box == {"x": 0, "y": 0, "width": 390, "height": 844}
        assert opened.evaluate("(one) => one.scrollWidth") == 390
        page.get_by_role("button", name="Close (Esc)").tap()
        expect(opened).to_be_hidden()
        page.locator("#rows .row").nth(1).tap()
        expect(opened).to_be_visible()
        page.go_back()
        expect(opened).to_be_hidden()
        assert page.evaluate("document.documentElement.dataset.ready")
    assert watch.quiet()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_their_ground_in_both_themes(shown: Shown, scheme: str) -> None:
    """WCAG's contrast of 4.5 to 1 for text, over grounds that may be half transparent."""
    with shown(color_scheme=scheme) as (page, _):
        page.locator("#rows .row").nth(1).click()
        expect(page.locator("#detail .facts")).to_be_visible()
        page.locator("[data-outcome=wrong]").click()
        faint = page.evaluate(CONTRAST)
        assert faint == []


def test_without_scripts_the_figures_are_there_and_a_word_about_the_rest(opened: Opener, tmp_path: Path) -> None:
    path = report(str(write(tmp_path / "r1", REPLIES, TASKS))).path
    with opened(path, java_script_enabled=False) as (page, _):
        text = page.locator("main").inner_text()
        assert "50.0 %" in text
        assert "scripts are off here" in text
        assert page.locator(".chart svg").count() == 2


def _opening(opened: Opener, path: Path) -> tuple[float, float]:
    """Seconds until the list is there, and those the browser's process was at work for it."""
    with opened.blank() as (page, _):
        metrics = page.context.new_cdp_session(page)
        metrics.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.goto(path.as_uri(), wait_until="commit", timeout=60_000)
        page.wait_for_selector("html[data-ready]", state="attached", timeout=60_000)
        told = {one["name"]: one["value"] for one in metrics.send("Performance.getMetrics")["metrics"]}
        return int(page.evaluate("document.documentElement.dataset.ready")) / 1000, told["ProcessTime"]


@pytest.mark.timeout(300)
def test_twenty_thousand_samples_open_within_two_seconds_and_are_searched_and_scrolled(
    opened: Opener, tmp_path: Path
) -> None:
    path = report(str(large(tmp_path / "r1", 20_000))).path
    seconds, at_work_s = _opening(opened, path)
    if seconds >= 2:  # the machine may be busy with something else, which does not count as work of the page's
        seconds, at_work_s = min(_opening(opened, path), _opening(opened, path))
    assert at_work_s < 2
    assert seconds < 2 or at_work_s < 0.8
    with _ready(opened, path) as (page, watch):
        expect(page.locator("#status")).to_have_text("20,000 tasks")
        assert page.locator("#rows .row").count() < 60
        page.locator("#list").focus()
        page.keyboard.press("End")
        expect(page.locator("#rows [aria-selected=true] .id")).to_have_text("large/19999")
        page.keyboard.press("Enter")
        expect(page.locator("#detail pre").last).to_contain_text("needle-19999")
        page.keyboard.press("Escape")
        page.locator("#search").fill("needle-4999")
        _searched(page, "needle-4999")
        assert _ids(page) == ["large/04999"]
    assert watch.quiet()


def test_the_page_of_an_unfinished_or_damaged_folder_says_what_is_missing(opened: Opener, tmp_path: Path) -> None:
    folder = write(tmp_path / "r1", REPLIES, TASKS)
    (folder / "summary.json").unlink()
    with (folder / "samples.jsonl").open("a") as file:
        file.write("not json\n" + json.dumps({"task_id": 7, "sample": "x"}) + "\n" + '{"task_id": "t/9", "resp')
    written = report(str(folder))
    with _ready(opened, written.path) as (page, watch):
        note = page.locator(".note").inner_text()
        assert "This run has not ended" in note
        assert "samples.jsonl: 3 lines could not be read and are left out, line 13 first." in note
        assert "no score" in page.locator("main").inner_text()
        assert len(_ids(page)) == 12
    assert watch.quiet()
