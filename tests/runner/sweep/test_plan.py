"""Plans: what their combinations come to, as the flags of commands, and everything that is wrong with one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from core.errors import BadInput
from runner import arguments
from runner.sweep import schema
from runner.sweep.building import Built, build
from runner.sweep.document import MOST_BYTES, Fault, read
from runner.sweep.named import look_up
from runner.sweep.plan import plan_of


def built(tmp_path: Path, text: str) -> Built:
    path = tmp_path / "plan.toml"
    path.write_text(text)
    plan = plan_of(read(path))
    return build(plan, look_up(plan, lambda _: None))


def faults(tmp_path: Path, text: str) -> list[Fault]:
    return sorted(built(tmp_path, text).faults)


def commands(found: Built) -> list[str]:
    assert found.faults == set()
    return [" ".join(each.unit.argv) for each in found.planned]


def cells(found: Built) -> list[str]:
    assert found.faults == set()
    return [cell.label for each in found.planned for cell in each.unit.cells]


def test_the_published_schema_says_what_the_flags_of_a_run_take() -> None:
    """After a flag was added: python -m runner.sweep.schema."""
    assert schema.FILE.read_text("utf-8") == schema.written(arguments.run_parser())


def test_the_published_schema_is_one() -> None:
    Draft202012Validator.check_schema(json.loads(schema.FILE.read_text("utf-8")))


def test_benchmarks_and_prompts_that_one_command_can_ask_for_are_one_command(tmp_path: Path) -> None:
    assert commands(built(tmp_path, """
models = ["demo:Q2_K"]
benchmarks = ["math", "extraction"]
settings = { limit = 3, no-loop-stop = true, pull = false, server-arg = ["a=1", "b=2"], task-ids = ["x", "y"] }
""")) == [("--model demo:Q2_K --benchmark math extraction --server-arg=a=1 --server-arg=b=2 --limit=3 "
           "--task-ids x y --no-loop-stop")]


def test_a_narrower_setting_is_stronger_and_what_is_varied_is_the_strongest(tmp_path: Path) -> None:
    found = commands(built(tmp_path, """
models = ["demo:Q2_K", { model = "demo:F16", max-tokens = 4, seed = 4 }]
benchmarks = [{ benchmark = "math", max-tokens = 3, limit = 3 }]
strategies = [{ strategy = "sc_fixed", temperature = 0.5, max-tokens = 2, limit = 2 }]
settings = { max-tokens = 1, limit = 1, top-k = 1000 }
matrix = { seed = [7] }
"""))
    assert found[0].endswith("--strategy sc_fixed --limit=3 --temperature=0.5 --top-k=1000 --max-tokens=3 --seed=7")
    assert found[1].endswith("--strategy sc_fixed --limit=3 --temperature=0.5 --top-k=1000 --max-tokens=4 --seed=7")


def test_several_budgets_of_one_strategy_share_a_command_and_are_a_cell_each(tmp_path: Path) -> None:
    found = built(tmp_path, """
models = ["demo:Q2_K"]
benchmarks = ["math"]
strategies = ["single", { strategy = ["sc_fixed", "esc"], n = [2, 4], max-n = [4], window = 2, temperature = 0.8 }]
""")
    assert len(found.planned) == 2
    assert cells(found) == ["demo-5M:Q2_K on math", "demo-5M:Q2_K on math, sc_fixed n=4",
                            "demo-5M:Q2_K on math, sc_fixed n=2", "demo-5M:Q2_K on math, esc max_n=4 window=2"]


def test_a_matrix_has_a_cell_for_each_combination_less_what_is_excluded(tmp_path: Path) -> None:
    found = cells(built(tmp_path, """
models = ["demo:Q2_K"]
benchmarks = ["math"]
matrix = { temperature = [0.0, 0.8], seed = [1, 2] }
exclude = [{ temperature = 0.8, seed = 2 }]
"""))
    assert found == ["demo-5M:Q2_K on math, temperature 0, seed 1", "demo-5M:Q2_K on math, temperature 0, seed 2",
                     "demo-5M:Q2_K on math, temperature 0.8, seed 1"]


@pytest.mark.parametrize("pattern", ["demo:Q*", "demo-5M:Q2_K", "demo-5M-Q2_K.gguf"])
def test_an_exclude_knows_a_model_by_its_spec_its_label_or_its_file(tmp_path: Path, pattern: str) -> None:
    found = built(tmp_path, f"""
