"""What a server is doing: asked in one go over ssh, with what the ledger knows of its cost."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import Any, Literal

from fastcompanion.base import clock
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.server import ledger
from fastcompanion.server.connection import Connection, connect
from fastcompanion.server.registry import Server

#: the program that the setup puts there; it stops the machine, and tells what it sees
IDLE = "/usr/local/bin/fastcompanion-idle"
_FIND_IDLE = f"$(command -v fastcompanion-idle || echo {IDLE})"
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(m|h|d)")
_NOTED_EVERY = timedelta(hours=1)
_SAME_BOOT = timedelta(minutes=5)
# One line each: a word, then what is known; what a machine has not says nothing.
_LOOK = f"""
echo "uptime $(cut -d' ' -f1 /proc/uptime 2>/dev/null)"
echo "disk $(df -Pk / 2>/dev/null | awk 'NR == 2 {{ print $2, $4 }}')"
[ -e /run/reboot-required ] && echo "reboot yes"
idle={_FIND_IDLE}
if [ -x "$idle" ]; then
  told=$(sudo -n "$idle" status 2>/dev/null || "$idle" status 2>/dev/null)
  [ -n "$told" ] && echo "idle $told"
fi
if command -v nvidia-smi >/dev/null 2>&1; then
  q=name,utilization.gpu,memory.used,memory.total,driver_version
  if said=$(timeout 20 nvidia-smi --query-gpu=$q --format=csv,noheader,nounits 2>&1); then
    printf '%s\\n' "$said" | sed 's/^/gpu /'
  else
    echo "nogpu $(printf '%s' "$said" | tail -n 1)"
  fi
fi
for unit in fastcompanion-jupyter.service fastcompanion-idle.timer fastcompanion-limit.timer; do
  command -v systemctl >/dev/null 2>&1 && echo "unit $unit $(systemctl is-active $unit 2>/dev/null)"
