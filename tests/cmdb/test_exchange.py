from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from cmdb import audit, importing
from cmdb.classes import Classes
from cmdb.exchange import ItemSection, RelationSection, Rows, parse_csv, parse_document, read, to_yaml
from cmdb.gaps import GapKind
from cmdb.importing import Imported
from cmdb.models import ItemChange
from cmdb.store import load_graph, reconcile
from core.database import Database
from core.errors import ConfigError
from tests.cmdb.conftest import NOW, device

SITE = """
items:
  - {class: switch, name: core-1, attributes: {management_address: 10.0.0.1, domestic: true}}
  - {class: server, name: web-1, state: idle, attributes: {cpu_count: 8}}
  - {class: server, name: web-2}
  - {class: business_service, name: Tax portal, attributes: {impact: department}}
relations:
  - {source: web-1, type: connected_to, target: core-1}
  - {source: Tax portal, type: depends_on, target: web-1, group: web, min_up: 1}
  - {source: Tax portal, type: depends_on, target: web-2, group: web, min_up: 1}
"""


def test_every_row_keeps_its_line() -> None:
    rows = parse_document(SITE, "site.yaml")
    assert [line for line, _ in rows.items] == [3, 4, 5, 6]
    assert rows.relations[0] == (8, RelationSection(source="web-1", type="connected_to", target="core-1"))


def test_json_with_tabs_is_read_too() -> None:
    rows = parse_document('{\n\t"items": [\n\t\t{"class": "switch", "name": "机房\\t1"}\n\t]\n}', "site.json")
    assert rows.items == [(3, ItemSection(class_="switch", name="机房\t1"))]


def test_a_spreadsheet_of_items_is_read(tmp_path: Path) -> None:
    file = tmp_path / "items.csv"
    file.write_bytes(
        "class,name,domestic,location\r\nserver,web-1,是,机房一\r\n,,,\r\nserver,web-2,,\r\n".encode("gb18030")
    )
    assert read(file) == Rows(
        [
            (2, ItemSection(class_="server", name="web-1", attributes={"domestic": "是", "location": "机房一"})),
            (4, ItemSection(class_="server", name="web-2")),
        ],
        [],
        as_text=True,
    )


def test_a_spreadsheet_of_relations_is_read(tmp_path: Path) -> None:
    file = tmp_path / "relations.csv"
    file.write_text("source,target,type,group,min_up\na,b,depends_on,pair,2\n", encoding="utf-8-sig")
    relation = RelationSection(source="a", target="b", type="depends_on", group="pair", min_up=2)
    assert read(file).relations == [(2, relation)]


