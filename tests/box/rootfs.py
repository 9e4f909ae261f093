"""The root file systems of test boxes: Debian (or Ubuntu) made by debootstrap, kept in the user's cache.

`python -m tests.box.rootfs` makes what is missing; `make test-box` calls it before the tests, which never
fetch anything themselves. Suite and mirror are those this machine's apt is set up with, so that an interpreter
of this machine finds the libraries it was linked to.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import filelock
import platformdirs

#: kind of box -> the packages it has beside Debian's smallest system
KINDS: dict[str, tuple[str, ...]] = {
    "desk": (
        "systemd", "systemd-sysv", "dbus", "dbus-user-session", "libpam-systemd", "procps", "iproute2",
        "ca-certificates", "tzdata", "git", "python3", "python3-aiosmtpd", "faketime",
        "cron", "xvfb", "dunst", "libnotify-bin",
    ),
    "server": (
        "systemd", "systemd-sysv", "dbus", "dbus-user-session", "libpam-systemd", "procps", "iproute2", "tzdata", "python3",
        "ca-certificates",
    ),
}  # fmt: skip

#: Installed by apt afterwards, as debootstrap orders so many wrongly: what a cloud's image has, and what
#: `server setup` installs. A box has no network to fetch it from.
LATER: dict[str, tuple[str, ...]] = {
    "server": (
        "cloud-init", "sudo", "openssh-server", "ufw", "unattended-upgrades", "needrestart", "powermgmt-base", "earlyoom",
        "curl", "git", "git-lfs", "rsync", "tmux", "htop", "less", "unzip", "jq", "ripgrep", "pigz", "build-essential",
        "python3-venv", "python3-dev", "pciutils", "bash-completion", "graphviz", "libsndfile1",
    ),
}  # fmt: skip

#: Runs in namespaces of its own: TREE PACKAGE...
INSTALL = """
tree=$1; shift
mount -t proc proc "$tree/proc"; mount --bind /dev "$tree/dev"
printf '#!/bin/sh\\nexit 101\\n' >"$tree/usr/sbin/policy-rc.d"; chmod 755 "$tree/usr/sbin/policy-rc.d"
chroot "$tree" apt-get -q update && chroot "$tree" env DEBIAN_FRONTEND=noninteractive \\
    apt-get -qy -o APT::Sandbox::User=root install --no-install-recommends "$@" && rm "$tree/usr/sbin/policy-rc.d"
"""

#: Units that would reach out of the box, or only cost time.
MASKED = (
    "systemd-sysctl.service", "systemd-modules-load.service", "systemd-udevd.service", "systemd-timesyncd.service",
    "sys-kernel-debug.mount", "sys-kernel-tracing.mount", "sys-kernel-config.mount", "sys-fs-fuse-connections.mount",
    "dev-hugepages.mount", "proc-sys-fs-binfmt_misc.automount", "getty.target", "apt-daily.timer",
    "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "fstrim.timer",
)  # fmt: skip

#: Raised when what a tree is made of changes in this file.
VERSION = 1
USER, UID = "learner", 1000
CACHE = Path(
    os.environ.get("FASTCOMPANION_TEST_BOXES") or platformdirs.user_cache_path("fastcompanion")
)
FOLDER = CACHE / "boxes"


class Missing(Exception):
    """Why there can be no box here."""


def unmet() -> str:
    """Say what a box needs and this machine lacks; empty when nothing is."""
    if platform.system() != "Linux":
        return "a box needs Linux"
    if os.geteuid() != 0:
        return "a box needs root (namespaces with a system of their own)"
    for program in ("unshare", "nsenter", "setpriv", "ip", "mount"):
        if shutil.which(program) is None:
            return f"a box needs the program {program}"
    tried = _run("unshare", "--mount", "--pid", "--fork", "--uts", "--ipc", "--net", "--cgroup",
                 "sh", "-c", "mount --make-rprivate / && mount -t tmpfs box /boot && mount -t cgroup2 box /boot")  # fmt: skip
    return f"no namespaces and mounts of one's own here: {_last(tried)}" if tried.returncode else ""


def find(kind: str) -> Path:
    """The tree of a kind of box; `Missing` says why there is none."""
    if why := unmet():
        raise Missing(why)
    try:
        tree = _place(kind)
    except Missing as error:
        raise Missing(f"no root file system: {error}") from error
    if not tree.is_dir():
        raise Missing("no root file system: `make test-box` makes it, with debootstrap")
    return tree


def make(kind: str, tell: Callable[[str], None]) -> Path:
    """Make the tree of a kind of box unless it is there."""
    if why := unmet():
        raise Missing(why)
    tree = _place(kind)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(FOLDER / ".lock"):
        if not tree.is_dir():
            _remove(*FOLDER.glob(f"{kind}-*"), *FOLDER.glob(".making-*"))
            tell(f"Making the root file system of a box: {tree} (once; some minutes)")
            _make(tree, kind)
    return tree


def _place(kind: str) -> Path:
    suite, _, components = _source()
    parts = f"{VERSION} {suite} {components} {KINDS[kind]} {MASKED}"
    parts += f" {LATER[kind]} {INSTALL}" if kind in LATER else ""
    return FOLDER / f"{kind}-{suite}-{hashlib.sha256(parts.encode()).hexdigest()[:8]}"


def _source() -> tuple[str, str, str]:
    """Suite, mirror and components: those of this machine's own system."""
    suite = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    if not suite or shutil.which("apt-get") is None:
        raise Missing("debootstrap makes Debian and Ubuntu only, and this is neither")
    wanted = "$(REPO_URI) $(RELEASE) $(COMPONENT)"
    listed = _run("apt-get", "indextargets", "--format", wanted, "Identifier: Packages")
    rows = [line.split() for line in listed.stdout.splitlines()]
    mine = [row for row in rows if len(row) == 3 and row[1] == suite]
    components = sorted({row[2] for row in mine if row[2] in {"main", "universe"}})
    if not components:
        raise Missing(f"apt knows no mirror of {suite} here (apt-get update?)")
    return suite, mine[0][0], ",".join(components)


