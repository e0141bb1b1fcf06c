"""docs/api.md against a running collector: every curl line is done, every path and role exists."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from collector.access.roles import PERMISSIONS, TOKEN_ROLES, USER_ROLES, Role
from collector.ingest import headers
from collector.openapi import plain_path
from collector.routes import ROUTES
from core.labels import labels
from core.remote_write import CONTENT_HEADERS, compress, encode_labels, encode_write_request
from desk.outbox import Kind
from tests.collector.conftest import Site
from tests.desk.cast import delivery
from tests.docs import curl
from tests.docs.documents import DOCS, blocks, codes, documents, prose, rows

FILE = DOCS / "api.md"
EXAMPLES = [block for block in blocks(FILE, "sh", "json") if not block.text.startswith("forewatch ")]


async def test_a_push_is_answered_with_the_status_and_the_header_of_the_document(site: Site) -> None:
    [header] = [code for code in codes(prose(FILE)) if code.startswith("X-Prometheus-")]
    series = encode_labels(labels(__name__="up", instance="web-1", job="node"))
    body = compress(encode_write_request([(series, 1.0, site.clock.now_ms())]))
    asked = CONTENT_HEADERS | {"Authorization": f"Bearer {await site.token(Role.AGENT, 'web-1')}"}
    for given, status, stored in ((body, 204, "1"), (b"no snappy", 400, None), (body[:-1], 400, None)):
        async with site.client.post("/prometheus/api/v1/write", data=given, headers=asked) as response:
            assert response.status == status
            assert response.headers.get(header) == stored
    async with site.client.post("/prometheus/api/v1/write", data=body, headers=CONTENT_HEADERS) as response:
        assert response.status == 401


async def test_every_example_is_answered_as_it_says(site: Site) -> None:
    """One after the other, as a reader would try them."""
    variables = {"URL": str(site.client.make_url("")).rstrip("/"), "TOKEN": await site.token(Role.ADMIN, "me")}
    answer: Any = None
    for block in EXAMPLES:
        if block.language == "json":
            expect(json.loads(block.text), answer, block.place)
            continue
        response = await curl.run(site.client.session, block.text, variables)
        answer = await response.json(content_type=None) if "json" in response.content_type else None
        shown = isinstance(answer, dict) and answer.get("status")
        if response.status >= 400:
            assert response.content_type == "application/problem+json", block.place
            assert shown == response.status, block.place
            assert _is_followed_by_problem(block), f"{block.place}: {response.status} {answer}"
        elif isinstance(answer, dict) and "token" in answer:
            variables["AGENT" if "agent" in answer else "ENROL"] = answer["token"]


def _is_followed_by_problem(block: Any) -> bool:
    following = EXAMPLES[EXAMPLES.index(block) + 1]
    return following.language == "json" and json.loads(following.text).get("status", 0) >= 400


def expect(shown: Any, answer: Any, place: str) -> None:
    """The answer holds everything that is shown, and may hold more."""
    if isinstance(shown, dict):
        assert isinstance(answer, dict), place
        for key, value in shown.items():
            assert key in answer, f"{place}: {key}"
            expect(value, answer[key], f"{place} {key}")
    elif isinstance(shown, list):
        assert len(answer) == len(shown), place
        for one, other in zip(shown, answer, strict=True):
            expect(one, other, place)
    else:
        assert answer == shown, place


def test_roles_and_their_permissions_are_the_real_ones() -> None:
    table = [row.cells for row in rows(FILE) if "permissions" in row.cells]
    assert [codes(cells["role"])[0] for cells in table] == [str(role) for role in PERMISSIONS]
    for cells in table:
        role = Role(codes(cells["role"])[0])
        assert set(codes(cells["permissions"])) == {str(one) for one in PERMISSIONS[role]}, role
        used = [word for word, roles in (("people", USER_ROLES), ("tokens", TOKEN_ROLES)) if role in roles]
        assert cells["for"] == ", ".join(used), role


def test_the_headers_of_a_push_are_the_real_ones() -> None:
    real = [headers.AGENT, headers.BOOT, headers.SEQUENCE, headers.SENT_AT]
    assert [codes(row.cells["header"])[0] for row in rows(FILE) if "header" in row.cells] == real


def test_the_keys_of_the_webhook_are_the_real_ones() -> None:
    sent = delivery().payload
    table = {key: row.cells["holds"] for row in rows(FILE) if "holds" in row.cells for key in codes(row.cells["key"])}
    assert list(table) == list(sent)
    assert codes(table["alerts"]) == list(sent["alerts"][0])
    assert codes(table["kind"]) == [str(kind) for kind in Kind]
    assert codes(table["version"]) == [sent["version"]]


PATHS = {plain_path(route.path) for route in ROUTES}


@pytest.mark.parametrize("file", documents(), ids=lambda file: file.name)
def test_every_path_named_in_a_document_is_served(file: Path) -> None:
    for code in codes(prose(file)):
        found = re.fullmatch(
            r"(?:(GET|POST|PATCH|PUT|DELETE) )?(/(?:api|prometheus|-|metrics|federate)\b[^\s?]*)(?:\?\S*)?", code
        )
        if found is None:
            continue
        path = re.sub(r"/(ID|NUMBER)\b", "/{id}", found[2])
        assert path in PATHS or code.endswith("…"), f"{file.name}: {code}"
        if found[1]:
            assert any(route.method == found[1] and plain_path(route.path) == path for route in ROUTES), code
