"""What RAID tools answer: made after the layouts of storcli 7, ssacli 5 and arcconf 4, cut to what matters."""

from __future__ import annotations

from typing import Any


def storcli(*answers: dict[str, Any]) -> dict[str, Any]:
    """An answer of storcli for controllers 0, 1, …"""
    return {
        "Controllers": [
            {"Command Status": {"Controller": number, "Status": "Success"}, "Response Data": answer}
            for number, answer in enumerate(answers)
        ]
    }


NO_CONTROLLER = {"Controllers": [{"Command Status": {"Status": "Failure", "Description": "No Controller found"}}]}


def drive(slot: int, state: str, **more: Any) -> dict[str, Any]:
    row = {
        "EID:Slt": f"252:{slot}",
        "DID": slot,
        "State": state,
        "DG": 0,
        "Intf": "SAS",
        "Med": "HDD",
        "Model": "DISK ",
    }
    return row | more


def details(where: str, *, smart: str = "No", media: int = 0, predictive: int = 0) -> dict[str, Any]:
    return {
        f"Drive {where} - Detailed Information": {
            f"Drive {where} State": {
                "Shield Counter": 0, "Media Error Count": media, "Other Error Count": 1,
                "Drive Temperature": " 31C (87.80 F)", "Predictive Failure Count": predictive,
                "S.M.A.R.T alert flagged by drive": smart,
            },
            f"Drive {where} Device attributes": {"SN": f"S{where[-1]} ", "Firmware Revision": " F1"},
        }
    }  # fmt: skip


MEGARAID: dict[str, Any] = {
    "Basics": {"Controller": 0, "Model": "PERC H740P", "Serial Number": "C0"},
    "Version": {"Firmware Version": "5.1", "Driver Name": "megaraid_sas"},
    "Status": {"Controller Status": "Degraded", "BBU Status": 0},
    "HwCfg": {"BBU": "Present", "Backend Port Count": 8, "ROC temperature(Degree Celcius)": 52},
    "Drive Groups": 1,
    "Virtual Drives": 2,
    "VD LIST": [
        {"DG/VD": "0/0", "TYPE": "RAID5", "State": "Dgrd", "Cache": "RWBD", "Name": "data"},
        {"DG/VD": "1/1", "TYPE": "RAID1", "State": "Optl", "Cache": "RWTD", "Name": ""},
    ],
    "Physical Drives": 5,
    "PD LIST": [
        drive(0, "Onln"), drive(1, "Rbld"), drive(2, "UBad", DG="-"), drive(3, "GHS", DG="-"), drive(4, "UGood"),
        drive(5, "Sntze"), {"EID:Slt": " :6", "DID": 6, "State": "JBOD"},
    ],
    "Cachevault_Info": [{"Model": "CVPM02", "State": "Optimal", "Temp": "28C"}],
}  # fmt: skip
DRIVES = (
    details("/c0/e252/s0", smart="Yes", media=7)
    | details("/c0/e252/s1", predictive=2)
    | details("/c0/e252/s2")
    | details("/c0/s6")
)
REBUILDS = {
    "Controllers": [
        {
            "Command Status": {"Controller": 0, "Status": "Success"},
            "Response Data": [
                {"Drive-ID": "/c0/e252/s0", "Progress%": "-", "Status": "Not in progress"},
                {"Drive-ID": "/c0/e252/s1", "Progress%": 33, "Status": "In progress"},
                {"Drive-ID": "/c7/s9", "Progress%": "50", "Status": "In progress"},
            ],
        }
    ]
}
# A host bus adapter has no volumes and no battery, and its drives stand among their details.
ADAPTER: dict[str, Any] = {
    "Basics": {"Controller": 1, "Model": "HBA330"},
    "Version": {"Driver Name": "mpt3sas"},
    "Status": {"Controller Status": "OK"},
    "HwCfg": {"BBU": "Absent", "ROC temperature(Degree Celsius)": 40},
    "Physical Device Information": {"Drive /c1/e252/s0": [drive(0, "JBOD")], **details("/c1/e252/s0")},
}

