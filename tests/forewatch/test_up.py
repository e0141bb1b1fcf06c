from __future__ import annotations

import errno
import http.server
import socketserver
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


class Babble(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.recv(4096)
        self.request.sendall(b"220 smtp ready\r\n")


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


def test_whoever_answers_with_no_http_is_not_ready(monkeypatch) -> None:
    monkeypatch.setattr(up, "_READY_WITHIN_SECONDS", 1)
    with socketserver.TCPServer(("127.0.0.1", 0), Babble) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            address = f"http://127.0.0.1:{server.server_address[1]}"
            assert not up._wait_ready(up.Child(), address, SimpleNamespace(asked=False))
        finally:
            server.shutdown()
            thread.join()


def test_an_agent_that_cannot_be_started_is_tried_again_and_the_collector_goes_on(monkeypatch) -> None:
    stopping = SimpleNamespace(asked=False)
    outcomes: list[object] = [BlockingIOError(errno.EAGAIN, "no room for a process"), None]

    def start() -> None:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        stopping.asked = True

    monkeypatch.setattr(up.time, "sleep", lambda _: None)
    agent = SimpleNamespace(ended=lambda: 1, start=start)
    assert up._watch(SimpleNamespace(ended=lambda: None), agent, stopping) == 0
    assert outcomes == []


def test_no_agent_is_started_any_more_once_a_stop_was_asked_for(monkeypatch) -> None:
    stopping = SimpleNamespace(asked=False)
    monkeypatch.setattr(up.time, "sleep", lambda _: setattr(stopping, "asked", True))
    agent = SimpleNamespace(ended=lambda: 1, start=lambda: pytest.fail("started"))
    assert up._watch(SimpleNamespace(ended=lambda: None), agent, stopping) == 0
