"""What a server's log says of memory, in lines as llama.cpp writes them on a machine with two GPUs."""

from __future__ import annotations

from servers.memory_plan import Reported
from servers.server_log import memory_reported

MIB = 1 << 20
LOG = """\
load_tensors: offloaded 33/33 layers to GPU
load_tensors:   CPU_Mapped model buffer size =   281.81 MiB
load_tensors:        CUDA0 model buffer size =  2100.00 MiB
load_tensors:        CUDA1 model buffer size =  2050.00 MiB
llama_context:  CUDA_Host  output buffer size =     1.96 MiB
llama_kv_cache_iswa: creating non-SWA KV cache, size = 8192 cells
llama_kv_cache:      CUDA0 KV buffer size =   512.00 MiB
llama_kv_cache:      CUDA1 KV buffer size =   512.00 MiB
llama_kv_cache:      CUDA1 KV buffer size =    64.00 MiB
llama_memory_recurrent:      CUDA0 RS buffer size =     8.00 MiB
sched_reserve:      CUDA0 compute buffer size =   100.00 MiB
sched_reserve:      CUDA1 compute buffer size =   200.00 MiB
sched_reserve:  CUDA_Host compute buffer size =    24.00 MiB
sched_reserve:      CUDA0 compute buffer size =   120.00 MiB
""".splitlines()


def test_sums_are_by_kind_and_a_graph_laid_out_again_counts_once() -> None:
    cache = 512 + 512 + 64 + 8
    on_gpus = 2100 + 2050 + cache + 120 + 200
    assert memory_reported(LOG) == Reported(round((281.81 + 2100 + 2050) * MIB), cache * MIB,
                                            round((1.96 + 120 + 200 + 24) * MIB), on_gpus * MIB)


def test_a_log_that_is_not_yet_whole_or_of_another_server_says_nothing() -> None:
    assert memory_reported([]) is None
    assert memory_reported(LOG[:8]) is None
    assert memory_reported(["slot 0: nothing of that kind"]) is None
