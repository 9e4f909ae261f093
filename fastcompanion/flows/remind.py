"""Installing, looking at, trying and removing the reminders of a study."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from fastcompanion.base import clock, config, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.study.plan import plan as plans
from fastcompanion.study.plan import slots
from fastcompanion.study.plan.plan import Plan
from fastcompanion.study.reminders import backends, banner, channels, mail, records, registry
from fastcompanion.study.reminders import job as jobs
from fastcompanion.study.reminders import steps as acts
from fastcompanion.study.reminders.backends import Backend
from fastcompanion.study.reminders.job import Job
from fastcompanion.study.reminders.records import Record, State
from fastcompanion.study.reminders.registry import Installed
from fastcompanion.study.reminders.steps import Armed, Step

Agree = Callable[[str], bool]
# A timer needs a moment to take up a new time, and cron looks at the beginning of a minute.
_MARGIN = timedelta(seconds=15)
_GRACE = 75.0


@frozen
class Act:
    """One thing that is done to the system, as it is shown before; `text` is what a file will hold."""

    what: str
    text: str


@frozen
class Installation:
    """What `install` or `remove` did, or would do. `changed` is false where there was nothing to do."""

    backend: str
    name: str
    acts: tuple[Act, ...]
    changed: bool
    dry_run: bool
    armed: bool
    why: str
    next: datetime | None


def install(
    ws: Workspace, wanted: str, *, agree: Agree, dry_run: bool, reporter: Reporter
) -> Installation:
    """Arm the system's timer for the plan; every file and command is shown before it is asked for."""
    plan = _plan(ws)
    lead = _checked_settings(ws)
    backend = backends.choose(wanted)
    known = records.state(ws)
    key = _key(ws, known)
    old = registry.find(key)
    # A study that was renamed keeps its timer's name, so that nothing of it is left.
    job = jobs.make(ws.root, old.name if old else jobs.name_of(ws.root, key), plan, lead)
    if old is not None and _is_current(old, backend, job):
        if known.key != key and not dry_run:
            records.keep_state(ws, replace(known, key=key, since=clock.now()))
        return _installation(backend, job, plan, (), changed=False, dry_run=dry_run)
    steps = (*_replaced(old, backend), *backend.install(job))
    _show(steps, reporter)
    if dry_run or not agree(f"Install these reminders ({backend.NAME})?"):
        return _installation(backend, job, plan, steps, changed=False, dry_run=dry_run)
    first_crontab = backends.is_first_crontab(backend)
    had = old.had_crontab if old and old.backend == backend.NAME else not first_crontab
    new = Installed(key, job.name, ws.root, backend.NAME, clock.stamp(), had)
    _arm(ws, replace(known, key=key, since=clock.now()), new, old, steps)
    return _installation(backend, job, plan, steps, changed=True, dry_run=False)


def _plan(ws: Workspace) -> Plan:
    plan = plans.needed(ws)
    if not plan.slots:
        raise CompanionError(
            "the plan has no slots to remind you of",
            hint="fastcompanion plan edit",
            code=Exit.NOT_SET_UP,
        )
    return plan


def _checked_settings(ws: Workspace) -> int:
    """Look at the settings now: a timer has nobody to complain to. Give the lead in minutes."""
    settings = config.load(ws)
    if "email" in channels.named(settings):
        mail.account(settings)
    return int(settings.get("remind.lead"))


def _key(ws: Workspace, known: State) -> str:
    """Give the study's key; a copy of a study gets one of its own."""
    old = registry.find(known.key) if known.key else registry.at(ws.root)
    if old is None or old.root == ws.root:
        return old.key if old else known.key or clock.new_id()
    if old.lost or records.state(Workspace(old.root)).key != known.key:
        return known.key
    return clock.new_id()


def _is_current(old: Installed, backend: Backend, job: Job) -> bool:
    same = (old.backend, old.root) == (backend.NAME, job.root)
    return same and backend.current(job) and backend.armed(job.name).armed


def _replaced(old: Installed | None, backend: Backend) -> tuple[Step, ...]:
    """Take away what the new installation does not write over: the timer of another backend."""
    if old is None or old.backend == backend.NAME:
        return ()
    return backends.removal(old.backend, old.name, had_crontab=old.had_crontab)


