"""Small recordings made from the makers' MIBs: management controllers of servers, storage, and power strips."""

from __future__ import annotations

from tests.agent.snmp.profiles.made import Made

# fmt: off
SERVERS = (
    Made("Dell iDRAC", "674.10892.5", "", {
        "674.10892.5.2.1.0": 5, "674.10892.5.2.3.0": 3, "674.10892.5.2.4.0": 4,
        "674.10892.5.4.600.12.1.5.1.1": 3, "674.10892.5.4.600.12.1.8.1.1": "PS1 Status",
        "674.10892.5.4.600.12.1.5.1.2": 5, "674.10892.5.4.600.12.1.8.1.2": "PS2 Status",
        "674.10892.5.4.600.30.1.6.1.1": 4, "674.10892.5.4.600.30.1.7.1.1": 24,
        "674.10892.5.4.600.30.1.8.1.1": "PS1 Current 1",
        "674.10892.5.4.600.30.1.6.1.3": 182, "674.10892.5.4.600.30.1.7.1.3": 26,
        "674.10892.5.4.600.30.1.8.1.3": "System Board Pwr Consumption",
        "674.10892.5.4.600.50.1.5.1.1": 3, "674.10892.5.4.600.50.1.7.1.1": "System Board CMOS Battery",
        "674.10892.5.4.700.12.1.5.1.1": 3, "674.10892.5.4.700.12.1.6.1.1": 5640,
        "674.10892.5.4.700.12.1.8.1.1": "System Board Fan1",
        "674.10892.5.4.700.20.1.5.1.1": 3, "674.10892.5.4.700.20.1.6.1.1": 215,
        "674.10892.5.4.700.20.1.8.1.1": "System Board Inlet Temp",
        "674.10892.5.4.1100.30.1.5.1.1": 3, "674.10892.5.4.1100.30.1.26.1.1": "CPU.Socket.1",
        "674.10892.5.4.1100.50.1.5.1.1": 5, "674.10892.5.4.1100.50.1.8.1.1": "DIMM.Socket.A1",
        "674.10892.5.5.1.20.130.4.1.4.1": 3, "674.10892.5.5.1.20.130.4.1.55.1": "Physical Disk 0:1:0",
        "674.10892.5.5.1.20.130.4.1.31.1": 1,
        "674.10892.5.5.1.20.130.4.1.4.2": 7, "674.10892.5.5.1.20.130.4.1.55.2": "Physical Disk 0:1:1",
        "674.10892.5.5.1.20.140.1.1.4.1": 4, "674.10892.5.5.1.20.140.1.1.36.1": "Virtual Disk 0",
    }, {
        "sensor_ok kind=state sensor=system": 0, "sensor_ok kind=storage sensor=all storage": 1,
        "sensor_ok kind=state sensor=power": 1, "power_supply_ok power_supply=PS1 Status": 1,
        "power_supply_ok power_supply=PS2 Status": 0, "power_watts sensor=System Board Pwr Consumption": 182,
        "battery_ok battery=System Board CMOS Battery": 1, "fan_ok fan=System Board Fan1": 1,
        "fan_rpm fan=System Board Fan1": 5640, "temperature_celsius sensor=System Board Inlet Temp": 21.5,
        "sensor_ok kind=temperature sensor=System Board Inlet Temp": 1,
        "sensor_ok kind=state sensor=processor CPU.Socket.1": 1,
        "sensor_ok kind=state sensor=memory DIMM.Socket.A1": 0,
        "sensor_ok kind=storage sensor=Physical Disk 0:1:0": 1,
        "sensor_ok kind=state sensor=SMART Physical Disk 0:1:0": 0,
        "sensor_ok kind=storage sensor=Physical Disk 0:1:1": 0, "sensor_ok kind=storage sensor=Virtual Disk 0": 0,
    }),
    Made("HPE iLO", "232.9.4.11", "Integrated Lights-Out 5 2.30 Aug 24 2020", {
        "232.6.1.3.0": 4, "232.1.2.2.1.1.6.0": 2, "232.6.2.6.7.1.9.0.1": 2, "232.6.2.6.7.1.9.0.2": 4,
        "232.6.2.6.8.1.3.0.1": 11, "232.6.2.6.8.1.4.0.1": 22, "232.6.2.6.8.1.6.0.1": 2,
        "232.6.2.6.8.1.3.0.2": 6, "232.6.2.6.8.1.4.0.2": 0, "232.6.2.6.8.1.6.0.2": 1,
        "232.6.2.9.3.1.4.0.1": 2, "232.6.2.9.3.1.7.0.1": 96, "232.6.2.14.13.1.20.0": 2, "232.6.2.14.13.1.20.1": 1,
        "232.3.2.2.1.1.6.0": 2, "232.3.2.2.2.1.6.0": 6, "232.3.2.3.1.1.11.0.1": 3, "232.3.2.5.1.1.6.0.0": 2,
        "232.3.2.5.1.1.37.0.0": 2, "232.3.2.5.1.1.70.0.0": 33, "232.3.2.5.1.1.37.0.1": 4,
    }, {
        "sensor_ok kind=state sensor=system": 0, "sensor_ok kind=state sensor=processor 0": 1,
        "fan_ok fan=fan 1": 1, "fan_ok fan=fan 2": 0, "temperature_celsius sensor=ambient 1": 22,
        "sensor_ok kind=temperature sensor=ambient 1": 1, "power_supply_ok power_supply=power supply 1": 1,
        "power_watts sensor=power supply 1": 96, "sensor_ok kind=state sensor=memory 0": 1,
        "sensor_ok kind=state sensor=controller 0": 1, "sensor_ok kind=storage sensor=volume 0/1": 0,
        "sensor_ok kind=storage sensor=disk 0/0": 1, "sensor_ok kind=storage sensor=disk 0/1": 0,
        "temperature_celsius sensor=disk 0/0": 33,
    }),
    Made("Lenovo XClarity", "19046.11.1", "Lenovo", {
        "19046.11.1.1.4.1.0": 255, "19046.11.1.1.1.2.1.2.1": "Ambient Temp", "19046.11.1.1.1.2.1.3.1": 24,
        "19046.11.1.1.3.2.1.2.1": "Fan 1A Tach", "19046.11.1.1.3.2.1.3.1": " 42%",
        "19046.11.1.1.11.2.1.2.1": "Power Supply 1", "19046.11.1.1.11.2.1.6.1": "Normal",
        "19046.11.1.1.11.2.1.2.2": "Power Supply 2", "19046.11.1.1.11.2.1.6.2": "Critical",
        "19046.11.1.1.12.2.1.2.1": "M.2 Disk 0", "19046.11.1.1.12.2.1.3.1": "Normal",
    }, {
        "sensor_ok kind=state sensor=system": 1, "temperature_celsius sensor=Ambient Temp": 24,
        "fan_speed_percent fan=Fan 1A Tach": 42, "power_supply_ok power_supply=Power Supply 1": 1,
        "power_supply_ok power_supply=Power Supply 2": 0, "sensor_ok kind=storage sensor=M.2 Disk 0": 1,
    }),
    Made("Synology behind Net-SNMP", "8072.3.2.10", "Linux nas 4.4.180+ #42962 SMP x86_64", {
        "6574.1.1.0": 1, "6574.1.2.0": 41, "6574.1.3.0": 1, "6574.1.4.1.0": 2, "6574.1.5.1.0": "RS2418+",
        "6574.2.1.1.2.0": "Disk 1", "6574.2.1.1.5.0": 5, "6574.2.1.1.6.0": 36,
        "6574.3.1.1.2.0": "Volume 1", "6574.3.1.1.3.0": 11, "6574.3.1.1.4.0": 250, "6574.3.1.1.5.0": 1000,
    }, {
        "sensor_ok kind=state sensor=system": 1, "temperature_celsius sensor=system": 41,
        "power_supply_ok power_supply=power supply": 1, "fan_ok fan=system fan": 0,
        "sensor_ok kind=storage sensor=Disk 1": 0, "temperature_celsius sensor=Disk 1": 36,
        "sensor_ok kind=storage sensor=Volume 1": 0, "storage_usage_percent storage=Volume 1": 75,
    }),
    Made("Supermicro's controller", "21317.1", "BMC", {
        "21317.1.3.1.2.1": 48, "21317.1.3.1.13.1": "CPU1 Temp", "21317.1.3.1.2.2": 5600, "21317.1.3.1.13.2": "FAN1",
        "21317.1.3.1.2.3": 0, "21317.1.3.1.13.3": "FAN2", "21317.1.3.1.2.4": 12, "21317.1.3.1.13.4": "12V",
    }, {"temperature_celsius sensor=CPU1 Temp": 48, "fan_rpm fan=FAN1": 5600}),
    Made("Supermicro's agent", "10876.2", "SuperDoctor", {
        "10876.2.2.0": 2, "10876.2.1.1.1.1.2.1": "Fan1 Fan Speed", "10876.2.1.1.1.1.3.1": 0,
        "10876.2.1.1.1.1.4.1": 3760, "10876.2.1.1.1.1.2.7": "System Temperature", "10876.2.1.1.1.1.3.7": 2,
        "10876.2.1.1.1.1.4.7": 35, "10876.2.1.1.1.1.2.8": "Vcore Voltage", "10876.2.1.1.1.1.3.8": 1,
        "10876.2.1.1.1.1.4.8": 1080,
    }, {
        "sensor_ok kind=state sensor=system": 0, "fan_rpm fan=Fan1 Fan Speed": 3760,
        "temperature_celsius sensor=System Temperature": 35,
    }),
    Made("Raritan PX", "13742.6", "PX2", {
        "13742.6.5.2.3.1.4.1.1.1": 125, "13742.6.3.3.4.1.6.1.1.1": 2, "13742.6.3.3.4.1.7.1.1.1": 1,
        "13742.6.5.2.3.1.4.1.1.5": 2800, "13742.6.3.3.4.1.6.1.1.5": 3, "13742.6.3.3.4.1.7.1.1.5": 0,
        "13742.6.5.2.3.1.4.1.1.7": 98, "13742.6.3.3.4.1.6.1.1.7": -1, "13742.6.3.3.4.1.7.1.1.7": 2,
        "13742.6.5.5.3.1.4.1.1": 231, "13742.6.3.6.3.1.2.1.1": 10, "13742.6.3.6.3.1.17.1.1": 1,
        "13742.6.3.6.3.1.4.1.1": "inlet", "13742.6.5.5.3.1.4.1.2": 45, "13742.6.3.6.3.1.2.1.2": 11,
        "13742.6.3.6.3.1.17.1.2": 0, "13742.6.3.6.3.1.4.1.2": "rack",
    }, {
        "current_amperes sensor=inlet 1 current": 12.5, "power_watts sensor=inlet 1 active power": 2800,
        "temperature_celsius sensor=sensor 1 inlet": 23.1, "humidity_percent sensor=sensor 2 rack": 45,
    }),
    Made("APC UPS with probes", "318.1.3.27", "APC Web/SNMP Management Card", {
        "318.1.1.1.2.1.1.0": 2, "318.1.1.1.2.2.1.0": 100, "318.1.1.1.2.2.3.0": 360_000, "318.1.1.1.2.2.4.0": 2,
        "318.1.1.1.2.2.8.0": 54, "318.1.1.1.4.1.1.0": 3, "318.1.1.25.1.2.1.3.1.1": "rack", "318.1.1.25.1.2.1.6.1.1": 24,
        "318.1.1.25.1.2.1.7.1.1": -1, "318.1.1.25.1.2.1.9.1.1": 3, "318.1.1.10.2.3.2.1.2.1": "door",
        "318.1.1.10.2.3.2.1.4.1": 71, "318.1.1.10.2.3.2.1.5.1": 2, "318.1.1.10.2.3.2.1.6.1": 40,
    }, {
        "battery_ok battery=battery": 1, "battery_charge_percent battery=battery": 100,
        "battery_runtime_seconds battery=battery": 3600, "sensor_ok kind=state sensor=battery replacement": 0,
        "voltage_volts sensor=battery": 54, "sensor_ok kind=state sensor=output source": 0,
        "temperature_celsius sensor=rack": 24, "sensor_ok kind=state sensor=sensor rack": 0,
        "humidity_percent sensor=door": 40,
    }),
    Made("QNAP", "24681.2", "NAS", {
        "24681.1.4.1.1.1.1.5.2.1.2.1": "3.5 SATA 1", "24681.1.4.1.1.1.1.5.2.1.5.1": 0,
        "24681.1.4.1.1.1.1.5.2.1.2.2": "3.5 SATA 2", "24681.1.4.1.1.1.1.5.2.1.5.2": 2,
    }, {"sensor_ok kind=storage sensor=3.5 SATA 1": 1, "sensor_ok kind=storage sensor=3.5 SATA 2": 0}),
    Made("NetApp by node", "789.2.5", "NetApp Release 9.7P4: Mon Jun 01 2020", {
        "789.1.25.2.1.1.2.110.49": "n1", "789.1.25.2.1.11.2.110.49": 1, "789.1.25.2.1.17.2.110.49": 1,
        "789.1.25.2.1.18.2.110.49": 1, "789.1.25.2.1.19.2.110.49": 2, "789.1.25.2.1.21.2.110.49": 0,
        "789.1.5.8.1.2.1": "data", "789.1.5.8.1.5.1": "offline", "789.1.5.11.1.2.1": "aggr1",
        "789.1.5.11.1.5.1": "online",
    }, {
        "sensor_ok kind=state sensor=node n1": 1, "battery_ok battery=NVRAM n1": 1,
        "sensor_ok kind=temperature sensor=enclosure n1": 1, "fan_ok fan=all fans n1": 0,
        "power_supply_ok power_supply=all power supplies n1": 1, "sensor_ok kind=state sensor=volume data": 0,
        "sensor_ok kind=state sensor=aggregate aggr1": 1,
    }),
)
# fmt: on
