"""Each import contract is broken on purpose and seen to be caught; and the layout of services."""

import ast
import re
import subprocess
import sysconfig
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.support.copying import REPOSITORY, copy_repository, files_of_repository

CONTRACTS: Final = {
    contract["id"]: contract["name"]
    for contract in tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"][
        "importlinter"
    ]["contracts"]
}

# contract, file, what is planted into it
BREACHES: Final = (
    ("layers", "services/ledger/domain/posting.py", "import services.ledger.repository"),
    ("layers", "services/ledger/repository/posting.py", "import services.ledger.api"),
    ("layers", "services/ledger/api/books.py", "import services.ledger.consumers"),
    ("layers", "services/ledger/consumers/books.py", "import services.ledger.app"),
    ("layers", "services/ledger/service.py", '"""A seventh file."""'),
    ("independence", "services/ledger/app.py", "import services.homes.domain"),
    ("shared-below", "shared/relay.py", "import services.ledger.domain"),
    ("shared-below", "services/ledger/app.py", "import deploy.topics"),
    ("pure-core", "services/ledger/domain/posting.py", "import time"),
    ("pure-core", "services/homes/domain/needs.py", "import shared.ids"),
    ("pure-core", "shared/commitments/decider.py", "import shared.clock"),
    ("pure-core", "shared/access/policy.py", "import shared.envelope\nimport shared.work"),
    # by way of a module that is not pure itself
    ("pure-core", "shared/contracts/event.py", "import shared.access.register"),
    ("broker-client", "services/ledger/consumers/books.py", "import faststream"),
    ("broker-client", "shared/relay.py", "from faststream.kafka import KafkaBroker"),
    ("kafka-client", "services/ledger/api/books.py", "import aiokafka"),
    ("kafka-client", "shared/event_store.py", "from aiokafka import AIOKafkaProducer"),
    ("kafka-client", "deploy/cli.py", "import aiokafka.admin"),
    ("no-driver", "shared/commitments/desk.py", "import asyncpg"),
    ("no-driver", "services/organisations/domain/keys.py", "from asyncpg import Record"),
    ("no-tests", "deploy/cli.py", "import tests.support.stack"),
    ("no-tests", "shared/work.py", "import bench.latency"),
)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("copy")
    return copy_repository(place, "services", "shared", "deploy", "pyproject.toml")


@contextmanager
def planted(file: Path, statement: str) -> Iterator[None]:
    before = file.read_text() if file.exists() else None
    file.write_text(f"{before or ''}\n{statement}\n")
    try:
        yield
    finally:
        if before is None:
            file.unlink()
        else:
            file.write_text(before)


def check_imports(root: Path) -> tuple[int, str]:
    command = Path(sysconfig.get_path("scripts")) / "lint-imports"
    checked = subprocess.run(  # noqa: S603 - our own command, no shell
        [command, "--no-logo"], cwd=root, capture_output=True, text=True, check=False
    )
    return checked.returncode, checked.stdout + checked.stderr


def test_the_code_as_it_stands_keeps_every_contract(copy: Path) -> None:
    code, said = check_imports(copy)
    assert code == 0, said
    assert f"{len(CONTRACTS)} kept, 0 broken" in said


@pytest.mark.parametrize(("contract", "file", "statement"), BREACHES)
def test_a_breach_is_caught_by_the_contract_it_breaks(
    copy: Path, contract: str, file: str, statement: str
) -> None:
    with planted(copy / file, statement):
        code, said = check_imports(copy)
    assert code == 1, said
    assert f"{CONTRACTS[contract]} BROKEN" in said


def test_every_contract_is_broken_once() -> None:
    assert {contract for contract, _, _ in BREACHES} == CONTRACTS.keys()


# --- What no import shows

PARTS: Final = {"app", "api", "consumers", "repository", "domain"}
DATA: Final = {".jinja", ".sql", ".toml"}
DRAWERS: Final = {"common", "helpers", "impl", "manager", "misc", "processor", "util", "utils"}
PATTERNS: Final = {
    *("base", "constants", "data", "exceptions", "handlers", "info", "models", "schemas"),
    *("service", "tools", "types"),
}
"""No name for a whole file; as a word of one they may be what it is about."""
NAMED: Final = {Path("shared/service.py"), Path("deploy/compose/service.py")}
"""What every service's process is made of, and what becomes one: the word of the domain."""
LINES_MAX: Final = 400  # about 300 is when it is time
STATEMENT: Final = re.compile(r"\s*(--.*\s*)*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH)\s")


def test_a_service_is_six_files_and_a_card() -> None:
    for path in files_of_repository("services"):
        if path.parts == ("services", "__init__.py"):
            continue
        _, _, *inside = path.parts
        part = Path(inside[0]).stem
        if path.suffix == ".py":
            assert part in PARTS | {"__init__"}, f"{path} has a better home"
        else:
            assert part == "migrations" or path.suffix in DATA, f"{path} has a better home"


def test_a_card_says_what_its_service_owns_publishes_and_hears() -> None:
    for card in REPOSITORY.glob("services/*/__init__.py"):
        said = " ".join(card.read_text().split())
        assert said.startswith('"""'), card
        assert said.endswith('"""'), f"{card} holds more than a docstring"
        assert said.count('"""') == 2, card
        for word in ("Owns ", "Publishes ", "Listens to "):
            assert word in said, f"{card} does not say: {word}"
        topic = f"Publishes `yui.{card.parent.name}.v1`"
        assert topic in said or "Publishes nothing" in said, card


def test_nothing_is_named_after_a_drawer_or_a_pattern() -> None:
    for path in files_of_repository("services", "shared", "deploy", "tests", "bench"):
        words = {word for part in path.with_suffix("").parts for word in part.split("_")}
        assert not words & DRAWERS, f"{path} is a drawer"
        assert path.stem not in PATTERNS or path in NAMED, f"{path} is named after a pattern"


def test_a_file_that_grows_becomes_a_folder() -> None:
    for path in files_of_repository("services", "shared", "deploy"):
        if path.suffix == ".py":
            lines = len((REPOSITORY / path).read_text().splitlines())
            assert lines <= LINES_MAX, f"{path} has {lines} lines"


def test_a_service_keeps_its_statements_in_its_repository() -> None:
    for path in files_of_repository("services"):
        inside = [Path(part).stem for part in path.parts[2:]]
        if path.suffix == ".py" and "repository" not in inside:
            for node in ast.walk(ast.parse((REPOSITORY / path).read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    assert not STATEMENT.match(node.value), f"{path}, line {node.lineno}"
