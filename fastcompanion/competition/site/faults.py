"""What goes wrong between a site and us, each with its cause in plain words and the next command.

Pure: from a status, a text and what was asked for comes the error that the learner reads. No text of
an exception is handed on, as those of the libraries hold addresses with signatures in them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from typing import Literal

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.scrub import GONE
from fastcompanion.competition.site.credentials import Secret

Kind = Literal[
    "credential", "rules", "denied", "missing", "refused", "limit", "server", "answer", "expired",
    "cut", "silent", "unreachable", "tls", "proxy",
]  # fmt: skip
#: worth another try where asking twice does no harm
_PASSING = ("limit", "server", "cut", "silent", "unreachable", "expired")
#: the request was not taken: it may be sent again whatever it asks for
_NOT_TAKEN = ("limit", "unreachable")
_MOST_TEXT = 400
DOCTOR = "fastcompanion doctor kaggle"


class SiteError(CompanionError):
    """A failure between a site and us: `kind` for programs, `status` of HTTP or 0, `wait` as asked for."""

    def __init__(
        self,
        message: str,
        *,
        kind: Kind,
        hint: str = "",
        code: Exit = Exit.MISSING,
        status: int = 0,
        wait: float | None = None,
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.kind: Kind = kind
        self.status, self.wait = status, wait

    @property
    def may_pass(self) -> bool:
        """Is another try worth it, where asking twice does no harm?"""
        return self.kind in _PASSING

    @property
    def was_taken(self) -> bool:
        """May the site have done what was asked for, although no good answer came?"""
        return self.kind in ("server", "cut", "silent", "answer")

    @property
    def was_refused(self) -> bool:
        """Is it certain that nothing was done, and may it be asked for again at once?"""
        return self.kind in _NOT_TAKEN


@frozen
class Asked:
    """What a request was about, for the words of an error.

    `site` is how the site is called, `pages` where its pages lie, `source` where the credential came
    from, `secrets` what may stand in no text; a login adds its next token to it.
    """

    site: str
    pages: str
    practice: bool
    source: str
    method: str = ""
    slug: str = ""
    secrets: list[Secret] = field(default_factory=list)

    @property
    def page(self) -> str:
        """The page of the competition."""
        return f"{self.pages}/competitions/{self.slug}"

    @property
    def text(self) -> str:
        """The competition as our commands take it."""
        return f"practice/{self.slug}" if self.practice else self.slug


def refusal(status: int, said: str, asked: Asked, wait: float | None = None) -> SiteError:
    """Make the error for an answer with a status of 400 and above."""
    said = shown(said, asked.secrets)
    if status == 401:
        return _unknown(said, asked)
    if status == 403:
        return _denied(said, asked)
    if status in (404, 410):
        return SiteError(
            f"{asked.site} does not know {_what(asked)}{_quoted(said)}",
            kind="missing", status=status, code=Exit.USAGE,
            hint="fastcompanion kaggle list shows the names of competitions.",
        )  # fmt: skip
    if status == 429:
        when = f" for {wait:.0f} s" if wait else ""
        return SiteError(
            f"{asked.site} asks us to wait{when}: too many requests were sent{_quoted(said)}",
            kind="limit", status=status, wait=wait,
            hint="Wait some minutes, then run the same command again.",
        )  # fmt: skip
    if status >= 500:
        return SiteError(
            f"{asked.site} has a fault of its own (status {status}){_quoted(said)}",
            kind="server", status=status, wait=wait, hint=_later(asked),
        )  # fmt: skip
    return SiteError(
        f"{asked.site} refused {_what(asked)} (status {status}){_quoted(said)}",
        kind="refused", status=status, code=Exit.FAILED, hint=_refused_hint(asked),
    )  # fmt: skip


def _unknown(said: str, asked: Asked) -> SiteError:
    if asked.practice:
        cure = f"fastcompanion kaggle practice start {asked.slug}".rstrip()
    else:
        cure = DOCTOR
    return SiteError(
        f"{asked.site} does not accept the credential that was sent, from {asked.source}{_quoted(said)}",
        kind="credential", status=401, hint=cure,
    )  # fmt: skip


def _denied(said: str, asked: Asked) -> SiteError:
    if "rules" in said.lower():
        return SiteError(
            f"the rules of {asked.slug or 'the competition'} are not accepted yet",
            kind="rules", status=403, code=Exit.NOT_SET_UP,
            hint=f"Read and accept them on {asked.page}/rules or: fastcompanion kaggle join {asked.text}",
        )  # fmt: skip
    if "permission" in said.lower() and asked.slug:
        return SiteError(
            f"{asked.site} does not let you into {asked.slug}: there is no such competition, or you "
            f"have not joined it{_quoted(said)}",
            kind="denied", status=403, code=Exit.USAGE,
            hint=f"fastcompanion kaggle list, or look whether {asked.page} is there",
        )  # fmt: skip
    return SiteError(
        f"{asked.site} does not allow {_what(asked)}{_quoted(said)}",
        kind="denied", status=403, code=Exit.FAILED,
        hint=f"Look at {asked.page if asked.slug else asked.pages} in a browser, logged in: a phone number may have to be verified.",
    )  # fmt: skip


def _what(asked: Asked) -> str:
    about = f" of {asked.slug}" if asked.slug else ""
    return f"{asked.method or 'the request'}{about}"


def _refused_hint(asked: Asked) -> str:
    return f"Look at {asked.page}" if asked.slug else DOCTOR


def _later(asked: Asked) -> str:
    if asked.practice:
        return "Look at the terminal of the practice server."
    return "Try again later; https://status.kaggle.com tells of failures there."


def _quoted(said: str) -> str:
    return f": {said}" if said else ""


def strange(asked: Asked, what: str, status: int = 0) -> SiteError:
    """Make the error for an answer that is none of the protocol."""
    return SiteError(
        f"the answer to {asked.method or 'a request'} is not one of {asked.site}: {what}",
        kind="answer", status=status,
        hint="Does this network want a login in the browser first? " + DOCTOR,
    )  # fmt: skip


def expired(asked: Asked, status: int) -> SiteError:
    """Make the error for a signed address that is no longer accepted."""
    return SiteError(
        f"the address of the file is not accepted any more (status {status})",
        kind="expired", status=status, hint="Run the same command again.",
    )  # fmt: skip


def unreachable(asked: Asked, host: str) -> SiteError:
    """Make the error for a place that no connection could be made to."""
    here = "Is the practice server still running? fastcompanion kaggle practice status"
    return SiteError(
        f"{host} can't be reached: no connection was made",
        kind="unreachable", hint=here if asked.practice else f"Is there a network? {DOCTOR}",
    )  # fmt: skip


def silent(asked: Asked, seconds: float) -> SiteError:
    """Make the error for a connection on which nothing came."""
    return SiteError(
        f"{asked.site} did not answer {asked.method or 'a request'} within {seconds:g} s",
        kind="silent", hint=_later(asked),
    )  # fmt: skip


def cut(asked: Asked, host: str) -> SiteError:
    """Make the error for a connection that ended too early."""
    return SiteError(
        f"the connection to {host} was cut before the answer was complete",
        kind="cut", hint="Run the same command again.",
    )  # fmt: skip


def tls(asked: Asked, host: str) -> SiteError:
    """Make the error for a certificate that is not believed."""
    return SiteError(
        f"{host} shows a certificate that is not trusted here: a proxy or a virus scanner may read along",
        kind="tls",
        hint="export REQUESTS_CA_BUNDLE=/path/to/the/certificates/of/your/network.pem, and look at the clock of this machine",
    )  # fmt: skip


def proxy(asked: Asked, host: str) -> SiteError:
    """Make the error for a proxy that does not lead anywhere."""
    return SiteError(
        f"the proxy in the way to {host} can't be reached or refuses",
        kind="proxy", hint="Look at HTTPS_PROXY and NO_PROXY: env | grep -i proxy",
    )  # fmt: skip


def shown(text: str, secrets: Iterable[Secret] = ()) -> str:
    """Cut what a server wrote to a length: one line, without control characters and our secrets."""
    for secret in secrets:
        text = text.replace(secret.reveal(), GONE)
    line = " ".join("".join(one if one.isprintable() else " " for one in text[:4096]).split())
    return line if len(line) <= _MOST_TEXT else line[:_MOST_TEXT] + "…"
