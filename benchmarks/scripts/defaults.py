"""What a benchmark's script and its table entry must agree on, in a module that costs nothing to import."""

from __future__ import annotations

OF_ANY = 2048
MAX_TOKENS = {
    "human_eval": OF_ANY,
    "lcb": OF_ANY,
    "math": OF_ANY,
    "extraction": 1024,
    "gsm8k": OF_ANY,
    "math500": 4096,
    "aime": 16384,
    "mmlu": OF_ANY,
    "mmlu_pro": OF_ANY,
    "gpqa": 4096,
    "truthfulqa": OF_ANY,
    "mbpp": OF_ANY,
    "human_eval_plus": OF_ANY,
    "mbpp_plus": OF_ANY,
    "ifeval": OF_ANY,
    "xstest": 1024,
    "tips": 1024,
}
"""Tokens a reply may have when nobody says otherwise.

An answer to any of these tasks takes a few hundred tokens, worked steps included; the rest is room for a model that
explains. Extraction copies a short object out of a text. A thinking model needs more by an order of magnitude: give it
``--max-tokens``, else its replies end in the middle of a thought and count as truncated.
"""
