"""What is wrong in fastai/fastsetup (docs/server-features.md numbers it), and that our script does not have it.

What only a real system can show is tried in tests/box; here is what the text itself shows.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from fastcompanion.server.setup import script, steps
from fastcompanion.server.setup.script import Options

TEXT = (Path(__file__).resolve().parents[3] / "templates/server/setup.sh").read_text()
#: Without comments, explanations and what is only said.
CODE = "\n".join(line for line in TEXT.splitlines() if not re.match(r" *(#|remark )", line))


def body(name: str) -> str:
    """The text of one function."""
    found = re.search(
        rf"^{name}\(\) \{{(.*?)^\}}$|^{name}\(\) \{{(.*)\}}$", TEXT, re.MULTILINE | re.DOTALL
    )
    assert found is not None, name
    return found[0]


def test_07_sudo_is_neither_loosened_nor_left_unchecked() -> None:
    """timestamp_timeout=3600, lines appended to /etc/sudoers, no visudo."""
    assert "timestamp_timeout" not in CODE
    assert not re.search(r"/etc/sudoers(?!\.d/90-fastcompanion)", CODE)
    assert body("do_sudo").index("visudo -q -c -f") < body("do_sudo").index("put 440")


def test_09_swap_is_private_from_its_first_byte_and_not_in_fstab() -> None:
    """0644 between fallocate and chmod, fstab lines repeated, mkswap on a swap file in use."""
    assert "fstab" not in CODE
    assert re.search(r"\(umask 077 && \{ fallocate", body("do_swap"))
    assert "</proc/swaps" in body("check_swap")


@pytest.mark.parametrize("word", ["apt-key", "keyserver", "add-apt-repository", "gpg --", "sources.list", "ppa:"])  # fmt: skip
def test_10_no_key_and_no_archive_of_a_stranger_is_trusted(word: str) -> None:
    """64-bit key ids from a keyserver, the same archive twice, apt-key."""
    assert word not in CODE


def test_11_nothing_is_fetched_and_run() -> None:
    """curl into a shell as root, a pipe without pipefail."""
    assert not re.search(r"(curl|wget)[^\n]*\|\s*(sudo )?(ba|z|)sh\b", CODE)
    assert "wget" not in CODE
    assert re.search(r"^set -Eeuo pipefail$", TEXT, re.MULTILINE)
    addresses = set(re.findall(r"https?://[^\s\"'$/]*", CODE))
    assert addresses == set()


def test_12_only_files_of_our_own_are_written() -> None:
    """logrotate.conf, journald.conf and 50unattended-upgrades were overwritten."""
    written = re.findall(r"(?:\"\$1\"|put) [0-7]{3} (\S+)", CODE)
    assert len(written) > 15
    named = [re.sub(r"^\$(ETC|JOURNAL_FILE|SSHD_FILE)", lambda one: constant(one[1]), path) for path in written]  # fmt: skip
    assert [path for path in named if "fastcompanion" not in path] == []
    appended = {path for path in re.findall(r">>\s*\"?([^\s\";)&]+)", CODE) if not path.startswith(("$WORK", "$KNOWN", "$OUT", "$file"))}  # fmt: skip
    assert appended == set()


def constant(name: str) -> str:
    found = re.search(rf"^{name}=(\S+)", TEXT, re.MULTILINE)
    assert found is not None
    return found[1]


def test_14_no_server_that_nobody_asked_for() -> None:
    """opensmtpd, isc-dhcp-client, lsyncd, cpanminus."""
    names = " ".join(re.findall(r'list(?:=|\+=)"([^"]*)"', TEXT))
    assert "git" in names.split()
    unwanted = ("smtp", "mail", "postfix", "exim", "dhcp", "lsyncd", "cpanminus", "nginx", "caddy")
    assert [name for name in names.split() if any(word in name for word in unwanted)] == []


def test_15_strange_host_keys_are_not_waved_through() -> None:
    """`Host *` with StrictHostKeyChecking no, twice after two runs; nobody's ssh settings are written."""
    assert "StrictHostKeyChecking" not in CODE
    assert ".ssh/config" not in CODE
    assert "ForwardAgent" not in CODE


def test_16_the_network_is_not_set_up_anew() -> None:
    """DHCP for every interface cut servers with a fixed address off."""
    assert not re.search(r"netplan|/etc/network|dhclient|networkctl", CODE)


def test_18_nothing_stands_unquoted() -> None:
    """Left to shellcheck: tests/server/setup/test_script.py::test_shellcheck_finds_nothing; no rule is off but three."""
    off = set(re.findall(r"shellcheck disable=(SC\d+)", TEXT))
    assert off == {"SC2016", "SC2046", "SC2206"}  # texts for an inner shell, and lists of words


def test_20_wsl_gets_no_ssh_server_and_no_settings_for_one() -> None:
    """sshd_config of a server that is not installed was made of four lines, and the restart failed."""
    names = {step.name for step in steps.all_steps() if "wsl" in (*step.kinds, *step.on_request)}
    assert names == {"preflight", "packages", "python", "program", "jupyter", "dotfiles", "verify"}
    assert "openssh-server" not in TEXT.split("if [[ $KIND == cloud ]]; then list+=")[0]


def test_21_nothing_is_installed_into_the_systems_python() -> None:
    """pip install there is an error since PEP 668."""
    assert "break-system-packages" not in CODE
    assert re.findall(r"^.*\bpip\b.*install.*$", CODE, re.MULTILINE)
    for line in re.findall(r"^.*\bpip\b.*install.*$", CODE, re.MULTILINE):
        assert re.search(r'"\$(uv|KNOWN/uv)/bin/', line), line


def test_25_it_never_runs_in_the_learners_own_shell(tmp_path: Path) -> None:
    """`set -e` in a file that is to be sourced ends the learner's shell at their next typing error."""
    file = tmp_path / "setup.sh"
    file.write_text(script.render(Options()))
    words = f"source {file} --explain || echo refused\nfalse\necho $-"
    done = subprocess.run(["bash", "-c", words], capture_output=True, text=True, check=False)
    refused, flags = done.stdout.splitlines()
    assert (refused, done.returncode) == ("refused", 0)
    assert not set("eu") & set(flags)


def test_26_no_anaconda_no_web_server_no_page_taken_for_a_file() -> None:
    assert not re.search(r"conda|caddy|github\.com|blob/", CODE)


def test_27_no_password_is_typed_or_kept() -> None:
    """A mail password in argv of two programs and in a perl expression."""
    assert not re.search(r"chpasswd|read -[a-z]*s|smtp", CODE)


def test_28_root_writes_no_file_with_a_name_that_others_can_guess() -> None:
    """apt-fast wrote a known name in the folder for everybody's temporary files."""
    assert not re.search(r"/tmp/|/var/tmp|/dev/shm", CODE)
    assert constant("WORK").startswith("$RUN/")
    assert constant("RUN").startswith("/run/")
    assert 'install -d -m 700 "$WORK"' in body("take_the_machine")
    assert "new=${2%/*}/.fastcompanion.new" in body("put"), "in a folder of root"


def test_29_nobody_has_to_guess_a_driver_and_no_cuda_is_installed() -> None:
    assert not re.search(r"nvidia-\d{3}|cuda-toolkit|nvidia-cuda", CODE)
    assert "ubuntu-drivers install --gpgpu" in body("do_driver")
    assert "wsl" not in steps.find("driver").kinds
