"""What ``--max-model-b`` allows."""

from __future__ import annotations

from core.errors import BadInput
from core.records import ModelInfo


def check_size(model: ModelInfo, most_billions: float | None) -> None:
    """Raises BadInput for a model with more parameters than ``--max-model-b`` allows.

    All parameters count, of a mixture too: they are what has to be in memory. How many are active is told.
    """
    if most_billions is None or model.parameters is None or model.parameters <= most_billions * 1e9:
        return
    active = f" ({_billions(model.active_parameters)} active at a time)" if model.active_parameters else ""
    raise BadInput(f"{model.label} has {_billions(model.parameters)} parameters{active}, more than --max-model-b "
                   f"{most_billions:g} allows: raise it or leave the model out")


def _billions(count: int) -> str:
    return f"{count / 1e9:.3g} billion" if count >= 1e7 else f"{count / 1e6:.3g} million"
