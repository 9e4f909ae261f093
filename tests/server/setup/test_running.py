"""`server setup` against a real ssh server; what runs there is played, as the real thing belongs to tests/box."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.server import failures, registry
from tests.conftest import Runner
from tests.server.ssh_server import SshServer

OK = '{"step":"preflight","state":"ok","note":"only 3 GB are free","rollback":""}'
CHANGED = '{"step":"sshd","state":"changed","note":"","rollback":"fastcompanion-rollback-sshd"}'
DONE = '{"step":"all","state":"done","note":"1 changed, 0 failed","rollback":""}'


@pytest.fixture
def box(there: SshServer) -> SshServer:
    """A known server whose bash keeps what it got and says what the test wants."""
    registry.add(there.server("box", kind="cloud"))
    there.program("sudo", '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done; shift; exec "$@"\n')
    there.program("touch", f'#!/bin/sh\necho "$@" >>{there.home}/touched\n')
    there.program("systemctl", f'#!/bin/sh\necho "$@" >>{there.home}/asked\n')
    return there


@pytest.fixture
def stranger(
    there: SshServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SshServer]:
    """A machine that nobody has set up yet, and its key in the learner's agent."""
    if shutil.which("ssh-agent") is None:
        pytest.skip("there is no ssh-agent here")
    there.program("sudo", '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done; shift; exec "$@"\n')
    agent = subprocess.Popen(
        ["ssh-agent", "-D", "-a", tmp_path / "agent"], stdout=subprocess.DEVNULL
    )
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
    for _ in range(100):
        added = subprocess.run(["ssh-add", "-q", there.identity], capture_output=True, check=False)
        if added.returncode == 0:
            break
        time.sleep(0.05)
    yield there
    agent.kill()
    agent.wait()


def plays(box: SshServer, *lines: str, code: int = 0, more: str = "") -> None:
    said = "\n".join(f"echo '{line}'" for line in lines)
    box.program("bash", f"#!/bin/sh\ncat >{box.home}/script\n{said}\n{more}\nexit {code}\n")


def script(box: SshServer) -> str:
    return (box.home / "script").read_text()


def test_a_setup_that_changes_something(box: SshServer, run: Runner) -> None:
    plays(box, "Welcome!", OK, CHANGED, DONE)
    done = run("server", "setup", "box", "--json")
    assert done.code == 0
    assert done.data == {
        "name": "box",
        "kind": "cloud",
        "mode": "apply",
        "steps": [
            {"step": "preflight", "state": "ok", "note": "only 3 GB are free"},
            {"step": "sshd", "state": "changed", "note": ""},
        ],
        "done": True,
        "changes": 1,
    }
    assert "\nMODE=apply\n" in script(box)
    assert "\nPROVEN=yes\n" in script(box)


def test_a_fresh_login_calls_the_way_back_off(box: SshServer, run: Runner) -> None:
    plays(box, CHANGED, DONE)
    before = box.connections
    assert run("server", "setup", "box").code == 0
    assert (box.home / "touched").read_text() == "/run/fastcompanion/proof/sshd\n"
    assert box.connections == before + 2


def test_a_login_that_comes_after_the_way_back_is_no_proof(box: SshServer, run: Runner) -> None:
    """Who joins a setup later hears of a change that was taken back in the meantime."""
    plays(box, CHANGED, DONE)
    box.program("systemctl", f'#!/bin/sh\necho "$@" >>{box.home}/asked\nexit 3\n')
    done = run("server", "setup", "box", "--json")
    assert done.code == 1
    asked = set((box.home / "asked").read_text().splitlines())
    assert asked == {"-q is-active fastcompanion-rollback-sshd.timer"}
    assert not (box.home / "touched").exists()
    (step,) = done.data["steps"]
    assert step["state"] == "failed"
    assert "after its five minutes" in step["note"]


