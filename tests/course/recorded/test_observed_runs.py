"""The observer in a real kernel and in the warm worker: both see the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base.kernel import OWN, Limits
from fastcompanion.course.checks import check, warm
from fastcompanion.course.checks.plan import Plan, PlannedCell, PlannedSection
from fastcompanion.course.checks.verdict import Outcome
from fastcompanion.course.recorded.fingerprints import fingerprint

CELLS = {
    "data": (
        "import numpy as np\nnp.random.seed(3)\nx = np.random.rand(30, 2)\nx",
        "print(f'mean {x.mean():.4f}')",
    ),
    "model": (
        "def predict(x, w): return x @ w\npreds = predict(x, np.array([1., 2.]))",
        "x[:] = 0\nloss = 0.5\nloss",
    ),
}


def planned(cells: Mapping[str, tuple[str, ...]] = CELLS, **observe: Any) -> Plan:
    sections, place = [], 0
    for name, sources in cells.items():
        made = []
        for source in sources:
            made.append(PlannedCell(place, source))
            place += 1
        spec: dict[str, Any] = {
            "id": name,
            "bound": ["x", "preds", "loss", "predict"],
            "cells": [one.index for one in made],
        }
        spec.update({"mapping": {}, "wanted": ["loss"], "functions": [], **observe})
        sections.append(PlannedSection(name, name, tuple(made), observe=spec))
    return Plan("c/01", "n", tuple(sections))


def fresh(plan: Plan, folder: Path) -> tuple[Outcome, ...]:
    return check.run_fresh(plan, OWN, folder, Limits())


def preview(plan: Plan, folder: Path, **words: Any) -> tuple[Outcome, ...]:
    with warm.Warm(OWN, folder, Limits(), plan, **words) as worker:
        return worker.run(plan.sections)


def timeless(outcomes: tuple[Outcome, ...]) -> list[dict[str, Any]]:
    assert all(one.observed is not None for one in outcomes)
    return [{k: v for k, v in (one.observed or {}).items() if k != "seconds"} for one in outcomes]


@pytest.mark.skipif(not warm.available(), reason="this system can't fork: not run here")
def test_a_fresh_kernel_and_the_warm_worker_observe_the_same(tmp_path: Path) -> None:
    plan = planned()
    seen, quick = (
        timeless(fresh(plan, tmp_path)),
        timeless(preview(plan, tmp_path, imports=["numpy"])),
    )
    assert seen == quick
    data, model = seen
    assert [cell for cell, _ in data["shown"]] == [0]
    assert [cell for cell, _ in data["printed"]] == [1]
    mean = data["values"]["x"]["v"][0]
    assert data["shown"][0][1]["v"][0] == mean
    assert data["printed"][0][1] == [round(mean, 4)]
    assert model["shown"] == [[3, {"k": "number", "v": 0.5, "i": False}]]
    assert model["values"]["predict"] == {"k": "function", "n": 2}
    assert model["wanted"]["loss"]["name"] == "loss"


@pytest.mark.skipif(not warm.available(), reason="this system can't fork: not run here")
def test_calls_are_logged_answered_and_replayed_by_the_worker(tmp_path: Path) -> None:
    logged = timeless(preview(planned(log=True), tmp_path))[1]["calls"]
    asked = [{"name": name, **entry} for name, entry in logged.items()]
    answers = timeless(preview(planned(answer=asked), tmp_path))[1]["answers"]
    (function,) = answers
    assert len(function["cases"]) == 3
    mine = {**CELLS, "model": ("def mine(w, x):\n    return x.dot(w)", "loss = 1")}
    for run in (preview, fresh):
        found = timeless(run(planned(mine, functions=[function]), tmp_path))[1]["replays"][
            "predict"
        ]
        (one,) = [
            one for one in found if one["answers"] == [c["answer"] for c in function["cases"]]
        ]
        assert (one["by"], one["name"], one["order"]) == ("kind", "mine", [1, 0])


@pytest.mark.skipif(not warm.available(), reason="this system can't fork: not run here")
def test_a_section_is_run_again_when_it_is_observed_otherwise(tmp_path: Path) -> None:
    first, second = planned(), planned(log=True)
    with warm.Warm(OWN, tmp_path, Limits(), first, imports=["numpy", "no_such_module"]) as worker:
        worker.run(first.sections)
        worker.run(first.sections)
        assert worker.reused == 2
        worker.run(second.sections)
        assert worker.reused == 0


def test_after_an_error_what_is_there_is_still_observed(tmp_path: Path) -> None:
    cells = {"data": ("loss = 0.25", "1 / 0")}
    runs = [fresh] + ([preview] if warm.available() else [])
    for run in runs:
        (outcome,) = run(planned(cells), tmp_path)
        assert outcome.failure is not None
        assert outcome.observed is not None
        assert outcome.observed["values"]["loss"]["v"] == 0.25


@pytest.mark.skipif(not warm.available(), reason="this system can't fork: not run here")
def test_what_ended_in_an_error_is_not_looked_at_where_nobody_needs_it(tmp_path: Path) -> None:
    cells = {"data": ("loss = 0.25",), "model": ("loss = 0.5", "1 / 0")}
    data, model = preview(planned(cells, whole=True), tmp_path)
    assert data.observed is not None
    assert model.failure is not None
    assert model.observed is None


def test_what_was_there_before_a_section_is_none_of_its_work(tmp_path: Path) -> None:
    cells = {"data": ("first_loss = 0.25",), "model": ("loss = 0.5", "more = 0.75")}
    plan = planned(cells)
    unobserved = (replace(plan.sections[0], observe=None), *plan.sections[1:])
    runs = [fresh] + ([preview] if warm.available() else [])
    for run in runs:
        data, model = run(replace(plan, sections=unobserved), tmp_path)
        assert data.observed is None
        assert model.observed is not None
        assert set(model.observed["values"]) == {"loss", "more"}


def test_nothing_is_observed_where_nobody_asks(tmp_path: Path) -> None:
    section = PlannedSection("s", "s", (PlannedCell(0, "x = 1"),))
    (outcome,) = fresh(Plan("c/01", "n", (section,)), tmp_path)
    assert outcome.observed is None
    assert "class Observer" not in warm.judge_source(observes=False)


@pytest.mark.skipif(not warm.available(), reason="this system can't fork: not run here")
def test_pictures_and_tables_are_not_drawn_where_nobody_sees_them(tmp_path: Path) -> None:
    shown = """
drawn = []
class Shown:
    def _repr_png_(self): drawn.append("png")
    def _repr_html_(self): drawn.append("html")
    def _repr_mimebundle_(self, include=None, exclude=None): drawn.append("bundle")
    def __repr__(self): return drawn.append("text") or "it"
display(Shown())
Shown()
"""
    plan = planned({"data": (shown,)}, bound=["drawn"])
    (outcome,) = preview(plan, tmp_path)
    assert outcome.observed is not None
    drawn = outcome.observed["values"]["drawn"]
    assert (drawn["n"], drawn["items"][0]) == (2, fingerprint("text"))
