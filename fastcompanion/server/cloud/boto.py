"""The one door to AWS: the only importer of boto3.

Credentials are boto3's own affair (a profile, SSO, the environment); they are never read, stored,
shown or asked for here. Each failure is a `Refused` with AWS's code, its words, and the cure.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastcompanion.base import clock, own_wheel
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.server.cloud.refusals import Refused, clean, refusal

_ATTEMPTS, _CONNECT_SECONDS, _READ_SECONDS = 4, 10, 40
_VENDOR = Path("/sys/class/dmi/id/sys_vendor")
_NO_CREDENTIALS = ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError")
_EXPIRED = ("UnauthorizedSSOTokenError", "SSOTokenLoadError", "TokenRetrievalError", "LoginRefreshRequired", "LoginTokenLoadError")  # fmt: skip
_SETTINGS = ("ConfigParseError", "ConfigNotFound", "InvalidConfigError", "SSOError", "InfiniteLoopConfigError")  # fmt: skip
_LOG_IN = "aws configure, or aws sso login; then AWS_PROFILE=NAME or --profile NAME"


class Aws:
    """An account in one region; `call` asks one question of one service."""

    def __init__(self, region: str, profile: str, session: Any) -> None:
        self.region, self.profile = region, profile
        self._session = session
        self._clients: dict[str, Any] = {}
        self._account = ""

    @property
    def account(self) -> str:
        """The number of the account that these credentials belong to; everybody may ask for it."""
        self._account = self._account or str(self.call("sts", "get_caller_identity")["Account"])
        return self._account

    def call(self, service: str, operation: str, **asked: Any) -> dict[str, Any]:
        """Ask; what can be asked again is, up to four times (boto3's standard way)."""
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        try:
            answer: dict[str, Any] = getattr(self._client(service), operation)(**asked)
        except ClientError as error:
            raise refusal(operation, error.response, self.region) from None
        except (BotoCoreError, ResponseParserError) as error:
            raise _unable(error, service, self.region) from None
        except EOFError:
            raise _wants_a_code() from None
        return answer

    def pages(self, service: str, operation: str, key: str, **asked: Any) -> Iterator[Any]:
        """Give the items of a list that may come in several parts."""
        token: dict[str, Any] = {}
        while True:
            answer = self.call(service, operation, **asked, **token)
            yield from answer.get(key, ())
            if not answer.get("NextToken"):
                return
            token = {"NextToken": answer["NextToken"]}

    def elsewhere(self, region: str) -> Aws:
        """Give the same account in another region."""
        return self if region == self.region else Aws(region, self.profile, self._session)

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            from botocore.config import Config

            settings = Config(
                retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=_READ_SECONDS,
                user_agent_extra="fastcompanion",
            )
            # The price list is served in a few regions only.
            region = "us-east-1" if service == "pricing" else self.region
            self._clients[service] = self._session.client(
                service, region_name=region, config=settings
            )
        return self._clients[service]

    def wait(self, seconds: float) -> None:
        """Wait between two looks at something that takes its time."""
        clock.pause(seconds)


def install(more: str = "") -> str:
    """Give the line that installs what is missing; a program of no package index comes from its checkout."""
    published = own_wheel.published()
    words = "'fastcompanion[server]'" if published else "'.[server]'"
    words += f" --with {more!r}" if more else ""
    place = "" if published else ", in the folder of your checkout"
    return f"uv tool install --reinstall {words}{place}   (or: pip install {repr(more) if more else 'boto3'})"


def needed() -> None:
    """Refuse what asks AWS where boto3 is not installed, before anybody has typed an answer."""
    if importlib.util.find_spec("boto3") is None:
        raise CompanionError(
            "asking AWS needs boto3, which is not installed", hint=install(), code=Exit.MISSING
        )


def _session(profile: str) -> Any:
    """Look for credentials where learners have them: a computer that is no machine of EC2 has no address to ask.

    Asking it all the same takes seconds of silence for whoever has no credentials yet.
    """
    import botocore.session

    session = botocore.session.Session(profile=profile or None)
    if not _is_ec2():
        session.get_component("credential_provider").remove("iam-role")
    return session


def _is_ec2() -> bool:
    try:
        return _VENDOR.read_text(encoding="utf-8").startswith("Amazon")
    except OSError:
        return False


def connect(region: str, profile: str = "") -> Aws:
    """Open the door; without boto3 or without credentials it is exit 5 with what to do."""
    needed()
    import boto3
    from botocore.exceptions import BotoCoreError

    try:
        session = boto3.Session(region_name=region, botocore_session=_session(profile))
        if session.get_credentials() is None:
            raise CompanionError(
                "AWS does not know you: there are no credentials on this machine",
                hint=_LOG_IN,
                code=Exit.MISSING,
            )
    except BotoCoreError as error:
        raise _unable(error, "credentials", region) from None
    except EOFError:
        raise _wants_a_code() from None
    return Aws(region, profile, session)


def _unable(error: Exception, service: str, region: str) -> CompanionError:
    """Name a failure on this side of the line: credentials, the network, a name."""
    # A program that gives credentials may have put anything into its last words.
    kind, text = type(error).__name__, clean(str(error))
    if kind == "ProfileNotFound":
        return CompanionError(text, hint="aws configure list-profiles", code=Exit.USAGE)
    if kind in _NO_CREDENTIALS or kind in _EXPIRED:
        return CompanionError(f"AWS does not know you: {text}", hint=_LOG_IN, code=Exit.MISSING)
    if kind == "RefreshWithMFAUnsupportedError":
        return _wants_a_code()
    if kind in _SETTINGS:
        hint = "aws configure list tells which file it reads; mend it there."
        return CompanionError(f"AWS's own settings: {text}", hint=hint, code=Exit.MISSING)
    if kind == "MissingDependencyException":
        hint = install("botocore[crt]")
        return CompanionError(
            f"this kind of login needs more: {text}", hint=hint, code=Exit.MISSING
        )
    if kind == "ParamValidationError":
        return CompanionError(f"AWS would not understand this: {text}", code=Exit.FAILED)
    return Refused(
        f"{service} of AWS in {region} can't be reached: {text}",
        hint="Look at your network and at the region's name, then run the same command again.",
        reason=kind,
        lost=True,
    )


def _wants_a_code() -> CompanionError:
    """Say it where boto3 would ask a person for the code of a device (MFA), and there is none."""
    return CompanionError(
        "AWS wants the code of your device (MFA), and nobody can be asked here",
        hint="Run it at a terminal; or let aws sts get-session-token give credentials for a few hours.",
        code=Exit.MISSING,
    )
