"""The plan of a sync: what goes, what waits, what is removed; and that nothing is ever lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastcompanion.server.comparing import Conflict, Entry, Plan, agreed, alike, compare

OLD, NEW, NEWER = Entry(1, 100.5), Entry(2, 200.5), Entry(3, 300.5)


@pytest.mark.parametrize(
    ("source", "target", "base", "expected"),
    [
        (NEW, None, None, Plan(send=("f",))),
        (NEW, NEW, None, Plan(same=1)),
        (NEW, OLD, OLD, Plan(send=("f",))),
        (OLD, NEW, OLD, Plan(conflicts=(Conflict("f", "target", False),))),
        (NEW, NEWER, OLD, Plan(conflicts=(Conflict("f", "target", True),))),
        (NEWER, NEW, OLD, Plan(conflicts=(Conflict("f", "source", True),))),
        (NEW, OLD, None, Plan(conflicts=(Conflict("f", "source", True),))),
        (None, OLD, OLD, Plan(removed=("f",))),
        (None, NEW, OLD, Plan(only_there=("f",))),
        (None, NEW, None, Plan(only_there=("f",))),
        (NEW, None, NEW, Plan(send=("f",))),
    ],
)
def test_each_case(
    source: Entry | None, target: Entry | None, base: Entry | None, expected: Plan
) -> None:
    listed = [{"f": one} if one is not None else {} for one in (source, target, base)]
    assert compare(*listed) == expected


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Entry(1, 100.5), Entry(1, 100.5005), True),
        (Entry(1, 100.5), Entry(1, 100.6), False),
        (Entry(1, 100.0), Entry(1, 100.6), True),
        (Entry(1, 100.0), Entry(1, 101.6), False),
        (Entry(1, 100.5), Entry(2, 100.5), False),
    ],
)
def test_alike(one: Entry, other: Entry, same: bool) -> None:
    assert alike(one, other) is same


def test_what_lies_behind_a_link_stays() -> None:
    files = {"a/b": NEW, "a": NEW, "ab": NEW, "c": NEW}
    plan = compare(files, {}, {}, links={"a"})
    assert plan.send == ("ab", "c")
    assert plan.links == ("a", "a/b")


def test_a_file_in_place_of_a_folder_and_a_folder_in_place_of_a_file_wait() -> None:
    plan = compare({"a": NEW, "b/c": NEW, "d": NEW}, {"a/x": OLD, "b": OLD}, {}, folders=["a"])
    assert plan.clashes == ("a", "b/c")
    assert plan.send == ("d",)
    assert plan.conflicts == ()


names = st.sampled_from(["a", "b", "c/d"])
entries = st.sampled_from([OLD, NEW, NEWER])
sides = st.dictionaries(names, entries)


@given(sides, sides, sides)
def test_nothing_of_the_target_is_replaced_or_removed_but_what_the_last_sync_left(
    source: dict[str, Entry], target: dict[str, Entry], base: dict[str, Entry]
) -> None:
    plan = compare(source, target, base)
    for path in {*plan.send, *plan.removed}:
        assert path not in target or target[path] == base[path]
    everything = {*plan.send, *plan.removed, *plan.only_there, *(one.path for one in plan.conflicts)}  # fmt: skip
    assert len(everything) + plan.same == len({*source, *target})


@given(sides, sides, sides)
def test_a_second_sync_has_nothing_to_do_but_to_wait(
    source: dict[str, Entry], target: dict[str, Entry], base: dict[str, Entry]
) -> None:
    plan = compare(source, target, base)
    after = {**target, **{path: source[path] for path in plan.send}}
    known = agreed(plan, source, target, base, {path: source[path] for path in plan.send}, ())
    again = compare(source, after, known)
    assert again.send == ()
    assert again.conflicts == plan.conflicts
    assert again.removed == plan.removed
