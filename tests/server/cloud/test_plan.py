"""`server plan`: the arithmetic, the advice, and that it neither writes nor asks anybody."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base.errors import CompanionError
from fastcompanion.commands import server_cloud_view
from fastcompanion.server.cloud import plan, prices
from fastcompanion.server.cloud.plan import Wanted

Runner = Callable[..., Any]
KEYS = [
    "alternatives", "as_of", "at_most", "budget", "cost", "disk", "enough", "free", "hours_from", "hours_week",
    "idle_minutes", "looked_up", "machine", "max_hours", "others", "price_from", "provider", "quota", "region", "region_name",
    "source", "spot", "stale", "zones",
]  # fmt: skip


def test_the_arithmetic() -> None:
    """8 hours a week of $1, a disk of $10 a month, an address of 5 cents: by hand."""
    made = prices.cost(1.0, address_hour=0.05, disk_month=10.0, hours_week=8)
    weeks = 730 / 168
    assert made.week == pytest.approx(8 * 1.05 + 10 / weeks, abs=0.005)
    assert made.month == pytest.approx(8 * 1.05 * weeks + 10, abs=0.005)
    assert made.stopped_month == 10.0
    assert made.forgotten == pytest.approx(1.05 * 720 + 10 * 720 / 730, abs=0.005)
    assert made.running_hour == 1.05


def test_no_hours_cost_the_disk() -> None:
    made = prices.cost(1.0, address_hour=0.05, disk_month=10.0, hours_week=0)
    assert made.month == made.stopped_month == 10.0


@pytest.mark.parametrize(
    ("hour", "text"), [(0.526, "0.526"), (0.8048, "0.8048"), (1.0, "1.00"), (1.5, "1.50")]
)
def test_a_price_as_it_is_typed(hour: float, text: str) -> None:
    assert prices.typed(hour) == text
    assert float(text) == hour


def test_the_table_is_dated_and_whole() -> None:
    table = prices.table()
    assert isinstance(table.as_of, date)
    assert table.source.startswith("https://aws.amazon.com/")
    assert set(table.disk_gb_month) == set(table.regions)
    for one in table.machines:
        assert set(one.hour) <= set(table.regions), one.type
        assert all(0.01 < hour < 50 for hour in one.hour.values())
        assert one.has_gpu == bool(one.gpu)
        assert one.good_for
        assert one.quota in ("L-DB2E81BA", "L-1216C47A")
        # Elsewhere is never cheaper than the first region: a slip of the pen would show here.
        assert all(hour >= one.hour[table.region] for hour in one.hour.values())
    firsts = [one.hour[table.region] for one in table.machines]
    assert firsts == sorted(firsts)


def test_do_you_need_one_comes_first(run: Runner) -> None:
    told = run("server", "plan", "--hours-week", "6")
    assert told.code == 0, told.err
    lines = told.out.splitlines()
    assert lines[0] == "Do you need a machine of your own?"
    assert "For your 6 hours a week, Kaggle is enough. Start there." in lines
    assert "Next: fastcompanion server notebook kaggle" in told.out
    assert "Check before you launch: https://aws.amazon.com/ec2/pricing" in told.out


def test_more_than_is_lent(run: Runner) -> None:
    for words in (("--hours-week", "40"), ("--gpu", "a10g", "--hours-week", "6")):
        told = run("server", "plan", *words, "--json")
        assert told.data["enough"] == "", words
    assert told.data["machine"]["type"] == "g5.xlarge"


def test_the_hours_of_the_study_plan(study: Path, run: Runner) -> None:
    words = ("--when", "tue,thu 19:30", "--minutes", "90", "--timezone", "UTC")
    made = run("plan", "init", *words, "--yes")
    assert made.code == 0, made.err
    told = run("server", "plan", "--json")
    assert told.data["hours_from"] == "study plan"
    assert told.data["hours_week"] == 3.0
    assert told.data["cost"]["week"] == pytest.approx(3 * 0.531 + 8 / (730 / 168), abs=0.01)
    given = run("server", "plan", "--hours-week", "5", "--json")
    assert (given.data["hours_from"], given.data["hours_week"]) == ("given", 5.0)


def test_without_a_study_it_says_that_it_guesses(tmp_path: Path, run: Runner) -> None:
    told = run("server", "plan", cwd=tmp_path)
    assert "8, a guess" in told.out


def test_json(run: Runner) -> None:
    told = run("server", "plan", "--json")
    assert told.json["command"] == "server plan"
    assert sorted(told.data) == KEYS
    assert sorted(told.data["cost"]) == [
        "address_hour", "forgotten", "hour", "hours_week", "month", "stopped_month", "week",
    ]  # fmt: skip


def test_it_writes_nothing(run: Runner, isolated: Path, tmp_path: Path) -> None:
    before = sorted(isolated.rglob("*"))
    assert run("server", "plan", cwd=tmp_path).code == 0
    assert sorted(isolated.rglob("*")) == before
    assert list(tmp_path.iterdir()) == []


def test_it_works_without_boto3(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [one for one in sys.modules if one.partition(".")[0] in ("boto3", "botocore")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "boto3", None)
    for words in (("plan",), ("iam-policy",), ("export", "--to", "skypilot"), ("list",)):
        told = run("server", *words, "--json")
        assert told.code == 0, (words, told.out)
    asked = run("server", "plan", "--ask-aws", "--json")
    assert asked.code == 5
    assert "[server]'" in asked.errors[0]["hint"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--type", "g5.xlarg"), "did you mean g5.xlarge"),
        (("--type", "p3.2xlarge"), "no longer knows"),
        (("--gpu", "A100"), "no GPU 'A100'"),
        (("--region", "eu-west-1a"), "is no region"),
        (("--region", "cn-north-1"), "another part of AWS"),
        (("--region", "ap-south-1"), "does not know g4dn.xlarge in ap-south-1"),
        (("--disk", "10"), "too small"),
        (("--disk", "99999"), "larger than"),
        (("--hours-week", "200"), "between 0 and 168"),
        (("--idle", "5m"), "idle minutes"),
        (("--idle", "soon"), "is no time"),
        (("--max", "100h"), "72 hours"),
        (("--budget", "0"), "above 0"),
        (("--budget", "0.2"), "less than one hour"),
        (("--price", "-1"), "above 0"),
        (("--or", "g9.huge"), "no type 'g9.huge'"),
        (("--type", "g4dn.xlarge", "--gpu", "L4"), "not L4"),
    ],
)
def test_what_means_nothing_is_refused(run: Runner, words: tuple[str, ...], said: str) -> None:
    told = run("server", "plan", *words, "--json")
    assert told.code == 2
    assert said in told.errors[0]["message"]
    assert told.errors[0]["hint"]


def test_elsewhere_with_a_price_that_was_read(run: Runner) -> None:
    told = run("server", "plan", "--region", "ap-south-1", "--price", "0.58", "--json")
    assert told.code == 0, told.out
    assert (told.data["price_from"], told.data["at_most"]) == ("given", 0.58)


def test_a_budget_shortens_the_longest_time() -> None:
    made = plan.make(Wanted(budget=2.2))
    assert made.max_hours == 4
    assert made.max_hours * (made.at_most + 0.005) <= 2.2
    assert plan.make(Wanted(budget=50)).max_hours == 8


def test_a_type_that_may_stand_in_is_part_of_what_is_agreed_to() -> None:
    made = plan.make(Wanted(others=("g5.xlarge",)))
    assert made.at_most == 1.006
    assert made.hour == 0.526


def test_spot_is_agreed_to_at_the_price_on_demand() -> None:
    made = plan.make(Wanted(spot=True))
    assert made.at_most == 0.526
    assert made.hour == pytest.approx(0.526 * 0.4, abs=1e-4)
    assert made.quota.code == "L-3819A6DF"


def test_an_old_table_says_so(run: Runner, frozen: Callable[[str], None]) -> None:
    frozen("2027-09-01T12:00:00+00:00")
    assert "more than half a year old" in run("server", "plan").out


def test_a_table_that_nobody_looked_up_says_so(run: Runner) -> None:
    """Where AWS is not asked, or does not answer, this is what the learner agrees to."""
    made = plan.make(Wanted())
    assert not made.looked_up, "whoever looked every price up changes this line too"
    assert "as remembered on 2026-11-22, not looked up" in run("server", "plan").out
    assert any("not looked up" in line for line in server_cloud_view.summary(made))


def test_lengths() -> None:
    from fastcompanion.commands import server_cloud

    assert [server_cloud.minutes(text, "m", "--idle") for text in ("60m", "2h", "90")] == [
        60,
        120,
        90,
    ]
    assert [server_cloud.hours(text) for text in ("8h", "8", "90m")] == [8, 8, 2]
    with pytest.raises(CompanionError):
        server_cloud.minutes("-5", "m", "--idle")
