"""The table of prices: ours, which is shipped, with the user's before it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from analysis.prices import Price, find, table_of
from core.errors import BadInput
from core.records import Endpoint
from servers.http import LOOPBACK

SHIPPED = Path(__file__).with_name("prices.toml")
_LIMIT_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Prices:
    """Both tables."""

    own: tuple[Price, ...]
    shipped: tuple[Price, ...]

    def of(self, endpoint: Endpoint) -> Price | None:
        """What the model behind an endpoint costs: by the user's table wherever it answers, by ours if it is hosted."""
        return find(self.own, endpoint.model) or (find(self.shipped, endpoint.model) if is_hosted(endpoint) else None)


@lru_cache(maxsize=1)
def prices(user: Path | None) -> Prices:
    """Raises BadInput for a file that cannot be read, or is no table of prices."""
    return Prices(_read(user, f"--prices {user}") if user is not None else (), _read(SHIPPED, SHIPPED.name))


def unpriced(endpoint: Endpoint) -> str | None:
    """What to say of a hosted model without a price."""
    if not is_hosted(endpoint):
        return None
    return f"what {endpoint.model} costs is not in the table of prices; name one that has it by --prices FILE"


def is_hosted(endpoint: Endpoint) -> bool:
    """Whether somebody may want money for it: it answers from elsewhere, over an encrypted connection."""
    parts = urlsplit(endpoint.base_url)
    return parts.scheme == "https" and parts.hostname not in LOOPBACK


def _read(path: Path, where: str) -> tuple[Price, ...]:
    try:
        with path.open("rb") as file:
            data = file.read(_LIMIT_BYTES + 1)
        if len(data) > _LIMIT_BYTES:
            raise BadInput(f"{where}: it is larger than {_LIMIT_BYTES >> 20} MiB, so it is no table of prices.")
        return table_of(tomllib.loads(data.decode("utf-8")), where)
    except OSError as error:
        raise BadInput(f"{where}: it cannot be read ({error.strerror}); name a file like {SHIPPED.name}.") from error
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{where}: it is no TOML ({error}); {SHIPPED} is one to copy.") from error
