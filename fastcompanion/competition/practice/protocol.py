"""What the kaggle client asks for and what it is answered, as its library kagglesdk speaks.

Every call is a POST of a JSON object to `/api/v1/SERVICE/METHOD`. Fields that have their default are
left out by the client, and fields it does not know are ignored by it.
"""

from __future__ import annotations

import csv
import hmac
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastcompanion.base import clock
from fastcompanion.base.records import frozen
from fastcompanion.competition.practice import journal as journals
from fastcompanion.competition.practice import place as places
from fastcompanion.competition.practice import uploads, zipped
from fastcompanion.competition.practice.journal import Journal, Row, State, Submission
from fastcompanion.competition.practice.place import Competition, Place
from fastcompanion.competition.practice.uploads import Uploads

USER = "learner"
ARCHIVE = "archive.zip"
_MOST_TEXT = 500
_MOST_A_PAGE = 200


class Refused(Exception):
    """A request that is answered with an error of the protocol."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


@frozen
class Redirect:
    """The answer lies elsewhere."""

    target: str


@frozen
class Archive:
    """The answer is an archive."""

    data: bytes


Answered = dict[str, Any] | Redirect | Archive


class Protocol:
    """One competition as the client sees it, for one learner."""

    def __init__(self, place: Place, competition: Competition, journal: Journal) -> None:
        self.place, self.competition, self.journal = place, competition, journal
        self.uploads = Uploads(place)
        self.key = clock.new_secret()
        self.base = ""
        self.submitted: Callable[[int], None] = lambda ref: None

    def call(self, service: str, method: str, asked: Mapping[str, Any], who: str) -> Answered:
        """Answer one call; `who` is empty where nobody proved to be the learner."""
        name = f"{service}/{method}"
        if name == "security.OAuthService/IntrospectToken":
            return self._introspect(asked)
        if not who:
            raise Refused(401, "Unauthenticated")
        answer = _METHODS.get(name)
        if answer is None:
            raise Refused(404, f"A practice competition does not know {method[:60]}")
        if method not in ("ListCompetitions", "GetSubmission"):
            self._is_ours(asked)
        return answer(self, asked)

    def is_key(self, given: str) -> bool:
        """Is this the key of this start? Compared in a time that tells nothing."""
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.key.encode())

    def signed(self, name: str) -> str:
        """Sign the link of a file, so that it can be fetched without the key but by nobody else."""
        return hmac.new(self.key.encode(), name.encode(), "sha256").hexdigest()

    def served(self, name: str) -> Path | None:
        """Find a file that may be downloaded: one of a fixed list, never a path made of the request."""
        if name == ARCHIVE:
            return self.place.archive
        return self.place.public / name if name in places.FILES else None

    @property
    def page(self) -> str:
        """The address of the competition's page."""
        return f"{self.base}/competitions/{self.competition.slug}"

    def accept(self) -> None:
        """Accept the rules, once."""
        if not self.journal.state().accepted:
            self.journal.add("accepted")

    def _introspect(self, asked: Mapping[str, Any]) -> Answered:
        if not self.is_key(_text(asked, "token")):
            return {"active": False}
        until = int(clock.now().timestamp()) + 86_400
        about = {"username": USER, "userId": 1, "clientId": "kagglesdk"}
        return {"active": True, **about, "scope": "resources.admin:*", "exp": until}

    def _is_ours(self, asked: Mapping[str, Any]) -> None:
        if _text(asked, "competitionName") != self.competition.slug:
            raise Refused(403, "Permission 'competitions.participate' was denied")

    def _rules(self, what: str) -> None:
        if not self.journal.state().accepted:
            raise Refused(
                403,
                f"You must accept this competition's rules before you'll be able to {what}. "
                f"They are at {self.page}/rules",
            )

    def about(self) -> dict[str, Any]:
        """Describe the competition as the list of competitions does."""
        told, state = self.competition, self.journal.state()
        rows = journals.leaderboard(told, state)
        rank = next((row.rank for row in rows if row.team == journals.YOU), 0)
        return {
            "id": 1,
            "ref": self.page,
            "url": self.page,
            "title": told.title,
            "description": f"Practice on this machine: {told.about}",
            "category": "Practice",
            "reward": "Knowledge",
            "deadline": moment(state.ended) if state.ended else "2099-12-31T23:59:00Z",
            "enabledDate": moment(clock.parse(told.created)),
            "teamCount": len(rows),
            "userHasEntered": state.accepted,
            "userRank": rank,
            "maxDailySubmissions": told.daily,
            "evaluationMetric": told.metric,
            "isKernelsSubmissionsOnly": False,
            "submissionsDisabled": state.ended is not None,
        }

    def list_competitions(self, asked: Mapping[str, Any]) -> Answered:
        """Give the one competition, where the search fits and the page is the first."""
        wanted = _text(asked, "search").lower()
        told = self.competition
        found = [self.about()] if wanted in f"{told.slug} {told.title}".lower() else []
        return {"competitions": found if _start(asked) == 0 else [], "nextPageToken": ""}

    def get_competition(self, asked: Mapping[str, Any]) -> Answered:
        """Describe the competition."""
        del asked
        return self.about()

    def list_files(self, asked: Mapping[str, Any]) -> Answered:
        """Name the files with their sizes."""
        made = moment(clock.parse(self.competition.created))
        files = [
            {"ref": name, "name": name, "totalBytes": (self.place.public / name).stat().st_size}
            | {"url": "", "creationDate": made}
            for name in places.FILES
        ]
        return _paged("files", files, asked)

    def download_file(self, asked: Mapping[str, Any]) -> Answered:
        """Lead to one file by a signed link; its last part is the name that the client gives the file."""
        self._rules("download files")
        name = _text(asked, "fileName")
        if name not in places.FILES:
            raise Refused(404, "Not Found")
        return self._link(name)

    def download_files(self, asked: Mapping[str, Any]) -> Answered:
        """Lead to all files in one archive."""
        del asked
        self._rules("download files")
        return self._link(ARCHIVE)

    def _link(self, name: str) -> Redirect:
        return Redirect(f"{self.base}/files/{self.competition.slug}/{name}?sig={self.signed(name)}")

    def start_upload(self, asked: Mapping[str, Any]) -> Answered:
        """Give a token and an address for one file."""
        self._rules("submit")
        size = asked.get("contentLength", 0)
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise Refused(400, "contentLength is no size")
        if size > self.most:
            raise Refused(413, f"A submission here has at most {self.most} bytes")
        token = self.uploads.begin(size, _shown(_text(asked, "fileName")) or "submission.csv")
        return {"token": token, "createUrl": f"{self.base}/upload/{token}"}

    @property
    def most(self) -> int:
        """How many bytes a submission may have: some times those of the sample."""
        return uploads.LEAST + 8 * (self.place.public / places.SAMPLE).stat().st_size

    def submit(self, asked: Mapping[str, Any]) -> Answered:
        """Count a file that was uploaded as a submission; its line is on the disk before the answer is sent."""
        self._rules("submit")
        with self.uploads.lock:
            state = self.journal.state()
            self._may_submit(state)
            upload = self.uploads.take(_text(asked, "blobFileTokens"))
            if upload is None:
                raise Refused(400, "Submission not allowed: the file was not uploaded")
            ref = max((one.ref for one in state.submissions), default=journals.FIRST_REF - 1) + 1
            self.uploads.keep(upload, ref)
            about = {
                "file": upload.name,
                "description": _shown(_text(asked, "submissionDescription")),
            }
            size = {"bytes": upload.size, "sha256": upload.sha256}
            self.journal.add("submitted", ref=ref, **about, **size)
        self.submitted(ref)
        return {"message": f"Successfully submitted to {self.competition.title}", "ref": ref}

    def _may_submit(self, state: State) -> None:
        if state.ended is not None:
            raise Refused(400, "Submission not allowed: the competition has ended")
        daily = self.competition.daily
        if daily and state.on(_today()) >= daily:
            raise Refused(
                400,
                f"Submission not allowed: you have used your {daily} submissions of this day, "
                "and a new one begins at 00:00 UTC",
            )

    def limits(self, asked: Mapping[str, Any]) -> Answered:
        """Count what was submitted today and what is left."""
        del asked
        state, daily = self.journal.state(), self.competition.daily
        today = state.on(_today())
        left = 0 if state.ended else max(0, (daily or 1_000_000) - today)
        counts = {"numToday": today, "numTotal": len(state.submissions), "numAllowedNow": left}
        return {**counts, "limitedByTotal": False}

    def submissions(self, asked: Mapping[str, Any]) -> Answered:
        """List the submissions, the last one first."""
        state = self.journal.state()
        told = [self._told(one, state) for one in reversed(state.submissions)]
        if _text(asked, "group") == "SUBMISSION_GROUP_SUCCESSFUL":
            told = [one for one in told if one["status"] == "COMPLETE"]
        return _paged("submissions", told, asked)

    def submission(self, asked: Mapping[str, Any]) -> Answered:
        """Tell of one submission."""
        state = self.journal.state()
        for one in state.submissions:
            if one.ref == asked.get("ref"):
                return self._told(one, state)
        raise Refused(404, "Not Found")

    def _told(self, one: Submission, state: State) -> dict[str, Any]:
        private = one.private if state.ended else None
        return {
            "ref": one.ref,
            "totalBytes": one.bytes,
            "date": moment(one.at),
            "description": one.description,
            "errorDescription": one.error,
            "fileName": one.file,
            "publicScore": _score(one.public),
            "privateScore": _score(private),
            "status": one.status,
            "submittedBy": USER,
            "submittedByRef": USER,
            "teamName": journals.YOU,
            "url": f"{self.page}/leaderboard",
        }

    def leaderboard(self, asked: Mapping[str, Any]) -> Answered:
        """Rank the competitors."""
        return _paged("submissions", [self._row(row) for row in self._rows()], asked)

    def _rows(self) -> tuple[Row, ...]:
        return journals.leaderboard(self.competition, self.journal.state())

    def _row(self, row: Row) -> dict[str, Any]:
        return {
            "teamId": row.public_rank,
            "teamName": row.team,
            "submissionDate": moment(row.at or clock.parse(self.competition.created)),
            "score": _score(row.score),
        }

    def download_leaderboard(self, asked: Mapping[str, Any]) -> Answered:
        """Give the leaderboard as a table in an archive."""
        del asked
        made = io.StringIO()
        writer = csv.writer(made, lineterminator="\n")
        writer.writerow(("Rank", "TeamName", "LastSubmissionDate", "Score", "SubmissionCount"))
        for row in self._rows():
            told = self._row(row)
            cells = (row.rank, row.team, told["submissionDate"], told["score"], row.submissions)
            writer.writerow(cells)
        name = f"{self.competition.slug}-leaderboard.csv"
        return Archive(zipped.pack({name: made.getvalue().encode()}))