SSACLI = """
Smart Array P408i-a SR Gen10 in Slot 0 (Embedded)
   Bus Interface: PCI
   Slot: 0
   Serial Number: PEYHC0
   RAID 6 Status: Enabled
   Controller Status: OK
   Firmware Version: 3.00-0
   Cache Status: Temporarily Disabled
   Battery/Capacitor Count: 1
   Battery/Capacitor Status: Failed (Replace Batteries/Capacitors)
   Controller Temperature (C): 46
   Host Serial Number: CZ1

   Internal Drive Cage at Port 1I, Box 3, OK

      Power Supply Status: Not Redundant
      Drive Bays: 4
      Physical Drives
         physicaldrive 1I:3:1 (port 1I:box 3:bay 1, SAS HDD, 300 GB, OK)

   Array: A
      Interface Type: SAS
      Unused Space: 0 MB (0.00%)
      Status: Failed Physical Drive

      Logical Drive: 1
         Size: 279.37 GB
         Fault Tolerance: 1
         Status: Recovering, 12% complete
         Disk Name: /dev/sda
         Mirror Group 1:
            physicaldrive 1I:3:1 (port 1I:box 3:bay 1, SAS HDD, 300 GB, OK)
         Mirror Group 2:
            physicaldrive 1I:3:2 (port 1I:box 3:bay 2, SAS HDD, 300 GB, Rebuilding)
         Drive Type: Data

      Logical Drive: 2
         Fault Tolerance: 5
         Status: Interim Recovery Mode

      physicaldrive 1I:3:1
         Port: 1I
         Status: OK
         Drive Type: Data Drive
         Serial Number: W461
         Model: HP      EG0300FCSPH
         Current Temperature (C): 30
         Maximum Temperature (C): 41

      physicaldrive 1I:3:2
         Status: Rebuilding
         Drive Type: Data Drive

      physicaldrive 1I:3:3
         Status: Predictive Failure
         Drive Type: Data Drive

      physicaldrive 1I:3:4
         Status: OK
         Drive Type: Spare Drive

   Unassigned

      physicaldrive 2I:1:5
         Status: OK
         Drive Type: Unassigned Drive

      physicaldrive 2I:1:6
         Status: Failed
         Drive Type: Unassigned Drive

   SEP (Vendor ID HPE, Model Smart Adapter) 379
      Device Number: 379
      Firmware Version: 9.99
      Status: Strange

Smart Array P822 in Slot 4
   Controller Status: Failed
"""

ARCCONF = """\
Controllers found: 1
----------------------------------------------------------------------
Controller information
----------------------------------------------------------------------
   Controller Status                        : Optimal
   Controller Model                         : Adaptec ASR8805
   Controller Serial Number                 : 4A12
   Temperature                              : 45 C/ 113 F (Normal)
   Logical devices/Failed/Degraded          : 2/0/1
   --------------------------------------------------------
   Controller Version Information
   --------------------------------------------------------
   BIOS                                     : 7.5-0
   Firmware                                 : 7.5-0 (32033)
   --------------------------------------------------------
   Controller Cache Backup Unit Information
   --------------------------------------------------------
   Overall Backup Unit Status               : Ready
   Supercap Status                          : Not Charged
----------------------------------------------------------------------
Logical device information
----------------------------------------------------------------------
Logical Device number 0
   Logical Device name                      : data
   RAID level                               : 5
   Status of Logical Device                 : Degraded
   --------------------------------------------------------
   Logical Device segment information
   --------------------------------------------------------
   Segment 0                                : Present (0,0) S1
Logical Device number 1
   RAID level                               : 1
   Status of Logical Device                 : Optimal
----------------------------------------------------------------------
Physical Device information
----------------------------------------------------------------------
      Device #0
         Device is a Hard drive
         State                              : Online
         Reported Channel,Device(T:L)       : 0,8(8:0)
         Model                              : ST1
         Serial number                      : Z1
         S.M.A.R.T.                         : No
         S.M.A.R.T. warnings                : 3
         Temperature                        : 33 C/ 91 F
      Device #1
         Device is a Hard drive
         State                              : Failed
         Reported Channel,Device(T:L)       : 0,9(9:0)
         S.M.A.R.T. warnings                : 0
      Device #2
         Device is a Hard drive
         State                              : Hot Spare
         Reported Channel,Device(T:L)       : 0,10(10:0)
      Device #3
         Device is an Enclosure Services Device
         Reported Channel,Device(T:L)       : 2,0(0:0)
         Status                             : Good

Command completed successfully.
"""