def _arm(
    ws: Workspace, state: State, new: Installed, old: Installed | None, steps: Sequence[Step]
) -> None:
    """Do it; it is on record before, so that `remove` finds what a crash left."""
    records.keep_state(ws, state)
    registry.keep(new)
    try:
        acts.perform(steps)
    except BaseException:
        if old is None:
            acts.undo(backends.removal(new.backend, new.name, had_crontab=new.had_crontab))
            registry.forget(new.key)
        raise


def _show(steps: Sequence[Step], reporter: Reporter) -> None:
    for step in steps:
        reporter.note(step.words)
        for line in step.shown.splitlines():
            reporter.note(f"    {line}")


def _installation(
    backend: Backend,
    job: Job,
    plan: Plan,
    steps: Sequence[Step],
    *,
    changed: bool,
    dry_run: bool,
) -> Installation:
    state = Armed(False) if dry_run else backend.armed(job.name)
    coming = slots.upcoming(plan, clock.now(), 1)
    return Installation(
        backend=backend.NAME,
        name=job.name,
        acts=tuple(Act(step.words, step.shown) for step in steps),
        changed=changed,
        dry_run=dry_run,
        armed=state.armed,
        why=state.why,
        next=coming[0].at if coming else None,
    )


@frozen
class Removal:
    """What `remove` took away, or would take away."""

    names: tuple[str, ...]
    acts: tuple[Act, ...]
    changed: bool
    dry_run: bool


def remove(
    ws: Workspace | None, *, gone: bool, agree: Agree, dry_run: bool, reporter: Reporter
) -> Removal:
    """Take the reminders of a study away, or with `gone` those of studies that moved or were deleted."""
    targets = _targets(ws, gone=gone)
    steps = [step for one in targets for step in _removal(one)]
    _show(steps, reporter)
    names = tuple(one.name for one in targets)
    shown = tuple(Act(step.words, step.shown) for step in steps)
    if dry_run or not targets or not agree(f"Remove the reminders {', '.join(names)}?"):
        return Removal(names, shown, changed=False, dry_run=dry_run)
    for one in targets:
        acts.perform(_removal(one))
        registry.forget(one.key)
    if ws is not None and not gone:
        _forget(ws)
    return Removal(names, shown, changed=True, dry_run=False)


def _removal(one: Installed) -> tuple[Step, ...]:
    return backends.removal(one.backend, one.name, had_crontab=one.had_crontab)


def _targets(ws: Workspace | None, *, gone: bool) -> tuple[Installed, ...]:
    everything = registry.read()
    if ws is not None and not gone:
        mine = _installed(ws, records.state(ws))
        return tuple(one for one in everything if one == mine or one.root == ws.root)
    return tuple(one for one in everything if one.lost)


def _forget(ws: Workspace) -> None:
    """Forget what was installed; the numbers of calendar events go on counting."""
    with records.alone(ws):
        banner.clear(ws)
        records.forget(ws)


@frozen
class Status:
    """Whether reminders come: the next slot, the last attempt and its proof, the system's timer.

    `stale` says what no longer fits what is installed, `lost` names reminders of studies that are
    no longer where they were.
    """

    installed: bool
    backend: str | None
    name: str | None
    armed: bool
    why: str
    system_next: str
    next: datetime | None
    woken: datetime | None
    last: Record | None
    stale: str
    channels: tuple[str, ...]
    waiting: str
    lost: tuple[str, ...]


def status(ws: Workspace) -> Status:
    """Look at everything that a reminder depends on; changes nothing."""
    plan = plans.read(ws)
    known = records.state(ws)
    old = _installed(ws, known)
    settings = config.load(ws)
    state = backends.BACKENDS[old.backend].armed(old.name) if old else Armed(False)
    coming = slots.upcoming(plan, clock.now(), 1) if plan else ()
    waiting = banner.pending(ws)
    return Status(
        installed=old is not None,
        backend=old.backend if old else None,
        name=old.name if old else None,
        armed=state.armed,
        why=state.why,
        system_next=state.next,
        next=coming[0].at if coming else None,
        woken=known.woken,
        last=_last(records.read(ws)),
        stale=_stale(ws, old, plan, int(settings.get("remind.lead"))),
        channels=channels.named(settings),
        waiting=waiting.text if waiting else "",
        lost=lost(ws),
    )


