"""The way to a server, with the real OpenSSH client and a real server on this machine."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.server import failures, host_keys
from fastcompanion.server.connection import Connection, Local, connect
from fastcompanion.server.registry import Server
from tests.server.ssh_server import SshServer


class Notes:
    """A reporter that remembers."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)


def failing(connection: Connection, *argv: str, **options: object) -> CompanionError:
    with pytest.raises(CompanionError) as caught:
        connection.run(argv or ("true",), **options)  # type: ignore[arg-type]
    return caught.value


def test_a_command_with_its_words_its_input_and_its_exit_code(there: SshServer) -> None:
    connection = connect(there.server())
    said = connection.run(["printf", "%s|", "two words", "a'b", "$HOME", "*"])
    assert said.out == "two words|a'b|$HOME|*|"
    done = connection.run(["sh", "-c", "cat; echo oops >&2; exit 3"], stdin=b"ab\ncd", check=False)
    assert (done.out, done.err, done.code) == ("ab\ncd", "oops\n", 3)
    error = failing(connection, "sh", "-c", "echo no space left >&2; exit 3")
    assert "exit 3" in error.message
    assert "no space left" in error.message


def test_an_error_carries_no_secret_of_the_other_side(there: SshServer) -> None:
    said = "see http://127.0.0.1/?token=0123abcd&x AKIAIOSFODNN7PLANTED -----BEGIN OPENSSH PRIVATE KEY-----x"
    error = failing(connect(there.server()), "sh", "-c", f"echo '{said}' >&2; exit 1")
    assert "see http://127.0.0.1/?token=[removed]&x [removed] [removed]" in error.message


def test_lines_come_while_the_command_runs(there: SshServer) -> None:
    lines: list[str] = []

    def seen(line: str) -> None:
        lines.append(line)
        (there.home / "go").touch()

    waiting = "echo first; until [ -e go ]; do sleep 0.02; done; echo second"
    connect(there.server()).run(["sh", "-c", waiting], on_line=seen, timeout=20)
    assert lines == ["first", "second"]


def test_what_takes_too_long_is_ended(there: SshServer) -> None:
    error = failing(connect(there.server()), "sleep", "30", timeout=0.5)
    assert "took longer than 0.5 s" in error.message


def test_first_contact_pins_the_key_and_says_its_fingerprint_once(there: SshServer) -> None:
    notes = Notes()
    connection = connect(there.server(), reporter=notes)  # type: ignore[arg-type]
    connection.run(["true"])
    connection.run(["true"])
    assert [there.fingerprint in one for one in notes.said] == [True]
    assert [key.fingerprint for key in host_keys.of("fc-box")] == [there.fingerprint]
    again = Notes()
    connect(there.server(), reporter=again).run(["true"])  # type: ignore[arg-type]
    assert again.said == []


def test_the_fingerprint_is_said_where_the_first_contact_goes_no_further(there: SshServer) -> None:
    notes = Notes()
    (there.folder / "authorized_keys").write_text("")
    failing(connect(there.server(), reporter=notes))  # type: ignore[arg-type]
    assert [there.fingerprint in one for one in notes.said] == [True]


def test_a_changed_host_key_is_refused_until_it_is_forgotten(there: SshServer) -> None:
    connection = connect(there.server(created="2026-11-22"))
    connection.run(["true"])
    there.stop()
    there.new_host_key()
    there.start()
    before = len(there.commands)
    error = failing(connection)
    assert error.code is Exit.MISSING
    assert "another host key" in error.message
    assert "server forget box --host-key" in error.hint
    assert len(there.commands) == before
    assert host_keys.forget("fc-box") == 1
    connection.run(["true"])


def test_a_key_that_was_pinned_before_the_first_contact_is_the_only_one(there: SshServer) -> None:
    other = there.folder / "other"
    subprocess.run(["ssh-keygen", "-qt", "ed25519", "-N", "", "-f", other], check=True)
    host_keys.pin("fc-box", Path(f"{other}.pub").read_text())
    assert "host key" in failing(connect(there.server())).message