models = ["demo:Q2_K", "demo:F16"]
benchmarks = ["math", "extraction"]
exclude = [{{ model = "{pattern}", benchmark = "extraction" }}]
""")
    assert [label for label in cells(found) if "Q2_K" in label] == ["demo-5M:Q2_K on math"]
    assert len(cells(found)) == 3


def test_a_cell_that_is_named_twice_is_one(tmp_path: Path) -> None:
    assert len(cells(built(tmp_path, 'models = ["demo:Q2_K", "demo-5M:Q2_K"]\nbenchmarks = ["math", "math"]'))) == 1


def test_a_folder_and_a_pattern_are_told_from_the_plans_folder_and_each_model_is_a_unit(tmp_path: Path) -> None:
    (tmp_path / "here").symlink_to(Path(schema.FILE).parents[2] / "models")
    found = built(tmp_path, 'models = ["here/demo-5M-Q[28]*.gguf"]\nbenchmarks = ["math"]')
    assert sorted(cells(found)) == ["demo-5M:Q2_K on math", "demo-5M:Q8_0 on math"]
    assert all(str(tmp_path) in each.unit.argv[1] for each in found.planned)


def test_units_that_one_start_of_a_server_can_serve_stand_together(tmp_path: Path) -> None:
    found = built(tmp_path, """
models = ["demo:Q2_K"]
benchmarks = ["math", { benchmark = "extraction", ctx-size = 4096 }]
matrix = { seed = [1, 2] }
""")
    loads = [each.unit.load for each in found.planned]
    assert loads[0] == loads[1] != loads[2] == loads[3]


def test_units_are_named_by_their_flags_so_that_a_sweep_that_goes_on_makes_the_same(tmp_path: Path) -> None:
    text = 'models = ["demo:Q2_K"]\nbenchmarks = ["math"]'
    (one,), (again,) = built(tmp_path, text).planned, built(tmp_path, text).planned
    assert one.unit == again.unit


ALL_WRONG = """\
name = 3
modles = []
models = ["demo:F16",
  "nope.gguf",
  { model = "demo:Q2_K", ctx-sise = 3 },
  "hf:nothing"]
benchmarks = ["human_evil",
  { benchmark = "lcb", start-date = 2025-13-01, end-date = "2025-02-30" },
  "math"]
