"""Why a server died, found in its own log.

Each cause is a pattern over the log's lines with a sentence for people and who is to blame. The first cause of the
table that occurs anywhere wins, so specific causes stand above the general ones that follow them in the log (every
failure to load ends in the same "failed to load model"). The lines were collected from llama.cpp's server, from
xllamacpp, which is the same C++ server, and from llama-cpp-python.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Blame = Literal["input", "usage", "port", "server"]
"""``input``: the model file; ``usage``: a flag; ``port``: another process was quicker; ``server``: everything else."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One way to fail. ``sentence`` may use the pattern's groups as {0}, {1}."""

    pattern: re.Pattern[str]
    blame: Blame
    sentence: str


def _cause(pattern: str, blame: Blame, sentence: str) -> Cause:
    return Cause(re.compile(pattern, re.IGNORECASE), blame, sentence)


CAUSES: tuple[Cause, ...] = (
    _cause(r"couldn't bind (?:HTTP )?server socket|address already in use", "port",
           "its port was taken by another process"),
    _cause(r"error: (?:invalid|unknown) argument: (\S+)|unrecognized arguments?: (\S+)", "usage",
           "it does not know the argument {0}"),
    _cause(r"error while handling argument \"?([^\s\"]+)\"?: (.*)", "usage",
           "it cannot use the value given to {0} ({1})"),
    _cause(r"^server argument (.*)", "usage", "{0}"),
    _cause(r"^models\.0\.(\S+)$", "usage", "it cannot use the value given to {0}"),
    _cause(r"^ +Input should be (.*?) \[type=", "usage", "it cannot use the value of a --server-arg (wanted: {0})"),
    _cause(r"failed to open GGUF file .*No such file|Model path does not exist", "input",
           "the model file does not exist"),
    _cause(r"failed to open GGUF file .*\((Permission denied|Is a directory)\)", "input",
           "the model file cannot be read ({0})"),
    _cause(r"invalid magic characters", "input", "the model file is not a GGUF"),
    _cause(r"is not within (?:the )?file bounds|corrupted or incomplete|unexpectedly reached end of file|"
           r"failed to read (?:tensor|key|magic|header)|failed to seek", "input",
           "the model file is cut short or damaged; fetch it again"),
    _cause(r"unknown model architecture: '([^']*)'", "server",
           "this build does not know the model's architecture '{0}'; a newer build may"),
    _cause(r"unknown pre-tokenizer type: '([^']*)'", "server",
           "this build does not know the model's tokenizer '{0}'; a newer build may"),
    _cause(r"(?:cuda|hip|vulkan|metal|vk_|device).*out of memory|cudaMalloc failed|ErrorOutOfDeviceMemory|"
           r"failed to allocate (?:CUDA|ROCm|Vulkan|Metal)\S* buffer", "server",
           "the GPU's memory does not suffice; lower --gpu-layers, --ctx-size or --parallel, or take a smaller "
           "quantization"),
    _cause(r"insufficient memory|failed to allocate|unable to allocate|out of memory|cannot allocate memory|bad_alloc|"
           r"MemoryError|failed to mmap|mmap failed", "server",
           "memory does not suffice; lower --ctx-size or --parallel, or take a smaller quantization"),
    _cause(r"Resource temporarily unavailable", "server",
           "the system gave it no further thread or memory; raise the limits it runs under (ulimit -u, ulimit -v)"),
    _cause(r"missing tensor '([^']*)'|wrong number of tensors|invalid ggml type|check_tensor_dims|"
           r"error loading model hyperparameters", "input",
           "the model file is damaged or made for another version of llama.cpp"),
    _cause(r"error while loading shared libraries: (\S+?):", "server",
           "it misses the shared library {0}; install it or build the server statically"),
    _cause(r"ModuleNotFoundError: No module named '([^']*)'", "server",
           "its Python misses the module {0}; install the backend with its extra"),
    _cause(r"No such option:? '?(--[\w-]+)", "usage", "it does not know the argument {0}"),
    _cause(r"trust_remote_code", "usage",
           "the model wants to run code of its own repository, which is a stranger's program; if you trust it, add "
           "--server-arg=--trust-remote-code"),
    _cause(r"model type `?([\w-]+)`? but Transformers does not recognize|Unrecognized model in", "server",
           "this version of transformers does not know the model's architecture {0}; a newer one may"),
    _cause(r"SafetensorError|HeaderTooLarge|InvalidHeader|MetadataIncompleteBuffer", "input",
           "the model's weights are cut short or damaged; fetch them again"),
    _cause(r"error loading model: (.*)", "server", "it could not load the model ({0})"),
    _cause(r"Failed to create llama_context|failed to create context", "server",
           "it could not create the context; lower --ctx-size or --parallel"),
)

SIGNALS: dict[int, str] = {
    signal.SIGKILL: "it was killed (signal 9), by a person or by the system when memory ran out",
    signal.SIGTERM: "it was ended from outside (signal 15)",
    signal.SIGILL: "it is built for another processor (illegal instruction)",
    signal.SIGSEGV: "it crashed (segmentation fault)",
    signal.SIGABRT: "it aborted",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why it died, in words that follow "because"."""

    blame: Blame
    sentence: str


def reason_of(lines: Sequence[str], code: int | None) -> Reason:
    """The cause found in ``lines``, else what the exit code says. ``code``: minus the signal's number for a signal.

    A process killed from outside did not die of anything its log mentions, so a KILL or TERM is looked at first.
    """
    if code in {-signal.SIGKILL, -signal.SIGTERM}:
        return Reason("server", SIGNALS[-code])
    for cause in CAUSES:
        for line in lines:
            if found := cause.pattern.search(line):
                groups = [group for group in found.groups() if group is not None]
                return Reason(cause.blame, cause.sentence.format(*(g.strip() for g in groups)))
    if code is not None and code < 0:
        return Reason("server", SIGNALS.get(-code, f"it died by signal {-code}"))
    return Reason("server", f"it ended with exit code {code} and no reason that is known" if code is not None
                  else "no reason is known")
