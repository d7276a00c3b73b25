"""The leaderboard of judged texts as a table: terminal, Markdown and page are made of it."""

from __future__ import annotations

from collections.abc import Iterator

from core.standings import ALPHA, Estimate, Interaction, Standing
from reports import numbers
from reports.judged import agreeing, in_pairs
from reports.judged.findings import Findings, OfJudge
from reports.table import Column, Legend, Line, Section, Table
from reports.text import escape

_SHOWN = 40
"""Characters of a name."""

_COSTS = (
    Column("tokens", "Tokens/text", "right", dropped=4),
    Column("seconds", "s/text", "right", dropped=3),
    Column("usd", "USD/text", "right", dropped=5),
)


def table_of(found: Findings) -> Table:
    """A section for each judge, one for the interaction where there is one, one for agreement."""
    names = list(dict.fromkeys(name for one in found.judges for name in one.rubric.names))
    columns = (
        Column("name", "Model"),
        Column("prompt", "Prompt"),
        Column("composite", "Composite [95 %]", "right"),
        *(Column(f"criterion {name}", escape(name, 24), "right", dropped=14) for name in names),
        Column("scenarios", "Scenarios", "right", dropped=7),
        Column("scored", "Scored", "right", dropped=6),
        Column("missing", "No text", "right", dropped=9),
        Column("against", "vs baseline", "right"),
        Column("between", "[95 %]", "right", dropped=10),
        Column("p", "p (Holm)", "right", dropped=11),
        Column("gain", "Gain here", "right"),
        Column("gain_there", "Gain there", "right"),
        Column("more", "Difference", "right"),
        Column("more_between", "[95 %] ", "right"),
        Column("more_p", "p (Holm) ", "right"),
        Column("won", "Won % [95 %]", "right"),
        Column("compared", "Comparisons", "right"),
        *_COSTS,
        *agreeing.COLUMNS,
    )
    return Table(columns, tuple(_sections(found)), tuple(_legend(found)))


def _sections(found: Findings) -> Iterator[Section]:
    for one in found.judges:
        yield _board(found, one)
        if one.board.interactions:
            yield _interactions(one)
    yield from map(in_pairs.section, found.pairs)
    agreements = [*(each for one in found.judges for each in one.itself), *found.agreement]
    if agreements:
        yield agreeing.section(agreements)


def who(one: OfJudge) -> str:
    """A judge's name, and what a model is."""
    return f"{escape(one.judge, _SHOWN)}{' (a model)' if one.kind == 'model' else ''}"


def _board(found: Findings, one: OfJudge) -> Section:
    count = len(one.board.standings)
    of_it = f"{count} {'run' if count == 1 else 'runs'}"
    title = (f"{escape(found.experiment, _SHOWN)}, {escape(found.benchmark, _SHOWN)}: judged by {who(one)} under "
             f"{_rubric(found, one)} ({one.rubric.lowest}-{one.rubric.highest}), {of_it}")
    lines = tuple(_standing(standing) for standing in one.board.standings)
    return Section(title, lines, tuple(_notes(one)), said(one), "Model")


def _rubric(found: Findings, one: OfJudge) -> str:
    """Its version, and its hash where a judge went by two that are called the same."""
    same = sum((other.judge, other.rubric.version) == (one.judge, one.rubric.version) for other in found.judges)
    return escape(one.rubric.version, _SHOWN) + (f" {one.rubric.sha256[:12]}" if same > 1 else "")


def _standing(standing: Standing) -> Line:
    cell = standing.cell
    cells = {
        "name": escape(cell.model, _SHOWN),
        "prompt": escape(cell.prompt, _SHOWN),
        "composite": estimate_cell(cell.judged.composite),
        **{f"criterion {name}": f"{each.mean:.2f}" for name, each in cell.judged.criteria.items()},
        "scenarios": str(cell.judged.composite.size),
        "scored": f"{cell.judged.candidates} of {cell.texts}" if cell.judged.candidates < cell.texts
        else str(cell.texts),
        "missing": str(cell.missing) if cell.missing else "",
        "against": "baseline" if standing.is_baseline else signed(standing.difference),
        "between": ends(standing.difference),
        "p": numbers.probability(standing.p_corrected),
        "tokens": numbers.amount(cell.tokens),
        "seconds": numbers.amount(cell.seconds),
        "usd": "" if cell.usd is None else f"{cell.usd:.2g}",
    }
    return Line(cells, styles={"composite": "bold", "against": _style(standing)})


def _style(standing: Standing) -> str:
    if standing.difference is None or standing.p_corrected is None or standing.p_corrected >= ALPHA:
        return ""
    return "green" if standing.difference.mean > 0 else "red"


