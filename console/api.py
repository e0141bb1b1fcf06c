"""The pages of the console."""

from __future__ import annotations

from typing import Literal

import msgspec

from console.pages.login import login
from console.pages.overview import overview
from console.pages.static import static
from core.access import Permission
from core.http import Route


class PageParameters(msgspec.Struct):
    """`lang`: the language of this page and the next ones; without it what the browser asks for."""

    lang: Literal["en", "zh"] | None = None


class LoginParameters(PageParameters):
    """`problem`: why signing in did not succeed."""

    problem: Literal["wrong", "throttled"] | None = None


ROUTES = [
    Route("GET", "/", overview, Permission.CONSOLE, "Overview: hosts, devices, open incidents",
          content_type="text/html", documents=PageParameters),
    Route("GET", "/login", login, Permission.PUBLIC, "Sign-in page",
          content_type="text/html", documents=LoginParameters),
    Route("GET", "/static/{name}", static, Permission.PUBLIC, "Style sheet and scripts of the console",
          content_type="*/*"),
]  # fmt: skip
