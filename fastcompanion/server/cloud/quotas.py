"""The limits of an account: new ones may run no GPU at all until somebody has asked for it."""

from __future__ import annotations

from fastcompanion.base.errors import Exit
from fastcompanion.base.records import frozen
from fastcompanion.server.cloud.boto import Aws
from fastcompanion.server.cloud.prices import Machine
from fastcompanion.server.cloud.refusals import Refused, quota_page

_NAMES = {
    "L-DB2E81BA": "Running On-Demand G and VT instances",
    "L-3819A6DF": "All G and VT Spot Instance Requests",
    "L-1216C47A": "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances",
    "L-34B43A08": "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests",
}
_SPOT = {"L-DB2E81BA": "L-3819A6DF", "L-1216C47A": "L-34B43A08"}


@frozen
class Quota:
    """A limit in vCPUs: its name, what is needed, what the account has (None: nobody could say)."""

    code: str
    name: str
    needed: int
    page: str
    text: str
    has: float | None = None


def of(machine: Machine, region: str, *, spot: bool) -> Quota:
    """Give the limit that a machine counts against, with the text to ask for it."""
    code = _SPOT[machine.quota] if spot else machine.quota
    kind = "spot " if spot else ""
    text = (
        f"I work through a deep learning course (fast.ai) and need one {kind}{machine.type} "
        f"({machine.cpus} vCPUs) in {region}, a few hours a week. Please raise the limit to {machine.cpus}."
    )
    return Quota(code, _NAMES[code], machine.cpus, quota_page(code, region), text)


def asked(aws: Aws, quota: Quota) -> Quota:
    """Look the limit up in the account; where that is not allowed, nothing is known."""
    try:
        answer = aws.call(
            "service-quotas", "get_service_quota", ServiceCode="ec2", QuotaCode=quota.code
        )
    except Refused:
        return quota
    value = float(answer["Quota"]["Value"])
    return Quota(quota.code, quota.name, quota.needed, quota.page, quota.text, value)


def verify(quota: Quota) -> None:
    """Refuse a machine that the account's limit does not allow, before anything is made."""
    if quota.has is not None and quota.has < quota.needed:
        raise too_small(quota)


def too_small(quota: Quota, words: str = "") -> Refused:
    """Name the limit, where it is raised and what to write there."""
    has = f"your account has {quota.has:g}" if quota.has is not None else words or "it is used up"
    return Refused(
        f"the limit “{quota.name}” is too small: {quota.needed} vCPUs are needed, {has}",
        hint=f"Ask for {quota.needed} at {quota.page} (it can take days). You may write: {quota.text}",
        reason="VcpuLimitExceeded",
        code=Exit.MISSING,
    )
