"""Devices: what project.yml says is done or refused, and no batch is a crumb."""

import pytest

pytestmark = pytest.mark.slow
pytest.importorskip("fastai")

import devices


def test_the_device_is_the_one_that_is_asked_for(monkeypatch):
    monkeypatch.setitem(devices.PROJECT, "device", "cpu")
    assert devices.device().type == "cpu"
    monkeypatch.setitem(devices.PROJECT, "device", "abacus")
    with pytest.raises(SystemExit, match="abacus"):
        devices.device()
    monkeypatch.setitem(devices.PROJECT, "device", "auto")
    assert devices.device().type in ("cuda", "mps", "cpu")


@pytest.mark.parametrize(("usual", "crumb"), [(64, devices.CRUMB), (8, 4)])
def test_the_last_batch_is_no_crumb(usual, crumb):
    for rows in range(crumb, 1000):
        size = devices.batch(rows, usual)
        assert usual <= size < 2 * usual
        assert rows % size == 0 or rows % size >= crumb


def test_one_process_learns_alone(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with devices.together(None) as nothing:
        assert nothing is None
