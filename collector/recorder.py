"""Records changes of alerts so that one that cannot be recorded does not keep the others from being so."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from collector.batches import AT_ONCE, in_batches
from collector.evaluation_metrics import EvaluationMetrics
from collector.pipeline import Pipeline, RuleChange
from core.errors import StorageError
from core.log import get_logger

log = get_logger(__name__)


class PartlyRecordedError(StorageError):
    """The database refused after some changes had been committed; `left` are those that had not."""

    def __init__(self, error: StorageError, left: Sequence[RuleChange]) -> None:
        super().__init__(str(error))
        self.left = left


class Recorder:
    """Hands changes to the pipeline, many in one transaction if possible."""

    def __init__(self, pipeline: Pipeline, metrics: EvaluationMetrics) -> None:
        self._pipeline = pipeline
        self._metrics = metrics
        self._unrecorded: set[tuple[str, str]] = set()

    async def record(self, changes: Sequence[RuleChange], at_ms: int) -> list[RuleChange]:
        """Record the changes of one evaluation; returns those that were not recorded, for another reason than storage.

        Raises:
            StorageError: the database refused; nothing was recorded.
            PartlyRecordedError: it refused in the middle of very many.
        """
        if changes:  # what somebody has registered a moment ago counts
            await self._pipeline.register.refresh()
        batches = await self._batches(changes)
        left: list[RuleChange] = []
        for number, batch in enumerate(batches):
            try:
                left += await self._record_batch(batch, at_ms)
            except StorageError as error:
                if number == 0:
                    raise
                raise PartlyRecordedError(error, left + [one for rest in batches[number:] for one in rest]) from error
        return left

    async def _batches(self, changes: Sequence[RuleChange]) -> list[Sequence[RuleChange]]:
        if len(changes) <= AT_ONCE:
            return in_batches(changes, self._pipeline.register)
        return await asyncio.to_thread(in_batches, changes, self._pipeline.register)

    async def _record_batch(self, batch: Sequence[RuleChange], at_ms: int) -> list[RuleChange]:
        """Record in one transaction, or one by one should that fail."""
        if len(batch) > 1:
            try:
                await self._pipeline.record(batch, at_ms)
            except StorageError:
                raise
            except Exception as error:  # noqa: BLE001 - the change that is to blame logs it with its traceback
                log.warning("changes not recorded together, trying them one by one", changes=len(batch), error=error)
            else:
                return []
        return [one for one in batch if not await self._record_one(one, at_ms)]

    async def _record_one(self, one: RuleChange, at_ms: int) -> bool:
        key = (one.rule_key, one.change.fingerprint)
        try:
            await self._pipeline.record([one], at_ms)
        except StorageError:
            raise
        except Exception:
            self._metrics.lost_changes.inc()
            if key not in self._unrecorded:  # it is tried again every tick; that is told once
                self._unrecorded.add(key)
                log.exception("change of an alert not recorded", rule=one.rule, fingerprint=one.change.fingerprint)
            return False
        self._unrecorded.discard(key)
        return True