def test_a_login_in_the_moment_in_which_sshd_reads_its_settings(
    box: SshServer, run: Runner
) -> None:
    """The first fresh login meets nobody; the second one counts."""
    plays(box, CHANGED, DONE)
    away = f"if mkdir {box.home}/away 2>/dev/null; then echo 'Connection refused' >&2; exit 255; fi"
    box.program("touch", f'#!/bin/sh\n{away}\necho "$@" >>{box.home}/touched\n')
    assert run("server", "setup", "box").code == 0
    assert (box.home / "touched").read_text() == "/run/fastcompanion/proof/sshd\n"


def test_a_fresh_login_that_does_not_work_is_a_failure(
    box: SshServer, run: Runner, tmp_path: Path
) -> None:
    """The machine lets nobody in any more, while the old login goes on."""
    del tmp_path
    plays(box, CHANGED, more=f"while [ ! -e {box.home}/go ]; do sleep 0.05; done\necho '{DONE}'")
    box.program("bash", (box.home / "bin/bash").read_text().replace("cat >", f": >{box.folder}/authorized_keys; touch {box.home}/go; cat >", 1))  # fmt: skip
    box.program("touch", '#!/bin/sh\n: >"$1"\n')
    done = run("server", "setup", "box", "--json")
    assert done.code == 1
    (step,) = done.data["steps"]
    assert step["state"] == "failed"
    assert "fresh login" in step["note"]
    assert "taken back" in done.err


def test_check_exits_with_4_where_something_would_change_and_a_dry_run_with_0(box: SshServer, run: Runner) -> None:  # fmt: skip
    plays(box, OK, CHANGED.replace("changed", "would-change").replace("fastcompanion-rollback-sshd", ""), DONE)  # fmt: skip
    assert run("server", "setup", "box", "--check").code == 4
    assert "\nMODE=check\n" in script(box)
    assert run("server", "setup", "box", "--dry-run").code == 0
    assert "\nMODE=check\n" in script(box)
    plays(box, OK, DONE)
    assert run("server", "setup", "box", "--check").code == 0


def test_a_step_that_failed_is_exit_1_and_named(box: SshServer, run: Runner) -> None:
    failed = '{"step":"firewall","state":"failed","note":"in do_firewall, at: ufw","rollback":""}'
    plays(box, OK, failed, DONE.replace('"done"', '"failed"'), code=1)
    done = run("server", "setup", "box")
    assert done.code == 1
    assert "in do_firewall, at: ufw" in done.out
    assert "Not done: firewall" in done.out


def test_a_check_that_could_not_look_does_not_say_that_all_is_well(
    box: SshServer, run: Runner
) -> None:
    plays(box, '{"step":"preflight","state":"failed","note":"no systemd","rollback":""}', DONE)
    done = run("server", "setup", "box", "--check")
    assert done.code == 1
    assert "Could not be looked at: preflight." in done.out
    assert "as it should be" not in done.out


def test_a_script_that_never_came_to_its_end_is_an_error(box: SshServer, run: Runner) -> None:
    plays(box, OK, more="echo 'bash: out of memory' >&2", code=2)
    done = run("server", "setup", "box", "--json")
    assert done.code == 1
    assert "did not come to its end: bash: out of memory" in done.errors[0]["message"]
    assert "goes on where it stopped" in done.errors[0]["hint"]


def test_a_script_that_could_not_begin_says_why(box: SshServer, run: Runner) -> None:
    plays(box, '{"step":"all","state":"failed","note":"another setup is running on this machine"}', code=1)  # fmt: skip
    done = run("server", "setup", "box", "--json")
    assert done.code == 1
    assert done.errors[0]["message"] == "another setup is running on this machine"


