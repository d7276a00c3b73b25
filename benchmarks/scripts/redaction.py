"""A key taken out of what a server says. Pure."""

from __future__ import annotations

import re

_KNOWN, _PART = 7, 10
"""So many characters of a key, at its beginning or anywhere, are taken for a part of it: providers repeat wrong keys in
part, and what is cut off in the middle of one is one.
"""


def redacted(text: str, key: str | None, *, whole: bool = False) -> str:
    """Without the key, and in sentences without any word that has a part of it or is masked already.

    ``whole``: only the key itself, for texts in which every word counts.
    """
    if not key:
        return text
    text = text.replace(key, "***")
    if whole or len(key) < 2 * _KNOWN:  # of a short one, which only servers of one's own have, the whole is looked for
        return text
    parts = {key[at:at + _PART] for at in range(len(key) - _PART + 1)}
    marks = "|".join(map(re.escape, sorted({key[:_KNOWN], *parts}, key=len)))
    return re.sub(rf"[^\s'\"]*(?:{marks}|\*{{3,}})[^\s'\"]*", "***", text)
