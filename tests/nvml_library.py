"""A library with NVML's functions, in place of the one that NVIDIA's driver brings (``tests/fakes/nvml.c``)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests import skips

SOURCE = Path(__file__).parent / "fakes" / "nvml.c"
ROOT = Path(__file__).parents[1]


def build(folder: Path) -> Path:
    """Compiles it into the folder; skips the test where that cannot be."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if sys.platform != "linux":
        skips.skip("linux")
    if compiler is None:
        skips.skip("a compiler")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(folder / "libnvidia-ml.so.1"), str(SOURCE)], check=True)
    return folder


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Ours, with that library, this checkout, and no other word about GPUs; ``more`` is what the library is told."""
    kept = {key: value for key, value in os.environ.items() if key != "CUDA_VISIBLE_DEVICES"}
    return {**kept, "LD_LIBRARY_PATH": str(folder), "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", **more}
