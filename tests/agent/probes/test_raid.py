"""Hardware RAID by stand-ins of the makers' tools, which cannot run without a controller."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.probes.programs import NotInstalledError, Program
from agent.probes.raid import arcconf, ssacli, storcli
from agent.probes.raid.collector import PROGRAMS, TOOLS, RaidCollector
from agent.probes.raid.megaraid import megaraid_samples
from agent.probes.raid.model import VolumeState, samples_of, state_of, works
from tests.agent.probes import raid_answers
from tests.agent.probes.raid_answers import ADAPTER, ARCCONF, DRIVES, MEGARAID, NO_CONTROLLER, REBUILDS, SSACLI
from tests.agent.probes.read import by_name


class Tools:
    """Programs that answer from files, by their arguments."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs = {name: dataclasses.replace(PROGRAMS[name], paths=(str(folder / name),)) for name in TOOLS}

    def install(self, tool: str, answers: dict[str, str], *, status: int = 0) -> None:
        script = ["#!/bin/sh", 'case "$*" in']
        for number, (arguments, answer) in enumerate(answers.items()):
            file = self.folder / f"{tool}-{number}"
            file.write_text(answer)
            script.append(f'"{arguments}") cat {file};;')
        program = self.folder / tool
        program.write_text("\n".join([*script, "*) echo unexpected: $*;;", "esac", f"exit {status}\n"]))
        program.chmod(0o755)

    def install_storcli(self, told: Any, drives: Any, *, status: int = 0) -> None:
        self.install(
            "storcli",
            {
                "/cALL show all J nolog": json.dumps(told),
                "/cALL/eALL/sALL show all J nolog": json.dumps(drives),
                "/cALL/sALL show all J nolog": json.dumps(NO_CONTROLLER),
                "/cALL/eALL/sALL show rebuild J nolog": json.dumps(REBUILDS),
            },
            status=status,
        )

    async def values(self) -> dict[str, float]:
        return by_name(await RaidCollector(self.programs).collect())


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    return Tools(tmp_path)


async def test_megaraid_controllers_tell_the_common_series(tools: Tools) -> None:
    tools.install_storcli(raid_answers.storcli(MEGARAID, ADAPTER), raid_answers.storcli(DRIVES, {}))
    values = await tools.values()
    common = {key: value for key, value in values.items() if key.startswith("raid_") and " 0 " in f"{key} "}
    assert common == {
        "raid_controller_info 0 5.1 PERC H740P C0 storcli": 1,
        "raid_controller_healthy 0 storcli": 0,
        "raid_controller_temperature_celsius 0 storcli": 52,
        "raid_battery_healthy 0 storcli": 1,
        "raid_volume_state 0 RAID5 degraded storcli 0/0": 1,
        "raid_volume_state 0 RAID1 optimal storcli 1/1": 1,
        "raid_disk_state 0 252:0 DISK S0 online storcli": 1,
        "raid_disk_state 0 252:1 DISK S1 rebuilding storcli": 1,
        "raid_disk_rebuild_ratio 0 252:1 storcli": 0.33,
        "raid_disk_state 0 252:2 DISK S2 failed storcli": 1,
        "raid_disk_state 0 252:3 DISK spare storcli": 1,
        "raid_disk_state 0 252:4 DISK ready storcli": 1,
        "raid_disk_state 0 252:5 DISK other storcli": 1,
        "raid_disk_state 0 :6 S6 online storcli": 1,
        **{f"raid_disk_predictive_failure 0 252:{slot} storcli": slot < 2 for slot in range(3)},
        **{f"raid_disk_media_errors 0 252:{slot} storcli": 7 * (slot == 0) for slot in range(3)},
        **{f"raid_disk_temperature_celsius 0 252:{slot} storcli": 31 for slot in range(3)},
        "raid_disk_predictive_failure 0 :6 storcli": 0,
        "raid_disk_media_errors 0 :6 storcli": 0,
        "raid_disk_temperature_celsius 0 :6 storcli": 31,
    }
    assert values["raid_tool_success storcli"] == 1


async def test_volumes_are_told_though_nothing_is_about_single_drives(tools: Tools) -> None:
    told = json.dumps(raid_answers.storcli(MEGARAID))
    tools.install("storcli", {"/cALL show all J nolog": told, "/cALL/eALL/sALL show all J nolog": ""})
    values = await tools.values()
    assert values["raid_volume_state 0 RAID5 degraded storcli 0/0"] == 1
    assert values["raid_disk_state 0 252:2 DISK failed storcli"] == 1
    assert values["raid_tool_success storcli"] == 1


