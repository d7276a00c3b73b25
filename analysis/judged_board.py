"""A leaderboard of judged texts: models and prompts by composite, held against one of them scenario by scenario.

Paired: the difference of two cells' composites in every scenario that both have, its mean with Student's t interval and
p-value (the paired t test), Holm's correction over all rows. What is compared shares its scenarios, so that scenarios
that are hard for everybody do not blur it. Where nobody named a baseline, the best is one that the scores themselves
have chosen, and every two cells might have been what is compared: the correction is over all pairs then. (Over the rows
alone, one in six experiments of eighteen cells that are all alike would show a clear difference.)

Interaction: whether a prompt's gain depends on the model. In every scenario, (other model with the other prompt - other
model with the first prompt) - (first model with the other prompt - first model with the first prompt); its mean, t
interval and corrected p-value. That is the interaction contrast of a two-way design with scenarios as blocks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from analysis.holm import holm
from analysis.student import estimate
from core.errors import UsageError
from core.standings import Board, Cell, Estimate, Interaction, Standing


def board(cells: Sequence[Cell], baseline: str | None = None) -> Board:
    """``baseline``: a cell's label, or a model or a prompt that only one has; None: the best of those that were judged
    in the most scenarios, since one good text is no measure for all.

    Raises UsageError where it names none, or several.
    """
    ranked = sorted(cells, key=lambda cell: (-cell.judged.composite.mean, cell.label))
    against = _best(ranked) if baseline is None else _called(cells, baseline)
    differences = [None if cell is against else paired(cell, against) for cell in ranked]
    corrected = _corrected(differences, math.comb(len(ranked), 2) if baseline is None else None)
    standings = tuple(Standing(cell, cell is against, difference, p) for cell, difference, p in
                      zip(ranked, differences, corrected, strict=True))
    first = against if baseline is not None else cells[0]
    return Board(standings, against, baseline is not None, interactions(cells, first))


def _best(ranked: Sequence[Cell]) -> Cell:
    return max(ranked, key=lambda cell: cell.judged.composite.size)  # the first of equals


def paired(one: Cell, other: Cell) -> Estimate | None:
    """``one`` less ``other``; None where they have no scenario in common."""
    mine, theirs = one.judged.by_scenario, other.judged.by_scenario
    return estimate([mine[scenario] - theirs[scenario] for scenario in mine if scenario in theirs])


def interactions(cells: Sequence[Cell], first: Cell) -> tuple[Interaction, ...]:
    """Every other prompt and model against those of ``first``, where all four cells were judged, each once."""
    by_place = _unambiguous(cells)
    models = [model for model in dict.fromkeys(cell.model for cell in cells) if model != first.model]
    prompts = [prompt for prompt in dict.fromkeys(cell.prompt for cell in cells) if prompt != first.prompt]
    found = [one for prompt in prompts for model in models if (one := _interaction(by_place, first, model, prompt))]
    corrected = _corrected([one.difference for one in found])
    return tuple(Interaction(one.prompt, one.over, one.model, one.on, one.gain, one.gain_there, one.difference, p)
                 for one, p in zip(found, corrected, strict=True))


def _interaction(
    by_place: Mapping[tuple[str, str], Cell], first: Cell, model: str, prompt: str
) -> Interaction | None:
    four = [by_place.get((each, one)) for each in (model, first.model) for one in (prompt, first.prompt)]
    maps = [cell.judged.by_scenario for cell in four if cell is not None]
    if len(maps) < 4:
        return None
    common = [scenario for scenario in maps[0] if all(scenario in each for each in maps[1:])]
    here = [maps[0][scenario] - maps[1][scenario] for scenario in common]
    there = [maps[2][scenario] - maps[3][scenario] for scenario in common]
    difference = estimate([a - b for a, b in zip(here, there, strict=True)])
    if difference is None:
        return None
    return Interaction(prompt, first.prompt, model, first.model, sum(here) / len(here), sum(there) / len(there),
                       difference)


def _unambiguous(cells: Sequence[Cell]) -> dict[tuple[str, str], Cell]:
    """By model and prompt, those that are there once."""
    places = [(cell.model, cell.prompt) for cell in cells]
    return {place: cell for place, cell in zip(places, cells, strict=True) if places.count(place) == 1}


def _corrected(found: Sequence[Estimate | None], among: int | None = None) -> list[float | None]:
    """``among``: how many comparisons there might have been; None: these."""
    known = [(place, one.p_value) for place, one in enumerate(found) if one is not None and one.p_value is not None]
    corrected: list[float | None] = [None] * len(found)
    for (place, _), p_value in zip(known, holm([p for _, p in known], among), strict=True):
        corrected[place] = p_value
    return corrected


def _called(cells: Sequence[Cell], name: str) -> Cell:
    found = [cell for cell in cells if name == cell.label]
    found = found or [cell for cell in cells if name in {cell.model, cell.prompt}]
    if len(found) == 1:
        return found[0]
    labels = [cell.label for cell in found or cells]
    if found:
        raise UsageError(f"--baseline {name[:80]}: that is {len(found)} of them, name one: "
                         f"{', '.join(ascii(label) for label in labels[:8])}.")
    near = get_close_matches(name, labels, 3, 0.3) or labels[:8]
    raise UsageError(f"--baseline {ascii(name[:80])[1:-1]}: nothing that was judged is called so; there is "
                     f"{', '.join(ascii(label) for label in near)}.")
