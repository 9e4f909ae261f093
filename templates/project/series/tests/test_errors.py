"""Where in time it is wrong: parts of the time, places in the season, single steps."""

import data
import errors


def rows():
    return [{"id": str(step), "truth": "1.0", "prediction": str(9.0 if step == 7 else 1.0 + step % 2)} for step in range(20)]


def test_the_worst_steps_come_first():
    assert errors.worst(rows())[0]["id"] == "7"


def test_stretches_have_each_row_once_in_order_of_time():
    told = errors.stretches(rows())
    assert len(told) == errors.STRETCHES
    assert [(first, last) for first, last, *_ in told[:2]] == [("0", "1"), ("2", "3")]
    assert told[3][2:] == (4.0, 4.0)


def test_the_hardest_place_in_the_season(monkeypatch):
    monkeypatch.setattr(data, "SEASON", 4)
    off, count, place = errors.seasons(rows(), {str(step): step for step in range(20)})[0]
    assert (off, count, place) == ((8 + 4) / 5, 5, 19)
