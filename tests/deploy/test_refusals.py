"""What goes wrong is met with one line that says what, and how to mend it."""

import fcntl
import os
import shutil
import socket
import subprocess
from pathlib import Path

from deploy import ports
from deploy.postgres import Postgres
from deploy.services import REPOSITORY
from deploy.state import SOCKET_PATH_BYTES_MAX, State, open_state, short
from tests.deploy.command import Command


def only_line(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1, done.stdout + done.stderr
    [line] = done.stderr.strip().splitlines()
    return line


def test_a_state_folder_of_another_version(yui: Command) -> None:
    open_state(yui.folder)
    (yui.folder / "version").write_text("0")
    assert "state folder of version 0, this is version 1. Name another" in only_line(yui("up"))


def test_a_folder_of_somebody_else_is_left_alone(yui: Command) -> None:
    yui.folder.mkdir()
    (yui.folder / "letter").touch()
    assert "neither empty nor a state folder" in only_line(yui("down", "--forget"))
    assert (yui.folder / "letter").exists()
    shutil.rmtree(yui.folder)


def test_a_port_that_is_taken_and_by_which_process(yui: Command) -> None:
    with socket.create_server(("127.0.0.1", yui.port_base + ports.KAFKA)) as taken:
        line = only_line(yui("up"))
        assert f"port {taken.getsockname()[1]} (kafka) is taken by process {os.getpid()}" in line
        assert "YUI_PORT_BASE" in line


def test_another_yui_at_work(yui: Command) -> None:
    open_state(yui.folder)
    with (yui.folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "another yui command is at work" in only_line(yui("up"))


def test_no_registry_on_the_first_run(yui: Command, tmp_path: Path) -> None:
    nowhere = "http://127.0.0.1:9"
    away = {"YUI_CACHE": str(tmp_path / "cache"), "HTTPS_PROXY": nowhere, "https_proxy": nowhere}
    line = only_line(yui("up", **away))
    assert "no package registry was reached: ProxyError. Check the network" in line


def test_a_python_that_is_too_old(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "local.lock").touch()
    shutil.copy(REPOSITORY / "deploy" / "install.sh", tmp_path / "deploy")
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\ntest "$1" = --version && echo Python 3.6.15\nexit 1\n')
    old.chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", "deploy/install.sh", "local"],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "PYTHON": "python3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Python 3.11 or later is needed, found: Python 3.6.15. Install it" in only_line(done)


def test_a_stale_pid_whose_number_is_in_use_again(tmp_path: Path) -> None:
    server = Postgres(State(tmp_path), 1, None, tmp_path / "postgres", tmp_path)
    server.data.mkdir(parents=True)
    server.pid_file.write_text(f"{os.getpid()}\n{server.data}\n")
    server.remove_stale_pid()
    assert not server.pid_file.exists()


def test_a_path_too_long_for_a_socket() -> None:
    deep = Path("/", *["folder"] * 20)
    assert len(str(short(deep, "0123456789ab"))) < SOCKET_PATH_BYTES_MAX < len(str(deep))
