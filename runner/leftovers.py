"""What an earlier start of this tool left in the memory of an Ollama server because it was killed: whatever the next
start is for, it has that unloaded first.
"""

from __future__ import annotations

from collections.abc import Callable

from system.user_cache import user_cache_folder


def clear(say: Callable[[str], None]) -> None:
    """Tells what was unloaded. Where no note lies, which is the rule, this is a look into a folder."""
    try:
        left = any((user_cache_folder() / "ollama").glob("*.json"))
    except (OSError, RuntimeError):  # no home
        return
    if not left:
        return
    from servers.backends.ollama_notes import unload_leftovers  # noqa: PLC0415  (its HTTP library takes 0.1 s)

    for sentence in unload_leftovers():
        say(sentence)
