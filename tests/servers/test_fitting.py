"""What is chosen and what is refused, for a model of eight billion parameters and memory of any size."""

from __future__ import annotations

import pytest

from servers.fitting import Room, Wanted, choose, refusal
from servers.gguf import GgufHeader, read_header
from servers.memory import MemoryModel, Needs, Setting
from servers.memory_options import MemoryOptions
from servers.memory_plan import MemoryCheck, MemoryPlan, Reported
from tests.servers.model_headers import LAYERS, write_model

GB = 10**9
PLENTY = 1000 * GB


@pytest.fixture(scope="module")
def header(tmp_path_factory: pytest.TempPathFactory) -> GgufHeader:
    return read_header(write_model(tmp_path_factory.mktemp("fitting") / "model.gguf", "llama-8b"))


@pytest.fixture
def on_cpu(header: GgufHeader) -> MemoryModel:
    return MemoryModel(header, MemoryOptions())


@pytest.fixture
def on_gpu(header: GgufHeader) -> MemoryModel:
    return MemoryModel(header, MemoryOptions(), gpus=1)


def message(model: MemoryModel, wanted: Wanted, room: Room) -> str:
    assert choose(model, wanted, room) is None
    return str(refusal(model, wanted, room))


def test_as_many_slots_are_taken_as_memory_holds(on_cpu: MemoryModel) -> None:
    wanted = Wanted((4, 3, 2, 1), 8192, 0)
    assert choose(on_cpu, wanted, Room(PLENTY)) == Setting(4, 8192, 0)
    two = on_cpu.needs(Setting(2, 8192)).ram.needed
    assert choose(on_cpu, wanted, Room(two)) == Setting(2, 8192, 0)
    assert choose(on_cpu, wanted, Room(two - 1)) == Setting(1, 8192, 0)
    assert choose(on_cpu, wanted, Room(two + GB, GB)) == Setting(2, 8192, 0), "what is kept free is not used"


def test_all_layers_go_onto_a_gpu_that_holds_them_with_fewer_slots_if_need_be(on_gpu: MemoryModel) -> None:
    wanted = Wanted((8, 7, 6, 5, 4, 3, 2, 1), 8192, None, 4)
    assert choose(on_gpu, wanted, Room(PLENTY, 0, PLENTY, 1)) == Setting(8, 8192, LAYERS + 1)
    three = on_gpu.needs(Setting(3, 8192, LAYERS + 1)).vram.needed
    assert choose(on_gpu, wanted, Room(PLENTY, 0, three, 1)) == Setting(3, 8192, LAYERS + 1)


def test_where_not_all_layers_fit_as_many_go_as_do(on_gpu: MemoryModel) -> None:
    wanted = Wanted((8, 7, 6, 5, 4, 3, 2, 1), 4096, None, 4)
    half = on_gpu.needs(Setting(4, 4096, 4)).vram.needed
    assert choose(on_gpu, wanted, Room(PLENTY, 0, half, 1)) == Setting(4, 4096, 4)
    assert choose(on_gpu, wanted, Room(PLENTY, 0, 0, 1)) == Setting(4, 4096, 0)


def test_a_gpu_of_which_no_one_knows_gets_all_layers(on_gpu: MemoryModel) -> None:
    assert choose(on_gpu, Wanted((8,), 8192, None), Room(PLENTY, 0, None, 1)) == Setting(8, 8192, LAYERS + 1)


def test_one_memory_for_processor_and_gpu_must_hold_both(on_gpu: MemoryModel) -> None:
    wanted = Wanted((1,), 8192, LAYERS + 1)
    both = on_gpu.needs(Setting(1, 8192, LAYERS + 1)).both.needed
    assert choose(on_gpu, wanted, Room(both, 0, PLENTY, 1, unified=True)) is not None
    assert choose(on_gpu, wanted, Room(both - 1, 0, PLENTY, 1, unified=True)) is None


def test_too_many_slots_are_refused_with_the_number_that_fits(on_cpu: MemoryModel) -> None:
    room = Room(on_cpu.needs(Setting(5, 8192)).ram.needed)
    said = message(on_cpu, Wanted((8,), 8192, 0), room)
    assert said.startswith("The model needs ")
    assert "(8 x 8192 tokens)" in said
    assert said.endswith("it is not loaded; --parallel 5 fits.")


