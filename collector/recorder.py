"""Records changes of alerts so that one that cannot be recorded does not keep the others from being so."""

from __future__ import annotations

from collections.abc import Sequence

from collector.evaluation_metrics import EvaluationMetrics
from collector.pipeline import Pipeline, RuleChange
from core.errors import StorageError
from core.log import get_logger

log = get_logger(__name__)


class Recorder:
    """Hands changes to the pipeline, together if possible."""

    def __init__(self, pipeline: Pipeline, metrics: EvaluationMetrics) -> None:
        self._pipeline = pipeline
        self._metrics = metrics
        self._unrecorded: set[tuple[str, str]] = set()

    async def record(self, changes: Sequence[RuleChange], at_ms: int) -> list[RuleChange]:
        """Record in one transaction, or one by one should that fail; returns the changes that were not recorded.

        Raises:
            StorageError: the database refused.
        """
        if len(changes) > 1:
            try:
                await self._pipeline.record(changes, at_ms)
            except StorageError:
                raise
            except Exception as error:  # noqa: BLE001 - the change that is to blame logs it with its traceback
                log.warning("changes not recorded together, trying them one by one", changes=len(changes), error=error)
            else:
                return []
        return [one for one in changes if not await self._record_one(one, at_ms)]

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
