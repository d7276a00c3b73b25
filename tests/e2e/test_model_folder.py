"""A folder of models as a command's models."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.tool import ROOT, Tool
from tests.servers.gguf_bytes import MINIMAL, whole


def test_a_folder_runs_its_models_and_says_what_it_leaves_out(tool: Tool) -> None:
    folder = tool.folder / "mine"
    folder.mkdir()
    for name in ("demo-3M-IQ4_NL.gguf", "demo-3M-Q4_K_M.gguf"):
        (folder / name).symlink_to(ROOT / "models" / name)
    (folder / "again.gguf").symlink_to(ROOT / "models" / "demo-3M-Q4_K_M.gguf")
    (folder / "mmproj-F16.gguf").write_bytes(whole({**MINIMAL, "general.type": "mmproj"}))
    done = tool("--model", "mine", "--server", "xllamacpp", "--benchmark", "math", "--limit", "1")
    assert done.code == 0, done.err
    smallest, other = sorted(folder.glob("demo-*"), key=lambda path: path.stat().st_size)
    assert [Path(record["config"]["path"]).stem.replace("again", other.stem) for record in tool.records()] == [
        smallest.stem, other.stem]
    assert "left out: mine/mmproj-F16.gguf is no language model (mmproj)" in done.err


def test_a_folder_of_three_is_not_two_models_to_decide_between(tool: Tool) -> None:
    (tool.folder / "mine").symlink_to(ROOT / "models")
    done = tool("--model", "mine", "demo:F16", "--benchmark", "math", "--until-decided")
    assert done.code == 2
    assert "--until-decided: these are 6 models; name two" in done.err
