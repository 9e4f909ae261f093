"""What is remembered of a notebook's sections: in the file of results, and in the study if there is one."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from fastcompanion.base.errors import CompanionError
from fastcompanion.base.events import Event
from fastcompanion.course.checks import hints, prepared, results
from fastcompanion.course.checks.plan import PlannedSection
from fastcompanion.course.checks.results import Result, Results
from fastcompanion.course.checks.verdict import GOOD
from fastcompanion.notebook import place
from fastcompanion.notebook.place import Place

_MODULES = {"numpy": "numpy", "pandas": "pandas", "torch": "torch", "fastai": "fastai",
            "sklearn": "scikit-learn", "matplotlib": "matplotlib"}  # fmt: skip


class Memory:
    """What was found so far of one notebook, read once for each magic that is typed.

    `wrong` says why nothing can be written: a file that is damaged is left as it is.
    """

    def __init__(self, here: Place, folder: Path, sections: Sequence[PlannedSection]) -> None:
        self.here = here
        lesson, own = here.lesson.id, here.based.ref.id
        self.file = results.place(folder, lesson, own)
        self.wrong = ""
        versions = place.here([name for module, name in _MODULES.items() if module in sys.modules])
        total = sum(one.has_work for one in sections)
        self.results = Results(lesson, own, total, versions)
        try:
            old = results.read(self.file) if self.file.exists() else self.results
            if (old.lesson, old.notebook) != (lesson, own):
                raise CompanionError(f"speaks of {old.lesson} {old.notebook}", file=self.file)
            self.results = replace(self.results, results=old.results)
        except CompanionError as error:
            self.wrong = f"the result was not written: {error} (move the file away to go on)"
        self._events = self._past()

    def _past(self) -> list[Event]:
        """Give what the study knows of this notebook."""
        if self.here.study is None:
            return []
        lesson, own = self.here.lesson.id, self.here.based.ref.id
        past = hints.all_events(self.here.study)
        return [e for e in past if e.lesson == lesson and e.data.get("notebook") == own]

    @property
    def assessed(self) -> dict[str, str]:
        """The key of the code that the learner judged, by section."""
        judged = [event for event in self._events if event.kind == prepared.ASSESSED]
        known = {str(e.data.get("section")): str(e.data.get("key", "")) for e in judged}
        return {**known, **self.results.assessed}

    @property
    def hinted(self) -> dict[str, int]:
        """The highest hint that was shown of each section."""
        levels = dict(self.results.hinted)
        for event in self._events:
            if event.kind == prepared.HINTED:
                section = str(event.data.get("section"))
                level = int(event.data.get("level", 0))
                levels[section] = max(level, levels.get(section, 0))
        return levels

    @property
    def solved(self) -> list[str]:
        """The sections whose solution was shown."""
        return [section for section, level in self.hinted.items() if level == hints.SOLUTION]

    def first_open(self, sections: Iterable[PlannedSection]) -> str | None:
        """Give the first section that has not passed, in the notebook or in the study."""
        own = [one for one in self.results.results if one.verdict]
        state = {**hints.states(self._events), **{one.section: one.verdict for one in own}}
        return next((one.id for one in sections if state.get(one.id) not in GOOD), None)

    def is_known(self, section: str, verdict: str, key: str) -> bool:
        """Tell whether this is what the last check of the section found."""
        last = self.results.newest(section)
        return last is not None and (last.verdict, last.key) == (verdict, key)

    def add(self, one: Result) -> None:
        """Write a result to the file and into the study; `wrong` says why that can't be done."""
        if self.wrong:
            return
        self.results = self.results.with_one(one)
        try:
            results.write(self.file, self.results)
            if self.here.study is not None:
                results.take(self.here.study, self.results, (one,))
        except CompanionError as error:
            self.wrong = f"the result was not written: {error}"
