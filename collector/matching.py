"""Which configuration item every series and alert belongs to, kept in memory per revision of the register."""

from __future__ import annotations

from collections.abc import Mapping

from cmdb.impact import Graph
from cmdb.instance import Index, resolve
from cmdb.store import cmdb_revision, load_graph, load_index
from cmdb.views import CiRef
from core.database import Database

MOST_REMEMBERED = 250_000  # instances; senders can make up any number of them

_NEVER = -1


class Register:
    """A view of the CMDB that the evaluation reads without asking the database.

    `refresh` asks for the revision, one small read, and loads again only when something has changed:
    then every instance is resolved anew. Its answers may be asked for from any thread.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._revision = _NEVER
        self._index = Index([], {}, {})
        self._resolved: dict[str, CiRef | None] = {}
        self.graph = Graph({}, [])

    @property
    def revision(self) -> int:
        """Changes whenever an item, instance or relation does."""
        return self._revision

    async def refresh(self) -> bool:
        """Load the register again if it has changed; says whether it had."""
        async with self._database.read() as session:
            revision = await cmdb_revision(session)
            if revision == self._revision:
                return False
            graph, index = await load_graph(session), await load_index(session)
        # Others read in threads: index before the dictionary, which is another one, so that no old answer gets into it.
        self.graph, self._index, self._resolved, self._revision = graph, index, {}, revision
        return True

    def ci_of_instance(self, instance: str) -> CiRef | None:
        """The item of an `instance` label; None when no item or more than one answers to it."""
        resolved = self._resolved
        try:
            return resolved[instance]
        except KeyError:
            if len(resolved) >= MOST_REMEMBERED:
                resolved.clear()
            found = resolved[instance] = resolve(instance, self._index)
            return found

    def ci_of(self, of: Mapping[str, str]) -> CiRef | None:
        """The item of a series or alert: by the code in its label `ci` when a rule joined that, else by `instance`."""
        if "ci" in of and (named := self._index.by_name(of["ci"])) is not None:
            return named
        return self.ci_of_instance(of["instance"]) if "instance" in of else None
