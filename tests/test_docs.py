"""What the pages say is there, is there: paths, tests, constraints, contracts, commands, words."""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Final

import pytest
from typer.main import get_command

from deploy.cli import app
from tests.support.copying import REPOSITORY, files_of_repository
from tests.support.recipes import HEADING

FILES: Final = files_of_repository()
PAGES: Final = [path for path in FILES if path.suffix == ".md" and path.parts[0] != "tests"]
FOLDERS: Final = {folder for path in FILES for folder in path.parents}
TOP: Final = {path.parts[0] for path in FILES if len(path.parts) > 1}

FENCED: Final = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
INDENTED: Final = re.compile(r"(?<=\n\n)((?: {4}.*\n)+)")
SPAN: Final = re.compile(r"`([^`\n]+)`")
LINK: Final = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)")
NAMES: Final = r"((?:`[^`/]+`(?:, | and )?)+)"
CONTRACT: Final = re.compile(rf"import contracts? {NAMES}")
CONSTRAINT: Final = re.compile(rf"(?:constraint|trigger)s? {NAMES}")
PROGRAM: Final = re.compile(r"^(?:docker compose run --rm )?(make|yui)((?: [a-z]+)+)")
SETTING: Final = re.compile(r"\b(?:YUI|KILLS)(?:_[A-Z]+)+\b")

pages = pytest.mark.parametrize("page", PAGES, ids=str)


@cache
def text_of(path: Path) -> str:
    return (REPOSITORY / path).read_text()


def prose(page: Path) -> str:
    """A page without what it shows, and without where a recipe puts it: both are followed."""
    lines = FENCED.sub("", text_of(page)).splitlines(keepends=True)
    return "".join(line for line in lines if not HEADING.fullmatch(line.rstrip("\n")))


def spans(page: Path) -> list[str]:
    return SPAN.findall(prose(page))


@cache
def names_of_tests(path: Path) -> frozenset[str]:
    nodes = ast.walk(ast.parse(text_of(path)))
    functions = (n for n in nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(n.name for n in functions if n.name.startswith("test_"))


# --- Paths, links


@pages
def test_a_path_that_a_page_names_is_there(page: Path) -> None:
    for span in spans(page):
        name, _, test = span.partition("::")
        path = Path(name)
        if path.parts[0] not in TOP or not re.fullmatch(r"[\w./-]+", name) or len(path.parts) < 2:
            assert not test, f"{page}: {span} is no path"
            continue
        assert path in FILES or path in FOLDERS, f"{page}: there is no {name}"
        if test:
            assert test in names_of_tests(path), f"{page}: {name} has no test {test}"


@pages
def test_a_link_leads_to_a_page_and_its_heading(page: Path) -> None:
    for target, heading in LINK.findall(prose(page)):
        place = (REPOSITORY / page).parent / target if target else REPOSITORY / page
        assert place.exists(), f"{page}: {target} is not there"
        if heading:
            titles = re.findall(r"^#+ (.+)$", place.read_text(), re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}
            assert heading in slugs, f"{page}: {target} has no heading {heading}"


# --- What holds a rule


def names_after(pattern: re.Pattern[str], page: Path) -> Iterator[str]:
    return chain.from_iterable(SPAN.findall(said) for said in pattern.findall(prose(page)))


@pages
def test_an_import_contract_that_a_page_names_is_kept(page: Path) -> None:
    linter = tomllib.loads(text_of(Path("pyproject.toml")))["tool"]["importlinter"]
    for name in names_after(CONTRACT, page):
        assert name in {contract["id"] for contract in linter["contracts"]}, f"{page}: {name}"


@pages
def test_a_constraint_that_a_page_names_is_in_the_database(page: Path) -> None:
    migrations = "".join(text_of(path) for path in FILES if path.suffix == ".sql")
    for name in names_after(CONSTRAINT, page):
        named = rf"(CONSTRAINT|TRIGGER) {name}\b" if name.isidentifier() else re.escape(name)
        assert re.search(named, migrations), f"{page}: no migration has {name}"


def test_each_sentence_of_the_architecture_names_what_holds_it() -> None:
    rows = re.findall(r"^\| (.+) \| (.*)\|$", text_of(Path("docs/architecture.md")), re.MULTILINE)
    sentences = [(said, held) for said, held in rows if said.endswith(".")]
    assert len(sentences) > 20
    for said, held in sentences:
        checks = [*CONTRACT.findall(held), *CONSTRAINT.findall(held), *re.findall("::test_", held)]
        assert checks, f"nothing holds: {said}"
    assert [said for said, _ in rows if not said.endswith(".")] == [
        "From request to ledger",
        "Where each fact lives",
        "What holds under faults",
    ]


# --- Commands, settings


def commands(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Each `make` and `yui` with its words, in a sentence or on a line of its own."""
    shown = [block for language, block in FENCED.findall(text_of(page)) if language in {"", "sh"}]
    lines = "\n".join((*shown, *INDENTED.findall(prose(page)))).splitlines()
    for line in (*spans(page), *(line.strip() for line in lines)):
        if found := PROGRAM.match(line):
            yield found[1], found[2].split()


@pages
def test_a_command_that_a_page_names_can_be_given(page: Path) -> None:
    makefile = text_of(Path("Makefile"))
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    known = {tuple(name) for name in yui_commands()}
    for program, words in commands(page):
        if program == "make":
            assert set(words) <= targets, f"{page}: make {' '.join(words)}"
        else:
            prefixes = {tuple(words[:length]) for length in (1, 2)}
            assert prefixes & known, f"{page}: yui {' '.join(words)}"
            if (words[0],) in known and any(name[0] == words[0] for name in known if name[1:]):
                assert tuple(words[:2]) in known, f"{page}: yui {' '.join(words)}"


def yui_commands() -> Iterator[tuple[str, ...]]:
    for name, command in getattr(get_command(app), "commands", {}).items():
        yield (name,)
        for below in getattr(command, "commands", {}):
            yield name, below


@pages
def test_a_setting_that_a_page_names_is_read_somewhere(page: Path) -> None:
    code = [path for path in FILES if path.suffix in {".py", ".sh", ".yml"}]
    for setting in SETTING.findall(prose(page)):
        assert any(setting in text_of(path) for path in code), f"{page}: {setting}"


# --- Words

SPOKEN: Final = {"party to a home", "revision (retroactive)"}
"""Said by people, and of pages; the code has a nearer word."""


def test_the_words_of_the_glossary_are_those_of_the_code() -> None:
    packages = {"services", "shared", "deploy"}
    code = [path for path in FILES if path.parts[0] in packages and path.suffix in {".py", ".sql"}]
    written = _letters("\n".join(text_of(path) for path in code))
    rows = re.findall(r"^\| ([^|]+?) \| ", text_of(Path("docs/glossary.md")), re.MULTILINE)
    words = [row for row in rows if row != "word" and row not in SPOKEN]
    assert len(words) > 40
    for word in words:
        terms = [term for term in re.split(r"[,()]", word) if term.strip()]
        assert any(_letters(term) in written for term in terms), f"the code never says: {word}"


def _letters(text: str) -> str:
    """The words without what joins them: `home_operator`, `HomeOperator`, home operator."""
    return re.sub(r"'s\b|\bthe\b|[\W_]", "", text.lower())


def test_no_page_names_a_machine_or_a_person() -> None:
    for page in PAGES:
        assert not re.search(r"(?<!\w)/(?:home|root|work|Users)/\w", text_of(page)), page
        assert not re.search(r"\b[\w.]+@(?!example\.)[\w-]+\.\w+", text_of(page)), page
