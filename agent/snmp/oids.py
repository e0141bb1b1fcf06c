"""The objects that the agent reads, with the names and types snmp_exporter gives them.

Sources: SNMPv2-MIB (RFC 3418), IF-MIB (RFC 2863), IP-MIB (RFC 4293), ENTITY-MIB (RFC 6933).
"""

from __future__ import annotations

from typing import NamedTuple

from agent.sample import Family, Kind

_IF = "1.3.6.1.2.1.2.2.1."  # ifEntry
_IFX = "1.3.6.1.2.1.31.1.1.1."  # ifXEntry
_ENTITY = "1.3.6.1.2.1.47.1.1.1.1."  # entPhysicalEntry

SYS_DESCR = "1.3.6.1.2.1.1.1.0"
SYS_OBJECT_ID = "1.3.6.1.2.1.1.2.0"
SYS_UP_TIME = "1.3.6.1.2.1.1.3.0"
SYS_CONTACT = "1.3.6.1.2.1.1.4.0"
SYS_NAME = "1.3.6.1.2.1.1.5.0"
SYS_LOCATION = "1.3.6.1.2.1.1.6.0"
SYS_SERVICES = "1.3.6.1.2.1.1.7.0"
IF_NUMBER = "1.3.6.1.2.1.2.1.0"
IF_TABLE_LAST_CHANGE = "1.3.6.1.2.1.31.1.5.0"

IP_AD_ENT_IF_INDEX = "1.3.6.1.2.1.4.20.1.2"
IP_ADDRESS_IF_INDEX = "1.3.6.1.2.1.4.34.1.3"
IP_ADDRESS_TYPE = "1.3.6.1.2.1.4.34.1.4"

ENT_PHYSICAL_CLASS = _ENTITY + "5"
ENT_PHYSICAL_SOFTWARE_REV = _ENTITY + "10"
ENT_PHYSICAL_SERIAL_NUM = _ENTITY + "11"
ENT_PHYSICAL_MFG_NAME = _ENTITY + "12"
ENT_PHYSICAL_MODEL_NAME = _ENTITY + "13"

# Objects whose presence says what class of device it is.
IP_FORWARDING = "1.3.6.1.2.1.4.1.0"
DOT1D_BASE_NUM_PORTS = "1.3.6.1.2.1.17.1.2.0"
HR_MEMORY_SIZE = "1.3.6.1.2.1.25.2.2.0"
UPS_IDENT_MANUFACTURER = "1.3.6.1.2.1.33.1.1.1.0"
UPS_BATTERY_STATUS = "1.3.6.1.2.1.33.1.2.1.0"
PRT_GENERAL_CONFIG_CHANGES = "1.3.6.1.2.1.43.5.1.1.1.1"
CLASS_SIGNS = (
    IP_FORWARDING,
    DOT1D_BASE_NUM_PORTS,
    HR_MEMORY_SIZE,
    UPS_IDENT_MANUFACTURER,
    UPS_BATTERY_STATUS,
    PRT_GENERAL_CONFIG_CHANGES,
)

IF_DESCR = _IF + "2"
IF_TYPE = _IF + "3"
IF_SPEED = _IF + "5"
IF_PHYS_ADDRESS = _IF + "6"
IF_ADMIN_STATUS = _IF + "7"
IF_OPER_STATUS = _IF + "8"
IF_NAME = _IFX + "1"
IF_HIGH_SPEED = _IFX + "15"
IF_ALIAS = _IFX + "18"


class Column(NamedTuple):
    """A column of a table that becomes a metric; `root` is its OID."""

    root: str
    family: Family


class Pair(NamedTuple):
    """A 64-bit counter and the 32-bit one that, where both exist, is its low half (RFC 2863, section 3.1.6)."""

    high: Column
    low: Column


def _column(root: str, name: str, kind: Kind, text: str) -> Column:
    return Column(root, Family(name, kind, f"{text} - {root}"))


SYS_UP_TIME_FAMILY = Family(
    "sysUpTime", "gauge", "Hundredths of a second since the SNMP agent started - 1.3.6.1.2.1.1.3"
)
IF_NUMBER_FAMILY = Family("ifNumber", "gauge", "Number of network interfaces, in whatever state - 1.3.6.1.2.1.2.1")

