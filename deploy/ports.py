"""Which port each program listens on, and who sits on it if it is taken."""

import os
import socket
from dataclasses import dataclass

import psutil

from deploy.problem import Problem

BASE = 8100
POSTGRES, KAFKA, CONTROLLER = 32, 91, 92
BROKER_STEP = 2
LOWEST_BASE, HIGHEST_BASE = 1024, 65_000


@dataclass(frozen=True)
class Ports:
    base: int

    @property
    def postgres(self) -> int:
        return self.base + POSTGRES

    def kafka(self, broker: int = 1) -> int:
        return self.base + KAFKA + BROKER_STEP * (broker - 1)

    def controller(self, broker: int = 1) -> int:
        return self.base + CONTROLLER + BROKER_STEP * (broker - 1)


def configured() -> Ports:
    text = os.environ.get("YUI_PORT_BASE", str(BASE))
    if not text.isdecimal() or not LOWEST_BASE <= int(text) <= HIGHEST_BASE:
        raise Problem(
            f"YUI_PORT_BASE={text} is no port to count from", "Give a number from 1024 to 65000"
        )
    return Ports(int(text))


def is_free(port: int) -> bool:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def require_free(port: int, name: str) -> None:
    if not is_free(port):
        raise Problem(
            f"port {port} ({name}) is taken by {holder(port)}",
            "Stop it, or choose other ports with YUI_PORT_BASE",
        )


def holder(port: int) -> str:
    """Name the process that listens on a port, if the system tells us."""
    try:
        listening = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:  # macOS tells root alone
        return "another process"
    for connection in listening:
        if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,):
            return describe(connection.pid)
    return "a connection that is still closing"


def describe(pid: int | None) -> str:
    if pid is None:
        return "another user's process"
    try:
        words = " ".join(psutil.Process(pid).cmdline())
    except psutil.Error:
        words = "unknown"
    return f"process {pid} ({words[:60]})"