def test_no_more_slots_are_proposed_than_llama_cpp_has(on_cpu: MemoryModel) -> None:
    assert message(on_cpu, Wanted((4000,), 8192, 0), Room(PLENTY // 2)).endswith("; --parallel 256 fits.")


def test_a_context_too_large_is_refused_with_the_one_that_fits(on_cpu: MemoryModel) -> None:
    room = Room(on_cpu.needs(Setting(1, 20_480)).ram.needed)
    assert message(on_cpu, Wanted((2,), 131_072, 0), room).endswith("; --ctx-size 20480 --parallel 1 fits.")


def test_layers_that_a_gpu_does_not_hold_are_refused_with_the_number_that_fits(on_gpu: MemoryModel) -> None:
    room = Room(PLENTY, 0, on_gpu.needs(Setting(1, 512, 3)).vram.needed, 1)
    said = message(on_gpu, Wanted((1,), 512, LAYERS + 1), room)
    assert "on the GPU, where" in said
    assert said.endswith("; --gpu-layers 3 fits.")


def test_a_model_too_large_at_any_setting_is_refused_with_the_size_of_file_that_fits(on_cpu: MemoryModel) -> None:
    said = message(on_cpu, Wanted((1,), 4096, 0), Room(700_000_000))
    assert "a smaller quantization of it would, in a file of at most " in said
    assert said.endswith(", about IQ2_XS.")


def test_memory_kept_free_by_the_users_wish_is_named(on_cpu: MemoryModel) -> None:
    said = message(on_cpu, Wanted((1,), 4096, 0), Room(20 * GB, 20 * GB))
    assert "(20.0 GB are free, and --reserve-ram keeps 20.0 GB so)" in said
    assert "; --reserve-ram 15." in said or "; --reserve-ram 16" in said


def test_a_context_of_millions_is_answered_soon(on_cpu: MemoryModel) -> None:
    most = on_cpu.needs(Setting(1, 1_000_192)).ram.needed
    assert message(on_cpu, Wanted((4096,), 1 << 27, 0), Room(most)).endswith("; --ctx-size 1000192 --parallel 1 fits.")


def test_where_layers_may_be_chosen_a_shorter_context_may_put_fewer_on_the_gpu(on_gpu: MemoryModel) -> None:
    some = on_gpu.needs(Setting(1, 8192, 3))
    room = Room(some.ram.needed, 0, some.vram.needed, 1)
    assert message(on_gpu, Wanted((1,), 131_072, None), room).endswith("; --ctx-size 8192 fits.")


def test_the_plan_is_one_line(on_cpu: MemoryModel, on_gpu: MemoryModel) -> None:
    def line(model: MemoryModel, setting: Setting, room: Room) -> str:
        return MemoryPlan(model.needs(setting), setting, room, model.all_layers).line()

    four = Setting(4, 8192)
    assert line(on_cpu, four, Room(22_100_000_000, GB)) == (
        "memory: weights 774 MB + KV 805 MB (4 x 8192 tokens) + buffers 139 MB = 1.7 GB of 22.1 GB free RAM, "
        "1.0 GB of it kept free")
    partly = line(on_gpu, Setting(1, 8192, 3), Room(22_100_000_000, 0, 4 * GB, 1))
    assert "of 4.0 GB to be used on the GPU (3 of 7 layers), " in partly
    assert line(on_gpu, Setting(1, 8192, 7), Room(PLENTY, 0, None, 1)).count("an unknown amount free on the GPU") == 1


@pytest.mark.parametrize(("reported", "off"), [(1.0, False), (0.92, False), (1.09, False), (0.85, True), (1.3, True)])
def test_a_plan_off_by_more_than_a_tenth_is_told(on_cpu: MemoryModel, reported: float, off: bool) -> None:
    setting = Setting(1, 4096)
    needs: Needs = on_cpu.needs(setting)
    parts = (round(size * reported) for size in (needs.ram.weights, needs.ram.kv_cache, needs.ram.buffers))
    plan = MemoryPlan(needs, setting, Room(PLENTY), on_cpu.all_layers)
    check = MemoryCheck(plan, Reported(*parts))
    assert (check.warning() is not None) == off
    assert check.as_record()["plan_off_percent"] == pytest.approx(100 * (1 / reported - 1), abs=0.06)
    assert MemoryCheck(plan, None).warning() is None