def _make(tree: Path, kind: str) -> None:
    if shutil.which("debootstrap") is None:
        raise Missing("a box needs debootstrap (apt-get install debootstrap)")
    suite, mirror, components = _source()
    making = FOLDER / f".making-{os.getpid()}"
    include = ",".join(KINDS[kind])
    try:
        # In namespaces of its own: nothing it mounts or starts outlives it.
        done = _run("unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--uts", "--ipc",
                    "debootstrap", "--variant=minbase", f"--components={components}", f"--include={include}",
                    suite, str(making), mirror)  # fmt: skip
        if done.returncode:
            raise Missing(f"debootstrap made no root file system: {_last(done)}")
        if later := LATER.get(kind):
            added = _run("unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--uts", "--ipc",
                         "sh", "-c", INSTALL, "sh", str(making), *later)  # fmt: skip
            if added.returncode:
                raise Missing(f"apt could not fill the root file system: {_last(added)}")
        _settle(making)
        making.rename(tree)
    finally:
        _remove(making)


def _settle(tree: Path) -> None:
    """Make room, add the learner, and leave out what does not belong into a box."""
    for place in ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale", "usr/share/man"):  # fmt: skip
        _remove(tree / place)
    (tree / "var/lib/apt/lists/partial").mkdir(parents=True)
    (tree / "etc/apt/sources.list").unlink(missing_ok=True)
    (tree / "etc/resolv.conf").unlink(missing_ok=True)
    (tree / "etc/hosts").write_text("127.0.0.1 localhost box\n::1 localhost\n")
    (tree / "etc/machine-id").write_text("fa57c0fa57c0fa57c0fa57c0fa57c0fa\n")
    for unit in MASKED:
        (tree / "etc/systemd/system" / unit).symlink_to("/dev/null")
    made = _run("chroot", str(tree), "useradd", "--create-home", "--uid", str(UID), "--shell", "/bin/bash", USER)  # fmt: skip
    if made.returncode:
        raise Missing(f"no user in the box: {_last(made)}")
    # Their manager and their bus run from boot on, as on a desk where somebody has logged in.
    linger = tree / "var/lib/systemd/linger"
    linger.mkdir(parents=True, exist_ok=True)
    (linger / USER).touch()


def _run(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


def _last(done: subprocess.CompletedProcess[str]) -> str:
    lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return " / ".join(lines[-2:]) or f"exit code {done.returncode}"


def _remove(*folders: Path) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    """Make every kind of box; what cannot be made is said, and its tests skip with the reason."""
    for kind in KINDS:
        try:
            make(kind, lambda text: print(text, flush=True))
        except Missing as error:
            print(f"NO BOX: {error}. Tests that need one are skipped below.", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
