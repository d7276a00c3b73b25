"""``judge serve`` in a browser: a file is filled in by keyboard, blind, and nothing that was given is lost."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from runner.judging.applying import ApplyRequest, apply
from runner.judging.exporting import ExportRequest, export
from tests.pages.browser import Opener
from tests.pages.contrast import CONTRAST
from tests.pages.folders import HOSTILE
from tests.pages.judge_desk import NAMES, Judge, exported, judging, ready, scores, served
from tests.runner.judging.an_experiment import Experiment, add_run

LINE = " ".join(HOSTILE.replace("\ud800", "").split())
SCORES = [[1 + (place * 7 + number * 3) % 5 for number in range(3)] for place in range(20)]


@pytest.fixture
def made(tmp_path: Path) -> Experiment:
    return exported(tmp_path)


@pytest.fixture
def judge(opened: Opener, made: Experiment) -> Iterator[Judge]:
    """At the page of four texts; at the end it has said nothing to the console and spoken with its server alone."""
    with served(made) as here, judging(opened, here.address) as judge:
        yield judge
        assert judge.watch.said == judge.watch.dialogs == []
        assert all(request.startswith(here.address) for request in judge.watch.requests)


def test_twenty_texts_are_scored_by_keyboard_with_the_page_loaded_anew_midway_and_applied(
    opened: Opener, tmp_path: Path
) -> None:
    made = exported(tmp_path, 20)
    with served(made) as here, judging(opened, here.address) as judge:
        for place, given in enumerate(SCORES):
            judge.types(str(given[0]))
            if place == 11:
                judge.reload()
                judge.stands_at(12, "actionability")
            judge.types("".join(map(str, given[1:])))
        expect(judge.page.locator("#end-name")).to_have_text("All texts are judged")
        judge.saved()
        expect(judge.page.locator("#count")).to_have_text("20 of 20 judged")
        assert f"judge apply {made.out} --runs-root {made.runs_root}" in judge.page.locator("#next").inner_text()
        judge.reload()
        expect(judge.page.locator("#end-name")).to_have_text("All texts are judged")
        assert not judge.watch.dialogs
    assert scores(made) == SCORES
    assert apply(ApplyRequest(made.out, made.results, made.runs_root)).scored == 20


def test_what_was_given_is_taken_back_step_by_step_even_after_the_page_is_loaded_anew(
    judge: Judge, made: Experiment
) -> None:
    judge.types("4521")
    judge.stands_at(2, "actionability")
    judge.types("u")
    judge.stands_at(2, "relevance")
    judge.page.keyboard.press("Control+z")
    judge.stands_at(1, "tone")
    judge.saved()
    judge.reload()
    judge.stands_at(1, "tone")
    judge.types("u")
    judge.stands_at(1, "actionability")
    judge.types("33")
    judge.stands_at(2, "relevance")
    judge.saved()
    judge.types("uuuuu")
    expect(judge.page.locator("#said")).to_have_text("Nothing to take back")
    expect(judge.page.locator("#undo")).to_be_disabled()
    judge.saved()
    assert scores(made) == [[None] * 3] * 4


def test_keys_go_on_back_and_past_what_is_scored(judge: Judge, made: Experiment) -> None:
    judge.types("jj333k")  # the third is scored, and the fourth comes
    judge.stands_at(3, "relevance")
    judge.types("kn")
    judge.stands_at(4, "relevance")
    judge.types("n")
    judge.stands_at(1, "relevance")
    judge.page.keyboard.press("ArrowRight")
    judge.stands_at(2, "relevance")
    judge.page.keyboard.press("ArrowLeft")
    judge.stands_at(1, "relevance")
    judge.types("jjjj")
    expect(judge.page.locator("#end-what")).to_have_text("3 texts lack a score: n goes to the first of them.")
    expect(judge.page.locator("#next")).to_be_hidden()
    judge.types("n")
    judge.stands_at(1, "relevance")
    judge.types("09x ")  # no scores of this scale
    judge.saved()
    assert scores(made) == [[None] * 3, [None] * 3, [3, 3, 3], [None] * 3]


def test_a_score_is_corrected_by_key_and_taken_away_with_the_mouse(judge: Judge, made: Experiment) -> None:
    judge.types("123k")
    judge.stands_at(1, "relevance")
    judge.types("5")
    judge.stands_at(1, "actionability")
    judge.page.locator(".card .head", has_text="tone").click()
    judge.page.locator(".card.open .score").nth(2).click()
    expect(judge.page.locator(".card.open .given")).to_have_text("no score")
    judge.saved()
    assert scores(made)[0] == [5, 2, None]


def test_a_note_is_saved_while_it_is_written_and_its_letters_score_nothing(judge: Judge, made: Experiment) -> None:
    judge.types("m")
    judge.page.keyboard.type("12 jolly good tips, 5 of them mine")
    judge.saved()
    expect(judge.page.locator("#saved")).to_have_text("saved in judge.json")
    judge.page.keyboard.press("Escape")
    judge.types("4")
    judge.stands_at(1, "actionability")
    judge.reload()
    expect(judge.page.locator("#note")).to_have_value("12 jolly good tips, 5 of them mine")
    file = made.judge_file()["candidates"]
    assert (file[0]["note"], scores(made)[0]) == ("12 jolly good tips, 5 of them mine", [4, None, None])
    judge.types("uu")
    expect(judge.page.locator("#note")).to_have_value("")


def test_a_file_that_is_filled_in_in_part_opens_where_scores_are_missing(opened: Opener, made: Experiment) -> None:
    value = made.judge_file()
    value["candidates"][0]["scores"] = dict.fromkeys(NAMES, 2)
    value["candidates"][1]["scores"]["relevance"] = 3
    made.out.write_text(json.dumps(value))
    with served(made) as here, judging(opened, here.address) as judge:
        judge.stands_at(2, "actionability")
        expect(judge.page.locator("#count")).to_have_text("1 of 4 judged")
        judge.types("45")
        judge.saved()
    assert scores(made)[:3] == [[2, 2, 2], [3, 4, 5], [None] * 3]


def test_a_text_with_markup_shows_as_text_and_nothing_of_it_runs(opened: Opener, tmp_path: Path) -> None:
    made = exported(tmp_path, 2, lambda *_: HOSTILE)
    with served(made) as here, judging(opened, here.address) as judge:
        shown = judge.page.locator("#text").text_content() or ""
        assert "<script>" in shown
        assert judge.page.locator("#text *:not(.ctl)").count() == 0
        assert judge.watch.said == judge.watch.dialogs == []
        assert all(request.startswith(here.address) for request in judge.watch.requests)


def test_a_strangers_file_whose_every_word_is_hostile_shows_as_text(opened: Opener, tmp_path: Path) -> None:
    made = exported(tmp_path, 2)
    value = made.judge_file()
    text = value["rubric"]["text"]
    for words in ("Length is no merit.", "It is friendly and plain.", "Does the tip fit", "You are late again"):
        text = text.replace(words, LINE)
    value |= {"experiment": HOSTILE, "judge": HOSTILE}
    value["rubric"] |= {"text": text, "sha256": hashlib.sha256(text.encode()).hexdigest()}
    for candidate in value["candidates"]:
        candidate |= {"id": HOSTILE + candidate["id"], "note": HOSTILE + "\r\n",
                      "scenario": {HOSTILE: HOSTILE, "__proto__": HOSTILE}}
    made.out.write_text(json.dumps(value))
    with served(made, tmp_path / "elsewhere") as here, judging(opened, here.address) as judge:
        assert judge.page.locator("script:not([type])").count() == 5  # as many as there are files
        assert judge.page.locator("img, main script, main style, iframe, svg, object").count() == 0
        judge.types("4")
        judge.saved()
        judge.reload()
        judge.stands_at(1, "actionability")
        judge.types("jk")
        assert made.judge_file()["candidates"][0]["note"] == HOSTILE + "\r\n"
        assert judge.watch.said == judge.watch.dialogs == []
        assert all(request.startswith(here.address) for request in judge.watch.requests)


@pytest.mark.parametrize(("scale", "keys", "given"), [
    ((0, 10), "0x7", [0, 10, 7]), ((1, 10), "100", [1, 10, 10]), ((1, 3), "4123", [1, 2, 3])])
def test_keys_go_by_the_rubrics_scale(
    opened: Opener, tmp_path: Path, scale: tuple[int, int], keys: str, given: list[int]
) -> None:
    low, high = scale
    anchors = "".join(f"- {score}: as it is at {score}\n" for score in range(low, high + 1))
    criteria = "".join(f"## {name}\n\nHow is it?\n\n{anchors}\n" for name in NAMES)
    rubric = tmp_path / "own.md"
    rubric.write_text(f"# Rubric: own-1\n\nScale: {low}-{high}\n\n{criteria}")
    made = exported(tmp_path, 2)
    made.out.unlink()
    export(ExportRequest(made.name, made.out, made.results, made.runs_root, judge="ann", rubric=str(rubric)))
    with served(made) as here, judging(opened, here.address) as judge:
        judge.types(keys)
        judge.stands_at(2, "relevance")
        judge.saved()
    assert scores(made)[0] == given


def test_controls_are_spelled_out_while_emoji_and_scripts_that_need_joiners_stay_whole(
    opened: Opener, tmp_path: Path
) -> None:
    whole = "\U0001f469\u200d\U0001f4bb \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    made = exported(tmp_path, 2, lambda *_: f"a\u202eb\x1b[2J\0\u200d {whole} x\u200cy")
    with served(made) as here, judging(opened, here.address) as judge:
        assert judge.page.locator("#text").text_content() == f"a\\u202eb\\x1b[2J\\x00\\u200d {whole} x\\u200cy"


def test_a_text_that_runs_from_right_to_left_does_so_and_a_huge_one_is_shown_on_demand(
    opened: Opener, tmp_path: Path
) -> None:
    made = exported(tmp_path, 2, lambda *_: "\u0634\u0644\u0648\u0645 \u05e9\u05dc\u05d5\u05dd\n" + "verylong" * 40_000)
    with served(made) as here, judging(opened, here.address) as judge:
        text = judge.page.locator("#text")
        assert text.evaluate("(one) => getComputedStyle(one).unicodeBidi") == "plaintext"
        assert len(text.text_content() or "") == 100_000
        judge.page.get_by_role("button", name="Show all 320,010 characters").click()
        assert len(text.text_content() or "") == 320_010
        assert judge.page.evaluate("document.documentElement.scrollWidth") == 1280
        judge.types("3")
        judge.saved()


def test_nothing_in_the_page_its_data_or_its_address_tells_model_prompt_or_run(judge: Judge, made: Experiment) -> None:
    judge.types("435")
    judge.saved()
    html = judge.page.content()
    packed = re.findall(r'<script type="application/octet-stream" id="[^"]*">([^<]*)</script>', html)
    everything = " ".join([html, judge.page.url, judge.page.title(), *judge.watch.requests, *(
        zlib.decompress(base64.b64decode(block)).decode() for block in packed)])
    assert "begin with water" in everything
    runs = [path.name for path in made.runs_root.iterdir() if not path.name.startswith(".")]
    assert len(runs) == 3
    for secret in ("demo-5M", "secret-9B", "Q4_K_M", "F16", "p2-mentor", "tips/", *runs):
        assert secret not in everything, secret


def editors_change(made: Experiment, place: int, criterion: str, score: int) -> None:
    value = made.judge_file()
    value["candidates"][place]["scores"][criterion] = score
    made.out.write_text(json.dumps(value))


def test_a_file_that_an_editor_changes_underneath_is_told_of_not_overwritten_and_taken_over(
    opened: Opener, made: Experiment
) -> None:
    with served(made) as here, judging(opened, here.address) as judge:
        judge.types("4")
        judge.saved()
        editors_change(made, 3, "tone", 1)
        judge.types("5")
        trouble = judge.page.get_by_role("alert")
        expect(trouble).to_contain_text("judge.json was changed by another program (an editor, an export), and nothing "
                                        "in it was overwritten. The last key is not saved yet")
        judge.types("3j")  # goes nowhere
        assert scores(made) == [[4, None, None], [None] * 3, [None] * 3, [None, None, 1]]
        judge.page.get_by_role("button", name="Take over the file as it is now").click()
        judge.stands_at(1, "tone")
        judge.saved()
        assert scores(made) == [[4, 5, None], [None] * 3, [None] * 3, [None, None, 1]]


def test_a_key_that_meets_another_score_in_the_changed_file_is_not_taken_and_said(
    opened: Opener, made: Experiment
) -> None:
    with served(made) as here, judging(opened, here.address) as judge:
        editors_change(made, 0, "relevance", 2)
        judge.types("5")
        judge.page.get_by_role("button", name="Take over the file as it is now").click()
        expect(judge.page.locator("#what")).to_have_text(
            "Not taken: relevance 5 for text 1, which has something else by now.")
        judge.page.get_by_role("button", name="Go on").click()
        judge.types("3")
        judge.saved()
        assert scores(made)[0] == [2, 3, None]


def test_texts_that_a_second_export_adds_are_taken_over_with_all_scores(opened: Opener, made: Experiment) -> None:
    with served(made) as here, judging(opened, here.address) as judge:
        judge.types("435")
        judge.saved()
        first = made.judge_file()["candidates"][0]
        add_run(made, "demo-5M:F16", "p3-new", 2, 1)
        export(ExportRequest(made.name, made.out, made.results, made.runs_root, judge="ann"))
        judge.types("1")
        judge.page.get_by_role("button", name="Take over the file as it is now").click()
        expect(judge.page.locator("#count")).to_have_text("1 of 6 judged")
        judge.saved()
        candidates = made.judge_file()["candidates"]
        assert [one for one in candidates if one["id"] == first["id"]] == [first]
        assert sum(one["scores"]["relevance"] == 1 for one in candidates) == 1


def test_a_file_that_was_broken_by_hand_is_told_with_its_line_and_goes_on_when_it_is_mended(
    opened: Opener, made: Experiment
) -> None:
    whole = made.out.read_bytes()
    with served(made) as here, opened.blank() as (page, _):
        made.out.write_bytes(whole.replace(b'"note": ""', b'"note": "', 1))
        page.goto(here.address)
        expect(page.get_by_role("alert")).to_contain_text("is no JSON")
        assert made.out.read_bytes() != whole
        made.out.write_bytes(whole)
        page.goto(here.address)
        ready(page)
        expect(page.locator("#count")).to_have_text("0 of 4 judged")


def test_a_second_tab_that_lags_behind_shows_what_is_there_and_writes_over_nothing(
    opened: Opener, made: Experiment
) -> None:
    with served(made) as here, judging(opened, here.address) as one, judging(opened, here.address) as two:
        one.types("435")
        one.saved()
        two.types("1")  # for a text that the other tab has scored
        expect(two.page.locator("#what")).to_contain_text("Not taken: relevance 1 for text 1")
        two.page.get_by_role("button", name="Go on").click()
        two.types("n2")
        two.stands_at(2, "actionability")
        two.saved()
        one.page.evaluate("dispatchEvent(new Event('focus'))")  # one turns to the first tab again
        expect(one.page.locator(".card .given").first).to_have_text("2")
        one.stands_at(2, "actionability")
    assert scores(made)[:2] == [[4, 3, 5], [2, None, None]]


def test_a_folder_that_cannot_be_written_is_said_and_the_keys_are_saved_once_it_can(
    opened: Opener, tmp_path: Path
) -> None:
    made = exported(tmp_path)
    moved = tmp_path / "desk"
    moved.mkdir()
    here_is = moved / "judge.json"
    shutil.move(made.out, here_is)
    made = Experiment(made.results, made.runs_root, here_is)
    with served(made) as here, judging(opened, here.address) as judge:
        shutil.rmtree(moved)
        judge.types("4")
        expect(judge.page.get_by_role("alert")).to_contain_text("The last key is not saved: ")
        expect(judge.page.locator("#saved")).to_have_text("1 not saved")
        moved.mkdir()
        judge.page.get_by_role("button", name="Try again").click()
        judge.types("5")
        judge.saved()
    assert scores(made)[0] == [4, 5, None]


def test_a_server_that_was_stopped_is_said_with_how_many_keys_are_not_saved(opened: Opener, made: Experiment) -> None:
    with opened.blank() as (page, _):
        with served(made) as here:
            page.goto(here.address)
            ready(page)
            page.keyboard.press("4")
            expect(page.locator("#saved.good")).to_be_visible()
        page.keyboard.press("5")
        expect(page.get_by_role("alert")).to_contain_text(
            "judge serve does not answer; it may have been stopped. The last key is not saved; if it")
    assert scores(made)[0] == [4, None, None]


def test_on_another_machine_the_page_says_to_send_the_file_back(opened: Opener, tmp_path: Path) -> None:
    made = exported(tmp_path, 2)
    with served(made, tmp_path / "elsewhere") as here, judging(opened, here.address) as judge:
        judge.types("111222")
        expect(judge.page.locator("#next")).to_contain_text("send judge.json back to whoever gave it to you")
        judge.saved()
    assert not (tmp_path / "elsewhere").exists()
    assert apply(ApplyRequest(made.out, made.results, made.runs_root)).scored == 2


def test_what_happens_is_said_to_those_who_do_not_see_it(judge: Judge) -> None:
    said = judge.page.locator("#said")
    assert said.get_attribute("aria-live") == "polite"
    judge.types("4")
    expect(said).to_have_text("relevance 4. actionability")
    judge.types("35")
    expect(said).to_have_text("Text 2 of 4. relevance")
    expect(judge.page.locator("#candidate")).to_be_focused()
    judge.types("u")
    expect(said).to_have_text("Taken back: tone 5. Text 1 of 4")


def test_all_can_be_reached_by_tab_in_the_order_it_is_read_with_a_name_and_a_ring(judge: Judge) -> None:
    page = judge.page
    page.locator("#candidate").focus()
    seen = []
    for _ in range(16):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.id || document.activeElement.className"))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none", seen
        if seen[-1] == "ask":
            break
    assert [name for name in seen if name != "rubric"] == [
        "head", *["score"] * 5, "head", "head", "note", "on", "skip", "ask"]
    page.locator(".card .head").first.focus()
    page.keyboard.press("ArrowDown")
    judge.stands_at(1, "actionability")
    assert page.evaluate("document.activeElement.innerText").startswith("actionability")
    unnamed = page.evaluate("""() => [...document.querySelectorAll("button, a, input, textarea, summary, progress")]
      .filter((one) => one.checkVisibility() && !(one.innerText || one.getAttribute("aria-label")
        || one.getAttribute("aria-labelledby") || one.labels?.[0]?.innerText || "").trim())
      .map((one) => one.outerHTML)""")
    assert unnamed == []


def test_the_list_of_keys_opens_and_closes_by_key(judge: Judge) -> None:
    judge.types("?")
    dialog = judge.page.get_by_role("dialog", name="Keys")
    expect(dialog).to_be_visible()
    judge.types("4")  # scores nothing meanwhile
    judge.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    judge.stands_at(1, "relevance")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_words_stand_out_and_nothing_sticks_out_in_both_themes_on_both_widths(
    opened: Opener, tmp_path: Path, scheme: str, width: int
) -> None:
    made = exported(tmp_path, 2, lambda *_: f"{'x' * 300}\x1b {HOSTILE}")
    view = {"width": width, "height": 844}
    with served(made) as here, judging(opened, here.address, viewport=view, color_scheme=scheme) as judge:
        judge.types("4")
        judge.saved()
        judge.page.locator(".card .head").first.click()
        judge.page.locator("#how summary").click()
        checked(judge.page, width)
        judge.types("?")
        checked(judge.page, width)
        judge.page.keyboard.press("Escape")
        judge.types("jj")
        checked(judge.page, width)
        assert judge.page.locator("#end").is_visible()


def checked(page: Page, width: int) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(CONTRAST) == []


def test_on_a_telephone_scores_stand_below_the_text_however_long_it_is(opened: Opener, tmp_path: Path) -> None:
    made = exported(tmp_path, 2, lambda *_: "word " * 2000)
    view = {"width": 390, "height": 844}
    with served(made) as here, judging(opened, here.address, viewport=view, has_touch=True) as judge:
        for score in (4, 3, 5):
            button = judge.page.locator("#quick .score").nth(score - 1)
            box = button.bounding_box()
            assert box is not None
            assert box["y"] + box["height"] <= 844
            button.tap()
        judge.stands_at(2, "relevance")
        judge.saved()
    assert [4, 3, 5] in scores(made)


def test_without_scripts_the_page_says_that_it_needs_them(opened: Opener, made: Experiment) -> None:
    with served(made) as here, opened.blank(java_script_enabled=False) as (page, _):
        page.goto(here.address)
        expect(page.locator("noscript .note")).to_contain_text("scripts are off here")