def test_a_box_in_the_house_stays_one_until_it_is_said_otherwise(
    there: SshServer, run: Runner
) -> None:
    registry.add(there.server("den"))
    there.program("sudo", '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done; shift; exec "$@"\n')
    plays(there, OK, DONE)
    assert run("server", "setup", "den", "--json").data["kind"] == "home"
    assert "\nKIND=home\n" in script(there)
    assert run("server", "setup", "den", "--kind", "cloud", "--json").data["kind"] == "cloud"
    assert registry.find("den").kind == "cloud"


def test_what_is_known_of_a_server_goes_with_it_and_what_is_said_is_kept(box: SshServer, run: Runner) -> None:  # fmt: skip
    registry.change("box", idle_minutes=45, max_hours=3)
    plays(box, OK, DONE)
    run("server", "setup", "box")
    assert "\nIDLE_MINUTES=45\nMAX_HOURS=3\n" in script(box)
    run("server", "setup", "box", "--max", "5", "--check")
    assert registry.find("box").max_hours == 3
    run("server", "setup", "box", "--max", "5")
    assert (registry.find("box").idle_minutes, registry.find("box").max_hours) == (45, 5)


def test_a_public_key_goes_along_and_a_private_one_does_not(box: SshServer, run: Runner, tmp_path: Path) -> None:  # fmt: skip
    plays(box, OK, DONE)
    assert run("server", "setup", "box", "--key", f"{box.identity}.pub").code == 0
    assert Path(f"{box.identity}.pub").read_text().strip().split()[1] in script(box)
    (box.home / "script").unlink()
    refused = run("server", "setup", "box", "--key", str(box.identity))
    assert refused.code == 2
    assert not (box.home / "script").exists()
    assert run("server", "setup", "box", "--key", str(tmp_path / "none.pub")).code != 0


def test_undo_asks_first(box: SshServer, run: Runner) -> None:
    plays(box, '{"step":"limit","state":"changed","note":"","rollback":""}', DONE)
    assert run("server", "setup", "box", "--undo").code == 2
    assert not (box.home / "script").exists()
    assert run("server", "setup", "box", "--undo", "--yes").code == 0
    assert "\nMODE=undo\n" in script(box)


@pytest.mark.parametrize("look", ["--check", "--dry-run"])
def test_a_look_at_an_undo_takes_nothing_back(look: str, box: SshServer, run: Runner) -> None:
    refused = run("server", "setup", "box", "--undo", "--yes", look)
    assert refused.code == 2
    assert "/var/lib/fastcompanion/files" in refused.err
    assert not (box.home / "script").exists()


def test_the_printed_script_is_the_one_that_is_sent(box: SshServer, run: Runner) -> None:
    plays(box, OK, DONE)
    run("server", "setup", "box", "--only", "journal")
    printed = run(
        "server", "setup", "--print", "--kind", "cloud", "--only", "journal", "--user", "ada"
    ).out
    sent = script(box)
    different = [(a, b) for a, b in zip(printed.splitlines(), sent.splitlines(), strict=True) if a != b]  # fmt: skip
    assert [one[0].split("=")[0] for one in different if "sha256sum" not in one[0]] == [
        "PROVEN",
        "SUDO_FREE",
        "PROGRAM",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--only", "firewal"), "firewal"),
        (("--local", "box"), "two machines"),
        (("--env", "venv"), "no whole path"),
        (("--kind", "cellar"), "cellar"),
        (("--max", "-1"), "-1"),
    ],
)
def test_wrong_words_are_refused_before_anything_is_sent(box: SshServer, run: Runner, words: tuple[str, ...], said: str) -> None:  # fmt: skip
    plays(box, OK, DONE)
    target = () if "--local" in words else ("box",)
    done = run("server", "setup", *target, *words)
    assert done.code == 2
    assert said in done.err
    assert not (box.home / "script").exists()


def test_a_step_that_there_is_not_is_not_explained_either(run: Runner) -> None:
    done = run("server", "setup", "--explain", "--only", "firewal")
    assert done.code == 2
    assert "there is no step 'firewal'" in done.err


