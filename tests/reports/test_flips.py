"""Flips as people and programs get them: two replies beside one another, whatever a model wrote."""

from __future__ import annotations

import io
import json
import unicodedata
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.cells import cell_len
from rich.console import Console

from core.flips import Flip, Flips, Reply
from reports.flips import add_values, sides, to_markdown, to_rich

CODE = "def f(a):\n    total = 0\n    for x in a:\n        total += x\n"


def flips(*told: Flip, lost: tuple[str, ...] = ("t/1",), won: tuple[str, ...] = (), absent: tuple[str, ...] = (),
          group: str = "quantizations") -> Flips:
    return Flips(group, "math", "m:F16", "m:Q2_K", "r-1", "r-2", lost, won, told, absent)


def flip(one: str, other: str, *, won: bool = False, task: str = "t/1", prompt: str = "How\nmany?") -> Flip:
    right, wrong = ("correct", ""), ("wrong", "20 expected")
    return Flip(task, won, prompt, Reply(one, *(wrong if won else right), "19"),
                Reply(other, *(right if won else wrong), {"deep": [1]}))


def shown(pairs: list[Flips], width: int = 80) -> str:
    console = Console(width=width, file=io.StringIO(), record=True, color_system=None, legacy_windows=False)
    console.print(to_rich(pairs, width))
    return "\n".join(line.rstrip() for line in console.export_text().splitlines())


def test_two_replies_stand_side_by_side_at_80_columns() -> None:
    assert shown([flips(flip("4*5 -> 20\n#### 19", "4*1 -> 24\n#### 23"))]) == """\
math: m:Q2_K against m:F16, 1 lost, 0 won

  t/1, lost
  How many?
  m:F16: correct, answer 19               m:Q2_K: wrong (20 expected)
  4*5 -> 20                               4*1 -> 24
  #### 19                                 #### 23
"""


def test_what_two_replies_begin_with_alike_is_counted_and_not_shown() -> None:
    text = shown([flips(flip(f"{CODE}    return total", f"{CODE}    return 0"))])
    assert "... 4 lines alike" in text
    assert "for x in a" not in text
    assert "    return total" in text
    assert sides("same", "same").alike == 0
    assert "(the same text)" in shown([flips(flip(CODE, CODE))])


def test_long_replies_are_cut_where_they_part() -> None:
    thinking = "so " * 200
    one, other, alike = sides(f"{thinking}left " + "x" * 500, f"{thinking}right")
    assert alike == 0
    assert one[0].startswith("... so so")
    assert other == [f"...{' so' * 13} right"]
    assert len(one[0]) <= 310
    many, _, _ = sides("\n".join(map(str, range(50))), "x")
    assert many[-1] == "... and 38 more lines"
    assert len(many) == 13


def test_a_run_whose_folder_is_not_here_is_said_and_its_tasks_are_named() -> None:
    alone = Flip("t/1", won=False, prompt="", baseline=Reply("19", "correct"), run=None)
    text = shown([flips(alone, absent=("m:Q2_K",))])
    assert "m:Q2_K: its run folder is not here (--runs-root)" in text
    assert "m:Q2_K: no reply here" in text
    neither = Flip("t/1", won=False, prompt="", baseline=None, run=None)
    text = shown([flips(neither, lost=("t/1", "t/2"), won=("t/3",), absent=("m:F16", "m:Q2_K"))])
    assert "Lost\n  t/1  t/2" in text
    assert "Won\n  t/3" in text


def test_tasks_beyond_those_shown_are_named() -> None:
    text = shown([flips(flip("a", "b"), lost=("t/1", "t/2"), won=("t/3",), group="before and after")])
    assert "against m:F16 before, 2 lost, 1 won" in text
    assert "Others lost\n  t/2" in text
    assert "Others won\n  t/3" in text
    assert "Others lost: t/2" in to_markdown([flips(flip("a", "b"), lost=("t/1", "t/2"))])
    assert "No flips" in shown([])


def test_markdown_keeps_indentation_and_takes_nothing_for_markup() -> None:
    text = to_markdown([flips(flip("    a|b\n```", "<script>alert(1)</script>\n[x](javascript:y)"))])
    assert "&nbsp;&nbsp;&nbsp;&nbsp;a\\|b<br>\\`\\`\\`" in text
    assert "\\<script>alert(1)\\</script><br>\\[x\\](javascript:y)" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 3


def test_programs_get_the_whole_texts() -> None:
    rows: list[dict[str, Any]] = [{"lost": [], "won": []}, {"lost": ["t/1"], "won": []}, {}]
    add_values(rows, [flips(flip(CODE, "x" * 5000))])
    assert "replies" not in rows[0]
    [value] = json.loads(json.dumps(rows[1]["replies"]))
    assert value["task_id"] == "t/1"
    assert value["won"] is False
    assert value["baseline"] == {"outcome": "correct", "answer": "19", "text": CODE}
    assert len(value["run"]["text"]) == 5000


hostile = st.text(max_size=60) | st.sampled_from(["\x1b[2J", "\u202e", "<b>", "|", "a\r\nb", "\t" * 9, "x" * 400])


@given(hostile, hostile, hostile, hostile, st.integers(20, 90))
def test_no_reply_reaches_a_terminal_as_more_than_text(one: str, other: str, task: str, prompt: str,
                                                       width: int) -> None:
    pairs = [flips(flip(one, other, task=task, prompt=prompt), lost=(task, one), absent=(other,))]
    for text in (shown(pairs, width), to_markdown(pairs)):
        assert all(unicodedata.category(char) not in {"Cc", "Cf", "Cs"} for char in text if char != "\n")
    assert all(cell_len(line) <= width for line in shown(pairs, width).splitlines())


TRICKS = [
    "<script>alert(1)</script>", "[x](javascript:y)", "![x](http://e/i.png)", "<http://e>", "`a`|b", "# head",
    "> quote", "*em* __strong__ ~~s~~", "[a]: http://e", "\\[x](http://e)", "a\n\n# b", "| a | b |\n|---|---|",
    "&lt;b&gt;", "![][a]",
]


@given(st.lists(st.sampled_from(TRICKS) | st.text("[](){}<>|\\`*_~!#&:x \n", max_size=20), min_size=4, max_size=4))
def test_a_markdown_reader_finds_two_columns_and_no_markup_of_a_models(texts: list[str]) -> None:
    one, other, task, prompt = texts
    reader = MarkdownIt("gfm-like", {"linkify": False})
    tokens = reader.parse(to_markdown([flips(flip(one, other, task=task, prompt=prompt), lost=(task, one))]))
    inner = [token for outer in tokens for token in (outer, *(outer.children or ()))]
    kinds = {token.type for token in inner}
    assert not kinds & {"link_open", "image", "em_open", "s_open", "code_inline", "fence", "code_block", "html_block",
                        "blockquote_open", "bullet_list_open", "ordered_list_open", "hr"}, kinds
    assert {token.content for token in inner if token.type == "html_inline"} <= {"<br>"}
    assert sum(token.type == "table_open" for token in inner) == 1
    assert sum(token.type == "th_open" for token in inner) == 2
    assert sum(token.type == "td_open" for token in inner) == 2
    assert sum(token.type == "heading_open" for token in inner) == 1
