"""`submit`: what may go wrong is asked first, and a submission counts when the site lists it.

The order: deadline and limits, the file itself, was it sent before; then it is sent, noted in the log
at once, looked up in the site's own list, and waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

from fastcompanion.base import clock, repo
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.repo import CommitResult
from fastcompanion.base.reporter import Reporter
from fastcompanion.competition.site import agreement, asking, log, notebooks
from fastcompanion.competition.site.agreement import Agreement
from fastcompanion.competition.site.client import Client
from fastcompanion.competition.site.faults import SiteError
from fastcompanion.competition.site.log import Code, Entry, Validation
from fastcompanion.competition.site.model import Competition, Limits, Sent, Submission
from fastcompanion.competition.site.notebooks import Name
from fastcompanion.competition.site.target import Target
from fastcompanion.competition.validation import finding, source
from fastcompanion.competition.validation.issue import Issue
from fastcompanion.competition.validation.submission import validate

#: seconds between two questions after the score: from the first to the longest
_FIRST, _LONGEST, _SLOWER = 0.2, 15.0, 1.5
#: how often the list is asked for a submission that was taken
_LOOKS = 6
#: as many of the newest are looked at
_NEWEST = 200
_MOST_MESSAGE = 500
_REFUSED = 400


@frozen
class Beside:
    """Files to compare with where they were named; None: they are looked for."""

    sample: Path | None = None
    test: Path | None = None
    train: Path | None = None
    column: str = ""


@frozen
class Prepared:
    """A submission that could go: what the site allows, and what was found in the file.

    `passed` is False where validation refuses it; `forced` that it may go all the same. `sent_before`
    names the submission with the same bytes. `resets` is when the next day of submissions begins.
    `notebook` is the one of the site that has written the file, in its `version` (0: the newest).
    """

    competition: str
    title: str
    metric: str
    deadline: datetime | None
    limits: Limits
    resets: datetime
    file: str
    rows: int
    sha256: str
    issues: tuple[Issue, ...]
    passed: bool
    forced: bool
    sample: str
    sent_before: int | None
    message: str
    code: Code
    validation: Validation | None
    notebook: str = ""
    version: int = 0

    @property
    def may_go(self) -> bool:
        """May it be sent?"""
        return self.passed or self.forced


@frozen
class Submitted:
    """A submission that the site has; `status` is "pending" where its score was not waited for.

    `note` is what a practice competition finds odd about the score.
    `left` is how many more may follow today, None where the site did not tell. `commit` says what became
    of the commit of the project's log.
    """

    competition: str
    title: str
    metric: str
    ref: int
    file: str
    message: str
    status: str
    public: float | None
    private: float | None
    error: str
    validation: Validation | None
    agreement: Agreement
    left: int | None
    code: Code
    log: str
    commit: CommitResult | None
    waited: bool
    late: bool = False
    note: str = ""


def allowed(
    client: Client, target: Target, *, force: bool, notebook: bool = False
) -> tuple[Competition, Limits]:
    """Ask whether a submission may be sent now; what forbids it is an error with its cure."""
    about = asking.competition(client, target)
    name = target.text
    if about.notebooks_only and not notebook:
        raise CompanionError(
            f"{about.slug} takes notebooks only: a file can't be sent to it",
            hint=f"fastcompanion kaggle notebook push -c {name}; when it has ended: fastcompanion kaggle submit --notebook NAME -c {name}",
            code=Exit.CHECK_SAYS_NO,
        )
    _not_over(about, name, force=force)
    if not about.entered:
        raise CompanionError(
            f"you have not joined {about.slug}: its rules are not accepted",
            hint=f"fastcompanion kaggle join {name}",
            code=Exit.NOT_SET_UP,
        )
    limits = client.limits(target.slug)
    if limits.left <= 0:
        raise _used_up(about.slug, limits)
    return about, limits


def _not_over(about: Competition, name: str, *, force: bool) -> None:
    over = about.deadline is not None and about.deadline <= clock.now()
    if about.submissions_disabled:
        when = f" on {_shown(about.deadline)}" if over and about.deadline else ""
        raise CompanionError(
            f"{about.slug} takes no submissions{'; it ended' + when if over else ''}",
            hint=f"fastcompanion kaggle leaderboard {name}",
            code=Exit.CHECK_SAYS_NO,
        )
    if over and about.deadline is not None and not force:
        raise CompanionError(
            f"the deadline of {about.slug} was {_shown(about.deadline)}: "
            "a late submission gets a score and no rank, where it is taken at all",
            hint="--force sends it late",
            code=Exit.CHECK_SAYS_NO,
        )


def _used_up(slug: str, limits: Limits) -> CompanionError:
    if limits.limited_by_total:
        return CompanionError(
            f"all submissions of {slug} are used: {limits.total} were sent",
            hint="Nothing more can be sent to it.",
            code=Exit.MISSING,
        )
    return CompanionError(
        f"no submission to {slug} is left today: {limits.today} were sent",
        hint=f"The next day begins at 00:00 UTC, here {_shown(resets())}; until then: fastcompanion kaggle validate FILE",
        code=Exit.MISSING,
    )


def resets() -> datetime:
    """Say when the next day of submissions begins, as the clocks here show it."""
    tomorrow = clock.now().astimezone(UTC).date() + timedelta(days=1)
    return clock.here(datetime.combine(tomorrow, time(), UTC))


def _shown(moment: datetime) -> str:
    return f"{clock.here(moment):%Y-%m-%d %H:%M}"


def prepare(
    client: Client,
    target: Target,
    file: Path,
    message: str,
    *,
    beside: Beside,
    expected: Callable[[str], Validation | None],
    project: Path | None,
    code: Code,
    force: bool,
) -> Prepared:
    """Ask the site and look at the file; nothing is sent yet. `expected` gives validation for a metric."""
    about, limits = allowed(client, target, force=force)
    validation = expected(about.metric)
    past = log.read(target, project)
    found = _files(file, beside, target)
    told = validate(
        file,
        found.sample,
        test=found.test,
        train=found.train,
        target=beside.column,
        known_hashes={one.sha256 for one in past},
    )
    is_sample = any(one.code == "is-the-sample" for one in told.issues)
    if is_sample and validation is not None and not validation.sure:
        # The newest run has not made it, so its score is not the one to expect.
        validation = None
    same = next((one.ref for one in reversed(past) if one.sha256 == told.sha256), None)
    return _prepared(
        target,
        about,
        limits,
        file=str(file),
        rows=told.rows,
        sha256=told.sha256,
        issues=told.issues,
        passed=told.passed,
        forced=force and not told.passed,
        sample=str(found.sample),
        sent_before=same,
        message=_message(message, file, code, validation),
        code=code,
        validation=validation,
    )


def prepare_notebook(
    client: Client,
    target: Target,
    name: Name,
    version: int,
    file: str,
    message: str,
    *,
    validation: Validation | None,
    code: Code,
    force: bool,
) -> Prepared:
    """Ask the site whether what a notebook has written may be submitted; its file lies there and is not checked."""
    about, limits = allowed(client, target, force=force, notebook=True)
    words = f"{name.slug} version {version}" if version else name.slug
    return _prepared(
        target,
        about,
        limits,
        file=file,
        rows=0,
        sha256="",
        issues=(),
        passed=True,
        forced=False,
        sample="",
        sent_before=None,
        message=_written(message) or words,
        code=code,
        validation=validation,
        notebook=name.text,
        version=version,
    )


def _prepared(target: Target, about: Competition, limits: Limits, **found: Any) -> Prepared:
    """Put what the site says of the competition to what was found."""
    return Prepared(
        competition=target.text,
        title=about.title,
        metric=about.metric,
        deadline=asking.deadline(about),
        limits=limits,
        resets=resets(),
        **found,
    )


def _files(file: Path, beside: Beside, target: Target) -> finding.Beside:
    """Find the files to compare with; those of a practice competition of this machine are known."""
    public = asking.public_files(target)
    if public is not None and beside.sample is None:
        sample, test, train = public
        return finding.Beside(sample, beside.test or test, beside.train or train, None)
    try:
        return finding.beside(file, beside.sample, beside.test, beside.train)
    except CompanionError as error:
        if error.code is Exit.MISSING:
            error.hint = f"fastcompanion kaggle download {target.text}, or name the sample with --sample"  # fmt: skip
        raise


def _written(message: str) -> str:
    """Give a message as it is sent; one that no file can hold is refused, as it could not be noted."""
    try:
        message.encode()
    except UnicodeEncodeError:
        raise CompanionError(
            "the message holds half a character, as a terminal of another encoding types it",
            hint='Write it anew: -m "..."',
            code=Exit.USAGE,
        ) from None
    return message.strip()[:_MOST_MESSAGE]


def _message(asked: str, file: Path, code: Code, validation: Validation | None) -> str:
    """Give the message; where none was written it says which run and which code made the file."""
    if written := _written(asked):
        return written
    run = validation.run if validation is not None and validation.sure else ""
    return " ".join(filter(None, (run or file.name, f"({code.text})" if code.text else "")))


def send(
    client: Client,
    target: Target,
    prepared: Prepared,
    *,
    project: Path | None,
    wait: float,
    reporter: Reporter,
) -> Submitted:
    """Send a file, note it, prove that the site has it, and wait up to `wait` seconds for its score."""
    sent = _sent(client, target, prepared, reporter)
    path = log.file_for(target, project)
    entry = Entry(
        id=clock.new_id(),
        at=clock.now(),
        competition=target.text,
        ref=sent.ref,
        file=Path(prepared.file).name,
        sha256=prepared.sha256,
        rows=prepared.rows,
        message=prepared.message,
        commit=prepared.code.commit,
        dirty=prepared.code.dirty,
        validation=prepared.validation,
        notebook=prepared.notebook,
    )
    try:
        with _taken(sent, target, "it could not be noted here"):
            log.append(entry, path)
        commit = _commit(project, path, entry)
        with _taken(sent, target, "the site's list could not be read"):
            there = _proven(client, target, sent)
        with _taken(sent, target, "its score could not be asked for"):
            there = _scored(client, target, there, wait, reporter)
    except KeyboardInterrupt:
        reporter.note(
            f"Submission {sent.ref} stays and will be scored: fastcompanion kaggle history {target.text} shows it."
        )
        raise
    return _submitted(client, target, prepared, there, path, commit, waited=wait > 0)


@contextmanager
def _taken(sent: Sent, target: Target, what: str) -> Iterator[None]:
    """Say of an error that comes after a submission was taken that it is there: sent again it counts twice."""
    try:
        yield
    except _Unlisted:
        raise
    except CompanionError as error:
        raise CompanionError(
            f"submission {sent.ref} was taken, but {what}: {error.message}",
            hint=f"Do not send it again: fastcompanion kaggle history {target.text} shows it",
            code=error.code, file=error.file, line=error.line,
        ) from error  # fmt: skip


class _Unlisted(CompanionError):
    """The site took a submission and does not list it."""


def _sent(client: Client, target: Target, prepared: Prepared, reporter: Reporter) -> Sent:
    """Upload the file and submit it, once; a failure of it is an error, whatever else was done."""
    if prepared.notebook:
        name = notebooks.named(prepared.notebook, client)
        told = {"file": prepared.file, "message": prepared.message}
        return notebooks.submit(client, target.slug, name, **told, number=prepared.version)
    file = Path(prepared.file)
    if source.sha256(file) != prepared.sha256:
        # Another run may have written it while the learner was asked.
        raise CompanionError(
            "has changed since it was checked: nothing was sent",
            hint="Run the same command again.",
            file=file,
        )
    try:
        with reporter.task(f"sending {file.name}", file.stat().st_size) as task:
            return client.submit(target.slug, file, prepared.message, advance=task.advance)
    except SiteError as error:
        if error.status == _REFUSED and (limits := _limits(client, target)) and limits.left <= 0:
            # Another one took the last of the day after we had asked.
            raise _used_up(target.slug, limits) from error
        raise


def _commit(project: Path | None, path: Path, entry: Entry) -> CommitResult | None:
    """Commit the log of a project, if git sees the project at all."""
    if project is None or not entry.commit:
        return None
    words = f"Submit {entry.file} to {entry.competition}: {entry.message}"
    return repo.commit(project, [path], words[:200])


def _proven(client: Client, target: Target, sent: Sent) -> Submission:
    """Find the submission in the site's own list; what is not in it was not submitted."""
    pause = _FIRST
    for look in range(_LOOKS):
        newest = client.submissions(target.slug, most=_NEWEST)
        found = next((one for one in newest if one.ref == sent.ref), None)
        if found is not None:
            return found
        if look < _LOOKS - 1:
            clock.pause(pause)
            pause *= 2
    said = f": {sent.message}" if sent.message else ""
    raise _Unlisted(
        f"the site does not list submission {sent.ref}, although it took the file{said}",
        hint=f"fastcompanion kaggle history {target.text} shows later whether it has come",
        code=Exit.FAILED,
    )