def test_explain_needs_no_machine_and_shows_what_a_kind_gets(run: Runner) -> None:
    home: Any = run("server", "setup", "--explain", "--kind", "home", "--json").data
    steps = {one["name"]: one for one in home["steps"]}
    assert "firewall" in steps
    assert steps["firewall"]["on_request"] == ["home"]
    assert "motd" not in steps
    shown = run("server", "setup", "--explain", "--kind", "home").out
    assert "only if you ask: --also firewall" in shown
    one = run("server", "setup", "--explain", "--only", "sshd", "--kind", "cloud", "--json").data
    assert [step["name"] for step in one["steps"]] == ["sshd"]


def test_a_printed_script_is_plain_text_and_in_json_one_field(run: Runner) -> None:
    plain = run("server", "setup", "--print", "--kind", "wsl").out
    assert plain.startswith("#!/usr/bin/env bash\n")
    assert json.loads(run("server", "setup", "--print", "--kind", "wsl", "--json").out)["data"]["script"] == plain  # fmt: skip


def test_without_a_server_it_says_how_to_begin(run: Runner) -> None:
    done = run("server", "setup")
    assert done.code == 3
    assert "server setup user@host" in done.err


def test_a_new_machine_gets_the_name_that_the_learner_wants(
    stranger: SshServer, run: Runner
) -> None:
    address = f"ada@127.0.0.1:{stranger.port}"
    plays(stranger, OK, DONE)
    words = ("server", "setup", address)
    assert run(*words, "--name", "GPU 1").code == 2
    assert registry.read() == (), "refused before anything runs there"
    assert run(*words, "--name", "gpu", "--idle", "45m", "--max", "90m").code == 0
    assert registry.find("gpu").host == "127.0.0.1"
    assert "\nIDLE_MINUTES=45\nMAX_HOURS=2\n" in script(stranger)
    again = run(*words, "--name", "other", "--json")
    assert again.code == 2
    assert "is called gpu already" in again.errors[0]["message"]
    assert run(*words, "--json").data["name"] == "gpu"
    assert run("server", "setup", "--idle", "soon", "--check").code == 2


def test_a_machine_that_was_half_set_up_is_kept_among_the_servers(
    stranger: SshServer, run: Runner
) -> None:
    """It may cost money, and the next command calls it by its name."""
    address = f"ada@127.0.0.1:{stranger.port}"
    failed = '{"step":"python","state":"failed","note":"no network","rollback":""}'
    over = DONE.replace('"done"', '"failed"')
    plays(stranger, OK, failed, over, code=1)
    assert run("server", "setup", address, "--name", "gpu").code == 1
    assert registry.read() == (), "nothing was done there"
    plays(stranger, OK, CHANGED.replace("fastcompanion-rollback-sshd", ""), failed, over, code=1)
    done = run("server", "setup", address, "--name", "gpu", "--kind", "cloud")
    assert done.code == 1
    assert "fastcompanion server logs gpu" in done.out
    assert registry.find("gpu").kind == "cloud"


def test_a_hint_calls_a_machine_that_is_not_kept_by_where_it_is(
    stranger: SshServer, run: Runner
) -> None:
    """Its name would be unknown to the command that the hint names."""
    address = f"ada@127.0.0.1:{stranger.port}"
    asked = run("server", "jupyter", address, "--no-browser", "--json")
    assert asked.errors[0]["hint"] == f"fastcompanion server setup {address}"
    cut = failures.of_ssh("Connection reset by peer", registry.find(address))
    assert cut is not None
    assert cut.hint.endswith(f"server status {address}")


def test_ctrl_c_says_that_the_setup_goes_on_there(box: SshServer, run: Runner) -> None:
    plays(box, OK, more=f"kill -INT {os.getpid()}; sleep 2")
    done = run("server", "setup", "box", "--json")
    assert done.code == 130
    assert "goes on there" in done.errors[0]["message"]
    assert "same command" in done.errors[0]["hint"]
