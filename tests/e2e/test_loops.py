"""Loops, from the server's tokens to the last line of the summary."""

from __future__ import annotations

import json
import re

from tests.e2e.tool import Tool

RUN = ("--model", "demo", "--benchmark", "math", "--limit", "2", "--max-tokens", "1900", "--server", "xllamacpp",
       "--parallel", "2", "--threads", "1", "--server-arg=sampling.penalty_freq=-2")
"""A negative frequency penalty makes the demo model repeat itself for ever."""


def test_what_cutting_a_loop_short_saves_is_what_waiting_for_its_end_costs(tool: Tool) -> None:
    stopped, awaited = tool(*RUN), tool(*RUN, "--no-loop-stop")
    assert (stopped.code, awaited.code) == (0, 0), stopped.err + awaited.err
    cut, whole = tool.records()
    assert cut["usage"]["loops_cut"] == 2
    assert cut["usage"]["completion_tokens"] + cut["usage"]["tokens_saved"] == whole["usage"]["completion_tokens"]
    assert cut["usage"]["tokens_saved"] > 400
    assert whole["checks"]["tokens"] == "as the server counts them"
    assert re.fullmatch(
        "as the server counts them|the server counts [0-9,]+ completion tokens? more, with 2 replies cut short or lost",
        cut["checks"]["tokens"],
    ), "what it did until it saw the connection closed"
    assert f"2 loops cut short: {cut['usage']['tokens_saved']:,} tokens, about " in stopped.err
    assert "loops_cut" not in whole["usage"]
    assert "cut short" not in awaited.err
    assert cut["config"]["loop"] == {"period": 1000, "count": 4, "span": 1600}
    assert cut["fingerprint"] != whole["fingerprint"], "what stops a loop decides a result"
    lines = (tool.run_folders()[0] / "samples.jsonl").read_text().splitlines()
    samples = [json.loads(line) for line in lines]
    assert [(sample["finish_reason"], sample["looping"]) for sample in samples] == [("looping", True)] * 2
    assert all(sample["completion_tokens"] == sample["timings"]["predicted_n"] for sample in samples)
