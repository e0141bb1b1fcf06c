"""The pages of the console."""

from __future__ import annotations

from console.pages.login import login
from console.pages.overview import overview
from console.pages.static import static
from core.access import Permission
from core.http import Route

ROUTES = [
    Route(
        "GET", "/", overview, Permission.CONSOLE, "Overview: hosts, devices, open incidents", content_type="text/html"
    ),
    Route("GET", "/login", login, Permission.PUBLIC, "Sign-in page", content_type="text/html"),
    Route(
        "GET", "/static/{name}", static, Permission.PUBLIC, "Style sheet and scripts of the console", content_type="*/*"
    ),
]
