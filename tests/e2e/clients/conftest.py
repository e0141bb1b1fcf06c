"""One collector for all clients of a module, and tokens in files, as these programs like them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.processes import Site

QUIET = "groups: []\n"


class ClientSite(Site):
    """A collector whose tokens lie in files."""

    def token_file(self, role: str) -> Path:
        file = self.folder / f"{role}.token"
        if not file.exists():
            file.write_text(self.token(role))
        return file


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClientSite]:
    opened = ClientSite(tmp_path_factory.mktemp("clients") / "site", rules=QUIET)
    opened.start()
    yield opened
    opened.collector.kill()
