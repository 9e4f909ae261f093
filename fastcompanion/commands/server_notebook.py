"""`server notebook`: your notebook on Colab, Kaggle, Paperspace or any Jupyter, and its way home."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated

import typer

from fastcompanion.base import process
from fastcompanion.commands import server_app as group
from fastcompanion.commands.options import LessonArgument, Session, command
from fastcompanion.commands.phrases import commit_blocks
from fastcompanion.console import Answer, Block, Code, Facts, Items, Line, Next, Table, Title, Warn
from fastcompanion.flows import notebook_door, notebook_home
from fastcompanion.flows.notebook_door import Asked, SetOut
from fastcompanion.flows.notebook_home import Home

app = typer.Typer(
    name="server notebook",
    help="Your notebook on Colab, Kaggle, Paperspace or any Jupyter, and its way home.",
    no_args_is_help=True,
)

NotebookOption = Annotated[
    str | None, typer.Option("--notebook", help="One notebook of a lesson that has several.")
]
StepOption = Annotated[
    str,
    typer.Option(
        "--step", help="run, reproduce or repeat.", show_default="the step that the lesson is at"
    ),
]
PushOption = Annotated[
    bool,
    typer.Option("--push", help="Push the copy to a branch of its own (asks), for a link."),
]


def colab(
    session: Session,
    lesson: LessonArgument = None,
    notebook: NotebookOption = None,
    step: StepOption = "",
    drive: Annotated[
        bool, typer.Option("--drive", help="Keep what is found in your Google Drive as well.")
    ] = False,
    push: PushOption = False,
) -> Answer:
    """Make a copy for Google Colab, with %check and %hint in it, and say how it is opened."""
    return _set_out(session, "colab", Asked(lesson, notebook, step, "", drive, push))


def kaggle(
    session: Session,
    lesson: LessonArgument = None,
    notebook: NotebookOption = None,
    step: StepOption = "",
    push: PushOption = False,
) -> Answer:
    """Make a copy for Kaggle, with %check and %hint in it, and say how it is opened."""
    return _set_out(session, "kaggle", Asked(lesson, notebook, step, push=push))


def paperspace(
    session: Session,
    lesson: LessonArgument = None,
    notebook: NotebookOption = None,
    step: StepOption = "",
    push: PushOption = False,
) -> Answer:
    """Make a copy for Paperspace, with %check and %hint in it, and say how it is opened."""
    return _set_out(session, "paperspace", Asked(lesson, notebook, step, push=push))


def jupyter(
    session: Session,
    lesson: LessonArgument = None,
    notebook: NotebookOption = None,
    step: StepOption = "",
    url: Annotated[str, typer.Option("--url", help="The server's address, to show it.")] = "",
) -> Answer:
    """Make a copy for any Jupyter server, with %check and %hint in it, and say how it is opened."""
    return _set_out(session, "jupyter", Asked(lesson, notebook, step, url))


def _set_out(session: Session, door: str, asked: Asked) -> Answer:
    out = notebook_door.set_out(
        session.workspace(),
        door,
        asked,
        agree=session.confirm,
        dry_run=session.dry_run,
        reporter=session.reporter,
    )
    return Answer(out, _view_set_out)


def home(
    session: Session,
    file: Annotated[str, typer.Argument(help="The notebook that you have downloaded there.")],
) -> Answer:
    """Bring a notebook home: what you changed, its results, the hints and the minutes."""
    back = notebook_home.home(session.workspace(), file, dry_run=session.dry_run)
    return Answer(back, _view_home)


for _name, _function in (
    ("colab", colab), ("kaggle", kaggle), ("paperspace", paperspace), ("jupyter", jupyter),
    ("home", home),
):  # fmt: skip
    command(app, _name)(_function)
group.app.add_typer(app, name="notebook")


def register(root: typer.Typer) -> None:
    """Add nothing to the root: importing this file has added to the group `server`."""


def _view_set_out(out: SetOut) -> Iterable[Block]:
    door = out.door
    yield Title(f"{out.lesson} {out.notebook} ({out.kind}), for {door.title}")
    yield from _view_fit(out)
    for note in out.notes:
        yield Warn(note)
    if out.link:
        yield Line("Open it there:")
        yield Code(out.link)
    else:
        yield Line(f"This file travels: {out.file}")
        yield Items(out.steps, ordered=True)
    if out.pushed:
        yield Line("GitHub has your notebook without the first cell; this opens it there:")
        yield Code(out.pushed)
        if door.id != "jupyter":
            words = ("fastcompanion", "server", "notebook", door.id, out.lesson, "--push")
            yield Next(process.shown(words), "a link that opens the copy with the first cell")
    yield Next(
        "fastcompanion server notebook home FILE.ipynb",
        f"when you have saved it there: {door.save}",
    )


_ENOUGH = {
    True: "The free offer is enough",
    False: "The free offer is not enough",
    None: "Whether the free offer is enough, nobody can promise",
}


def _view_fit(out: SetOut) -> Iterable[Block]:
    own = out.door.id == "jupyter"
    head = "For a server of your own" if own else _ENOUGH[out.fit.enough]
    yield Line(f"{head}: {'; '.join(out.fit.reasons)}.")
    pairs = [("price", out.door.price), ("it needs", out.door.needs), ("know that", out.door.lost)]
    yield Facts(tuple(pairs))
    if out.door.terms:
        yield Line(f"As remembered in {out.door.written}, not looked up; check it: {out.door.terms}", "dim")  # fmt: skip


_STATES = {
    "new": "was not here, and is now: {file}",
    "taken": "{cells} came home into {file}",
    "merged": "was changed here and there; both are in {file} now ({cells} from there)",
    "outputs": "what its cells put out there came home into {file}",
    "same": "is as it was here: {file}",
    "beside": "was changed here and there in the same cells, so both were kept: {beside}",
}


def _view_home(back: Home) -> Iterable[Block]:
    yield Title(f"{back.lesson} {back.notebook} is home from {back.checked}")
    cells = "1 cell" if back.cells == 1 else f"{back.cells} cells"
    told = _STATES[back.state].format(file=back.file, beside=back.beside, cells=cells)
    yield Line(told if back.state in ("taken", "outputs") else f"The notebook {told}")
    for clash in back.clashes:
        yield Warn(f"cell {clash.cell} differs: here {_short(clash.mine)}, there {_short(clash.theirs)}")  # fmt: skip
    for note in back.notes:
        yield Warn(note)
    yield from _view_found(back)
    for entry in back.sessions:
        yield Line(f"Logged: {entry.at:%Y-%m-%d %H:%M}, {entry.minutes} min   ^{entry.id}", "good")
    yield from commit_blocks(back.commit)
    if back.kind == "scratch":
        yield Next(f"fastcompanion check {back.lesson}", "a fresh kernel here has the final word")
    if back.kind == "repeat":
        yield Next(f"fastcompanion check {back.lesson} --step repeat")


def _view_found(back: Home) -> Iterable[Block]:
    """Show what was found there."""
    if back.sections:
        counts = Counter(back.sections.values())
        told = ", ".join(f"{n} {word}" for word, n in counts.items())
        yield Line(f"Checked there: {told}")
        yield Table(("section", f"checked on {back.checked}"), tuple(back.sections.items()))
    if back.hints:
        yield Line(f"{back.hints} hint{'s' if back.hints > 1 else ''} shown there, noted here")
    if back.already and not back.sections:
        yield Line("Its results were here already.", "dim")
    for name in back.predictions:
        yield Line(f"What your model predicted there is here: {name}")
    if back.ran:
        yield Line("It ran there from top to end without an error: that counts as the run.", "good")


def _short(text: str) -> str:
    line = next((line for line in text.split("\n") if line.strip()), "(empty)")
    return f"`{line[:40]}{'…' if len(line) > 40 else ''}`"
