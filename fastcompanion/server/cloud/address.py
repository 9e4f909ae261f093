"""The address that a new machine lets in: the learner's own, and nobody else's.

Behind a router a machine does not know its public address. It is read from the machine's own
interface where that is public, else it is typed; a page of AWS that tells it is asked only by name.
"""

from __future__ import annotations

import ipaddress
import socket

from fastcompanion.base.errors import CompanionError, Exit

TELLER = "https://checkip.amazonaws.com"
ASK = "checkip"
_SECONDS = 10.0
_LONGEST = 100
# Routed nowhere: asking which of our addresses would be used for it sends nothing.
_ELSEWHERE = ("192.0.2.1", 9)
_WIDEST = 24


def own() -> str:
    """Give this machine's own public IPv4 address as a network of one, "" where it has none."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(_ELSEWHERE)
            found = ipaddress.ip_address(probe.getsockname()[0])
    except OSError:
        return ""
    return f"{found}/32" if found.is_global else ""


def network(text: str) -> str:
    """Read what was typed: an address, a small network, or `checkip`, which asks AWS's page."""
    low = text.strip().lower()
    if low == ASK:
        low = told_by_aws()
    try:
        found = ipaddress.IPv4Network(low, strict=False)
    except ValueError:
        raise CompanionError(
            f"{text!r} is no IPv4 address",
            hint=f"--from 203.0.113.5, or --from {ASK} to ask {TELLER}",
            code=Exit.USAGE,
        ) from None
    if found.prefixlen < _WIDEST:
        raise CompanionError(
            f"{found} would let {found.num_addresses} addresses in",
            hint=f"Name your own, or a network of at most 256 addresses (/{_WIDEST}).",
            code=Exit.USAGE,
        )
    if not found.is_global:
        raise CompanionError(
            f"{found} is no address of the internet; such ones are for networks of one's own",
            hint=f"--from {ASK} asks {TELLER} for the one that it sees",
            code=Exit.USAGE,
        )
    return str(found)


def told_by_aws(url: str = TELLER) -> str:
    """Ask AWS's page for the address that it sees us come from."""
    from urllib.request import urlopen  # noqa: PLC0415 - slow to import, rarely used

    try:
        with urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310 - our own address
            text: str = answer.read(_LONGEST).decode("ascii", "replace").strip()
    except OSError as error:
        raise CompanionError(
            f"{url} can't be reached: {error}",
            hint="Give your public address yourself: --from 203.0.113.5",
            code=Exit.MISSING,
        ) from None
    return text
