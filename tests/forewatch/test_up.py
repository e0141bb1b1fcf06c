from __future__ import annotations

import http.server
import threading
from types import SimpleNamespace

import pytest

from forewatch import up
from tests.servers.ports import free_port


class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        pass


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy"])
def test_the_collector_is_asked_directly_whatever_proxy_is_set(monkeypatch, variable) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv(variable, f"http://127.0.0.1:{free_port()}")
    monkeypatch.setattr(up, "_READY_WITHIN_SECONDS", 1)
    with http.server.HTTPServer(("127.0.0.1", 0), Ready) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            assert up._wait_ready(up.Child(), f"http://127.0.0.1:{server.server_port}", SimpleNamespace(asked=False))
        finally:
            server.shutdown()
            thread.join()
