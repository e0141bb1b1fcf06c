from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from collector.openapi import describe, operation_id, plain_path
from collector.routes import ROUTES
from core.access import Permission
from core.http import Page, PageQuery, Route
from tests.collector.conftest import Site

DOCUMENT: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(describe(ROUTES)))


def operation(route: Route) -> dict[str, Any]:
    return dict(DOCUMENT["paths"][plain_path(route.path)][route.method.lower()])


def test_the_document_is_valid_openapi() -> None:
    assert list(OpenAPIV31SpecValidator(DOCUMENT).iter_errors()) == []


def test_every_route_is_described_and_nothing_else() -> None:
    described = {(method, path) for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert described == {(route.method.lower(), plain_path(route.path)) for route in ROUTES}


@pytest.mark.parametrize("route", ROUTES, ids=operation_id)
def test_every_operation_says_all_that_its_route_declares(route: Route) -> None:
    described = operation(route)
    assert described["summary"]
    names = {(one["in"], one["name"]) for one in described.get("parameters", [])}
    wanted = {("path", name) for name in re.findall(r"\{(\w+)", plain_path(route.path))}
    in_url = route.query if route.consumes else route.query or route.documents
    if in_url is not None:
        wanted |= {("query", field.encode_name) for field in msgspec.structs.fields(in_url)}
    assert names == wanted
    assert ("requestBody" in described) is (route.body is not None or route.consumes is not None)
    good = [code for code in described["responses"] if code < "400"]
    assert len(good) == 1
    assert ("application/json" in described["responses"][good[0]].get("content", {})) is (route.returns is not None)
    for code, answer in described["responses"].items():
        if code >= "400":
            assert set(answer["content"]) == {"application/problem+json"}


@pytest.mark.parametrize("route", ROUTES, ids=operation_id)
def test_what_needs_a_credential_says_so(route: Route) -> None:
    described = operation(route)
    if route.permission is Permission.PUBLIC:
        assert described["security"] == []
    else:
        assert "401" in described["responses"]
        assert {"token": []} in described["security"]


# What handlers read themselves; everything else is decoded by `Route.query`.
PROMETHEUS = "/prometheus/api/v1/"
QUERY = {"stats", "query", "limit", "timeout", "lookback_delta"}
SERIES = {"match[]", "start", "end", "limit"}
SELF_READ = {
    "/federate": {"match[]"},
    "/": {"lang"},
    "/login": {"lang", "problem"},
    f"{PROMETHEUS}query": QUERY | {"time"},
    f"{PROMETHEUS}query_range": QUERY | {"start", "end", "step"},
    f"{PROMETHEUS}query_exemplars": {"query", "start", "end"},
    f"{PROMETHEUS}format_query": {"query"},
    f"{PROMETHEUS}series": SERIES,
    f"{PROMETHEUS}labels": SERIES,
    f"{PROMETHEUS}label/{{name}}/values": SERIES,
    f"{PROMETHEUS}metadata": {"metric", "limit", "limit_per_metric"},
}


@pytest.mark.parametrize("path", SELF_READ)
def test_parameters_that_handlers_read_themselves_are_described(path: str) -> None:
    described = DOCUMENT["paths"][path]["get"]
    assert {one["name"] for one in described["parameters"] if one["in"] == "query"} == SELF_READ[path]
    assert "400" in described["responses"]


def test_every_form_is_described_by_its_fields() -> None:
    for route in ROUTES:
        if route.consumes == "application/x-www-form-urlencoded":
            form = operation(route)["requestBody"]["content"][route.consumes]["schema"]
            fields = set(DOCUMENT["components"]["schemas"][form["$ref"].rpartition("/")[2]]["properties"])
            assert fields == (SELF_READ[route.path] if route.path != "/login" else {"name", "password"}), route.path


def test_a_form_is_described_by_its_fields_and_a_url_by_parameters() -> None:
    class Parameters(msgspec.Struct):
        query: str
        match: list[str] = msgspec.field(name="match[]", default_factory=list)

    get = Route("GET", "/q", _handler, Permission.METRICS_READ, "Query", documents=Parameters)
    post = Route("POST", "/q", _handler, Permission.METRICS_READ, "Query", documents=Parameters, consumes="text/form")
    document = describe([get, post])
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []
    by_name = {one["name"]: one for one in document["paths"]["/q"]["get"]["parameters"]}
    assert by_name["query"]["required"] is True
    assert by_name["match[]"]["schema"] == {"type": "array", "items": {"type": "string"}, "default": []}
    assert "parameters" not in document["paths"]["/q"]["post"]
    form = document["paths"]["/q"]["post"]["requestBody"]["content"]["text/form"]["schema"]
    assert form == {"$ref": "#/components/schemas/Parameters"}


def test_operation_ids_are_unique() -> None:
    ids = [operation_id(route) for route in ROUTES]
    assert len(set(ids)) == len(ids)


def test_every_reference_leads_somewhere() -> None:
    text = msgspec.json.encode(DOCUMENT).decode()
    for name in set(re.findall(r'"#/components/schemas/([^"]+)"', text)):
        assert name in DOCUMENT["components"]["schemas"], name


class _Query(PageQuery, kw_only=True):
    state: Annotated[str, msgspec.Meta(max_length=5)] = "open"
    needed: int


class _Thing(msgspec.Struct):
    name: str


async def _handler() -> None:
    """First line.

    More.
    """


def test_types_become_schemas() -> None:
    route = Route(
        "GET", r"/api/v1/things/{id:\d+}/{part:[a-z]{1,3}}", _handler, Permission.CMDB_READ, "Things", query=_Query,
        returns=Page[_Thing],
    )  # fmt: skip
    document = describe([route])
    described = document["paths"]["/api/v1/things/{id}/{part}"]["get"]
    by_name = {one["name"]: one for one in described["parameters"]}
    assert by_name["id"]["schema"] == {"type": "integer"}
    assert by_name["part"]["schema"] == {"type": "string"}
    assert by_name["needed"]["required"] is True
    assert by_name["state"]["schema"] == {"type": "string", "maxLength": 5, "default": "open"}
    assert by_name["limit"]["required"] is False
    assert described["description"] == "First line."
    assert described["operationId"] == "get_api_v1_things_id_part"


async def test_it_is_served_without_a_credential(site: Site) -> None:
    status, document = await site.call("GET", "/api/v1/openapi.json")
    assert status == 200
    assert document == DOCUMENT
