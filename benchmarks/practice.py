"""A practice server under load: 100 submissions of 100,000 rows by 8 clients at once, beside a bare upload of the same.

    python -m benchmarks.practice [--submissions N]

The peer is the same server taking the same bytes from the same clients and doing nothing with them (files of a data
set). A client waits for each answer before it goes on. None may be lost: all are scored, each once, with the score
that they have. Meanwhile somebody looks at the leaderboard, over and over; its latency is compared with that of the
same page while nobody submits.
"""

from __future__ import annotations

import http.client
import json
import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.common import (
    Installed,
    Row,
    as_program,
    call,
    clean_environment,
    installed,
    scratch_folder,
)

SUBMISSIONS, CLIENTS, ROWS = 100, 8, 100_000
SLUG = "big"
#: acknowledged, scored, and the leaderboard meanwhile
BUDGETS = (5.0, 100.0, 15.0)
_LOOKS = 60


@dataclass(frozen=True)
class Server:
    """A practice server that runs."""

    port: int
    key: str

    def ask(self, method: str, path: str, body: bytes = b"") -> Any:
        """Ask on a line of its own, as the client does; anything but 200 is an error."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        try:
            line.request(method, path, body, {"Authorization": f"Bearer {self.key}"})
            reply = line.getresponse()
            data = reply.read()
        finally:
            line.close()
        if reply.status != 200:
            raise RuntimeError(f"{method} {path}: {reply.status} {data[:300]!r}")
        return json.loads(data) if data[:1] == b"{" else data

    def call(self, method: str, **asked: object) -> Any:
        """Call a method of the protocol."""
        return self.ask("POST", f"/api/v1/{method}", json.dumps(asked).encode())

    def put(self, created: Mapping[str, str], data: bytes) -> str:
        """Upload a file; gives its token."""
        self.ask("PUT", created["createUrl"].partition(f":{self.port}")[2], data)
        return created["token"]

    def upload(self, number: int, data: bytes) -> None:
        """Upload a file and do nothing with it."""
        name = f"{number}.csv"
        begun = self.call(
            "blobs.BlobApiService/StartBlobUpload", name=name, contentLength=len(data)
        )
        self.put(begun, data)

    def submit(self, data: bytes) -> int:
        """Submit a file in the three steps of the client; gives its number."""
        service, of = "competitions.CompetitionApiService", {"competitionName": SLUG}
        begun = self.call(f"{service}/StartSubmissionUpload", **of, contentLength=len(data))
        token = self.put(begun, data)
        return int(self.call(f"{service}/CreateSubmission", **of, blobFileTokens=token)["ref"])

    def listed(self) -> list[dict[str, Any]]:
        """List all submissions."""
        found: list[dict[str, Any]] = []
        asked: dict[str, Any] = {"competitionName": SLUG, "pageSize": 200}
        while True:
            page = self.call("competitions.CompetitionApiService/ListSubmissions", **asked)
            found += page["submissions"]
            if not page["nextPageToken"]:
                return found
            asked["pageToken"] = page["nextPageToken"]

    def look(self) -> float:
        """Look at the leaderboard; gives the seconds that it took."""
        begun = time.perf_counter()
        self.ask("GET", f"/competitions/{SLUG}/leaderboard")
        return time.perf_counter() - begun


def measure(submissions: int = SUBMISSIONS) -> list[Row]:
    """Load the server with submissions, and with bare uploads."""
    with installed() as program, scratch_folder() as folder:
        env = clean_environment(folder / "home", OMP_NUM_THREADS="1")
        data = _competition(program, folder, env)
        with _serving(program, folder, env) as server:
            idle = [server.look() for _ in range(_LOOKS)]
            bare = _by_all(lambda number: server.upload(number, data), submissions)
            with _looking(server) as looks:
                begun = time.perf_counter()
                refs: list[int] = []
                taken = _by_all(lambda _: refs.append(server.submit(data)), submissions)
                scored = _all_scored(server, refs) - begun
    return _rows(submissions, bare, taken, scored, idle, looks)


def _rows(
    count: int, bare: float, taken: float, scored: float, idle: list[float], looks: list[float]
) -> list[Row]:
    what = f"{count} submissions of {ROWS:,} rows by {CLIENTS} clients"
    peer = f"uploading the same files ({count / bare:.0f} a second)"
    usual = statistics.median(idle)
    slow = statistics.quantiles(looks, n=20)[-1] / usual
    acknowledged = f"{count / taken:.1f} a second"
    done = f"{count / scored:.1f} a second"
    ratio = statistics.median(looks) / usual
    return [
        Row(f"{what}, until each is taken", peer, BUDGETS[0], taken / bare, acknowledged, 1),
        Row(f"{what}, until all are scored", peer, BUDGETS[1], scored / bare, done, 1),
        Row("the leaderboard's page meanwhile", f"the same page at rest ({1000 * usual:.1f} ms)", BUDGETS[2], ratio, f"of 20 the slowest {slow:.0f}x", len(looks)),
    ]  # fmt: skip


def _competition(program: Installed, folder: Path, env: Mapping[str, str]) -> bytes:
    """Make a competition with 100,000 hidden rows, and a submission for it."""
    draw = random.Random(0)
    (folder / "data").mkdir()
    with (folder / "data" / "rows.csv").open("w", encoding="utf-8") as file:
        file.write("id,size,kind,split,label\n")
        for number in range(ROWS + ROWS // 5):
            size, part = draw.random(), "train" if number < ROWS // 5 else "valid"
            label = int(size + draw.gauss(0, 0.2) > 0.5)
            file.write(f"{number},{size:.5f},{draw.choice('abc')},{part},{label}\n")
    new = ("kaggle", "practice", "new", "--from", str(folder / "data"), "--target", "label")
    call(program.command(*new, "--name", SLUG, "--daily", "0"), env=env)
    sample = (
        folder / "home" / "fastcompanion" / "practice" / SLUG / "public" / "sample_submission.csv"
    )
    head, *rows = sample.read_text(encoding="utf-8").splitlines()
    if len(rows) != ROWS:
        raise RuntimeError(f"{len(rows)} rows are hidden, and not {ROWS}")
    said = [f"{row.partition(',')[0]},{draw.randint(0, 1)}" for row in rows]
    return "\n".join([head, *said, ""]).encode()


@contextmanager
def _serving(program: Installed, folder: Path, env: Mapping[str, str]) -> Iterator[Server]:
    argv = program.command("kaggle", "practice", "start", SLUG, "--accept-rules", "--json")
    with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            place = folder / "home" / "fastcompanion" / "practice" / SLUG / "server.json"
            about = json.loads(place.read_text(encoding="utf-8"))
            yield Server(about["port"], about["key"])
        finally:
            process.terminate()


def _by_all(act: Callable[[int], None], count: int) -> float:
    """Let all clients act at once, so many times in all; gives the seconds."""
    begun = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(act, range(count)))
    return time.perf_counter() - begun


def _all_scored(server: Server, refs: list[int]) -> float:
    """Wait until all are scored; gives the time. One that is lost, or scored otherwise, is an error."""
    found = server.listed()
    while any(one["status"] == "PENDING" for one in found):
        time.sleep(0.2)
        found = server.listed()
    ended = time.perf_counter()
    told = {one["ref"]: (one["status"], one["publicScore"]) for one in found}
    if set(told) != set(refs) or len(set(refs)) != len(refs):
        raise RuntimeError(f"{len(refs)} were taken, and {len(told)} are there")
    if len(set(told.values())) != 1 or found[0]["status"] != "COMPLETE":
        raise RuntimeError(f"they are the same file, and scored as {set(told.values())}")
    return ended


@contextmanager
def _looking(server: Server) -> Iterator[list[float]]:
    """Look at the leaderboard over and over while the block runs."""
    looks: list[float] = []
    over = threading.Event()

    def go_on() -> None:
        while not over.wait(0.02):
            looks.append(server.look())

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield looks
    finally:
        over.set()
        thread.join()


if __name__ == "__main__":
    sys.exit(as_program(measure, __doc__, SUBMISSIONS, "--submissions"))