@pytest.mark.parametrize(
    ("text", "faults", "reason"),
    [
        ("name,state\n", ["f.csv:1: needs the columns"], "no class"),
        ("", ["f.csv:1: needs the columns"], "empty"),
        ("class,name,name\n", ["f.csv:1: columns given twice: name"], "a column twice"),
        ("source,target,type,colour\n", ["f.csv:1: unknown columns of a relation: colour"], "a strange column"),
        ('class,name\nserver\nserver,"web\n', ["f.csv:2: name: is required", "f.csv:3: is no CSV"], "an open quote"),
    ],
)
def test_what_is_no_spreadsheet_of_ours_is_refused(text: str, faults: list[str], reason: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse_csv(text, "f.csv")
    assert len(raised.value.faults) == len(faults), reason
    for fault, start in zip(raised.value.faults, faults, strict=True):
        assert str(fault).startswith(start), reason


@pytest.mark.parametrize(
    ("text", "faults", "right"),
    [
        ("class,name\nserver\n,b\nserver,c,d\nserver,e\n",
         ["f.csv:2: name: is required", "f.csv:3: class: is required", "f.csv:4: has more cells than the header"], 1),
        ("source,target,type,group,min_up\na,b,runs_on,g,two\n", ["f.csv:2: min_up: must be a whole number"], 0),
    ],
)  # fmt: skip
def test_wrong_rows_of_a_spreadsheet_are_named_beside_the_right_ones(text: str, faults: list[str], right: int) -> None:
    rows = parse_csv(text, "f.csv")
    assert [str(fault) for fault in rows.faults] == faults
    assert len(rows.items) + len(rows.relations) == right


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    for name, content, message in (
        ("items.xlsx", b"PK", "no known kind"),
        ("items.csv", b"\xff\xff\xff", "neither UTF-8 nor"),
        ("items.yaml", b"items: {a: 1}", "items: must be a list"),
        ("items.yaml", b"things: []", "unknown key"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ConfigError, match=message):
            read(tmp_path / name)
    with pytest.raises(ConfigError, match="cannot be read"):
        read(tmp_path / "missing.yaml")


values = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12) | st.sampled_from(
    ["1e5", "08", "22:00", "true", "no", "null", "~", "1_000", "-", "a: b", "# c", "0x1F", ".inf", "=", "<<"]
)


@given(values, st.dictionaries(values, values | st.integers() | st.booleans(), max_size=3))
def test_what_is_written_as_yaml_is_read_as_the_same(name: str, attributes: dict[str, str | int | bool]) -> None:
    text = to_yaml({"items": [{"class": "server", "name": name, "attributes": attributes}]})
    assert parse_document(text, "f.yaml").items == [(2, ItemSection(class_="server", name=name, attributes=attributes))]


async def take_in(database: Database, classes: Classes, rows: Rows) -> Imported:
    async with database.write() as session:
        return await importing.take_in(session, rows, classes, file="site.yaml", actor="li.wei", now=NOW)


async def test_a_site_is_imported_and_importing_its_export_changes_nothing(
    database: Database, classes: Classes
) -> None:
    imported = await take_in(database, classes, parse_document(SITE, "site.yaml"))
    assert (imported.faults, dict(imported.counts)) == ([], {"created": 4, "related": 3})
    async with database.read() as session:
        document = await audit.export(session)
        graph = await load_graph(session)
        changes = await session.scalar(select(func.count(ItemChange.id)))
    assert document["items"][1] == {
        "code": "SRV-000001",
        "class": "server",
        "name": "web-1",
        "state": "idle",
        "attributes": {"cpu_count": 8},
    }
    assert [one.name for one in graph.items.values()] == ["core-1", "web-1", "web-2", "Tax portal"]
    again = await take_in(database, classes, parse_document(to_yaml(document), "site.yaml"))
    assert (again.faults, dict(again.counts)) == ([], {"unchanged": 7})
    async with database.read() as session:
        assert await audit.export(session) == document
        assert await session.scalar(select(func.count(ItemChange.id))) == changes


async def test_each_wrong_row_is_named_with_its_line(database: Database, classes: Classes) -> None:
    text = """
items:
  - {class: teapot, name: a}
  - {class: switch, name: b, attributes: {location: 5, colour: red}}
  - {class: switch, name: c, state: asleep}
  - {class: switch, name: d}
  - {class: switch, name: D}
  - {class: server, name: e}
  - {class: ups, name: e}
relations:
  - {source: d, type: runs_on, target: nowhere}
  - {source: d, type: loves, target: d}
  - {source: d, type: runs_on, target: e}
"""
    imported = await take_in(database, classes, parse_document(text, "site.yaml"))
    found = [(fault.line, fault.message.partition(":")[0]) for fault in imported.faults]
    assert found == [
        (3, "class"),
        (4, "attributes.location"),
        (4, "attributes.colour"),
        (5, "state"),
        (7, "is the same item as in line 6; codes tell them apart"),
        (11, "target"),
        (12, "type"),
        (13, "target"),
    ]


async def test_cells_are_read_by_the_type_of_their_attribute(database: Database, classes: Classes) -> None:
    rows = parse_csv("class,name,cpu_count,domestic\nserver,web-1,8,是\nserver,web-2,many,maybe\n", "items.csv")
    imported = await take_in(database, classes, rows)
    assert [str(fault) for fault in imported.faults] == [
        "site.yaml:3: attributes.cpu_count: must be a whole number",
        "site.yaml:3: attributes.domestic: must be true or false",
    ]
    async with database.read() as session:
        (web,) = (await audit.export(session))["items"]
    assert web["attributes"] == {"cpu_count": 8, "domestic": True}


async def test_gaps_and_differences_are_listed(database: Database, classes: Classes) -> None:
    text = """
items:
  - {class: switch, name: core-1, attributes: {location: Room 101, management_address: 10.0.0.1}}
  - {class: switch, name: core-2}
  - {class: business_service, name: Tax portal}
  - {class: business_service, name: Land register}
  - {class: rack, name: rack 1}
relations:
  - {source: Tax portal, type: depends_on, target: core-1}
"""
    await take_in(database, classes, parse_document(text, "site.yaml"))
    async with database.write() as session:
        report = device("core-1", management_address="10.0.0.1", location="Room 202")
        await reconcile(session, report, classes=classes, agent="edge-1", now=NOW)
    async with database.read() as session:
        gaps = [(gap.name, gap.kind) for gap in await audit.gaps(session, classes)]
        (difference,) = await audit.open_differences(session)
    assert gaps == [
        ("core-2", GapKind.NEVER_SEEN),
        ("core-2", GapKind.UNRELATED),
        ("Land register", GapKind.NO_SUPPORT),
        ("rack 1", GapKind.UNRELATED),
    ]
    assert (difference.subject, difference.reported) == ("location", "Room 202")
