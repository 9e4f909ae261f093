"""When enough mistakes were planted in a section, and where the workers that run them stand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base import clock
from fastcompanion.base.kernel import OWN, Limits
from fastcompanion.course.checks import warm
from fastcompanion.course.checks.plan import PlannedCell, PlannedSection
from fastcompanion.course.checks.warm import Warm
from fastcompanion.course.model import Lesson, NotebookRef
from fastcompanion.course.recorded.record import RecordedSection
from fastcompanion.course.recording.measure import Measured, bench
from fastcompanion.course.recording.original import original
from fastcompanion.course.recording.trial import ENOUGH, FEWEST, Trials, is_decided

CELL_LIMIT = 500.0


@pytest.mark.parametrize("most", [5, 7, 12, 34])
def test_no_mistake_more_would_change_what_is_decided(most: int) -> None:
    for caught in range(most):
        for survived in range(most - caught):
            tried = caught + survived
            lost = most - survived < ENOUGH * most
            assert is_decided(caught, survived, most) == (tried >= FEWEST and lost)
            if is_decided(caught, survived, most):
                # Whatever comes, and however much of it: never four in five.
                assert all(
                    caught + more < ENOUGH * (tried + more) for more in range(most - tried + 1)
                )


def test_as_many_as_were_asked_for_are_enough() -> None:
    assert is_decided(12, 0, 12)
    assert is_decided(3, 0, 3)
    assert not is_decided(11, 0, 12)
    assert not is_decided(0, 4, 12)
    assert is_decided(0, 5, 12)


@pytest.mark.skipif(not warm.available(), reason="this system can't fork: not run here")
def test_each_worker_has_a_folder_of_its_own(tmp_path: Path) -> None:
    ref = NotebookRef("n", "n.ipynb", None, None)
    lesson = Lesson("c/01", "01", "", (ref,))
    book = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    write = "import os, time\nopen('own', 'x').close()\ntime.sleep(0.5)"
    section = PlannedSection("s", "s", (PlannedCell(0, write),))

    def room(number: int) -> Path:
        place = tmp_path / str(number)
        place.mkdir()
        return place

    def ran(worker: Warm, one: PlannedSection) -> bool:
        return worker.run([one])[-1].failure is None

    with bench(original(book, lesson, ref), OWN, room, Limits()) as pool:
        pool.size = 2
        assert list(pool.map(ran, [section, section])) == [True, True]
    assert sorted(path.parent.name for path in tmp_path.glob("*/own")) == ["0", "1"]


@pytest.mark.skipif(not warm.available(), reason="this system can't fork: not run here")
def test_a_mistake_without_end_is_given_up_by_the_time_of_its_own_section(tmp_path: Path) -> None:
    book: dict[str, Any] = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    for place, source in enumerate(["import time\ntime.sleep(1.5)\na = 1", "b = a + 1"]):
        kind = {"metadata": {}, "id": f"h{place}"}
        book["cells"] += [
            {**kind, "cell_type": "markdown", "source": f"## Part {place}"},
            {**kind, "id": f"c{place}", "cell_type": "code", "source": source, "outputs": []},
        ]
    ref = NotebookRef("n", "n.ipynb", None, None)
    made = original(book, Lesson("c/01", "01", "", (ref,)), ref)
    slow, quick = made.work
    drafts = {one.id: RecordedSection(one.id, "hard", "") for one in (slow, quick)}
    changed = replace(quick.planned, cells=(PlannedCell(3, "while True: pass"),))
    with bench(made, OWN, lambda number: tmp_path, Limits(cell_seconds=CELL_LIMIT)) as pool:
        begun = clock.monotonic()
        trials = Trials(made, Measured(drafts, {}, {}, 1.0), pool, 1, finished=True)
        [(_, found)] = pool.map(lambda worker, one: trials._tried(worker, quick, one), [changed])
    assert found.failure is not None
    assert (found.id, found.failure.status) == (quick.id, "died")
    assert clock.monotonic() - begun < CELL_LIMIT
