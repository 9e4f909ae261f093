"""What a new machine is told: small enough, understood by cloud-init, and without a secret."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from fastcompanion.server.cloud import exports, keys, prices, userdata
from fastcompanion.server.setup import script
from fastcompanion.server.setup.script import Options
from tests.box.rootfs import FOLDER
from tests.server.cloud.conftest import PUBLIC_KEY

# 4096 bits that no packing makes smaller, as those of a real key.
_BITS = b"".join(hashlib.sha256(bytes([number])).digest() for number in range(17))
RSA = f"ssh-rsa AAAAB3NzaC1yc2E{base64.b64encode(_BITS).decode().rstrip('=')} ada@laptop"
CASES = [
    Options(kind="cloud", user="ubuntu", key=PUBLIC_KEY),
    Options(kind="cloud", user="ubuntu", key=RSA, idle_minutes=1440, max_hours=72),
    Options(kind="cloud", user="ubuntu", key=PUBLIC_KEY, timezone="America/Argentina/Buenos_Aires"),
]


def _schema() -> Path:
    """Find cloud-init's own schema: of this machine, or of the test box."""
    inside = "usr/lib/python3/dist-packages/cloudinit/config/schemas/schema-cloud-config-v1.json"
    found = [Path("/") / inside, *sorted(FOLDER.glob(f"server-*/{inside}"))]
    there = [one for one in found if one.is_file()]
    if not there:
        pytest.skip("cloud-init's schema is not here: make test-box makes a box that has it")
    return there[-1]


SCHEMA_TESTS = ("good", "typo", "type")


def _key(kind: str, size: int, seed: int) -> str:
    """A public key of a kind, as long as a real one, that no packing makes smaller."""
    bits = b"".join(hashlib.sha256(bytes([seed, number])).digest() for number in range(80))
    return f"{kind} {base64.b64encode(bits[:size]).decode()} a.long.name@and-a-machine.of.some.university.example"


#: what the script may still grow by before a launch at EC2 fails
ROOM = 64
# As many bytes as ssh-keygen makes of each kind.
KEYS = [
    _key("ssh-ed25519", 51, 1),
    _key("ssh-rsa", 535, 2),
    _key("ssh-rsa", 2071, 3),
    _key("ecdsa-sha2-nistp521", 172, 4),
    _key("sk-ssh-ed25519@openssh.com", 74, 5),
    _key("sk-ecdsa-sha2-nistp256@openssh.com", 127, 6),
]


@pytest.mark.parametrize("line", KEYS)
def test_there_is_room_whatever_is_chosen(line: str) -> None:
    """All that `launch` can put in: the kind of the key, the longest times, the longest zone."""
    options = Options(
        kind="cloud",
        user=userdata.USER,
        key=line,
        idle_minutes=1440,
        max_hours=72,
        timezone="America/Argentina/ComodRivadavia",
    )
    size = len(userdata.packed(options, keeps_key=keys.Key(line, None, "").for_ec2))
    assert size <= userdata.LARGEST - ROOM, f"{size} bytes: shorten templates/server/setup.sh"


def test_a_large_key_comes_through_ec2_itself() -> None:
    rsa = KEYS[1]
    options = Options(kind="cloud", user=userdata.USER, key=rsa)
    assert "ssh_authorized_keys" not in unpacked(userdata.packed(options, keeps_key=True))


@pytest.mark.parametrize("options", CASES)
def test_it_fits_into_what_ec2_takes(options: Options) -> None:
    keeps_key = keys.Key(options.key, None, "").for_ec2
    packed = userdata.packed(options, keeps_key=keeps_key)
    assert len(packed) <= 16 * 1024
    again = userdata.packed(options, keeps_key=keeps_key)
    assert again == packed, "a launch that goes on asks for the same bytes"


def test_cloud_init_gets_the_script_as_it_is() -> None:
    text = userdata.cloud_config(CASES[0])
    assert text.startswith("#cloud-config\n")
    data = yaml.safe_load(text)
    assert data["write_files"][0]["content"] == script.render(CASES[0])
    assert data["write_files"][0]["permissions"] == "0755"
    assert data["ssh_authorized_keys"] == [PUBLIC_KEY]
    assert data["ssh_pwauth"] is False
    assert data["runcmd"][-1] == ["bash", data["write_files"][0]["path"]]


def test_what_is_packed_unpacks_itself(tmp_path: Path) -> None:
    data = unpacked(userdata.packed(CASES[0]))
    assert data["ssh_authorized_keys"] == [PUBLIC_KEY.rpartition(" ")[0]], "without the remark"
    file = data["write_files"][0]
    (tmp_path / "fastcompanion-setup.bz2").write_bytes(base64.b64decode(file["content"]))
    limit, unpack, run_it = data["runcmd"]
    assert limit[0] == "systemd-run"
    place = str(Path(userdata.SCRIPT_PATH).parent)
    words = [one.replace(place, str(tmp_path)) for one in unpack]
    subprocess.run([sys.executable, *words[1:]], check=True)
    made = (tmp_path / "fastcompanion-setup").read_text()
    assert made == userdata.shortest(CASES[0])
    assert "sha256" not in made, "bzip2 looks itself whether it came over whole"
    whole = script.render(replace(CASES[0], key=""), terse=True).splitlines()
    missing = [line for line in whole if line not in set(made.splitlines())]
    assert len(missing) < 4, "nothing else is left out"
    assert run_it == ["bash", userdata.SCRIPT_PATH]


