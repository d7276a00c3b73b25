"""The flags of strategies. Imports nothing heavy: ``--help`` must feel instant."""

from __future__ import annotations

import argparse

from runner import flag_values as values


def add_strategy_flags(group: argparse._ArgumentGroup) -> None:
    """``--strategy`` and what goes with it."""
    add = group.add_argument
    add("--strategy", nargs="+", default=["single"], metavar="NAME",
        help="how many samples are drawn of a task and which answer counts: single (default), sc_fixed (majority of "
             "n), best_of_n (the best of n by --selector), adaptive_margin and esc (stop as soon as more would hardly "
             "change the answer), weighted_vote, cascade (the second of two models is asked where the first is "
             "unsure); several are put to the same samples (docs/strategies.md), e.g. "
             "--strategy sc_fixed adaptive_margin --n 1 4 16 --max-n 16 --temperature 0.8")
    add("--n-candidates", type=values.count, metavar="N",
        help="N texts a task for a judge, and nothing chosen: short for --strategy candidates --n N, e.g. --benchmark "
             "tips --n-candidates 5 (docs/prompts.md)")
    add("--n", nargs="+", type=values.count, metavar="N",
        help="samples a task of sc_fixed, best_of_n, weighted_vote (default: 8); several: a run each, all from the "
             "samples of the largest")
    add("--max-n", nargs="+", type=values.count, metavar="N",
        help="most samples a task of adaptive_margin, esc (default: 16); several: a run each")
    add("--confidence", type=values.chance, metavar="P",
        help="adaptive_margin: how sure an early stop must be (default: 0.9)")
    add("--window", type=values.count, metavar="N", help="esc: answers in a row that must agree (default: 4)")
    add("--batch", type=values.count, metavar="N", help="adaptive_margin: fewest samples drawn at once")
    add("--selector", nargs="+", default=[], metavar="S",
        help="best_of_n: what picks the answer, the first decides, the next where it leaves a tie: agreement (default),"
             " schema, examples, logprob, command:PATH")
    add("--margin", type=values.share, metavar="M",
        help="cascade: tasks go on to the second model where the lead of the first one's answer, as a share of its "
             "samples, is below M (default: 0.5)")
    add("--fallback", metavar="MODEL",
        help="ask this model the tasks of which the samples were spent without a majority, once the first model is "
             "done, e.g. --model demo:Q2_K --fallback demo:F16 --strategy sc_fixed --n 4 --temperature 0.8")
    add("--budget-tokens", type=values.count, metavar="N",
        help="generate about N tokens in a run and no more: each sample beyond a task's first goes to the task whose "
             "answer it is likeliest to change, e.g. --strategy adaptive_margin --max-n 16 --temperature 0.8 "
             "--budget-tokens 20000")
    add("--budget-seconds", type=values.seconds, metavar="S", help="the same, for S seconds of generation")
    add("--budget-joules", type=values.positive, metavar="J", help="the same, for J joules; with --measure-energy")
