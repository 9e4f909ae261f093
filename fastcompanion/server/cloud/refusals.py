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
    "InsufficientVolumeCapacity",
    "InsufficientFreeAddressesInSubnet",
    "SpotMaxPriceTooLow",
)
#: the type is not offered in this zone at all
NOT_OFFERED = ("Unsupported", "InstanceTypeNotSupported")
#: AWS itself broke, and does not say before or after it did it
BROKEN = (
    "InternalError",
    "InternalFailure",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "Unavailable",
    "RequestTimeout",
)
_BROKEN_FROM = 500
#: too many questions in too short a time, of this account
BUSY = (
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
)
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
    "InvalidAccessKeyId",
    "IncompleteSignature",
)
_CLOCK = re.compile(
    r"(?i)signature (expired|not yet current)|clock|RequestTimeTooSkewed|RequestExpired"
)
_FREE_PLAN = re.compile(r"(?i)free[ -]tier")
_SECRET = re.compile(r"\b((?:AKIA|ASIA)[A-Z0-9]{12,}|aws_secret\S*|(?i:token)=\S+)")
_ENCODED = re.compile(r"\s*Encoded authorization failure message: \S+")
_LONGEST = 400


class Refused(CompanionError):
    """AWS said no, or could not be asked; `reason` is AWS's own code.

    `lost` says that no answer came which tells what became of it: the line broke on the way there or back.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        reason: str = "",
        code: Exit = Exit.MISSING,
        lost: bool = False,
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.reason = reason
        self._lost = lost

    @property
    def unsure(self) -> bool:
        """Whether what was asked for may have been done all the same."""
        return self._lost or self.reason in BROKEN

    @property
    def passing(self) -> bool:
        """Whether asking again in a while may well help."""
        return self.unsure or self.reason in BUSY

    @property
    def not_found(self) -> bool:
        """Whether what was asked for is not there, which is fine where it is to go."""
        return ".NotFound" in self.reason or self.reason in (
            "ResourceNotFound",
            "ResourceNotFoundException",
            "ParameterNotFound",
            "NoSuchResourceException",
        )


def refusal(operation: str, answer: Mapping[str, Any], region: str) -> Refused:
    """Make an error of AWS's answer."""
    told = answer.get("Error", {})
    reason = str(told.get("Code", "Unknown"))
    words = clean(str(told.get("Message", "")))
    hint = _hint(reason, words, region)
    status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    # EC2 says with 500 that no machine is free, and with 503 that it was asked too often.
    lost = status >= _BROKEN_FROM and reason not in (*CAPACITY, *QUOTA, *BUSY)
    message = f"AWS refused {operation}: {words or reason} ({reason})"
    return Refused(message, hint=hint, reason=reason, lost=lost)


def _hint(reason: str, words: str, region: str) -> str:
    if _CLOCK.search(f"{reason} {words}"):
        return "Is the clock of this computer right? AWS refuses whoever is more than five minutes off."
    if _FREE_PLAN.search(words):
        return (
            "Your account is on AWS's free plan, which lends no such machine: upgrade it to the paid plan "
            "in the console, Billing. Or a notebook server: fastcompanion server notebook kaggle"
        )
    if reason in QUOTA:
        return quota_page("", region)
    told = next((hint for reasons, hint in _HINTS if reason in reasons), _AGAIN)
    return told.format(region=region)


_AGAIN = "Run the same command again: it goes on where it ended."
_HINTS: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        _NO_LEAVE,
        "fastcompanion server iam-policy prints the leave that your account needs to give",
    ),
    (
        _BAD_CREDENTIALS,
        (
            "aws sts get-caller-identity tells who you are to AWS; aws sso login, or aws configure. "
            "If that is right: is the region {region} switched on in your account?"
        ),
    ),
    (
        ("OptInRequired",),
        "Switch the region {region} on in your account, or take another: --region",
    ),
    (("VPCIdNotSpecified",), "aws ec2 create-default-vpc --region {region}"),
    (
        ("PendingVerification",),
        "AWS looks at new accounts first, mostly within minutes, at times four hours; it sends you mail.",
    ),
    (
        ("Blocked",),
        "Your account is blocked, mostly because of its card: see Billing in the console of AWS.",
    ),
    (BUSY, "AWS asks for patience: run the same command again in a minute."),
)


def clean(words: str) -> str:
    """Shorten AWS's words and take out what may be a secret or is not to be read by people."""
    words = _SECRET.sub("***", _ENCODED.sub("", " ".join(words.split())))
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"


def quota_page(quota: str, region: str) -> str:
    """Give the page where a limit is raised."""
    base = f"https://{region}.console.aws.amazon.com/servicequotas/home/services/ec2/quotas"
    return f"{base}/{quota}" if quota else base
