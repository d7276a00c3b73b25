"""The only door to Ray: a cluster is joined, or one is started on this machine for as long as the block lasts.

Ray is imported when it is asked for: it takes a third of a second, and is an extra. Its errors are mapped here.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, Final

from core.errors import BenchError, UsageError
from system.host import gpus
from system.ports import somebody_listens

LOCAL: Final = "local"
AUTO: Final = "auto"
_STORE_BYTES: Final = 512 << 20
"""Of a cluster that is this machine alone: models lie on its disk, and samples are small."""
_QUIET: Final = {"log_to_driver": False, "logging_level": "CRITICAL", "configure_logging": True}


def ray_or_refuse() -> Any:
    """The library. Raises UsageError where it is not installed."""
    if find_spec("ray") is None:
        raise UsageError("--executor ray: Ray is not installed; ./setup --with ray (on every machine of the cluster)")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is reported to anybody unless the user says so
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # a task without GPUs keeps the variables it finds
    import ray  # noqa: PLC0415  (see above)

    return ray


@contextmanager
def joined(address: str | None, say: Callable[[str], None]) -> Iterator[Any]:
    """Ray, connected to ``address`` (host:port, or ``auto``: the cluster that this machine is part of; None or
    ``local``: one of this machine alone, started now). Left at the end, and ended if it was ours.

    Raises UsageError where no cluster answers, or one of another version does.
    """
    ray = ray_or_refuse()
    where = address or os.environ.get("RAY_ADDRESS") or LOCAL
    _refuse_deaf(ray, where)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        try:
            _hush(ray)
            ray.init(address=where, **_QUIET, **(_alone() if where == LOCAL else {}))
        except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
            raise UsageError(f"--ray-address {where}: the cluster cannot be joined ({one_line(error)}); {_token()}"
                             "docs/many-machines.md has the commands that start one") from error
        for number, handler in before.items():
            signal.signal(number, handler)  # Ray sets its own, which ends at once and leaves what is under way
        say(_told(ray, where))
        yield ray
    finally:
        ray.shutdown()
        for number, handler in before.items():
            signal.signal(number, handler)


def one_line(error: BaseException) -> str:
    """The first line of what Ray says; it says much."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300].rstrip(". ")


def lost(error: BaseException, ray: Any) -> bool:
    """Whether a task failed because its machine, or its process there, is gone: it can be done elsewhere."""
    kinds = ray.exceptions
    return isinstance(error, kinds.NodeDiedError | kinds.WorkerCrashedError | kinds.ActorDiedError
                      | kinds.ActorUnavailableError | kinds.ObjectLostError | kinds.OutOfMemoryError
                      | kinds.LocalRayletDiedError)


def cause_of(error: Exception) -> BenchError:
    """What the task itself raised, where that is one of our errors; else the error, as one of ours."""
    inner = getattr(error, "cause", None)
    if isinstance(inner, BenchError):
        return inner
    return BenchError(f"Ray: {one_line(inner if isinstance(inner, Exception) else error)}")


def _token() -> str:
    """Ray refuses who has no token where its first machine has one, and does not say so."""
    hint = "if it was started with a token, set RAY_AUTH_MODE=token here too; "
    return "" if os.environ.get("RAY_AUTH_MODE") else hint


def _hush(ray: Any) -> None:
    """Ray prints what happens to its machines, with pages of their logs, to standard output, which is not its own here:
    ``--json`` is alone there. That a machine is lost is told by us; Ray's logs have the rest.
    """
    worker = getattr(ray._private, "worker", None)  # noqa: SLF001  (nothing public says so; without it, it prints)
    if worker is not None and hasattr(worker, "print_to_stdstream"):
        worker.print_to_stdstream = lambda *_, **__: None


def _refuse_deaf(ray: Any, address: str) -> None:
    """Ray itself would try for many minutes."""
    if address in {LOCAL, AUTO}:
        return
    host, colon, port = address.rpartition(":")
    if address.startswith("ray://") or not colon or not port.isdecimal() or not 0 < int(port) < 65536:
        raise UsageError(f"--ray-address {address}: give HOST:PORT of the cluster's first machine (as `ray start "
                         "--head` says it), auto on a machine that is part of it, or leave it out for this one alone")
    hosts = [host.strip("[]")]
    if hosts[0] == "localhost" or hosts[0].startswith("127."):  # Ray goes to the machine's own address instead
        hosts.append(str(ray.util.get_node_ip_address()))
    for each in hosts:
        if (why := somebody_listens(each, int(port))) is not None:
            raise UsageError(f"--ray-address {address}: nobody answers at {each}:{port} ({why}); start the cluster "
                             "with `ray start --head` on that machine (docs/many-machines.md)")


def _alone() -> dict[str, Any]:
    """One place for a model on each GPU; a machine without any has one, on its processor."""
    vendors = [gpu.vendor for gpu in gpus()]
    places = vendors.count("nvidia") or vendors.count("amd") or 1  # Ray hands out those of one vendor
    return {"num_gpus": places, "include_dashboard": False, "object_store_memory": _STORE_BYTES}


def _told(ray: Any, where: str) -> str:
    machines = sum(node["Alive"] for node in ray.nodes())
    has = ray.cluster_resources()
    name = "this machine" if where == LOCAL else f"the Ray cluster at {ray.get_runtime_context().gcs_address}"
    return (f"{name}: {machines} {'machine' if machines == 1 else 'machines'}, {has.get('CPU', 0):g} processors, "
            f"{has.get('GPU', 0):g} {'GPU' if has.get('GPU') == 1 else 'GPUs'}")
