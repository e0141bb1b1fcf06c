"""What each recording must be identified as; written from its sysDescr, its ENTITY-MIB and its labels.

`ANY` is where nothing is expected yet: a profile will know better than the standard MIBs.
"""

from __future__ import annotations

from typing import NamedTuple

ANY = "*"


class Expected(NamedTuple):
    """A row; `sensors` are kinds that must be among those found."""

    recording: str
    vendor: str | None
    model: str | None
    os_name: str | None
    os_version: str | None
    serial_number: str | None
    device_class: str | None
    profile: str | None
    sensors: str = ""


# Recordings of nothing that says who the device is.
SILENT = ("camera/hikvision",)

# fmt: off
EXPECTED = (
    Expected("UPS/apc-7902b", "APC", "AP7902B", "AOS", "6.7.2", "5A1551F39430", "pdu", "apc-pdu", "current state"),
    Expected(
        "UPS/apc-8641", "APC", "AP8641", "AOS",
        "6.7.2", "3F3452A52295", "pdu", "apc-pdu", "current power state voltage",
    ),
    Expected(
        "UPS/apc-8932", "APC", "AP8932", "AOS",
        "6.7.2", "3F503A169043", "pdu", "apc-pdu", "current power state voltage",
    ),
    Expected(
        "UPS/eastpower-istars-swv053", "EAST", "EA9080", None,
        "V8.0", None, "ups", None, "battery current frequency state temperature voltage",
    ),
    Expected(
        "UPS/eaton-93e-80", "Eaton", "EATON 93E 80", None,
        "2.08.0011", "4K234LXX06", "ups", "eaton-ups",
        "battery current frequency load power state temperature voltage",
    ),
    Expected(
        "UPS/eaton-9px-partial", "Eaton", "Eaton 9PX 2200i RT 3U", None,
        "01.17.4945", "GX13G45099", "ups", "eaton-ups",
        "battery current frequency load power state temperature voltage",
    ),
    Expected(
        "UPS/emerson-network-power", "Emerson", None, None,
        "13.00", "US11R0030L", "ups", "emerson-ups", "battery current frequency load voltage",
    ),
    Expected(
        "UPS/huawei-gse200m", "Huawei", "UPS5000-E", "Linux",
        "V100R001C10SPC600", "2102310NYJ10EB000045", "ups", "net-snmp",
        "battery current frequency load power state voltage",
    ),
    Expected(
        "UPS/ingrasys-power-switch", "Santak", "Array-3A3", None,
        None, None, "ups", None, "battery current frequency load power state temperature voltage",
    ),
    Expected("UPS/juniper-ac", "Juniper", None, None, None, None, ANY, None),
    Expected(
        "UPS/phoenixtec-power", "Phoenixtec", None, None,
        None, None, "ups", None, "battery current frequency load power state temperature voltage",
    ),
    Expected(
        "UPS/vertiv-power", "Vertiv", "Liebert PEX", None,
        "PAL 1.04.026.STD", "416791G106T2010SEP230036", "cooling", "vertiv-liebert",
        "fan humidity load state temperature",
    ),
    Expected(
        "bmc/hp-onboard-administrator", "HPE", "BladeSystem c7000 Enclosure G2", "Onboard Administrator",
        "3.60", "6CU250TV5C", "server", "hpe-onboard-administrator", "fan load power power_supply state temperature",
    ),
    Expected(
        "camera/hikvision-network-video-recorder", "Hikvision", None, None,
        None, "0820161024CCRR666108343WCVU", "camera", "hikvision", "memory state storage",
    ),
    Expected("camera/samsung-ipolis", "Samsung", None, None, None, None, "camera", None, "cpu load memory storage"),
    Expected(
        "camera/semac-ipcam-500", None, None, "Linux",
        "2.6.18_pro500-davinci", None, "camera", "net-snmp", "cpu load memory storage",
    ),
    Expected("camera/wds-ips-1022", None, None, None, None, None, "environment", None),
    Expected(
        "cloud/arista-dcs-7150s-52-cl", "Arista", "DCS-7150S-52-CL", "EOS",
        "4.20.5F", "JPE15151458", "switch", "arista-eos",
        "cpu current fan load memory power state storage temperature voltage",
    ),
    Expected(
        "iot/geist-temperature-sensor", "Geist", "WD15", None,
        "3.4.0", None, "environment", "geist-watchdog", "humidity temperature",
    ),
    Expected(
        "network/appliance/cisco-controller", "Cisco", "AIR-CT5508-K9", "AireOS",
        "7.6.130.0", "FCW1430L0CZ", "wireless_controller", "cisco-wlc", "cpu memory",
    ),
    Expected(
        "network/appliance/cisco-ucs-6100", "Cisco", "UCS-FI-6248UP", "NX-OS",
        "5.2(3)N2(2.28g)", "SSI1822049X", "switch", "cisco-nxos", "cpu fan memory power_supply temperature",
    ),
    Expected(
        "network/appliance/cisco-ucs-6100-k9", "Cisco", "UCS-FI-6248UP", "NX-OS",
        "5.2(3)N2(2.28g)", "SSI1822049X", "switch", "cisco-nxos", "cpu fan memory power_supply temperature",
    ),
    Expected(
        "network/appliance/cisco-unknown-01", "Cisco", "WS-C6509-E", "IOS",
        None, "SMG1151NLQS", "switch", "cisco-ios", "cpu current fan memory optics power_supply temperature voltage",
    ),
    Expected(
        "network/appliance/empirical-hw-mgmt", "Huawei", "RH5885 V3", "iBMC",
        None, "2102311JWG10H4000737", "server", "huawei-server",
        "cpu fan load memory power power_supply state storage temperature",
    ),
    Expected("network/appliance/huawei-ism", "Huawei", None, None, None, None, "storage", "huawei-storage"),
    Expected(
        "network/appliance/infosec-nsae-6500", "Infosec", None, None,
        None, None, ANY, None, "cpu load memory storage",
    ),
    Expected("network/appliance/meru-networks-controller", "Meru", None, None, None, None, ANY, None),
    Expected("network/appliance/network-research-squid", None, None, None, None, None, ANY, None),
    Expected(
        "network/appliance/nsfocus-ads", "NSFOCUS", "ADS-2010", None,
        None, None, "appliance", "nsfocus",
        "cpu load memory storage",
    ),
    Expected("network/appliance/tripplite-poweralert", "Tripp Lite", None, "Linux", "4.4.31", None, ANY, None, "state"),
    Expected("network/appliance/ucdavis-sic", None, None, "Linux", "2.4.20_mvl31-integrator", None, "server", None),
    Expected(
        "network/appliance/vss-monitoring-optimizer-2400-span", "VSS Monitoring", None, None,
        None, None, ANY, None,
    ),
    Expected("network/firewall/clavister-amaranten", "Clavister", None, None, None, None, "firewall", None),
    Expected(
        "network/firewall/fortinet-xcu", "Fortinet", "FGT_3000D", "FortiOS",
        "5.4.5", "FGT3KD3Z16800461", "firewall", "fortinet-fortigate", "cpu memory state storage",
    ),
    Expected("network/firewall/legend-holdings-firewall", "Lenovo", None, None, None, None, "firewall", None),
    Expected("network/firewall/legend-holdings-firewall-2", "Lenovo", None, None, None, None, "firewall", None),
    Expected(
        "network/firewall/netentsec-ngfw", None, None, None,
        None, None, "firewall", None, "cpu load memory storage temperature",
    ),
    Expected(
        "network/firewall/nsfocus-osms", "NSFOCUS", "ICEYE", None,
        "5.6R10F00SP10", "4663-10E4-4EE9-FD06", "appliance", "nsfocus",
        "cpu load memory storage",
    ),
    Expected(
        "network/firewall/paloalto-pa-5000", "Palo Alto Networks", "PA-5050", "PAN-OS",
        "8.0.1", "0009C100761", "firewall", "paloalto-panos",
        "cpu fan memory storage temperature",
    ),
    Expected(
        "network/firewall/sangfor-ad1800-fp2", "Sangfor", "AD-1800-FP2", "Linux",
        "2.6.30", None, "load_balancer", "sangfor",
        "cpu load memory state storage",
    ),
    Expected(
        "network/firewall/sangfor-vad1", "Sangfor", "vAD1", "Linux",
        "2.6.30", None, "load_balancer", "sangfor",
        "cpu load memory state storage",
    ),
    Expected(
        "network/firewall/topsec-ngfw4000-uf", "Topsec", "NGFW4000-UF(TG-72282)", "TOS",
        "3.2073N.2060N_NGFW.1", "Q1610474303", "firewall", "topsec-tos",
        "cpu memory state",
    ),
    Expected(
        "network/firewall/venus-unknown-001", "Venustech", "USG-FW-1010DP", None,
        "2.6", "11f79beba8eec38d", "firewall", "venustech",
        "cpu memory storage",
    ),
    Expected(
        "network/firewall/venus-vsos-v0600r0705b20180507", "Venustech", None, "VSOS",
        "V0600R0705B20180507", None, "firewall", "venustech",
        "cpu memory",
    ),
    Expected(
        "network/firewall/venus-vsos-v070060600", "Venustech", None, "VSOS",
        "V0700R0600", None, "firewall", "venustech",
        "cpu memory",
    ),
    Expected(
        "network/router/brocade-unknown-001", "Brocade", "SNS2124", "Fabric OS",
        "7.2.1", "ALJ2548L0FD", "switch", "brocade-fabric-os",
        "optics",
    ),
    Expected(
        "network/router/cisco-unmarked-0", "Cisco", None, "IOS",
        None, "CAT0625X0DP", "switch", "cisco-ios", "cpu memory",
    ),
    Expected(
        "network/router/huawei-acu2", "Huawei", "ACU2", "VRP",
        "V200R007C20SPC200", None, "wireless_controller", "huawei-vrp", "cpu memory temperature",
    ),
    Expected(
        "network/router/huawei-s5720", "Huawei", "S5720-36C-EI-AC", "VRP",
        "V200R007C00SPC500", "210235956210F7000410", "switch", "huawei-vrp", "cpu fan memory temperature",
    ),
    Expected(
        "network/router/huawei-unknown-001", "Huawei", "ME60-X8", "VRP",
        "5.160", "2102352021N0H6000098", "router", "huawei-vrp",
    ),
    Expected(
        "network/router/huawei-unknown-002", "Huawei", "ME60-X8", "VRP",
        "5.160", "2102352021N0H6000098", "router", "huawei-vrp", "cpu fan memory temperature",
    ),
    Expected(
        "network/router/juniper-mx960-12-3r6-6", "Juniper", "MX960", "Junos",
        "12.3R6.6", "JN11FCEC5AFA", "router", "juniper-junos",
        "cpu fan memory optics power_supply state storage temperature",
    ),
    Expected(
        "network/router/juniper-mx960-13-3r9-13", "Juniper", "MX960", "Junos",
        "13.3R9.13", "JN12002C1AFA", "router", "juniper-junos",
        "cpu fan memory optics power_supply state storage temperature",
    ),
    Expected(
        "network/router/juniper-mx960-16-1r6-7-a", "Juniper", "MX960", "Junos",
        "16.1R6.7", "JN11F7072AFA", "router", "juniper-junos",
        "cpu fan memory optics power_supply state storage temperature",
    ),
    Expected(
        "network/router/juniper-mx960-16-1r6-7-b", "Juniper", "MX960", "Junos",
        "16.1R6.7", "JN11F6BE5AFA", "router", "juniper-junos",
        "cpu fan memory optics power_supply state storage temperature",
    ),
    Expected(
        "network/router/ruijie-n18010", "Ruijie", "RG-N18010", "RGOS",
        "11.0(1)B3P3T5", "G1KC14N00001B", "switch", "ruijie-rgos",
        "fan power_supply temperature",
    ),
    Expected(
        "network/router/vyatta-unknown", None, None, None,
        None, None, "router", None, "cpu load memory storage temperature",
    ),
    Expected("network/switch/bdcom-s5612", "BDCOM", None, None, "2.1.1B", None, "switch", None, "cpu"),
    Expected(
        "network/switch/brocade-ds-5100b", "Brocade", "DS_5100B", "Fabric OS",
        "6.4.3d", "ALM2534F019", "switch", "brocade-fabric-os",
        "fan optics power_supply state temperature",
    ),
    Expected(
        "network/switch/brocade-fiber-channel", "Brocade", "Brocade6510", "Fabric OS",
        "7.0.2c", "BRW2515M01H", "switch", "brocade-fabric-os",
        "fan optics power_supply state temperature",
    ),
    Expected(
        "network/switch/brocade-icx6430-24", "Brocade", "ICX6430-24", "IronWare",
        "08.0.30tT311", "BZN3215N09A", "switch", "brocade-fastiron",
        "cpu memory power_supply state temperature",
    ),
    Expected(
        "network/switch/cisco-c3560", "Cisco", "WS-C3560G-48TS-E", "IOS",
        "12.2(55)SE3", "FOC1408Z61U", "switch", "cisco-ios", "cpu fan memory power_supply temperature",
    ),
    Expected(
        "network/switch/cisco-c3750", "Cisco", "WS-C3750G-12S-S", "IOS",
        "12.2(50)SE5", "FDO1622Y10H", "switch", "cisco-ios",
        "cpu current fan memory optics power_supply temperature voltage",
    ),
    Expected(
        "network/switch/cisco-n5000", "Cisco", "N5K-C5548UP", "NX-OS",
        "6.0(2)N2(3)", "SSI183706KP", "switch", "cisco-nxos",
        "cpu current fan memory optics power_supply temperature voltage",
    ),
    Expected(
        "network/switch/cisco-n5000-uk9", "Cisco", "N5K-C5548UP", "NX-OS",
        "6.0(2)N2(3)", "SSI183706KP", "switch", "cisco-nxos",
        "cpu current fan memory optics power_supply temperature voltage",
    ),
    Expected("network/switch/cts-media-converter", "CTS", None, None, None, None, "switch", None),
    Expected(
        "network/switch/dcrs-5980-28t-dc", "Digital China", "DCRS-5980-28T-DC", None,
        "7.0.3.1(B0232.0031)", "GOSWE120F327000001", "switch", None,
    ),
    Expected("network/switch/dcs-3726c", "Digital China", None, None, None, None, "switch", None),
    Expected("network/switch/dlink-des3038", "D-Link", None, None, None, None, "switch", None),
    Expected("network/switch/dlink-des3200", "D-Link", None, None, None, None, "switch", None),
    Expected(
        "network/switch/dptech-dpx800-a5", "DPtech", "DPX8000-A5", "Conplat",
        "S111C011D007P02PATCH03", "02010037P183000022", "switch", "dptech",
        "cpu fan memory power_supply temperature",
    ),
    Expected(
        "network/switch/h3c-comware-7-1-075", "H3C", "SR8808-X", "Comware",
        "7.1.075", "210235A0YVX18A00000B", "router", "h3c-comware",
        "cpu fan memory optics power_supply state temperature",
    ),
    Expected(
        "network/switch/h3c-comware-lsq1wcmd0", "H3C", "LSQ1WCMD0", "Comware",
        "2509P61", None, "wireless_controller", "h3c-comware",
    ),
    Expected(
        "network/switch/h3c-comware-lsq1wcmd0-2509p61", "H3C", "LSQ1WCMD0", "Comware",
        "2509P61", "210231A0FTB12A000014", "wireless_controller", "h3c-comware",
    ),
    Expected(
        "network/switch/h3c-e528-1", "H3C", "E528", "Comware",
        "5.20", "210235A0GKC158000929", "switch", "h3c-comware",
    ),
    Expected(
        "network/switch/h3c-e528-2", "H3C", "E528", "Comware",
        "5.20", "210235A0GKC158000929", "switch", "h3c-comware", "cpu fan memory power_supply temperature",
    ),
    Expected(
        "network/switch/h3c-wx6103", "H3C", "WX6103", "Comware",
        "2509P33", "210231A76JX091000041", "wireless_controller", "h3c-comware",
    ),
    Expected(
        "network/switch/hpe-procurve-516733-b21", "HPE", "516733-B21", "ProVision",
        "Z.14.31", "3C421900TX", "switch", "hpe-procurve",
        "cpu fan memory power_supply state",
    ),
    Expected(
        "network/switch/huawei-s12704", "Huawei", "S12704", "VRP",
        "V200R012C00SPC500", "2102114480P0J7000105", "switch", "huawei-vrp", "cpu fan memory temperature",
    ),
    Expected(
        "network/switch/maipu-sm4200-16gef8ge-ac", "Maipu", "SM4200-16GEF8GE-AC", "MyPower OS",
        "6.0.222.39", None, "switch", "maipu",
        "cpu memory temperature",
    ),
    Expected("network/switch/metel-poe-box", "METEL", None, None, None, None, "switch", None),
    Expected(
        "network/switch/ruijie-s5750-24gt12sfp", "Ruijie", "RG-S5750-24GT/12SFP", "RGOS",
        "10.4(3)p4", "9017EHC410215", "switch", "ruijie-rgos",
        "cpu memory",
    ),
    Expected(
        "network/switch/zte-zrx10", "ZTE", "ZXR10 9908", "ZXROS",
        "1.01.10.B19P06", "709287100034", "switch", "zte-zxr10",
        "cpu fan memory power_supply temperature",
    ),
    Expected(
        "network/switch/zte-zxr10-5250", "ZTE", "ZXR10 5250-52TM-H", "ZXROS",
        "2.05.11B19", "279531100013", "switch", "zte-zxr10",
        "cpu memory power",
    ),
    Expected(
        "network/wifi/aruba-7010", "Aruba", "7010", "ArubaOS",
        "8.3.0.0", None, "wireless_controller", "aruba-controller",
        "state",
    ),
    Expected(
        "network/wifi/aruba-7020", "Aruba", "7010", "ArubaOS",
        "8.3.0.0", None, "wireless_controller", "aruba-controller",
        "state",
    ),
    Expected(
        "network/wifi/aruba-7210", "Aruba", "7210", "ArubaOS",
        "6.5.1.6", "CV0008612", "wireless_controller", "aruba-controller",
        "cpu fan memory power_supply storage temperature",
    ),
    Expected(
        "network/wifi/juniper-wlc2800", "Juniper", "WLC2800", "MSS",
        "9.0.3.5.0", "LG3413440247", "wireless_controller", "juniper-wlc", "state",
    ),
    Expected(
        "network/wifi/ruckus-smartcell-gateway", "Ruckus", None, None,
        None, None, ANY, None, "cpu load memory storage",
    ),
    Expected(
        "network/wifi/ruijie-m18000", "Ruijie", "M18000-WS-ED", "RGOS",
        None, None, "wireless_controller", "ruijie-rgos",
    ),
    Expected(
        "network/wifi/sangfor-wac", "Sangfor", "WAC m5800", None,
        "WAC3.7.5", None, "wireless_controller", "sangfor",
        "cpu memory storage",
    ),
    Expected(
        "network/wifi/sangfor-wac-2", "Sangfor", "WAC m5800", None,
        None, None, "wireless_controller", "sangfor",
        "cpu storage",
    ),
    Expected("network/wifi/ubiquiti-m5", "Ubiquiti", None, "Linux", "2.6.32.61", None, ANY, None),
    Expected("os/linux/ibm-power-chrp", "IBM", None, None, None, None, "server", None, "cpu memory storage"),
    Expected(
        "os/linux/ibm-x3550-m3", "IBM", "System x3250 M3", "IMM",
        "YUOO91K", "0622254", "server", "net-snmp", "cpu fan memory state temperature voltage",
    ),
    Expected(
        "os/linux/netmanage", "H3C", "H3C Switch E528", None,
        "5.20 Release 1513P62", "210235A0GKC158000929", "switch", None,
    ),
    Expected(
        "os/linux/sangfor", "Sangfor", "M5400", "Linux",
        "2.4.35.4-AC1.95", None, "appliance", "sangfor",
        "cpu storage",
    ),
    Expected(
        "os/linux/slackware", None, None, "Linux",
        "2.6.21.5-smp", None, "server", "net-snmp", "cpu load memory storage",
    ),
    Expected(
        "os/linux/unknown-001", None, None, "Linux",
        "2.6.32-573.el6.x86_64", None, "server", "net-snmp", "cpu memory storage",
    ),
    Expected(
        "os/linux/unknown-002", None, None, "Linux",
        "3.2.60", None, "server", "net-snmp", "cpu load memory storage",
    ),
    Expected(
        "os/linux/unknown-003", None, None, "Linux",
        "3.0.36-cos", None, "server", "net-snmp", "cpu load memory storage temperature",
    ),
    Expected(
        "os/linux/unknown-004", None, None, "Linux",
        "3.0.36-cos", None, "server", "net-snmp", "cpu load memory storage temperature",
    ),
    Expected(
        "os/linux/unknown-005", "Sangfor", "M5100", "Linux",
        "2.4.32-web100-bic", None, "appliance", "sangfor",
        "cpu storage",
    ),
    Expected(
        "os/linux/unknown-006", None, None, "Linux",
        "3.10.0-514.el7.x86_64", None, "server", "net-snmp", "cpu load memory storage temperature",
    ),
    Expected(
        "os/linux/unknown-007", None, None, "Linux",
        "2.6.32-504.16.2.b2.20", None, "server", "net-snmp", "load memory storage",
    ),
    Expected(
        "os/linux/unknown-008", "Sangfor", "M5100", "Linux",
        "2.4.32-web100-bic", None, "appliance", "sangfor",
        "cpu storage",
    ),
    Expected("os/linux/zte-embsys-cgel", "ZTE", None, "Linux", "2.6.32.41-EMBSYS-CGEL-4.01.20.P0.F0", None, ANY, None),
    Expected("os/windows/XP", "Microsoft", None, "Windows", "5.1", None, "server", None, "cpu memory storage"),
    Expected(
        "os/windows/server-2003-5-2", "Microsoft", None, "Windows",
        "5.2", None, "server", None, "cpu memory storage",
    ),
    Expected(
        "storage/isilon-onefs", "Isilon", "X210", "OneFS",
        "7.2.1.0", "CEGER155100014", "storage", "isilon-onefs", "cpu fan load memory state storage temperature",
    ),
    Expected(
        "storage/netapp-fas3270", "NetApp", "FAS3270", "Data ONTAP",
        "8.2.3", "940001051000", "storage", "netapp-ontap",
        "battery cpu fan power_supply state storage temperature",
    ),
    Expected(
        "storage/netapp-ontap-8-2-3", "NetApp", "FAS3270", "Data ONTAP",
        "8.2.3", "850000152375", "storage", "netapp-ontap",
        "battery cpu fan power_supply state storage temperature",
    ),
    Expected("unclassified/01", None, None, None, None, None, ANY, None),
    Expected("unclassified/02", None, None, None, None, None, ANY, None),
    Expected("unclassified/03", None, None, None, None, None, ANY, None),
)
# fmt: on
