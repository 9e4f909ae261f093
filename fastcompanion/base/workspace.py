"""Every path of the program: the study's, the user's folders, the content that ships with us."""

from __future__ import annotations

import os
import sys
from datetime import date
from pathlib import Path
from typing import Literal

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen

HOME_VARIABLE = "FASTCOMPANION_HOME"
CACHE_VARIABLE = "FASTCOMPANION_CACHE"
SETTINGS_NAME = "fastcompanion.toml"
NotebookKind = Literal["run", "scratch", "repeat", "again"]


@frozen
class Workspace:
    """A study: the folder that holds fastcompanion.toml, and the place of each file in it."""

    root: Path

    @classmethod
    def find(cls, start: Path | None = None) -> Workspace:
        """Find the study that `start` (default: the working folder) lies in, looking upward."""
        place = absolute(start or Path.cwd())
        for folder in (place, *place.parents):
            if (folder / SETTINGS_NAME).is_file():
                return cls(folder)
        raise CompanionError(
            f"{place} is not inside a study",
            hint="fastcompanion init, or cd into your study (or --study PATH)",
            code=Exit.NOT_SET_UP,
        )

    @property
    def settings(self) -> Path:
        """The study's settings and plan."""
        return self.root / SETTINGS_NAME

    @property
    def courses_folder(self) -> Path:
        """One YAML file per course."""
        return self.root / "courses"

    def course_file(self, course_id: str) -> Path:
        """Where a course comes from and which lessons it has."""
        return self.courses_folder / f"{course_id}.yaml"

    def lesson_folder(self, lesson_id: str) -> Path:
        """The learner's folder of a lesson ("course/NN")."""
        return self.root / "lessons" / lesson_id

    def notebook(self, lesson_id: str, notebook_id: str, kind: NotebookKind) -> Path:
        """The learner's notebook of one kind."""
        return self.lesson_folder(lesson_id) / f"{notebook_id}.{kind}.ipynb"

    def repeat_folder(self, lesson_id: str, notebook_id: str) -> Path:
        """The split, the baseline and the predictions that belong to a repeat notebook."""
        return self.lesson_folder(lesson_id) / f"{notebook_id}.repeat"

    def checks_file(self, lesson_id: str, notebook_id: str) -> Path:
        """Recorded checkpoints of an original."""
        return self.lesson_folder(lesson_id) / f"{notebook_id}.checks.json"

    def travel_folder(self, lesson_id: str) -> Path:
        """Copies of the lesson's notebooks that travel to a notebook server, and what came back."""
        return self.lesson_folder(lesson_id) / "travel"

    def travel(self, travel_id: str) -> Path:
        """What a notebook took along when it set out; tells changes here from changes there."""
        return self.private / "travels" / f"{travel_id}.json"

    def notes(self, lesson_id: str) -> Path:
        """The learner's notes on a lesson."""
        return self.lesson_folder(lesson_id) / "notes.md"

    @property
    def progress(self) -> Path:
        """The append-only events that git keeps."""
        return self.root / "progress.jsonl"

    @property
    def private(self) -> Path:
        """What stays on this machine: locks, the running timer, failed checks, hints."""
        return self.root / ".fastcompanion"

    @property
    def private_events(self) -> Path:
        """The append-only events that git never sees."""
        return self.private / "private.jsonl"

    @property
    def timer(self) -> Path:
        """The running session."""
        return self.private / "timer.json"

    @property
    def uncommitted(self) -> Path:
        """Files of earlier acts whose commit could not be made; the next commit takes them along."""
        return self.private / "uncommitted.json"

    @property
    def waiting(self) -> Path:
        """Entries of the log that no commit holds yet: giving up a rebase would take their lines away."""
        return self.private / "waiting.jsonl"

    @property
    def cache(self) -> Path:
        """Indexes that can be deleted and built again."""
        return self.private / "cache"

    @property
    def reminders(self) -> Path:
        """Every reminder that was tried on this machine, with its proof or the cause of its failure."""
        return self.private / "reminders.jsonl"

    @property
    def remind_state(self) -> Path:
        """What this machine knows of the study's reminders: their key, since when, the calendar."""
        return self.private / "remind.json"

    @property
    def reminder_waiting(self) -> Path:
        """A reminder that reached nobody; the next command at a terminal shows it."""
        return self.private / "reminder.json"

    @property
    def calendar(self) -> Path:
        """The plan as a calendar file; it tells when the learner is busy, so git does not see it."""
        return self.private / "study.ics"

    def lock(self, name: str) -> Path:
        """A lock file of this study."""
        return self.private / "locks" / f"{name}.lock"

    def day_file(self, day: date) -> Path:
        """The study log of one day."""
        return self.root / "log" / f"{day:%Y}" / f"{day:%Y-%m-%d}.md"

    @property
    def log_folder(self) -> Path:
        """The study log."""
        return self.root / "log"

    @property
    def heatmap(self) -> Path:
        """The heat map of the study log as a picture."""
        return self.log_folder / "heatmap.svg"

    @property
    def heatmap_dark(self) -> Path:
        """The same for dark pages."""
        return self.log_folder / "heatmap-dark.svg"

    @property
    def readme(self) -> Path:
        """What the study's repository shows to those who come by."""
        return self.root / "README.md"

    @property
    def weeks_folder(self) -> Path:
        """The reviews of weeks."""
        return self.root / "weeks"

    def week_file(self, week: str) -> Path:
        """The review of one week, such as 2026-W47."""
        return self.weeks_folder / f"{week}.md"

    @property
    def posts(self) -> Path:
        """The learner's blog posts."""
        return self.root / "posts"

    @property
    def projects(self) -> Path:
        """Names and places of the learner's projects."""
        return self.root / "projects.yaml"

    @property
    def portfolio(self) -> Path:
        """The finished projects and the posts on one page."""
        return self.root / "portfolio.md"

    @property
    def portfolio_pictures(self) -> Path:
        """Copies of the pictures that it shows."""
        return self.root / "portfolio"

    @property
    def review_folder(self) -> Path:
        """Cards and their reviews."""
        return self.root / "review"

    @property
    def cards(self) -> Path:
        """What became of each card: accepted, edited, suspended; append-only."""
        return self.review_folder / "cards.jsonl"

    @property
    def reviews(self) -> Path:
        """One line for each answer; when a card is due again follows from it."""
        return self.review_folder / "reviews.jsonl"

    def relative(self, path: Path) -> str:
        """Give a path of the study as posix text relative to its root, for git and for people."""
        return path.relative_to(self.root).as_posix()


