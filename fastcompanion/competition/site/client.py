"""The client of both sites: competitions, files, submissions, and any other call of the protocol.

What can be asked twice without harm is tried again after a pause; a submission is sent once, and
where its answer is lost, the list of submissions is looked into.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from fastcompanion.base import clock, store, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.competition.practice import place as places
from fastcompanion.competition.practice import standing
from fastcompanion.competition.practice.calls import ENDPOINT, USER
from fastcompanion.competition.site import credentials, faults, reading
from fastcompanion.competition.site.credentials import Credential, Secret
from fastcompanion.competition.site.faults import Asked, SiteError
from fastcompanion.competition.site.line import PATIENT, REAL, Coming, Line, Patience, Upload
from fastcompanion.competition.site.model import (
    Body,
    Competition,
    DataFile,
    Limits,
    Row,
    Sent,
    Submission,
)
from fastcompanion.competition.site.target import WEB, Target, is_inside

Result = TypeVar("Result")
COMPETITIONS = "competitions.CompetitionApiService"
SECURITY = "security.OAuthService"
_HERE = re.compile(r"http://127\.0\.0\.1:\d{1,5}")
_REPEATABLE = re.compile(r"(?:Get|List|Download|Start|Introspect|Generate)[A-Z]\w*")
_GROUPS = ("general", "entered", "community", "hosted", "unlaunched", "unlaunched_community")
_TAB = "COMPETITION_LIST_TAB"
_NUMBERED = ("ListCompetitions", "ListSubmissions")
#: what takes its time before it fails, and seldom passes
_SLOW = ("silent", "unreachable")
_A_PAGE, _MOST_PAGES = 100, 1000
#: seconds that a submission waits for another one of this machine
_LONG = 600.0


def connect(
    target: Target | None, *, patience: Patience = PATIENT, reporter: Reporter = SILENT
) -> Client:
    """Give the client of the site that a target lies on; None is kaggle.com.

    A practice target reaches the server of this machine or nothing: exit 3 where it is not served.
    kaggle.com needs a credential: exit 5 where there is none. Nothing is sent yet.
    """
    if is_inside() or (target is not None and target.practice):
        return _practice(target, patience, reporter)
    return at(REAL, credentials.needed(reporter.note), patience=patience, reporter=reporter)


def _practice(target: Target | None, patience: Patience, reporter: Reporter) -> Client:
    endpoint = os.environ.get(ENDPOINT, "")
    slug = target.slug if target is not None else ""
    if endpoint:
        key = os.environ.get("KAGGLE_KEY", "")
    else:
        listening = standing.listening(places.chosen(slug))
        if listening is None:
            raise CompanionError(
                f"the practice competition {slug} is not being served",
                hint=f"fastcompanion kaggle practice start {slug}   (in another terminal)",
                code=Exit.NOT_SET_UP,
            )
        endpoint, key = listening.url, listening.key
    if not _HERE.fullmatch(endpoint):
        raise CompanionError(
            f"{ENDPOINT} names no server of this machine",
            hint="Run the command through: fastcompanion kaggle practice run -- ...",
            code=Exit.USAGE,
        )
    credential = Credential("key", "the practice server", USER, Secret(key))
    return at(endpoint, credential, practice=True, patience=patience, reporter=reporter)


def at(
    endpoint: str,
    credential: Credential,
    *,
    practice: bool = False,
    patience: Patience = PATIENT,
    reporter: Reporter = SILENT,
) -> Client:
    """Give the client of an address, as `connect` and the tests do."""
    about = Asked(
        site="the practice server" if practice else "kaggle.com",
        pages=endpoint if practice else WEB,
        practice=practice,
        source=credential.source,
        secrets=list(credential.secrets),
    )
    return Client(endpoint, credential, about, patience, reporter)


class Client:
    """One site, one account; every failure is a CompanionError, nothing is printed or left behind."""

    def __init__(
        self,
        endpoint: str,
        credential: Credential,
        about: Asked,
        patience: Patience,
        reporter: Reporter,
    ) -> None:
        self._line = Line(endpoint, credential, about, patience)
        self._about, self._patience, self._reporter = about, patience, reporter
        self._user = credential.user

    @property
    def practice(self) -> bool:
        """Is this the practice server?"""
        return self._about.practice

    @property
    def site(self) -> str:
        """How the site is called in a sentence."""
        return self._about.site

    @property
    def user(self) -> str:
        """The name of the account; of a token the site is asked for it, once."""
        if not self._user:
            told = self.introspected()
            self._user = reading.text(told, "username")
        return self._user

    def page(self, slug: str) -> str:
        """Give the page of a competition."""
        return replace(self._about, slug=slug).page

    def introspected(self) -> dict[str, Any]:
        """Ask the site what it knows of the token that is sent; `active` says whether it is good."""
        return self.rpc(SECURITY, "IntrospectToken", token=self._line.token())

    def proven(self) -> str:
        """Ask the site whether it accepts the credential; give the name of the account."""
        if self._line.is_key:
            self.competitions(group="entered", most=1)
            return self._user
        refused = faults.refusal(401, "", self._asked("IntrospectToken", {}))
        try:
            told = self.introspected()
        except SiteError as error:
            if error.status in (400, 403, 404):
                raise refused from None
            raise
        if not (reading.truth(told, "active") and reading.text(told, "username")):
            raise refused
        return reading.text(told, "username")

    def rpc(self, service: str, method: str, /, **fields: Any) -> dict[str, Any]:
        """Call a method of the protocol; its fields are spelled as on the line, and None is left out.

        What can be repeated (Get..., List..., Start...) is tried again; all else only where it is
        certain that the site did not take it.
        """
        asked = self._asked(method, fields)
        safe = _REPEATABLE.fullmatch(method) is not None
        return self._try(lambda: self._line.told(service, method, fields, asked), safe=safe)

    def competitions(
        self, search: str = "", group: str = "", *, most: int = 100
    ) -> tuple[Competition, ...]:
        """List competitions, the best fitting first; `group` is such as "entered", "" for all."""
        if group and group not in _GROUPS:
            raise CompanionError(
                f"there is no group {group!r} of competitions",
                hint=f"one of: {', '.join(_GROUPS)}",
                code=Exit.USAGE,
            )
        fields = {
            "group": f"{_TAB}_{group.upper() or 'EVERYTHING'}",
            "category": "HOST_SEGMENT_UNSPECIFIED",
            "sortBy": "COMPETITION_SORT_BY_BEST",
            "search": search,
        }
        pages = self._pages("ListCompetitions", "competitions", most=most, **fields)
        return tuple(map(reading.competition, pages))

    def competition(self, slug: str) -> Competition:
        """Tell of one competition."""
        told = reading.competition(self.rpc(COMPETITIONS, "GetCompetition", competitionName=slug))
        return told if told.slug else replace(told, slug=slug)

    def files(self, slug: str, *, most: int = 100_000) -> tuple[DataFile, ...]:
        """Name the files of the data, at most so many of them."""
        found = self._pages("ListDataFiles", "files", most=most, competitionName=slug)
        return tuple(map(reading.data_file, found))

    def limits(self, slug: str) -> Limits:
        """Tell how many submissions are left."""
        return reading.limits(self.rpc(COMPETITIONS, "GetSubmissionLimits", competitionName=slug))

    def leaderboard(self, slug: str, *, most: int = 20_000) -> tuple[Row, ...]:
        """Give the leaderboard from the top."""
        found = self._pages("GetLeaderboard", "submissions", most=most, competitionName=slug)
        return tuple(reading.row(told, rank) for rank, told in enumerate(found, start=1))

    def submissions(self, slug: str, *, most: int = 20_000) -> tuple[Submission, ...]:
        """List the submissions, the last one first."""
        found = self._pages("ListSubmissions", "submissions", most=most, competitionName=slug)
        return tuple(map(reading.submission, found))

    def submission(self, slug: str, ref: int) -> Submission:
        """Tell of one submission; where the site does not know its number, the list is looked through."""
        try:
            return reading.submission(self.rpc(COMPETITIONS, "GetSubmission", ref=ref))
        except SiteError as error:
            if error.kind not in ("missing", "denied"):
                raise
            found = next((one for one in self.submissions(slug) if one.ref == ref), None)
            if found is None:
                raise
            return found

    def submit(
        self, slug: str, file: Path, message: str, *, advance: Callable[[int], None]
    ) -> Sent:
        """Upload a file and submit it, once; `advance` counts bytes, back where it begins anew."""
        upload = Upload(file, advance)
        token = self._try(lambda: self._uploaded(slug, file, upload), safe=True)
        return self._sent(
            "CreateSubmission", file.name, message, competitionName=slug, blobFileTokens=token
        )

    def submit_notebook(
        self, slug: str, owner: str, notebook: str, version: int, file: str, message: str
    ) -> Sent:
        """Submit a file that a version of a notebook has written."""
        return self._sent(
            "CreateCodeSubmission", file, message, competitionName=slug, kernelOwner=owner,
            kernelSlug=notebook, kernelVersion=version, fileName=file,
        )  # fmt: skip

    @contextmanager
    def opened(
        self, slug: str, name: str | None, *, first: int = 0, validator: str = ""
    ) -> Iterator[Body]:
        """Begin to receive a file of the data (None: all in one archive) from a byte on.

        A fresh address is asked for each time. `validator` is that of the bytes that are there
        already: where the file is another one by now, it comes from its beginning.
        """
        method = "DownloadDataFiles" if name is None else "DownloadDataFile"
        fields = {"competitionName": slug, "fileName": name}
        asked = self._asked(method, fields)

        def begin() -> Coming:
            address = self._line.address(COMPETITIONS, method, fields, asked)
            return self._line.coming(address, asked, name or "", first, validator)

        yield from self._received(begin)

    @contextmanager
    def streamed(
        self, address: str, name: str, *, first: int = 0, validator: str = ""
    ) -> Iterator[Body]:
        """Begin to receive what lies at an address that the site gave; no credential is sent there."""
        asked = self._asked(f"the file {name}", {})
        yield from self._received(lambda: self._line.coming(address, asked, name, first, validator))

    def upload(
        self, address: str, file: Path, *, advance: Callable[[int], None], resume: bool = True
    ) -> None:
        """Send a file to an address that the site gave; with `resume` it goes on where it was cut."""
        asked = self._asked("the upload", {})
        sent = Upload(file, advance)
        began = [False]

        def put() -> None:
            first = self._line.have(address, sent.size, asked) if began[0] and resume else 0
            began[0] = True
            if first < sent.size or not sent.size:
                self._line.put(address, sent, asked, first=first)
            else:
                sent.arrived()

        self._try(put, safe=True)

    def _uploaded(self, slug: str, file: Path, upload: Upload) -> str:
        """Upload the file of a submission, whole; give the token that stands for it."""
        fields = {
            "competitionName": slug,
            "contentLength": upload.size,
            "lastModifiedEpochSeconds": int(file.stat().st_mtime),
            "fileName": file.name,
        }
        asked = self._asked("StartSubmissionUpload", fields)
        told = self._line.told(COMPETITIONS, "StartSubmissionUpload", fields, asked)
        token, address = reading.text(told, "token"), reading.text(told, "createUrl")
        if not (token and address):
            raise faults.strange(asked, "it gives no place for the file")
        self._line.put(address, upload, replace(asked, method="the upload"))
        return token

    def _sent(self, method: str, file: str, message: str, **fields: Any) -> Sent:
        """Submit once: where no good answer comes, the list says whether it arrived."""
        slug = fields["competitionName"]
        look = f"fastcompanion kaggle history {replace(self._about, slug=slug).text}"
        with _alone():
            before = {one.ref for one in self.submissions(slug, most=_A_PAGE)}
            try:
                return self._sent_once(method, before, file, message, look, fields)
            except KeyboardInterrupt:
                self._reporter.note(f"The submission may have been taken all the same: {look} shows whether it was.")  # fmt: skip
                raise

    def _sent_once(
        self,
        method: str,
        before: set[int],
        file: str,
        message: str,
        look: str,
        fields: Mapping[str, Any],
    ) -> Sent:
        slug = fields["competitionName"]
        more = {**fields, "submissionDescription": message or None}
        try:
            told = self.rpc(COMPETITIONS, method, **more)
        except SiteError as error:
            if not error.was_taken:
                raise
            return self._arrived(slug, before, file, message, error)
        ref = reading.whole(told, "ref")
        if ref:
            return Sent(ref, faults.shown(reading.text(told, "message"), self._about.secrets))
        said = faults.shown(reading.text(told, "message"), self._about.secrets)
        none = SiteError(
            f"{self.site} gave no number for the submission: {said}", kind="answer", hint=look
        )
        return self._arrived(slug, before, file, message, none)

    def _arrived(
        self, slug: str, before: set[int], file: str, message: str, error: SiteError
    ) -> Sent:
        """Find a submission that was answered badly in the list; raise where it is not there."""
        text = replace(self._about, slug=slug).text
        look = f"fastcompanion kaggle history {text}"
        try:
            found = self.submissions(slug, most=_A_PAGE)
        except SiteError:
            raise SiteError(
                f"it is not known whether the submission arrived: {error.message}",
                kind=error.kind, status=error.status,
                hint=f"Look before you send it again, as it may count twice: {look}",
            ) from error  # fmt: skip
        for one in found:
            if one.ref not in before and _is_same(one, file, message):
                return Sent(one.ref, "the answer was lost, but the submission is in the list")
        raise SiteError(
            f"the submission is not in the list of {self.site}: {error.message}",
            kind=error.kind, status=error.status,
            hint=f"Look again in a minute, then send it again: {look}",
        ) from error  # fmt: skip

    def _received(self, begin: Callable[[], Coming]) -> Iterator[Body]:
        coming = self._try(begin, safe=True)
        try:
            yield coming.body
        finally:
            coming.close()

    def pages(
        self, service: str, method: str, /, *, size: int = _A_PAGE, **fields: Any
    ) -> Iterator[dict[str, Any]]:
        """Ask for one page after the other, as long as the site tells of another one."""
        token, seen = "", set[str]()
        for _ in range(_MOST_PAGES):
            more = {**fields, "pageSize": size, "pageToken": token}
            if method in _NUMBERED and not token:
                more["page"] = 1
            told = self.rpc(service, method, **more)
            yield told
            token = reading.text(told, "nextPageToken")
            if not token or token in seen:
                return
            seen.add(token)

    def _pages(
        self, method: str, key: str, *, most: int = 100_000, **fields: Any
    ) -> list[dict[str, Any]]:
        """Collect the rows of all pages, at most `most` of them."""
        rows: list[dict[str, Any]] = []
        for told in self.pages(COMPETITIONS, method, size=min(_A_PAGE, most), **fields):
            rows += reading.rows(told, key)
            if len(rows) >= most:
                break
        return rows[:most]

    def _asked(self, method: str, fields: Mapping[str, Any]) -> Asked:
        return replace(self._about, method=method, slug=str(fields.get("competitionName") or ""))

    def _try(self, act: Callable[[], Result], *, safe: bool) -> Result:
        """Do it, and again after a pause where that is harmless; the last error is raised."""
        turn = 1
        while True:
            try:
                return act()
            except SiteError as error:
                again = error.was_refused or (safe and error.may_pass)
                most = 2 if error.kind in _SLOW else self._patience.tries
                pause = self._pause(error, turn)
                if not again or turn >= most or pause > self._patience.most:
                    raise
                if pause >= 1:
                    self._reporter.note(f"{error.message}; another try in {pause:.0f} s")
            clock.pause(pause)
            turn += 1

    def _pause(self, error: SiteError, turn: int) -> float:
        asked = error.wait if error.wait is not None else 0.0
        return max(asked, self._patience.first * 2.0 ** (turn - 1))


@contextmanager
def _alone() -> Iterator[None]:
    """Let one submission of this machine go at a time: of two of the same file each finds its own."""
    file = workspace.competitions_folder() / "sending.lock"
    busy = "another submission from this machine is on its way"
    with ExitStack() as held:
        try:
            held.enter_context(store.lock(file, wait=_LONG, busy=busy))
        except CompanionError as error:
            if error.message == busy:
                raise
            # Where nothing can be kept it is sent all the same.
        yield


def _is_same(one: Submission, file: str, message: str) -> bool:
    """Is this submission of the list the one that was sent? Sites cut texts and take blanks out."""
    told, sent = one.description.split(), message.split()
    return one.file.split() == file.split() and (
        told == sent or message.startswith(one.description)
    )