def test_the_same_machine_at_another_address_is_known_by_its_alias(there: SshServer) -> None:
    connect(there.server()).run(["true"])
    notes = Notes()
    moved = there.server(host="localhost")
    connect(moved, reporter=notes).run(["true"])  # type: ignore[arg-type]
    assert notes.said == []


def test_the_users_own_ssh_files_stay_as_they_are(there: SshServer) -> None:
    """Those of the account: ssh does not look at $HOME."""
    import pwd

    folder = Path(pwd.getpwuid(os.getuid()).pw_dir) / ".ssh"

    def files() -> dict[str, bytes]:
        found = sorted(folder.glob("*")) if folder.exists() else []
        return {str(path): path.read_bytes() for path in found if path.is_file()}

    before, was_there = files(), folder.exists()
    connect(there.server()).run(["true"])
    assert (files(), folder.exists()) == (before, was_there)


def test_a_key_that_is_not_accepted(there: SshServer) -> None:
    there.accept("")
    error = failing(connect(there.server()))
    assert error.code is Exit.MISSING
    assert "none of your keys" in error.message
    line = f"ssh-copy-id -i {there.identity} -p {there.port} ada@127.0.0.1"
    assert line in error.hint
    assert "ssh-keygen" in error.hint


def test_a_local_port_that_is_for_root_alone_is_no_refused_key() -> None:
    """In the words of OpenSSH 9.2; root, who may run these tests, is never told so."""
    said = (
        "bind [127.0.0.1]:80: Permission denied\r\n"
        "channel_setup_fwd_listener_tcpip: cannot listen to port: 80\r\n"
        "Could not request local forwarding.\r\n"
    )
    error = failures.of_ssh(said, Server("box", host="127.0.0.1"))
    assert error is not None
    assert "below 1024" in error.message
    assert "--port" in error.hint


def test_nobody_listens_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        error = failing(connect(Server("box", host="127.0.0.1", port=port)))
    assert f"no ssh server listens at port {port}" in error.message
    assert error.code is Exit.MISSING


def test_a_machine_that_does_not_answer_is_given_up_in_time() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(5)
        port = silent.getsockname()[1]
        server = Server("box", host="127.0.0.1", port=port, created="2026-11-22")
        error = failing(Connection(server, connect_timeout=1))
        assert error.code is Exit.MISSING
        assert "does not answer" in error.message
        assert "server status box" in error.hint
        cloud = Server("box", "cloud", "ec2", "127.0.0.1", port=server.port)
        assert "server start box" in failing(Connection(cloud, connect_timeout=1)).hint


def test_a_name_that_no_machine_has() -> None:
    error = failing(connect(Server("box", host="no-such-machine.invalid")))
    assert error.code is Exit.MISSING
    assert "no machine named no-such-machine.invalid" in error.message


def test_a_connection_that_is_cut_in_the_middle(there: SshServer) -> None:
    def pull(line: str) -> None:
        there.cut()

    with pytest.raises(CompanionError) as caught:
        connect(there.server()).run(["sh", "-c", "echo up; sleep 30"], on_line=pull, timeout=20)
    assert caught.value.code is Exit.MISSING
    assert "was cut" in caught.value.message


def test_no_ssh_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    error = failing(connect(Server("box", host="127.0.0.1")))
    assert error.code is Exit.MISSING
    assert "ssh is not installed" in error.message
    assert "openssh-client" in error.hint


def test_an_alias_of_the_users_ssh_settings(
    there: SshServer, ssh_settings: Callable[[str], None]
) -> None:
    ssh_settings(
        f"Host gpubox\n  HostName 127.0.0.1\n  Port {there.port}\n  User ada\n"
        f"  IdentityFile {there.identity}\n  RemoteCommand tmux\n  ForwardAgent yes\n"
        "  StrictHostKeyChecking no\n  LogLevel QUIET\n"
        f"  LocalForward {there.port} localhost:1\n  ExitOnForwardFailure yes\n"
    )
    from fastcompanion.server import registry

    found = registry.find("gpubox")
    assert (found.host, found.user, found.port) == ("gpubox", "", 0)
    assert connect(found).run(["echo", "here"]).out == "here\n"
    with pytest.raises(CompanionError, match="no server 'gpubocks'"):
        registry.find("gpubocks")


