"""Small recordings made from the makers' MIBs, of devices and functions of which there is no real one.

An object's value is an integer or a text; OIDs are below enterprises (1.3.6.1.4.1) unless they begin with `mib-2`.
"""

from __future__ import annotations

from typing import NamedTuple


class Made(NamedTuple):
    """A device's objects, and the common series that a poll must give, without their prefix `forewatch_device_`."""

    name: str
    object_id: str
    descr: str
    objects: dict[str, int | str]
    series: dict[str, float]


# fmt: off
MADE = (
    Made("Aruba CX", "47196.4.1.1.1.100", "Aruba JL658A 6300M FL.10.04.0030", {
        "47196.4.1.1.3.11.5.1.1.4.1.1.1": "1/1/1", "47196.4.1.1.3.11.5.1.1.5.1.1.1": "ok",
        "47196.4.1.1.3.11.5.1.1.8.1.1.1": 5400,
        "47196.4.1.1.3.11.5.1.1.4.1.1.2": "1/1/2", "47196.4.1.1.3.11.5.1.1.5.1.1.2": "fault",
        "47196.4.1.1.3.11.5.1.1.8.1.1.2": 0,
        "47196.4.1.1.3.11.2.1.1.3.1.1": "1/1", "47196.4.1.1.3.11.2.1.1.4.1.1": "ok",
        "47196.4.1.1.3.11.2.1.1.7.1.1": 120,
        "47196.4.1.1.3.11.2.1.1.3.1.2": "1/2", "47196.4.1.1.3.11.2.1.1.4.1.2": "fault_absent",
        "47196.4.1.1.3.11.3.1.1.5.1.1.1.1": "1/1-PHY-01", "47196.4.1.1.3.11.3.1.1.7.1.1.1.1": 41_500,
        "47196.4.1.1.3.15.1.2.1.3.1": 3, "47196.4.1.1.3.15.1.2.1.3.2": 5, "47196.4.1.1.3.15.1.2.1.9.1": 7,
    }, {
        "fan_ok fan=fan 1/1/1": 1, "fan_ok fan=fan 1/1/2": 0, "fan_rpm fan=fan 1/1/1": 5400,
        "power_supply_ok power_supply=power 1/1": 1, "power_watts sensor=power 1/1": 120,
        "temperature_celsius sensor=1/1-PHY-01": 41.5, "cpu_usage_percent cpu=member 1": 7,
        "ha_state sensor=stack member 1": 3, "sensor_ok kind=ha sensor=stack member 1": 1,
        "ha_state sensor=stack member 2": 5, "sensor_ok kind=ha sensor=stack member 2": 0,
    }),
    Made("MikroTik RouterOS 7", "14988.1", "RouterOS CCR2004-16G-2S+", {
        "14988.1.1.3.100.1.2.14": "temperature", "14988.1.1.3.100.1.3.14": 38, "14988.1.1.3.100.1.4.14": 1,
        "14988.1.1.3.100.1.2.7001": "fan1-speed", "14988.1.1.3.100.1.3.7001": 4200, "14988.1.1.3.100.1.4.7001": 2,
        "14988.1.1.3.100.1.2.7201": "psu1-voltage", "14988.1.1.3.100.1.3.7201": 121, "14988.1.1.3.100.1.4.7201": 3,
        "14988.1.1.19.1.1.2.1": "sfp-sfpplus1", "14988.1.1.19.1.1.9.1": -2150, "14988.1.1.19.1.1.10.1": -7300,
        "14988.1.1.1.3.1.6.7": 12, "mib-2.31.1.1.1.1.7": "wlan1",
    }, {
        "temperature_celsius sensor=temperature": 38, "fan_rpm fan=fan1-speed": 4200,
        "voltage_volts sensor=psu1-voltage": 12.1, "optics_dbm sensor=sfp-sfpplus1 rx": -7.3,
        "optics_dbm sensor=sfp-sfpplus1 tx": -2.15, "wireless_clients sensor=wlan1": 12,
    }),
    Made("Hillstone", "28557.1.300", "Hillstone StoneOS Software, Version 5.5R6P8 SG-6000-E3960", {
        "28557.2.2.1.3.0": 12, "28557.2.2.1.4.0": 4000, "28557.2.2.1.5.0": 1000, "28557.2.2.1.6.0": 2_000_000,
        "28557.2.2.1.7.0": 150_000, "28557.2.2.1.8.0": 2,
        "28557.2.27.1.2.1.2.1": "Power 1", "28557.2.27.1.2.1.3.1": 0, "28557.2.27.1.2.1.2.2": "Power 2",
        "28557.2.27.1.2.1.3.2": 4, "28557.2.28.1.2.1.2.1": "CPU", "28557.2.28.1.2.1.3.1": 45,
    }, {
        "cpu_usage_percent cpu=system": 12, "memory_usage_percent pool=system": 25, "sessions sensor=system": 150_000,
        "sessions_limit sensor=system": 2_000_000, "ha_state sensor=HA": 2, "temperature_celsius sensor=CPU": 45,
        "power_supply_ok power_supply=Power 1": 1, "power_supply_ok power_supply=Power 2": 0,
    }),
    Made("F5 BIG-IP", "3375.2.1.3.4.43", "BIG-IP", {
        "3375.2.1.1.2.20.37.0": 22, "3375.2.1.1.2.1.44.0": 8000, "3375.2.1.1.2.1.45.0": 2000,
        "3375.2.1.1.2.1.8.0": 5120, "3375.2.1.14.3.1.0": 4, "3375.2.1.14.1.1.0": 4,
        "3375.2.1.3.2.1.2.1.2.1": 1, "3375.2.1.3.2.1.2.1.3.1": 7100, "3375.2.1.3.2.2.2.1.2.1": 1,
        "3375.2.1.3.2.2.2.1.2.2": 2, "3375.2.1.3.2.3.2.1.2.1": 29,
        "3375.2.2.10.13.2.1.2.4.47.67.47.118": 3, "3375.2.2.5.5.2.1.2.4.47.67.47.112": 1,
    }, {
        "cpu_usage_percent cpu=system": 22, "memory_usage_percent pool=TMM": 25, "sessions sensor=clients": 5120,
        "ha_state sensor=failover": 4, "sensor_ok kind=ha sensor=failover": 1,
        "sensor_ok kind=state sensor=configuration sync": 0, "fan_ok fan=fan 1": 1, "fan_rpm fan=fan 1": 7100,
        "power_supply_ok power_supply=power 1": 1, "temperature_celsius sensor=chassis 1": 29,
        "sensor_ok kind=state sensor=virtual server /C/v": 0, "sensor_ok kind=state sensor=pool /C/p": 1,
    }),
    Made("Huawei S series, optics in microwatts", "2011.2.23.276", "S5720", {
        "mib-2.47.1.1.1.1.7.67": "GigabitEthernet0/0/1", "2011.5.25.31.1.1.3.1.8.67": 500,
        "2011.5.25.31.1.1.3.1.9.67": 250, "mib-2.47.1.1.1.1.7.68": "GigabitEthernet0/0/2",
        "2011.5.25.31.1.1.3.1.8.68": -1, "2011.5.25.31.1.1.3.1.9.68": -1,
    }, {"optics_dbm sensor=GigabitEthernet0/0/1 rx": -3.0103, "optics_dbm sensor=GigabitEthernet0/0/1 tx": -6.0206}),
    Made("Huawei CloudEngine, optics in hundredths of a dBm", "2011.2.239.5", "CE6850", {
        "mib-2.47.1.1.1.1.7.67": "10GE1/0/1", "2011.5.25.31.1.1.3.1.8.67": -229, "2011.5.25.31.1.1.3.1.9.67": 150,
        "2011.5.25.31.1.1.3.1.32.67": "-229", "2011.5.25.31.1.1.3.1.33.67": "150",
        "mib-2.47.1.1.1.1.7.68": "40GE1/0/1", "2011.5.25.31.1.1.3.1.8.68": -310, "2011.5.25.31.1.1.3.1.9.68": -120,
        "2011.5.25.31.1.1.3.1.32.68": "-310,-305,-298,-322", "2011.5.25.31.1.1.3.1.33.68": "-120,-118,-121,-119",
    }, {
        "optics_dbm sensor=10GE1/0/1 rx": -2.29, "optics_dbm sensor=10GE1/0/1 tx": 1.5,
        "optics_dbm sensor=40GE1/0/1 rx": -3.1, "optics_dbm sensor=40GE1/0/1 tx": -1.2,
    }),
    Made("Huawei access controller", "2011.2.240.6", "AC6605", {
        "2011.6.139.12.1.2.1.0": 2, "2011.6.139.12.1.2.3.0": 35,
        "2011.6.139.13.3.3.1.4.0.30.16.1.2.3": "hall-1", "2011.6.139.13.3.3.1.6.0.30.16.1.2.3": 8,
        "2011.6.139.13.3.3.1.4.0.30.16.1.2.4": "hall-2", "2011.6.139.13.3.3.1.6.0.30.16.1.2.4": 4,
    }, {
        "access_points sensor=system": 2, "wireless_clients sensor=system": 35,
        "access_point_ok access_point=hall-1": 1, "access_point_ok access_point=hall-2": 0,
    }),
    Made("Cisco ASA", "9.1.1195", "Cisco Adaptive Security Appliance Version 9.8(2)", {
        "9.9.147.1.2.2.2.1.5.40.6": 1234, "9.9.147.1.2.1.1.1.3.6": 9, "9.9.147.1.2.1.1.1.3.7": 3,
        "9.9.392.1.3.1.0": 17, "9.9.171.1.3.1.1.0": 3,
    }, {
        "sessions sensor=connections in use": 1234, "ha_state sensor=failover primary": 9,
        "sensor_ok kind=ha sensor=failover primary": 1, "ha_state sensor=failover secondary": 3,
        "sensor_ok kind=ha sensor=failover secondary": 0, "vpn_tunnels sensor=remote access": 17,
        "vpn_tunnels sensor=IPsec": 3,
    }),
    Made("Fortinet with tunnels", "12356.101.1.1001", "fw", {
        "12356.101.12.2.2.1.2.1": "branch", "12356.101.12.2.2.1.3.1": "lan", "12356.101.12.2.2.1.20.1": 1,
        "12356.101.12.1.1.0": 0, "12356.101.4.1.8.0": 900,
    }, {"vpn_tunnel_ok vpn_tunnel=branch lan": 0, "vpn_tunnels sensor=IPsec": 0, "sessions sensor=system": 900}),
    Made("Juniper SRX", "2636.1.1.1.2.41", "Juniper Networks, Inc. srx650 internet router, kernel JUNOS 12.1X46-D40", {
        "2636.3.39.1.12.1.1.1.4.0": 11, "2636.3.39.1.12.1.1.1.5.0": 60, "2636.3.39.1.12.1.1.1.6.0": 4000,
        "2636.3.39.1.12.1.1.1.7.0": 524_288,
    }, {
        "cpu_usage_percent cpu=SPU 0": 11, "memory_usage_percent pool=SPU 0": 60, "sessions sensor=SPU 0": 4000,
        "sessions_limit sensor=SPU 0": 524_288,
    }),
    Made("Palo Alto pair", "25461.2.3.38", "Palo Alto Networks PA-220 series firewall", {
        "25461.2.1.2.1.11.0": "passive", "25461.2.1.2.1.12.0": "suspended", "25461.2.1.2.3.2.0": 64_000,
        "25461.2.1.2.3.3.0": 120,
    }, {
        "ha_state sensor=HA": 2, "sensor_ok kind=ha sensor=HA": 1, "ha_state sensor=HA peer": 8,
        "sensor_ok kind=ha sensor=HA peer": 0, "sessions sensor=system": 120, "sessions_limit sensor=system": 64_000,
    }),
    Made("Ruckus ICX", "1991.1.3.64.1.2.1.1", "Ruckus Wireless, Inc. ICX7150-24, IronWare Version 08.0.95", {
        "mib-2.31.1.1.1.1.3": "ethernet1/1/3", "1991.1.1.3.3.6.1.2.3": "-002.1340 dBm: Normal",
        "1991.1.1.3.3.6.1.3.3": "-031.5490 dBm: Low-Alarm", "1991.1.1.1.3.1.1.3.1": 2, "1991.1.1.1.3.1.1.3.2": 3,
    }, {
        "optics_dbm sensor=ethernet1/1/3 tx": -2.134, "optics_dbm sensor=ethernet1/1/3 rx": -31.549,
        "fan_ok fan=fan 1": 1, "fan_ok fan=fan 2": 0,
    }),
    Made("Aruba switch", "11.2.3.7.11.181", "Aruba JL261A 2930F, revision WC.16.10.0009", {
        "11.2.14.11.5.1.9.6.1.0": 9, "11.2.14.11.5.1.1.2.1.1.1.5.1": 1000, "11.2.14.11.5.1.1.2.1.1.1.6.1": 250,
        "11.2.14.11.1.2.8.1.1.2.0": "Sys-1", "11.2.14.11.1.2.8.1.1.3.0": "27C",
        "mib-2.31.1.1.1.1.25": "25", "11.2.14.11.5.1.82.1.1.1.1.14.25": -2560,
        "11.2.14.11.5.1.82.1.1.1.1.15.25": -99_999_999,
    }, {
        "cpu_usage_percent cpu=system": 9, "memory_usage_percent pool=slot 1": 75,
        "temperature_celsius sensor=Sys-1": 27,
        "optics_dbm sensor=25 tx": -2.56,
    }),
    Made("Maipu under MyPower OS", "5651.1.102.90", "MyPower S4320-28TF Switch", {
        "5651.3.20.1.1.1.1.0": 100, "5651.3.20.1.1.1.8.0": 400, "5651.3.600.9.1.1.3.1": 15,
        "5651.3.600.9.2.1.2.1": 40,
    }, {
        "memory_usage_percent pool=system": 75, "cpu_usage_percent cpu=cpu 1": 15,
        "temperature_celsius sensor=sensor 1": 40,
    }),
    Made("H3C SecPath and IRF", "25506.1.1440", "H3C Comware Platform Software, Software Version 7.1.064", {
        "25506.2.149.1.1.1.4.1.0.0": 5000, "25506.2.91.1.2.0": 2, "25506.2.91.4.1.3.1.1": 1,
        "25506.2.91.4.1.3.1.2": 2, "25506.2.75.1.1.2.21.0": 80, "25506.2.75.1.1.3.6.0": 640,
    }, {
        "sessions sensor=sessions 1.0.0": 5000, "ha_state sensor=IRF members": 2,
        "sensor_ok kind=state sensor=IRF port 1/1": 1, "sensor_ok kind=state sensor=IRF port 1/2": 0,
        "access_points sensor=system": 80, "wireless_clients sensor=system": 640,
    }),
    Made("ZTE with ZXR10-MIB", "3902.3.100.40", "ZXR10 5928E", {
        "3902.3.3.1.1.12.1": 13, "3902.3.3.1.1.4.1": 44,
    }, {"cpu_usage_percent cpu=unit 1": 13, "memory_usage_percent pool=unit 1": 44}),
)
# fmt: on
