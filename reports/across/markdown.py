"""A report across runs as Markdown, to be read, pasted and searched; its pictures are files beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from core.matrix import Matrix
from reports import numbers
from reports.across.charts import Drawing
from reports.across.compute import TEXTS, compute_table
from reports.across.facts import Across
from reports.across.leaderboard import Column, Leader, leader, shown_columns
from reports.table import Table
from reports.table import to_markdown as table_markdown
from reports.text import escape, markdown_cell

ALPHA = 0.05


def to_markdown(across: Across, pictures: Sequence[Drawing], plots: str) -> str:
    """``plots``: the folder of the pictures, seen from the file."""
    blocks = [f"# Runs in {markdown_cell(across.root)}", *_refused(across)]
    blocks += [f"{markdown_cell(section.title)}. {markdown_cell(section.says, None)}"
               for section in across.table.sections if section.says]
    blocks.append("## Leaderboard")
    blocks.append(_leaderboard([leader(row, across.strategy(row.get("run_id"))) for row in across.leaders]))
    for benchmark in across.benchmarks:
        blocks += [f"## {markdown_cell(benchmark, 60)}", *_benchmark(across, benchmark, pictures, plots)]
    blocks.append("## Comparison in full")
    blocks.append(table_markdown(Table(across.table.columns, across.table.sections, across.table.legend)).rstrip())
    if across.unended:
        names = ", ".join(markdown_cell(name, 80) for name in across.unended[:50])
        blocks.append(f"Runs that have not ended: {names}{' and more' if len(across.unended) > 50 else ''}.")
    return "\n\n".join(blocks) + "\n"


def _refused(across: Across) -> Iterator[str]:
    if across.refused:
        yield "Folders that could not be read, and are not in what follows:"
        yield "\n".join(f"- {markdown_cell(one, 400)}" for one in across.refused)


def _leaderboard(leaders: Sequence[Leader]) -> str:
    columns = shown_columns(leaders)
    rows = [[_cell(one, column) for column in columns] for one in leaders]
    return _table([column.heading for column in columns], rows, [column.number for column in columns])


def _cell(one: Leader, column: Column) -> str:
    text = one.cells[column.key].text
    if column.key == "model":
        more = f" ({one.settings})" if one.settings else ""
        return f"{text}{' *' if one.on_front else ''}{more}{f' [{one.origin}]' if one.origin else ''}"
    if column.key == "validity" and one.doubts:
        return f"{text}: {'; '.join(one.doubts)}" if text else "; ".join(one.doubts)
    return text


def _benchmark(across: Across, benchmark: str, pictures: Sequence[Drawing], plots: str) -> Iterator[str]:
    for picture in pictures:
        if picture.benchmark == benchmark:
            yield f"![{markdown_cell(picture.said, None)}]({plots}/{picture.slug}.svg)"
    compute = compute_table(across.spent, benchmark)
    if compute:
        yield "### Test-time compute"
        yield _table(compute.heads, compute.rows, [place >= TEXTS for place in range(len(compute.heads))])
    for matrix in across.matrices:
        if matrix.benchmark == benchmark:
            strategy = across.strategy(matrix.standings[0].run_id)
            yield f"### Flips between pairs{f', {markdown_cell(strategy)}' if strategy else ''}"
            yield (f"How many of {matrix.total:,} tasks the run of the row passed and the run of the column failed; in "
                   "bold where an exact paired test (McNemar) tells the two apart, p < 0.05 after Holm's correction "
                   f"for all {len(matrix.pairs)} pairs."
                   + (f" {matrix.left_out:,} further runs scored less and are not shown." if matrix.left_out else ""))
            yield _matrix(matrix)


def _matrix(matrix: Matrix) -> str:
    counts: dict[tuple[int, int], str] = {}
    for pair in matrix.pairs:
        mark = "**" if pair.p_corrected < ALPHA else ""
        counts[pair.first, pair.second] = f"{mark}{len(pair.only_first):,}{mark}"
        counts[pair.second, pair.first] = f"{mark}{len(pair.only_second):,}{mark}"
    places = range(len(matrix.standings))
    rows = [[f"{row + 1} {markdown_cell(one.label, 60)}{' (suspect)' if one.suspect else ''}",
             numbers.percent(one.score), *(counts.get((row, column), "") for column in places)]
            for row, one in enumerate(matrix.standings)]
    heads = ["passed / failed", "Score", *(str(place + 1) for place in places)]
    return _written(heads, rows, [False, *[True] * (len(heads) - 1)])


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[bool]) -> str:
    return _written([markdown_cell(head) for head in heads],
                    [[markdown_cell(escape(cell, None), None) for cell in row] for row in rows], right)


def _written(heads: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool]) -> str:
    every = [heads, ["---:" if one else "---" for one in right], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in every)
