"""Spaces: the folder has all that a page needs, pinned; the pages answer, with gradio itself where it is installed."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from fastcompanion.base import workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.flows import projects
from fastcompanion.project import families, growing, new, running, space
from fastcompanion.project.place import Project
from fastcompanion.project.space import Space
from tests.conftest import Runner

#: What a page uses of gradio, so that it can be imported and asked where there is none.
STAND_IN = """
class Error(Exception): pass
class Interface:
    def __init__(self, fn, inputs, outputs, **told):
        count = len(inputs) if isinstance(inputs, list) else 1
        assert set(told) == {"title", "flagging_mode"} and count > 0
def part(*words, label, **told): return label
Audio = Dropdown = HTML = Image = Label = Number = Textbox = part
"""
ASK = """
import json, sys
import space
said = space.predict(*json.loads(sys.argv[1]))
print(json.dumps(said if isinstance(said, (str, dict)) else str(said)))
"""
TEMPLATES = workspace.content("templates") / "project"
KINDS = [
    kind for family in families.FAMILIES if (TEMPLATES / family.name / "space.py").is_file() for kind in family.kinds
]  # fmt: skip


def grown(kind: str, root: Path) -> Project:
    """Make a project of made-up data that has an app, and keep its baseline."""
    plan = projects.planned(None, "trial", demo=kind, target="", kind="", metric="")
    new.make(plan, root, None)
    project = Project(root)
    for step in ("saved", "app"):
        growing.take(project, growing.where(project, step))
    running.script(project, ["save.py", "baseline"])
    return project


def asked(project: Project) -> list[Any]:
    """Give what a person would give the page."""
    kind = str(project.record().answers["kind"])
    if kind.startswith("table"):
        answers = project.record().answers
        return [""] * sum(len(answers[name]) for name in ("numbers", "words", "dates"))
    if kind == "ratings":
        return ["p1", "film 1"]
    if kind == "time-series":
        return [3]
    if kind.startswith("text"):
        return ["a good film, and a bad ending"]
    return [str(next(path for path in (project.root / "sample" / "files").rglob("*") if path.is_file()))]  # fmt: skip


def told(project: Project, made: Space, place: Path) -> Any:
    """Take a Space away from its project, and ask its page with what stands in for gradio."""
    away = place / "away"
    made.folder.rename(away)
    (place / "stand in").mkdir()
    (place / "stand in" / "gradio.py").write_text(STAND_IN)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ASK, json.dumps(asked(project))],
        cwd=away,
        env={**os.environ, "PYTHONPATH": str(place / "stand in")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_answers_from_its_folder_alone(kind: str, tmp_path: Path) -> None:
    project = grown(kind, tmp_path / "trial")
    made = space.make(project, "baseline")
    assert made.folder == project.root / "space"
    code = (made.folder / "space.py").read_text()
    assert len(code.splitlines()) < 40, "a page that is read at a glance"
    assert "\n\n\n\n" not in code
    assert not [name for name in made.written if name.startswith("data/")]
    said = told(project, made, tmp_path)
    assert said
    if isinstance(said, dict):
        assert all(0 <= share <= 1 for share in said.values())


@pytest.mark.train
@pytest.mark.timeout(1200)
def test_a_space_of_the_fastai_model(tmp_path: Path) -> None:
    if importlib.util.find_spec("fastai") is None:
        pytest.skip("fastai is not installed")
    project = grown("table-number", tmp_path / "trial")
    growing.take(project, growing.where(project, "model"))
    for words in (["train.py", "model"], ["save.py", "model"]):
        running.script(project, words)
    made = space.make(project, "model")
    pinned = (made.folder / "requirements.txt").read_text().splitlines()
    packages = [line.partition("==")[0] for line in pinned if "==" in line]
    assert packages == ["numpy", "pyyaml", "torch", "fastai"]
    assert "+" not in "".join(pinned), "a local version can't be installed from elsewhere"
    assert made.unpinned == ()
    assert {"model.py", "devices.py", "runs/model/model.pt"} <= set(made.written)
    assert float(told(project, made, tmp_path)) == pytest.approx(30, abs=60)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = grown("table-class", tmp_path_factory.mktemp("table") / "trial")
    projects.baseline(project)
    return project


def test_versions_are_those_of_the_run(table: Project, tmp_path: Path) -> None:
    growing.take(table, growing.where(table, "linear"))
    for words in (["train.py", "linear"], ["save.py", "linear"]):
        running.script(table, words)
    meta_file = table.runs / "linear" / "meta.json"
    meta = json.loads(meta_file.read_text())
    meta["versions"]["numpy"] = "2.1.3+local"
    meta_file.write_text(json.dumps(meta))
    made = space.make(table, "linear", tmp_path / "linear")
    pinned = (tmp_path / "linear" / "requirements.txt").read_text().splitlines()
    assert pinned == ["numpy==2.1.3", f"pyyaml=={meta['versions']['yaml']}"]
    assert made.unpinned == ()
    assert not (tmp_path / "linear" / "baseline.py").exists(), "only what the page needs"
    del meta["versions"]["yaml"]
    meta_file.write_text(json.dumps(meta))
    assert space.make(table, "linear", tmp_path / "linear").unpinned == ("pyyaml>=6",)


def test_the_front_matter_says_how_to_start_it(table: Project, tmp_path: Path) -> None:
    space.make(table, "baseline", tmp_path / "a")
    readme = (tmp_path / "a" / "README.md").read_text()
    front = yaml.safe_load(readme.split("---\n")[1])
    assert front == {
        "title": "trial", "sdk": "gradio", "sdk_version": space.GRADIO, "app_file": "space.py",
        "python_version": f"{sys.version_info.major}.{sys.version_info.minor}",
    }  # fmt: skip
    assert "accuracy 0." in readme
    assert "rows that it had not seen" in readme


def test_a_page_that_was_changed_stays(table: Project, tmp_path: Path) -> None:
    folder = tmp_path / "a"
    space.make(table, "baseline", folder)
    assert space.make(table, "baseline", folder).own == ()
    (folder / "space.py").write_text("print('mine')\n")
    made = space.make(table, "baseline", folder)
    assert made.own == ("space.py",)
    assert (folder / "space.py").read_text() == "print('mine')\n"
    (folder / "space.json").unlink()
    files = {"space.py", "README.md", "requirements.txt", ".gitattributes"}
    assert set(space.make(table, "baseline", folder).own) == files


def test_what_lay_there_before_stays(table: Project, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("mine\n")
    made = space.make(table, "baseline", tmp_path)
    assert made.own == ("requirements.txt",)
    assert (tmp_path / "requirements.txt").read_text() == "mine\n"


def test_what_can_not_be_shown_yet(table: Project, run: Runner, tmp_path: Path) -> None:
    with pytest.raises(CompanionError, match="nothing was kept of majority") as caught:
        space.make(table, "majority", tmp_path)
    assert caught.value.hint == "python save.py majority"
    done = run("project", "app", "--to", str(tmp_path), cwd=table.root)
    assert done.code == Exit.USAGE
    done = run("project", "app", "majority", "--gradio", "--json", cwd=table.root)
    assert done.code == 0, done.err
    assert done.data["model"] == "majority"
    assert (table.root / "space" / "runs" / "majority" / "model.json").is_file(), "kept by itself"
    assert run("project", "app", "--gradio", "--to", str(tmp_path / "b"), cwd=table.root).code == 0


@contextmanager
def started(made: Space) -> Iterator[str]:
    """Start a page with gradio itself; give its address when it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {"GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"}  # fmt: skip
    child = subprocess.Popen(
        [sys.executable, "space.py"], cwd=made.folder, env={**os.environ, **env}, stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    try:
        assert child.stdout is not None
        assert next((line for line in child.stdout if "Running on local URL" in line), "")
        yield f"http://127.0.0.1:{port}/gradio_api"
    finally:
        child.kill()
        child.communicate()


def answered(address: str, data: list[Any]) -> Any:
    """Ask a page as its own script in the browser does."""
    body = json.dumps({"data": data}).encode()
    with urllib.request.urlopen(
        urllib.request.Request(f"{address}/call/predict", body, {"Content-Type": "application/json"}), timeout=60
    ) as told:  # fmt: skip
        event = json.load(told)["event_id"]
    with urllib.request.urlopen(f"{address}/call/predict/{event}", timeout=60) as told:
        lines = told.read().decode().splitlines()
    assert lines[0] == "event: complete", lines
    return json.loads(lines[1].removeprefix("data: "))[0]


def uploaded(address: str, path: Path) -> dict[str, Any]:
    """Upload a file as the browser does, and give what stands for it."""
    head = f'--x\r\nContent-Disposition: form-data; name="files"; filename="{path.name}"\r\n\r\n'
    body = head.encode() + path.read_bytes() + b"\r\n--x--\r\n"
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    with urllib.request.urlopen(
        urllib.request.Request(f"{address}/upload", body, kind), timeout=60
    ) as told:
        return {"path": json.load(told)[0], "meta": {"_type": "gradio.FileData"}}


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.skipif(importlib.util.find_spec("gradio") is None, reason="gradio is not installed")
@pytest.mark.parametrize("kind", KINDS)
def test_gradio_shows_it(kind: str, tmp_path: Path) -> None:
    project = grown(kind, tmp_path / "trial")
    with started(space.make(project, "baseline")) as address:
        before = time.monotonic()
        given = asked(project)
        if project.data.joinpath("files.csv").is_file():
            given = [uploaded(address, Path(given[0]))]
        said = answered(address, given)
        assert time.monotonic() - before < 60
    assert said
    if isinstance(said, dict) and "confidences" in said:
        assert said["label"] in [one["label"] for one in said["confidences"]]
