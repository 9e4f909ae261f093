"""Which notebook servers there are, and whether a free one is enough: dated facts, kept as content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from fastcompanion.base import store, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.near import did_you_mean
from fastcompanion.base.records import frozen

Gpu = Literal["no", "helps", "needed", "unknown"]
_FILE = ("server", "notebooks.yaml")
#: what the magics load beside the standard library, by module and by name of the package
NEEDS = (("yaml", "pyyaml"),)


@frozen
class Door:
    """One kind of notebook server, as the authors remembered it in the month `written`."""

    id: str
    title: str
    free_gpu: str
    gpu: str
    gpu_hours_week: int | None
    session_hours: int | None
    idle_minutes: int | None
    price: str
    needs: str
    lost: str
    page: str
    terms: str
    upload: str
    gpu_how: str
    save: str
    no_network: str
    written: str


@frozen
class Fit:
    """Whether the free offer is enough (None: nobody can say), and why."""

    gpu: Gpu
    enough: bool | None
    reasons: tuple[str, ...]


def read() -> dict[str, Door]:
    """Read all doors."""
    data = _content()
    return {row["id"]: Door(**row, written=str(data["written"])) for row in data["doors"]}


def _content() -> Mapping[str, Any]:
    path = workspace.content("templates").joinpath(*_FILE)
    return store.check_version(store.read_yaml(path), path)


def find(name: str) -> Door:
    """Find a door by its name."""
    known = read()
    if name not in known:
        raise CompanionError(
            f"{name!r} is no notebook server that is known here{did_you_mean(name, known)}",
            hint=f"One of: {', '.join(known)}; any other that speaks Jupyter: jupyter",
            code=Exit.USAGE,
        )
    return known[name]


def gpu_need(code: Iterable[str] | None) -> Gpu:
    """Say by a lesson's code whether it needs a GPU; None: its code is not here."""
    if code is None:
        return "unknown"
    told, whole = _content(), "\n".join(code)
    if any(word in whole for word in told["gpu_needed"]):
        return "needed"
    return "helps" if any(word in whole for word in told["gpu_helps"]) else "no"


def fit(door: Door, gpu: Gpu, weekly_minutes: int | None, lesson_minutes: int | None) -> Fit:
    """Say whether the free offer of a door is enough for a lesson and a plan."""
    reasons = [_NEEDS[gpu]]
    hours = weekly_minutes / 60 if weekly_minutes else None
    enough: bool | None = None if gpu in ("needed", "unknown") else True
    if gpu in ("needed", "helps"):
        reasons.append(f"free there: {door.free_gpu}")
    if gpu != "no" and door.gpu_hours_week is not None:
        told = f"{door.gpu_hours_week} hours a week with a GPU"
        if hours is not None:
            enough = hours <= door.gpu_hours_week
            told += f", your plan has {hours:.1f}"
        elif gpu == "needed":
            enough = True
        reasons.append(told)
    if door.session_hours is not None:
        told = f"a session ends after {door.session_hours} hours at the latest"
        if lesson_minutes:
            told += f"; the lesson takes about {lesson_minutes} min"
            enough = False if lesson_minutes > door.session_hours * 60 else enough
        reasons.append(told)
    return Fit(gpu, enough, tuple(reasons))


_NEEDS: Mapping[Gpu, str] = {
    "no": "the lesson needs no GPU",
    "helps": "the lesson trains models: minutes with a GPU, much longer without",
    "needed": "the lesson needs a GPU",
    "unknown": "its code is not on this machine, so nobody can say whether it needs a GPU",
}
