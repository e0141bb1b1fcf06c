"""`/api/v1/openapi.json`: OpenAPI 3.1 of every route, generated from the types that decode and encode them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from importlib import metadata
from typing import Any

import msgspec
from aiohttp import web

from core.access import Permission
from core.http import FieldError, Route

DOCUMENT: web.AppKey[bytes] = web.AppKey("openapi_document", bytes)

_PARAMETER = re.compile(r"\{(\w+)(?::((?:[^{}]|\{[^{}]*\})*))?\}")
_REF = "#/components/schemas/{name}"


class ProblemDetails(msgspec.Struct, kw_only=True):
    """RFC 9457; `errors` names the fields that are wrong."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] = []


async def show(request: web.Request) -> web.Response:
    return web.Response(body=request.app[DOCUMENT], content_type="application/json")


ROUTES = [Route("GET", "/api/v1/openapi.json", show, Permission.PUBLIC, "This description", returns=dict[str, Any])]


def describe(routes: Sequence[Route]) -> dict[str, Any]:
    """The OpenAPI document of some routes."""
    schemas = _Schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(plain_path(route.path), {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Forewatch",
            "version": metadata.version("forewatch"),
            "description": "Operations management for data centres. Times are RFC 3339 in UTC; lists page by cursor.",
        },
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": schemas.components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "A token made under /api/v1/tokens"},
                "token_as_password": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "Any name, a token as password",
                },
                "session": {"type": "apiKey", "in": "cookie", "name": "forewatch", "description": "After signing in"},
            },
        },
    }


def plain_path(path: str) -> str:
    r"""Aiohttp's `/cis/{id:\d+}` as OpenAPI's `/cis/{id}`."""
    return _PARAMETER.sub(lambda match: "{" + match[1] + "}", path)


class _Schemas:
    """JSON schemas of all types that routes name, made in one go so that shared ones are components."""

    def __init__(self, routes: Iterable[Route]) -> None:
        types: list[Any] = [ProblemDetails]
        for route in routes:
            types += [shape for shape in (route.query, route.documents, route.body, route.returns) if shape is not None]
        schemas, self.components = msgspec.json.schema_components(types, ref_template=_REF)
        self._by_type = [(shape, schema) for shape, schema in zip(types, schemas, strict=True)]

    def of(self, shape: Any) -> dict[str, Any]:
        return next(schema for known, schema in self._by_type if known == shape)

    def fields(self, shape: type[msgspec.Struct]) -> dict[str, Any]:
        """Schema by field of a struct's component."""
        name = self.of(shape)["$ref"].rpartition("/")[2]
        return dict(self.components[name]["properties"])


def _operation(route: Route, schemas: _Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": route.summary,
        "operationId": operation_id(route),
        "tags": [_tag(route)],
        "responses": _responses(route, schemas),
        "security": _security(route.permission),
        "x-permission": str(route.permission),
    }
    if route.handler.__doc__:
        operation["description"] = route.handler.__doc__.strip().partition("\n\n")[0]
    parameters = [*_path_parameters(route), *_query_parameters(route, schemas)]
    if parameters:
        operation["parameters"] = parameters
    if route.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schemas.of(route.body)}},
        }
    elif route.consumes is not None:
        schema = {"type": "string"} if route.documents is None else schemas.of(route.documents)
        operation["requestBody"] = {"required": True, "content": {route.consumes: {"schema": schema}}}
    return operation


def operation_id(route: Route) -> str:
    """A name for generated clients, unique because method and path are."""
    words = re.findall(r"\w+", plain_path(route.path))
    return "_".join([route.method.lower(), *words])


def _tag(route: Route) -> str:
    words = re.findall(r"\w+", plain_path(route.path).removeprefix("/api/v1"))
    return words[0] if words else "console"


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {
            "name": match[1],
            "in": "path",
            "required": True,
            "schema": {"type": "integer" if (match[2] or "").startswith((r"\d", "[0-9]")) else "string"},
        }
        for match in _PARAMETER.finditer(route.path)
    ]


def _query_parameters(route: Route, schemas: _Schemas) -> list[dict[str, Any]]:
    shape = route.query if route.consumes else route.query or route.documents  # what a form has is in its body
    if shape is None:
        return []
    schema_of = schemas.fields(shape)
    return [
        {
            "name": field.encode_name,
            "in": "query",
            "required": field.required,
            "schema": schema_of[field.encode_name],
        }
        for field in msgspec.structs.fields(shape)
    ]


def _responses(route: Route, schemas: _Schemas) -> dict[str, Any]:
    status = 204 if route.returns is None and route.status == 200 and route.content_type == _JSON else route.status
    good: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if route.returns is not None:
        good["content"] = {_JSON: {"schema": schemas.of(route.returns)}}
    elif status == 200:
        good["content"] = {route.content_type: {"schema": {"type": "string"}}}
    problem = {"application/problem+json": {"schema": schemas.of(ProblemDetails)}}
    bad = {str(code): {"description": HTTPStatus(code).phrase, "content": problem} for code in _errors(route)}
    return {str(status): good, **bad}


_JSON = "application/json"


def _errors(route: Route) -> list[int]:
    codes = {500, 503}
    if route.permission is not Permission.PUBLIC:
        codes |= {401, 403, 429}
    if route.query is not None or route.documents is not None:
        codes |= {400}
    if route.body is not None or route.consumes is not None:
        codes |= {400, 413, 415, 422}
    if "{" in route.path:
        codes |= {404}
    return sorted(codes)


def _security(permission: Permission) -> list[dict[str, list[str]]]:
    if permission is Permission.PUBLIC:
        return []
    known: list[dict[str, list[str]]] = [{"token": []}, {"token_as_password": []}, {"session": []}]
    return [{}, *known] if permission is Permission.LOOPBACK else known
