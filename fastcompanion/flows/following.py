"""How a competition goes, with the days of the study beside it: competition and study."""

from __future__ import annotations

from pathlib import Path

from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.competition.site import progress as competing
from fastcompanion.competition.site.progress import Progress
from fastcompanion.competition.site.target import Target
from fastcompanion.study import journal
from fastcompanion.study.logbook import book


def progress(
    target: Target,
    project: Path | None,
    study: Workspace | None,
    *,
    reporter: Reporter = SILENT,
) -> Progress:
    """Tell how it went; inside a study its log says on which days something was done."""
    entries = book.read(study).entries if study is not None else ()
    days = [journal.study_day(one.at) for one in entries]
    return competing.progress(target, project, study_days=days, reporter=reporter)
