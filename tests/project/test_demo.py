"""Demos: made-up data of every kind, told for what they are, with something in them to learn."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.data import look
from fastcompanion.flows import projects
from fastcompanion.project import checking, demo, families
from fastcompanion.project.place import Project

KINDS = [kind for kind in families.kinds() if kind not in ("table-class", "table-number")]


@pytest.mark.parametrize("kind", KINDS)
def test_a_demo_makes_a_project_whose_baseline_has_learned(kind: str, tmp_path: Path) -> None:
    plan = projects.planned(None, "trial", demo=kind, target="", kind="", metric="")
    begun = projects.begin(plan, tmp_path / "trial", None, dry_run=False)
    assert begun.board is not None, begun.failed
    told = {run.name: run.score.value for run in begun.board.runs}
    assert begun.board.runs[0].name == "baseline", told
    assert begun.answers["source"] == ""
    project = Project(tmp_path / "trial")
    checked = checking.check(project, python=[sys.executable])
    assert checked.passed, (*checked.raw, *checked.features, *checked.split)
    assert [path.name for path in tmp_path.iterdir()] == ["trial"]


def test_every_kind_has_a_demo_that_is_told_for_what_it_is(tmp_path: Path) -> None:
    for kind in families.kinds():
        made, files = demo.made(kind)
        assert made == kind
        for name, content in files.items():
            store.write_bytes(tmp_path / kind / name, content, durable=False)
        assert look.look(tmp_path / kind).kind.value == kind


def test_a_kind_without_a_demo_is_refused() -> None:
    with pytest.raises(CompanionError, match="did you mean ratings") as caught:
        demo.made("rating")
    assert caught.value.code is Exit.USAGE
    assert "images-class" in caught.value.hint
