"""The origins whose files can be imported, by name, in the order in which a file is tried on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from core.errors import BadInput
from ledger.imports import evalplus, human_eval, inspect_logs, lcb, ledger_file, llama_eval, lm_eval
from ledger.imports.found import Found, Wish
from ledger.imports.source import Source


@dataclass(frozen=True, slots=True)
class Origin:
    """One kind of file."""

    knows: Callable[[Source], bool]
    """Whether a file looks like one of these. Raises BadInput for a file that is no JSON where JSON is expected."""
    read: Callable[[Source, Wish], list[Found]]
    files: str
    """How its files are called, for people."""


ORIGINS: Final[Mapping[str, Origin]] = {
    "inspect": Origin(inspect_logs.knows, inspect_logs.read, "logs of inspect_ai (.eval, .json)"),
    "ledger": Origin(ledger_file.knows, ledger_file.read, 'ledgers ({"runs": [...]})'),
    "llama-eval": Origin(llama_eval.knows, llama_eval.read, "state files of llama-eval"),
    "lm-eval": Origin(lm_eval.knows, lm_eval.read, "results_*.json and samples_*.jsonl of lm-eval"),
    "evalplus": Origin(evalplus.knows, evalplus.read, "*_eval_results.json of evalplus"),
    "human-eval": Origin(human_eval.knows, human_eval.read, "*_results.jsonl of human-eval or of verify"),
    "lcb": Origin(lcb.knows, lcb.read, "*_eval_all.json of LiveCodeBench"),
}


def read_file(source: Source, wish: Wish, origin: str = "auto") -> list[Found]:
    """The runs in a file of one of the origins. Raises BadInput, with file and line where there are lines."""
    if origin != "auto":
        named = ORIGINS[origin]
        if not named.knows(source):
            raise source.bad(1, f"this is none of the {named.files}; leave --origin out to have it told")
        return named.read(source, wish)
    for known in ORIGINS.values():
        if known.knows(source):
            return known.read(source, wish)
    kinds = "; ".join(known.files for known in ORIGINS.values())
    raise BadInput(f"{source.path}, line 1: nothing here says which program wrote it. What can be imported: {kinds}")
