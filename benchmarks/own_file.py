"""The TOML file of a benchmark of one's own, as it is read, and where in it a mistake stands."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Final

from core.errors import BadInput

_SIZE_LIMIT: Final = 1 << 20


class OwnFile:
    """The TOML file's text and what was read of it; makes the errors."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                raw = file.read(_SIZE_LIMIT + 1)
            self.text = raw.decode("utf-8-sig")
            self.table: dict[str, Any] = tomllib.loads(self.text)
        except OSError as error:
            raise BadInput(f"--benchmark {path}: cannot be read ({error.strerror or error}); check the path") from error
        except UnicodeDecodeError as error:
            raise BadInput(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from error
        except (ValueError, RecursionError) as error:  # TOMLDecodeError is one; a number of 5,000 digits another
            where = re.search(r"line (\d+)", str(error))
            line = f":{where[1]}" if where else ""
            raise BadInput(f"{path}{line}: is no TOML ({error}); correct it (docs/own-benchmark.md)") from error
        if len(raw) > _SIZE_LIMIT:
            raise BadInput(f"{path}: is larger than 1 MiB; put the tasks into a data file and name it under [tasks]")

    def bad(self, section: str, key: str, what: str) -> BadInput:
        """The error that says so, with the line where ``key`` stands, or else its section."""
        named = f"[{section}] {key}" if section and key else f"[{section}]" if section else key
        return BadInput(f"{self.path}:{self.line(section, key)}: {named}: {what} (docs/own-benchmark.md)")

    def line(self, section: str, key: str) -> int:
        """Where the key stands, or else its section; 1 where neither is found."""
        inside, found = section == "", 1
        for number, line in enumerate(self.text.split("\n"), 1):
            head = re.match(r"\s*\[\s*\"?([A-Za-z0-9_-]+)\"?\s*\]", line)
            if head is not None:
                inside = head[1] == section
                if inside and section:
                    found = number
                elif not section and head[1] == key:
                    return number
            elif inside and key and re.match(rf"\s*\"?{re.escape(key)}\"?\s*=", line):
                return number
        return found

    def get(self, section: str, key: str) -> Any:
        """The value, None where it is not given."""
        table = self.table.get(section, {}) if section else self.table
        return table.get(key)
