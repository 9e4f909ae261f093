"""`kaggle history`, `leaderboard` and `progress`, with the site and without it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from itertools import combinations, permutations
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base import workspace
from fastcompanion.competition.practice import server, standing
from tests.competition import faults
from tests.competition.practice import served
from tests.competition.site import submitted
from tests.competition.site.submitted import NAME, Place

Runner = Callable[..., Any]


@pytest.fixture
def site(tmp_path: Path, run: Runner, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with submitted.site(tmp_path, run, monkeypatch, daily=0) as place:
        yield place


def send(site: Place, *flips: int) -> None:
    for number, flipped in enumerate(flips):
        name = f"file{number}.csv"
        site.write(name, flipped=flipped)
        done = site.submit(
            "-m", f"flipped {flipped}", "--score", str(0.9 - flipped / 100), file=name
        )
        assert done.code == 0, done


def test_what_was_sent_and_what_the_site_says_stand_side_by_side(site: Place) -> None:
    send(site, 8, 0)
    told = site.run("kaggle", "history", NAME, "--json").data
    there = standing.standing(site.live.place).submissions
    first, second = told["submissions"]
    assert (first["ref"], second["ref"]) == (there[0].ref, there[1].ref)
    assert first["public"] == pytest.approx(there[0].public, abs=1e-5)
    assert (first["best"], second["best"]) == (False, True)
    assert first["message"] == "flipped 8"
    assert first["validation"]["value"] == pytest.approx(0.82)
    assert first["noted"]
    assert first["listed"]
    assert told["direction"] == "higher"
    shown = site.run("kaggle", "history", NAME).out
    assert f"{second['public']:.5f} *" in shown
    assert "flipped 8" in shown


def test_what_was_sent_by_another_program_is_shown_too(site: Place) -> None:
    data = (site.folder / "good.csv").read_bytes()
    assert served.send(site.live.port, site.live.protocol.key, data).status == 200
    only = site.run("kaggle", "history", NAME, "--json").data["submissions"][0]
    assert only["listed"]
    assert not only["noted"]
    assert only["message"] == "by sex"


def test_the_hidden_score_is_shown_at_the_end_alone(site: Place) -> None:
    send(site, 0)
    assert site.run("kaggle", "history", NAME, "--json").data["submissions"][0]["private"] is None
    assert site.run("kaggle", "practice", "end", "people", "--yes").code == 0
    told = site.run("kaggle", "history", NAME, "--json").data["submissions"][0]
    assert told["private"] is not None
    assert "private" in site.run("kaggle", "history", NAME).out
    gone = site.run("kaggle", "progress", NAME, "--json").data
    assert gone["private"] == gone["best_private"] == told["private"]
    assert {one["score"] for one in gone["levels"]} == {
        one.public for one in standing.standing(site.live.place).leaderboard if one.team != "you"
    }
    assert "the best of yours there" in site.run("kaggle", "progress", NAME).out


def test_a_perfect_score_in_practice_is_doubted_where_it_is_shown(site: Place) -> None:
    rows = [line.split(",")[:2] for line in site.live.place.solution.read_text().splitlines()[1:]]
    text = "\n".join(["person_id,survived", *map(",".join, rows)]) + "\n"
    (site.folder / "leaked.csv").write_text(text)
    told = site.submit(file="leaked.csv").out
    assert "Submission" in told
    assert "A perfect score is seldom one" in told
    site.submit()
    notes = [one["note"] for one in site.run("kaggle", "history", NAME, "--json").data["submissions"]]  # fmt: skip
    assert [bool(one) for one in notes] == [True, False]
    assert site.run("kaggle", "history", NAME).out.count("A perfect score is seldom one") == 1


def test_without_the_site_the_log_and_what_was_said_last_remain(
    tmp_path: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    with submitted.site(tmp_path, run, monkeypatch) as site:
        send(site, 0)
    alone = run("kaggle", "history", NAME, "--json")
    assert alone.code == 0
    assert alone.data["asked"] is None
    assert "not being served" in alone.data["problem"]
    assert [one["status"] for one in alone.data["submissions"]] == ["unknown"]
    assert "kaggle practice start people" in run("kaggle", "history", NAME).out
    assert run("kaggle", "leaderboard", NAME).code == 3
    unasked = run("kaggle", "progress", NAME)
    assert unasked.code == 0
    assert "their scores were not asked for" in unasked.out
    with server.serving(site.live.place):
        live = run("kaggle", "progress", NAME, "--json").data
    later = run("kaggle", "history", NAME, "--json").data
    assert later["asked"] is not None
    assert later["submissions"][0]["public"] == live["points"][0]["score"]
    board = run("kaggle", "leaderboard", NAME)
    assert board.code == 0
    assert "not being served" in board.out
    assert "You are number" in board.out


def test_a_cache_that_cannot_be_written_takes_no_answer_away(
    tmp_path: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    with submitted.site(tmp_path, run, monkeypatch) as site:
        send(site, 0)
        folder = workspace.competition_cache("x").parent
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.write_text("no folder\n")
        told = site.run("kaggle", "history", NAME, "--json")
        assert told.code == 0, told.err
        assert len(told.data["submissions"]) == 1


def test_a_broken_cache_is_as_good_as_none(
    tmp_path: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    with submitted.site(tmp_path, run, monkeypatch) as site:
        send(site, 0)
        site.run("kaggle", "history", NAME)
    cache = workspace.competition_cache("practice-people")
    for text in ("", "{", '{"version": 1}', '{"version": 99}', "[]"):
        cache.write_text(text)
        outcome = run("kaggle", "history", NAME, "--json")
        assert outcome.code == 0
        assert outcome.data["asked"] is None


def test_a_competition_made_again_under_its_name_has_none_of_the_old_scores(site: Place) -> None:
    """Its numbers begin again, so that the number alone would join strangers."""
    send(site, 0)
    path = workspace.competitions_folder() / "practice-people.jsonl"
    line = json.loads(path.read_text())
    path.write_text(
        json.dumps({**line, "at": "2020-01-01T00:00:00+00:00", "message": "old"}) + "\n"
    )
    told = site.run("kaggle", "history", NAME, "--json").data["submissions"]
    assert [(one["message"], one["listed"]) for one in told] == [
        ("old", False),
        ("flipped 0", True),
    ]


def test_the_leaderboard_shows_the_first_and_oneself(site: Place) -> None:
    empty = site.run("kaggle", "leaderboard", NAME)
    assert empty.code == 0
    assert "no place on it yet" in empty.out
    send(site, 90)
    last = site.run("kaggle", "leaderboard", NAME, "--top", "1", "--json").data
    assert last["own"]["rank"] == 3
    assert last["ahead"] == 0
    assert [row["rank"] for row in last["rows"]] == [1, 2, 3]
    assert last["beaten"] == []
    assert "Not better than" in site.run("kaggle", "leaderboard", NAME).out
    send(site, 0)
    first = site.run("kaggle", "leaderboard", NAME, "--json").data
    assert len(first["baselines"]) == 2
    assert first["medal"] == ""


def long_board(site: Place, rows: int) -> None:
    """Let the site have a leaderboard with many others before us."""
    others = [{"teamName": f"team {n}", "submissionDate": "2026-01-01T00:00:00Z", "score": f"{2 - n / rows:.5f}"} for n in range(rows)]  # fmt: skip
    make = faults.changed(lambda told: {**told, "submissions": others, "nextPageToken": ""})
    site.faults.add("/GetLeaderboard", make, times=faults.ALWAYS)
    about = faults.fields(userRank=4321, teamCount=5000, category="Featured")
    site.faults.add("/GetCompetition", about, times=faults.ALWAYS)


def test_of_a_leaderboard_too_long_to_fetch_the_site_tells_the_rank(site: Place) -> None:
    send(site, 0)
    long_board(site, 1200)
    told = site.run("kaggle", "leaderboard", NAME, "--json").data
    assert (told["own"]["rank"], told["listed"]) == (4321, 5000)
    assert told["ahead"] == pytest.approx((5000 - 4321) / 4999)
    assert told["medal"] == ""
    shown = site.run("kaggle", "leaderboard", NAME).out
    assert "4321 of 5000: ahead of 14% of the others" in shown
    assert site.run("kaggle", "progress", NAME, "--json").data["rank"] == 4321


def test_the_history_asks_for_little_of_a_leaderboard_and_loses_nothing_of_it(site: Place) -> None:
    send(site, 0)
    long_board(site, 1200)
    site.run("kaggle", "leaderboard", NAME)
    site.run("kaggle", "history", NAME)
    cached = json.loads(workspace.competition_cache("practice-people").read_text())
    assert (len(cached["rows"]), cached["whole"]) == (1000, False)


def test_what_a_site_writes_moves_no_cursor(site: Place) -> None:
    send(site, 0)
    evil = "\x1b[2J\x1b]0;owned\x07\u202eabc"
    site.faults.add("CompetitionApiService/", faults.fields(title=evil, teamName=evil, errorDescription=evil, description=evil, evaluationMetric=evil), times=faults.ALWAYS)  # fmt: skip
    for word in ("history", "leaderboard", "progress"):
        outcome = site.run("kaggle", word, NAME)
        assert outcome.code == 0, outcome
        assert not {"\x1b", "\x07", "\u202e"} & set(outcome.out + outcome.err)


def test_progress_shows_the_best_over_time_and_the_days(
    site: Place, frozen: Callable[[str], None]
) -> None:
    moments = (
        "2026-11-20T20:00:00+01:00",
        "2026-11-21T20:00:00+01:00",
        "2026-11-23T20:00:00+01:00",
    )
    for number, (moment, flipped) in enumerate(zip(moments, (30, 0, 10), strict=True)):
        frozen(moment)
        site.write(f"{number}.csv", flipped=flipped)
        assert site.submit("--score", str(0.9 - flipped / 100), file=f"{number}.csv").code == 0
    told = site.run("kaggle", "progress", NAME, "--json").data
    scores = [point["score"] for point in told["points"]]
    assert [point["improved"] for point in told["points"]] == [True, True, False]
    assert told["points"][2]["best"] == max(scores)
    assert told["days"] == ["2026-11-20", "2026-11-21", "2026-11-23"]
    assert told["overall"]["pairs"] == 3
    assert told["overall"]["chance"] is None
    shown = site.run("kaggle", "progress", NAME).out
    assert "on 3 of 4 days something was sent" in shown
    assert "too few to say" in shown
    plot = [line for line in shown.splitlines() if "|" in line]
    assert max(map(len, plot)) <= 80


def test_progress_says_how_sure_it_is_that_both_rank_alike(site: Place) -> None:
    send(site, 40, 30, 20, 10, 0)
    overall = site.run("kaggle", "progress", NAME, "--json").data["overall"]
    assert overall["pairs"] == 5
    assert overall["judged"] == 0, "a score without an interval is not judged"
    assert overall["compared"] <= 10
    public = [
        one["public"] for one in site.run("kaggle", "history", NAME, "--json").data["submissions"]
    ]
    agreeing = [later - sooner for sooner, later in combinations(public, 2)]
    assert overall["compared"] == sum(one != 0 for one in agreeing)
    assert overall["agreeing"] == sum(one > 0 for one in agreeing) >= 8
    orders = [
        sum((b > a) - (b < a) for a, b in combinations(one, 2)) for one in permutations(public)
    ]
    seen = sum((b > a) - (b < a) for a, b in combinations(public, 2))
    assert overall["chance"] == pytest.approx(sum(one >= seen for one in orders) / 120)
    assert "times of 100" in site.run("kaggle", "progress", NAME).out


def test_the_days_of_the_study_stand_beside(
    site: Place, study: Path, frozen: Callable[[str], None]
) -> None:
    for moment in (
        "2026-11-19T20:00:00+00:00",
        "2026-11-20T20:00:00+00:00",
        "2026-11-22T20:00:00+00:00",
    ):
        frozen(moment)
        if moment.startswith("2026-11-20"):
            send(site, 0)
        added = site.run("log", "add", "tried a model", "-m", "30", cwd=study)
        assert added.code == 0, added
    told = site.run("kaggle", "progress", NAME, "--json", cwd=study).data
    assert told["days"] == ["2026-11-20"]
    assert told["study_days"] == ["2026-11-20", "2026-11-22"], (
        "what lies before the competition is left out"
    )
    assert "on 2 of them" in site.run("kaggle", "progress", NAME, cwd=study).out


def test_a_leaderboard_that_nobody_is_on(site: Place) -> None:
    empty = faults.changed(lambda told: {**told, "submissions": []})
    site.faults.add("/GetLeaderboard", empty, times=faults.ALWAYS)
    assert "Nobody is on the leaderboard yet" in site.run("kaggle", "leaderboard", NAME).out
    assert site.run("kaggle", "progress", NAME).code == 0


def test_another_name_for_the_same(site: Place) -> None:
    send(site, 0)
    page = site.live.url + "/leaderboard"
    for words in ((NAME,), ("-c", NAME), ("--competition", page)):
        assert site.run("kaggle", "history", *words).code == 0
    shutil.rmtree(workspace.competitions_folder())
    bare = site.run("kaggle", "history", "people")
    assert bare.code == 2
    assert "practice/people" in bare.err