async def test_megaraid_controllers_tell_what_dashboards_look_for(tools: Tools) -> None:
    tools.install_storcli(raid_answers.storcli(MEGARAID, ADAPTER), raid_answers.storcli(DRIVES, {}))
    values = await tools.values()
    expected = {
        "megaraid_controller_info 0 5.1 PERC H740P C0": 1, "megaraid_healthy 0": 0, "megaraid_degraded 0": 1,
        "megaraid_failed 0": 0, "megaraid_battery_backup_healthy 0": 1, "megaraid_temperature 0": 52,
        "megaraid_cv_temperature 0 0": 28, "megaraid_ports 0": 8, "megaraid_virtual_drives 0": 2,
        "megaraid_vd_info 0 0 RWBD 0 data Dgrd RAID5": 1, "megaraid_vd_info 1 1 RWTD 0 Optl RAID1": 1,
        "megaraid_pd_info 0 0 0 252 F1 SAS HDD DISK S0 0 Onln": 1, "megaraid_pd_media_errors 0 252 0": 7,
        "megaraid_pd_predictive_errors 0 252 1": 2, "megaraid_pd_smart_alerted 0 252 0": 1,
        "megaraid_healthy 1": 1, "megaraid_physical_drives 1": 1, "megaraid_pd_other_errors 1 252 0": 1,
    }  # fmt: skip
    assert {key: values.get(key) for key in expected} == expected
    assert "raid_battery_healthy 1 storcli" not in values
    assert values["raid_disk_state 1 252:0 DISK S0 online storcli"] == 1


@pytest.mark.parametrize(
    ("more", "expected", "reason"),
    [
        ({"Cachevault_Info": [{"State": "Failed"}]}, False, "it says so"),
        ({"BBU_Info": [{"State": "Optimal"}], "Cachevault_Info": []}, True, "a battery"),
        ({"Cachevault_Info": [], "Status": {"BBU Status": 32}}, True, "by its bits: a learn cycle is requested"),
        ({"Cachevault_Info": [], "Status": {"BBU Status": 4160}}, False, "by its bits"),
        ({"Cachevault_Info": [], "Status": {"BBU Status": "NA"}}, None, "unknown"),
        ({"Cachevault_Info": [], "HwCfg": {"BBU": "Absent"}}, None, "none"),
    ],
)
def test_a_battery_is_well_or_not_or_absent(more: dict[str, Any], expected: bool | None, reason: str) -> None:
    assert storcli.controller_of("0", MEGARAID | more, {}).battery is expected, reason


async def test_smart_arrays_tell_the_common_series(tools: Tools) -> None:
    tools.install("ssacli", {"ctrl all show config detail": SSACLI})
    assert await tools.values() == {
        "raid_controller_info 0 3.00-0 Smart Array P408i-a SR Gen10 PEYHC0 ssacli": 1,
        "raid_controller_healthy 0 ssacli": 1,
        "raid_controller_temperature_celsius 0 ssacli": 46,
        "raid_battery_healthy 0 ssacli": 0,
        "raid_volume_state 0 RAID1 rebuilding ssacli 1": 1,
        "raid_volume_progress_ratio 0 ssacli 1": 0.12,
        "raid_volume_state 0 RAID5 degraded ssacli 2": 1,
        "raid_disk_state 0 1I:3:1 HP EG0300FCSPH W461 online ssacli": 1,
        "raid_disk_temperature_celsius 0 1I:3:1 ssacli": 30,
        "raid_disk_state 0 1I:3:2 rebuilding ssacli": 1,
        "raid_disk_state 0 1I:3:3 online ssacli": 1,
        "raid_disk_state 0 1I:3:4 spare ssacli": 1,
        "raid_disk_state 0 2I:1:5 ready ssacli": 1,
        "raid_disk_state 0 2I:1:6 failed ssacli": 1,
        **{f"raid_disk_predictive_failure 0 1I:3:{bay} ssacli": bay == 3 for bay in (1, 2, 3, 4)},
        **{f"raid_disk_predictive_failure 0 2I:1:{bay} ssacli": 0 for bay in (5, 6)},
        "raid_controller_info 4 Smart Array P822 ssacli": 1,
        "raid_controller_healthy 4 ssacli": 0,
        "raid_tool_success ssacli": 1,
    }


