"""What the kaggle client asks for and what it is answered, as its library kagglesdk speaks.

Competitions are answered here; data sets, notebooks and signing in have modules of their own.
"""

from __future__ import annotations

import csv
import hmac
import io
from collections.abc import Callable, Mapping
from datetime import UTC
from pathlib import Path
from typing import Any

from fastcompanion.base import clock, store
from fastcompanion.competition.practice import (
    datasets,
    notebooks,
    signing_in,
    standing,
    uploads,
    zipped,
)
from fastcompanion.competition.practice import journal as journals
from fastcompanion.competition.practice import place as places
from fastcompanion.competition.practice.blobs import Blobs
from fastcompanion.competition.practice.calls import (
    APART,
    USER,
    Answered,
    Archive,
    Asked,
    Redirect,
    Refused,
    in_address,
    moment,
    number_of,
    paged,
    shown,
    start_of,
    text_of,
)
from fastcompanion.competition.practice.datasets import DataSets
from fastcompanion.competition.practice.journal import Journal, Row, State, Submission
from fastcompanion.competition.practice.notebooks import Notebooks
from fastcompanion.competition.practice.place import Competition, Place
from fastcompanion.competition.practice.signing_in import SignIns
from fastcompanion.competition.practice.uploads import Uploads

ARCHIVE = "archive.zip"
#: a name, a version, a file
_LEAST_PARTS = 3
_OF_NONE = ("ListCompetitions", "GetSubmission", "StartBlobUpload")


