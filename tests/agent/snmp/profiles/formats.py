"""What devices call themselves, format by format, and what must be made of it.

From what makers document of sysDescr and sysObjectID; for devices of which there is no recording, and for the formats
that recordings do not have.
"""

from __future__ import annotations

from typing import NamedTuple


class Format(NamedTuple):
    """A sysObjectID below enterprises and a sysDescr; None is where the text says nothing."""

    object_id: str
    descr: str
    profile: str
    vendor: str
    model: str | None
    os_name: str | None
    os_version: str | None
    device_class: str


# fmt: off
FORMATS = (
    Format("3902.3.100.40", "ZXR10 ROS Version V4.8.11 ZXR10 5928E Software, Version V2.8.23.C.19", "zte-zxr10", "ZTE",
           "ZXR10 5928E", "ZXROS", "2.8.23.C.19", "switch"),
    Format("3902.3.100.6002.2", "ZTE ZXR10 M6000-8S Software, Version: V5.00.10", "zte-zxr10", "ZTE", "ZXR10 M6000-8S",
           "ZXROS", "5.00.10", "router"),
    Format("4881.1.1.10.1.120", "Ruijie Full Gigabit Security & Intelligence Access Switch (S2910-24GT4XS-E) "
           "By Ruijie Networks", "ruijie-rgos", "Ruijie", "S2910-24GT4XS-E", "RGOS", None, "switch"),
    Format("4881.1.2.1.1.43", "Ruijie Router (RSR20-14E) By Ruijie Networks", "ruijie-rgos", "Ruijie", "RSR20-14E",
           "RGOS", None, "router"),
    Format("4881.1.3.1.1.110", "Ruijie Indoor AP320-I (802.11a/n and 802.11b/g/n) Access Point", "ruijie-rgos",
           "Ruijie", None, "RGOS", None, "access_point"),
    Format("5651.1.102.90", "MyPower S4320-28TF Switch, Software Version V6.2.28(R)", "maipu", "Maipu", "S4320-28TF",
           "MyPower OS", "6.2.28(R)", "switch"),
    Format("31648.1.10101", "DPTECH Conplat Platform Software\rConplat software, Version V100R003, Release S511C012\r"
           "FW1000-GE-N Product", "dptech", "DPtech", "FW1000-GE-N", "Conplat", "S511C012", "firewall"),
    Format("31648.1.10301", "DPTECH Conplat Software, Release S311C011\rADX3000-GE Product", "dptech", "DPtech",
           "ADX3000-GE", "Conplat", "S311C011", "load_balancer"),
    Format("30065.1.3011.7280.3735.48", "Arista Networks EOS version 4.28.3M running on an Arista Networks "
           "DCS-7280SR-48C6-F", "arista-eos", "Arista", "DCS-7280SR-48C6-F", "EOS", "4.28.3M", "switch"),
    Format("11.2.3.7.11.181.16", "Aruba JL261A 2930F-24G-PoE+-4SFP+ Switch, revision WC.16.10.0009, ROM WC.16.01.0006",
           "hpe-procurve", "Aruba", "JL261A", "ArubaOS-Switch", "WC.16.10.0009", "switch"),
    Format("11.2.3.7.11.33", "HP ProCurve Switch 2510-24 J9019A, revision Q.11.17, ROM Q.10.02", "hpe-procurve", "HPE",
           "J9019A", "ProVision", "Q.11.17", "switch"),
    Format("47196.4.1.1.1.100", "Aruba JL658A 6300M 24SFP+ 4SFP56 Swch FL.10.04.0030", "aruba-cx", "Aruba", "6300M",
           "ArubaOS-CX", "FL.10.04.0030", "switch"),
    Format("47196.4.1.1.1.60", "Aruba R0X25A 6410 GL.10.10.1010", "aruba-cx", "Aruba", "6410", "ArubaOS-CX",
           "GL.10.10.1010", "switch"),
    Format("14823.1.1.46", "ArubaOS (MODEL: Aruba9004), Version 8.10.0.5 LSR (85510)", "aruba-controller", "Aruba",
           "9004", "ArubaOS", "8.10.0.5", "wireless_controller"),
    Format("25506.11.1.188", "HPE Comware Platform Software, Software Version 7.1.070, Release 3208P03\r\n"
           "HPE 5130-24G-4SFP+ EI\r\nCopyright (c) 2010-2018", "hpe-comware", "HPE", "5130-24G-4SFP", "Comware",
           "7.1.070", "switch"),
    Format("25506.1.1440", "H3C Comware Platform Software, Software Version 7.1.064, Release 9510P08\r\n"
           "H3C SecPath F1070\r\nCopyright (c) 2004-2018", "h3c-comware", "H3C", "F1070", "Comware", "7.1.064",
           "firewall"),
    Format("1991.1.3.64.1.2.1.1", "Ruckus Wireless, Inc. ICX7150-24-POE, IronWare Version 08.0.95gT211 Compiled on "
           "Mar 10 2022", "brocade-fastiron", "Ruckus", "ICX7150-24-POE", "IronWare", "08.0.95gT211", "switch"),
    Format("1991.1.3.48.2.1", "Brocade Communications Systems, Inc. Stacking System FCX648S, IronWare Version "
           "07.4.00eT7f3 Compiled on", "brocade-fastiron", "Brocade", "FCX648S", "IronWare", "07.4.00eT7f3", "switch"),
    Format("14988.1", "RouterOS CCR1036-8G-2S+", "mikrotik-routeros", "MikroTik", "CCR1036-8G-2S+", "RouterOS", None,
           "router"),
    Format("14988.1", "RouterOS CRS326-24G-2S+", "mikrotik-routeros", "MikroTik", "CRS326-24G-2S+", "RouterOS", None,
           "switch"),
    Format("25461.2.3.38", "Palo Alto Networks PA-220 series firewall", "paloalto-panos", "Palo Alto Networks",
           "PA-220", "PAN-OS", None, "firewall"),
    Format("25461.2.3.7", "Palo Alto Networks Panorama M-100", "paloalto-panos", "Palo Alto Networks", None, "PAN-OS",
           None, "appliance"),
    Format("35047.2.2", "Linux AD-2000 3.10.0 #1 SMP x86_64", "sangfor", "Sangfor", "AD-2000", "Linux", "3.10.0",
           "load_balancer"),
    Format("35047.2.12", "Linux Wac", "sangfor", "Sangfor", None, None, None, "wireless_controller"),
    Format("28557.1.300", "Hillstone StoneOS Software, Version 5.5R6P8 SG-6000-E3960", "hillstone-stoneos",
           "Hillstone", "SG-6000-E3960", "StoneOS", "5.5R6P8", "firewall"),
    Format("14331.1.4", "Topsec NGFW4000(TG-5130) Software Version v3.3.010", "topsec-tos", "Topsec",
           "NGFW4000(TG-5130)", "TOS", "3.3.010", "firewall"),
    Format("15227.1.4.1", "VENUS VSOS-V0800R0100", "venustech", "Venustech", None, "VSOS", "V0800R0100", "firewall"),
    Format("19849.6.1", "NSFOCUS WAF", "nsfocus", "NSFOCUS", None, None, None, "appliance"),
    Format("3375.2.1.3.4.43", "Linux lb-1 3.10.0-862.14.4.el7.x86_64 #1 SMP", "f5-bigip", "F5", None, "TMOS", "3.10.0"
           "-862.14.4.el7.x86_64", "load_balancer"),
    Format("1588.2.1.1.66", "Fibre Channel Switch.", "brocade-fabric-os", "Brocade", None, "Fabric OS", None,
           "switch"),
    Format("8072.3.2.10", "Huawei NetCol5000-A025 V200R001", "huawei-netcol", "Huawei", "NetCol5000-A025", None, None,
           "cooling"),
    Format("318.1.3.8.4", "APC Web/SNMP Management Card (MB:v3.8.6 PF:v3.5.5 PN:apc_hw02_aos_355.bin AF1:v3.5.5 "
           "AN1:apc_hw02_aem_355.bin MN:AP9340 HR:05 SN: ZA0712000000 MD:03/21/2007)", "apc", "APC", "AP9340", "AOS",
           "3.5.5", "environment"),
    Format("674.10892.5", "", "dell-idrac", "Dell", None, "iDRAC", None, "server"),
    Format("232.9.4.11", "Integrated Lights-Out 5 2.30 Aug 24 2020", "hpe-ilo", "HPE", None, "iLO", None, "server"),
    Format("12124.1", "nas-1 263829375 Isilon OneFS v9.4.0.12", "isilon-onefs", "Isilon", None, "OneFS", "9.4.0.12",
           "storage"),
    Format("705.1", "Eaton 5PX", "eaton-ups", "Eaton", None, None, None, "ups"),
    Format("19046.11.1", "Lenovo XCC", "lenovo-xcc", "Lenovo", None, "XCC", None, "server"),
    Format("39165.1.1", "Hikvision DS-2CD2T47G2-L", "hikvision", "Hikvision", None, None, None, "camera"),
)
# fmt: on