_COMPETITIONS = "competitions.CompetitionApiService"
_METHODS: dict[str, Callable[[Protocol, Mapping[str, Any]], Answered]] = {
    f"{_COMPETITIONS}/ListCompetitions": Protocol.list_competitions,
    f"{_COMPETITIONS}/GetCompetition": Protocol.get_competition,
    f"{_COMPETITIONS}/ListDataFiles": Protocol.list_files,
    f"{_COMPETITIONS}/DownloadDataFile": Protocol.download_file,
    f"{_COMPETITIONS}/DownloadDataFiles": Protocol.download_files,
    f"{_COMPETITIONS}/StartSubmissionUpload": Protocol.start_upload,
    f"{_COMPETITIONS}/CreateSubmission": Protocol.submit,
    f"{_COMPETITIONS}/GetSubmissionLimits": Protocol.limits,
    f"{_COMPETITIONS}/ListSubmissions": Protocol.submissions,
    f"{_COMPETITIONS}/GetSubmission": Protocol.submission,
    f"{_COMPETITIONS}/GetLeaderboard": Protocol.leaderboard,
    f"{_COMPETITIONS}/DownloadLeaderboard": Protocol.download_leaderboard,
}


def moment(at: datetime) -> str:
    """Write a moment as the client reads it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _today() -> Any:
    return clock.now().astimezone(UTC).date()


def _score(value: float | None) -> str:
    return "" if value is None else f"{value:.5f}"


def _text(asked: Mapping[str, Any], name: str) -> str:
    found = asked.get(name, "")
    if not isinstance(found, str):
        raise Refused(400, f"{name} is no text")
    return found


def _shown(text: str) -> str:
    """Cut what people wrote to a length, without control characters."""
    return "".join(one if one.isprintable() else " " for one in text[:_MOST_TEXT]).strip()


def _start(asked: Mapping[str, Any]) -> int:
    token, page = _text(asked, "pageToken"), asked.get("page", 1)
    if token:
        if not (token.isascii() and token.isdigit() and len(token) < 9):
            raise Refused(400, "pageToken is none of ours")
        return int(token)
    return (page - 1) * _size(asked) if isinstance(page, int) and page > 1 else 0


def _size(asked: Mapping[str, Any]) -> int:
    size = asked.get("pageSize") or 20
    return min(size, _MOST_A_PAGE) if isinstance(size, int) and size > 0 else 20


def _paged(
    name: str, rows: Sequence[Mapping[str, Any]], asked: Mapping[str, Any]
) -> dict[str, Any]:
    start, size = _start(asked), _size(asked)
    after = str(start + size) if start + size < len(rows) else ""
    return {name: list(rows[start : start + size]), "nextPageToken": after}
