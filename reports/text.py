"""The one place where text from files and models is made fit to be shown.

A ledger can be somebody else's: a model name in it may hold terminal escape codes, bidirectional marks or line breaks.
Shown raw, they could clear the screen, forge a row or turn a name around; so they are spelled out instead.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST = 200

_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories spelled out: controls, formats (bidirectional, zero-width), surrogates, unassigned, breaks."""

_INTERVAL = r"(?<!\S)\[(?:-?[\d.]+, -?[\d.]+|95 %)\](?=\s|[;,.]|\Z)"

_PLAIN = rf"{_INTERVAL}|(?<=[a-zA-Z0-9])_+(?=[a-zA-Z0-9])|(?<=\S )\*(?=\s|\Z)"
"""What is no markup anywhere: an interval of ours, underscores within a word, an asterisk that stands alone."""

_MARKUP = re.compile(rf"(?P<plain>{_PLAIN})|[\\`*_\[\]<|~]|\A[>#]")
"""What Markdown may take for markup; the plain is found first, and left alone."""


def escape(text: str, longest: int | None = LONGEST) -> str:
    r"""``text`` with every control character spelled (``\x1b``), cut in the middle beyond ``longest`` characters."""
    if longest is not None and len(text) > longest:
        half = (longest - 5) // 2
        text = f"{text[:half]} ... {text[-half:]}"
    return text if text.isascii() and text.isprintable() else "".join(map(_spelled, text))


def markdown_cell(text: str, longest: int | None = LONGEST) -> str:
    """``text`` as a cell of a Markdown table: nothing in it is taken for a column, a link, HTML or a line break.

    What cannot be markup stays as it is, so that a table can also be read before it is rendered.
    """
    return _MARKUP.sub(lambda found: found[0] if found["plain"] else f"\\{found[0]}", escape(text, longest))


def csv_cell(text: str) -> str:
    """``text`` as a CSV cell; what a spreadsheet would take for a formula gets a quote in front (OWASP's advice)."""
    shown = escape(text)
    return f"'{shown}" if shown.startswith(("=", "+", "-", "@")) else shown


def _spelled(char: str) -> str:
    if unicodedata.category(char) not in _UNSAFE:
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
