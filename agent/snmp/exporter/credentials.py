"""What `auths` of an `snmp.yml` are in `agent.yaml`. Secrets are neither copied nor shown: their files are named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import yaml

from agent.snmp.exporter.document import Auth

_AUTHS = {"MD5": "md5", "SHA": "sha", "SHA224": "sha224", "SHA256": "sha256", "SHA384": "sha384", "SHA512": "sha512"}
_PRIVS = {
    "DES": "des", "AES": "aes128", "AES192": "aes192", "AES256": "aes256", "AES192C": "aes192-cisco",
    "AES256C": "aes256-cisco",
}  # fmt: skip


def explain(auths: Mapping[str, Auth]) -> str:
    """The section of `agent.yaml` to write, with a file to be made for each secret."""
    files = _files(auths)
    return yaml.safe_dump(
        {"snmp": {"credentials": {name: _credential(files[name], auth) for name, auth in auths.items()}}},
        sort_keys=False, default_flow_style=None, width=1000, allow_unicode=True,
    )  # fmt: skip


def _files(names: Iterable[str]) -> dict[str, str]:
    """How the files of each name begin, no two alike: `site_a` and `site-a` have secrets of their own."""
    files: dict[str, str] = {}
    alike: Counter[str] = Counter()
    for name in names:
        file = "".join(letter if letter.isalnum() else "-" for letter in name)[:64]
        alike[file.lower()] += 1
        files[name] = file if alike[file.lower()] == 1 else f"{file}.{alike[file.lower()]}"  # no other has a dot
    return files


def _credential(file: str, auth: Auth) -> dict[str, str]:
    if auth.version != 3:
        return {"version": "1" if auth.version == 1 else "2c", "community_file": f"{file}.community"}
    found = {"version": "3", "username": auth.username}
    if auth.security_level in ("authNoPriv", "authPriv"):
        found |= {"auth": _AUTHS.get(auth.auth_protocol, "md5"), "auth_password_file": f"{file}.auth-password"}
    if auth.security_level == "authPriv":
        found |= {"priv": _PRIVS.get(auth.priv_protocol, "des"), "priv_password_file": f"{file}.priv-password"}
    return found | ({"context_name": auth.context_name} if auth.context_name else {})