def test_the_agent_is_not_forwarded(there: SshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", str(there.folder / "agent"))
    words = connect(there.server()).argv()
    assert "ForwardAgent=no" in words
    assert "BatchMode=yes" in words


def test_many_runs_share_one_connection_and_leave_nothing(there: SshServer) -> None:
    connection = connect(there.server())
    with connection.shared():
        for number in range(4):
            assert connection.run(["echo", str(number)]).out == f"{number}\n"
        assert there.connections == 1
        socket_folder = next(
            Path(word.removeprefix("ControlPath=")).parent
            for word in connection.argv()
            if word.startswith("ControlPath=")
        )
        assert socket_folder.exists()
    assert not socket_folder.exists()
    connection.run(["true"])
    assert there.connections == 2


def test_a_folder_of_ours_with_a_space_and_a_percent_sign(
    there: SshServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FASTCOMPANION_HOME", str(tmp_path / "my 100% home"))
    connect(there.server()).run(["true"])
    assert [key.fingerprint for key in host_keys.of("fc-box")] == [there.fingerprint]


SUDO = """#!/bin/sh
# Plays sudo: lets those in whose password is right, or everyone where `free` exists.
echo "$@" >>"$HOME/sudo-argv"
ask=1; read_it=
while [ $# -gt 0 ]; do case $1 in
  -S) read_it=1; shift;; -n) ask=; shift;; -p) shift 2;; -v) validate=1; shift;; --) shift; break;; *) break;;
esac; done
if [ ! -e "$HOME/free" ]; then
  [ -n "$ask" ] || { echo "sudo: a password is required" >&2; exit 1; }
  for try in 1 2 3; do
    IFS= read -r given || { echo "sudo: no password was provided" >&2; exit 1; }
    [ "$given" = "open sesame" ] && ok=1 && break
    echo "Sorry, try again." >&2
  done
  [ -n "$ok" ] || { echo "sudo: 3 incorrect password attempts" >&2; exit 1; }
fi
[ -n "$validate" ] || exec "$@"
"""


def test_a_script_as_root_with_a_password(there: SshServer) -> None:
    there.program("sudo", SUDO)
    script = 'main() { echo "args: $*"; }; main "$@"\n'
    said = connect(there.server()).script(script, args=("a b", "c"), sudo="open sesame")
    assert said.out == "args: a b c\n"
    (there.home / "free").touch()
    # sudo does not ask: the password must not become the script's first line
    said = connect(there.server()).script(script, args=("d",), sudo="open sesame")
    assert said.out == "args: d\n"
    assert said.err == ""
    seen = (there.home / "sudo-argv").read_text() + "\n".join(there.commands)
    assert "sesame" not in seen


@pytest.mark.parametrize(
    ("password", "words", "hint"),
    [(None, "wants a password", "-K"), ("wrong", "does not accept that password", "")],
)
def test_sudo_that_says_no(there: SshServer, password: str | None, words: str, hint: str) -> None:
    there.program("sudo", SUDO)
    there.program("id", "#!/bin/sh\necho 1000\n")
    with pytest.raises(CompanionError) as caught:
        connect(there.server()).script("touch ran\n", sudo=password)
    assert words in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.code is Exit.MISSING
    assert not (there.home / "ran").exists()


def test_no_sudo_there(there: SshServer) -> None:
    there.program("id", "#!/bin/sh\necho 1000\n")
    there.set_env(PATH=str(there.home / "bin"))
    for name in ("sh", "bash"):
        (there.home / "bin" / name).symlink_to(f"/bin/{name}")
    with pytest.raises(CompanionError, match="there is no sudo on box"):
        connect(there.server()).script("true\n")


def test_a_script_without_root(there: SshServer) -> None:
    assert connect(there.server()).script("echo $0 $1\n", args=["x"], root=False).out == "bash x\n"


def test_this_machine_itself() -> None:
    lines: list[str] = []
    local = connect(Server("here", provider="local"))
    assert isinstance(local, Local)
    assert local.run(["cat"], stdin=b"hello", on_line=lines.append).out == "hello"
    assert lines == ["hello"]
    assert "exit 7" in failing(local, "sh", "-c", "exit 7").message
