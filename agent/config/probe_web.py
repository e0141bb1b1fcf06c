"""Sections of `probes` that speak HTTP: `http` and `scrape`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from agent.config.probe_base import (
    TOKEN,
    ProbeSection,
    address_of_web,
    body_limit,
    credentials,
    expression,
    expressions,
)
from core.config import Finding, Secret, Size


class HttpProbe(ProbeSection, kw_only=True, frozen=True):
    """An address of the web.

    Attributes:
        expect_status: empty means 200 to 299.
        expect_body, reject_body, expect_headers, expect_url: RE2 expressions; the last one for the whole address at
            which redirects end.
    """

    type: Literal["http"]
    url: str
    method: str = "GET"
    headers: dict[str, Secret] = {}
    body: str = ""
    username: str | None = None
    password: Secret | None = None
    bearer_token: Secret | None = None
    expect_status: list[int] = []
    expect_body: list[str] = []
    reject_body: list[str] = []
    expect_headers: dict[str, str] = {}
    expect_url: str | None = None
    follow_redirects: bool = True
    max_redirects: int = 10
    max_body: Size = Size(10 * 2**20)
    ip_version: Literal[4, 6] | None = None
    ca_file: Path | None = None
    server_name: str | None = None
    verify: bool = True

    def check(self) -> Iterator[Finding]:
        yield from super().check()
        yield from address_of_web(self.url, "url")
        if not TOKEN.fullmatch(self.method):
            yield Finding(("method",), f"{self.method!r} is no method of HTTP")
        yield from credentials(self.headers, self.username, self.password, self.bearer_token)
        for index, status in enumerate(self.expect_status):
            if not 100 <= status <= 599:
                yield Finding(("expect_status", index), f"{status} is no status of HTTP")
        yield from expressions(self.expect_body, "expect_body")
        yield from expressions(self.reject_body, "reject_body")
        for name, pattern in self.expect_headers.items():
            yield from expression(pattern, ("expect_headers", name))
        if self.expect_url is not None:
            yield from expression(self.expect_url, ("expect_url",))
        if not 0 <= self.max_redirects <= 50:
            yield Finding(("max_redirects",), f"must be from 0 to 50, not {self.max_redirects}")
        yield from body_limit(self.max_body)


class ScrapeProbe(ProbeSection, kw_only=True, frozen=True):
    """An endpoint of Prometheus' or OpenMetrics' text; `include` and `exclude` are whole names of metrics, in RE2."""

    type: Literal["scrape"]
    url: str
    headers: dict[str, Secret] = {}
    username: str | None = None
    password: Secret | None = None
    bearer_token: Secret | None = None
    include: list[str] = []
    exclude: list[str] = []
    honor_labels: bool = False
    max_series: int = 20_000
    max_body: Size = Size(10 * 2**20)
    ip_version: Literal[4, 6] | None = None
    ca_file: Path | None = None
    server_name: str | None = None
    verify: bool = True

    def check(self) -> Iterator[Finding]:
        yield from super().check()
        yield from address_of_web(self.url, "url")
        yield from credentials(self.headers, self.username, self.password, self.bearer_token)
        yield from expressions(self.include, "include")
        yield from expressions(self.exclude, "exclude")
        yield from body_limit(self.max_body)
        if not 1 <= self.max_series <= 1_000_000:
            yield Finding(("max_series",), f"must be from 1 to 1000000, not {self.max_series}")