def unpacked(packed: bytes) -> dict[str, Any]:
    """Read what EC2 gets as cloud-init does."""
    data = yaml.safe_load(gzip.decompress(packed))
    assert isinstance(data, dict)
    return data


def test_the_hard_limit_stands_before_the_script() -> None:
    first = yaml.safe_load(userdata.cloud_config(CASES[0]))["runcmd"][0]
    assert first[0] == "systemd-run"
    assert "--on-boot=28800" in first, "from now on would begin anew at each daemon-reload"
    assert first[-2:] == ["start", "poweroff.target"], "not held back by anybody"
    assert "--job-mode=replace-irreversibly" in first


def test_a_limit_that_the_setup_has_set_takes_the_place_of_the_first() -> None:
    """Else `setup --max 24` would not move what stops the machine in its first hours; seen in tests/box."""
    assert unpacked(userdata.packed(CASES[0]))["runcmd"][-1] == ["bash", userdata.SCRIPT_PATH]
    begun, named = "\ndo_limit() {", f"systemctl stop {userdata.FIRST_LIMIT}.timer"
    script = userdata.shortest(CASES[0])
    assert named in script.partition(begun)[2].partition("\n}\n")[0]


@pytest.mark.parametrize("which", SCHEMA_TESTS)
def test_cloud_inits_own_schema(which: str) -> None:
    import jsonschema

    schema = json.loads(_schema().read_text())
    data = unpacked(userdata.packed(CASES[0]))
    assert not list(
        jsonschema.Draft4Validator(schema).iter_errors(
            yaml.safe_load(userdata.cloud_config(CASES[0]))
        )
    )
    if which == "typo":
        data["write_files"][0]["permision"] = "0755"
    elif which == "type":
        data["runcmd"] = {"not": "a list"}
    faults = list(jsonschema.Draft4Validator(schema).iter_errors(data))
    assert bool(faults) == (which != "good"), faults[:2]


def test_no_way_in_by_password() -> None:
    data = yaml.safe_load(userdata.cloud_config(CASES[0]))
    assert set(data) == {
        "ssh_pwauth", "disable_root", "ssh_authorized_keys", "write_files", "runcmd",
    }  # fmt: skip
    assert (data["ssh_pwauth"], data["disable_root"]) == (False, True)
    assert "PRIVATE KEY" not in data["write_files"][0]["content"]


def test_exports(run: Any, isolated: Path, tmp_path: Path) -> None:
    folder = isolated / ".ssh"
    folder.mkdir()
    (folder / "id_ed25519.pub").write_text(PUBLIC_KEY + "\n")
    for to in exports.FORMS:
        told = run("server", "export", "--to", to, "--json")
        assert told.code == 0, told.out
        assert told.data["bytes"] == len(told.data["text"].encode())
        plain = run("server", "export", "--to", to)
        assert plain.out == told.data["text"]
        assert told.data["hint"] in plain.err
    out = tmp_path / "gpu.yaml"
    assert run("server", "export", "--to", "cloud-init", "--out", out).code == 0
    assert yaml.safe_load(out.read_text())["runcmd"]
    again = run("server", "export", "--to", "cloud-init", "--out", out)
    assert again.code == 2, "an existing file is not overwritten unasked"
    for to, words in (
        ("sh", "sudo bash 'my box.sh'"),
        ("skypilot", "sky launch 'my box.sh' -i 60"),
    ):
        made = run(
            "server", "export", "--to", to, "--out", tmp_path / "my box.sh", "--yes", "--json"
        )
        assert words in made.data["hint"], "it names the file that was written"


def test_the_task_of_skypilot() -> None:
    made = exports.export("skypilot", Options(kind="cloud"), prices.table().with_gpu("A10G"), 200)
    task = yaml.safe_load(made.text)
    assert task["resources"] == {"accelerators": "A10G:1", "disk_size": 200}
    done = subprocess.run(
        ["bash", "-n"], input=task["setup"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    # SkyPilot has its own users, doors and end; ours must not get in its way.
    written = task["setup"]
    for step in ("sshd", "firewall", "idle", "limit"):
        assert f"\nstep {step} " not in written or step in _skipped(written)


def test_root_runs_no_file_of_a_folder_that_everybody_may_write_in() -> None:
    made = exports.export("skypilot", Options(kind="cloud"), prices.table().with_gpu("A10G"), 200)
    [line] = [
        one for one in yaml.safe_load(made.text)["setup"].splitlines() if one.startswith("sudo ")
    ]
    assert line == "sudo bash ~/fastcompanion-setup.sh"


def _skipped(text: str) -> list[str]:
    line = next(one for one in text.splitlines() if one.startswith("SKIP="))
    return line.removeprefix("SKIP=").strip("'").split()