async def test_adaptec_controllers_tell_the_common_series(tools: Tools) -> None:
    two = ARCCONF.replace("found: 1", "found: 2")
    second = two.replace("Ready", "Failed").replace("4A12", "4A13")
    tools.install("arcconf", {"GETCONFIG 1 AL": two, "GETCONFIG 2 AL": second})
    values = await tools.values()
    expected = {
        "raid_controller_info 1 7.5-0 (32033) Adaptec ASR8805 4A12 arcconf": 1,
        "raid_controller_healthy 1 arcconf": 1,
        "raid_controller_temperature_celsius 1 arcconf": 45,
        "raid_battery_healthy 1 arcconf": 1,
        "raid_volume_state 1 RAID5 degraded arcconf 0": 1,
        "raid_volume_state 1 RAID1 optimal arcconf 1": 1,
        "raid_disk_state 1 0,8 ST1 Z1 online arcconf": 1,
        "raid_disk_predictive_failure 1 0,8 arcconf": 1,
        "raid_disk_temperature_celsius 1 0,8 arcconf": 33,
        "raid_disk_state 1 0,9 failed arcconf": 1,
        "raid_disk_predictive_failure 1 0,9 arcconf": 0,
        "raid_disk_state 1 0,10 spare arcconf": 1,
    }
    assert {key: value for key, value in values.items() if " 1 " in key} == expected
    assert values["raid_battery_healthy 2 arcconf"] == 0
    assert values["raid_tool_success arcconf"] == 1


@pytest.mark.parametrize(
    ("states", "said", "expected"),
    [
        (ssacli.VOLUME_STATES, "Ready for Rebuild", "degraded"),
        (ssacli.VOLUME_STATES, "Waiting for Rebuild", "degraded"),
        (ssacli.VOLUME_STATES, "Recovering, 4.93% complete", "rebuilding"),
        (ssacli.VOLUME_STATES, "Wrong Drive Replaced", "failed"),
        (ssacli.VOLUME_STATES, "Transforming, 3% complete", "other"),
        (arcconf.VOLUME_STATES, "Suboptimal, Fault Tolerant", "degraded"),
        (arcconf.VOLUME_STATES, "Impacted", "rebuilding"),
        (arcconf.VOLUME_STATES, "OFFLINE", "failed"),
        (arcconf.VOLUME_STATES, "", "other"),
    ],
)
def test_what_makers_say_of_volumes_is_one_of_five_states(
    states: dict[str, VolumeState], said: str, expected: str
) -> None:
    assert state_of(states, said, VolumeState.OTHER) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("OK", True), ("Recharging", True), ("Ready", True), ("Optimal", True), ("Charging (56 %)", True),
        ("Not Ready", False), ("Failed (Replace Batteries/Capacitors)", False), ("Not Fully Charged", False),
        ("Degraded", False), ("", False), ("Not Present", None), ("Not Installed", None),
    ],
)  # fmt: skip
def test_a_battery_works_or_not_by_what_is_said_of_it(said: str, expected: bool | None) -> None:
    assert works(said) is expected
    [controller] = ssacli.read_controllers(f"P420 in Slot 0\n   Battery/Capacitor Status: {said}\n")
    assert controller.battery is expected
    text = f"Controller Cache Backup Unit Information\n    Overall Backup Unit Status              : {said}\n"
    assert arcconf.read_controller("1", text).battery is expected


async def test_a_tool_that_fails_costs_its_own_and_is_told_once(tools: Tools, caplog: pytest.LogCaptureFixture) -> None:
    tools.install("ssacli", {"ctrl all show config detail": SSACLI})
    tools.install("storcli", {"/cALL show all J nolog": "You must be root\n"}, status=1)
    tools.install("arcconf", {"GETCONFIG 1 AL": ""}, status=9)
    collector = RaidCollector(tools.programs)
    for _ in range(2):
        values = by_name(await collector.collect())
        assert [values[f"raid_tool_success {tool}"] for tool in ("storcli", "ssacli", "arcconf")] == [0, 1, 0]
        assert values["raid_controller_healthy 0 ssacli"] == 1
    told = [record for record in caplog.records if record.getMessage() == "RAID controllers cannot be read"]
    assert len(told) == 2
    assert "You must be root" in str(vars(told[0]))
    assert "needs root" in str(vars(told[0]))


