"""A practice competition for tests, its server, and the real kaggle client led to it."""

from __future__ import annotations

import base64
import csv
import hashlib
import http.client
import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastcompanion.competition.practice import making, place, running
from fastcompanion.competition.practice.place import Place
from fastcompanion.competition.practice.server import Live
from fastcompanion.data.look import look

SLUG = "people"
HIDDEN = 100


def people(folder: Path, rows: int = 300) -> Path:
    """Write a table of two classes, where one column says most of it."""
    chance = random.Random(1)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "people.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("person_id", "sex", "age", "survived"))
        for number in range(1, rows + 1):
            sex = chance.choice(("male", "female"))
            lived = chance.random() < (0.8 if sex == "female" else 0.2)
            writer.writerow((number, sex, chance.randint(1, 80), int(lived)))
    return folder


def competition(folder: Path, daily: int = 5, slug: str = SLUG) -> Place:
    """Make the competition in the folder that FASTCOMPANION_HOME names."""
    data = people(folder)
    seen = look(data, target="survived", closely=False)
    making.new(data, seen, name=slug, daily=daily, dry_run=False)
    return place.at(slug)


def rows_of(path: Path) -> list[dict[str, str]]:
    """Read a table."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def submission(served: Place, folder: Path, name: str = "good.csv") -> Path:
    """Write a submission that says of everybody what their sex says."""
    lines = ["person_id,survived"]
    lines += [
        f"{row['person_id']},{int(row['sex'] == 'female')}"
        for row in rows_of(served.public / "test.csv")
    ]
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / name


@dataclass(frozen=True)
class Said:
    """What a program said and how it ended."""

    code: int
    out: str
    err: str


def client(
    live: Live,
    folder: Path,
    *argv: str,
    code: str = "",
    changes: Mapping[str, str | None] | None = None,
    isolated: bool = False,
) -> Said:
    """Run the real client, or Python code that uses it, in the environment of `practice run`."""
    env = _environment(live, folder, changes)
    flags = ["-I"] if isolated else ["-P"]
    words = ["-c", code] if code else ["-m", "kaggle", *argv]
    done = subprocess.run(
        [sys.executable, *flags, *words],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def _environment(
    live: Live, folder: Path, changes: Mapping[str, str | None] | None
) -> dict[str, str]:
    env = running.environment(os.environ, live.listening, folder / "thrown-away")
    for name, value in (changes or {}).items():
        env.pop(name, None)
        if value is not None:
            env[name] = value
    return env


def started(
    live: Live, folder: Path, *argv: str, changes: Mapping[str, str | None] | None = None
) -> subprocess.Popen[str]:
    """Start the real client, to talk with it; as its script does, as `-m kaggle` closes its own standard input."""
    script = "import sys; sys.argv[0] = 'kaggle'; from kaggle.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-P", "-c", script, *argv],
        cwd=folder,
        env=_environment(live, folder, changes),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def challenge_of(verifier: str) -> str:
    """Make the challenge of a verifier as the client does (PKCE, S256)."""
    made = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(made).decode()


@dataclass(frozen=True)
class Got:
    """An answer of the server."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(
    port: int,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Got:
    """Ask the server as any program could."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        line.request(method, path, body, dict(headers or {}))
        reply = line.getresponse()
        return Got(reply.status, dict(reply.getheaders()), reply.read())
    finally:
        line.close()


def call(port: int, key: str, method: str, **asked: Any) -> Got:
    """Call a method as the client does."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    path = f"/api/v1/competitions.CompetitionApiService/{method}"
    return ask(port, "POST", path, json.dumps(asked).encode(), headers)


def send(port: int, key: str, data: bytes, name: str = "good.csv") -> Got:
    """Submit a file in the three steps of the client."""
    begun = call(
        port, key, "StartSubmissionUpload",
        competitionName=SLUG, contentLength=len(data), fileName=name,
    )  # fmt: skip
    if begun.status != 200:
        return begun
    path = begun.json["createUrl"].partition(f":{port}")[2]
    put = ask(port, "PUT", path, data)
    if put.status != 200:
        return put
    token = begun.json["token"]
    return call(
        port, key, "CreateSubmission",
        competitionName=SLUG, blobFileTokens=token, submissionDescription="by sex",
    )  # fmt: skip


def accept_on_page(port: int) -> Got:
    """Accept the rules as somebody who reads their page does."""
    page = ask(port, "GET", f"/competitions/{SLUG}/rules").body.decode()
    found = re.search(r'name="token" value="([0-9a-f]+)"', page)
    assert found, page
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return ask(port, "POST", f"/competitions/{SLUG}/rules", f"token={found[1]}".encode(), kind)
