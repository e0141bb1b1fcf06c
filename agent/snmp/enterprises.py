"""Makers by their enterprise number (IANA, Private Enterprise Numbers), under the names that people call them.

Where one maker bought another its products carry the present name. Numbers of SNMP agents that run on anyone's
hardware (Net-SNMP, UCD) say nothing of a maker and are left out.
"""

from __future__ import annotations

_PREFIX = "1.3.6.1.4.1."

_TABLE = """
2 IBM
9 Cisco
11 HPE
36 DEC
42 Oracle
43 3Com
45 Nortel
52 Enterasys
63 Apple
94 Nokia
111 Oracle
116 Hitachi
119 NEC
122 Sony
161 Motorola
171 D-Link
193 Ericsson
207 Allied Telesis
211 Fujitsu
231 Fujitsu
232 HPE
236 Samsung
244 Lantronix
253 Xerox
259 Accton
311 Microsoft
318 APC
343 Intel
367 Ricoh
368 Axis
388 Symbol
476 Vertiv
529 Ascend
534 Eaton
637 Nokia
641 Lexmark
664 ADTRAN
674 Dell
705 Eaton
789 NetApp
800 Alcatel-Lucent
850 Tripp Lite
890 Zyxel
935 Phoenixtec
1139 Dell EMC
1230 McAfee
1248 Epson
1347 Kyocera
1588 Brocade
1602 Canon
1872 Alteon
1916 Extreme Networks
1991 Brocade
2001 OKI
2007 Teldat
2011 Huawei
2272 Nortel
2334 Packeteer
2356 LANCOM
2385 Sharp
2435 Brother
2544 ADVA
2604 Sophos
2606 Rittal
2620 Check Point
2636 Juniper
3076 Cisco
3097 WatchGuard
3224 Juniper
3320 BDCOM
3375 F5
3417 Blue Coat
3582 LSI
3808 CyberPower
3854 AKCP
3902 ZTE
3955 Linksys
4196 Siemens
4329 Siemens
4413 Broadcom
4526 NETGEAR
4555 Socomec
4874 Juniper
4881 Ruijie
5003 AudioCodes
5089 Clavister
5528 APC
5624 Enterasys
5651 Maipu
5951 Citrix
6027 Dell
6141 Ciena
6296 DASAN
6321 Calix
6339 Digital China
6486 Alcatel-Lucent Enterprise
6527 Nokia
6574 Synology
6876 VMware
6889 Avaya
7367 DrayTek
7779 Infoblox
8164 Cisco
8691 Moxa
8741 SonicWall
8744 HPE
8886 Raisecom
9148 Oracle
9304 CTS
9694 Arbor
9833 Lenovo
9839 Carel
10002 Ubiquiti
10418 Avocent
10876 Supermicro
11863 TP-Link
12124 Isilon
12148 Eltek
12356 Fortinet
12532 Pulse Secure
12925 HPE
13400 Emerson
13742 Raritan
14179 Cisco
14331 Topsec
14525 Juniper
14823 Aruba
14988 MikroTik
15227 Venustech
15497 Cisco
15983 Meru
17163 Riverbed
17713 Cambium
18248 Papouch
18334 Konica Minolta
18928 Areca
19046 Lenovo
19746 Dell EMC
19849 NSFOCUS
20632 Barracuda
20916 AVTECH
21239 Geist
21317 ATEN
21671 VSS Monitoring
22610 A10
24681 QNAP
25053 Ruckus
25461 Palo Alto Networks
25506 H3C
26543 Lenovo
26866 Gigamon
27971 Infosec
28557 Hillstone
29671 Cisco Meraki
30065 Arista
31648 DPtech
33049 Mellanox
35047 Sangfor
36849 Samsung
37447 HPE
38616 METEL
39165 Hikvision
40310 NVIDIA
41112 Ubiquiti
41263 Nutanix
47196 Aruba
50001 Hikvision
"""

_NAMES = {int(number): name for number, _, name in (line.partition(" ") for line in _TABLE.split("\n") if line)}


def enterprise(object_id: str) -> int | None:
    """The enterprise number of an OID; None when it is not below enterprises."""
    number = object_id.removeprefix(_PREFIX).partition(".")[0] if object_id.startswith(_PREFIX) else ""
    return int(number) if number.isdigit() else None


def vendor_of(object_id: str) -> str | None:
    """The maker that a sysObjectID belongs to; None when the number is not here."""
    number = enterprise(object_id)
    return _NAMES.get(number) if number is not None else None
