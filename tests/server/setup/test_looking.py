"""What the checks of the script say, on a machine made of a folder; tests/box tries the same on a real system."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.server.setup.machine import Folder

pytestmark = pytest.mark.skipif(
    shutil.which("stat") is None or not Path("/proc/self").exists(), reason="needs Linux"
)

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO9uh325ir3OV336n38yKn4pa5iCPw8X9RF1s5yz5TpM ada"
UNITS = {
    "limit": ("fastcompanion-limit.timer", "fastcompanion-limit-notice.timer"),
    "idle": ("fastcompanion-idle.timer",),
    "updates": ("fastcompanion-restart.timer",),
    "journal": (),
    "motd": (),
}
SYSTEM = "etc/systemd/system/fastcompanion"
FILES = {
    "limit": (f"{SYSTEM}-limit.service", f"{SYSTEM}-limit.timer", f"{SYSTEM}-limit-notice.service", f"{SYSTEM}-limit-notice.timer"),
    "idle": ("etc/fastcompanion/server.env", "usr/local/bin/fastcompanion-idle", f"{SYSTEM}-idle.service", f"{SYSTEM}-idle.timer"),
    "updates": ("etc/apt/apt.conf.d/52fastcompanion", f"{SYSTEM}-restart.service", f"{SYSTEM}-restart.timer"),
    "journal": ("etc/systemd/journald.conf.d/50-fastcompanion.conf",),
    "motd": ("etc/update-motd.d/60-fastcompanion",),
}  # fmt: skip
PUT = {
    "limit": "files_limit put", "idle": 'files_idle put; folder "$KNOWN/keep"', "updates": "files_updates put",
    "journal": "put 644 $JOURNAL_FILE journal_text", "motd": "put 755 $PLACE/etc/update-motd.d/60-fastcompanion motd_text",
}  # fmt: skip


@pytest.fixture
def machine(tmp_path: Path) -> Folder:
    made = Folder(tmp_path)
    made.begin()
    return made


def right(machine: Folder, step: str, **settings: str) -> bool:
    return machine.looks_right(step, **settings)[0]


# --- files and units ---

# Each thing that a step made is damaged in turn, and what its check does not see is named.
DAMAGE = """
seen() { look_around; if looks_right %(step)s; then echo "not seen: $*"; fi; cp -a "$PLACE/whole/." "$PLACE"; }
look_around
looks_right %(step)s || echo "not right from the beginning"
mkdir "$PLACE/whole"; cp -a "$PLACE/etc" "$PLACE/whole"
if [ -d "$PLACE/usr" ]; then cp -a "$PLACE/usr" "$PLACE/whole"; fi
for file in %(files)s; do
    file=$PLACE/$file
    rm "$file"; seen "$file is gone"
    echo x >>"$file"; seen "$file has another text"
    chmod 600 "$file"; seen "$file has another mode"