def _scored(
    client: Client, target: Target, there: Submission, wait: float, reporter: Reporter
) -> Submission:
    """Ask for the score until it is there or the time is over; a site that stumbles meanwhile is asked again."""
    if wait <= 0 or there.status in ("complete", "error"):
        return there
    end, pause = clock.monotonic() + wait, _FIRST
    with reporter.task(f"waiting for the score of {there.ref}") as task:
        while there.status not in ("complete", "error") and clock.monotonic() < end:
            clock.pause(min(pause, max(0.0, end - clock.monotonic())))
            pause = min(pause * _SLOWER, _LONGEST)
            there = _asked_again(client, target, there, task.advance)
    return there


def _asked_again(
    client: Client, target: Target, there: Submission, advance: Callable[..., None]
) -> Submission:
    try:
        there = client.submission(target.slug, there.ref)
        advance(text=there.status)
    except SiteError as error:
        if not error.may_pass:
            raise
        advance(text=error.message)
    return there


def _submitted(
    client: Client,
    target: Target,
    prepared: Prepared,
    there: Submission,
    path: Path,
    commit: CommitResult | None,
    *,
    waited: bool,
) -> Submitted:
    judged = agreement.judge(
        prepared.validation,
        there.public,
        prepared.metric,
        rows=asking.public_rows(target),
        file_rows=prepared.rows,
    )
    return Submitted(
        competition=target.text,
        title=prepared.title,
        metric=prepared.metric,
        ref=there.ref,
        file=prepared.file,
        message=prepared.message,
        status=there.status,
        public=there.public,
        private=there.private,
        error=there.error,
        validation=prepared.validation,
        agreement=judged,
        left=_left(client, target),
        code=prepared.code,
        log=str(path),
        commit=commit,
        waited=waited,
        late=prepared.deadline is not None and prepared.deadline <= clock.now(),
        note=asking.oddity(target, there.public),
    )


def _left(client: Client, target: Target) -> int | None:
    """Ask how many are left; that this fails takes nothing from a submission that is there."""
    limits = _limits(client, target)
    return limits.left if limits is not None else None


def _limits(client: Client, target: Target) -> Limits | None:
    try:
        return client.limits(target.slug)
    except CompanionError:
        return None
