"""The flags of models that providers serve: how fast they may be asked, what they may cost."""

from __future__ import annotations

import argparse

from runner import flag_values as values


def add_spending_flags(group: argparse._ArgumentGroup) -> None:
    """The flags themselves."""
    group.add_argument("--max-cost", type=values.positive, metavar="USD",
                       help="stop before the command's runs have cost more; the same command with a higher one goes on "
                            "(docs/hosted.md)")
    group.add_argument("--requests-per-minute", type=values.positive, metavar="N",
                       help="ask a provider no more often; what it says itself is kept anyway")
    group.add_argument("--tokens-per-minute", type=values.positive, metavar="N",
                       help="the same for tokens, prompts and replies together")
