"""Records behave like frozen dataclasses in all that the program does with them."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from dataclasses import FrozenInstanceError, dataclass, field
from typing import Any

import pytest

from fastcompanion.base.records import frozen


@frozen
class Point:
    """A record."""

    x: int
    y: int = 2
    tags: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """A computed value."""
        return self.x + self.y


@dataclass(frozen=True)
class Twin:
    """The same as a frozen dataclass."""

    x: int
    y: int = 2
    tags: list[str] = field(default_factory=list)


@frozen
class Deeper(Point):
    """A record with one more field."""

    z: str = "end"


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ((1,), {}),
        ((1, 3), {}),
        ((), {"x": 1}),
        ((1,), {"tags": ["a"]}),
        ((), {"tags": [], "y": 0, "x": 9}),
    ],
)
def test_values_are_those_of_a_frozen_dataclass(
    values: tuple[Any, ...], named: dict[str, Any]
) -> None:
    ours, theirs = Point(*values, **named), Twin(*values, **named)
    assert dataclasses.asdict(ours) == dataclasses.asdict(theirs)
    assert repr(ours) == repr(theirs).replace("Twin", "Point")
    assert [one.name for one in dataclasses.fields(ours)] == [
        one.name for one in dataclasses.fields(theirs)
    ]


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ((), {}),
        ((1, 2, [], 4), {}),
        ((1,), {"x": 2}),
        ((1,), {"q": 2}),
        ((), {"y": 1}),
        ((1, 2, []), {"x": 1}),
    ],
)
def test_what_a_dataclass_refuses_is_refused(
    values: tuple[Any, ...], named: dict[str, Any]
) -> None:
    with pytest.raises(TypeError):
        Twin(*values, **named)
    with pytest.raises(TypeError, match="Point"):
        Point(*values, **named)


def test_nothing_can_be_changed() -> None:
    point = Point(1)
    with pytest.raises(FrozenInstanceError):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del point.x
    assert point.x == 1


def test_equality_hash_and_default_factories() -> None:
    assert Point(1) == Point(1, 2, [])
    assert Point(1) != Point(2)
    assert Point(1) != Twin(1)  # type: ignore[comparison-overlap]
    assert Point(1).tags is not Point(1).tags

    @frozen
    class Plain:
        name: str

    assert len({Plain("a"), Plain("a"), Plain("b")}) == 2


def test_replace_copy_pickle_and_match() -> None:
    point = Point(1, tags=["a"])
    assert dataclasses.replace(point, y=5) == Point(1, 5, ["a"])
    assert copy.deepcopy(point) == point
    assert pickle.loads(pickle.dumps(point)) == point
    match point:
        case Point(x, y):
            assert (x, y) == (1, 2)


def test_records_can_be_extended() -> None:
    assert Deeper(1, 2, [], "x") == Deeper(1, z="x")
    assert Deeper(1).total == 3
    assert dataclasses.asdict(Deeper(1)) == {"x": 1, "y": 2, "tags": [], "z": "end"}