strategies = [{ strategy = "sc_fixed", n = [2] }, "singel"]
prompt-versions = ["v1", "v9"]
[settings]
limit = 0
temperature = -1
grading = "upstraem"
server-arg = "--x"
problems-file = "a\\u0000b"
[[exclude]]
model = "demo:F32"
[[exclude]]
"""


def test_every_fault_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    found = faults(tmp_path, ALL_WRONG)
    told = {
        1: ["name: must be text"], 2: ["there is no 'modles'; did you mean models?"], 4: ["nope.gguf does not exist"],
        5: ["there is no 'ctx-sise'; did you mean ctx-size"], 6: ["names no repository"],
        7: ["'human_evil': no such benchmark; did you mean human_eval"],
        8: ["start-date: '2025-13-01' is not a date", "end-date: '2025-02-30' is not a date"],
        10: ["at temperature 0 all samples", "there is no strategy 'singel'"], 11: ["v9"],
        13: ["limit: '0' must be 1 or more"], 14: ["temperature: '-1' must not be negative"],
        15: ["grading: 'upstraem' is none of native, upstream"], 16: ["server-arg: must be a list"],
        17: ["problems-file: holds a control character"], 18: ["no model of the plan is called 'demo:F32'"],
        20: ["exclude: is empty"],
    }
    missing = [(line, said) for line, every in told.items() for said in every
               if not any(fault.line == line and said in fault.text for fault in found)]
    assert missing == []
    assert len({fault.line for fault in found}) == len(told)


@pytest.mark.parametrize(("text", "line", "said"), [
    ('benchmarks = ["math"]', 1, "models is missing"),
    ('models = ["demo"]\nbenchmarks = []', 2, "benchmarks: is empty"),
    ('models = [3]\nbenchmarks = ["math"]', 1, "models: must be text in quotes or a table"),
    ('models = ["demo"]\nbenchmarks = ["math"]\nexclude = [{ benchmark = "math" }]', 1, "every cell is excluded"),
    ('models = ["demo"]\nbenchmarks = ["math"]\n[matrix]\nseed = [' + "1," * 100_001 + "]", 1, "more than 100,000"),
    ('models = ["demo"]\nbenchmarks = ["math"]\n[settings]\nconstrained = true', 4, "--constrained"),
    ('models = ["demo"]\nbenchmarks = ["math"]\n[settings]\nfallback = "demo:F16"', 4, "there is no 'fallback'"),
    ('models = ["demo"]\nbenchmarks = ["math"]\nstrategies = ["cascade"]', 3, "cascade"),
    ('models = ["demo"]\nbenchmarks = ["math"]\n[settings]\ntask-ids = ["--limit=3"]', 4, "begins with a dash"),
    ('models = ["demo"]\nbenchmarks = [{ benchmark = "-x", script = "a.sh" }]', 2, "begins with a dash"),
    ('models = ["demo:F16"]\nbenchmarks = ["math"]\nexclude = [{ model = "demo:F16", benchmark = "math", limit = 3 }]',
     3, "no cell is like this"),
])
def test_a_fault_has_the_line_of_what_it_is_about(tmp_path: Path, text: str, line: int, said: str) -> None:
    assert any(fault.line == line and said in fault.text for fault in faults(tmp_path, text)), faults(tmp_path, text)


HOSTILE: Sequence[tuple[bytes, str]] = [
    (b"models = [", "is no TOML"),
    (b"\xff\xfe", "is not UTF-8"),
    (b"x" * (MOST_BYTES + 1), "larger than 1 MiB"),
    (b"models = " + b"[" * 20_000 + b"]" * 20_000, "plan.toml"),
    (b"limit = " + b"9" * 5_000, "is no TOML"),
    (b"start-date = 2025-02-30\nmodels = [", "is no TOML"),
    (b"".join(b"day%d = 2025-02-30\n" % number for number in range(40_000)), ":21: is no TOML"),
    (b"x = 1\n" + b".".join([b"a"] * 400_000) + b" = 1", ":2: a key of more than 32 parts"),
    (b"x = {" + b" . ".join([b"'a'"] * 150_000) + b" = 1}", ":1: a key of more than 32 parts"),
]


@pytest.mark.parametrize(("raw", "said"), HOSTILE)
def test_a_file_that_is_no_plan_is_refused_in_a_sentence(tmp_path: Path, raw: bytes, said: str) -> None:
    path = tmp_path / "plan.toml"
    path.write_bytes(raw)
    with pytest.raises(BadInput, match=said):
        read(path)


def test_a_pipe_a_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.toml", Path("/dev/zero")):
        with pytest.raises(BadInput, match=r"\.toml|plan"):
            read(path)


def test_many_names_that_there_are_not_are_not_all_sought(tmp_path: Path) -> None:
    names = ", ".join(f'"none{number}"' for number in range(60_000))
    assert 100 < len(faults(tmp_path, f'models = ["demo"]\nbenchmarks = [{names}]')) < 1_000


def test_a_setting_of_all_cells_is_for_the_models_that_heed_it(tmp_path: Path) -> None:
    settings = "[settings]\nmax-cost = 1\ngpu-layers = 0"
    found = built(tmp_path, f'models = ["demo:F16", "openai:gpt-4o-mini"]\nbenchmarks = ["math"]\n{settings}')
    assert commands(found) == ["--model demo:F16 --benchmark math --gpu-layers=0",
                               "--model openai:gpt-4o-mini --benchmark math --max-cost=1"]


@pytest.mark.parametrize(("model", "line"), [("demo:F16", 4), ("openai:gpt-4o-mini", 5)])
def test_a_setting_that_no_model_of_the_plan_heeds_is_a_fault(tmp_path: Path, model: str, line: int) -> None:
    settings = "[settings]\nmax-cost = 1\ngpu-layers = 0"
    (found,) = faults(tmp_path, f'models = ["{model}"]\nbenchmarks = ["math"]\n{settings}')
    assert found.line == line


def test_a_folder_of_many_models_counts_as_so_many(tmp_path: Path) -> None:
    (tmp_path / "here").symlink_to(Path(schema.FILE).parents[2] / "models")
    seeds = ", ".join(map(str, range(30_000)))
    found = faults(tmp_path, f'models = ["here"]\nbenchmarks = ["math"]\nmatrix = {{ seed = [{seeds}] }}')
    assert [fault.text for fault in found] == ["the plan comes to 180,000 cells, more than 100,000; plan fewer"]


def test_a_name_that_would_write_to_the_terminal_is_refused(tmp_path: Path) -> None:
    (found,) = faults(tmp_path, 'name = "a\\u001b[31m"\nmodels = ["demo"]\nbenchmarks = ["math"]')
    assert (found.line, found.text) == (1, "name: holds what is no letter or sign")
