"""Programs kept running by supervisor: its configuration, its commands, its leftovers."""

import os
import signal
import subprocess
import sys
import xmlrpc.client
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import psutil
from supervisor.xmlrpc import SupervisorTransport

from deploy.problem import Problem
from deploy.program import Program
from deploy.state import State, write_private

# In the environment of all that supervisor starts: how orphans of a killed one are found.
MARK = "YUI_SUPERVISED_BY"
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")
ORPHAN_SECONDS = 20
STOP_SECONDS = 30
BACKOFF_TRIES = 10_000
NOT_RUNNING_FAULT = 70
BROKERS = frozenset({"kafka", "kafka-1", "kafka-2", "kafka-3"})
SERVERS = BROKERS | {"postgres"}


@dataclass(frozen=True)
class Standing:
    """How one program stands, in supervisor's words."""

    name: str
    state: str
    pid: int
    started: int
    log: str


@dataclass(frozen=True)
class Supervision:
    state: State
    directory: Path

    @property
    def socket(self) -> Path:
        return self.state.sockets / "supervisor.sock"

    @property
    def configuration(self) -> Path:
        return self.state.folder / "supervisor.conf"

    @property
    def pid_file(self) -> Path:
        return self.state.folder / "supervisor.pid"

    def log(self, name: str) -> Path:
        return self.state.logs / f"{name}.log"

    def is_alive(self) -> bool:
        with suppress(OSError, xmlrpc.client.Error):
            return bool(self._call("getState"))
        return False

    def start(self, programs: Iterable[Program]) -> None:
        """Start supervisor, or tell a running one of programs that are new or changed."""
        write_private(self.configuration, self._text(list(programs)))
        if self.is_alive():
            self._update()
            return
        self.socket.unlink(missing_ok=True)
        done = subprocess.run(  # noqa: S603 - our own command, no shell
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(self.configuration)],
            env=self._environment(),
            cwd=self.directory,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            reason = (done.stdout + done.stderr).strip().splitlines()[-1]
            raise Problem(f"supervisor does not start: {reason}", f"See {self.log('supervisor')}")

    def _update(self) -> None:
        [[added, changed, removed]] = self._call("reloadConfig")
        for name in (*changed, *removed):
            self._call("stopProcessGroup", name)
            self._call("removeProcessGroup", name)
        for name in (*added, *changed):
            self._call("addProcessGroup", name)

    def run(self, name: str) -> None:
        """Start one program if it does not run already, without waiting for it to be ready."""
        if self.standing(name).state not in {"RUNNING", "STARTING", "BACKOFF"}:
            self._call("startProcess", name, False)  # noqa: FBT003 - XML-RPC knows no keywords

    def stop(self, name: str) -> None:
        try:
            self._call("stopProcess", name)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != NOT_RUNNING_FAULT:
                raise

    def standing(self, name: str) -> Standing:
        return _standing(self._call("getProcessInfo", name))

    def standings(self) -> list[Standing]:
        if not self.is_alive():
            return []
        return [_standing(found) for found in self._call("getAllProcessInfo")]

    def shut_down(self) -> None:
        """Stop every program in its own way, then supervisor; wait until all is gone."""
        if self.is_alive():
            process = psutil.Process(self._call("getPID"))
            everything = {one.name: one.pid for one in self.standings() if one.pid}
            self._stop_at_once(everything.keys() - SERVERS, everything)
            # The last of three would wait in vain for the quorum that hands its partitions on.
            self._stop_at_once(everything.keys() & BROKERS, everything)
            with suppress(OSError, xmlrpc.client.Error):
                self._call("shutdown")
            process.wait(timeout=120)
        self.pid_file.unlink(missing_ok=True)

    def _stop_at_once(self, names: Iterable[str], pids: Mapping[str, int]) -> None:
        """On its own supervisor stops one after the other."""
        ending = []
        for name in names:
            with suppress(xmlrpc.client.Fault, psutil.NoSuchProcess):  # it has ended by itself
                ending.append(psutil.Process(pids[name]))
                self._call("stopProcess", name, False)  # noqa: FBT003 - as in run
        psutil.wait_procs(ending, timeout=STOP_SECONDS)

    def orphans(self) -> list[psutil.Process]:
        """Return what a killed supervisor left running, supervisors that hang included."""
        return [p for p in psutil.process_iter() if p.pid != os.getpid() and self._owns(p)]

    def _owns(self, process: psutil.Process) -> bool:
        with suppress(psutil.Error):
            if process.environ().get(MARK) == str(self.state.folder):
                return True
        return False

    def end_orphans(self) -> int:
        """End them as supervisor would have: politely first."""
        found = self.orphans()
        for process in found:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(_polite_signal(process))
        _, stubborn = psutil.wait_procs(found, timeout=ORPHAN_SECONDS)
        for process in stubborn:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(stubborn, timeout=ORPHAN_SECONDS)
        return len(found)

    def _environment(self) -> dict[str, str]:
        kept = {key: os.environ[key] for key in PASSED_ON if key in os.environ}
        ours = {key: value for key, value in os.environ.items() if key.startswith("YUI_")}
        return {**kept, **ours, MARK: str(self.state.folder), "PYTHONUNBUFFERED": "1"}

    def _call(self, method: str, *arguments: object) -> Any:  # noqa: ANN401 - XML-RPC is untyped
        transport = SupervisorTransport(None, None, f"unix://{self.socket}")
        with xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport) as proxy:
            return getattr(cast("Any", proxy).supervisor, method)(*arguments)

    def _text(self, programs: list[Program]) -> str:
        sections: dict[str, dict[str, object]] = {
            "unix_http_server": {"file": self.socket, "chmod": "0700"},
            "rpcinterface:supervisor": {
                "supervisor.rpcinterface_factory": (
                    "supervisor.rpcinterface:make_main_rpcinterface"
                )
            },
            "supervisord": {
                "logfile": self.log("supervisor"),
                "pidfile": self.pid_file,
                "childlogdir": self.state.logs,
                **({"user": "root"} if os.geteuid() == 0 else {}),
            },
        }
        for program in programs:
            sections[f"program:{program.name}"] = self._program(program)
        return "\n".join(_lines(sections))

    def _program(self, program: Program) -> dict[str, object]:
        environment = ",".join(f'{k}="{v}"' for k, v in sorted(program.environment.items()))
        return {
            "command": " ".join(_quoted(word) for word in program.command),
            "directory": program.directory or self.directory,
            "priority": program.rank,
            "autostart": "false",  # in order, each after what it needs: by us
            "autorestart": "true",
            "startsecs": program.start_seconds,
            "startretries": BACKOFF_TRIES,
            "stopsignal": program.stop_signal,
            "stopwaitsecs": program.stop_seconds,
            "stdout_logfile": self.log(program.name),
            "stdout_logfile_maxbytes": "10MB",
            "stdout_logfile_backups": 3,
            "redirect_stderr": "true",
            **({"environment": environment} if environment else {}),
            **({"user": program.user} if program.user else {}),
        }


def _lines(sections: Mapping[str, Mapping[str, object]]) -> Iterator[str]:
    for title, values in sections.items():
        yield f"[{title}]"
        # supervisor expands %(name)s everywhere
        yield from (f"{key}={str(value).replace('%', '%%')}" for key, value in values.items())
        yield ""


def _quoted(word: str) -> str:
    plain = all(character.isalnum() or character in "/._-=:,+@*" for character in word)
    return word if plain else '"{}"'.format(word.replace("\\", "\\\\").replace('"', '\\"'))


def _standing(found: dict[str, Any]) -> Standing:
    return Standing(
        name=found["name"],
        state=found["statename"],
        pid=found["pid"],
        started=found["start"],
        log=found["stdout_logfile"],
    )


def _polite_signal(process: psutil.Process) -> int:
    return signal.SIGINT if process.name() == "postgres" else signal.SIGTERM
