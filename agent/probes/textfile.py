"""Files `*.prom` that other programs leave, as node_exporter's textfile collector reads them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from agent.probes.openmetrics import Scraper
from agent.sample import Family, Sample, Series
from core.labels import labels
from core.log import get_logger

log = get_logger(__name__)

MTIME = Family("node_textfile_mtime_seconds", "gauge", "When a file was written, in Unix time.")
ERROR = Family("node_textfile_scrape_error", "gauge", "Whether some file could not be read or is not of the format.")

_MOST_FILES = 1000
_MOST_BYTES = 2 * 2**20
_MOST_SERIES = 10_000  # of one file


class TextfileCollector:
    """Reads a folder; a file that is wrong costs its own samples only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._scrapers: dict[str, Scraper] = {}
        self._wrong: set[str] = set()  # said when it began

    async def collect(self) -> list[Sample]:
        """All files' samples.

        Raises:
            OSError: the folder cannot be read.
        """
        try:
            names = sorted(entry.name for entry in self._folder.iterdir() if entry.name.endswith(".prom"))[:_MOST_FILES]
        except OSError as error:  # FileNotFoundError would be taken for what this kernel has not
            raise OSError(
                f"{error.strerror or error}: {self._folder}; make the folder, or mend host.textfile"
            ) from error
        self._scrapers = {name: self._scrapers.get(name) or Scraper(lambda _: True, _MOST_SERIES) for name in names}
        samples: list[Sample] = []
        wrong: set[str] = set()
        for name in names:
            try:
                samples += self._read(name)
            except (OSError, ValueError) as error:
                wrong.add(name)
                if name not in self._wrong:
                    log.warning("textfile cannot be read", file=self._folder / name, reason=str(error)[:300])
        self._wrong = wrong
        samples.append(Sample(Series(ERROR), float(bool(wrong))))
        return samples

    def _read(self, name: str) -> Iterator[Sample]:
        path = self._folder / name
        # Not blocking: a pipe of that name must not stop the agent.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise OSError("is no regular file")
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise OSError(f"is larger than {_MOST_BYTES} bytes")
        samples = self._scrapers[name].read(content.decode("utf-8"))
        return iter([*samples, Sample(Series(MTIME, labels(file=str(path))), status.st_mtime)])
