"""Each container is given its own secrets, and what it makes of them."""

from pathlib import Path

import pytest

from deploy.compose.nightly import job
from deploy.compose.passwords import lay_out
from deploy.compose.service import surroundings
from deploy.principals import USERS
from deploy.services import BY_NAME, SERVICES
from deploy.state import State


@pytest.fixture
def volumes(tmp_path: Path) -> Path:
    for name in ("postgres", "kafka", "auditor", *BY_NAME):
        (tmp_path / "volumes" / name).mkdir(parents=True)
    return tmp_path / "volumes"


@pytest.fixture
def state(tmp_path: Path, volumes: Path) -> State:
    laid_out = State(tmp_path / "state")
    lay_out(laid_out, volumes)
    return laid_out


def test_a_service_is_given_its_own_password_alone(state: State, volumes: Path) -> None:
    passwords = {}
    for service in SERVICES:
        given = {path.name: path for path in (volumes / service.name).iterdir()}
        for role in (*service.roles, f"kafka-{service.name}"):
            own = given.pop(f"{role}.password")
            assert own.stat().st_mode & 0o077 == 0
            assert own.read_text() == state.secret(own.name)
            passwords[role] = own.read_text()
        assert set(given) == ({"operator.key"} if service.name == "organisations" else set())
    assert len(set(passwords.values())) == sum(len(service.roles) + 1 for service in SERVICES)


def test_the_administrators_password_is_one_for_server_and_jobs(
    state: State, volumes: Path
) -> None:
    password = (volumes / "postgres" / "password").read_text()
    passfile = state.folder / "secrets" / "pgpass"
    assert passfile.read_text() == f"*:*:*:postgres:{password}\n"
    # PostgreSQL's clients ignore a file that others may read.
    assert passfile.stat().st_mode & 0o077 == 0


def test_kafka_is_given_the_brokers_own_password_and_no_users(state: State, volumes: Path) -> None:
    [given] = (volumes / "kafka").iterdir()
    told = given.read_text()
    assert state.secret("kafka-broker.password") in told
    assert not [name for name in USERS if state.secret(f"kafka-{name}.password") in told]
    # Upstream's image reads it as an account of its own.
    assert given.stat().st_mode & 0o777 == 0o444


def test_a_second_start_changes_no_secret(state: State, volumes: Path) -> None:
    def contents() -> dict[Path, str]:
        folders = (state.folder, volumes)
        return {path: path.read_text() for f in folders for path in f.rglob("*") if path.is_file()}

    before = contents()
    lay_out(state, volumes)
    assert contents() == before


def test_a_service_logs_in_as_itself(
    state: State, volumes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YUI_KAFKA_BOOTSTRAP", "yui@kafka:9092")
    monkeypatch.setenv("YUI_DATABASE_URL", "postgresql://postgres@postgres:5432/postgres")
    monkeypatch.setenv("YUI_SIMULATED", "true")
    container = State(tmp_path / "container")
    container.folder.mkdir()
    (volumes / "ledger").rename(container.folder / "secrets")
    around = surroundings(BY_NAME["ledger"], container)
    password = state.secret("ledger.password")
    assert around.database_url == f"postgresql://ledger:{password}@postgres:5432/yui"
    answering = state.secret("ledger_reader.password")
    assert around.reader_url == f"postgresql://ledger_reader:{answering}@postgres:5432/yui"
    known = state.secret("kafka-ledger.password")
    assert around.kafka_bootstrap == f"ledger:{known}@kafka:9092"
    assert around.operator_key == ""


def test_the_nightly_job_logs_in_as_the_auditor_and_knows_nothing_else(
    state: State, volumes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YUI_KAFKA_BOOTSTRAP", "yui@kafka:9092")
    monkeypatch.setenv("YUI_DATABASE_URL", "postgresql://postgres@postgres:5432/postgres")
    container = State(tmp_path / "container")
    container.folder.mkdir()
    (volumes / "auditor").rename(container.folder / "secrets")
    password, known = state.secret("auditor.password"), state.secret("kafka-auditor.password")
    assert job(container).environment == {
        "YUI_RECONCILE_DATABASE_URL": f"postgresql://auditor:{password}@postgres:5432/yui",
        "YUI_RECONCILE_KAFKA_BOOTSTRAP": f"auditor:{known}@kafka:9092",
        "YUI_RECONCILE_FOLDER": "/var/lib/reconciled",
    }
    given = {path.name for path in (container.folder / "secrets").iterdir()}
    assert given == {"auditor.password", "kafka-auditor.password"}
