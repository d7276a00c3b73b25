"""Asks llama.cpp, inside xllamacpp, what a model would take: the graph is laid out and nothing is allocated.

A program of its own: ``library_memory.py '{"model.path": …, "n_ctx": …}'``. A file of pictures that is not there ends
the load after the sizes are in the log, before anything would be computed with weights that were never read.
"""

import json
import sys

import xllamacpp

from servers.backends.xllamacpp_host import apply

SETTINGS = {"no_alloc": True, "load_mode": "LLAMA_LOAD_MODE_NONE", "warmup": False, "fit_params": False,
            "cache_ram_mib": 0, "verbosity": 4, "port": 0, "hostnames": ["127.0.0.1"], "kv_unified": False,
            "mmproj.path": "/nonexistent"}

params = xllamacpp.CommonParams()
for name, value in {**SETTINGS, **json.loads(sys.argv[1])}.items():
    apply(params, name, value)
try:
    xllamacpp.Server(params)
except RuntimeError:
    sys.exit(0)
sys.exit("it came up, which it must not")