done
for unit in %(units)s; do
    rm "$PLACE"/etc/systemd/system/*.wants/$unit; seen "$unit does not come back"
    sed -i "/^$unit /d" "$PLACE/units"; seen "$unit is off"
    echo "$unit loaded" >>"$PLACE/units"
done
"""


@pytest.mark.parametrize("step", FILES)
def test_what_is_not_as_it_was_made_is_seen(machine: Folder, step: str) -> None:
    machine.switch_on(*UNITS[step])
    # The folder for what the learner asks for is theirs, and a test has no second user.
    words = {"step": step, "files": " ".join(FILES[step]), "units": " ".join(UNITS[step])}
    said = machine.bash(f"{PUT[step]}\n{DAMAGE % words}", LEARNER=machine.place.owner())
    assert said == ""


def test_a_folder_for_what_the_learner_asks_for_that_is_not_theirs_is_seen(machine: Folder) -> None:
    machine.switch_on(*UNITS["idle"])
    owner = machine.place.owner()
    machine.bash(PUT["idle"], LEARNER=owner)
    assert right(machine, "idle", LEARNER=owner)
    machine.bash(PUT["idle"], LEARNER="daemon")
    assert not right(machine, "idle", LEARNER="daemon")


def test_other_hours_and_minutes_are_another_machine(machine: Folder) -> None:
    machine.bash(PUT["limit"])
    machine.switch_on(*UNITS["limit"])
    assert right(machine, "limit")
    assert not right(machine, "limit", LIMIT="3600")
    assert not right(machine, "limit", MAX_HOURS="0")
    machine.bash("files_limit gone")
    assert right(machine, "limit", MAX_HOURS="0")


# --- packages ---

THERE = 'echo "installed git"; echo "installed tmux"'


def packages(machine: Folder) -> bool:
    return right(machine, "packages", PACKAGES="git tmux")


def test_a_package_that_is_missing_is_seen(machine: Folder) -> None:
    machine.program("dpkg-query", 'echo "installed git"; exit 1')
    assert not packages(machine)
    machine.program("dpkg-query", 'echo "installed git"; echo "config-files tmux"')
    assert not packages(machine)
    machine.program("dpkg-query", THERE)
    assert packages(machine)


def test_a_package_of_two_architectures_is_one(machine: Folder) -> None:
    machine.program("dpkg-query", 'echo "installed git"; echo "installed git"; exit 1')
    assert not packages(machine)


def test_nothing_is_asked_again_until_a_package_changes(machine: Folder) -> None:
    """By its time and not by what came later: a clock that was wrong once makes a note of next year."""
    machine.program("dpkg-query", THERE)
    assert packages(machine)
    machine.program("dpkg-query", "exit 1")
    assert packages(machine)
    assert not right(machine, "packages", PACKAGES="git tmux jq")
    status = machine.place / "var/lib/dpkg/status"
    noted = (machine.place / "var/lib/fastcompanion/installed").stat().st_mtime
    for moment in (noted - 60, noted + 60):
        os.utime(status, (moment, moment))
        assert not packages(machine)


def test_who_installs_something_now_is_waited_for(machine: Folder) -> None:
    """unattended-upgrades is at work in the first minutes of a machine, and some locks apt waits for, others not."""
    machine.program("sleep", f"echo waited >>{machine.place}/waited")
    locked = "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)"
    machine.program("apt-get", f'if [ -e {machine.place}/waited ]; then exit 0; fi; echo "{locked}"; exit 100')  # fmt: skip
    log = machine.place / "log"
    machine.bash(f"OUT={log}; patiently apt update >$OUT")
    assert (machine.place / "waited").read_text() == "waited\n"
    machine.program("apt-get", "echo 'E: no such host'; exit 100")
    said = machine.bash(f"OUT={log}; patiently apt update >$OUT || echo given up")
    assert said == "given up\n"
    assert (machine.place / "waited").read_text() == "waited\n", "a broken source is no lock"


# --- becoming root ---


@pytest.mark.parametrize(
    ("state", "rules", "enough"),
    [
        ("P", "    (ALL : ALL) ALL", True),
        ("P", "    (ALL) ALL", True),
        ("P", "    (root) ALL", True),
        ("P", "    (ALL) /usr/bin/less", False),
        ("P", "User ada is not allowed to run sudo on gpu.", False),
        ("L", "    (ALL : ALL) ALL", False),
        ("NP", "    (ALL : ALL) ALL", False),
    ],
)
def test_who_has_a_password_and_the_right_goes_on_being_asked(
    machine: Folder, state: str, rules: str, enough: bool
) -> None:
    """Whatever rule gives it: one of sudo's group or one of the user's own."""
    machine.program("passwd", f'echo "$2 {state} 2026-01-01 0 99999 7 -1"')
    machine.program("sudo", f'if [ "$1" = -n ]; then exit 1; fi; echo "{rules}"')
    found, note = machine.looks_right("sudo")
    assert found is enough
    assert note == ("sudo asks for your password" if enough else "")


def test_who_becomes_root_freely_needs_no_rule(machine: Folder) -> None:
    machine.program("passwd", 'echo "$2 L"')
    machine.program("sudo", 'test "$1" = -n')
    assert right(machine, "sudo")


# --- ssh ---

SAYS = {
    "passwordauthentication": "no",
    "kbdinteractiveauthentication": "no",
    "pubkeyauthentication": "yes",
    "permitrootlogin": "no",
}


def sshd(machine: Folder, **changes: str) -> None:
    said = "".join(f"{name} {value}\n" for name, value in {**SAYS, **changes}.items())
    machine.program("sshd", f"printf 'port 22\n{said}authorizedkeysfile .ssh/authorized_keys\n'")
    machine.bash("put 644 $SSHD_FILE sshd_text")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("passwordauthentication", "yes"),
        ("kbdinteractiveauthentication", "yes"),
        ("pubkeyauthentication", "no"),
        ("permitrootlogin", "yes"),
    ],
)
def test_only_what_sshd_says_itself_counts(machine: Folder, name: str, value: str) -> None:
    sshd(machine)
    assert right(machine, "sshd")
    sshd(machine, **{name: value})
    assert not right(machine, "sshd")


@pytest.mark.parametrize(
    ("line", "gets_in"),
    [
        (KEY, True),
        (f'from="10.0.0.0/8" {KEY}', True),
        (f"\n# an old one\n{KEY}", True),
        (f'no-pty,command="echo \'Please login as the user \\"ada\\".\';exit 142" {KEY}', False),
        (f"# {KEY}", False),
        ("", False),
    ],
)
def test_whoever_comes_in_as_root_today_still_can_and_nobody_else(
    machine: Folder, line: str, gets_in: bool
) -> None:
    """Where somebody has a key for root, what sshd is set to for root stays: also a "no"."""
    machine.file("root/.ssh/authorized_keys", line)
    text = machine.bash('sshd_text; printf "%s" "$WANTED"')
    assert ("PermitRootLogin" not in text) is gets_in
    assert text.endswith("PermitRootLogin no\n") is not gets_in
    sshd(machine, permitrootlogin="yes")
    assert right(machine, "sshd") is gets_in


def test_for_root_as_the_learner_nothing_is_said_of_root(machine: Folder) -> None:
    assert "PermitRootLogin" not in machine.bash('LEARNER=root; sshd_text; printf "%s" "$WANTED"')


def test_a_key_of_a_stranger_is_no_key(machine: Folder) -> None:
    """sshd reads none that others can write, or that belongs to another user."""
    sshd(machine)
    keys = machine.file("home/.ssh/authorized_keys", f"{KEY}\n")
    for path in (machine.place / "home", keys.parent, keys):
        path.chmod(0o700)
    owner = machine.place.owner()
    program = """
        ask() { if usable_key; then echo yes; else echo no; fi; }
        look_around; ask
        for path in home home/.ssh home/.ssh/authorized_keys; do
            chmod 720 "$PLACE/$path"; ask; chmod 700 "$PLACE/$path"
        done
        LEARNER=nobody; ask
        echo "# none" >"$PLACE/home/.ssh/authorized_keys"; LEARNER=%s; ask"""
    if owner == "root":  # whose files sshd reads whoever logs in
        program = program.replace(
            "LEARNER=nobody; ask", 'chown 1 "$PLACE/home/.ssh"; ask; chown 0 "$PLACE/home/.ssh"'
        )
    expected = ["yes", "no", "no", "no", "no", "no"]
    assert machine.bash(program % owner, LEARNER=owner).splitlines() == expected


@pytest.mark.parametrize(
    ("text", "there"),
    [
        (KEY, True),
        (f"ssh-rsa AAAAother x\n  {KEY}\n", True),
        (f"# {KEY}\n", False),
        (f"#{KEY}\n", False),
        ("", False),
    ],
)
def test_a_key_counts_once_it_is_no_comment(machine: Folder, text: str, there: bool) -> None:
    machine.file("home/.ssh/authorized_keys", text)
    assert right(machine, "key", PUBLIC_KEY=KEY) is there


# --- the firewall ---

RULES = (
    "-P INPUT DROP\n-A ufw-user-input {}\n-A ufw-user-output -p tcp -m tcp --dport 22 -j ACCEPT\n"
)


def firewall(machine: Folder, rule: str = "-p tcp -m tcp --dport 22 -j ACCEPT") -> None:
    sshd(machine)
    machine.file("etc/ufw/ufw.conf", "# ufw\nENABLED=yes\n")
    machine.file("etc/default/ufw", 'DEFAULT_INPUT_POLICY="DROP"\n')
    machine.program("iptables", f"printf -- '{RULES.format(rule)}'")


@pytest.mark.parametrize(
    ("rule", "open_"),
    [
        ("-p tcp -m tcp --dport 22 -j ACCEPT", True),
        ("-s 192.0.2.7/32 -p tcp -m tcp --dport 22 -j ACCEPT", True),
        ("-p tcp -m tcp --dport 22 -m comment --comment dapp_OpenSSH -j ACCEPT", True),
        ("-p tcp -m tcp --dport 22 -j ufw-user-limit-accept", True),
        ("-p tcp -m tcp --dport 22 -j DROP", False),
        ("-p tcp -m tcp --dport 2222 -j ACCEPT", False),
        ("-p tcp -m tcp --dport 220 -j ACCEPT", False),
        ("-p tcp -m tcp --dport 22 -j DROP\\n-A ufw-user-input -p tcp -m tcp --dport 80 -j ACCEPT", False),
    ],
)  # fmt: skip
def test_a_firewall_is_right_if_ssh_comes_in(machine: Folder, rule: str, open_: bool) -> None:
    """By a rule of the learner's as well: one for their own address alone is not made wider."""
    firewall(machine, rule)
    assert right(machine, "firewall") is open_


def test_a_firewall_that_is_off_or_lets_everything_in_is_seen(machine: Folder) -> None:
    firewall(machine)
    machine.file("etc/ufw/ufw.conf", "# ENABLED=yes\nENABLED=no\n")
    assert not right(machine, "firewall")
    firewall(machine)
    machine.file("etc/default/ufw", 'DEFAULT_INPUT_POLICY="ACCEPT"\n')
    assert not right(machine, "firewall")
    firewall(machine)
    rules = RULES.replace("INPUT DROP", "INPUT ACCEPT").format("-p tcp -m tcp --dport 22 -j ACCEPT")
    machine.program("iptables", f"printf -- '{rules}'")
    assert not right(machine, "firewall")


def test_the_ends_of_tunnels_are_no_ports_of_ssh(machine: Folder) -> None:
    """A tunnel's sshd talks to JupyterLab from a port of the moment, which stood open to the world from then on."""
    machine.program(
        "ss",
        """if [ "$1" = -Htln ]; then cat <<END
LISTEN 0      128          0.0.0.0:2222       0.0.0.0:*
LISTEN 0      128             [::]:2222          [::]:*
LISTEN 0      128        127.0.0.1:8888       0.0.0.0:*
END
else cat <<END
0      0       10.0.0.5:2222   192.0.2.7:50112 users:(("sshd-session",pid=9,fd=4),("sshd",pid=7,fd=4))
0      0      127.0.0.1:45678  127.0.0.1:8888  users:(("sshd",pid=9,fd=8))
0      0      127.0.0.1:8888   127.0.0.1:45678 users:(("python",pid=5,fd=8))
END
fi""",
    )
    assert machine.bash("busy_ports") == "2222\n"


# --- memory, driver ---


@pytest.mark.parametrize(
    ("kilobytes", "swaps", "no_swap", "enough"),
    [
        (32_000_000, "", False, True),
        (16_000_000, "", False, True),
        (15_999_999, "", False, False),
        (8_000_000, "/dev/zram0 partition 1 0 1\n", False, True),
        (8_000_000, "", True, True),
    ],
)
def test_little_memory_wants_swap(
    machine: Folder, kilobytes: int, swaps: str, no_swap: bool, enough: bool
) -> None:
    machine.file("proc/meminfo", f"MemTotal:       {kilobytes} kB\nMemFree:  1 kB\n")
    machine.file("proc/swaps", f"Filename Type Size Used Priority\n{swaps}")
    if no_swap:
        machine.file("var/lib/fastcompanion/no-swap", "")
    assert right(machine, "swap") is enough


def gpu(machine: Folder, vendor: str = "0x10de", kind: str = "0x030200") -> None:
    machine.file("sys/bus/pci/devices/0000:00:1e.0/vendor", f"{vendor}\n")
    machine.file("sys/bus/pci/devices/0000:00:1e.0/class", f"{kind}\n")


def test_a_driver_is_wanted_for_an_nvidia_gpu_alone(machine: Folder) -> None:
    for vendor, kind in (("0x1002", "0x030000"), ("0x10de", "0x040300")):
        gpu(machine, vendor, kind)
        assert machine.looks_right("driver") == (True, "not applicable: no NVIDIA GPU")
    gpu(machine)
    assert not right(machine, "driver", OS_ID="ubuntu")
    assert machine.looks_right("driver", OS_ID="ubuntu", DRIVER="skip")[0]
    found, note = machine.looks_right("driver")
    assert found
    assert "NvidiaGraphicsDrivers" in note


def test_a_driver_that_was_cut_off_is_not_whole(machine: Folder) -> None:
    """nvidia-smi may be there before the rest is; and a restart forgets what was begun."""
    gpu(machine)
    machine.program("nvidia-smi", "exit 9")
    found, note = machine.looks_right("driver", OS_ID="ubuntu")
    assert found
    assert "restart the machine" in note
    begun = machine.file("var/lib/fastcompanion/driver", "")
    assert not right(machine, "driver", OS_ID="ubuntu")
    begun.write_text("whole\n")
    assert right(machine, "driver", OS_ID="ubuntu")


@pytest.mark.parametrize(
    ("driver", "tools"),
    [
        ("nvidia-headless-no-dkms-570-server-open", "nvidia-utils-570-server"),
        ("nvidia-headless-no-dkms-535-server", "nvidia-utils-535-server"),
        ("nvidia-headless-580-open", "nvidia-utils-580"),
    ],
)
def test_the_tools_of_a_driver_are_found_by_its_name(
    machine: Folder, driver: str, tools: str
) -> None:
    """Ubuntu has open drivers, and none of its nvidia-utils is called so."""
    for name in ("dpkg", "ubuntu-drivers"):
        machine.program(name, "exit 0")
    machine.program("dpkg-query", f"echo installed {driver}")
    machine.program("apt-get", f'echo "$*" >>{machine.place}/apt')
    machine.bash("do_driver")
    assert (machine.place / "apt").read_text().split("\n")[-2].split()[-1] == tools
    assert (machine.place / "var/lib/fastcompanion/driver").read_text() == "whole\n"


# --- python ---


def test_an_environment_is_whole_when_all_of_it_is_there(machine: Folder) -> None:
    here = "home/.venvs/fast"
    assert not right(machine, "python")
    machine.file(f"{here}/bin/python", "").chmod(0o755)
    assert not right(machine, "python")
    machine.file(f"{here}/.fastcompanion", "")
    assert not right(machine, "python")
    machine.file(f"{here}/.fastcompanion", "pip fastai\n")
    assert right(machine, "python", MODULES="pip fastai")
    assert not right(machine, "python", MODULES="pip fastai timm")
    (machine.place / here / "bin/python").unlink()
    assert not right(machine, "python", MODULES="pip fastai")


def test_the_program_is_there_in_its_version_alone(machine: Folder) -> None:
    place = "home/.venvs/fast/lib/python3.12/site-packages"
    machine.file(f"{place}/fastcompanion-0.1.0.dist-info/METADATA", "")
    assert right(machine, "program", PROGRAM="0.1.0")
    assert not right(machine, "program", PROGRAM="0.1.1")


def test_the_index_that_pip_is_set_to_is_the_one_of_uv(machine: Folder) -> None:
    """An address may hold the sign that separates names from values."""
    machine.file("uv/bin/python", """#!/bin/sh
        echo "global.index-url='https://mirror.example.org/simple?team=ada&x=1'"
        echo "global.find-links='/srv/wheels'"; echo "global.no-index='true'"; echo "global.timeout='60'"
        """).chmod(0o755)  # fmt: skip
    assert machine.bash("index_of_pip $PLACE/uv").splitlines() == [
        "--default-index https://mirror.example.org/simple?team=ada&x=1",
        "--find-links /srv/wheels",
        "--no-index",
    ]


def test_an_environment_beside_other_things_takes_only_itself_away(machine: Folder) -> None:
    """`--env /opt/fast` on a machine whose /opt is empty."""
    machine.file("opt/fast/.fastcompanion", "six\n")
    machine.bash("VENV=$PLACE/opt/fast; undo_python")
    assert [one.name for one in (machine.place / "opt").iterdir()] == []


def test_dotfiles_that_were_cut_off_are_not_whole(machine: Folder) -> None:
    assert not right(machine, "dotfiles", DOTFILES="git@example.org:ada/dots")
    unfinished = machine.file("home/.dotfiles/unfinished", "")
    assert not right(machine, "dotfiles", DOTFILES="git@example.org:ada/dots")
    unfinished.unlink()
    assert right(machine, "dotfiles", DOTFILES="git@example.org:ada/dots")


@pytest.mark.parametrize(
    ("name", "answer", "word"),
    [
        ("OS_ID", "fedora", "only Debian and Ubuntu"),
        ("HOSTTYPE", "riscv64", "PyTorch has nothing"),
        ("SYSTEMD", "no", "--kind container"),
    ],
)
def test_a_machine_that_is_not_fit_is_refused(
    machine: Folder, name: str, answer: str, word: str
) -> None:
    machine.program("stat", "echo '5000000 * 4096'")
    machine.file("proc/version", "Linux version 6.1.0")
    machine.file("sys/class/dmi/id/sys_vendor", "Amazon EC2")
    assert machine.looks_right("preflight") == (True, "")
    found, note = machine.looks_right("preflight", **{name: answer})
    assert not found
    assert word in note
    machine.program("stat", "echo '1000 * 4096'")
    assert machine.looks_right("preflight") == (False, "the disk is full")


# --- JupyterLab ---


class Lab(ThreadingHTTPServer):
    daemon_threads = True
    status = 200
    kernels = "[]"


class Handler(BaseHTTPRequestHandler):
    server: Lab

    def do_GET(self) -> None:
        known = self.headers["Authorization"] == "token planted"
        self.send_response(self.server.status if known else 403)
        self.end_headers()
        self.wfile.write(
            self.server.kernels.encode() if "kernels" in self.path else b'{"started": " 200 "}'
        )

    def log_message(self, *words: object) -> None:
        return None


@pytest.fixture
def lab(machine: Folder) -> Iterator[Lab]:
    server = Lab(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    text = f"JUPYTER_TOKEN=planted\nJUPYTER_PORT={server.server_port}\n"
    machine.file("etc/fastcompanion/jupyter.env", text).chmod(0o600)
    machine.program("python", "exit 0")
    machine.bash("files_jupyter put")
    machine.switch_on("fastcompanion-jupyter.service")
    yield server
    server.shutdown()
    server.server_close()


def jupyter(machine: Folder, **settings: str) -> bool:
    return machine.looks_right("jupyter", LEARNER=machine.place.owner(), **settings)[0]


def test_only_an_answer_says_that_jupyterlab_runs(machine: Folder, lab: Lab) -> None:
    machine.bash(f"LEARNER={machine.place.owner()}; files_jupyter put")
    assert jupyter(machine)
    lab.status = 500
    assert not jupyter(machine)
    lab.status = 200
    token = machine.place / "etc/fastcompanion/jupyter.env"
    token.write_text(token.read_text().replace("planted", "another"))
    assert not jupyter(machine)


def test_a_token_that_others_can_read_is_no_token(machine: Folder, lab: Lab) -> None:
    machine.bash(f"LEARNER={machine.place.owner()}; files_jupyter put")
    (machine.place / "etc/fastcompanion/jupyter.env").chmod(0o644)
    assert not jupyter(machine)


def test_jupyterlab_that_is_not_there_after_a_restart_is_seen(machine: Folder, lab: Lab) -> None:
    machine.bash(f"LEARNER={machine.place.owner()}; files_jupyter put")
    for link in machine.place.glob("etc/systemd/system/*.wants/fastcompanion-jupyter.service"):
        link.unlink()
    assert not jupyter(machine)


@pytest.mark.parametrize("busy", [True, False])
def test_a_setup_ends_no_cell_that_runs(machine: Folder, lab: Lab, busy: bool) -> None:
    """A newer script has other files for JupyterLab; its start anew would end a training of hours."""
    lab.kernels = f'[{{"id": "1", "execution_state": "{"busy" if busy else "idle"}"}}]'
    here = machine.file("home/.venvs/fast/bin/python", "#!/bin/sh\n")
    here.chmod(0o755)
    owner = machine.place.owner()
    note = machine.bash(f'LEARNER={owner}; do_jupyter; printf "%s" "$NOTE"')
    assert ("restart fastcompanion-jupyter.service" in machine.asked) is not busy
    assert ("a cell runs" in note) is busy


def test_updates_of_a_night_leave_jupyterlab_running(machine: Folder) -> None:
    """needrestart starts every service anew whose libraries are new: at Ubuntu without being asked."""
    if shutil.which("perl") is None:
        pytest.skip("needrestart's settings are Perl")
    text = machine.bash('left_running; printf "%s" "$WANTED"')
    program = f"our %nrconf; {text} my ($rule) = keys %{{$nrconf{{override_rc}}}}; my $on = $nrconf{{override_rc}}{{$rule}};"
    ask = (
        "print join ' ', map {{ /$rule/ ? $on : 1 }} qw(fastcompanion-jupyter.service ssh.service)"
    )
    said = subprocess.run(["perl", "-we", program + ask.replace("{{", "{").replace("}}", "}")], capture_output=True, text=True, check=False)  # fmt: skip
    assert said.stdout == "0 1", said.stderr
