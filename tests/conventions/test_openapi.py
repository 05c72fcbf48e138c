"""Each service documents each of its operations: every status, every problem type, an example."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import httpx2
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from deploy.services import SERVICES

Json = dict[str, Any]
Documents = Mapping[str, Json]

NAMES = [service.name for service in SERVICES]


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def contents(document: Json) -> Iterator[tuple[str, Json]]:
    """Everything that is sent or answered, and where."""
    for method, path, operation in operations(document):
        sent = {"request": operation["requestBody"]} if "requestBody" in operation else {}
        for status, told in {**sent, **operation["responses"]}.items():
            for kind, content in told.get("content", {}).items():
                yield f"{method} {path}: {status} {kind}", content


@pytest.mark.parametrize("service", NAMES)
def test_the_document_is_openapi_3_1(service: str, documents: Documents) -> None:
    document = documents[service]
    assert document["openapi"].startswith("3.1")
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


@pytest.mark.parametrize("service", NAMES)
def test_each_operation_says_what_it_does_and_who_may_ask(
    service: str, documents: Documents
) -> None:
    for method, path, operation in operations(documents[service]):
        where = f"{method} {path}"
        assert operation["summary"], where
        assert operation["description"], where
        assert operation["tags"], where
        assert ("security" in operation) is path.startswith("/v1"), where
        if method == "post" and not path.startswith("/v1/parked"):
            named = {one.get("name", "").lower() for one in operation["parameters"]}
            assert "idempotency-key" in named, where


@pytest.mark.parametrize("service", NAMES)
def test_each_answer_has_a_schema_and_an_example_that_fits_it(
    service: str, documents: Documents
) -> None:
    document = documents[service]
    found = list(contents(document))
    assert found
    for where, content in found:
        assert content.get("schema"), where
        told = content.get("examples") or {"one": {"value": content.get("example")}}
        around = {**content["schema"], "components": document["components"]}
        for example in told.values():
            errors = list(Draft202012Validator(around).iter_errors(example["value"]))
            assert errors == [], f"{where}: {errors[:1]}"


@pytest.mark.parametrize("service", NAMES)
def test_a_word_that_no_body_knows_is_refused(service: str, documents: Documents) -> None:
    document = documents[service]
    models = document["components"]["schemas"]
    sent = {
        content["schema"]["$ref"].rpartition("/")[2]
        for _, _, operation in operations(document)
        for kind, content in operation.get("requestBody", {}).get("content", {}).items()
        if kind == "application/json"
    }
    for name in sorted(with_parts(sent, models)):
        if "properties" in models[name]:
            assert models[name].get("additionalProperties") is False, name


def with_parts(names: set[str], models: Json) -> set[str]:
    """The models, and those that they are made of."""
    parts = {
        part
        for name in names
        for part in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(models[name]))
    }
    return names if parts <= names else with_parts(names | parts, models)


@pytest.mark.parametrize("service", NAMES)
def test_each_refusal_is_a_problem_whose_types_are_named(
    service: str, documents: Documents
) -> None:
    for method, path, operation in operations(documents[service]):
        statuses = {*operation["responses"]}
        assert {"413", "500"} <= statuses, f"{method} {path}"
        if path.startswith("/v1"):
            assert {"401", "403", "503"} <= statuses, f"{method} {path}"
        for status, told in operation["responses"].items():
            if status < "400" or path == "/readyz":
                continue
            (kind,) = told["content"]
            assert kind == "application/problem+json"
            types = told["content"][kind]["schema"]["properties"]["type"]["enum"]
            assert types
            assert all(one.startswith("urn:yui:problem:") for one in types)


@pytest.mark.parametrize("service", NAMES)
def test_each_list_is_told_page_by_page(service: str, documents: Documents) -> None:
    lists = [
        (path, {one.get("name") for one in operation["parameters"]})
        for _, path, operation in operations(documents[service])
        if "next_cursor" in json.dumps(operation["responses"].get("200", {}))
    ]
    assert lists
    for path, names in lists:
        assert {"limit", "cursor"} <= names, path


@pytest.mark.parametrize("service", NAMES)
async def test_the_documentation_page_loads_nothing_from_elsewhere(
    service: str, urls: Mapping[str, str]
) -> None:
    async with httpx2.AsyncClient(base_url=urls[service]) as client:
        page = await client.get("/docs")
        assert page.is_success
        assert "http" not in page.text
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-eval" not in policy
        script = page.text.partition('src="')[2].partition('"')[0]
        assert (await client.get(f"/{script}")).is_success
