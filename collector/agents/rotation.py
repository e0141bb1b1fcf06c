"""A new key for credentials at rest: every one is encrypted anew, while the collector may run."""

from __future__ import annotations

from sqlalchemy import select

from collector.agents.keyring import Keyring
from collector.agents.models import Credential
from core.database import Database


async def encrypt_anew(database: Database, keyring: Keyring) -> int:
    """Bring every credential under the key that encrypts now; returns how many were not, one transaction.

    Raises:
        StorageError: a credential cannot be read, and nothing changed; or the database refuses.
    """
    async with database.write() as session:
        rows = await session.scalars(select(Credential).order_by(Credential.id).with_for_update())
        stale = [row for row in rows if not keyring.is_current(row.sealed)]
        for row in stale:
            row.sealed = keyring.seal(row.name, keyring.unseal(row.name, row.sealed))
    return len(stale)


async def rotate(database: Database, keyring: Keyring) -> int:
    """Make a new key and encrypt every credential anew; returns how many.

    What an interrupted attempt left behind is finished first: the file keeps two keys only. Keys of the environment are
    only made use of.

    Raises:
        StorageError: see `encrypt_anew`.
    """
    before = await encrypt_anew(database, keyring)
    if keyring.is_given:
        return before
    keyring.rotate()
    return await encrypt_anew(database, keyring)
