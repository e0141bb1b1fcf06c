"""A remote-write sender that knows exactly which samples were acknowledged."""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request

from core.labels import Labels, labels
from core.remote_write import CONTENT_HEADERS, compress, encode_labels, encode_write_request

SERIES: Labels = labels(__name__="story_ticks_total", instance="writer", job="story")


class Writer:
    """Sends one sample every `seconds`, the same one again until it is acknowledged."""

    def __init__(self, url: str, token: str, *, seconds: float = 0.5) -> None:
        self._url = url + "/prometheus/api/v1/write"
        self._headers = CONTENT_HEADERS | {"Authorization": f"Bearer {token}"}
        self._seconds = seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.acknowledged: list[tuple[int, float]] = []  # epoch ms, value

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        value = 0.0
        while not self._stop.is_set():
            at_ms = time.time_ns() // 1_000_000
            body = compress(encode_write_request([(encode_labels(SERIES), value, at_ms)]))
            while not self._stop.is_set():
                if self._send(body):
                    self.acknowledged.append((at_ms, value))
                    break
                self._stop.wait(0.05)
            value += 1
            self._stop.wait(self._seconds)

    def _send(self, body: bytes) -> bool:
        request = urllib.request.Request(self._url, data=body, headers=self._headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=5) as response:
                return bool(response.status == 204)
        except (urllib.error.URLError, OSError):
            return False
