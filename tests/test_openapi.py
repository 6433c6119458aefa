"""The one document says what the services do, in two languages, and is the committed one."""

import json
import re
from collections.abc import Iterator
from difflib import unified_diff
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from services.cli.openapi.answers import REFUSALS, name_of
from services.cli.openapi.describe import is_internal
from services.cli.openapi.front_doors import resource_of
from services.cli.openapi.merge import OwnedTwice, merge, paths_of, rename_clashes
from services.cli.openapi.problems import problem_pages, refusals
from services.cli.openapi.write import made_from_code
from services.cli.secret_files import SERVICES
from services.kit.web.strict_json import UPLOADS
from tests.test_policy import OPERATIONS, PUBLIC

HOME = Path(__file__).resolve().parents[1]
CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return merge()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        yield from ((method, path, item[method]) for method in item if not method.startswith("x-"))


def test_what_is_committed_is_what_the_code_says() -> None:
    for path, text in made_from_code().items():
        differing = list(unified_diff(path.read_text().splitlines(), text.splitlines(), "committed", "made", n=0))
        assert not differing, "\n".join(["make openapi", *differing[:40]])


def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_operation_ids_are_the_service_and_the_function_and_unique(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(ids)) == len(ids)
    assert [one for one in ids if one.split("_")[0] not in (*SERVICES, "origin")] == []


def test_every_operation_has_a_chinese_title_and_an_english_description(document: dict[str, Any]) -> None:
    odd = [
        operation["operationId"]
        for _, _, operation in operations(document)
        if not CHINESE.search(operation["summary"]) or not re.search("[a-z]{3}", operation["description"])
    ]
    assert odd == []


def test_every_example_of_a_body_is_one_that_its_schema_takes(document: dict[str, Any]) -> None:
    for _, _, operation in operations(document):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            schema = content["schema"] | {"components": document["components"]}
            faults = [error.message for error in Draft202012Validator(schema).iter_errors(content["example"])]
            assert faults == [], operation["operationId"]


def test_every_refusal_is_a_problem_with_its_own_page(document: dict[str, Any]) -> None:
    problem = {"$ref": "#/components/schemas/Problem", "components": document["components"]}
    for status in REFUSALS:
        content = document["components"]["responses"][name_of(status)]["content"]["application/problem+json"]
        assert Draft202012Validator(problem).is_valid(content["example"])
        assert status in document["x-problems"][content["example"]["code"]]["status"]


def test_the_document_has_every_operation_of_the_policy_that_is_not_internal(document: dict[str, Any]) -> None:
    listed = {
        operation.replace("{service}", service)
        for service, rights in OPERATIONS.items()
        for operation in rights
        if "/v1/" in operation and not is_internal(operation.partition(" ")[2])
    }
    assert {f"{method.upper()} {path}" for method, path, _ in operations(document) if "/v1/" in path} == listed


def test_who_may_call_is_told_as_the_policy_has_it(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        service = document["paths"][path]["x-service"]
        written = f"{method.upper()} {path.replace(f'/v1/services/{service}/', '/v1/services/{service}/')}"
        right = OPERATIONS.get(service, {}).get(written, PUBLIC)
        assert operation.get("x-right") == (right if ":" in right else None), written
        assert ({"person_or_system": []} in operation["security"]) == (right != PUBLIC), written
        assert ("401" in operation["responses"]) or right == PUBLIC
        assert ("403" in operation["responses"]) or "x-right" not in operation


def test_a_form_is_closed_but_for_who_asks_for_a_token(document: dict[str, Any]) -> None:
    forms = {name: schema for name, schema in document["components"]["schemas"].items() if name.startswith("Body_")}
    assert len(forms) > 1
    open_forms = [name for name, schema in forms.items() if schema.get("additionalProperties", True)]
    assert open_forms == ["Body_county_create_token"]  # RFC 6749, section 3.2: what is not known is ignored


def test_no_two_services_own_a_resource(document: dict[str, Any]) -> None:
    owners: dict[str, str] = {}
    for path, item in document["paths"].items():
        assert owners.setdefault(resource_of(path), item["x-service"]) == item["x-service"], path
    with pytest.raises(OwnedTwice):
        paths_of({"county": {"paths": {"/v1/days": {}}}, "alerts": {"paths": {"/v1/days": {}}}})


def test_what_bears_the_same_name_and_is_not_the_same_is_renamed_with_all_who_speak_of_it() -> None:
    def one(kind: str) -> dict[str, Any]:
        speaks = {"properties": {"own": {"$ref": "#/components/schemas/Own"}}}
        return {"components": {"schemas": {"Own": {"type": kind}, "Speaks": speaks, "Same": {"type": "null"}}}}

    documents = {"county": one("string"), "alerts": one("integer")}
    rename_clashes(documents)
    schemas = documents["alerts"]["components"]["schemas"]
    assert sorted(schemas) == ["AlertsOwn", "AlertsSpeaks", "Same"]
    assert schemas["AlertsSpeaks"]["properties"]["own"]["$ref"] == "#/components/schemas/AlertsOwn"


def test_every_published_event_is_a_webhook(document: dict[str, Any]) -> None:
    published = {
        f"{service}.{kind}" for service in SERVICES for kind in import_module(f"services.{service}.main").PUBLISHED
    }
    assert document["webhooks"].keys() == published


def test_every_table_is_uploaded_where_the_front_doors_let_a_large_body_in(document: dict[str, Any]) -> None:
    for _, path, operation in operations(document):
        if operation.get("requestBody", {}).get("content", {}).keys() & set(UPLOADS):
            assert re.match(r"^/v1/([a-z]+-imports|clue-batches)(/|$)", path)
    for door in ("nginx/nginx.conf", "caddy/Caddyfile"):
        assert "^/v1/([a-z]+-imports|clue-batches)(/|$)" in (HOME / "deploy" / door).read_text()


def test_every_code_has_its_page_in_both_languages() -> None:
    pages = problem_pages()
    assert {refusal.code() for refusal in refusals()} == pages.keys()
    assert len(pages) > 40
    for code, page in pages.items():
        assert all(map(CHINESE.search, [*page["zh"], page["do"]["zh"]])), code
        assert not any(map(CHINESE.search, [*page["en"], page["do"]["en"]])), code


def test_the_document_shows_no_value_twice_and_in_order() -> None:
    """Deterministic, so that a diff shows the change of the API alone."""
    text = (HOME / "docs" / "openapi.json").read_text()
    assert json.dumps(json.loads(text), ensure_ascii=False, indent=1, sort_keys=True) + "\n" == text
