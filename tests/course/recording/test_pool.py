"""Several warm workers side by side: order, what is not begun, and how they end."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fastcompanion.base.kernel import OWN, Limits
from fastcompanion.course.checks.plan import Plan, PlannedCell, PlannedSection
from fastcompanion.course.checks.warm import Warm, WorkerLostError, available
from fastcompanion.course.recording.pool import Pool

pytestmark = pytest.mark.skipif(not available(), reason="not run here: no fork")


def section(source: str) -> PlannedSection:
    return PlannedSection("one", "One", (PlannedCell(0, source),), has_work=True)


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[Pool]:
    with Pool(lambda: Warm(OWN, tmp_path, Limits(), Plan("", "", ())), most=2) as made:
        yield made


def traced(worker: Warm, source: str) -> tuple[int, str]:
    worker.run([section(source)])
    return worker.pid, worker.trace()


def test_results_come_in_the_order_of_the_asking_from_more_than_one_worker(pool: Pool) -> None:
    sources = ["import time; time.sleep(1.0); a = 0", "a = 1", "a = 2", "a = 1", "a = 2"]
    found = list(pool.map(traced, sources))
    traces = [trace for _, trace in found]
    assert traces[1] == traces[3]
    assert traces[2] == traces[4]
    assert len(set(traces)) == 3
    assert len({pid for pid, _ in found}) == 2


def test_a_trace_asked_for_afterwards_is_that_of_the_run(pool: Pool) -> None:
    def both(worker: Warm, source: str) -> tuple[str, str]:
        [outcome] = worker.run([section(source)], trace=True)
        return outcome.trace, worker.trace()

    [(then, after)] = pool.map(both, ["print('said'); a = [1, 2]"])
    assert then == after


def test_what_nobody_takes_is_not_begun_and_workers_are_free_again(
    pool: Pool, tmp_path: Path
) -> None:
    sources = [f"open('{number}', 'w').close()" for number in range(20)]
    with closing(pool.map(traced, sources)) as found:
        next(found)
    begun = len(list(tmp_path.iterdir()))
    assert begun < len(sources)
    assert len(list(pool.map(traced, ["a = 1"] * 3))) == 3
    assert len(list(tmp_path.iterdir())) == begun


def test_all_workers_end_with_the_block_however_it_ends(tmp_path: Path) -> None:
    pids: list[int] = []
    lost: list[bool] = []

    def sleeping(worker: Warm, source: str) -> None:
        pids.append(worker.pid)
        worker.run([section(source)])

    with (
        pytest.raises(KeyboardInterrupt),
        Pool(lambda: Warm(OWN, tmp_path, Limits(), Plan("", "", ())), most=2) as pool,
    ):
        asked = pool.map(sleeping, ["import time; time.sleep(300)"] * 2)
        waiting = threading.Thread(target=lambda: lost.append(said_lost(asked)))
        waiting.start()
        while len(pids) < 2:
            time.sleep(0.01)
        raise KeyboardInterrupt
    waiting.join(timeout=120)
    assert lost == [True]
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.killpg(pid, 0)


def said_lost(asked: Iterator[None]) -> bool:
    """Wait for a result that never comes."""
    try:
        next(asked)
    except WorkerLostError:
        return True
    return False
