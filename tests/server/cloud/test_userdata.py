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

from fastcompanion.server.cloud import exports, prices, userdata
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


@pytest.mark.parametrize("options", CASES)
def test_it_fits_into_what_ec2_takes(options: Options) -> None:
    packed = userdata.packed(options)
    assert len(packed) <= 16 * 1024
    assert userdata.packed(options) == packed, "a launch that goes on asks for the same bytes"


def test_cloud_init_gets_the_script_as_it_is() -> None:
    text = userdata.cloud_config(CASES[0])
    assert text.startswith("#cloud-config\n")
    data = yaml.safe_load(text)
    assert data["write_files"][0]["content"] == script.render(CASES[0])
    assert data["write_files"][0]["permissions"] == "0755"
    assert data["ssh_authorized_keys"] == [PUBLIC_KEY]
    assert data["ssh_pwauth"] is False
    assert data["runcmd"][-1] == [data["write_files"][0]["path"]]


def test_what_is_packed_unpacks_itself(tmp_path: Path) -> None:
    data = unpacked(userdata.packed(CASES[0]))
    assert data["ssh_authorized_keys"] == [PUBLIC_KEY]
    file = data["write_files"][0]
    (tmp_path / "fastcompanion-setup.bz2").write_bytes(base64.b64decode(file["content"]))
    limit, unpack, run_it = data["runcmd"]
    assert limit[0] == "systemd-run"
    place = str(Path(userdata.SCRIPT_PATH).parent)
    words = [one.replace(place, str(tmp_path)) for one in unpack]
    subprocess.run([sys.executable, *words[1:]], check=True)
    made = (tmp_path / "fastcompanion-setup").read_text()
    assert made == script.render(replace(CASES[0], key=""), terse=True)
    assert run_it == ["bash", userdata.SCRIPT_PATH]


def unpacked(packed: bytes) -> dict[str, Any]:
    """Read what EC2 gets as cloud-init does."""
    data = yaml.safe_load(gzip.decompress(packed))
    assert isinstance(data, dict)
    return data


def test_the_hard_limit_stands_before_the_script() -> None:
    first = yaml.safe_load(userdata.cloud_config(CASES[0]))["runcmd"][0]
    assert first[0] == "systemd-run"
    assert "--on-active=28800" in first
    assert first[-2:] == ["systemctl", "poweroff"]


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
        assert f"#: step {step} " not in written or step in _skipped(written)


def test_root_runs_no_file_of_a_folder_that_everybody_may_write_in() -> None:
    made = exports.export("skypilot", Options(kind="cloud"), prices.table().with_gpu("A10G"), 200)
    [line] = [
        one for one in yaml.safe_load(made.text)["setup"].splitlines() if one.startswith("sudo ")
    ]
    assert line == "sudo bash ~/fastcompanion-setup.sh"


def _skipped(text: str) -> list[str]:
    line = next(one for one in text.splitlines() if one.startswith("SKIP="))
    return line.removeprefix("SKIP=").strip("'").split()
