"""What AWS says no with, in words that a learner can act on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fastcompanion.base.errors import CompanionError, Exit

#: no machine of this type is free in this zone now
CAPACITY = (
    "InsufficientInstanceCapacity",
    "InsufficientHostCapacity",
    "InsufficientCapacity",
    "InsufficientReservedInstanceCapacity",
    "SpotMaxPriceTooLow",
)
#: the type is not offered in this zone at all
NOT_OFFERED = ("Unsupported", "InstanceTypeNotSupported", "InvalidParameterCombination")
#: the account's own limit
QUOTA = (
    "VcpuLimitExceeded",
    "InstanceLimitExceeded",
    "MaxSpotInstanceCountExceeded",
    "VolumeLimitExceeded",
    "SecurityGroupLimitExceeded",
)
_NO_LEAVE = ("UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "AuthorizationError")
_BAD_CREDENTIALS = (
    "AuthFailure",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "SignatureDoesNotMatch",
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
)
_SECRET = re.compile(r"\b((?:AKIA|ASIA)[A-Z0-9]{12,}|aws_secret\S*|(?i:token)=\S+)")
_ENCODED = re.compile(r"\s*Encoded authorization failure message: \S+")
_LONGEST = 400


class Refused(CompanionError):
    """AWS said no, or could not be asked; `reason` is AWS's own code."""

    def __init__(
        self, message: str, *, hint: str = "", reason: str = "", code: Exit = Exit.MISSING
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.reason = reason

    @property
    def not_found(self) -> bool:
        """Whether what was asked for is not there, which is fine where it is to go."""
        return ".NotFound" in self.reason or self.reason in (
            "ResourceNotFound",
            "ResourceNotFoundException",
            "ParameterNotFound",
            "NoSuchResourceException",
            "InvalidSpotInstanceRequestID.NotFound",
        )


def refusal(operation: str, answer: Mapping[str, Any], region: str) -> Refused:
    """Make an error of AWS's answer."""
    told = answer.get("Error", {})
    reason = str(told.get("Code", "Unknown"))
    words = clean(str(told.get("Message", "")))
    hint = _hint(reason, region)
    return Refused(
        f"AWS refused {operation}: {words or reason} ({reason})", hint=hint, reason=reason
    )


def _hint(reason: str, region: str) -> str:
    if reason in _NO_LEAVE:
        return "fastcompanion server iam-policy prints the leave that your account needs to give"
    if reason in _BAD_CREDENTIALS:
        return (
            "aws sts get-caller-identity tells who you are to AWS; aws sso login, or aws configure"
        )
    if reason in QUOTA:
        return quota_page("", region)
    if reason == "OptInRequired":
        return f"Switch the region {region} on in your account, or take another: --region"
    if reason == "VPCIdNotSpecified":
        return f"aws ec2 create-default-vpc --region {region}"
    if reason in ("RequestLimitExceeded", "Throttling", "ThrottlingException"):
        return "AWS asks for patience: run the same command again in a minute."
    return "Run the same command again: it goes on where it ended."


def clean(words: str) -> str:
    """Shorten AWS's words and take out what may be a secret or is not to be read by people."""
    words = _SECRET.sub("***", _ENCODED.sub("", " ".join(words.split())))
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"


def quota_page(quota: str, region: str) -> str:
    """Give the page where a limit is raised."""
    base = f"https://{region}.console.aws.amazon.com/servicequotas/home/services/ec2/quotas"
    return f"{base}/{quota}" if quota else base
