"""Wire types of central configuration: what people tell agents to poll, and the document an agent gets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from collector.access.views import Instant, TokenName
from core.fields import Line
from core.http import PageQuery

CredentialName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$(?!\n)")]
SiteName = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$(?!\n)")]
InstanceName = Annotated[
    str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$(?!\n)")
]
Plain = Annotated[str, Meta(min_length=1, max_length=1024, pattern=r"^[^\x00]*$")]

# Keys of a probe that hold a secret, or may: these come from a credential, because settings are shown.
SECRET_KEYS = frozenset({"username", "password", "bearer_token", "headers", "environment", "community", "credential"})
MAX_SETTINGS_BYTES = 64 << 10
_PROBE_KEY = re.compile(r"[a-z][a-z0-9_]{0,63}")


class SnmpSecret(
    msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind", tag="snmp"
):
    """A community of version 1 or 2c, or a user of version 3, with the keys of `snmp.credentials` of `agent.yaml`."""

    version: Literal["1", "2c", "3"] = "2c"
    community: Plain | None = None
    username: Plain | None = None
    level: Literal["noAuthNoPriv", "authNoPriv", "authPriv"] | None = None
    auth: Literal["md5", "sha", "sha224", "sha256", "sha384", "sha512"] | None = None
    auth_password: Plain | None = None
    priv: Literal["des", "aes128", "aes192", "aes256", "aes192-cisco", "aes256-cisco"] | None = None
    priv_password: Plain | None = None
    context_name: Plain | None = None

    def __post_init__(self) -> None:
        if self.version == "3":
            if self.username is None or self.community is not None:
                raise ValueError("version 3 needs username, and has no community")
            if (self.auth is None, self.priv is None) != (self.auth_password is None, self.priv_password is None):
                raise ValueError("auth and auth_password go together, priv and priv_password too")
            if self.priv is not None and self.auth is None:
                raise ValueError("priv needs auth: messages that are encrypted are signed too")
            if any(word is not None and len(word) < 8 for word in (self.auth_password, self.priv_password)):
                raise ValueError("a password of version 3 has at least 8 characters (RFC 3414)")
        elif self.community is None or self.username is not None:
            raise ValueError("versions 1 and 2c need community, and have no username")


class LoginSecret(
    msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind", tag="login"
):
    """What a probe signs in with: a password, a token, or headers of HTTP, as `agent.yaml` has them."""

    username: Plain | None = None
    password: Plain | None = None
    bearer_token: Plain | None = None
    headers: dict[str, Plain] = {}

    def __post_init__(self) -> None:
        if self.password is None and self.bearer_token is None and not self.headers:
            raise ValueError("needs password, bearer_token or headers")


Secrets = SnmpSecret | LoginSecret


class NewCredential(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A secret to keep under a name; it is never shown again."""

    name: CredentialName
    secret: Secrets


class CredentialPut(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A new secret under the same name. With `version` only if nobody changed it since."""

    secret: Secrets
    version: int | UnsetType = UNSET


class CredentialView(msgspec.Struct, kw_only=True):
    """A credential as lists show it: everything but the secret."""

    id: int
    name: str
    kind: str
    version: int
    created_at: Instant
    updated_at: Instant


class PollingTargetBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What an agent is to poll.

    Attributes:
        name: its `instance`.
        settings: as in `agent.yaml`, under `snmp.targets` or `probes`, less name and secrets.
        credential: the name of one; null where none is needed.
        ci: the configuration item, by its id; it gives an address and a site where none are set.
        site: whose agents may poll it.
        agent: the one that is to poll it; null for any of the site.
        may_move: whether another agent of the site takes over while `agent` is away.
        version: with it only if nobody changed it since.
    """

    name: InstanceName
    kind: Literal["snmp", "probe"]
    settings: dict[str, Any] = {}
    credential: CredentialName | None = None
    ci: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    site: SiteName | None = None
    agent: TokenName | None = None
    may_move: bool = False
    version: int | UnsetType = UNSET

    def __post_init__(self) -> None:
        for problem in self.problems():
            raise ValueError(problem)

    def problems(self) -> Iterator[str]:
        """What is wrong between values that are right by themselves; the agent judges the settings in full."""
        if self.site is None and self.agent is None and self.ci is None:
            yield "one of site, agent and ci is needed, or nobody would poll it"
        if len(msgspec.json.encode(self.settings)) > MAX_SETTINGS_BYTES:
            yield f"settings have more than {MAX_SETTINGS_BYTES} bytes"
        if b"\\u0000" in msgspec.json.encode(self.settings):
            yield "settings hold a NUL character"
        for key in self.settings:
            if not _PROBE_KEY.fullmatch(key) or key == "name":
                yield f"settings: {key[:64]!r} is no setting of a target"
            elif key in SECRET_KEYS or key.endswith("_file"):
                yield f"settings: {key} may be a secret and settings are shown; make a credential, and name it"
        if self.kind == "snmp":
            yield from self._snmp()
        elif not isinstance(self.settings.get("type"), str):
            yield "settings: type is needed, such as http or icmp"

    def _snmp(self) -> Iterator[str]:
        if self.credential is None:
            yield "credential is needed to ask by SNMP"
        if self.ci is None and not isinstance(self.settings.get("address"), str):
            yield "settings: address is needed where there is no configuration item to give one"


class PollingTargetView(msgspec.Struct, kw_only=True):
    """A polling target; `holder` is the agent that polls it now, null while there is none."""

    id: int
    name: str
    kind: str
    settings: dict[str, Any]
    credential: str | None
    ci: int | None
    site: str | None
    agent: str | None
    may_move: bool
    holder: str | None
    held_since: Instant | None
    version: int
    created_at: Instant
    updated_at: Instant


class PollingTargetQuery(PageQuery, kw_only=True, forbid_unknown_fields=True):
    """Filters of a list of polling targets."""

    site: Line | None = None
    holder: Line | None = None
    ci: int | None = None


class ConfigQuery(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What an agent says when it asks for its configuration: the site that it is at."""

    site: SiteName | None = None


class AssignedConfig(msgspec.Struct, kw_only=True):
    """What an agent is to poll besides its own file, in the shape of that file.

    Attributes:
        version: changes whenever anything below does.
        credentials: those that `snmp` names, as in `snmp.credentials`.
        snmp: as in `snmp.targets`.
        probes: as in `probes`.
        moved: names that another agent polls now: their series go on.
    """

    version: str = ""
    credentials: dict[str, dict[str, Any]] = {}
    snmp: list[dict[str, Any]] = []
    probes: list[dict[str, Any]] = []
    moved: list[str] = []


class AgentPatch(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What an administrator sets of an agent; a site that is null takes nothing by site."""

    site: SiteName | None
