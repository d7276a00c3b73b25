"""One run as a page of its own, ``report.html``: no script, nothing fetched, fit to be sent to somebody.

Every text goes through ``show`` (which spells control characters) and then through ``html.escape``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape as html
from typing import Any

from core.doubts import Doubt
from core.lookup import number_at, text_at, texts_at, value_at
from reports.evidence import pairs
from reports.show import failed_tasks, head, hint_lines, sections
from reports.text import escape

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; color: #1b1f24; }
h1 { font-size: 1.4rem; margin: 0; } h1 small { font-weight: normal; color: #57606a; }
h2 { font-size: 1rem; margin: 2rem 0 .3rem; }
.score { font-size: 2.6rem; font-weight: 600; margin: .6rem 0 0; }
.score small { font-size: 1.2rem; font-weight: normal; color: #b58400; }
.suspect { background: #fff4d6; border-left: 4px solid #d4a000; padding: .5rem .8rem; margin: 1rem 0; }
table { border-collapse: collapse; width: 100%; } td { padding: .15rem .6rem .15rem 0; vertical-align: top; }
td:first-child { color: #57606a; width: 14rem; } td:last-child { overflow-wrap: anywhere; }
.tasks { color: #57606a; overflow-wrap: anywhere; columns: 4 10rem; font-size: .85rem; }
svg { display: block; width: 100%; height: 34px; margin: .3rem 0 1rem; }
@media (prefers-color-scheme: dark) {
  body { background: #0d1117; color: #e6edf3; } .suspect { background: #3a2f0b; }
  h1 small, td:first-child, .tasks { color: #9198a1; }
}
"""


def to_html(record: Mapping[str, Any], evidence: Sequence[Doubt] = ()) -> str:
    """The whole page as text; ``evidence``: what was found in the run's folder."""
    benchmark, model = (escape(text_at(record, key) or "?") for key in ("benchmark", "model"))
    heading, names = failed_tasks(record)
    body = [
        f"<h1>{html(benchmark)} <small>{html(model)}</small></h1>",
        _score(record),
        _suspect(texts_at(record, "validity", "reasons") or (), hint_lines(record)),
        _table(head(record)),
        f"<h2>Evidence</h2>{_table(pairs(evidence), empty=True)}" if evidence else "",
        *(f"<h2>{html(title)}</h2>{_table(values)}" for title, values in sections(record)),
        f"<h2>{html(heading)}</h2><div class=tasks>{'<br>'.join(map(html, names))}</div>" if names else "",
    ]
    title = html(f"{benchmark} {model}")
    return (
        "<!doctype html>\n<html lang=en><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width, initial-scale=1'>"
        f"<title>{title}</title><style>{_STYLE}</style>\n" + "\n".join(filter(None, body)) + "\n</html>\n"
    )


def _score(record: Mapping[str, Any]) -> str:
    score = number_at(record, "results", "score")
    if score is None:
        return "<p class=score>no score</p>"
    doubt = " <small>suspect</small>" if text_at(record, "validity", "status") == "suspect" else ""
    return f"<p class=score>{score:.1f} %{doubt}</p>{_interval(score, value_at(record, 'interval'))}"


def _interval(score: float, interval: Any) -> str:
    """The score as a dot on a scale from 0 to 100, its interval as a bar around it."""
    ends = [number_at({"n": end}, "n") for end in interval] if isinstance(interval, list | tuple) else []
    low, high = ends if len(ends) == 2 else (None, None)
    bar = ""
    if low is not None and high is not None:
        bar = f"<line x1='{low:.2f}%' x2='{high:.2f}%' y1='12' y2='12' stroke='#4c8dd6' stroke-width='10'/>"
    ticks = "".join(f"<text x='{at}%' y='33' font-size='11' fill='#8b949e' text-anchor='{anchor}'>{at}</text>"
                    for at, anchor in ((0, "start"), (25, "middle"), (50, "middle"), (75, "middle"), (100, "end")))
    label = "score with its 95 % interval" if bar else "score"
    return (f"<svg role=img aria-label='{label}'><line x1='0' x2='100%' y1='12' y2='12' stroke='#8b949e'/>{bar}"
            f"<circle cx='{score:.2f}%' cy='12' r='6' fill='#d6453d'/>{ticks}</svg>")


def _suspect(reasons: Sequence[str], hints: Sequence[str]) -> str:
    if not reasons:
        return ""
    said = "; ".join(html(escape(reason)) for reason in reasons)
    return f"<p class=suspect>Suspect: {said}{''.join(f'<br>To do: {html(hint)}' for hint in hints)}</p>"


def _table(values: Sequence[tuple[str, str]], *, empty: bool = False) -> str:
    """``empty``: rows without a value, too."""
    rows = "".join(f"<tr><td>{html(name)}<td>{html(value).replace(chr(10), '<br>')}" for name, value in values
                   if value or empty)
    return f"<table>{rows}</table>"
