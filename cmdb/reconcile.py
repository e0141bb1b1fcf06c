"""Reports become items: fetch the candidates, let `cmdb.identity` decide, write what follows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from cmdb import key_store
from cmdb.classes import CiClass, Classes
from cmdb.differences import Found, settle
from cmdb.identity import Candidate, Conflict, Contest, Decision, Matched, New, Reason, decide
from cmdb.item import OTHER, CiState, Origin
from cmdb.items import apply, insert, ref
from cmdb.keys import keys_of, name_key
from cmdb.models import ConfigurationItem, InstanceBinding
from cmdb.outcome import Outcome, What
from cmdb.register import bump, lock, note
from cmdb.reported import attributes_of, class_difference, class_of, clean_report, may_be, merge, stored_facts
from core.facts import TargetReport

_MAX_NAMESAKES = 50  # more of one name cannot be told apart by it anyway


async def reconcile(
    session: AsyncSession, target: TargetReport, *, classes: Classes, agent: str, now: dt.datetime
) -> Outcome:
    """Take one reported target for the item it is about, or for a new one, and bind its instance to it.

    Runs in the caller's writing transaction, as the register's only writer until that ends. A target
    that could not be asked (facts None) is bound by its name but makes no item; of one that is bound already
    nothing changes, for silence neither agrees nor disagrees.
    """
    await lock(session)
    target = clean_report(target)
    return await _Reconciliation(session, target, classes, agent, now).run()


async def recognise(session: AsyncSession, target: TargetReport, *, classes: Classes, now: dt.datetime) -> Decision:
    """Which item `reconcile` would take a target for, were it reported; nothing is written."""
    binding = await session.get(InstanceBinding, target.instance)
    return await _Reconciliation(session, clean_report(target), classes, "", now).decide(binding)


class _Reconciliation:
    """One report on its way into the register."""

    def __init__(
        self, session: AsyncSession, target: TargetReport, classes: Classes, agent: str, now: dt.datetime
    ) -> None:
        self._session = session
        self._target = target
        self._classes = classes
        self._agent = agent
        self._now = now
        self._actor = f"agent:{agent}"
        self._keys = keys_of(target.facts)
        self._found: list[Found] = []

    async def run(self) -> Outcome:
        binding = await self._session.get(InstanceBinding, self._target.instance)
        if binding is not None and self._target.facts is None:
            known = await self._session.get_one(ConfigurationItem, binding.ci_id)
            return Outcome(ref(known), What.UNCHANGED)
        decision = await self.decide(binding)
        if isinstance(decision, Conflict):
            return await self._undecided(decision)
        if isinstance(decision, New) and self._target.facts is None:
            return Outcome(None, What.UNKNOWN)
        ci = await self._item(decision)
        changed = await self._own_keys(ci, decision.contests)
        changed |= await self._bind(ci, binding)
        changed |= await self._describe(ci)
        await self._settle(ci.id)
        created = isinstance(decision, New)
        if changed or created:
            await bump(self._session)
        what = What.CREATED if created else What.UPDATED if changed else What.UNCHANGED
        return Outcome(ref(ci), what, tuple(one.reason for one in self._found))

    async def decide(self, binding: InstanceBinding | None) -> Decision:
        """Which item it is about."""
        return decide(self._keys, await self._candidates(binding))

    async def _candidates(self, binding: InstanceBinding | None) -> list[Candidate]:
        """Every item that shares a key, is bound to the instance, or has its name or code."""
        holders = set((await key_store.holders(self._session, self._keys)).values())
        bound = {binding.ci_id} if binding is not None else set()
        named = set(
            await self._session.scalars(select(ConfigurationItem.id).where(self._named()).limit(_MAX_NAMESAKES))
        )
        keys = await key_store.keys_by_item(self._session, holders | bound | named)
        return [Candidate(ci, frozenset(of), bound=ci in bound, named=ci in named) for ci, of in keys.items()]

    def _named(self) -> ColumnElement[bool]:
        instance = self._target.instance
        called: ColumnElement[bool] = or_(
            ConfigurationItem.name_key == name_key(instance), ConfigurationItem.code == instance.upper()
        )
        called &= ConfigurationItem.removed_at.is_(None)
        wanted = may_be(self._target, self._classes)
        return called if wanted is None else called & ConfigurationItem.class_.in_(sorted(wanted))

    async def _undecided(self, conflict: Conflict) -> Outcome:
        items = await self._session.scalars(
            select(ConfigurationItem.code).where(ConfigurationItem.id.in_(conflict.candidates)).order_by("code")
        )
        self._found.append(Found(conflict.reason, "name", ", ".join(items), self._target.instance))
        await self._settle(None)
        return Outcome(None, What.CONFLICT, (conflict.reason,))

    async def _settle(self, ci: int | None) -> None:
        await settle(
            self._session,
            self._found,
            instance=self._target.instance,
            agent=self._agent,
            ci=ci,
            answered=self._target.facts is not None,
            now=self._now,
        )

    async def _item(self, decision: Matched | New) -> ConfigurationItem:
        if isinstance(decision, Matched):
            return await self._session.get_one(ConfigurationItem, decision.ci)
        assert self._target.facts is not None
        of_class = class_of(self._target, self._classes)
        values, _ = of_class.check(attributes_of(self._target.facts, of_class), complete=True)
        return await insert(
            self._session,
            of_class,
            self._target.instance,
            values,
            state=CiState.IN_USE,
            origin=Origin.DISCOVERED,
            recorded=[],
            actor=self._actor,
            now=self._now,
        )

    async def _own_keys(self, ci: ConfigurationItem, contests: Sequence[Contest]) -> bool:
        """Give the item the reported keys, those that moved included; those that another item keeps are not its own."""
        kept = {contest.key for contest in contests if contest.reason is not Reason.KEY_MOVED}
        for contest in contests:
            await self._contested(ci, contest)
        own = self._keys - kept
        dropped, added = await key_store.replace(
            self._session, ci, self._target.instance, own, kinds={key.kind for key in own}
        )
        for key in sorted(dropped):
            self._note(ci, f"keys.{key.kind}", before=key.value)
        for key in sorted(added):
            self._note(ci, f"keys.{key.kind}", after=key.value)
        return bool(dropped or added or len(kept) < len(contests))

    async def _contested(self, ci: ConfigurationItem, contest: Contest) -> None:
        holder = await self._session.get_one(ConfigurationItem, contest.holder)
        key = contest.key
        self._found.append(Found(contest.reason, str(key.kind), holder.code, key.value, other_ci=holder.id))
        if contest.reason is Reason.KEY_MOVED:
            await key_store.take(self._session, key, ci, self._target.instance)
            self._note(holder, f"keys.{key.kind}", before=key.value)
            self._note(ci, f"keys.{key.kind}", after=key.value)

    async def _bind(self, ci: ConfigurationItem, binding: InstanceBinding | None) -> bool:
        """Bind the instance, unless another agent uses it for another item that is still operated."""
        target = self._target
        if binding is None:
            self._session.add(
                InstanceBinding(
                    instance=target.instance, ci_id=ci.id, job=target.job, agent=self._agent, bound_at=self._now
                )
            )
            self._note(ci, "instance", after=target.instance)
            await self._session.flush()
            return True
        if binding.ci_id != ci.id:
            other = await self._session.get_one(ConfigurationItem, binding.ci_id)
            if binding.agent != self._agent and other.state != CiState.DISPOSED:
                taken = Found(Reason.INSTANCE_TAKEN, "instance", f"{other.code} by {binding.agent}", ci.code, other.id)
                self._found.append(taken)
                return False
            self._note(other, "instance", before=target.instance)
            self._note(ci, "instance", after=target.instance)
        moved = binding.ci_id != ci.id
        binding.ci_id, binding.agent = ci.id, self._agent
        if target.facts is not None:
            binding.job = target.job
        return moved

    async def _describe(self, ci: ConfigurationItem) -> bool:
        """Write the reported attributes and when the thing was seen; True when an attribute or the class changed."""
        facts = self._target.facts
        if facts is None:
            return False
        leading = await self._leads(ci)
        of_class = self._classes.get(ci.class_)
        changes: dict[str, object] = {}
        if leading and "class" not in ci.recorded:
            of_class = self._class_after(of_class)
            changes["class_"] = of_class.name
        elif (wrong := class_difference(ci.class_, facts.device_class, self._classes)) is not None and leading:
            self._found.append(wrong)
        if of_class is not None:
            reported = attributes_of(facts, of_class)
            merged, wrongs = merge(ci.attributes, set(ci.recorded), reported, of_class, leading=leading)
            changes["attributes"] = merged
            self._found += wrongs
        if leading or ci.facts is None:
            ci.facts = stored_facts(facts)
        ci.first_seen_at = ci.first_seen_at or self._now
        ci.last_seen_at = self._now
        return apply(self._session, ci, changes, actor=self._actor, now=self._now)

    def _class_after(self, before: CiClass | None) -> CiClass:
        """The reported class; the one before where the report knows no better than `other`."""
        reported = class_of(self._target, self._classes)
        return before if before is not None and reported.name == OTHER else reported

    async def _leads(self, ci: ConfigurationItem) -> bool:
        """Whether this instance speaks for the item: a host's own agent before others, then who was first."""
        bindings = await self._session.scalars(select(InstanceBinding).where(InstanceBinding.ci_id == ci.id))
        ranked = sorted(bindings, key=lambda one: (one.job != "node", one.bound_at, one.instance))
        return bool(ranked) and ranked[0].instance == self._target.instance

    def _note(self, ci: ConfigurationItem, field: str, *, before: str | None = None, after: str | None = None) -> None:
        note(self._session, ci.id, self._now, self._actor, field, before=before, after=after)
