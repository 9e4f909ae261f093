"""Several warm workers side by side, where the machine has more than one core.

Each holds the notebook's state for itself; what they are asked is independent, and its results come
in the order of the asking, so that a record does not depend on how many there are.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from queue import Empty, SimpleQueue
from threading import Lock
from types import TracebackType
from typing import Self, TypeVar

from fastcompanion.course.checks.warm import Warm

MOST_WORKERS = 2  # each has the libraries and the data of a notebook in memory
_AHEAD = 2  # for each worker: a slow one in front must not keep the others waiting

Item = TypeVar("Item")
Result = TypeVar("Result")


class Pool:
    """Warm workers that are started when they are needed, and end with the `with` block."""

    def __init__(self, start: Callable[[], Warm], most: int | None = None) -> None:
        """`start` gives a worker that has not been entered yet."""
        self._start = start
        self.size = min(MOST_WORKERS, os.cpu_count() or 1) if most is None else most
        self._idle: SimpleQueue[Warm] = SimpleQueue()
        self._workers: list[Warm] = []
        self._lock, self._ended = Lock(), False
        self._threads = ThreadPoolExecutor(self.size)

    def __enter__(self) -> Self:
        """Start the first worker."""
        self._idle.put(self._started())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End all workers; who waits for one of them learns that it is lost."""
        with self._lock:
            self._ended = True
        for worker in self._workers:
            worker.__exit__(kind, error, trace)
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _started(self) -> Warm:
        worker = self._start().__enter__()
        with self._lock:
            self._workers.append(worker)
            late = self._ended
        if late:
            worker.__exit__(None, None, None)
        return worker

    def _one(self, act: Callable[[Warm, Item], Result], item: Item) -> Result:
        try:
            worker = self._idle.get_nowait()
        except Empty:
            worker = self._started()
        try:
            return act(worker, item)
        finally:
            self._idle.put(worker)

    def map(
        self, act: Callable[[Warm, Item], Result], items: Iterable[Item]
    ) -> Generator[Result, None, None]:
        """Do something with each item in any worker; what is not taken any more is not begun."""
        waiting: deque[Future[Result]] = deque()
        left = iter(items)
        try:
            while True:
                while len(waiting) < self.size * _AHEAD:
                    try:
                        item = next(left)
                    except StopIteration:
                        break
                    waiting.append(self._threads.submit(self._one, act, item))
                if not waiting:
                    return
                yield waiting.popleft().result()
        except GeneratorExit:
            # Workers are free again for what comes next.
            wait([one for one in waiting if not one.cancel()])
            raise
