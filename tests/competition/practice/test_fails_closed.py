"""Whatever fails, the client of `practice run` reaches the practice server or nothing, without the learner's keys."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fastcompanion.competition.practice.answering import Reply, Request
from fastcompanion.competition.practice.server import Live
from tests.competition.practice import served
from tests.conftest import Runner
from tests.waiting import nobody

SECRETS = {
    "KAGGLE_API_TOKEN": "KGAT_a-real-token-of-the-learner",
    "KAGGLE_USERNAME": "ada",
    "KAGGLE_KEY": "a-real-key-of-the-learner",
    "KAGGLE_PROXY": "http://proxy.example",
    "https_proxy": "http://ada:a-real-password@proxy.example:3128",
    "NETRC": "/a-real-netrc",
}


class Seen:
    """What reached the server."""

    def __init__(self, live: Live) -> None:
        self.requests: list[Request] = []
        live.answering.intercept = self.note

    def note(self, request: Request) -> Reply | None:
        self.requests.append(request)
        return None

    @property
    def text(self) -> str:
        return json.dumps([[one.method, one.target, dict(one.headers)] for one in self.requests])


@pytest.fixture
def learner(isolated: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder and an environment full of credentials that look real."""
    folder = isolated / ".kaggle"
    folder.mkdir()
    (folder / "kaggle.json").write_text('{"username": "ada", "key": "a-real-key-of-the-learner"}')
    (folder / "access_token").write_text("KGAT_a-real-token-of-the-learner")
    oauth = {
        "refresh_token": "a-real-refresh", "access_token": "a-real-access", "username": "ada",
        "access_token_expiration": "2099-01-01T00:00:00+00:00", "scopes": "resources.admin:*",
    }  # fmt: skip
    (folder / "credentials.json").write_text(json.dumps(oauth))
    (isolated / ".netrc").write_text("machine 127.0.0.1 login ada password a-real-netrc\n")
    for name, value in {**SECRETS, "KAGGLE_CONFIG_DIR": str(folder)}.items():
        monkeypatch.setenv(name, value)
    return isolated


def test_nothing_of_the_learner_is_sent_or_even_there(
    live: Live, learner: Path, tmp_path: Path
) -> None:
    seen = Seen(live)
    served.submission(live.place, tmp_path)
    said = served.client(
        live, tmp_path, "competitions", "submit", served.SLUG, "-f", "good.csv", "-m", "x"
    )
    assert said.code == 0, said
    targets = [one.target.rpartition("/")[2] for one in seen.requests if one.method == "POST"]
    assert targets[:2] == ["StartSubmissionUpload", "CreateSubmission"]
    sent = seen.text + said.out + said.err
    assert "real" not in sent.replace("real_", "")
    assert "ada" not in [word for one in seen.requests for word in one.headers.values()]
    env = served.client(live, tmp_path, code="import os, json; print(json.dumps(dict(os.environ)))")
    found = json.loads(env.out)
    assert "a-real" not in env.out
    assert "KAGGLE_API_TOKEN" not in found
    assert found["HOME"] != str(learner)
    assert {name for name in found if "KAGGLE" in name} == {
        "KAGGLE_API_ENVIRONMENT", "KAGGLE_CONFIG_DIR", "KAGGLE_KEY", "KAGGLE_USERNAME",
    }  # fmt: skip


def test_without_the_shim_it_reaches_nothing(live: Live, learner: Path, tmp_path: Path) -> None:
    """-I ignores PYTHONPATH: the client asks localhost:80 then, through a proxy that says no."""
    seen = Seen(live)
    code = "import runpy, sys; sys.argv = ['kaggle', 'competitions', 'list']; runpy.run_module('kaggle', run_name='__main__')"
    said = served.client(live, tmp_path, code=code, isolated=True)
    assert said.code == 1
    assert "nothing but the practice competition can be reached" in said.out + said.err
    assert [one.target for one in seen.requests] == [
        "http://localhost/api/v1/competitions.CompetitionApiService/ListCompetitions"
    ]
    assert "a-real" not in seen.text


