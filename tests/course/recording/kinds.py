"""What was tried of each kind of mistake: the counts that have to be enough, wherever they come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fastcompanion.course.recording import trial
from fastcompanion.course.recording.operators import LISTED
from scripts import figures_page

OF_EACH = 10  # that neither crash nor change nothing


def assert_strong(told: Mapping[str, Any], hard: Iterable[str], few: Sequence[str] = ()) -> None:
    """Enough of each listed kind told something in checked sections, and most of all were caught.

    Of the kinds in `few`, and of no others, all that can be planted is less than enough.
    """
    assert told["finished"]
    tried = [one for one in told["tried"] if one["hard"]]
    assert {one["section"] for one in tried} <= set(hard)
    assert not {one["section"] for one in told["tried"] if not one["hard"]} & set(hard)
    fates = {kind: Counter[str]() for kind in LISTED}
    for one in tried:
        fates[one["operator"]][one["fate"]] += 1
    short = []
    for kind, count in fates.items():
        if count["caught"] + count["survived"] < OF_EACH:
            # No place is left that was not tried.
            assert count.total() == told["places"].get(kind, 0), (kind, count)
            short.append(kind)
    assert short == list(few), fates
    assert any(one["in_function"] for one in tried)
    every = sum(fates.values(), Counter[str]())
    assert every["lost"] == 0, every
    assert every["caught"] >= trial.ENOUGH * (every["caught"] + every["survived"]), every


def said(found: Mapping[str, Any]) -> str:
    """Write the table of counts with their intervals, and what they were counted with."""
    return f"\n{figures_page.by_kind(found)}\n{figures_page.with_what([found])}"
