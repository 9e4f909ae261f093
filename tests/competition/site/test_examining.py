"""`doctor kaggle`: each finding with its cure, and never a part of a credential."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.competition.site import examining
from fastcompanion.competition.site.examining import Noted
from tests.competition.site import sites
from tests.competition.site.recorder import Noted as Request
from tests.competition.site.recorder import Recorder, error
from tests.conftest import Runner
from tests.waiting import nobody

SECRET = "planted"
QUICK = sites.QUICK


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the developer's own environment, and an empty PATH."""
    for name in list(os.environ):
        proxy = name.lower().endswith("_proxy") or name.endswith("_CA_BUNDLE")
        if name.startswith(("KAGGLE", "VERBOSE")) or proxy:
            monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def home(isolated: Path) -> Path:
    (isolated / ".kaggle").mkdir()
    return isolated


def put(path: Path, text: str, mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def key_file(home: Path, **more: str) -> Path:
    told = {"username": "ada", "key": "planted-key", **more}
    return put(home / ".kaggle" / "kaggle.json", json.dumps(told))


def found(*folders: Path) -> list[Noted]:
    noted = list(examining.local(folders))
    shown = repr(noted)
    assert SECRET not in shown
    assert base64.b64encode(b"ada:planted-key").decode() not in shown
    for one in noted:
        assert one.severity == "ok" or one.cure, one
    return noted


def one(noted: list[Noted], words: str) -> Noted:
    fitting = [each for each in noted if words in each.text]
    assert len(fitting) == 1, noted
    return fitting[0]


def bad(noted: list[Noted]) -> list[str]:
    return [each.text for each in noted if each.severity != "ok"]


def test_without_a_credential_it_is_no_fault(isolated: Path) -> None:
    told = one(found(), "no credential")
    assert told.severity == "warn"
    assert str(isolated / ".kaggle" / "access_token") in told.cure


def test_what_is_sent_and_what_lies_behind_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key_file(home)
    put(home / ".kaggle" / "access_token", "KGAT_planted")
    monkeypatch.setenv("KAGGLE_API_TOKEN", "KGAT_planted-2")
    noted = found()
    assert bad(noted) == []
    assert one(noted, "sent to kaggle.com").text.endswith("KAGGLE_API_TOKEN of the environment")
    behind = [each.text for each in noted if each.text.startswith("not sent")]
    assert [("access_token" in each, "kaggle.json" in each) for each in behind] == [
        (True, False), (False, True),
    ]  # fmt: skip


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such permissions: not run")
@pytest.mark.parametrize("name", ["kaggle.json", "access_token", "credentials.json"])
def test_what_others_may_read_is_closed(name: str, home: Path) -> None:
    text = {
        "kaggle.json": '{"username": "ada", "key": "planted-key"}',
        "access_token": "KGAT_planted",
        "credentials.json": '{"refresh_token": "planted"}',
    }[name]
    path = put(home / ".kaggle" / name, text, 0o644)
    told = one(found(), "others on this machine may read it (644)")
    assert (told.file, told.cure) == (str(path), f"chmod 600 {path}")
    path.chmod(0o600)
    assert bad(found()) == []


def test_a_broken_file_is_named_with_its_line(home: Path) -> None:
    path = put(home / ".kaggle" / "kaggle.json", '{\n"username": "ada",\n"key": planted}')
    told = one(found(), "no JSON")
    assert (told.severity, told.file, told.line) == ("warn", str(path), 3)
    assert one(found(), "no credential").severity == "bad"


def test_a_folder_that_belongs_to_somebody_else(
    open_tmp: Path, unprivileged: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `sudo kaggle` leaves: root's folder in the learner's home."""
    (open_tmp / ".kaggle").mkdir(mode=0o700)
    put(open_tmp / ".kaggle" / "kaggle.json", '{"username": "ada", "key": "planted-key"}')
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(open_tmp))

    def look() -> int:
        noted = [one for one in found() if "belongs to somebody else" in one.text]
        return 0 if noted and all("chown" in one.cure for one in noted) else 1

    if os.geteuid() == 0:
        assert unprivileged(look) == 0


def test_a_token_in_the_place_of_a_key(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = key_file(home, key="KGAT_planted")
    told = one(found(), "in the place of the key")
    assert told.file == str(path)
    assert str(path) not in told.text, "the console writes it in front"
    assert "access_token" in told.cure
    path.unlink()
    monkeypatch.setenv("KAGGLE_USERNAME", "ada")
    monkeypatch.setenv("KAGGLE_KEY", "KGAT_planted")
    assert "unset KAGGLE_USERNAME KAGGLE_KEY" in one(found(), "in the place of the key").cure


def test_a_key_in_the_place_of_a_token(home: Path) -> None:
    put(home / ".kaggle" / "access_token", "0123456789abcdef" * 2)
    assert one(found(), "looks like the key of kaggle.json").severity == "warn"


@pytest.mark.parametrize(("minutes", "believed"), [(10, True), (90, False), (-60, None)])
def test_a_login_that_is_over(minutes: int, believed: bool | None, home: Path, frozen: Any) -> None:
    from datetime import datetime, timedelta

    frozen("2026-11-22T12:00:00+00:00")
    until = datetime.fromisoformat("2026-11-22T12:00:00+00:00") - timedelta(minutes=minutes)
    told = {"refresh_token": "planted", "access_token": "planted", "access_token_expiration": until.isoformat()}  # fmt: skip
    put(home / ".kaggle" / "credentials.json", json.dumps(told))
    said = [each.text for each in found() if "its token ended" in each.text]
    assert len(said) == (believed is not None)
    assert all(("half an hour" in each) is believed for each in said)


def test_a_kaggle_json_that_was_left_elsewhere(home: Path, tmp_path: Path) -> None:
    left = [put(home / "Downloads" / "kaggle.json", "planted"), put(tmp_path / "kaggle.json", "planted")]  # fmt: skip
    noted = [each for each in found(tmp_path) if "may be committed" in each.text]
    assert sorted(str(each.file) for each in noted) == sorted(map(str, left))
    assert noted[0].cure.startswith("mv ")
    key_file(home)
    assert all("Delete it" in each.cure for each in found(tmp_path) if "committed" in each.text)


@pytest.mark.parametrize("name", ["VERBOSE", "VERBOSE_OUTPUT"])
def test_a_variable_that_makes_the_client_show_the_credential(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "true")
    assert one(found(), "shows your credential").cure == f"unset {name}"


def test_proxies_are_told_without_their_password(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://ada:planted@proxy.example:3128")
    assert "the proxy proxy.example:3128 (HTTPS_PROXY)" in one(found(), "the proxy").text
    monkeypatch.setenv("HTTPS_PROXY", "http://[planted")
    assert one(found(), "no address of a proxy").severity == "bad"
    monkeypatch.setenv("HTTPS_PROXY", "socks5://ada:planted@proxy.example")
    assert one(found(), "PySocks").severity == "bad"


def test_certificates_that_are_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    assert one(found(), "certificates that are not there").severity == "bad"


def program(folder: Path, version: str, *, shebang: Path | None = None) -> Path:
    """Make what pip leaves of a client: a program, and the folder that tells its version."""
    prefix = shebang.parent.parent if shebang else folder.parent
    (prefix / "lib" / "python3.9" / "site-packages" / f"kaggle-{version}.dist-info").mkdir(
        parents=True
    )
    first = f"#!{shebang or folder / 'python'}"
    return put(folder / "kaggle", f"{first}\nraise SystemExit('it was started')\n", 0o755)


def test_old_clients_on_the_path_are_found_without_starting_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = program(tmp_path / "old" / "bin", "1.5.16")
    new = program(tmp_path / "new" / "bin", "2.2.4", shebang=tmp_path / "tool" / "bin" / "python")
    monkeypatch.setenv("PATH", f"{old.parent}{os.pathsep}{new.parent}{os.pathsep}")
    noted = found()
    first = one(noted, "the command kaggle is version 1.5.16")
    assert (first.severity, first.file) == ("warn", str(old))
    assert one(noted, "behind it on PATH: version 2.2.4").severity == "ok"
    monkeypatch.setenv("PATH", str(new.parent))
    assert bad(found())[1:] == []


def test_a_program_whose_version_can_not_be_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "bin" / "kaggle", "no script", 0o755)
    assert one(found(), "version unknown").severity == "ok"


def test_inside_of_a_practice_run_nothing_is_looked_for(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_file(home)
    monkeypatch.setenv("FASTCOMPANION_PRACTICE", "http://127.0.0.1:1")
    assert [each.severity for each in found()] == ["ok"]
    assert list(examining.online()) == []


@pytest.fixture
def site() -> Iterator[Recorder]:
    with Recorder() as running:
        yield running


def asked(site: Recorder) -> list[Noted]:
    noted = list(examining.online(site.url, QUICK))
    assert SECRET not in repr(noted)
    return noted


def judge(good: str) -> Any:
    """Make the answer of a site that knows one token."""

    def answer(request: Request) -> Any:
        return {"active": True, "username": "ada"} if request.json["token"] == good else {"active": False}  # fmt: skip

    return answer


def test_a_good_credential_is_accepted(home: Path, site: Recorder) -> None:
    key_file(home)
    site.answers["ListCompetitions"] = {"competitions": []}
    (told,) = asked(site)
    assert (told.severity, told.text.startswith("kaggle.com accepts the key of ")) == ("ok", True)
    assert told.text.endswith(", as ada")


def test_a_stale_token_before_a_good_key(home: Path, site: Recorder) -> None:
    key_file(home)
    path = put(home / ".kaggle" / "access_token", "KGAT_planted-stale")
    site.answers["IntrospectToken"] = judge("another")
    good, stale = asked(site)
    assert good.severity == "ok"
    assert stale.severity == "bad"
    assert "stands before" in stale.text
    assert "kaggle.json, which is good" in stale.text
    assert stale.cure == f"rm {path}"


def test_a_bad_one_behind_a_good_one(
    home: Path, site: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", "KGAT_planted-good")
    put(home / ".kaggle" / "access_token", "KGAT_planted-stale")
    site.answers["IntrospectToken"] = judge("KGAT_planted-good")
    good, behind = asked(site)
    assert (good.severity, behind.severity) == ("ok", "warn")
    assert behind.cure.startswith("rm ")


def test_only_a_bad_one(site: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", "KGAT_planted-stale")
    for status in (400, 401, 403, 404):
        site.answers["IntrospectToken"] = error(status, "planted")
        (told,) = asked(site)
        assert told.severity == "bad"
        assert "KAGGLE_API_TOKEN" in told.text
        assert "settings" in told.cure


@pytest.mark.parametrize(("answer", "severity"), [(error(500), "warn"), (None, "warn")])
def test_what_can_not_be_told_is_said_so(
    answer: Any, severity: str, home: Path, site: Recorder
) -> None:
    key_file(home)
    put(home / ".kaggle" / "access_token", "KGAT_planted")
    site.answers["IntrospectToken"] = answer
    (told,) = asked(site)
    assert (told.severity, "can't be told" in told.text) == (severity, True)
    assert len(site.seen) <= QUICK.tries


def test_without_a_network_it_says_so_and_ends_well(
    home: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real address, over a proxy that is not there: nothing leaves, and the rest is still told."""
    key_file(home)
    with nobody() as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        told = run("doctor", "kaggle", "--json")
    texts = [each["text"] for each in told.data["findings"]]
    assert any(text.startswith("sent to kaggle.com") for text in texts)
    assert "can't be told" in texts[-1]
    assert told.code == 5
    assert SECRET not in told.out + told.err


def test_the_command_asks_the_network_for_this_area_alone(
    home: Path, run: Runner, site: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_file(home)
    monkeypatch.setenv("HTTPS_PROXY", site.url)
    assert run("doctor", "kaggle", "--offline").code == 0
    assert run("doctor", "--json").code in (0, 5)
    assert site.seen == []
    shown = run("doctor", "kaggle")
    assert {(each.method, each.path) for each in site.seen} == {("CONNECT", "api.kaggle.com:443")}
    assert SECRET not in shown.out + shown.err + site.text