def test_without_shim_and_proxy_it_asks_this_machine_alone(live: Live, tmp_path: Path) -> None:
    """The last line: KAGGLE_API_ENVIRONMENT names port 80 of this machine, and not the real site."""
    seen = Seen(live)
    none = dict.fromkeys(
        ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    )
    code = """
import socket
asked = []
def connect(self, address):
    asked.append(address[:2])
    raise ConnectionRefusedError("watched")
socket.socket.connect = connect
resolve = socket.getaddrinfo
def getaddrinfo(host, *rest, **more):
    asked.append(host)
    return resolve("127.0.0.1", *rest, **more)
socket.getaddrinfo = getaddrinfo
import runpy, sys
sys.argv = ["kaggle", "competitions", "list"]
try:
    runpy.run_module("kaggle", run_name="__main__")
except SystemExit:
    pass
print("ASKED", asked)
"""
    said = served.client(live, tmp_path, code=code, isolated=True, changes=none)
    asked = said.out.rpartition("ASKED ")[2].strip()
    assert asked == "['localhost', ('127.0.0.1', 80)]", said
    assert not seen.requests


def test_a_client_that_knows_no_local_environment_is_stopped_by_the_proxy(
    live: Live, tmp_path: Path
) -> None:
    """An old client, or one that was told to go to the real site: its way out is the practice server."""
    seen = Seen(live)
    code = "import runpy, sys; sys.argv = ['kaggle', 'competitions', 'list']; runpy.run_module('kaggle', run_name='__main__')"
    said = served.client(
        live, tmp_path, code=code, isolated=True, changes={"KAGGLE_API_ENVIRONMENT": None}
    )
    assert said.code == 1
    assert [(one.method, one.target) for one in seen.requests] == [
        ("CONNECT", "api.kaggle.com:443")
    ]


def test_with_the_shim_every_environment_is_the_practice_server(live: Live, tmp_path: Path) -> None:
    code = """
from kagglesdk import kaggle_env
print({kaggle_env.get_endpoint(env) for env in kaggle_env.KaggleEnv})
"""
    said = served.client(live, tmp_path, code=code, changes={"KAGGLE_API_ENVIRONMENT": None})
    assert said.out.strip() == str({f"http://127.0.0.1:{live.port}"})


def test_an_address_elsewhere_is_never_taken_and_another_sitecustomize_still_runs(
    live: Live, tmp_path: Path
) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "sitecustomize.py").write_text("import os\nos.environ['OWN'] = 'ran'\n")
    code = """
import os
from kagglesdk import kaggle_env
print(os.environ.get("OWN"), kaggle_env.get_endpoint(kaggle_env.get_env()))
"""
    home = str(tmp_path / "thrown-away" / "shim")
    path = os.pathsep.join([home, str(tmp_path / "own")])
    elsewhere = {"FASTCOMPANION_PRACTICE": "https://evil.example", "PYTHONPATH": path}
    said = served.client(live, tmp_path, code=code, changes=elsewhere)
    assert said.out.split() == ["ran", "http://localhost"]


def test_run_hands_on_the_exit_code_and_throws_its_home_away(
    live: Live, learner: Path, tmp_path: Path
) -> None:
    """Through the program itself, in a process of its own."""
    code = (
        "import os, pathlib, sys; pathlib.Path('home').write_text(os.environ['HOME']); sys.exit(7)"
    )
    argv = [
        sys.executable,
        "-m",
        "fastcompanion",
        "kaggle",
        "practice",
        "run",
        "--",
        "python",
        "-c",
        code,
    ]
    done = subprocess.run(
        argv, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 7, done
    assert not Path((tmp_path / "home").read_text()).exists()


def test_without_the_server_nothing_is_started(tmp_path: Path, run: Runner) -> None:
    place = served.competition(tmp_path / "data")
    words = ["kaggle", "practice", "run", "--json", "--", "python", "-c", "open('x', 'w')"]
    with nobody() as port:
        about = {"version": 1, "pid": 1, "port": port, "key": "k", "started": ""}
        for stale in (None, about):
            if stale:
                place.running.write_text(json.dumps(stale))
            outcome = run(*words, cwd=tmp_path)
            assert outcome.code == 3
            assert "not being served" in outcome.errors[0]["message"]
            assert not (tmp_path / "x").exists()
