from __future__ import annotations

import pytest

from cmdb.class_file import load_classes
from cmdb.items import find
from cmdb.registration import change, remove
from cmdb.views import CiPatch
from collector.matching import Register
from tests.collector.cast import NOW, register_cast


@pytest.mark.parametrize(
    ("series", "name", "reason"),
    [
        ({"instance": "web-1"}, "web-1", "the name is the instance"),
        ({"instance": "web-1:9100"}, "web-1", "a foreign exporter adds its port"),
        ({"instance": "nobody"}, None, "nothing has that name"),
        ({"job": "node"}, None, "a series without an instance"),
        ({"instance": "nobody", "ci": "SW-000001"}, "core-1", "a rule joined the item's code"),
    ],
)
async def test_a_series_belongs_to_the_item_its_labels_name(database, series, name, reason) -> None:
    cast = await register_cast(database)
    register = Register(database)
    await register.refresh()
    if "ci" in series:
        series = series | {"ci": register.graph.items[cast.core].code}
    found = register.ci_of(series)
    assert (found.name if found else None) == name, reason


async def test_instances_are_resolved_again_when_an_item_changes(database) -> None:
    cast = await register_cast(database)
    register = Register(database)
    assert await register.refresh()
    assert not await register.refresh(), "nothing has changed"
    assert register.ci_of_instance("portal-1") is None
    async with database.write() as session:
        ci = await find(session, cast.web)
        await change(session, ci, CiPatch(name="portal-1"), load_classes(), actor="test", now=NOW)
        await remove(session, await find(session, cast.db), actor="test", now=NOW)
    assert await register.refresh()
    assert register.ci_of_instance("portal-1").id == cast.web
    assert register.ci_of_instance("db-1") is None


async def test_made_up_instances_do_not_fill_the_memory(database, monkeypatch) -> None:
    monkeypatch.setattr("collector.matching.MOST_REMEMBERED", 10)
    await register_cast(database)
    register = Register(database)
    await register.refresh()
    for number in range(100):
        assert register.ci_of_instance(f"stranger-{number}") is None
    assert len(register._resolved) <= 10
    assert register.ci_of_instance("web-1").name == "web-1"
