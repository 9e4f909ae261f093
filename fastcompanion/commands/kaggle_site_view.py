"""What is shown of competitions on their site, of submissions and of how they went."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from fastcompanion.base import clock
from fastcompanion.base.process import shown
from fastcompanion.base.reporter import Reporter
from fastcompanion.commands import kaggle_validate_view as validating
from fastcompanion.competition.site import plot
from fastcompanion.competition.site import progress as competing
from fastcompanion.competition.site.agreement import Agreement, Overall
from fastcompanion.competition.site.board import Board, Place
from fastcompanion.competition.site.history import History
from fastcompanion.competition.site.history import Line as Past
from fastcompanion.competition.site.listing import Joined, List, Listed
from fastcompanion.competition.site.log import Validation
from fastcompanion.competition.site.model import Limits
from fastcompanion.competition.site.progress import Progress
from fastcompanion.competition.site.submitting import Prepared, Submitted
from fastcompanion.console import Block, Code, Facts, Line, Next, Table, Title, Warn

_SHOWN = 30


def score(value: float | None) -> str:
    """Write a score with five digits behind the point, as leaderboards do."""
    if value is None:
        return ""
    return f"{value:.5f}" if abs(value) < 1000 else f"{value:.2f}"


def near(file: str) -> str:
    """Write a path as it is seen from here."""
    path = Path(file)
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else file


def left(limits: Limits) -> str:
    """Say how many submissions are left."""
    many = limits.left >= 1000
    return "any number may be sent" if many else f"{limits.left} left today"


def listed(found: List) -> Iterable[Block]:
    """Show competitions, those of this machine first."""
    if found.competitions:
        head = ("name", "deadline", "in it", "metric", "teams", "title")
        yield Table(head, tuple(_listed(one) for one in found.competitions[: _SHOWN * 2]))
        more = len(found.competitions) - _SHOWN * 2
        if more > 0:
            yield Line(f"and {more} more: a search finds them.", "dim")
    else:
        told = f" for {found.search!r}" if found.search else ""
        yield Line(f"No competition was found{told}.")
    if found.problem:
        yield Warn(f"kaggle.com was not asked: {found.problem}")
        yield Line(found.hint, "dim")
    elif found.competitions:
        yield Next(f"fastcompanion kaggle join {shown([_first(found.competitions)])}")


def _first(found: Iterable[Listed]) -> str:
    names = [one.name for one in found if not one.entered and not one.over]
    return names[0] if len(names) == 1 else "NAME"


def _listed(one: Listed) -> tuple[str, ...]:
    deadline = "ended" if one.over else f"{one.deadline:%Y-%m-%d %H:%M}" if one.deadline else "none"
    return one.name, deadline, "yes" if one.entered else "", one.metric, str(one.teams), one.title


def joined(told: Joined) -> Iterable[Block]:
    """Show that you are in, and what comes next."""
    if not told.entered:
        yield Line(f"You are not in {told.title} yet; its rules are at {told.rules}.")
        return
    yield Title(f"You are in {told.title} ({told.competition})")
    yield Facts(
        tuple(
            (name, text)
            for name, text in (
                ("metric", told.metric),
                ("deadline", f"{told.deadline:%Y-%m-%d %H:%M}" if told.deadline else "none"),
                ("a day", f"{told.daily} submissions" if told.daily else "any number"),
                ("project", told.project and f"is for {told.project}"),
            )
            if text
        )
    )
    yield Next(f"fastcompanion kaggle download {told.competition}")


def refused(told: Prepared) -> Iterable[Block]:
    """Show why a file is not sent."""
    yield Title(f"{near(told.file)}: not sent, it would be refused")
    yield from _issues(told)
    yield Line("--force sends it all the same.", "dim")


def would(told: Prepared) -> Iterable[Block]:
    """Show what would be sent."""
    yield Title(f"{near(told.file)} would be sent to {told.title} ({told.competition})")
    yield Facts(tuple(_prepared(told)))
    yield from _issues(told)
    file = f"--notebook {told.notebook}" if told.notebook else shown([near(told.file)])
    yield Next(f"fastcompanion kaggle submit {file} -c {told.competition}{_worded(told)}")


def _worded(told: Prepared) -> str:
    """Give the option for a message that was written; one that was left out makes itself again."""
    made = {Path(told.file).name, told.validation.run if told.validation else ""}
    if told.message.removesuffix(f" ({told.code.text})") in made:
        return ""
    return " " + shown(["-m", told.message])


def noted(told: Prepared, reporter: Reporter) -> None:
    """Say before the question what was found in the file."""
    for name, text in _prepared(told):
        reporter.note(f"{name}: {text}")
    for issue in told.issues:
        reporter.note(f"{issue.severity}: {issue.message}")


def _prepared(told: Prepared) -> Iterable[tuple[str, str]]:
    if told.notebook:
        version = f" version {told.version}" if told.version else ""
        yield "file", f"{told.file} of the notebook {told.notebook}{version}, as it lies there"
    else:
        yield "file", f"{near(told.file)}, {told.rows:,} rows, compared with {near(told.sample)}"
    yield "message", told.message
    if told.code.text:
        yield "commit", told.code.text
    if told.validation is not None:
        yield "validation", _validation(told.validation)
    if told.deadline is not None:
        yield "deadline", f"{told.deadline:%Y-%m-%d %H:%M}"
    yield (
        "today",
        f"{told.limits.today} sent, {left(told.limits)}; a new day begins at {told.resets:%H:%M} here",
    )


def _issues(told: Prepared) -> Iterable[Block]:
    for issue in told.issues:
        yield from validating.finding(issue)
    if told.sent_before is not None:
        yield Line(f"It was sent as submission {told.sent_before}.", "dim")


def _validation(told: Validation) -> str:
    sure = "" if told.sure or not told.run else ", if it made this file"
    run = f" by {told.run}" if told.run else ""
    return f"{told.metric} {_interval(told)}{run}{sure}".strip()


def _interval(told: Validation) -> str:
    if told.low is None or told.high is None:
        return f"{told.value:.4g}"
    return f"{told.value:.4g} ({told.low:.4g} to {told.high:.4g})"


def submitted(told: Submitted) -> Iterable[Block]:
    """Show what became of a submission."""
    if told.status == "error":
        yield Title(f"Submission {told.ref} has an error")
        yield Line(told.error or "The site does not say which.", "bad")
    elif told.status == "complete":
        yield Title(f"Submission {told.ref} scored {score(told.public)} on the public leaderboard")
    else:
        yield Title(f"Submission {told.ref} was taken; its score is not there yet")
    yield Facts(tuple(_facts(told)))
    if told.status == "complete":
        sure = told.validation is not None and told.validation.sure
        yield from _agrees(told.agreement, sure=sure)
    if told.note:
        yield Warn(told.note)
    if told.commit is not None and not told.commit.made:
        yield Warn(f"The log was not committed: {told.commit.reason}. {told.commit.hint}")
    if told.status in ("pending", "unknown"):
        yield Next(f"fastcompanion kaggle history {told.competition}", "shows the score later")
    else:
        yield Next(f"fastcompanion kaggle progress {told.competition}")


def _facts(told: Submitted) -> Iterable[tuple[str, str]]:
    yield "to", f"{told.title} ({told.competition})"
    yield "file", near(told.file)
    yield "message", told.message
    if told.code.text:
        yield "commit", told.code.text
    if told.public is not None:
        yield "public", f"{score(told.public)} {told.metric}".strip()
    if told.validation is not None:
        yield "validation", _validation(told.validation)
    if told.left is not None and told.left < 1000:
        yield "left today", str(told.left)
    if told.late:
        yield "late", "the deadline is over: it has a score and no rank"


def _agrees(told: Agreement, *, sure: bool) -> Iterable[Block]:
    """Say whether the leaderboard agrees with validation."""
    if told.verdict == "inside":
        yield Line("The leaderboard agrees: its score lies in the interval of validation.", "good")
    elif told.verdict == "chance":
        yield Line(
            f"The score lies outside of the interval of validation, and inside of {_wide(told)}, "
            f"which also counts the chance of the leaderboard's {_rows(told)}: no disagreement is proven."
        )
    elif told.verdict == "outside":
        yield Warn(_apart(told, sure=sure))


def _apart(told: Agreement, *, sure: bool) -> str:
    run = "" if sure else ", or another run made the file"
    why = f"Unless it is bad luck, the test rows are unlike those of training, or the split leaks{run}."
    if not told.rows:
        return f"The score lies outside of the interval of validation. {why}"
    more = (
        " On fewer rows, which the public part may have, chance reaches further."
        if told.most
        else ""
    )
    return (
        f"The score lies outside of {_wide(told)}, where chance alone leaves 95 of 100.{more} {why}"
    )


def _wide(told: Agreement) -> str:
    return f"{told.low:.4g} to {told.high:.4g}"


def _rows(told: Agreement) -> str:
    return f"rows (at most {told.rows:,})" if told.most else f"{told.rows:,} rows"


def history(told: History) -> Iterable[Block]:
    """Show all submissions, the newest last."""
    yield Title(f"{told.title} ({told.competition})")
    yield from _from_when(told.problem, told.asked)
    if not told.submissions:
        yield Line("Nothing was submitted yet.")
        yield Next(f"fastcompanion kaggle submit FILE -c {told.competition}")
        return
    rows = told.submissions[-_SHOWN:]
    private = any(one.private is not None for one in rows)
    # Together they fit into 80 columns.
    more = "private" if private else "agrees"
    head = ("number", "day", "public", more, "validation", "commit", "message")
    yield Table(head, tuple(_past(one, private=private) for one in rows))
    for one in rows:
        if one.error:
            yield Line(f"{one.ref}: {one.error}", "bad")
    for note in dict.fromkeys(one.note for one in rows if one.note):
        yield Warn(note)
    if len(told.submissions) > _SHOWN:
        yield Line(f"{len(told.submissions) - _SHOWN} older ones are left out; --json has them.", "dim")  # fmt: skip
    way = f"{told.metric}, {told.direction} is better; " if told.direction else ""
    yield Line(f"{way}* the best one; in brackets what holds the truth 95 times of 100.", "dim")
    yield Next(f"fastcompanion kaggle progress {told.competition}")


_AGREES = {"inside": "yes", "chance": "chance", "outside": "no", "unknown": ""}


def _past(one: Past, *, private: bool) -> tuple[str, ...]:
    state = one.status if one.listed else "not listed" if one.asked else "not asked"
    return (
        str(one.ref),
        f"{one.at:%m-%d}" if one.at else "",
        f"{score(one.public)}{' *' if one.best else ''}" if one.public is not None else state,
        score(one.private) if private else _AGREES[one.agreement.verdict],
        _short(one.validation) if one.validation else "",
        one.commit,
        one.message.removesuffix(f" ({one.commit})"),
    )


def _short(told: Validation) -> str:
    """Write a score with its interval in no more than 20 characters where it is a share."""
    if told.low is None or told.high is None:
        return f"{told.value:.3g}"
    return (
        f"{told.value:.3f} ({told.low:.3f}-{told.high:.3f})" if told.high < 10 else _interval(told)
    )


def _from_when(problem: str, asked: datetime | None) -> Iterable[Block]:
    if not problem:
        return
    yield Warn(problem)
    if asked is None:
        yield Line("What stands here is from the log alone.", "dim")
    else:
        yield Line(f"What stands here is of {clock.here(asked):%Y-%m-%d %H:%M}.", "dim")


def leaderboard(told: Board) -> Iterable[Block]:
    """Show the first rows and those around your own."""
    yield Title(f"{told.title} ({told.competition})")
    yield from _from_when(told.problem, told.asked)
    if not told.rows:
        yield Line("Nobody is on the leaderboard yet.")
        return
    yield Table(("rank", "who", told.metric or "score", "when"), tuple(_placed(told.rows)))
    way = f"{told.direction} is better" if told.direction else "the site ranks"
    yield Line(f"{told.listed} on the leaderboard; {way}.", "dim")
    yield from _standing(told)


def _placed(rows: Iterable[Place]) -> Iterable[tuple[str, ...]]:
    last = 0
    for one in rows:
        if last and one.rank > last + 1:
            yield "...", "", "", ""
        last = one.rank
        who = f"{one.team} <- you" if one.own and one.team != "you" else one.team
        yield str(one.rank), who, score(one.score), f"{one.date:%Y-%m-%d}" if one.date else ""


def _standing(told: Board) -> Iterable[Block]:
    if told.own is None:
        yield Line("You have no place on it yet.")
        yield Next(f"fastcompanion kaggle submit FILE -c {told.competition}")
        return
    ahead = f": ahead of {100 * told.ahead:.0f}% of the others" if told.ahead is not None else ""
    yield Line(f"You are number {told.own.rank} of {told.listed}{ahead}.", "good")
    if told.baselines:
        rest = [one.name for one in told.baselines if one.name not in told.beaten]
        if rest:
            yield Warn(f"Not better than {', '.join(rest)}.")
        else:
            yield Line("Better than every naive baseline.", "good")
    if told.medal:
        yield Line(
            f"If this competition gives medals and ended now with this order, it would be {told.medal}; "
            "the private leaderboard decides, and often has another order.",
            "dim",
        )


def progress(told: Progress) -> Iterable[Block]:
    """Show the best score over time, the days, and whether validation can be trusted."""
    yield Title(f"{told.title} ({told.competition})")
    yield from _from_when(told.problem, told.asked)
    if not told.points:
        unknown = ", their scores were not asked for" if told.problem else " without a score yet"
        waiting = unknown if told.submissions else ""
        yield Line(f"{told.submissions} submissions{waiting}.")
        yield Next(f"fastcompanion kaggle submit FILE -c {told.competition}")
        return
    way = f", {told.direction} is better" if told.direction else ""
    yield Line(f"{told.metric or 'public score'}{way}; better is up", "dim")
    yield Code(plot.drawn(told.points, told.levels, told.direction))
    yield Facts(tuple(_gone(told)))
    yield from _overall(told.overall)


def _gone(told: Progress) -> Iterable[tuple[str, str]]:
    first, best = told.points[0], told.points[-1]
    bests = sum(one.improved for one in told.points) - 1
    errors = f", {told.errors} with an error" if told.errors else ""
    yield "best", f"{score(best.best)}, {f'from {score(first.score)} in {bests} step{_s(bests)}' if bests else 'the first one'}"  # fmt: skip
    yield "submissions", f"{told.submissions}{errors}"
    days = competing.days_since(told)
    yield "days", f"on {len(told.days)} of {days} day{_s(days)} something was sent"
    if told.study_days:
        yield "study", f"on {len(told.study_days)} of them something stands in your study log"
    if told.private is not None:
        others = "the best of yours there" if told.private == told.best_private else f"your best one there has {score(told.best_private)}"  # fmt: skip
        yield "private", f"{score(told.private)} for the best public one; {others}"
    if told.rank is not None:
        yield "place", f"{told.rank} of {told.listed}"


def _overall(told: Overall) -> Iterable[Block]:
    """Say whether validation and leaderboard agree, and how sure that is."""
    if not told.pairs:
        yield Line(
            "No submission of the log here has a validation score beside it, so nothing can be said about "
            "whether the two agree: send from a project and look there, or send with --score.",
            "dim",
        )
        return
    yield Title("Can validation be trusted?")
    if told.judged:
        yield Line(
            f"Scores where validation and chance allow them: {told.inside} of {told.judged}, which is a share of "
            f"{100 * told.low:.0f}% to {100 * told.high:.0f}% (95% is to be expected)."
        )
    if told.unsure:
        yield Line(
            f"Of {told.unsure} of them it is not certain that the run with the score made the file: "
            "fastcompanion project submit knows it.",
            "dim",
        )
    if told.chance is None:
        yield Line(
            f"{told.pairs} submission{_s(told.pairs)} with both scores: too few to say "
            "whether what validation finds better is better on the leaderboard. Four are the least.",
            "dim",
        )
        return
    yield Line(
        f"Of two submissions both name the same one as better in {told.agreeing} of {told.compared} cases; "
        f"orders that have nothing to do with each other reach that {_share(told.chance)}."
    )
    if told.chance > 0.05:
        yield Line("That is too little to rely on: improvements in validation may be none.", "dim")


def _s(count: int) -> str:
    return "" if count == 1 else "s"


def _share(share: float) -> str:
    if share < 0.001:
        return "less than 1 time of 1000"
    return f"{100 * share:.2g} times of 100"
