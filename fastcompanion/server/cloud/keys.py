"""The learner's own ssh key: its public half goes to the machine, its private half is never read."""

from __future__ import annotations

from pathlib import Path

from fastcompanion.base import process, store, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen

_USUAL = ("id_ed25519.pub", "id_ed25519_sk.pub", "id_ecdsa.pub", "id_ecdsa_sk.pub", "id_rsa.pub")
_KINDS = ("ssh-ed25519", "ssh-rsa", "ecdsa-sha2-", "sk-ssh-ed25519", "sk-ecdsa-sha2-")
#: what EC2 keeps as a key pair; any other kind reaches the machine through cloud-init alone
_FOR_EC2 = ("ssh-ed25519", "ssh-rsa")
_MAKE = "ssh-keygen -t ed25519   (a passphrase and an agent are a good idea), then the same command again"


@frozen
class Key:
    """A public key, one line; `identity` is the private half's path where there is such a file."""

    line: str
    identity: str | None
    origin: str

    @property
    def for_ec2(self) -> bool:
        """Whether EC2 takes this kind as a key pair."""
        return self.line.split()[0] in _FOR_EC2


def find(given: Path | None = None) -> Key:
    """Give the key that was named, or the usual one of ~/.ssh, or the agent's first."""
    if given is not None:
        return _of_file(workspace.absolute(given))
    folder = workspace.home() / ".ssh"
    for name in _USUAL:
        if (folder / name).is_file():
            return _of_file(folder / name)
    found = _of_agent()
    if found is None:
        raise CompanionError(
            "you have no ssh key yet: nothing in ~/.ssh, and no agent holds one",
            hint=_MAKE,
            code=Exit.NOT_SET_UP,
        )
    return found


def _of_file(path: Path) -> Key:
    """Read the public half; the private one beside it is only named."""
    public = path if path.suffix == ".pub" else path.with_name(f"{path.name}.pub")
    if not public.is_file():
        raise CompanionError(
            "there is no public key",
            hint=f"--key FILE.pub, or make it: ssh-keygen -y -f {path} > {public}",
            file=public,
            code=Exit.USAGE,
        )
    line = " ".join(store.read_text(public).split())
    if not line.startswith(_KINDS) or len(line.split()) < 2:
        raise CompanionError(
            "is no public key in OpenSSH's form", hint=_MAKE, file=public, code=Exit.USAGE
        )
    private = public.with_suffix("")
    return Key(line, str(private) if private.is_file() else None, str(public))


def _of_agent() -> Key | None:
    if process.which("ssh-add") is None:
        return None
    done = process.run(["ssh-add", "-L"], timeout=10, check=False)
    lines = [line.strip() for line in done.out.splitlines() if line.startswith(_KINDS)]
    return Key(lines[0], None, "your ssh agent") if done.code == 0 and lines else None
