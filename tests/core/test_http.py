"""Bodies, queries and cursors that nobody in good faith sends: a clear 4xx, never a traceback."""

from __future__ import annotations

import gzip
from typing import Any

import msgspec
import pytest
from aiohttp import web

from core.access import Permission
from core.http import Page, PageQuery, Problem, Route, decode_cursor, page_of, problem_middleware, read_body


class _Thing(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    parts: list[Any] = []


async def _take(_request: web.Request, body: _Thing) -> _Thing:
    return body


async def _list(_request: web.Request, query: PageQuery) -> Page[_Thing]:
    return page_of([_Thing("a")] * (query.after() == 0), query, lambda _: 1)


async def _raw(request: web.Request) -> web.Response:
    return web.Response(body=await read_body(request, 1000))


@pytest.fixture
async def client(aiohttp_client):
    app = web.Application(middlewares=[problem_middleware])
    for route in (
        Route("POST", "/things", _take, Permission.PUBLIC, "Take", body=_Thing, returns=_Thing, max_body_bytes=100_000),
        Route("GET", "/things", _list, Permission.PUBLIC, "List", query=PageQuery, returns=Page[_Thing]),
        Route("POST", "/raw", _raw, Permission.PUBLIC, "Take", consumes="text/plain"),
    ):
        app.router.add_route(route.method, route.path, route.__call__)
    return await aiohttp_client(app)


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        (b'{"name":"a"}', 200, "what is asked for"),
        (b"[" * 50_000, 400, "nested deeper than the interpreter's stack"),
        (b'{"name":"a","parts":' + b"[" * 40_000 + b"]" * 40_000 + b"}", 400, "nested too deeply, but complete"),
        (b'{"name":' + b"9" * 50_000 + b"}", 400, "a number of fifty thousand digits"),
        (b'{"name":1e999}', 400, "a number beyond any float"),
        (b'{"name":NaN}', 400, "no JSON"),
        (b'{"name":"\xed\xa0\x80"}', 400, "no UTF-8"),
        (rb'{"name":"\ud800"}', 400, "half a surrogate pair"),
        (b"", 400, "nothing"),
        (b'{"name":"a","more":1}', 422, "an unknown field"),
        (b'{"name":"' + b"a" * 100_000 + b'"}', 413, "too long"),
    ],
)
async def test_a_json_body_is_read_or_refused_with_the_reason(client, body: bytes, status: int, why: str) -> None:
    async with client.post("/things", data=body, headers={"Content-Type": "application/json"}) as answer:
        assert answer.status == status, why
        if status != 200:
            assert answer.content_type == "application/problem+json"
            assert (await answer.json(content_type=None))["detail"]


@pytest.mark.parametrize(
    ("query", "path", "message"),
    [
        ("limit=0", "limit", "Expected `int` >= 1"),
        ("limit=1001", "limit", "Expected `int` <= 1000"),
        ("limit=x", "limit", "Expected `int`, got `str`"),
        ("colour=red", "colour", "unknown; known here: cursor, limit"),
        ("limit=1&limit=2", "limit", "given twice"),
        ("cursor=", "cursor", "use the `next` of the page before"),
    ],
)
async def test_a_wrong_parameter_is_named(client, query: str, path: str, message: str) -> None:
    async with client.get(f"/things?{query}") as answer:
        assert answer.status == 400
        problem = await answer.json(content_type="application/problem+json")
    assert problem["errors"] == [{"path": path, "message": message}]


async def test_a_missing_field_is_named(client) -> None:
    async with client.post("/things", json={}) as answer:
        problem = await answer.json(content_type="application/problem+json")
    assert (problem["detail"], problem["errors"]) == ("name: is required", [{"path": "name", "message": "is required"}])


@pytest.mark.parametrize("path", ["/things", "/raw"])
async def test_a_body_that_is_not_compressed_as_it_says_is_the_senders_fault(client, path: str) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    async with client.post(path, data=b"this is no gzip", headers=headers) as answer:
        assert answer.status == 400
        assert answer.content_type == "application/problem+json"


async def test_a_compressed_body_counts_as_long_as_it_becomes(client) -> None:
    bomb = gzip.compress(b" " * 20_000_000)
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    async with client.post("/things", data=bomb, headers=headers) as answer:
        assert answer.status == 413


@pytest.mark.parametrize(
    "cursor", ["", "x", "aQ", "i5", "aS0x", "aTk5OTk5OTk5OTk5OTk5OTk5OTk5", "\u00e9", "aTEyMw\n", "a" * 9999]
)
def test_a_cursor_that_no_list_gave_is_refused(cursor: str) -> None:
    with pytest.raises(Problem) as refused:
        decode_cursor(cursor)
    assert refused.value.status == 400
