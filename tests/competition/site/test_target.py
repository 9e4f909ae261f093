from __future__ import annotations

from pathlib import Path

import pytest

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.competition.site import target
from fastcompanion.competition.site.target import Target
from tests.competition.practice import served


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("titanic", "titanic"),
        (" titanic ", "titanic"),
        ("GiveMeSomeCredit", "GiveMeSomeCredit"),
        ("kaggle/titanic", "titanic"),
        ("https://www.kaggle.com/competitions/titanic", "titanic"),
        ("https://www.kaggle.com/competitions/titanic/", "titanic"),
        ("https://www.kaggle.com/competitions/titanic/data?select=train.csv#x", "titanic"),
        ("http://kaggle.com/c/titanic/leaderboard", "titanic"),
        ("www.kaggle.com/c/titanic", "titanic"),
        ("kaggle.com/competitions/titanic/overview/evaluation", "titanic"),
    ],
)
def test_names_and_addresses_of_the_real_site(text: str, slug: str) -> None:
    assert target.find(text) == Target(slug, practice=False)


@pytest.mark.parametrize(
    "text",
    [
        "", "  ", "a b", "../titanic", "titanic/..", "practise/titanic", "owner/data-set", "-x", "titanic.", "practice/titanic.",
        "https://www.kaggle.com/datasets/owner/name", "https://www.kaggle.com", "https://kaggle.com/c/",
        "https://evil.example/competitions/titanic", "https://www.kaggle.com.evil.example/c/titanic",
        "https://www.kaggle.com/c/%2e%2e", "file:///etc/passwd", "https://[", "x" * 101, "kaggle/", "a\nb",
        "http://127.0.0.1:99999999/competitions/x y",
    ],
)  # fmt: skip
def test_what_names_no_competition_is_refused(text: str) -> None:
    with pytest.raises(CompanionError) as refused:
        target.find(text)
    assert refused.value.code == Exit.USAGE
    assert refused.value.hint


def test_practice_is_never_the_real_site(tmp_path: Path) -> None:
    with pytest.raises(CompanionError) as none:
        target.find("practice/titanic")
    assert none.value.code == Exit.NOT_SET_UP
    served.competition(tmp_path / "data")
    assert target.find("practice/people") == Target("people", practice=True)
    assert target.find("http://127.0.0.1:4321/competitions/people/rules").practice
    with pytest.raises(CompanionError) as other:
        target.find("practice/titanic")
    assert other.value.code == Exit.USAGE
    assert target.find("practice/people").text == "practice/people"
    assert target.find(target.find("kaggle/people").text) == Target("people", practice=False)


def test_a_bare_name_of_both_is_refused(tmp_path: Path) -> None:
    served.competition(tmp_path / "data")
    with pytest.raises(CompanionError, match="may be") as refused:
        target.find("people")
    assert refused.value.code == Exit.USAGE
    assert "practice/people" in refused.value.hint
    assert "kaggle/people" in refused.value.hint


@pytest.mark.parametrize("text", ["people", "kaggle/people", "https://www.kaggle.com/c/people"])
def test_inside_of_a_practice_run_every_name_is_practice(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FASTCOMPANION_PRACTICE", "http://127.0.0.1:1")
    assert target.find(text) == Target("people", practice=True)


def test_capitals_do_not_lead_past_the_question_which_site_is_meant(tmp_path: Path) -> None:
    served.competition(tmp_path / "data")
    with pytest.raises(CompanionError) as unclear:
        target.find("People")
    assert unclear.value.code == Exit.USAGE
    assert unclear.value.hint == "Say practice/people or kaggle/People"
