"""The score to expect: that of the newest run of the project a submission lies in."""

from __future__ import annotations

from pathlib import Path

from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.data import folds, predictions, scores
from fastcompanion.data.predictions import Predictions, Run
from fastcompanion.data.scores import Score


@frozen
class Hoped:
    """What the newest run scored on rows it had not learned from."""

    run: str
    score: Score


def hoped(project: Path) -> Hoped | None:
    """Score the newest run on the split of today; None where there is none that can be read."""
    try:
        settings = store.read_yaml(project / "project.yml")
        digest = folds.read(project).digest
        runs = [
            (folder.name, *predictions.read(folder))
            for folder in sorted((project / "runs").iterdir())
            if (folder / predictions.META).is_file()
        ]
        mine = [one for one in runs if one[1].split == digest]
        return _newest(mine, dict(settings)) if mine else None
    except (CompanionError, OSError, TypeError, ValueError, KeyError):
        # The project's own commands say what is wrong with it: here it is a line that is left out.
        return None


def _newest(runs: list[tuple[str, Run, Predictions]], settings: dict[str, object]) -> Hoped:
    name, _, rows = max(runs, key=lambda one: one[1].at)
    scale = float(str(settings.get("scale") or 1.0))
    ordered = settings["kind"] == "time-series"
    return Hoped(name, scores.score(str(settings["metric"]), rows, ordered=ordered, scale=scale))
