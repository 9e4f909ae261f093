"""Calls of the installed kaggle client, made in a process of its own: what the contract test records."""

from __future__ import annotations

import json
import pathlib

from kaggle.api.kaggle_api_extended import KaggleApi
from kagglesdk.competitions.types.competition_api_service import (
    ApiGetCompetitionRequest,
    ApiGetSubmissionRequest,
)

SLUG = "people"


def notebook(folder: pathlib.Path) -> str:
    """Write a notebook with the metadata that a push needs."""
    about = {
        "id": "learner/first-model", "title": "First model", "code_file": "first.ipynb",
        "language": "python", "kernel_type": "notebook", "is_private": True, "enable_gpu": True,
        "enable_internet": False, "competition_sources": [SLUG], "dataset_sources": [],
    }  # fmt: skip
    cells: list[object] = [{"cell_type": "code", "source": ["1 + 1"], "outputs": [], "metadata": {}, "execution_count": None}]  # fmt: skip
    whole = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    folder.mkdir()
    (folder / "kernel-metadata.json").write_text(json.dumps(about))
    (folder / "first.ipynb").write_text(json.dumps(whole))
    return str(folder)


def data_set(folder: pathlib.Path) -> str:
    """Write a data set of one file."""
    about = {
        "id": "learner/libraries",
        "title": "Libraries",
        "licenses": [{"name": "CC0-1.0"}],
    }
    folder.mkdir()
    (folder / "dataset-metadata.json").write_text(json.dumps(about))
    (folder / "one.txt").write_text("one\n")
    return str(folder)


def calls() -> None:
    """Make every call that our client makes too."""
    api = KaggleApi()
    api.authenticate()
    here = pathlib.Path()
    (here / "good.csv").write_text("id,y\n1,0\n")
    api.competitions_list(search="people")
    api.competitions_list(group="entered")
    api.competition_list_files(SLUG)
    api.competition_download_file(SLUG, "train.csv", path="one", quiet=True)
    api.competition_download_files(SLUG, path="all", quiet=True)
    api.competition_submit("good.csv", "by sex", SLUG, quiet=True)
    api.competition_submit_code("submission.csv", "by sex", SLUG, "learner/first-model", 3)
    api.competition_submissions(SLUG)
    api.competition_get_submission_limits(SLUG)
    api.competition_leaderboard_view(SLUG)
    with api.build_kaggle_client() as sdk:
        wanted = ApiGetCompetitionRequest()
        wanted.competition_name = SLUG
        sdk.competitions.competition_api_client.get_competition(wanted)
        one = ApiGetSubmissionRequest()
        one.ref = 50_000_001
        sdk.competitions.competition_api_client.get_submission(one)
    api.kernels_push(notebook(here / "notebook"))
    api.kernels_status("learner/first-model")
    api.kernels_output("learner/first-model", "output")
    api.dataset_create_new(data_set(here / "data"), quiet=True)
    api.dataset_status("learner/libraries")
    api.dataset_create_version(str(here / "data"), "second", quiet=True)


if __name__ == "__main__":
    calls()
