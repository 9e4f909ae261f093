"""Changing a setting of a study: the file, and whether the next commit takes it along."""

from __future__ import annotations

from fastcompanion.base import config, events, repo
from fastcompanion.base.config import Setting
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.workspace import Workspace


def change(study: Workspace | None, key: str, text: str, *, dry_run: bool = False) -> Setting:
    """Write a setting to the study's file, or to the user's without a study.

    The next commit takes the study's file along, unless the learner has edits of their own in it:
    these are theirs to commit.
    """
    clean = study is not None and not dry_run and _is_clean(study)
    setting = config.set_value(study, key, text, dry_run=dry_run)
    if study is not None and clean:
        events.postpone(study, [study.settings])
    return setting


def _is_clean(study: Workspace) -> bool:
    try:
        return bool(repo.unchanged(study.root, [study.settings]))
    except CompanionError:
        return False
