"""`forewatch up` as a newcomer starts it."""

from __future__ import annotations

import json
import re
import time
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar

import psutil
import pytest

from tests.e2e.processes import Process, gone
from tests.servers.ports import free_port, wait_until

pytestmark = pytest.mark.e2e


class Browser:
    """A person with a cookie jar."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def get(self, path: str) -> str:
        return self._opener.open(self._url + path, timeout=10).read().decode()

    def sign_in(self, password: str) -> None:
        form = urllib.parse.urlencode({"name": "admin", "password": password}).encode()
        self._opener.open(self._url + "/login", data=form, timeout=10)


def test_within_thirty_seconds_this_host_is_an_item_with_live_metrics(tmp_path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    up = Process(tmp_path / "up.log", "forewatch.cli", "up", "--data", str(tmp_path / "data"), "--listen", url[7:])
    up.start()
    try:
        wait_until(lambda: "Forewatch 未雨 is running" in up.log(), "started", seconds=60)
        started = time.monotonic()
        [password] = re.findall(r"password 密码\s+(\S+)", up.log())
        browser = Browser(url)
        browser.sign_in(password)

        def live() -> bool:
            cis = json.loads(browser.get("/api/v1/cis?class=server"))["items"]
            query = urllib.parse.quote("node_load1 * on(instance) group_left(ci) forewatch_ci_info")
            answer = json.loads(browser.get("/prometheus/api/v1/query?query=" + query))
            return [one["metric"]["ci"] for one in answer["data"]["result"]] == [ci["code"] for ci in cis] != []

        wait_until(live, "the host is live", seconds=30)
        assert time.monotonic() - started < 30
        page = browser.get("/")
        [ci] = json.loads(browser.get("/api/v1/cis?class=server"))["items"]
        assert ci["code"] in page
        assert ci["name"] in page
    finally:
        assert up.stop() == 0
    assert "ended" not in up.log()


def test_what_a_killed_one_left_behind_ends_and_the_next_one_starts(tmp_path) -> None:
    folder, listen = tmp_path / "data", f"127.0.0.1:{free_port()}"
    command = ["forewatch.cli", "up", "--data", str(folder), "--listen", listen]
    first, second, third = (Process(tmp_path / f"{name}.log", *command) for name in ("first", "second", "third"))
    first.start()
    try:
        wait_until(lambda: "agent started" in first.log(), "started", seconds=60)
        children = psutil.Process(first.pid).children()
        assert len(children) == 2
        second.start()
        wait_until(lambda: not second.running(), "the second one gave up")
        assert f"another `forewatch up` (process {first.pid}) uses this folder" in second.log()
        first.kill()
        third.start()
        wait_until(lambda: "agent started" in third.log(), "started again", seconds=60)
        assert [child for child in children if not gone(child)] == []
        assert "agent stopped" in first.log()
        assert [line for line in first.log().splitlines() if line.endswith("stopped")] != []
    finally:
        first.kill()
        second.stop()
        assert third.stop() == 0
