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


def test_the_last_batch_is_no_crumb():
    for rows in range(devices.CRUMB, 5000):
        size = devices.batch(rows, 64)
        assert 64 <= size < 128
        assert rows % size == 0 or rows % size >= devices.CRUMB


def test_one_process_learns_alone(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with devices.together(None) as nothing:
        assert nothing is None
