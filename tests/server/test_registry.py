"""The file of the learner's servers: names, versions, damage, two writers at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fastcompanion.base import workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.server import registry
from fastcompanion.server.registry import Server


def test_what_was_added_comes_back_and_only_the_user_can_read_it() -> None:
    assert registry.read() == ()
    kept = registry.add(Server("gpu", "cloud", "ec2", "192.0.2.7", "ubuntu", instance="i-07", price=0.526))  # fmt: skip
    assert kept.created
    assert kept.alias == "192.0.2.7"
    registry.add(Server("home-box", host="gpu.local", port=2222))
    assert [one.name for one in registry.read()] == ["gpu", "home-box"]
    assert registry.find("gpu") == kept
    assert registry.find("home-box").alias == "[gpu.local]:2222"
    assert workspace.servers_file().stat().st_mode & 0o777 == 0o600


def test_a_name_is_given_once() -> None:
    registry.add(Server("gpu", host="192.0.2.7"))
    with pytest.raises(CompanionError, match="a server gpu already"):
        registry.add(Server("gpu", host="192.0.2.8"))


def test_change_and_remove() -> None:
    registry.add(Server("gpu", host="192.0.2.7"))
    registry.change("gpu", host="192.0.2.8", type="g4dn.xlarge")
    assert registry.find("gpu").host == "192.0.2.8"
    with pytest.raises(CompanionError):
        registry.change("gpu", host="-oProxyCommand=evil")
    assert registry.find("gpu").host == "192.0.2.8"
    with pytest.raises(CompanionError, match="did you mean gpu"):
        registry.remove("gpuu")
    assert registry.remove("gpu").name == "gpu"
    assert registry.read() == ()


@pytest.mark.parametrize(
    ("text", "user", "host", "port", "alias"),
    [
        ("ada@gpu.example.org", "ada", "gpu.example.org", 0, "gpu.example.org"),
        ("ada@192.0.2.7:2222", "ada", "192.0.2.7", 2222, "[192.0.2.7]:2222"),
        ("gpu.example.org:22", "", "gpu.example.org", 22, "gpu.example.org"),
        ("ada@[2001:db8::1]:2222", "ada", "2001:db8::1", 2222, "[2001:db8::1]:2222"),
        ("2001:db8::1", "", "2001:db8::1", 0, "2001:db8::1"),
        ("localhost", "", "localhost", 0, "localhost"),
    ],
)
def test_an_address_stands_for_itself(text: str, user: str, host: str, port: int, alias: str) -> None:  # fmt: skip
    found = registry.find(text)
    assert (found.user, found.host, found.port, found.alias) == (user, host, port, alias)


@pytest.mark.parametrize(
    "text",
    ["-oProxyCommand=x@h.org", "ada@-oProxyCommand=x", "a b@h.org", "ada@h.org:99999", "@h.org", "ada@", "ada@h.org:x", "x@y;reboot"],
)  # fmt: skip
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(CompanionError, match="no server") as caught:
        registry.find(text)
    assert caught.value.code is Exit.USAGE


def test_an_address_of_a_known_server_means_that_server() -> None:
    registry.add(Server("gpu", host="192.0.2.7", user="ada", price=1.5))
    assert registry.find("ada@192.0.2.7").name == "gpu"
    assert registry.find("bob@192.0.2.7").name != "gpu"


def test_without_a_name_it_is_the_only_one() -> None:
    with pytest.raises(CompanionError) as caught:
        registry.find("")
    assert caught.value.code is Exit.NOT_SET_UP
    registry.add(Server("gpu", host="192.0.2.7"))
    assert registry.find("").name == "gpu"
    registry.add(Server("gpu2", host="192.0.2.8"))
    with pytest.raises(CompanionError, match="gpu, gpu2"):
        registry.find("")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("version: 2\nservers: []\n", "newer fastcompanion"),
        ("servers: []\n", "no `version` number"),
        ("version: 1\nservers: {}\n", "no list `servers`"),
        ("version: 1\nservers:\n- name: a\n  host: h.org\n- name: a\n  host: h.org\n", "a twice"),
        ("version: 1\nservers:\n- name: a\n  host: -oProxyCommand=x\n", "no name or address"),
        ("version: 1\nservers:\n- name: a\n  host: h.org\n  port: '22'\n", "whole numbers"),
        ("version: 1\nservers:\n- name: a\n  host: h.org\n  price: cheap\n", "are numbers"),
        ("version: 1\nservers:\n- name: a\n  host: h.org\n  identity: 7\n", "no texts"),
        ("version: 1\nservers:\n- name: a\n  host: h.org\n  alias: 'a b'\n", "host key"),
        ("version: 1\nservers:\n- name: [\n", "not valid YAML"),
    ],
)
def test_a_damaged_file_is_named_and_never_overwritten(text: str, words: str) -> None:
    path = workspace.servers_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    with pytest.raises(CompanionError, match=words) as caught:
        registry.add(Server("new", host="h.org"))
    assert caught.value.file == str(path)
    assert path.read_text() == text


def test_a_key_of_a_later_program_is_no_fault() -> None:
    path = workspace.servers_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("version: 1\nservers:\n- name: a\n  host: h.org\n  colour: blue\n")
    assert registry.find("a").host == "h.org"


def test_two_programs_that_add_at_once_lose_nothing(isolated: Path) -> None:
    script = (
        "import sys\nfrom fastcompanion.server import registry\n"
        "for n in range(5): registry.add(registry.Server(f'{sys.argv[1]}{n}', host='h.org'))\n"
    )
    both = [subprocess.Popen([sys.executable, "-c", script, name]) for name in "ab"]
    assert [one.wait(60) for one in both] == [0, 0]
    assert len(registry.read()) == 10