@pytest.mark.parametrize(
    ("tool", "answers"),
    [
        ("storcli", {"/cALL show all J nolog": json.dumps(NO_CONTROLLER)}),
        ("ssacli", {"ctrl all show config detail": "Error: No controllers detected. Possible causes:\n"}),
        ("arcconf", {"GETCONFIG 1 AL": "Controllers found: 0\n"}),
    ],
)
async def test_a_tool_without_a_controller_works(tools: Tools, tool: str, answers: dict[str, str]) -> None:
    tools.install(tool, answers, status=1)
    assert await tools.values() == {f"raid_tool_success {tool}": 1}


async def test_a_host_without_any_tool_is_told_what_to_do(tools: Tools) -> None:
    with pytest.raises(NotInstalledError, match=r"storcli, ssacli, arcconf.*install the controller's tool, or set"):
        await tools.values()


async def test_a_tool_that_does_not_end_or_floods_is_ended(tools: Tools) -> None:
    flood, hang = tools.folder / "ssacli", tools.folder / "arcconf"
    flood.write_text("#!/bin/sh\nyes\n")
    hang.write_text("#!/bin/sh\nsleep 60\n")
    for file in (flood, hang):
        file.chmod(0o755)
    tools.programs = {name: _hasty(program) for name, program in tools.programs.items()}
    assert await tools.values() == {"raid_tool_success ssacli": 0, "raid_tool_success arcconf": 0}


def _hasty(program: Program) -> Program:
    return dataclasses.replace(program, seconds=0.3, most_output=1000)


# Hostile answers

_KEYS = st.sampled_from(
    ["Status", "Controller Status", "BBU Status", "HwCfg", "BBU", "VD LIST", "PD LIST", "DG/VD", "EID:Slt", "State",
     "Cachevault_Info", "Physical Device Information", "Drive /c0/s", "ROC temperature", "Virtual Drives", "Model"]
)  # fmt: skip
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["Optl", "1:2"]),
    lambda more: st.lists(more, max_size=3) | st.dictionaries(_KEYS, more, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(_KEYS, _VALUES, max_size=6), st.dictionaries(_KEYS, _VALUES, max_size=3))
def test_a_controller_may_answer_anything(answer: dict[str, Any], drives: dict[str, Any]) -> None:
    controller = storcli.controller_of("0", answer, drives)
    samples = [*samples_of("storcli", controller), *megaraid_samples(controller, answer, drives)]
    series = [sample.series for sample in samples]
    assert len(series) == len(set(series))
    assert all(text.isprintable() and len(text) <= 200 for one in series for _, text in one.labels)


@given(_VALUES)
def test_rebuilds_may_be_told_anyhow(answer: Any) -> None:
    rows = [{"Drive-ID": "/c0/e1/s2", "Progress%": answer}, answer]
    for told in (answer, {"Controllers": answer}, {"Controllers": [{"Response Data": rows}]}):
        try:
            output = json.dumps(told)
        except ValueError:
            continue
        assert all(0 <= share <= 1 for share in storcli.read_rebuilds(output).values())


@given(st.data())
def test_a_listing_may_be_cut_and_mixed_anyhow(data: st.DataObject) -> None:
    for whole in (SSACLI, ARCCONF):
        lines = data.draw(st.lists(st.sampled_from(whole.splitlines()) | st.text(max_size=20), max_size=30))
        text = "\n".join(["Smart Array X in Slot 1", *lines])
        for controller in (*ssacli.read_controllers(text), arcconf.read_controller("1", text)):
            series = [sample.series for sample in samples_of("x", controller)]
            assert len(series) == len(set(series))


def test_a_number_of_disks_beyond_reason_is_cut() -> None:
    many = MEGARAID | {"PD LIST": [raid_answers.drive(slot, "Onln") for slot in range(5000)]}
    controller = storcli.controller_of("0", many, {})
    assert len(list(samples_of("storcli", controller))) < 1100


def test_json_of_any_depth_is_no_answer_and_no_crash() -> None:
    deep = "[" * 100_000
    with pytest.raises(ValueError, match="no JSON"):
        storcli.read_answers(deep)
    assert storcli.read_rebuilds(deep) == {}
