"""The client dies at every single call to AWS, before and after it, and is run again.

There is never a second machine, and an end leaves nothing, wherever the launch or the end broke off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fastcompanion.base import clock
from fastcompanion.base.reporter import SILENT
from fastcompanion.server import ledger, registry
from fastcompanion.server.cloud import ending, launching
from fastcompanion.server.cloud.journal import Journal, Order
from tests.server.cloud.conftest import QUICK, Box, ordered
from tests.server.cloud.fake_aws import FakeAws, Killed

pytestmark = pytest.mark.slow
_WHEN = ("before", "after")


class Trial:
    """An account, an order, and as many launches of it as a test wants."""

    def __init__(self, fake: FakeAws, *, spot: bool = False) -> None:
        self.fake = fake
        self.aws, self._order = ordered(spot=spot)

    def order(self) -> Order:
        """The same order again, as another launch."""
        return replace(self._order, launch_id=clock.new_id())

    def launch(self, order: Order | None = None) -> list[str]:
        """Launch, or go on with what was begun; give the calls."""
        self.fake.calls.clear()
        order = order or Journal("gpu1").order or self.order()
        launching.launch(self.aws, order, SILENT, patience=QUICK)
        return list(self.fake.calls)

    def end(self) -> list[str]:
        """End, and give the calls."""
        self.fake.calls.clear()
        ending.end("gpu1", SILENT, patience=QUICK)
        return list(self.fake.calls)

    def dies(self, number: int, when: str, act: Callable[[], object]) -> None:
        """Let the client die at a call."""
        self.fake.die_at = (number, when)
        with pytest.raises(Killed):
            act()
        self.fake.die_at = None


@pytest.mark.parametrize("when", _WHEN)
def test_a_launch_that_dies_at_each_call(fake: FakeAws, key: Path, box: Box, when: str) -> None:
    trial = Trial(fake, spot=True)
    names = trial.launch()
    assert len(names) > 10
    trial.end()
    for number, name in enumerate(names, start=1):
        where = f"{when} call {number}, {name}"
        trial.dies(number, when, trial.launch)
        trial.launch()
        assert [one.name for one in registry.read()] == ["gpu1"], where
        assert registry.find("gpu1").instance == fake.machines()[0].id, where
        expected = ["alarms", "disks", "groups", "keys", "machines", "spot"]
        assert fake.left() == dict.fromkeys(expected, 1), where
        events = [one.event for one in ledger.read("gpu1")]
        assert events.count("started") == events.count("terminated") + 1, where
        trial.end()
        assert fake.left() == {}, where


@pytest.mark.parametrize("when", _WHEN)
def test_an_end_after_a_launch_that_died_at_each_call(
    fake: FakeAws, key: Path, box: Box, when: str
) -> None:
    trial = Trial(fake, spot=True)
    names = trial.launch()
    trial.end()
    for number, name in enumerate(names, start=1):
        trial.dies(number, when, trial.launch)
        trial.end()
        assert fake.left() == {}, f"{when} call {number}, {name}"
        assert registry.read() == ()
        assert not Journal("gpu1").path.exists()


@pytest.mark.parametrize("when", _WHEN)
def test_an_end_that_dies_at_each_call(fake: FakeAws, key: Path, box: Box, when: str) -> None:
    trial = Trial(fake, spot=True)
    trial.launch()
    names = trial.end()
    assert len(names) > 8
    for number, name in enumerate(names, start=1):
        trial.launch()
        trial.dies(number, when, trial.end)
        trial.end()
        assert fake.left() == {}, f"{when} call {number}, {name}"
        assert not ledger.exists("gpu1"), f"hours go on counting: {when} call {number}, {name}"
        assert registry.read() == ()


def _loses_the_answer(trial: Trial) -> None:
    """Launch until EC2 has made the machine and the answer is lost."""
    position = trial.launch().index("RunInstances") + 1
    trial.end()
    trial.fake.hide_new = 2
    trial.dies(position, "after", trial.launch)
    assert len(trial.fake.machines()) == 1
    assert registry.read() == ()


def test_a_machine_that_ec2_shows_late_is_not_doubled(fake: FakeAws, key: Path, box: Box) -> None:
    """After an answer that got lost the machine is not in any list yet; the token finds it."""
    trial = Trial(fake)
    _loses_the_answer(trial)
    trial.launch()
    assert len(fake.machines()) == 1


def test_an_end_waits_for_a_machine_that_ec2_shows_late(fake: FakeAws, key: Path, box: Box) -> None:
    trial = Trial(fake)
    _loses_the_answer(trial)
    assert [one.split()[0] for one in ending.end("gpu1", SILENT, patience=QUICK).removed] == [
        "machine",
        "firewall",
        "key",
    ]
    assert fake.left() == {}


def test_a_machine_that_somebody_else_ended_in_between(fake: FakeAws, key: Path, box: Box) -> None:
    """The token then stands for a machine that is gone: another one is asked for."""
    trial = Trial(fake)
    _loses_the_answer(trial)
    gone = fake.machines()[0].id
    trial.aws.call("ec2", "terminate_instances", InstanceIds=[gone])
    trial.launch()
    assert len(fake.machines()) == 1
    assert fake.machines()[0].id != gone


def test_a_token_that_ec2_has_forgotten(fake: FakeAws, key: Path, box: Box) -> None:
    """A day later only the tag tells that the machine is there."""
    trial = Trial(fake)
    _loses_the_answer(trial)
    fake.hide_new = 0
    fake.tokens.clear()
    fake.shown()
    trial.launch()
    assert len(fake.machines()) == 1