done
exit 0
"""

State = Literal["running", "stopped", "unreachable"]


@frozen
class Gpu:
    """One GPU: how busy it is in percent, its memory in MiB, its driver."""

    name: str
    percent: int | None
    memory_used: int | None
    memory_total: int | None
    driver: str


@frozen
class Money:
    """Hours and dollars since the last start and of this month; None where no price is known."""

    hours_since_start: float | None
    cost_since_start: float | None
    hours_this_month: float
    cost_this_month: float | None
    stopped_days: float | None
    stopped_cost: float | None
    price: float | None
    budget: float | None


@frozen
class Standing:
    """What one server is doing; `why` says it where the server could not be asked.

    `reasons` is what keeps it awake, `stops_in_minutes` when it stops if nothing more happens, and
    `limit_in_minutes` when it stops whatever happens. None is: does not apply, or could not be told.
    """

    name: str
    kind: str
    target: str
    state: State
    why: str = ""
    hint: str = ""
    uptime_minutes: int | None = None
    idle_minutes: int | None = None
    in_use: bool | None = None
    reasons: tuple[str, ...] = ()
    on_idle: str = ""
    stops_in_minutes: int | None = None
    limit_in_minutes: int | None = None
    gpus: tuple[Gpu, ...] = ()
    gpu_problem: str = ""
    disk_free_gb: float | None = None
    disk_gb: float | None = None
    reboot_due: bool = False
    units: tuple[tuple[str, str], ...] = ()
    money: Money | None = None


def of(server: Server, *, connect_timeout: int = 15, reporter: Reporter = SILENT) -> Standing:
    """Look at one server. One that does not answer is told as that, and is no error."""
    since = ledger.stopped_since(server.name)
    if since is not None and server.provider == "ec2":
        why = f"stopped since {clock.here(since):%Y-%m-%d %H:%M}, as far as this machine knows"
        return _away(server, "stopped", why, f"fastcompanion server start {server.name}")
    try:
        said = look(connect(server, reporter=reporter, connect_timeout=connect_timeout))
    except CompanionError as error:
        return _away(server, "unreachable", error.message, error.hint)
    return _standing(server, said)


def awake(server: Server) -> Server:
    """Give a server back unless it was stopped from here: whoever has its old address now is not asked."""
    if server.provider == "ec2" and ledger.stopped_since(server.name) is not None:
        raise CompanionError(
            f"{server.name} is stopped",
            hint=f"fastcompanion server start {server.name}",
            code=Exit.NOT_SET_UP,
        )
    return server


def look(connection: Connection) -> dict[str, list[str]]:
    """Ask a server everything at once; give what was said, by its first word."""
    done = connection.script(_LOOK, root=False, timeout=90)
    said: dict[str, list[str]] = {}
    for line in done.out.splitlines():
        word, _, rest = line.partition(" ")
        said.setdefault(word, []).append(rest.strip())
    return said


def _away(server: Server, state: State, why: str, hint: str) -> Standing:
    return Standing(
        server.called,
        server.kind,
        server.target,
        state,
        why,
        hint,
        money=_money(server),
    )


def _standing(server: Server, said: dict[str, list[str]]) -> Standing:
    uptime = _number(_first(said, "uptime"))
    if uptime is not None:
        observe(server, clock.now() - timedelta(seconds=uptime))
    disk = [_number(word) for word in _first(said, "disk").split()]
    total, free = disk if len(disk) == 2 else (None, None)
    units = [one.split(" ", 1) for one in said.get("unit", ()) if " " in one]
    return Standing(
        server.called,
        server.kind,
        server.target,
        "running",
        uptime_minutes=_minutes(uptime),
        **_idle(_first(said, "idle")),
        gpus=tuple(_gpu(row) for row in said.get("gpu", ()) if row.count(",") >= 4),
        gpu_problem=_first(said, "nogpu"),
        disk_free_gb=None if free is None else round(free / 2**20, 1),
        disk_gb=None if total is None else round(total / 2**20, 1),
        reboot_due="reboot" in said,
        units=tuple((unit, state) for unit, state in units),
        money=_money(server),
    )


def _first(said: dict[str, list[str]], word: str) -> str:
    return next(iter(said.get(word, ())), "")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _minutes(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds // 60)


def _idle(text: str) -> dict[str, Any]:
    """Read what the idle watcher says; nothing where there is none."""
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    if not isinstance(told, dict):
        return {}
    reasons = told.get("reasons")
    return {
        "in_use": bool(told.get("in_use")),
        "reasons": tuple(str(one)[:200] for one in reasons) if isinstance(reasons, list) else (),
        "idle_minutes": _minutes(_given(told.get("quiet_seconds"))),
        "on_idle": str(told.get("on_idle", "")),
        "stops_in_minutes": _minutes(_given(told.get("stops_in_seconds"))),
        "limit_in_minutes": _minutes(_given(told.get("limit_in_seconds"))),
    }


def _given(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _gpu(row: str) -> Gpu:
    name, percent, used, total, driver = [word.strip() for word in row.rsplit(",", 4)]
    return Gpu(name, _whole(percent), _whole(used), _whole(total), driver)


def _whole(text: str) -> int | None:
    number = _number(text)
    return None if number is None else int(number)


def observe(server: Server, booted: datetime) -> None:
    """Let the ledger know of a start and a stop that it was not told of, as a machine stops itself.

    When it stopped is not known then: it counts as running until it was last seen. Where a month has a
    budget, at EC2, until its hard limit: one that was only restarted ran all the night.
    """
    if server.price is None:
        return
    since = ledger.running_since(server.name)
    if since is not None and booted - since <= _SAME_BOOT:
        _see(server)
        return
    if since is not None:
        latest = ledger.read(server.name)[-1].at
        if server.provider == "ec2" and server.max_hours:
            latest = max(latest, since + timedelta(hours=server.max_hours))
        at = min(latest, booted)
        ledger.append(server.name, "stopped", at=at, note="it had stopped by itself")
    known = any(one.price is not None for one in ledger.read(server.name))
    # At EC2 the price that was noted holds disk and address as well.
    price = None if known and server.provider == "ec2" else server.price
    ledger.append(server.name, "started", price=price, at=booted, note="seen running")


def _see(server: Server) -> None:
    last = ledger.read(server.name)[-1].at
    if clock.now() - last >= _NOTED_EVERY:
        ledger.append(server.name, "noted", note="seen running")


def _money(server: Server) -> Money | None:
    """Count what it costs; None for a machine whose price nobody gave."""
    entries = ledger.read(server.name)
    if server.price is None and not entries:
        return None
    now = clock.now()
    started, stopped = ledger.running_since(server.name), ledger.stopped_since(server.name)
    since = ledger.cost(server.name, started, now) if started else None
    lying = ledger.cost(server.name, stopped, now) if stopped else None
    month = ledger.cost(server.name, ledger.month_start(now), now)
    both = [one for one in (month.running_cost, month.stopped_cost) if one is not None]
    return Money(
        since.hours if since else None,
        since.running_cost if since else None,
        month.hours,
        sum(both) if both else None,
        lying.stopped_hours / 24 if lying else None,
        lying.stopped_cost if lying else None,
        server.price,
        server.budget,
    )


def keep(connection: Connection, span: str) -> str:
    """Ask a server not to stop for idleness for a while (90m, 2h, 1d) or no more (off); its answer."""
    if span != "off" and not _SPAN.fullmatch(span):
        hint = "Write it like 90m, 2h or 1d, or off."
        raise CompanionError(f"{span!r} is no span of time", hint=hint, code=Exit.USAGE)
    ask = f'i={_FIND_IDLE}; [ -x "$i" ] || exit 93; "$i" keep {span} || sudo -n "$i" keep {span}'
    done = connection.run(["sh", "-c", ask], check=False)
    if done.code == 93:
        name = connection.server.called
        raise CompanionError(
            f"nothing on {name} would stop it for idleness",
            hint=f"fastcompanion server setup {name}",
            code=Exit.NOT_SET_UP,
        )
    if done.code != 0:
        said = (done.err or done.out).strip().splitlines()
        raise CompanionError(f"{connection.server.name} says: {said[-1] if said else done.code}")
    return done.out.strip()
