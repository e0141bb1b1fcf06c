"""Why samples are refused, and what an append tells its caller."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


class Refusal(enum.StrEnum):
    """The reason one sample was not taken; the words are label values of `forewatch_ingest_samples_refused_total`."""

    MISSING_NAME = "missing_name"
    INVALID_METRIC_NAME = "invalid_metric_name"
    INVALID_LABEL_NAME = "invalid_label_name"
    INVALID_UTF8 = "invalid_utf8"
    DUPLICATE_LABEL = "duplicate_label"
    LABEL_NAME_TOO_LONG = "label_name_too_long"
    LABEL_VALUE_TOO_LONG = "label_value_too_long"
    TOO_MANY_LABELS = "too_many_labels"
    SERIES_TOO_LARGE = "series_too_large"
    NATIVE_HISTOGRAM = "native_histogram"
    EXPONENTIAL_HISTOGRAM = "exponential_histogram"
    NOT_CUMULATIVE = "not_cumulative"
    MALFORMED_POINT = "malformed_point"
    SERIES_LIMIT = "series_limit"
    OUT_OF_ORDER = "out_of_order"
    DUPLICATE_TIMESTAMP = "duplicate_timestamp"
    TOO_OLD = "too_old"
    TOO_NEW = "too_new"


class Code(enum.IntEnum):
    """What became of one sample, as it stands in `Refusals.codes`."""

    ACCEPTED = 0
    DUPLICATE = 1  # the store already holds exactly this sample: fine, sent twice
    OUT_OF_ORDER = 2
    DUPLICATE_TIMESTAMP = 3
    TOO_OLD = 4
    TOO_NEW = 5
    SERIES_LIMIT = 6

    @property
    def refusal(self) -> Refusal | None:
        """The reason for people and metrics; None where the sample is in the store."""
        return None if self <= Code.DUPLICATE else Refusal(self.name.lower())


@dataclass(frozen=True, slots=True)
class Refusals:
    """What became of the samples of one append.

    Attributes:
        accepted: how many are now in the store and were not before.
        duplicates: how many the store already held, value and time.
        late: how many of the accepted ones were put before later ones of their series.
        counts: how many were refused for each reason; empty when none was.
        codes: [samples] a `Code` each; None when all were accepted.
    """

    accepted: int
    duplicates: int = 0
    late: int = 0
    counts: Mapping[Refusal, int] = field(default_factory=dict)
    codes: NDArray[np.uint8] | None = None

    @property
    def refused(self) -> int:
        return sum(self.counts.values())

    @classmethod
    def of(cls, codes: NDArray[np.uint8], late: int = 0) -> Refusals:
        """The summary of per-sample codes, `late` of whose accepted samples were late."""
        by_code = np.bincount(codes, minlength=len(Code))
        counts = {code.refusal: int(by_code[code]) for code in Code if code.refusal and by_code[code]}
        accepted, duplicates = int(by_code[Code.ACCEPTED]), int(by_code[Code.DUPLICATE])
        return cls(accepted, duplicates, late, counts, None if accepted == len(codes) else codes)
