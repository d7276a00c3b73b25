"""The frame of every page: its head, the theme, and the policy that lets nothing run but the page's own scripts.

Theory of operation. A page is a Jinja2 template that extends ``frame.html`` and fills the blocks ``title`` and
``main``; autoescape is always on, so a value is text unless ``reports.pages.embed`` made it markup. Styles and scripts
stand in the page, and the policy names each by its SHA-256: whatever else found its way into the page as markup would
not run, and nothing can be fetched or sent. This room reads no files; ``Assets`` hands their texts in (``runner.pages``
reads them).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

STYLES = ("frame.css",)
SCRIPTS = ("theme.js", "shown.js")
"""What every page has; a page's own come after them."""


@dataclass(frozen=True, slots=True)
class Assets:
    """The files under ``reports/pages/assets/``, by name."""

    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """What a page is made of."""

    template: str
    """Name of the template, one that extends ``frame.html``."""
    values: Mapping[str, Any]
    """What the template shows."""
    styles: Sequence[str] = ()
    """Names of the page's own style sheets."""
    scripts: Sequence[str] = ()
    """Names of the page's own scripts, in the order in which they run."""
    chart_styles: bool = False
    """Whether charts in the page carry ``style`` attributes; they are forbidden otherwise."""
    server: bool = False
    """Whether a server of ours hands the page out, and its script may speak with that one."""


def render(page: Page, assets: Assets) -> str:
    """The page as HTML. Raises KeyError for an asset that is not there, jinja2's UndefinedError for a value."""
    styles, scripts = _inlined(page, assets)
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, loader=FunctionLoader(assets.texts.get),
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )
    return environment.get_template(page.template).render(
        **page.values, policy=policy_of(page, assets), styles=styles, scripts=scripts
    )


def policy_of(page: Page, assets: Assets) -> str:
    """The page's content security policy, for a server that sends it as a header, too."""
    styles, scripts = _inlined(page, assets)
    return policy(styles, scripts, chart_styles=page.chart_styles, server=page.server)


def policy(
    styles: Sequence[str], scripts: Sequence[str], *, chart_styles: bool = False, server: bool = False
) -> str:
    """The content security policy of a page with exactly these styles and scripts."""
    rules = [
        "default-src 'none'",
        _sources("script-src", scripts),
        _sources("style-src", styles),
        *(["style-src-attr 'unsafe-inline'"] if chart_styles else []),
        "img-src data:",
        *(["connect-src 'self'"] if server else []),
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return "; ".join(rules)


def _inlined(page: Page, assets: Assets) -> tuple[list[Markup], list[Markup]]:
    """The page's styles and scripts."""
    return ([_inline(assets.texts[name]) for name in (*STYLES, *page.styles)],
            [_inline(assets.texts[name]) for name in (*SCRIPTS, *page.scripts)])


def _sources(rule: str, texts: Sequence[str]) -> str:
    return f"{rule} {' '.join(map(_hash, texts))}" if texts else f"{rule} 'none'"


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _inline(text: str) -> Markup:
    """An asset as it stands between its tags. Raises ValueError where it would end its own element."""
    text = text.replace("\r\n", "\n")  # as the browser will, before it takes the hash
    if any(ending in text.lower() for ending in ("</style", "</script", "<!--")):
        raise ValueError("an asset holds </style, </script or <!--, which would end its element; write it otherwise")
    return Markup(text)  # noqa: S704  # our own file, never a value