SYSTEM_INFO = {
    SYS_DESCR: Family("sysDescr", "gauge", "What the device is, hardware and software - 1.3.6.1.2.1.1.1"),
    SYS_OBJECT_ID: Family("sysObjectID", "gauge", "The vendor's identification of the product - 1.3.6.1.2.1.1.2"),
    SYS_CONTACT: Family("sysContact", "gauge", "Who is responsible for the device - 1.3.6.1.2.1.1.4"),
    SYS_NAME: Family("sysName", "gauge", "The name given to the device - 1.3.6.1.2.1.1.5"),
    SYS_LOCATION: Family("sysLocation", "gauge", "Where the device stands - 1.3.6.1.2.1.1.6"),
}

IF_TYPE_FAMILY = Family("ifType_info", "gauge", f"The type of the interface - {IF_TYPE}")
IF_PHYS_ADDRESS_FAMILY = Family("ifPhysAddress", "gauge", f"The interface's link-layer address - {IF_PHYS_ADDRESS}")

# Text columns: labels of everything else, read first so that labels are complete or nothing is made of them.
LABEL_COLUMNS = {"ifName": IF_NAME, "ifDescr": IF_DESCR, "ifAlias": IF_ALIAS}

# Change when somebody changes the device; read every few minutes.
STATIC_COLUMNS = (
    _column(IF_HIGH_SPEED, "ifHighSpeed", "gauge", "Bandwidth in units of 1,000,000 bits per second"),
    _column(IF_SPEED, "ifSpeed", "gauge", "Bandwidth in bits per second, at most 4,294,967,295"),
    _column(_IF + "4", "ifMtu", "gauge", "The largest packet in octets"),
    _column(_IFX + "14", "ifLinkUpDownTrapEnable", "gauge", "Whether link traps are sent: 1 enabled, 2 disabled"),
    _column(_IFX + "16", "ifPromiscuousMode", "gauge", "Whether all packets are accepted: 1 true, 2 false"),
    _column(_IFX + "17", "ifConnectorPresent", "gauge", "Whether there is a physical connector: 1 true, 2 false"),
    _column(_IFX + "19", "ifCounterDiscontinuityTime", "gauge", "sysUpTime when a counter last jumped"),
)

# Read at every poll, the most useful first: a budget may end the poll.
LIVE_COLUMNS = (
    _column(
        IF_OPER_STATUS, "ifOperStatus", "gauge",
        "1 up, 2 down, 3 testing, 4 unknown, 5 dormant, 6 absent, 7 lower layer down",
    ),
    _column(IF_ADMIN_STATUS, "ifAdminStatus", "gauge", "The wanted state: 1 up, 2 down, 3 testing"),
    _column(_IF + "9", "ifLastChange", "gauge", "sysUpTime when the interface entered its state"),
    _column(_IF + "14", "ifInErrors", "counter", "Received packets with errors"),
    _column(_IF + "20", "ifOutErrors", "counter", "Packets that could not be sent because of errors"),
    _column(_IF + "13", "ifInDiscards", "counter", "Received packets discarded without an error"),
    _column(_IF + "19", "ifOutDiscards", "counter", "Packets to send discarded without an error"),
    _column(_IF + "15", "ifInUnknownProtos", "counter", "Received packets of an unknown protocol"),
)  # fmt: skip

COUNTER_PAIRS = tuple(
    Pair(_column(_IFX + high, f"ifHC{name}", "counter", text), _column(low, f"if{name}", "counter", text))
    for high, low, name, text in (
        ("6", _IF + "10", "InOctets", "Octets received, with framing"),
        ("10", _IF + "16", "OutOctets", "Octets sent, with framing"),
        ("7", _IF + "11", "InUcastPkts", "Unicast packets received"),
        ("11", _IF + "17", "OutUcastPkts", "Unicast packets to send"),
        ("8", _IFX + "2", "InMulticastPkts", "Multicast packets received"),
        ("12", _IFX + "4", "OutMulticastPkts", "Multicast packets to send"),
        ("9", _IFX + "3", "InBroadcastPkts", "Broadcast packets received"),
        ("13", _IFX + "5", "OutBroadcastPkts", "Broadcast packets to send"),
    )
)

WALK_ERRORS = Family(
    "forewatch_snmp_walk_errors_total", "counter", "Requests and walks of this device that failed, by class"
)
