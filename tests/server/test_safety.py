"""What could hurt a learner or their machines whatever a name looks like, and what the script on the machine never does.

The script's own text is looked at here; what it does to a real system is tried in tests/box.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from fastcompanion.base import workspace
from fastcompanion.base.errors import CompanionError
from fastcompanion.server import listing, registry
from fastcompanion.server.registry import Server
from fastcompanion.server.setup import script
from fastcompanion.server.setup.script import Options
from tests.conftest import Runner

TEMPLATES = Path(__file__).resolve().parents[2] / "templates/server"
TEXT = (TEMPLATES / "setup.sh").read_text()
#: Without comments, explanations and what is only said.
CODE = "\n".join(line for line in TEXT.splitlines() if not re.match(r" *(#|remark )", line))

#: Names that ssh, rsync or a shell would take for something else.
NASTY = [
    "-oProxyCommand=touch-planted", "ada@-oProxyCommand", "-Fplanted.org", "ada@-vvv.example.org", "-lroot@h.org",
    "ada@h.org;touch planted", "ada@$(touch planted).org", "ada@`touch planted`.org", "ada@h.org\ntouch planted",
    "ada@h.org|touch planted", "../planted@h.org/x", "ada@h.org:22;touch planted",
]  # fmt: skip
WORDS = ("status", "ssh", "jupyter", "logs", "setup")


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An ssh that writes down how it is called."""
    programs, told = tmp_path / "programs", tmp_path / "told"
    programs.mkdir()
    for name in ("ssh", "rsync"):
        (programs / name).write_text(f'#!/bin/sh\nprintf "%s\\n" "$0 $*" >>{told}\nexit 255\n')
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return told


@pytest.mark.parametrize("name", NASTY)
@pytest.mark.parametrize("word", WORDS)
def test_no_name_is_taken_for_an_option_or_a_command(
    run: Runner, ssh: Path, tmp_path: Path, word: str, name: str
) -> None:
    # Behind -- stands the command of ssh; there a name that begins with - is an unknown option.
    words = (name, "--json") if word == "ssh" else ("--json", "--", name)
    done = run("server", word, *words, cwd=tmp_path)
    assert done.code == 2
    assert json.loads(done.out)["errors"]
    assert not ssh.exists(), ssh.read_text()
    assert not list(tmp_path.glob("**/planted*"))


@pytest.mark.parametrize("host", ["-oProxyCommand", "-F", "a b", "h;reboot", "$(reboot)", ""])
def test_a_list_of_servers_that_somebody_else_wrote_starts_nothing(
    run: Runner, ssh: Path, host: str
) -> None:
    """servers.yaml may come out of a backup or a repository of settings."""
    path = workspace.servers_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    row = {"name": "box", "kind": "home", "provider": "ssh", "host": host}
    path.write_text(json.dumps({"version": 1, "servers": [row]}))
    assert run("server", "status", "box").code != 0
    assert not ssh.exists()


@pytest.mark.parametrize("name", ["../x", "a/b", "-x", "A B", "x\ny", ".", "", "x" * 41])
def test_a_server_gets_no_name_that_leads_elsewhere(name: str) -> None:
    """The name is part of the names of our files."""
    with pytest.raises(CompanionError):
        registry.add(Server(name, host="h.org"))
    assert not workspace.servers_file().exists()


def test_a_host_stands_behind_the_end_of_options() -> None:
    """Whatever a later rule for names lets through."""
    from fastcompanion.server.connection import connect

    words = connect(Server("box", host="h.org", user="ada")).argv()
    assert words[-2:] == ["--", "h.org"]


def test_no_file_of_somebody_else_is_written_into() -> None:
    """fastsetup overwrote conffiles, and appended to six files in each run."""
    ours = r'"?\$(\{?(KNOWN|RUN|WORK|LOG|OUT|ETC|place|new|file|aside)\b|TMPDIR)|/dev/(null|tcp)|"\$2/\.fastcompanion"|"\$2"|\.dotfiles|&|\('
    redirected = re.findall(r"(?<![<>=\-\d$&])\d?>>?\s*([^\s;)|]+)", re.sub(r"'[^'\n]*'|\(\([^\n]*?\)\)", "''", CODE))  # fmt: skip
    assert len(redirected) > 15
    assert [one for one in redirected if not re.match(ours, one)] == []
    assert not re.search(r"\b(sed|perl) (-\w+ )*-\w*i|\btee\b|\bln -|\bed\b", CODE)


def test_nothing_is_upgraded_as_a_whole_and_nothing_restarts_in_the_middle() -> None:
    """A full upgrade and then a reboot, with no trace of how far it came."""
    assert not re.search(r"(full|dist)-upgrade|\bupgrade\b|\breboot\b|shutdown -r|kexec", CODE)


def test_the_learners_own_settings_of_git_stay() -> None:
    """Two credential helpers, and a .gitignore that was changed by each run."""
    assert not re.search(r"credential\.helper|config --global|\.gitignore|\.gitconfig", CODE)


@pytest.mark.parametrize("shell", ["", "/usr/bin/fish", "/no/such/shell"])
def test_it_is_all_the_same_which_shell_the_learner_has(shell: str) -> None:
    """setup-conda.sh ended with an unbound variable in every shell that it did not know."""
    done = subprocess.run(
        ["bash", "-s", "--", "--explain"],
        input=script.render(Options()),
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", **({"SHELL": shell} if shell else {})},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "preflight" in done.stdout


def test_there_is_one_script_and_no_old_copy_of_it() -> None:
    """An inverted test stood in a copy that nobody ran."""
    assert sorted(path.name for path in TEMPLATES.glob("*.sh*")) == ["carrier.sh", "setup.sh"]
    names = re.findall(r"^(\w+)\(\) \{", TEXT, re.MULTILINE)
    assert len(names) == len(set(names)), "the later one of two would win unseen"
    called = re.sub(r"^(\w+)\(\) \{", "{", TEXT, flags=re.MULTILINE)
    steps = re.compile(r"(check|do|undo|needs)_\w+")
    assert [one for one in names if not steps.fullmatch(one) and not re.search(rf"\b{one}\b", called)] == []  # fmt: skip


def test_the_hard_limit_asks_nobody() -> None:
    """From systemd 257 on even root's `systemctl poweroff` fails while apt, say, holds a shutdown back: seen on Debian 13."""
    unit = TEXT[TEXT.index("\nlimit_service() {") :].partition("\n}\n")[0]
    assert "ExecStart=/usr/bin/systemctl --no-block --job-mode=replace-irreversibly start poweroff.target" in unit  # fmt: skip


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        *((one, True) for one in ("kaggle.json", ".env", ".netrc", "_netrc", "credentials.json", ".git-credentials", ".pypirc", "id_ed25519_sk", "me.pem")),
        *((one, False) for one in ("train.csv", "id_ed25519.pub", "environment.yml", "credentials.md", "key.ipynb")),
    ],
)  # fmt: skip
def test_files_that_hold_secrets_by_their_name_never_go_to_a_server(
    name: str, secret: bool
) -> None:
    assert listing.is_secret(name) is secret