class Protocol:
    """One competition as the client sees it, for one learner."""

    def __init__(self, place: Place, competition: Competition, journal: Journal) -> None:
        self.place, self.competition, self.journal = place, competition, journal
        self.files = places.files(place)
        self._sizes = {name: path.stat().st_size for name, path in self.files.items()}
        self.uploads = Uploads(place)
        self.signed_in = SignIns()
        self.blobs = Blobs(place.blobs)
        self.datasets = DataSets(place.datasets, self.blobs, self._link)
        self.notebooks = Notebooks(place.notebooks, self._link)
        self.base = ""
        self.submitted: Callable[[int], None] = lambda ref: None

    @property
    def key(self) -> str:
        """The key of this start."""
        return self.signed_in.key

    def listens(self, base: str) -> None:
        """Take the address at which it is served."""
        self.base = self.datasets.page = self.notebooks.page = base

    def call(self, service: str, method: str, asked: Asked, who: str) -> Answered:
        """Answer one call; `who` is empty where nobody proved to be the learner."""
        name = f"{service}/{method}"
        if name in signing_in.METHODS:
            return signing_in.METHODS[name](self.signed_in, asked)
        if not who:
            raise Refused(401, "Unauthenticated")
        if name in datasets.METHODS:
            return datasets.METHODS[name](self.datasets, asked)
        if name in notebooks.METHODS:
            return notebooks.METHODS[name](self.notebooks, asked)
        answer = _METHODS.get(name)
        if answer is None:
            raise Refused(404, f"A practice competition does not know {method[:60]}")
        if method not in _OF_NONE:
            self._is_ours(asked)
        return answer(self, asked)

    def is_key(self, given: str) -> bool:
        """Is this the key of this start?"""
        return self.signed_in.is_key(given)

    def signed(self, name: str) -> str:
        """Sign the link of a file, so that it can be fetched without the key but by nobody else."""
        return hmac.new(self.key.encode(), name.encode("utf-8", "replace"), "sha256").hexdigest()

    def served(self, name: str) -> Path | None:
        """Find a file that may be downloaded: one of a fixed list, never a path made of the request."""
        if name == ARCHIVE:
            return self.place.archive
        apart, _, rest = name.partition("/")
        if apart == APART:
            return self._served_apart(rest)
        return self.files.get(name)

    def _served_apart(self, name: str) -> Path | None:
        """Find a file of a data set or of a notebook, by the names that were noted with it."""
        kind, *parts = name.split("/")
        if len(parts) < _LEAST_PARTS:
            return None
        if kind == "datasets":
            return self.datasets.served(parts)
        return self.notebooks.served(parts) if kind == "notebooks" else None

    def sizes(self) -> dict[str, tuple[int, int]]:
        """Name the files, those of a folder together: how many they are, and their bytes."""
        told: dict[str, tuple[int, int]] = {}
        for name, size in self._sizes.items():
            folder, slash, _ = name.rpartition("/")
            shown_as = f"{folder}/" if slash else name
            count, before = told.get(shown_as, (0, 0))
            told[shown_as] = (count + 1, before + size)
        return told

    @property
    def page(self) -> str:
        """The address of the competition's page."""
        return f"{self.base}/competitions/{self.competition.slug}"

    def accept(self) -> None:
        """Accept the rules, once."""
        standing.accept(self.place)

    def _is_ours(self, asked: Asked) -> None:
        if text_of(asked, "competitionName") != self.competition.slug:
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

    def list_competitions(self, asked: Asked) -> Answered:
        """Give the one competition, where the search fits and the page is the first."""
        wanted = text_of(asked, "search").lower()
        told = self.competition
        found = [self.about()] if wanted in f"{told.slug} {told.title}".lower() else []
        return {"competitions": found if start_of(asked) == 0 else [], "nextPageToken": ""}

    def get_competition(self, asked: Asked) -> Answered:
        """Describe the competition."""
        del asked
        return self.about()

    def list_files(self, asked: Asked) -> Answered:
        """Name the files with their sizes."""
        made = moment(clock.parse(self.competition.created))
        files = [
            {"ref": name, "name": name, "totalBytes": size, "url": "", "creationDate": made}
            for name, size in self._sizes.items()
        ]
        return paged("files", files, asked)

    def download_file(self, asked: Asked) -> Answered:
        """Lead to one file by a signed link; its last part is the name that the client gives the file."""
        self._rules("download files")
        name = text_of(asked, "fileName")
        if name not in self.files:
            raise Refused(404, "Not Found")
        return Redirect(self._link(name))

    def download_files(self, asked: Asked) -> Answered:
        """Lead to all files in one archive."""
        del asked
        self._rules("download files")
        return Redirect(self._link(ARCHIVE))

    def _link(self, name: str) -> str:
        below = "" if name.startswith(f"{APART}/") else f"{self.competition.slug}/"
        return f"{self.base}/files/{below}{in_address(name)}?sig={self.signed(name)}"

    def start_upload(self, asked: Asked) -> Answered:
        """Give a token and an address for one file."""
        self._rules("submit")
        size = number_of(asked, "contentLength")
        if size > self.most:
            raise Refused(413, f"A submission here has at most {self.most} bytes")
        token = self.uploads.begin(size, shown(text_of(asked, "fileName")) or "submission.csv")
        return {"token": token, "createUrl": f"{self.base}/upload/{token}"}

    @property
    def most(self) -> int:
        """How many bytes a submission may have: some times those of the sample."""
        return uploads.LEAST + 8 * (self.place.public / places.SAMPLE).stat().st_size

    def submit(self, asked: Asked) -> Answered:
        """Count a file that was uploaded as a submission; its line is on the disk before the answer is sent."""
        self._rules("submit")
        with self.uploads.lock:
            state = self.journal.state()
            self._may_submit(state)
            upload = self.uploads.take(text_of(asked, "blobFileTokens"))
            if upload is None:
                raise Refused(400, "Submission not allowed: the file was not uploaded")
            ref = max((one.ref for one in state.submissions), default=journals.FIRST_REF - 1) + 1
            self.uploads.keep(upload, ref)
            about = {
                "file": upload.name,
                "description": shown(text_of(asked, "submissionDescription")),
            }
            size = {"bytes": upload.size, "sha256": upload.sha256}
            self.journal.add("submitted", ref=ref, **about, **size)
        self.submitted(ref)
        return {"message": f"Successfully submitted to {self.competition.title}", "ref": ref}

    def submit_notebook(self, asked: Asked) -> Answered:
        """Count a file that a notebook left as a submission, as competitions of notebooks do."""
        self._rules("submit")
        file = self.notebooks.submitted(asked)
        name = text_of(asked, "fileName")
        if file.stat().st_size > self.most:
            raise Refused(400, f"Submission not allowed: more than {self.most} bytes")
        data = store.read_bytes(file)
        token = self.uploads.begin(len(data), shown(name))
        announced = self.uploads.announced(token)
        assert announced is not None
        self.uploads.receive(announced, [data])
        return self.submit({**asked, "blobFileTokens": token})

    def start_blob(self, asked: Asked) -> Answered:
        """Give a token and an address for a file of a data set."""
        return self.blobs.begin(asked, self.base)

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

    def limits(self, asked: Asked) -> Answered:
        """Count what was submitted today and what is left."""
        del asked
        state, daily = self.journal.state(), self.competition.daily
        today = state.on(_today())
        left = 0 if state.ended else max(0, (daily or 1_000_000) - today)
        counts = {"numToday": today, "numTotal": len(state.submissions), "numAllowedNow": left}
        return {**counts, "limitedByTotal": False}

    def submissions(self, asked: Asked) -> Answered:
        """List the submissions, the last one first."""
        state = self.journal.state()
        told = [self._told(one, state) for one in reversed(state.submissions)]
        if text_of(asked, "group") == "SUBMISSION_GROUP_SUCCESSFUL":
            told = [one for one in told if one["status"] == "COMPLETE"]
        return paged("submissions", told, asked)

    def submission(self, asked: Asked) -> Answered:
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

    def leaderboard(self, asked: Asked) -> Answered:
        """Rank the competitors."""
        return paged("submissions", [self._row(row) for row in self._rows()], asked)

    def _rows(self) -> tuple[Row, ...]:
        return journals.leaderboard(self.competition, self.journal.state())

    def _row(self, row: Row) -> dict[str, Any]:
        return {
            "teamId": row.public_rank,
            "teamName": row.team,
            "submissionDate": moment(row.at or clock.parse(self.competition.created)),
            "score": _score(row.score),
        }

    def download_leaderboard(self, asked: Asked) -> Answered:
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
    f"{_COMPETITIONS}/CreateCodeSubmission": Protocol.submit_notebook,
    f"{_COMPETITIONS}/GetSubmissionLimits": Protocol.limits,
    f"{_COMPETITIONS}/ListSubmissions": Protocol.submissions,
    f"{_COMPETITIONS}/GetSubmission": Protocol.submission,
    f"{_COMPETITIONS}/GetLeaderboard": Protocol.leaderboard,
    f"{_COMPETITIONS}/DownloadLeaderboard": Protocol.download_leaderboard,
    "blobs.BlobApiService/StartBlobUpload": Protocol.start_blob,
}


def _today() -> Any:
    return clock.now().astimezone(UTC).date()


def _score(value: float | None) -> str:
    return "" if value is None else f"{value:.5f}"