def absolute(path: Path) -> Path:
    """Give a path from the root without `..`, which would lie about what it is inside of.

    Links stay: a study is where the learner says, not where a link leads.
    """
    return Path(os.path.normpath(path.expanduser().absolute()))


def home() -> Path:
    """The user's home folder."""
    return Path("~").expanduser()


def data_folder() -> Path:
    """Where environments live; FASTCOMPANION_HOME replaces it."""
    home = os.environ.get(HOME_VARIABLE)
    if home:
        return Path(home).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_data_dir("fastcompanion", appauthor=False))


def cache_folder() -> Path:
    """Where clones live; FASTCOMPANION_CACHE replaces it, or FASTCOMPANION_HOME's `cache`."""
    cache = os.environ.get(CACHE_VARIABLE)
    if cache:
        return Path(cache).expanduser().absolute()
    if os.environ.get(HOME_VARIABLE):
        return data_folder() / "cache"
    import platformdirs

    return Path(platformdirs.user_cache_dir("fastcompanion", appauthor=False))


def config_file() -> Path:
    """The user's settings, for all studies."""
    if os.environ.get(HOME_VARIABLE):
        return data_folder() / "config.toml"
    if sys.platform == "linux" and "ANDROID_DATA" not in os.environ:
        # What platformdirs says there, without the time that its import takes at every command.
        return _xdg("XDG_CONFIG_HOME", ".config") / "fastcompanion" / "config.toml"
    import platformdirs

    return Path(platformdirs.user_config_dir("fastcompanion", appauthor=False)) / "config.toml"


def clones_folder() -> Path:
    """Clones of courses: `<host>/<repo>@<commit>`."""
    return cache_folder() / "courses"


def original(sha256: str) -> Path:
    """The copy of an original notebook from a folder, by its content."""
    return cache_folder() / "originals" / f"{sha256}.ipynb"


def environments_folder() -> Path:
    """The learner's environments: `<hash>`."""
    return data_folder() / "envs"


def reminders_file() -> Path:
    """Which studies have reminders on this machine, also when a study was moved or deleted."""
    return data_folder() / "reminders.json"


def reminders_folder() -> Path:
    """What the system's timers are made from where they keep no file of their own."""
    return data_folder() / "reminders"


def practice_folder() -> Path:
    """Practice competitions with their hidden labels, outside of every repository."""
    return data_folder() / "practice"


def competitions_folder() -> Path:
    """What was submitted from outside of projects: a file for each competition."""
    return data_folder() / "competitions"


def competition_cache(name: str) -> Path:
    """What a competition's site said last, for the time without a network; can be deleted."""
    return cache_folder() / "competitions" / f"{name}.json"


def servers_file() -> Path:
    """The user's servers; it holds no secret."""
    return config_file().parent / "servers.yaml"


def server_ledger() -> Path:
    """When which server ran and at what price; append-only, never sent anywhere."""
    return config_file().parent / "servers.jsonl"


def servers_folder() -> Path:
    """What this machine knows of servers beside that: their host keys, launches under way."""
    return data_folder() / "servers"


def known_hosts() -> Path:
    """The host keys of servers, apart from the user's own ~/.ssh/known_hosts, which is never changed."""
    return servers_folder() / "known_hosts"


def systemd_folder() -> Path:
    """The user's own systemd units."""
    return _xdg("XDG_CONFIG_HOME", ".config") / "systemd" / "user"


def systemd_stamps() -> Path:
    """Where systemd keeps when a persistent timer fired last."""
    return _xdg("XDG_DATA_HOME", ".local/share") / "systemd" / "timers"


def _xdg(variable: str, default: str) -> Path:
    found = os.environ.get(variable, "")
    return Path(found) if Path(found).is_absolute() else home() / default


def launch_agents() -> Path:
    """The user's own launchd jobs on macOS."""
    return home() / "Library" / "LaunchAgents"


def runtime_folder() -> Path:
    """A short private folder for sockets: their paths may have about 100 characters only."""
    import tempfile

    if os.name == "posix" and os.access("/tmp", os.W_OK | os.X_OK):
        return Path(tempfile.mkdtemp(prefix="fc-", dir="/tmp"))
    try:
        return Path(tempfile.mkdtemp(prefix="fc-"))
    except OSError as error:
        raise CompanionError(
            f"there is no folder for temporary files: {error.strerror}",
            hint="Let TMPDIR name a folder that you may write in.",
        ) from error


def content(kind: Literal["lessons", "templates"]) -> Path:
    """The content that ships with the program: in the wheel, else beside a checkout's package."""
    package = Path(__file__).resolve().parent.parent
    shipped = package / "content" / kind
    return shipped if shipped.is_dir() else package.parent / kind
