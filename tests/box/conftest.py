"""One booted box for the tests of a module; skips with the reason where there can be none."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.box import wheels
from tests.box.box import PROGRAM, USER, Box, Missing, program_folders
from tests.box.desktop import Desktop
from tests.box.server import ENVIRONMENT, HOME_USER, WHEELS, Machine, Rental


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    try:
        machine = Box("desk", shown=program_folders())
    except Missing as why:
        pytest.skip(str(why))
    with machine:
        yield machine


@pytest.fixture(scope="module")
def program(box: Box) -> list[str]:
    """How fastcompanion is started in the box."""
    needs_program(box, USER)
    return PROGRAM


@pytest.fixture
def desktop(box: Box) -> Iterator[Desktop]:
    desk = Desktop(box)
    desk.begin()
    yield desk
    desk.end()


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this machine that every rented machine sees."""
    folder = tmp_path_factory.mktemp("shared")
    folder.chmod(0o755)  # in the box it is the learner who reads it
    return folder


@pytest.fixture(scope="session")
def rental(shared: Path) -> Iterator[Rental]:
    """Where tests get their rented machine from."""
    more = {Path(WHEELS)} if WHEELS else set()
    found = Rental(sorted({*program_folders(), Path(ENVIRONMENT), shared, *more}))
    yield found
    found.close()


@pytest.fixture
def machine(rental: Rental) -> Machine:
    """A machine just rented; skips with the reason where there can be none."""
    try:
        return rental.fresh()
    except Missing as why:
        pytest.skip(str(why))


@pytest.fixture(scope="session")
def at_home(rental: Rental) -> None:
    """What is typed at home needs an interpreter that runs in a box of this system."""
    try:
        box = rental.fresh().box
    except Missing as why:
        pytest.skip(str(why))
    needs_program(box, HOME_USER)


def needs_program(box: Box, user: str) -> None:
    """Skip where fastcompanion does not run in a box: its Python may be linked to another system."""
    tried = box.run([*PROGRAM, "--version"], user=user, check=False)
    if tried.returncode:
        pytest.skip(f"{sys.executable} does not run in the box: {tried.stderr.strip()[-300:]}")


@pytest.fixture(scope="session")
def index(shared: Path) -> Path:
    """A folder of wheels, which is the package index of a machine."""
    for name in ("uv", "six", "filelock"):
        wheels.make(name, shared)
    wheels.make_empty("fastcompanion", "0.0.1", shared)
    return shared