def _notes(one: OfJudge) -> Iterator[str]:
    without = [f"{escape(cell.label, 80)} {cell.missing} of {cell.missing + cell.texts} ({cell.floor:.2f})"
               for cell in (standing.cell for standing in one.board.standings) if cell.floor is not None]
    if without:
        yield (f"samples without a text to judge (cut off, empty or blocked): {', '.join(without)}; scores are of the "
               f"others, in brackets the composite had each of these a {one.rubric.lowest}")
    for standing in one.board.standings:
        cell = standing.cell
        if not standing.is_baseline and standing.difference is None:
            yield f"{escape(cell.label, 80)} has no scenario in common with the baseline"
    if len({frozenset(standing.cell.judged.by_scenario) for standing in one.board.standings}) > 1:
        yield ("not all rows are judged in the same scenarios, of which some are harder than others: composites do not "
               "rank them, differences to the baseline do")
    if one.unjudged:
        yield f"not judged by {who(one)} yet: {', '.join(escape(label, 80) for label in one.unjudged)}"
    if one.rubric.weighted:
        weights = ", ".join(f"{each.name} {each.weight:g}" for each in one.rubric.criteria)
        yield f"composite weighted as the rubric says: {weights}"


def said(one: OfJudge) -> str:
    """What the rows come to, in a sentence or two."""
    board = one.board
    best = board.standings[0]
    others = [standing for standing in board.standings if not standing.is_baseline]
    if not others:
        return f"{escape(best.cell.label, 80)} comes to {best.cell.judged.composite.mean:.2f}; nothing to compare."
    told = [standing for standing in others if standing.p_corrected is not None and standing.p_corrected < ALPHA]
    baseline = escape(board.baseline.label, 80)
    if not told:
        scenarios = max((standing.difference.size for standing in others if standing.difference), default=0)
        if scenarios < 2:
            return f"Too few scenarios are judged to hold anything against {baseline}; judge more of them."
        return (f"No clear difference to {baseline} in {scenarios} scenarios "
                "after Holm's correction; more scenarios would show smaller ones.")
    clear = [f"{escape(standing.cell.label, 80)} ({signed(standing.difference)})" for standing in told]
    return f"Clearly apart from {baseline}: {', '.join(clear)}."


def _interactions(one: OfJudge) -> Section:
    first = one.board.interactions[0]
    lines = tuple(_interaction(each) for each in one.board.interactions)
    clear = [each for each in one.board.interactions if each.p_corrected is not None and each.p_corrected < ALPHA]
    told = ("The gain of a prompt depends on the model: " + ", ".join(
        f"{escape(each.prompt, _SHOWN)} on {escape(each.model, _SHOWN)}" for each in clear) + ".") if clear else (
        "That a prompt's gain depends on the model is not shown by so many scenarios.")
    title = (f"Gain of each prompt over {escape(first.over, _SHOWN)}, and whether it is the same as on "
             f"{escape(first.on, _SHOWN)} (judged by {who(one)})")
    return Section(title, lines, (), told, "Prompt's gain on")


def _interaction(one: Interaction) -> Line:
    return Line({
        "name": escape(one.model, _SHOWN),
        "prompt": escape(one.prompt, _SHOWN),
        "gain": points(one.gain),
        "gain_there": points(one.gain_there),
        "more": signed(one.difference),
        "more_between": ends(one.difference),
        "more_p": numbers.probability(one.p_corrected),
    })


def _legend(found: Findings) -> Iterator[Legend]:
    yield Legend("composite", "Composite: the (weighted) mean of the criteria on the rubric's scale, every scenario "
                              "once; its interval is Student's t over scenarios, 95 %; none where they are all "
                              "alike, or one.")
    among = "all rows" if all(one.board.is_named for one in found.judges) else (
        "all pairs of rows, because the best is one that the scores have chosen (--baseline names one)")
    yield Legend("against", "vs baseline: mean difference of composites over the scenarios that both have, paired; p: "
                            f"paired t test, sign test where all differ alike; Holm's correction over {among}.")
    yield Legend("more", "Difference: gain here less gain there, over scenarios: the interaction of model and prompt.")
    yield Legend("won", "Won: of all comparisons, a tie as half, every scenario once; each pair was asked in both "
                        "orders. Student's t over scenarios, 95 %.")
    yield Legend("kappa", "Kappa: quadratic weights; alpha: Krippendorff's, ordinal. 1: always the same, 0: as by "
                          "chance.")
    yield Legend("tokens", "Tokens, seconds and USD: of all samples of the run, for each; seconds with its slots in "
                           "parallel.")
    for remark in found.remarks:
        yield Legend("name", escape(remark, 400))


def estimate_cell(found: Estimate) -> str:
    """``3.42 [3.10, 3.74]``."""
    return f"{found.mean:.2f}" + ("" if found.low is None or found.high is None else f" {ends(found)}")


def ends(found: Estimate | None) -> str:
    """``[-0.20, 0.41]``."""
    if found is None or found.low is None or found.high is None:
        return ""
    return f"[{found.low:.2f}, {found.high:.2f}]"


def signed(found: Estimate | None) -> str:
    """``+0.30``."""
    return "" if found is None else points(found.mean)


def points(value: float) -> str:
    """On the rubric's scale, with a sign; what rounds to nothing has none."""
    shown = f"{value:+.2f}"
    return "0.00" if shown in {"+0.00", "-0.00"} else shown
