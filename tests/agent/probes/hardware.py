"""What a well-equipped server has in /proc and /sys, written from the kernel's documents of their formats."""

from __future__ import annotations

from pathlib import Path

_MC = "sys/devices/system/edac/mc/mc0"
_HWMON = "sys/devices/platform/coretemp.0/hwmon/hwmon1"
_IB = "sys/class/infiniband/mlx5_0"
_FC = "sys/class/fc_host/host0"
_TAPE = "sys/class/scsi_tape/st0/stats"
_BTRFS = "sys/fs/btrfs/0abb23a9-579b-43e6-ad30-227ef47fcb9d"
_BCACHE = "sys/fs/bcache/deaddd54-c735-46d5-868e-f331c5fd7c74"
_CPU0 = "sys/devices/system/cpu/cpu0/cpufreq"

FILES = {
    "proc/net/arp": (
        "IP address       HW type     Flags       HW address            Mask     Device\n"
        "192.0.2.1        0x1         0x2         cc:aa:dd:ee:aa:bb     *        eth0\n"
        "192.0.2.2        0x1         0x2         bb:cc:dd:ee:ff:aa     *        eth0\n"
        "192.0.2.9        0x1         0x2         aa:bb:cc:dd:ee:ff     *        eth1\n"
    ),
    "proc/schedstat": (
        "version 15\ntimestamp 15819019232\n"
        "cpu0 498494191 0 3533438552 2553969831 3853684107 2465731542 2045936778163039 343796328169361 4767485306\n"
        "domain0 00000000,00000003 212499247 210112015 1861015 1860405436 536440 369895 32599 210079416\n"
        "cpu1 518377256 0 4155211005 2778589869 10466382 2867629021 1904686152592476 364107263788241 5145567945\n"
    ),
    "proc/net/softnet_stat": (
        "00015c73 00020e76 f0000769 00000000 00000000 00000000 00000000 00000000 00000007 00000000 00000000\n"
        "01663fb2 00000000 000109a4 00000000 00000000 00000000 00000000 00000000 00000000 00000002 00000000\n"
    ),
    "proc/sys/net/netfilter/nf_conntrack_count": "123\n",
    "proc/sys/net/netfilter/nf_conntrack_max": "65536\n",
    "proc/net/stat/nf_conntrack": (
        "entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop "
        "icmp_error  expect_new expect_create expect_delete search_restart\n"
        "00000021 00000000 0000001f 00000000 00000003 00002b20 00000000 00000000 00000002 00000001 00000000 "
        "00000004 00000000  00000000 00000000 00000000 00000004\n"
        "00000021 00000000 00000001 00000000 00000001 00002b20 00000000 00000000 00000000 00000000 00000005 "
        "00000000 00000000  00000000 00000000 00000000 00000000\n"
    ),
    "proc/net/udp": (
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
        "    0: 00000000:0016 00000000:0000 0A 00000015:00000000 00:00000000 00000000     0        0 2740 1 a 100 0\n"
        "    1: 00000000:0017 00000000:0000 0A 00000000:0000002a 00:00000000 00000000     0        0 2741 1 a 100 0\n"
    ),
    "proc/net/udp6": "  sl  local_address\n",
    "proc/net/snmp": (
        "Ip: Forwarding DefaultTTL InReceives\nIp: 1 64 57740232\n"
        "Icmp: InMsgs InErrors OutMsgs\nIcmp: 104 4 120\n"
        "Tcp: MaxConn ActiveOpens PassiveOpens CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts\n"
        "Tcp: -1 3556 230 9 57252008 54915039 227 5 1003\n"
        "Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors\nUdp: 88542 120 0 53028 9 8\n"
        "UdpLite: InDatagrams InErrors\nUdpLite: 0 7\n"
    ),
    "proc/net/netstat": (
        "TcpExt: SyncookiesSent SyncookiesRecv SyncookiesFailed EmbryonicRsts ListenOverflows ListenDrops\n"
        "TcpExt: 1 2 3 4 5 6\n"
        "IpExt: InNoRoutes InOctets OutOctets\nIpExt: 0 6286396970 2786264347\n"
    ),
    "proc/net/snmp6": "Ip6InReceives 7\nIp6InOctets 460\nIp6OutOctets 536\nIcmp6InMsgs 4\nUdp6InDatagrams 3\n",
    "proc/sys/kernel/random/entropy_avail": "1337\n",
    "proc/sys/kernel/random/poolsize": "4096\n",
    "proc/net/rpc/nfs": (
        "net 18628 0 18628 6\nrpc 4329785 0 4338291\n"
        "proc2 18 2 69 0 0 4410 0 0 0 0 0 0 0 0 0 0 0 99 2\n"
        "proc3 22 0 4084749 29200 94754 32580 186 47747 7981 8639 0 6356 0 6962 0 7958 0 0 241 4 4 2 39\n"
        "proc4 59 1 1669 0 1 0 0 0 0 0 0 2 0 1 1 0 0 0 0 1698 14 1 0 0 0 0 1 0 0 0 4 3 0 0 0 0 0 0 0 5 6 7 "
        + "0 " * 18
        + "\n"
    ),
    "proc/net/rpc/nfsd": (
        "rc 0 6 18622\nfh 3 0 0 0 0\nio 157286400 72864\nth 8 0 0.000 0.000\n"
        "ra 32 0 0 0 0 0 0 0 0 0 0 5\nnet 972 55 917 1\nrpc 18628 2 1 1 0\n"
        "proc2 18 2 69 0 0 4410 0 0 0 0 0 0 0 0 0 0 0 99 2\n"
        "proc3 22 2 112 0 2719 111 0 0 0 0 0 0 0 0 0 0 0 27 216 0 2 1 0\n"
        "proc4 2 2 10853\n"
        "proc4ops 72 0 0 0 1098 2 0 0 0 0 8179 5896 0 0 0 0 5900 0 0 2 0 2 0 9609 0 2 150 1272 0 0 0 1236 0 0 0 0 3 3 "
        + "0 " * 35
        + "\n"
    ),
    "proc/net/ip_vs_stats": (
        "   Total Incoming Outgoing         Incoming         Outgoing\n"
        "   Conns  Packets  Packets            Bytes            Bytes\n"
        "01615ADD E53D592E        0     51D8CCD1E03C                0\n"
    ),
    "proc/net/ip_vs": (
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port Scheduler Flags\n"
        "  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n"
        "TCP  C0A80016:0CEA wlc\n"
        "  -> C0A85216:0CEA      Tunnel  100    248        2\n"
        "  -> C0A85318:0CEA      Tunnel  20     248        1\n"
        "FWM  10001000 wlc\n"
        "  -> C0A83215:0016      Route   0      0          1\n"
    ),
    "proc/spl/kstat/zfs/arcstats": (
        "6 1 0x01 91 4368 5266997922 97951858082072\nname                            type data\n"
        "hits                            4    8772612\nmemory_available_bytes          3    922337\n"
    ),
    "proc/spl/kstat/zfs/zil": "7 1 0x01 14 672 8661574 97951858082072\nname type data\nzil-itx-count 4 10\n",
    "proc/spl/kstat/zfs/tank/state": "DEGRADED\n",
    "proc/spl/kstat/zfs/tank/io": (
        "12 3 0x00 1 80 79205351707403 395818011156865\n"
        "nread    nwritten reads    writes   wtime    wlentime wupdate  rtime    rlentime rupdate  wcnt     rcnt\n"
        "1884160  3206144  22       132      7155162  104112268 79210489694949 24168078 104112268 79210489849220 0  0\n"
    ),
    "proc/spl/kstat/zfs/tank/objset-0x36": (
        "23 1 0x01 7 2160 221578688875 6665999035587\nname                            type data\n"
        "dataset_name                    7    tank/home\nwrites                          4    4\n"
        "nread                           4    0\n"
    ),
    f"{_MC}/ce_count": "1\n",
    f"{_MC}/ce_noinfo_count": "2\n",
    f"{_MC}/ue_count": "5\n",
    f"{_MC}/ue_noinfo_count": "6\n",
    f"{_MC}/csrow0/ce_count": "3\n",
    f"{_MC}/csrow0/ue_count": "4\n",
    f"{_HWMON}/name": "coretemp\n",
    f"{_HWMON}/temp1_input": "55000\n",
    f"{_HWMON}/temp1_max": "84000\n",
    f"{_HWMON}/temp1_crit": "100000\n",
    f"{_HWMON}/temp1_crit_alarm": "0\n",
    f"{_HWMON}/temp2_input": "N/A\n",
    f"{_HWMON}/fan1_input": "1200\n",
    f"{_HWMON}/fan1_fault": "1\n",
    f"{_HWMON}/in0_input": "1008\n",
    f"{_HWMON}/curr1_input": "1500\n",
    f"{_HWMON}/power1_average": "120000000\n",
    f"{_HWMON}/power1_average_interval": "1000\n",
    f"{_HWMON}/energy1_input": "7000000\n",
    f"{_HWMON}/pwm1": "128\n",
    f"{_HWMON}/beep_enable": "1\n",
    "sys/class/thermal/thermal_zone0/type": "x86_pkg_temp\n",
    "sys/class/thermal/thermal_zone0/temp": "61000\n",
    "sys/class/thermal/thermal_zone0/policy": "step_wise\n",
    "sys/class/thermal/cooling_device0/type": "Processor\n",
    "sys/class/thermal/cooling_device0/cur_state": "2\n",
    "sys/class/thermal/cooling_device0/max_state": "10\n",
    f"{_CPU0}/cpuinfo_cur_freq": "2400000\n",
    f"{_CPU0}/cpuinfo_min_freq": "800000\n",
    f"{_CPU0}/cpuinfo_max_freq": "3500000\n",
    f"{_CPU0}/cpuinfo_transition_latency": "0\n",
    f"{_CPU0}/scaling_cur_freq": "1219917\n",
    f"{_CPU0}/scaling_min_freq": "800000\n",
    f"{_CPU0}/scaling_max_freq": "3500000\n",
    f"{_CPU0}/scaling_available_governors": "performance powersave\n",
    f"{_CPU0}/scaling_driver": "intel_pstate\n",
    f"{_CPU0}/scaling_governor": "powersave\n",
    f"{_CPU0}/related_cpus": "0\n",
    f"{_CPU0}/scaling_setspeed": "<unsupported>\n",
    "sys/class/power_supply/BAT0/capacity": "98\n",
    "sys/class/power_supply/BAT0/capacity_level": "Normal\n",
    "sys/class/power_supply/BAT0/cycle_count": "12\n",
    "sys/class/power_supply/BAT0/energy_now": "49450000\n",
    "sys/class/power_supply/BAT0/manufacturer": "LGC\n",
    "sys/class/power_supply/BAT0/serial_number": "38109\n",
    "sys/class/power_supply/BAT0/status": "Discharging\n",
    "sys/class/power_supply/BAT0/temp": "301\n",
    "sys/class/power_supply/BAT0/voltage_now": "12229000\n",
    "sys/class/power_supply/AC/online": "0\n",
    "sys/class/power_supply/AC/type": "Mains\n",
    "sys/class/powercap/intel-rapl/enabled": "1\n",
    "sys/class/powercap/intel-rapl:0/name": "package-0\n",
    "sys/class/powercap/intel-rapl:0/energy_uj": "240422366267\n",
    "sys/class/powercap/intel-rapl:0/max_energy_range_uj": "262143328850\n",
    "sys/class/powercap/intel-rapl:0:0/name": "core\n",
    "sys/class/powercap/intel-rapl:0:0/energy_uj": "118821284256\n",
    "sys/class/powercap/intel-rapl:0:0/max_energy_range_uj": "262143328850\n",
    "sys/class/nvme/nvme0/firmware_rev": "1B2QEXP7\n",
    "sys/class/nvme/nvme0/model": "Samsung SSD 970 PRO 512GB\n",
    "sys/class/nvme/nvme0/serial": "S680HF8N190894I\n",
    "sys/class/nvme/nvme0/state": "live\n",
    "sys/class/watchdog/watchdog0/identity": "Software Watchdog\n",
    "sys/class/watchdog/watchdog0/timeleft": "300\n",
    "sys/class/watchdog/watchdog0/timeout": "60\n",
    "sys/class/watchdog/watchdog0/state": "active\n",
    f"{_FC}/speed": "16 Gbit\n",
    f"{_FC}/port_state": "Online\n",
    f"{_FC}/port_type": "Point-To-Point (direct nport connection)\n",
    f"{_FC}/port_id": "0x000002\n",
    f"{_FC}/port_name": "0x1000e0071bce95f2\n",
    f"{_FC}/node_name": "0x2000e0071bce95f2\n",
    f"{_FC}/fabric_name": "0x0\n",
    f"{_FC}/symbolic_name": "Emulex SN1100E2P FV12.4.270.3\n",
    f"{_FC}/supported_classes": "Class 3\n",
    f"{_FC}/supported_speeds": "4 Gbit, 8 Gbit, 16 Gbit\n",
    f"{_FC}/dev_loss_tmo": "30\n",
    **{
        f"{_FC}/statistics/{name}": f"0x{number:x}\n"
        for number, name in enumerate(
            (
                "dumped_frames", "error_frames", "invalid_crc_count", "rx_frames", "rx_words", "tx_frames", "tx_words",
                "seconds_since_last_reset", "invalid_tx_word_count", "link_failure_count", "loss_of_sync_count",
                "loss_of_signal_count", "nos_count",
            )
        )
    },
    f"{_FC}/statistics/fcp_packet_aborts": "0xffffffffffffffff\n",
    f"{_IB}/board_id": "SM_1141000001000\n",
    f"{_IB}/fw_ver": "2.31.5050\n",
    f"{_IB}/hca_type": "MT4099\n",
    f"{_IB}/ports/1/state": "4: ACTIVE\n",
    f"{_IB}/ports/1/phys_state": "5: LinkUp\n",
    f"{_IB}/ports/1/rate": "40 Gb/sec (4X QDR)\n",
    f"{_IB}/ports/1/counters/link_downed": "3\n",
    f"{_IB}/ports/1/counters/port_rcv_data": "4631917\n",
    f"{_IB}/ports/1/counters/port_xmit_wait": "3846\n",
    f"{_IB}/ports/1/counters/unicast_rcv_packets": "61148\n",
    "sys/class/net/bonding_masters": "bond0\n",
    "sys/class/net/bond0/bonding/slaves": "eth0 eth1\n",
    "sys/class/net/eth1/bonding_slave/mii_status": "down\n",
    "sys/class/net/eth0/bonding_slave/mii_status": "up\n",
    "sys/class/net/eth1/operstate": "down\n",
    "sys/class/net/eth1/carrier_changes": "7\n",
    "sys/class/net/eth1/flags": "0x1803\n",
    "sys/class/net/eth1/mtu": "9000\n",
    "sys/class/net/eth1/speed": "10000\n",
    "sys/class/net/eth1/tx_queue_len": "1000\n",
    "sys/class/net/eth1/address": "aa:bb:cc:dd:ee:ff\n",
    "sys/class/net/eth1/duplex": "full\n",
    "sys/class/net/eth1/ifalias": "storage\n",
    "sys/class/net/bond0/operstate": "up\n",
    **{
        f"{_TAPE}/{name}": f"{number}\n"
        for name, number in {
            "in_flight": 1, "io_ns": 9247011087720, "other_cnt": 1409, "read_byte_cnt": 979383912, "read_cnt": 3741,
            "read_ns": 33788355744, "resid_cnt": 19, "write_byte_cnt": 1496246784000, "write_cnt": 53772916,
            "write_ns": 5233597394395,
        }.items()
    },
    f"{_BTRFS}/label": "fixture\n",
    f"{_BTRFS}/allocation/global_rsv_size": "16777216\n",
    f"{_BTRFS}/allocation/global_rsv_reserved": "16777216\n",
    **{
        f"{_BTRFS}/allocation/{kind}/{name}": "0\n"
        for kind in ("data", "metadata", "system")
        for name in (
            "bytes_may_use", "bytes_pinned", "bytes_readonly", "bytes_used", "disk_total", "disk_used", "flags",
            "total_bytes", "total_bytes_pinned",
        )
    },
    f"{_BTRFS}/allocation/data/bytes_reserved": "4096\n",
    f"{_BTRFS}/allocation/metadata/bytes_reserved": "0\n",
    f"{_BTRFS}/allocation/system/bytes_reserved": "0\n",
    f"{_BTRFS}/allocation/data/raid0/used_bytes": "808189952\n",
    f"{_BTRFS}/allocation/data/raid0/total_bytes": "2147483648\n",
    f"{_BTRFS}/allocation/metadata/raid1/used_bytes": "933888\n",
    f"{_BTRFS}/allocation/metadata/raid1/total_bytes": "1073741824\n",
    f"{_BTRFS}/allocation/system/raid1/used_bytes": "16384\n",
    f"{_BTRFS}/allocation/system/raid1/total_bytes": "8388608\n",
    f"{_BTRFS}/devices/loop25/size": "20971520\n",
    f"{_BTRFS}/devices/loop26/size": "20971520\n",
    f"{_BTRFS}/features/mixed_backref": "1\n",
    f"{_BTRFS}/metadata_uuid": "0abb23a9-579b-43e6-ad30-227ef47fcb9d\n",
    f"{_BTRFS}/clone_alignment": "4096\n",
    f"{_BTRFS}/nodesize": "16384\n",
    f"{_BTRFS}/quota_override": "0\n",
    f"{_BTRFS}/sectorsize": "4096\n",
    "sys/fs/xfs/sda1/stats/stats": (
        "extent_alloc 1 0 2 0\nabt 0 0 3 0\nblk_map 2 4 0 0 5 0 0\nbmbt 0 6 0 0\ndir 3 2 7 92\ntrans 4 40 0\n"
        "ig 5 5 0 3 0 0 0\nlog 8 21 0 5821 4\npush_ail 44 0 1102 0 0 0 1 0 2 1\nxstrat 27 0\nrw 15 15\nattr 0 0 0 0\n"
        "icluster 84 18 146\nvnodes 9 1 2 3 4 4 4 0\nbuf 125 48 0 0 79 30 0 4 0\nxpc 399724544 92823103 86219234\n"
        "debug 0\n"
    ),
    f"{_BCACHE}/average_key_size": "0\n",
    f"{_BCACHE}/btree_cache_size": "1.5k\n",
    f"{_BCACHE}/cache_available_percent": "100\n",
    f"{_BCACHE}/congested": "0\n",
    f"{_BCACHE}/root_usage_percent": "0\n",
    f"{_BCACHE}/tree_depth": "0\n",
    f"{_BCACHE}/internal/active_journal_entries": "1\n",
    f"{_BCACHE}/internal/btree_nodes": "2\n",
    f"{_BCACHE}/internal/btree_read_average_duration_us": "1305\n",
    f"{_BCACHE}/internal/cache_read_races": "3\n",
    f"{_BCACHE}/bdev0/dirty_data": "2.0M\n",
    f"{_BCACHE}/bdev0/writeback_rate_debug": (
        "rate:\t\t1.1M/sec\ndirty:\t\t20.4G\ntarget:\t\t20.4G\nproportional:\t427.5k\nintegral:\t790.0k\n"
        "change:\t\t321.5k/sec\nnext io:\t17ms\n"
    ),
    **{
        f"{_BCACHE}/bdev0/stats_{period}/{name}": f"{number}\n"
        for period in ("five_minute", "total")
        for number, name in enumerate(
            ("bypassed", "cache_hits", "cache_misses", "cache_bypass_hits", "cache_bypass_misses",
             "cache_miss_collisions", "cache_readaheads")
        )
    },
    f"{_BCACHE}/cache0/io_errors": "0\n",
    f"{_BCACHE}/cache0/metadata_written": "512\n",
    f"{_BCACHE}/cache0/written": "1.0k\n",
    "sys/class/dmi/id/bios_vendor": "Dell Inc.\n",
    "sys/class/dmi/id/product_name": "PowerEdge R6515\n",
    "sys/class/dmi/id/sys_vendor": "Dell Inc.\n",
}  # fmt: skip


def equip(root: Path) -> Path:
    """Write the files below `root`, with the links that sysfs makes of classes."""
    for name, text in FILES.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    for slave in ("eth0", "eth1"):
        (root / f"sys/class/net/bond0/lower_{slave}").symlink_to(f"../{slave}")
    hwmon = root / "sys/class/hwmon"
    hwmon.mkdir()
    (hwmon / "hwmon1").symlink_to("../../devices/platform/coretemp.0/hwmon/hwmon1")
    (root / _HWMON / "device").symlink_to("../../../coretemp.0")
    return root
