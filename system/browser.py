"""The user's browser."""

from __future__ import annotations

import os
import sys
import webbrowser


def open_page(address: str) -> bool:
    """Opens a page in a window of its own; False where this session has no windows, or no browser was found.

    Without windows the standard library would start a browser of the terminal, which takes the terminal from us and
    runs no scripts.
    """
    windows = sys.platform == "darwin" or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")))
    try:
        return windows and webbrowser.open(address)
    except (webbrowser.Error, OSError):
        return False
