"""Every place a credential may lie in, which one is sent, and what is said of the others."""

from __future__ import annotations

import base64
import gc
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.competition.site import credentials
from fastcompanion.competition.site.credentials import Credential, Source
from tests.competition.site import sites

PLANTED = "planted"
Put = Callable[[str], None]


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what the developer's own environment may hold."""
    import os

    for name in list(os.environ):
        if name.startswith("KAGGLE"):
            monkeypatch.delenv(name)


@pytest.fixture
def home(isolated: Path) -> Path:
    (isolated / ".kaggle").mkdir()
    return isolated


PLACES: dict[str, tuple[str, str, str]] = {
    "env token": ("KAGGLE_API_TOKEN", "Bearer KGAT_planted-env", "token"),
    "token file": (".kaggle/access_token", "Bearer KGAT_planted-file", "token"),
    "token txt": (".kaggle/access_token.txt", "Bearer KGAT_planted-txt", "token"),
    "env key": ("KAGGLE_USERNAME", "Basic ada:planted-env-key", "key"),
    "kaggle.json": (".kaggle/kaggle.json", "Basic bob:planted-json-key", "key"),
    "login": (".kaggle/credentials.json", "Bearer planted-access", "login"),
}


def put(which: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lay a credential in one of the places."""
    place, sent, _ = PLACES[which]
    secret = sent.partition(" ")[2]
    if which == "env key":
        monkeypatch.setenv("KAGGLE_USERNAME", "ada")
        monkeypatch.setenv("KAGGLE_KEY", "planted-env-key")
    elif which == "env token":
        monkeypatch.setenv(place, secret)
    elif which == "kaggle.json":
        (home / place).write_text('{"username": "bob", "key": "planted-json-key"}')
    elif which == "login":
        about = {"refresh_token": "planted-refresh", "access_token": secret, "username": "eve"}
        (home / place).write_text(json.dumps(about))
    else:
        (home / place).write_text(secret + "\n")


def header(credential: Credential | None) -> str:
    assert credential is not None
    kind, _, text = credential.header.partition(" ")
    return f"Basic {base64.b64decode(text).decode()}" if kind == "Basic" else f"{kind} {text}"


@pytest.mark.parametrize("first", range(len(PLACES)))
def test_the_first_that_is_there_is_sent(
    first: int, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = list(PLACES)[first:]
    for which in reversed(names):
        put(which, home, monkeypatch)
    _, sent, sort = PLACES[names[0]]
    assert header(sites.sent()) == sent
    assert credentials.needed().sort == sort
    usable = [one for one in credentials.sources() if one.credential is not None]
    assert [header(one.credential) for one in usable] == [PLACES[which][1] for which in names]


def test_the_order_is_that_of_the_official_client(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kagglesdk import get_access_token_from_env

    for which in PLACES:
        put(which, home, monkeypatch)
    for place in ("KAGGLE_API_TOKEN", "access_token", "access_token.txt"):
        token, _ = get_access_token_from_env()
        assert header(sites.sent()) == f"Bearer {token}"
        if place.isupper():
            monkeypatch.delenv(place)
        else:
            (home / ".kaggle" / place).unlink()
    assert header(sites.sent()).startswith("Basic")


def test_without_any_the_error_says_where_to_get_one(isolated: Path) -> None:
    assert sites.sent() is None
    with pytest.raises(CompanionError) as missing:
        credentials.needed()
    assert missing.value.code == Exit.MISSING
    assert "settings" in missing.value.hint
    assert "practice" in missing.value.hint
    assert not list(isolated.glob(".kaggle")), "looking makes no folder"


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ('{"username": "ada",\n "key": "planted', 2, "JSON"),
        ("", 1, "JSON"),
        ("[1]", 1, "object"),
        ('{"username": "ada"}', 1, "key"),
        ('{"key": "planted"}', 1, "username"),
        ('{"username": 7, "key": ["planted"]}', 1, "username and key"),
        ("[" * 100_000, 1, "JSON"),
    ],
)
def test_a_broken_kaggle_json_is_named_with_its_line(
    text: str, line: int, word: str, home: Path
) -> None:
    path = home / ".kaggle" / "kaggle.json"
    path.write_text(text)
    # Deep in the brackets nothing else can run, such as the closing of what earlier tests left.
    gc.collect()
    with pytest.raises(CompanionError) as broken:
        credentials.needed()
    assert (broken.value.code, broken.value.file) == (Exit.MISSING, str(path))
    assert broken.value.line == line
    assert word in broken.value.message
    assert PLANTED not in broken.value.message


@pytest.mark.parametrize(
    ("token", "word"),
    [
        ('"KGAT_planted"', "quotes"),
        ("'KGAT_planted'", "quotes"),
        ('{"username": "a", "key": "planted"}', "kaggle.json"),
        ("KGAT_planted planted", "blanks"),
        ("KGAT_plänted", "characters"),
        ("~/planted/token", "path"),
        ("/planted/token", "path"),
    ],
)
def test_what_can_be_no_token_is_not_sent(
    token: str, word: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", token)
    first = credentials.sources()[0]
    assert first.credential is None
    assert word in first.wrong
    assert PLANTED not in first.wrong
    put("kaggle.json", home, monkeypatch)
    told: list[str] = []
    assert header(credentials.needed(told.append)) == PLACES["kaggle.json"][1]
    assert told == [f"KAGGLE_API_TOKEN of the environment is left out: {first.wrong}"]


def test_the_variable_may_name_a_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = home / "my token"
    place.write_text("KGAT_planted-elsewhere\n")
    monkeypatch.setenv("KAGGLE_API_TOKEN", str(place))
    assert header(sites.sent()) == "Bearer KGAT_planted-elsewhere"
    place.write_text("")
    assert credentials.sources()[0].wrong == "the file is empty"


def test_half_of_the_environment_is_joined_with_the_file(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the official client does: each variable takes the place of one entry."""
    put("kaggle.json", home, monkeypatch)
    monkeypatch.setenv("KAGGLE_USERNAME", "ada")
    assert header(sites.sent()) == "Basic ada:planted-json-key"
    monkeypatch.delenv("KAGGLE_USERNAME")
    (home / ".kaggle" / "kaggle.json").unlink()
    monkeypatch.setenv("KAGGLE_KEY", "planted")
    with pytest.raises(CompanionError, match="KAGGLE_USERNAME is not set"):
        credentials.needed()


def test_a_token_in_the_place_of_the_key_is_sent_as_what_it_is(home: Path) -> None:
    about = {"username": "ada", "key": "KGAT_planted"}
    (home / ".kaggle" / "kaggle.json").write_text(json.dumps(about))
    assert header(sites.sent()) == "Bearer KGAT_planted"


def test_on_kaggle_the_notebooks_own_token_comes_first(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("env token", home, monkeypatch)
    place = home / "v1"
    place.write_text("planted-notebook")
    monkeypatch.setenv("KAGGLE_KERNEL_RUN_TYPE", "Interactive")
    monkeypatch.setenv("KAGGLE_API_V1_TOKEN", str(place))
    assert header(sites.sent()) == "Bearer KGAT_planted-env"
    monkeypatch.setenv("KAGGLE_DATA_PROXY_URL", "https://proxy.example")
    assert header(sites.sent()) == "Bearer planted-notebook"


def test_a_secret_shows_itself_nowhere(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for which in PLACES:
        put(which, home, monkeypatch)
    found: tuple[Source, ...] = credentials.sources()
    assert all(one.credential for one in found)
    shown = repr(found) + str(found) + "".join(f"{one.credential}" for one in found)
    assert PLANTED not in shown
    assert base64.b64encode(b"ada:planted-env-key").decode() not in shown