def lost(ws: Workspace | None) -> tuple[str, ...]:
    """Name reminders of studies that are no longer where they were, but for the one that moved here."""
    key = records.state(ws).key if ws else ""
    return tuple(
        f"{one.name} ({one.root})" for one in registry.read() if one.lost and one.key != key
    )


def _installed(ws: Workspace, known: State) -> Installed | None:
    old = registry.find(known.key) if known.key else None
    if old is not None and (old.root == ws.root or old.lost):
        return old
    # What lies in .fastcompanion may be deleted at any time.
    return registry.at(ws.root)


def _last(found: Sequence[Record]) -> Record | None:
    tried = [one for one in found if one.outcome != "silent"]
    return tried[-1] if tried else None


def _stale(ws: Workspace, old: Installed | None, plan: Plan | None, lead: int) -> str:
    """Say what changed since the installation, "" where nothing did."""
    if old is None:
        return ""
    if old.root != ws.root:
        return f"the study moved here from {old.root}"
    if plan is None or not plan.slots:
        return "the plan has no slots any more"
    job = jobs.make(ws.root, old.name, plan, lead)
    if backends.BACKENDS[old.backend].current(job):
        return ""
    return "the plan, the time zone or the program is another than when they were installed"


@frozen
class Tested:
    """What became of a test: the record it left, or why there is none."""

    backend: str
    armed_for: datetime
    arrived: bool
    channel: str
    proof: str
    cause: str
    seconds: float
    dry_run: bool = False


def test(ws: Workspace, *, wait: int, dry_run: bool, reporter: Reporter) -> Tested:
    """Arm the system's timer for the next minute and wait for the proof; whatever happens, clean up."""
    known = records.state(ws)
    old = _installed(ws, known)
    if old is None:
        raise CompanionError(
            "no reminders are installed", hint="fastcompanion remind install", code=Exit.NOT_SET_UP
        )
    backend = backends.BACKENDS[old.backend]
    token = clock.new_id()
    at = _next_minute(clock.now())
    job = jobs.test(jobs.make(ws.root, old.name, _plan(ws), 0), at, token)
    if dry_run:
        return Tested(old.backend, at, False, "", "", "", 0.0, dry_run=True)
    with store.lock(ws.lock("remind-test"), busy="another test is under way", wait=1):
        return _tested(ws, backend, job, token, wait, reporter)


def _tested(
    ws: Workspace, backend: Backend, job: Job, token: str, wait: int, reporter: Reporter
) -> Tested:
    at = job.once
    assert at is not None, "a test is for one moment"
    begun = clock.monotonic()
    reporter.note(f"{backend.NAME} is to wake us at {at:%H:%M:%S}; waiting for the record of it.")
    try:
        acts.perform(backend.install(job))
        found = _waited(ws, token, at, wait, reporter)
        silent = "" if found else backend.why_silent(job.name)
    finally:
        acts.undo(backends.removal(backend.NAME, job.name, had_crontab=True))
    seconds = round(clock.monotonic() - begun, 1)
    if found is None:
        cause = f"{backend.NAME} did not wake us: {silent}"
        return Tested(backend.NAME, at, False, "", "", cause, seconds)
    return Tested(backend.NAME, at, found.arrived, found.channel, found.proof, found.cause, seconds)


def _next_minute(now: datetime) -> datetime:
    return (now + _MARGIN + timedelta(minutes=1)).replace(second=0, microsecond=0)


def _waited(
    ws: Workspace, token: str, at: datetime, wait: int, reporter: Reporter
) -> Record | None:
    """Wait for the last record of a test, as one channel after the other is tried."""
    left = min((at - clock.now()).total_seconds() + _GRACE, float(wait))
    deadline = clock.monotonic() + left
    with reporter.task("waiting for the timer", round(left)) as task:
        while clock.monotonic() < deadline:
            mine = [one for one in records.read(ws) if one.slot == f"test-{token}"]
            if mine:
                # All attempts of one wake-up are written at once, the one that counts last.
                return next((one for one in mine if one.arrived), mine[-1])
            task.advance(1, "not yet")
            clock.pause(1.0)
    return None
