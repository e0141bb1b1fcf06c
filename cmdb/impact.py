"""Root cause and blast radius from the relations.

Every relation makes one end the dependent and the other its provider; failure travels from provider to
dependent::

    type          reads                                   dependent   provider
    depends_on    source depends on target                source      target
    runs_on       source runs on target                   source      target
    connected_to  source is connected upstream to target  source      target
    contains      source contains target                  target      source

Relations of one dependent with the same group are redundant: the dependent works while at least
`min_up` of the group's providers do. All walks visit an item once, so cycles do no harm.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from operator import attrgetter

from cmdb.item import BUSINESS_SERVICE, Impact, RelationType
from cmdb.views import CiRef


@dataclass(frozen=True, slots=True)
class Link:
    """One relation as the graph reads it; `min_up` None counts as 1 where there is a group."""

    source: int
    target: int
    type: RelationType
    group: str | None = None
    min_up: int | None = None

    def ends(self) -> tuple[int, int]:
        """The dependent and its provider."""
        return (self.target, self.source) if self.type is RelationType.CONTAINS else (self.source, self.target)


@dataclass(slots=True)
class _Bundle:
    """A dependent's redundant providers, or a single one that must work."""

    dependent: int
    providers: list[int] = field(default_factory=list)
    min_up: int = 1

    def broken(self, failed: Collection[int]) -> bool:
        return sum(provider not in failed for provider in self.providers) < min(self.min_up, len(self.providers))


class Graph:
    """The register's items and relations, built once per revision and read many times.

    Attributes:
        items: by id; relations whose ends are not both here are left out.
    """

    def __init__(
        self, items: Mapping[int, CiRef], relations: Iterable[Link], *, impacts: Mapping[int, Impact] | None = None
    ) -> None:
        self.items = items
        self._impacts = impacts or {}
        self._needs: dict[int, list[_Bundle]] = defaultdict(list)  # by dependent
        self._carries: dict[int, list[_Bundle]] = defaultdict(list)  # by provider
        for bundle in _bundles(link for link in relations if link.source in items and link.target in items):
            self._needs[bundle.dependent].append(bundle)
            for provider in bundle.providers:
                self._carries[provider].append(bundle)

    def upstream_of(self, ci_id: int) -> list[int]:
        """Ids of everything the item needs, nearest first, of equal distance by id; without the item itself."""
        found = {ci_id}
        order: list[int] = []
        level = [ci_id]
        while level:
            reached = {
                provider
                for dependent in level
                for bundle in self._needs.get(dependent, ())
                for provider in bundle.providers
            }
            level = sorted(reached - found)
            found.update(level)
            order += level
        return order

    def failed_by(self, down: Iterable[int]) -> set[int]:
        """The items that cannot work while `down` are, `down` included: redundancy that suffices stops the failure."""
        failed = set(down)
        self._spread(list(failed), failed)
        return failed

    def fail(self, ci_id: int, failed: set[int]) -> None:
        """Add to what `failed_by` found an item that is down too, and what fails with it."""
        if ci_id not in failed:
            failed.add(ci_id)
            self._spread([ci_id], failed)

    def _spread(self, queue: list[int], failed: set[int]) -> None:
        while queue:
            for bundle in self._carries.get(queue.pop(), ()):
                if bundle.dependent not in failed and bundle.broken(failed):
                    failed.add(bundle.dependent)
                    queue.append(bundle.dependent)

    def services_of(self, ci_id: int, down: Iterable[int] = ()) -> list[CiRef]:
        """The business services that the item's failure hits while `down` are failed too, by code.

        A service that fails only for other reasons is left out; a business service hits itself.
        """
        return self.services_hit(ci_id, self.failed_by({ci_id, *down}))

    def services_hit(self, ci_id: int, failed: AbstractSet[int]) -> list[CiRef]:
        """As `services_of`, of what `failed_by` found; the item itself need not be part of that."""
        if ci_id not in failed and self._carries.get(ci_id):
            everything = set(failed)
            self.fail(ci_id, everything)
            failed = everything
        hit = self.hit_by(ci_id, failed)
        services = [self.items[one] for one in hit if one in self.items and self.items[one].class_ == BUSINESS_SERVICE]
        return sorted(services, key=attrgetter("code"))

    def explained_by(self, ci_id: int, roots: Container[int], failed: AbstractSet[int]) -> list[int]:
        """Those of `roots` whose failure explains the item's, nearest first; providers that redundancy covers do not.

        `failed` is what `failed_by` found for the roots.
        """
        found = {ci_id}
        causes: list[int] = []
        level = [ci_id]
        while level:
            reached = {
                provider
                for dependent in level
                for bundle in self._needs.get(dependent, ())
                if bundle.broken(failed)
                for provider in bundle.providers
                if provider in failed
            }
            level = sorted(reached - found)
            found.update(level)
            causes += [one for one in level if one in roots]
        return causes

    def impact_of(self, services: Sequence[CiRef]) -> Impact | None:
        """The broadest impact among the services; None when there is none to hit."""
        impacts = {self._impacts.get(service.id, Impact.SERVICE) for service in services}
        return next((impact for impact in Impact if impact in impacts), None)

    def hit_by(self, ci_id: int, failed: AbstractSet[int]) -> set[int]:
        """The item and all that fails through it, of what has `failed`."""
        hit = {ci_id}
        queue = [ci_id]
        while queue:
            for bundle in self._carries.get(queue.pop(), ()):
                if bundle.dependent not in hit and bundle.broken(failed):
                    hit.add(bundle.dependent)
                    queue.append(bundle.dependent)
        return hit


def _bundles(links: Iterable[Link]) -> list[_Bundle]:
    """Links of one dependent and group together, each other link alone; a group's `min_up` is the highest given."""
    grouped: dict[tuple[int, str], _Bundle] = {}
    bundles: list[_Bundle] = []
    for link in links:
        dependent, provider = link.ends()
        if link.group is None:
            bundles.append(_Bundle(dependent, [provider]))
            continue
        bundle = grouped.get((dependent, link.group))
        if bundle is None:
            bundle = grouped[dependent, link.group] = _Bundle(dependent)
            bundles.append(bundle)
        if provider not in bundle.providers:
            bundle.providers.append(provider)
        bundle.min_up = max(bundle.min_up, link.min_up or 1)
    return bundles
