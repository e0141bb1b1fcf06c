"""What NFS clients and servers did, from `/proc/net/rpc/nfs` and `nfsd` (the kernel's net/sunrpc/stats.c)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from agent.probes.host.collector import Host
from agent.probes.host.table import counter, gauge
from agent.sample import Family, Sample, Series


def _words(text: str) -> list[str]:
    return text.split()


# In the order of the protocols: RFC 1094, RFC 1813, the kernel's nfs4.h for clients, RFC 7530's operations.
_V2 = _words(
    "Null GetAttr SetAttr Root Lookup ReadLink Read WrCache Write Create Remove Rename Link SymLink MkDir RmDir ReadDir"
    " FsStat"
)
_V3 = _words(
    "Null GetAttr SetAttr Lookup Access ReadLink Read Write Create MkDir SymLink MkNod Remove RmDir Rename Link ReadDir"
    " ReadDirPlus FsStat FsInfo PathConf Commit"
)
_V4_CLIENT = _words(
    "Null Read Write Commit Open OpenConfirm OpenNoattr OpenDowngrade Close Setattr FsInfo Renew SetClientID"
    " SetClientIDConfirm Lock Lockt Locku Access Getattr Lookup LookupRoot Remove Rename Link Symlink Create Pathconf"
    " StatFs ReadLink ReadDir ServerCaps DelegReturn GetACL SetACL FsLocations ReleaseLockowner Secinfo FsidPresent"
    " ExchangeID CreateSession DestroySession Sequence GetLeaseTime ReclaimComplete LayoutGet GetDeviceInfo"
    " LayoutCommit LayoutReturn SecinfoNoName TestStateID FreeStateID GetDeviceList BindConnToSession DestroyClientID"
    " Seek Allocate DeAllocate LayoutStats Clone"
)
_V4_SERVER = _words(
    "- - - Access Close Commit Create DelegPurge DelegReturn GetAttr GetFH Link Lock Lockt Locku Lookup LookupRoot"
    " Nverify Open OpenAttr OpenConfirm OpenDgrd PutFH - - Read ReadDir ReadLink Remove Rename Renew RestoreFH SaveFH"
    " SecInfo SetAttr - - Verify Write RelLockOwner"
)

_REQUESTS = counter("node_nfs_requests_total", "Requests of NFS clients, by version and procedure.")
_PACKETS = counter("node_nfs_packets_total", "Packets of NFS clients, by protocol.")
_SERVER_REQUESTS = counter("node_nfsd_requests_total", "Requests to the NFS server, by version and procedure.")
_SERVER_PACKETS = counter("node_nfsd_packets_total", "Packets of the NFS server, by protocol.")
_SERVER_ERRORS = counter("node_nfsd_rpc_errors_total", "Calls that the NFS server refused, by what was wrong.")


def _requests(family: Family, version: str, methods: Sequence[str]) -> tuple[Series | None, ...]:
    return tuple(
        Series(family, (("method", method), ("proto", version))) if method not in ("-", "Null") else None
        for method in methods
    )


def _client_requests(version: str, methods: Sequence[str]) -> tuple[Series | None, ...]:
    return tuple(Series(_REQUESTS, (("method", method), ("proto", version))) for method in methods)


# By the first word of a line what each of its numbers is; None for those that are not told. Lines of procedures have
# their number first.
Layout = Mapping[str, tuple[Series | None, ...]]

CLIENT: Layout = {
    "net": (
        None,
        Series(_PACKETS, (("protocol", "udp"),)),
        Series(_PACKETS, (("protocol", "tcp"),)),
        Series(counter("node_nfs_connections_total", "Connections of NFS clients over TCP.")),
    ),
    "rpc": (
        Series(counter("node_nfs_rpcs_total", "Calls of NFS clients.")),
        Series(counter("node_nfs_rpc_retransmissions_total", "Calls sent again.")),
        Series(counter("node_nfs_rpc_authentication_refreshes_total", "Credentials that were renewed.")),
    ),
    "proc2": (None, *_client_requests("2", _V2)),
    "proc3": (None, *_client_requests("3", _V3)),
    "proc4": (None, *_client_requests("4", _V4_CLIENT)),
}
SERVER: Layout = {
    "rc": (
        Series(counter("node_nfsd_reply_cache_hits_total", "Requests answered from the cache of replies.")),
        Series(counter("node_nfsd_reply_cache_misses_total", "Requests whose replies were put into the cache.")),
        Series(counter("node_nfsd_reply_cache_nocache_total", "Requests that the cache is not for.")),
    ),
    "fh": (Series(counter("node_nfsd_file_handles_stale_total", "File handles that were stale.")),),
    "io": (
        Series(counter("node_nfsd_disk_bytes_read_total", "Bytes that clients read.")),
        Series(counter("node_nfsd_disk_bytes_written_total", "Bytes that clients wrote.")),
    ),
    "th": (Series(gauge("node_nfsd_server_threads", "Threads of the NFS server.")),),
    "ra": (
        Series(gauge("node_nfsd_read_ahead_cache_size_blocks", "Size of the read-ahead cache in blocks.")),
        *(None,) * 10,
        Series(counter("node_nfsd_read_ahead_cache_not_found_total", "Look-ups in the read-ahead cache that failed.")),
    ),
    "net": (
        None,
        Series(_SERVER_PACKETS, (("proto", "udp"),)),
        Series(_SERVER_PACKETS, (("proto", "tcp"),)),
        Series(counter("node_nfsd_connections_total", "Connections to the NFS server over TCP.")),
    ),
    "rpc": (
        Series(counter("node_nfsd_server_rpcs_total", "Calls to the NFS server.")),
        None,
        Series(_SERVER_ERRORS, (("error", "fmt"),)),
        Series(_SERVER_ERRORS, (("error", "auth"),)),
        Series(_SERVER_ERRORS, (("error", "cInt"),)),
    ),
    "proc2": (None, *_requests(_SERVER_REQUESTS, "2", _V2)),
    "proc3": (None, *_requests(_SERVER_REQUESTS, "3", _V3)),
    "proc4ops": (None, *_requests(_SERVER_REQUESTS, "4", _V4_SERVER)),
}


def parse_rpc(text: str, layout: Layout) -> Iterator[Sample]:
    """The samples of a file; lines of other words, and numbers that newer kernels add, are passed over."""
    for line in text.split("\n"):
        word, *numbers = line.split() or [""]
        for series, number in zip(layout.get(word, ()), numbers, strict=False):
            if series is not None:
                yield Sample(series, float(number))


class _RpcCollector:
    """One of the two files."""

    def __init__(self, host: Host, file: str, layout: Layout) -> None:
        self._files = host.proc
        self._file = file
        self._layout = layout

    async def collect(self) -> list[Sample]:
        return list(parse_rpc(self._files.text(self._file), self._layout))


class NfsCollector(_RpcCollector):
    """`node_nfs_…` of the clients of this host."""

    def __init__(self, host: Host) -> None:
        super().__init__(host, "net/rpc/nfs", CLIENT)


class NfsdCollector(_RpcCollector):
    """`node_nfsd_…` of the server of this host."""

    def __init__(self, host: Host) -> None:
        super().__init__(host, "net/rpc/nfsd", SERVER)
