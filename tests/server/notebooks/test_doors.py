"""Which notebook server is enough, and the addresses that open a notebook there."""

from __future__ import annotations

import re

import pytest

from fastcompanion.base.errors import CompanionError
from fastcompanion.course.model import NotebookRef
from fastcompanion.flows import notebook_door
from fastcompanion.server.notebooks import doors, links
from fastcompanion.server.notebooks.links import Repository


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/ada/my-study.git",
        "https://github.com/ada/my-study",
        "https://token@github.com/ada/my-study.git/",
        "git@github.com:ada/my-study.git",
        "ssh://git@github.com/ada/my-study.git",
        "ssh://git@ssh.github.com:443/ada/my-study.git",
        "https://GitHub.com/ada/my-study",
    ],
)
def test_addresses_of_github(url: str) -> None:
    assert links.github(url) == Repository("ada", "my-study")


@pytest.mark.parametrize(
    "url",
    [
        "https://gitlab.com/ada/study.git",
        "/srv/git/study.git",
        "https://github.com.evil.example/ada/study",
        "https://github.com/ada",
        "git@example.org:github.com/study.git",
        "",
    ],
)
def test_what_is_not_on_github(url: str) -> None:
    assert links.github(url) is None


def test_links_that_open_a_notebook() -> None:
    where, path = Repository("ada", "study"), "lessons/c/01/my notes#1.scratch.ipynb"
    written = "ada/study/blob/main/lessons/c/01/my%20notes%231.scratch.ipynb"
    assert links.open_at("colab", where, "main", path) == (
        f"https://colab.research.google.com/github/{written}"
    )
    assert links.open_at("kaggle", where, "main", path) == (
        f"https://www.kaggle.com/kernels/welcome?src=https://github.com/{written}"
    )
    assert links.open_at("paperspace", where, "main", path) == (
        f"https://console.paperspace.com/github/{written}?machine=Free-GPU"
    )
    assert links.open_at("jupyter", where, "main", path) == ""
    assert "/blob/feature/x/" in links.open_at("colab", where, "feature/x", "a.ipynb")


def test_an_address_of_jupyter_loses_its_token() -> None:
    assert links.jupyter("http://127.0.0.1:8888/?token=planted") == "http://127.0.0.1:8888/lab"
    assert links.jupyter("https://hub.example/user/ada/lab") == "https://hub.example/user/ada/lab"
    with pytest.raises(CompanionError) as caught:
        links.jupyter("file:///etc/passwd")
    assert "no address of a Jupyter server" in caught.value.message


def test_the_table_is_dated_and_whole() -> None:
    known = doors.read()
    assert list(known) == ["colab", "kaggle", "paperspace", "jupyter"]
    for door in known.values():
        assert re.fullmatch(r"20\d\d-\d\d", door.written)
        assert door.upload
        assert door.save
        assert door.price
    with pytest.raises(CompanionError) as caught:
        doors.find("collab")
    assert "did you mean colab?" in caught.value.message


def test_what_a_lesson_needs_by_its_code() -> None:
    assert doors.gpu_need(["import numpy as np", "np.ones(3)"]) == "no"
    assert doors.gpu_need(["learn = vision_learner(dls, resnet18)"]) == "helps"
    assert doors.gpu_need(["m = AutoModelForSequenceClassification.from_pretrained(x)"]) == "needed"
    assert doors.gpu_need(None) == "unknown"


def test_is_a_free_one_enough() -> None:
    kaggle, colab = doors.find("kaggle"), doors.find("colab")
    assert doors.fit(colab, "no", None, None).enough is True
    assert doors.fit(kaggle, "needed", 5 * 60, 90).enough is True
    assert "30 hours a week with a GPU, your plan has 5.0" in doors.fit(kaggle, "needed", 300, None).reasons  # fmt: skip
    assert doors.fit(kaggle, "needed", 40 * 60, None).enough is False
    assert doors.fit(colab, "needed", 300, None).enough is None, "no GPU is promised there"
    assert doors.fit(colab, "helps", 300, None).enough is True
    assert doors.fit(kaggle, "no", None, 13 * 60).enough is False
    assert doors.fit(kaggle, "unknown", None, None).enough is None


def test_a_notebook_that_lives_at_kaggle_has_its_data_there() -> None:
    at_kaggle = NotebookRef("nb", "nb.ipynb", "https://www.kaggle.com/code/jhoward/nb")
    elsewhere = NotebookRef("nb", "nb.ipynb", "https://example.org/nb.ipynb")
    told = notebook_door.data_note(at_kaggle, doors.find("kaggle"))
    assert "https://www.kaggle.com/code/jhoward/nb" in told
    assert "Add Input" in told
    assert notebook_door.data_note(at_kaggle, doors.find("colab")) == ""
    assert notebook_door.data_note(elsewhere, doors.find("kaggle")) == ""
