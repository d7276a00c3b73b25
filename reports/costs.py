"""What a run cost, a line for each currency: tokens, joules, money. Pure; empty texts where nothing is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.lookup import number_at, text_at, texts_at, value_at
from reports import numbers
from reports.text import escape


def cost_lines(record: Mapping[str, Any]) -> list[str]:
    """Those that are known."""
    return [said for said in (tokens_line(record), energy_line(record), money_line(record)) if said]


def tokens_line(record: Mapping[str, Any]) -> str:
    """``tokens: 1,085 of replies, 1,364 of prompts (1,098 of them cached)``; with what the server counted otherwise."""
    reply, prompt, cached = (number_at(record, "usage", name)
                             for name in ("completion_tokens", "prompt_tokens", "cached_tokens"))
    parts = [f"{numbers.whole(reply)} of replies"] if reply is not None else []
    if prompt is not None:
        parts.append(f"{numbers.whole(prompt)} of prompts" + (f" ({numbers.whole(cached)} of them cached)" if cached
                                                             else ""))
    told = text_at(record, "checks", "tokens") or ""
    apart = f"; {escape(told)}" if told.startswith("the server counts") else ""
    return f"tokens: {', '.join(parts)}{apart}" if parts else ""


def energy_line(record: Mapping[str, Any]) -> str:
    """``energy: 1,234 J (96.0 W, 560 J above idle), 30.9 J a solved task; the GPU was shared with Xorg (pid 812)``."""
    joules = number_at(record, "energy", "energy_j")
    if joules is None:
        return ""
    watts, above = number_at(record, "energy", "mean_watts"), number_at(record, "energy", "above_idle_j")
    inside = [f"{numbers.rate(watts)} W"] if watts is not None else []
    inside += [f"{_signed(above)} J above idle"] if above is not None else []
    inside += ["its samples' part"] if value_at(record, "energy", "apportioned") is True else []
    solved = number_at(record, "energy", "per_solved_j")
    others = [escape(name, 60) for name in texts_at(record, "energy", "shared_with") or ()]
    return (f"energy: {numbers.amount(joules)} J" + (f" ({', '.join(inside)})" if inside else "")
            + (f", {numbers.amount(solved)} J a solved task" if solved is not None else "")
            + (f"; the GPU was shared with {', '.join(others)}" if others else ""))


def money_line(record: Mapping[str, Any]) -> str:
    """``cost: $0.0123, $0.0004 a solved task (gpt-4o-mini, prices of 2026-11-24)``."""
    cost, solved = number_at(record, "cost", "cost_usd"), number_at(record, "cost", "per_solved_usd")
    if cost is None:
        return ""
    model, date = text_at(record, "cost", "price", "model"), text_at(record, "cost", "price", "date")
    table = f" ({escape(model, 60)}, prices of {escape(date, 20)})" if model and date else ""
    return f"cost: {_dollars(cost)}" + (f", {_dollars(solved)} a solved task" if solved is not None else "") + table


def _signed(joules: float) -> str:
    return f"-{numbers.amount(-joules)}" if joules < 0 else numbers.amount(joules)


def _dollars(value: float) -> str:
    """Cents where there are any, else two figures that count."""
    return f"${value:,.2f}" if abs(value) >= 1 or value == 0 else f"${value:.2g}" if abs(value) >= 1e-4 else (
        f"${value:.6f}".rstrip("0").rstrip("."))
