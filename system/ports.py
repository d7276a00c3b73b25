"""Ports of this machine: a free one, and whose it is."""

from __future__ import annotations

import contextlib
import socket

import psutil


def free_port(host: str = "127.0.0.1") -> int:
    """A port that was free a moment ago. Another process may take it before it is bound: expect that."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def listens(pid: int, port: int) -> bool:
    """Whether the process, or one it started, listens on the port: a stranger there must not be taken for our child."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return False
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if any(c.status == psutil.CONN_LISTEN and c.laddr.port == port
                   for c in member.net_connections("tcp")):
                return True
    return False


def somebody_listens(host: str, port: int, timeout_s: float = 5.0) -> str | None:
    """None when a connection can be made; else why not."""
    try:
        socket.create_connection((host, port), timeout_s).close()
    except (OSError, UnicodeError, OverflowError) as error:
        return getattr(error, "strerror", None) or str(error) or type(error).__name__
    return None
