"""Notebooks sent to the practice server and their files fetched, with what goes wrong there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastcompanion.base.errors import CompanionError
from fastcompanion.competition.site import notebooks
from fastcompanion.competition.site.notebooks import Fetching, Name, Output, Wish
from tests.competition.faults import (
    ALWAYS,
    changed,
    cut,
    expired,
    fields,
    html,
    lengthened,
    refused,
)
from tests.competition.practice.served import SLUG
from tests.competition.site.downloading import Site, noise, site
from tests.conftest import Runner

COMPETITION = f"practice/{SLUG}"
CELLS: list[dict[str, object]] = [
    {
        "cell_type": "code", "id": "a", "metadata": {}, "execution_count": 7,
        "source": ["x = 1\n", "print('ü')"], "outputs": [{"output_type": "stream", "name": "stdout", "text": "secret"}],
    },
    {"cell_type": "markdown", "id": "b", "metadata": {}, "source": "# Hi"},
]  # fmt: skip
NAME = Name("learner", "my-first-model")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as found:
        yield found


def notebook(folder: Path, name: str = "my_first-model.ipynb") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    told = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"x": 1}, "cells": CELLS}
    (folder / name).write_text(json.dumps(told), encoding="utf-8")
    return folder / name


def pushed(served: Site, wish: Wish | None = None) -> notebooks.Pushed:
    path = notebook(served.folder.parent / "work")
    return notebooks.push(served.connect(), path, wish or Wish(competitions=(SLUG,)))


def kept(served: Site) -> tuple[dict[str, object], dict[str, object]]:
    told = served.connect().rpc(
        notebooks.SERVICE, "GetKernel", userName=NAME.owner, kernelSlug=NAME.slug
    )
    return told["metadata"], json.loads(told["blob"]["source"])


def test_what_is_sent(served: Site) -> None:
    done = pushed(served)
    assert (done.notebook, done.version, done.title) == (NAME.text, 1, "my first model")
    assert (done.private, done.cells, done.missing) == (True, 2, ())
    about, sent = kept(served)
    assert sent["cells"] == [
        {**CELLS[0], "source": "x = 1\nprint('ü')", "outputs": [], "execution_count": None},
        CELLS[1],
    ]
    flags = {
        name: about[name] for name in ("isPrivate", "enableGpu", "enableInternet", "enableTpu")
    }
    assert flags == {
        "isPrivate": True,
        "enableGpu": False,
        "enableInternet": False,
        "enableTpu": False,
    }
    assert about["competitionDataSources"] == [SLUG]
    assert pushed(served).version == 2


def test_what_the_learner_asks_for(served: Site) -> None:
    pushed(served, Wish("My first model", (), ("learner/library-six",), True, True, True))
    about, _ = kept(served)
    assert about["isPrivate"] is False
    assert about["enableGpu"] is about["enableInternet"] is True
    assert about["datasetDataSources"] == ["learner/library-six"]


def test_a_secret_is_not_published_by_mistake(served: Site, run: Runner) -> None:
    path = notebook(served.folder.parent / "work")
    told = json.loads(path.read_text())
    key = "hf_" + "abcdefgh" * 4
    told["cells"].append({"cell_type": "code", "metadata": {}, "source": f"token = '{key}'", "outputs": []})  # fmt: skip
    path.write_text(json.dumps(told))
    outcome = run("kaggle", "notebook", "push", path, "-c", COMPETITION, "--public")
    assert outcome.code == 2
    assert "a secret may stand in cell 3" in outcome.err
    assert key not in outcome.out + outcome.err
    with pytest.raises(CompanionError, match="nothing was sent"):
        notebooks.push(served.connect(), path, Wish(public=True))
    assert served.faults.count("/SaveKernel") == 0
    outcome = run("kaggle", "notebook", "push", path, "-c", COMPETITION)
    assert outcome.code == 0
    assert "A secret may stand in cell 3" in outcome.out
    outcome = run("kaggle", "notebook", "push", path, "-c", COMPETITION, "--public", "--yes")
    assert outcome.code == 0


def test_an_error_inside_of_a_good_answer(served: Site) -> None:
    served.faults.add("/SaveKernel", fields(error="Kernel push error: too many\r\nX: y"))
    with pytest.raises(CompanionError, match="Kernel push error") as caught:
        pushed(served)
    assert "\n" not in caught.value.message


def test_data_that_the_site_could_not_give(served: Site) -> None:
    served.faults.add("/SaveKernel", fields(invalidCompetitionSources=["people"]))
    assert pushed(served).missing == ("the data of the competition people",)


def test_an_answer_that_is_lost(served: Site) -> None:
    served.faults.add("/SaveKernel", refused(500))
    with pytest.raises(CompanionError) as caught:
        pushed(served)
    assert f"kaggle notebook status {NAME.text}" in caught.value.hint
    assert served.faults.count("/SaveKernel") == 1, "it is not sent twice"


@pytest.mark.parametrize(
    ("stem", "title", "expected"),
    [
        ("my_first-model", "", "my first model"),
        ("01.baseline", "", "01 baseline"),
        ("nb", "Nächster Versuch", "Nächster Versuch"),
    ],
)
def test_titles(stem: str, title: str, expected: str) -> None:
    assert notebooks.title_of(Path(f"{stem}.ipynb"), title) == expected


@pytest.mark.parametrize(
    ("stem", "title"), [("nb", ""), ("nb", "x" * 51), ("____", ""), ("nb", "äöüßé")]
)
def test_titles_that_the_site_refuses(stem: str, title: str) -> None:
    with pytest.raises(CompanionError, match="no title that the site takes") as caught:
        notebooks.title_of(Path(f"{stem}.ipynb"), title)
    assert "--title" in caught.value.hint


def test_names(served: Site) -> None:
    client = served.connect()
    for text in ("my-first-model", "learner/my-first-model", "my_first-model.ipynb", "https://www.kaggle.com/code/learner/my-first-model"):  # fmt: skip
        assert notebooks.named(text, client) == NAME
    assert notebooks.named("ada/nb1", client) == Name("ada", "nb1"), "short names are names too"
    for text in ("", "a/b/c/d e", "../x", "x\r\ny", "-"):
        with pytest.raises(CompanionError, match="names no notebook"):
            notebooks.named(text, client)


@pytest.mark.parametrize("text", ['{"cells": 1}', "[]", '{"worksheets": []}', "{"])
def test_what_is_no_notebook(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_text(text)
    with pytest.raises(CompanionError):
        notebooks.source(tmp_path / "a.ipynb")


def test_which_one(tmp_path: Path) -> None:
    with pytest.raises(CompanionError, match="there is none here"):
        notebooks.chosen(None, tmp_path)
    first = notebook(tmp_path)
    assert notebooks.chosen(None, tmp_path) == first
    notebook(tmp_path, "b.ipynb")
    with pytest.raises(CompanionError, match=r"which notebook\? b\.ipynb, my_first"):
        notebooks.chosen(None, tmp_path)


@pytest.mark.parametrize(
    ("told", "state", "code"),
    [
        ("COMPLETE", "complete", 0), ("KERNEL_WORKER_STATUS_COMPLETE", "complete", 0), ("error", "error", 1),
        ("CANCEL_ACKNOWLEDGED", "cancelled", 1), ("RUNNING", "running", 4), ("QUEUED", "queued", 4),
        ("NEW_SCRIPT", "queued", 4), ("TELEPORTED", "unknown", 4),
    ],
)  # fmt: skip
def test_the_exit_code_tells_how_it_does(
    told: str, state: str, code: int, served: Site, run: Runner
) -> None:
    pushed(served)
    served.faults.add("/GetKernelSessionStatus", fields(status=told, failureMessage="because"))
    outcome = run("kaggle", "notebook", "status", NAME.text, "-c", COMPETITION, "--json")
    assert (outcome.code, outcome.data["state"], outcome.data["message"]) == (
        code,
        state,
        "because",
    )


def test_waiting_for_the_end(served: Site) -> None:
    pushed(served)
    served.faults.add("/GetKernelSessionStatus", fields(status="QUEUED"))
    served.faults.add("/GetKernelSessionStatus", fields(status="RUNNING"), times=2)
    client = served.connect()
    assert notebooks.wait(client, NAME, seconds=60, every=0).state == "complete"
    assert served.faults.count("/GetKernelSessionStatus") == 4
    served.faults.add("/GetKernelSessionStatus", fields(status="RUNNING"))
    assert notebooks.wait(client, NAME, seconds=0).state == "running", "no longer than allowed"


# Its files


def left(served: Site, **files: bytes) -> None:
    """Push a notebook that left some files; `a_csv` stands for a.csv."""
    pushed(served)
    folder = served.folder.parent / "left"
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name.replace("_", ".")).write_bytes(data)
    assert served.live.protocol.notebooks.choose(NAME.slug, outputs=sorted(folder.iterdir()))


def fetch(served: Site, *, yes: bool = False) -> Output:
    return Fetching(
        served.connect(), NAME, served.folder, replace_yours=lambda names: yes,
        reporter=served.words, pauses=(0, 0), free=lambda folder: served.free,
    ).output()  # fmt: skip


def test_the_files_come(served: Site) -> None:
    left(served, submission_csv=b"id,y\n1,0\n", model_bin=noise(3_000_000))
    done = fetch(served)
    assert [(one.name, one.size) for one in done.files] == [("model.bin", 3_000_000), ("submission.csv", 9)]  # fmt: skip
    assert set(served.files()) == {"model.bin", "submission.csv", "log.txt"}
    assert served.files()["model.bin"] == noise(3_000_000)
    assert served.files()["log.txt"].decode().startswith("This notebook was kept")


@pytest.mark.parametrize(
    "fault", [html(), html(404), refused(403), refused(500), expired(), refused(429, retry_after=0)]
)
def test_an_error_page_is_never_written_as_the_file(served: Site, fault: object) -> None:
    left(served, submission_csv=b"id,y\n1,0\n")
    served.faults.add("GET /files/", fault, times=ALWAYS)  # type: ignore[arg-type]
    with pytest.raises(CompanionError):
        fetch(served)
    assert served.files() == {}


@pytest.mark.parametrize("fault", [cut(1_000_000), lengthened(100)])
def test_a_line_that_drops_gets_a_fresh_address(served: Site, fault: object) -> None:
    left(served, model_bin=noise(3_000_000))
    served.faults.add("GET /files/", fault)  # type: ignore[arg-type]
    served.faults.add("GET /files/", expired(), times=3)
    fetch(served)
    assert served.files()["model.bin"] == noise(3_000_000)
    assert served.faults.count("/ListKernelSessionOutput") > 1


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/evil", "..\\evil", "C:\\evil", "a\r\nb", "\x1b[2J", ""]
)
def test_hostile_names(served: Site, name: str) -> None:
    left(served, a_csv=b"evil")
    served.faults.add("/ListKernelSessionOutput", fields(fileName=name))
    with pytest.raises(CompanionError, match="nothing was written"):
        fetch(served)
    assert served.files() == {}


def test_two_files_of_one_name(served: Site) -> None:
    left(served, a_csv=b"1", b_csv=b"2")
    served.faults.add("/ListKernelSessionOutput", fields(fileName="a.csv"))
    with pytest.raises(CompanionError, match="are one name here"):
        fetch(served)


def test_a_name_of_our_own(served: Site) -> None:
    left(served, a_csv=b"1")
    served.faults.add("/ListKernelSessionOutput", fields(fileName=".Download.json"))
    with pytest.raises(CompanionError, match="a name of ours"):
        fetch(served)


def test_files_in_folders(served: Site) -> None:
    left(served, a_csv=b"1")
    served.faults.add("/ListKernelSessionOutput", fields(fileName="models/deep/a.csv"))
    fetch(served)
    assert served.files()["models/deep/a.csv"] == b"1"


def test_an_address_elsewhere_is_not_asked(served: Site) -> None:
    left(served, a_csv=b"1")
    served.faults.add("/ListKernelSessionOutput", fields(url="http://127.0.0.1:9/a.csv"))
    with pytest.raises(CompanionError, match="not to be trusted"):
        fetch(served)


def test_a_newer_version_replaces_what_we_wrote_but_not_what_you_changed(served: Site) -> None:
    left(served, a_csv=b"1", b_csv=b"1")
    fetch(served)
    (served.folder / "b.csv").write_bytes(b"mine")
    left(served, a_csv=b"2", b_csv=b"2")
    assert fetch(served).yours == ("b.csv",)
    assert {name: served.files()[name] for name in ("a.csv", "b.csv")} == {
        "a.csv": b"2",
        "b.csv": b"mine",
    }
    assert fetch(served, yes=True).aside == ("b.csv.yours",)
    assert served.files()["b.csv"] == b"2"
    assert served.files()["b.csv.yours"] == b"mine"


@pytest.mark.parametrize(
    ("log", "text"),
    [("plain", "plain"), ("{", "{"), ('[{"data":"a\\n"},{"data":"b"}]', "a\nb"), ("[1, null]", ""), ('{"a":1}', '{"a":1}')],
)  # fmt: skip
def test_logs(log: str, text: str) -> None:
    assert notebooks.said(log) == text


# Submitting


def test_a_file_of_a_notebook_is_submitted(served: Site) -> None:
    left(served, submission_csv=b"person_id,survived\n")
    client = served.connect()
    sent = notebooks.submit(client, SLUG, NAME, file="submission.csv", message="by a notebook")
    assert client.submission(SLUG, sent.ref).description == "by a notebook"
    with pytest.raises(
        CompanionError, match=r"left no file 'other\.csv'; there is submission\.csv"
    ):
        notebooks.submit(client, SLUG, NAME, file="other.csv", message="")
    served.faults.add("/GetKernelSessionStatus", fields(status="ERROR", failureMessage="no GPU"))
    with pytest.raises(CompanionError, match="is error: no GPU"):
        notebooks.submit(client, SLUG, NAME, file="submission.csv", message="")


# The commands


def test_push_status_output_as_commands(served: Site, run: Runner) -> None:
    folder = served.folder.parent / "work"
    notebook(folder)
    outcome = run("kaggle", "notebook", "push", "-c", COMPETITION, cwd=folder)
    assert outcome.code == 0, outcome.err
    assert "you alone" in outcome.out
    assert f"status {NAME.text} --wait -c {COMPETITION}" in outcome.out
    left(served, submission_csv=b"id\n1\n")
    assert run("kaggle", "notebook", "status", "-c", COMPETITION, "--wait", cwd=folder).code == 0
    outcome = run("kaggle", "notebook", "output", "-c", COMPETITION, cwd=folder)
    assert outcome.code == 0, outcome.err
    assert (folder / "my-first-model-output" / "submission.csv").read_bytes() == b"id\n1\n"


def test_push_dry_run_sends_nothing(served: Site, run: Runner) -> None:
    path = notebook(served.folder.parent / "work")
    outcome = run("kaggle", "notebook", "push", path, "-c", COMPETITION, "--dry-run")
    assert outcome.code == 0
    assert served.faults.seen == []


def test_a_push_that_lacks_its_data_is_not_done(served: Site, run: Runner) -> None:
    path = notebook(served.folder.parent / "work")
    more = changed(lambda told: {**told, "invalidDatasetSources": ["learner/none"]})
    served.faults.add("/SaveKernel", more)
    outcome = run("kaggle", "notebook", "push", path, "-c", COMPETITION, "--data", "learner/none")
    assert outcome.code == 1
    assert "could not give it the data set learner/none" in outcome.out


def test_without_an_account(run: Runner, tmp_path: Path) -> None:
    path = notebook(tmp_path)
    outcome = run("kaggle", "notebook", "push", path, "-c", "kaggle/titanic")
    assert outcome.code == 5
