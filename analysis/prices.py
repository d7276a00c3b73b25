"""Money for tokens, by a dated table of prices. Pure; ``runner/prices.toml`` tells the table's form."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import BadInput
from core.records import Sample

_MILLION = 1_000_000
_MOST_USD = 1e9
_VERSION = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{3,4})\Z")
"""How providers name a dated version: ``-2024-07-18``, ``-0613``, ``-001``."""
_FIELDS = frozenset({"model", "prompt", "cached", "completion", "prompt_limit", "date", "source"})


@dataclass(frozen=True, slots=True)
class Price:
    """One model's, in US dollars for a million tokens."""

    model: str
    prompt: float
    completion: float
    date: str
    """When it was looked up, ``2026-11-24``."""
    source: str
    cached: float | None = None
    """Of prompt tokens from a cache; None: as any other."""
    prompt_limit: int | None = None
    """For longer prompts the price is another, and not known here."""

    def as_record(self) -> dict[str, Any]:
        """For a run's record."""
        return {"model": self.model, "date": self.date, "source": self.source, "prompt": self.prompt,
                "cached": self.cached, "completion": self.completion}


def table_of(data: Mapping[str, Any], where: str) -> tuple[Price, ...]:
    """The prices of a file, in its order. Raises BadInput that names the entry for what is none."""
    entries = data.get("price", [])
    if set(data) - {"price"} or not isinstance(entries, list):
        raise BadInput(f"{where}: it has to hold [[price]] entries and nothing else; copy runner/prices.toml's form.")
    return tuple(_price(entry, f"{where}: price {number}") for number, entry in enumerate(entries, start=1))


def find(table: Iterable[Price], model: str) -> Price | None:
    """The first price of this model, else of the name without its version's date."""
    by_name: dict[str, Price] = {}
    for price in table:
        by_name.setdefault(price.model, price)
    return by_name.get(model) or by_name.get(_VERSION.sub("", model))


def cost_usd(price: Price, sample: Sample) -> float | None:
    """What a request and its reply cost; None where its tokens are not known, or its prompt is too long for the price.

    Where nobody says what came from a cache, nothing did.
    """
    if sample.prompt_tokens is None or sample.completion_tokens is None:
        return None
    if price.prompt_limit is not None and sample.prompt_tokens > price.prompt_limit:
        return None
    cached = min(sample.cached_tokens or 0, sample.prompt_tokens)
    for_cached = price.prompt if price.cached is None else price.cached
    usd = (sample.prompt_tokens - cached) * price.prompt + cached * for_cached
    return (usd + sample.completion_tokens * price.completion) / _MILLION


def _price(entry: Any, where: str) -> Price:
    if not isinstance(entry, dict):
        raise BadInput(f"{where} is no table.")
    if unknown := sorted(set(entry) - _FIELDS):
        raise BadInput(f"{where} has an unknown field {unknown[0]!r}; there are {', '.join(sorted(_FIELDS))}.")
    date = entry.get("date")
    if not isinstance(date, dt.date):
        raise BadInput(f"{where}: date has to be a day like 2026-11-24, and not {date!r}.")
    limit = entry.get("prompt_limit")
    if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 1):
        raise BadInput(f"{where}: prompt_limit has to be a number of tokens, and not {limit!r}.")
    return Price(
        _text(entry, "model", where), _usd(entry, "prompt", where), _usd(entry, "completion", where), str(date)[:10],
        _text(entry, "source", where), _usd(entry, "cached", where) if "cached" in entry else None, limit,
    )


def _text(entry: Mapping[str, Any], name: str, where: str) -> str:
    value = entry.get(name)
    if not isinstance(value, str) or not value:
        raise BadInput(f"{where}: {name} has to be a text, and not {value!r}.")
    return value


def _usd(entry: Mapping[str, Any], name: str, where: str) -> float:
    value = entry.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MOST_USD:
        raise BadInput(f"{where}: {name} has to be dollars for a million tokens, and not {value!r}.")
    return float(value)
