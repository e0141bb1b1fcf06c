"""The words of the register: states, origins and the types of relations."""

from __future__ import annotations

import enum


class CiState(enum.StrEnum):
    """The life of a configuration item; being out of warranty is derived and no state."""

    PLANNED = "planned"  # 计划
    UNDER_CONSTRUCTION = "under_construction"  # 在建
    AWAITING_ACCEPTANCE = "awaiting_acceptance"  # 待验收
    IN_STOCK = "in_stock"  # 库存
    IN_USE = "in_use"  # 在用
    IN_REPAIR = "in_repair"  # 维修
    IDLE = "idle"  # 闲置
    ON_LOAN = "on_loan"  # 借出
    AWAITING_DISPOSAL = "awaiting_disposal"  # 待报废
    DISPOSED = "disposed"  # 已处置


class Origin(enum.StrEnum):
    """How an item came into the register."""

    DISCOVERED = "discovered"
    MANUAL = "manual"


class RelationType(enum.StrEnum):
    """What a relation says; `cmdb.impact` says which end fails with which."""

    DEPENDS_ON = "depends_on"  # the source needs the target to work
    RUNS_ON = "runs_on"  # the source is software or a virtual machine on the target
    CONNECTED_TO = "connected_to"  # the source reaches the rest of the network through the target
    CONTAINS = "contains"  # the target stands in, and is powered by, the source


class Impact(enum.StrEnum):
    """Whom the failure of a business service hits, broadest first."""

    DEPARTMENT = "department"  # 部门
    SERVICE = "service"  # 服务
    PERSON = "person"  # 个体


# The classes that the product itself names.
BUSINESS_SERVICE = "business_service"
SERVER = "server"
OTHER = "other"
