"""What the hub's client raises, as one sentence of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import BadInput, BenchError


class AwayError(Exception):
    """The hub was not asked, or did not answer."""


def why_away(error: Exception) -> str:
    from huggingface_hub import errors  # noqa: PLC0415  (half a second)

    if isinstance(error, errors.OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE is set"
    return f"the hub cannot be reached ({type(error).__name__})"


@contextmanager
def hub_errors(what: str, local: str = "or give the path of a GGUF file") -> Iterator[None]:
    """Every error of the hub client about ``what``, as the user calls it, as one sentence that ends with ``local``."""
    from huggingface_hub import constants, errors  # noqa: PLC0415  (half a second)

    try:
        yield
    except (BenchError, AwayError):
        raise
    except errors.GatedRepoError as error:
        raise BadInput(f"{what} is gated: accept its terms on its page on the hub and set HF_TOKEN (hf auth login), "
                       f"{local}") from error
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError) as error:
        raise BadInput(f"{what} is not on the hub, or private: check the spelling; for a private one set HF_TOKEN, "
                       f"{local}") from error
    except errors.HfHubHTTPError as error:
        raise BadInput(f"{what}: {_status(error.response.status_code)}, {local}") from error
    except errors.LocalEntryNotFoundError as error:  # all that was asked for, or a part of it
        away = "HF_HUB_OFFLINE is set" if constants.HF_HUB_OFFLINE else "the hub cannot be reached"
        raise BadInput(f"{what} is not in the cache, and {away}; go online once, {local}") from error
    except Exception as error:
        full = isinstance(error, OSError) and error.errno == 28
        do = "the disk is full; make room" if full else "check the network and the disk"
        raise BadInput(f"{what} could not be fetched ({_first_line(error)}): {do}, and run again: it goes on where it "
                       f"stopped, {local}") from error


def _status(status: int) -> str:
    if status in {401, 403}:
        return f"the hub refuses it ({status}): check HF_TOKEN"
    return f"the hub answered {status}: try again later"


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "")[:200] or type(error).__name__
