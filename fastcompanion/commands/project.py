"""`project`: a repository for a data set, its naive baseline, its models and their scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.process import shown as spelled
from fastcompanion.base.records import frozen
from fastcompanion.commands import completing
from fastcompanion.commands.options import Session, command
from fastcompanion.console import Answer, Block, Code, Facts, Line, Next, Table, Title, Warn
from fastcompanion.data.dataset import Problem
from fastcompanion.data.scores import Compared
from fastcompanion.flows import projects
from fastcompanion.flows.projects import Begun, ToTrain, Trained
from fastcompanion.project import checking, growing, new, scoring, updating
from fastcompanion.project.checking import Checked
from fastcompanion.project.choices import size
from fastcompanion.project.growing import Growth
from fastcompanion.project.place import Project
from fastcompanion.project.plan import Plan
from fastcompanion.project.scoring import Board, Opened, Scored, short
from fastcompanion.project.space import PAGE, REQUIREMENTS, Space
from fastcompanion.project.updating import Update

app = typer.Typer(
    name="project",
    help="Projects: a repository for your own data, from the first number on.",
    no_args_is_help=True,
)

ProjectPath = Annotated[
    Path | None,
    typer.Option("--project", help="The project's folder.", show_default="found upward"),
]
Kernel = Annotated[
    str,
    typer.Option(
        "--kernel",
        help="The environment that runs the model.",
        show_default="the project's .venv, else this program's",
    ),
]

LinkOption = Annotated[
    bool,
    typer.Option("--link", help="Leave files where they are; above 1 GB they stay there anyway."),
]
CompetitionOption = Annotated[
    str,
    typer.Option(
        "--competition", help="The competition it is for.", show_default="that of the data"
    ),
]


@frozen
class ToTrainAll:
    """What a dry run of training answers."""

    root: Path
    models: tuple[ToTrain, ...]


@command(app, "new")
def begin(
    session: Session,
    name: Annotated[
        str, typer.Argument(help="The project's name, or its folder.", show_default=False)
    ],
    data: Annotated[
        Path | None, typer.Option("--data", help="A table, or a folder of tables or files.")
    ] = None,
    demo: Annotated[
        str,
        typer.Option(
            "--demo", help="Made-up data instead: class, number, or a kind such as images-class."
        ),
    ] = "",
    target: Annotated[
        str, typer.Option("--target", help="The column to predict.", show_default="found or asked")
    ] = "",
    kind: Annotated[
        str,
        typer.Option(
            "--kind", help="What the data are, e.g. table-class.", show_default="found or asked"
        ),
    ] = "",
    metric: Annotated[
        str,
        typer.Option("--metric", help="What to be judged by.", show_default="the kind's usual one"),
    ] = "",
    link: LinkOption = False,
    competition: CompetitionOption = "",
) -> Answer:
    """Make a repository for your data: its own code, tests and history, and the first number to beat."""
    study = session.workspace_or_none()
    root = new.place_of(name, study)
    new.check_place(root)
    for_ = _competition(competition, data)
    said = {"--target": target, "--kind": kind}

    def planned() -> Plan:
        return projects.planned(
            data, root.name, demo=demo, target=said["--target"], kind=said["--kind"], metric=metric,
            link=link,
        )  # fmt: skip

    plan = planned()
    while session.can_ask and not session.yes:
        asked = [one for one in plan.questions if not said[one.flag]]
        if not asked:
            break
        said[asked[0].flag] = session.ask(asked[0].text, asked[0].guess, asked[0].flag).strip()
        if not said[asked[0].flag]:
            break
        plan = planned()
    if for_:
        plan = replace(plan, answers={**plan.answers, "competition": for_})
    found = projects.begin(plan, root, study, dry_run=session.dry_run, reporter=session.reporter)
    return Answer(found, _begun)


def _competition(named: str, data: Path | None) -> str:
    """Name the competition of a new project: the one that was named, else where its data came from."""
    from fastcompanion.flows import submitting  # noqa: PLC0415 - slow to import, rarely used

    return submitting.competition_of(named, data)


@command(app, "baseline")
def baseline(session: Session, project: ProjectPath = None) -> Answer:
    """Run the two naive models and show what every other model has to beat."""
    found = Project.find(project)
    if session.dry_run:
        would = [projects.to_train(found, name, seed=None, fast=False) for name in projects.NAIVE]
        return Answer(ToTrainAll(found.root, tuple(would)), _to_train)
    return Answer(projects.baseline(found), _board)


@command(app, "train")
def train(
    session: Session,
    model: Annotated[
        str,
        typer.Argument(
            help="The model: a file of the project with fit and predict.",
            show_default="model, else linear, else baseline",
        ),
    ] = "",
    seed: Annotated[
        int | None, typer.Option("--seed", help="Another seed: a run of its own.")
    ] = None,
    fast: Annotated[
        bool, typer.Option("--fast", help="Try the first fold only; nothing is written.")
    ] = False,
    kernel: Kernel = "",
    on: Annotated[
        str | None,
        typer.Option(
            "--on",
            metavar="SERVER",
            help="Train on a server; the run comes here.",
            autocompletion=completing.servers,
        ),
    ] = None,
    project: ProjectPath = None,
) -> Answer:
    """Fit a model on each fold of the split and score what it says of rows it has not seen."""
    found = Project.find(project)
    if on is not None:
        if kernel:
            raise CompanionError("--kernel is one of this machine", hint="Leave it out.", code=Exit.USAGE)  # fmt: skip
        there = import_module("fastcompanion.flows.remote")
        if session.dry_run:
            far = there.to_train(found, model, on, seed=seed, fast=fast)
            return Answer(ToTrainAll(found.root, (far,)), _to_train)
        far = there.train(found, model, on, seed=seed, fast=fast, reporter=session.reporter)
        return Answer(far, _trained)
    if session.dry_run:
        would = projects.to_train(found, model, seed=seed, fast=fast)
        return Answer(ToTrainAll(found.root, (would,)), _to_train)
    study = session.workspace_or_none()
    trained = projects.train(
        found, model, kernel=kernel, study=study, seed=seed, fast=fast, reporter=session.reporter
    )
    return Answer(trained, _trained)


@command(app, "score")
def score(
    session: Session,
    against: Annotated[
        str,
        typer.Option(
            "--vs", help="The run to compare with.", show_default="the best of the others"
        ),
    ] = "",
    final: Annotated[
        bool, typer.Option("--final", help="Open the final rows for the best run; works once.")
    ] = False,
    run: Annotated[
        str, typer.Option("--run", help="With --final: the run.", show_default="the best")
    ] = "",
    kernel: Kernel = "",
    project: ProjectPath = None,
) -> Answer:
    """Show all runs with intervals, against the baseline and against each other, on the same rows."""
    found = Project.find(project)
    if not final:
        return Answer(scoring.board(found, against=against, write=not session.dry_run), _board)
    chosen = scoring.unopened(found, run)
    question = f"Open the final rows for {chosen}? They can be opened once"
    if session.dry_run or not session.confirm(question):
        return Answer({"root": found.root, "name": chosen, "opened": False}, _not_opened)
    study = session.workspace_or_none()
    opened = projects.open_final(
        found, chosen, kernel=kernel, study=study, reporter=session.reporter
    )
    return Answer(opened, _opened)


@command(app, "check")
def check(session: Session, kernel: Kernel = "", project: ProjectPath = None) -> Answer:
    """Look for what no model will tell: broken features, leaks, a test unlike training, a stale split."""
    found = Project.find(project)
    python = projects.python_for(found, kernel, session.workspace_or_none())
    checked = checking.check(found, python=python)
    code = Exit.DONE if checked.passed else Exit.CHECK_SAYS_NO
    return Answer(checked, _checked, int(code))


@command(app, "next")
def grow(
    session: Session,
    step: Annotated[
        str, typer.Argument(help="A step of your choice.", show_default="the next one")
    ] = "",
    project: ProjectPath = None,
) -> Answer:
    """Propose the next step and, if you want, add its files: submission, linear, fastai, app and more."""
    found = Project.find(project)
    growth = growing.where(found, step)
    if growth.step is not None and not session.dry_run:
        question = f"{growth.step.title}: add {', '.join(growth.step.files)}?"
        if session.yes or (session.can_ask and session.confirm(question, default=True)):
            growth = growing.take(found, growth)
    return Answer(growth, _growth)


@command(app, "update")
def update(
    session: Session,
    diff: Annotated[
        bool, typer.Option("--diff", help="Show what would change, line by line; change nothing.")
    ] = False,
    project: ProjectPath = None,
) -> Answer:
    """Merge a newer template into the project, on a branch of its own; nothing of yours is taken away."""
    found = Project.find(project)
    planned = updating.look(found)
    if diff or session.dry_run or not planned.changes:
        return Answer(planned, _diff if diff else _update)
    return Answer(updating.take(found, planned), _update)


@command(app, "app")
def serve(
    session: Session,
    model: Annotated[
        str, typer.Argument(help="The model that answers.", show_default="that of the best run")
    ] = "",
    port: Annotated[
        int, typer.Option("--port", help="The port on this machine; 0 for any.")
    ] = 8000,
    gradio: Annotated[
        bool, typer.Option("--gradio", help="Write the folder of a Space instead: gradio, pinned.")
    ] = False,
    to: Annotated[
        Path | None,
        typer.Option("--to", help="With --gradio: the folder.", show_default="space/ in it"),
    ] = None,
    kernel: Kernel = "",
    project: ProjectPath = None,
) -> Answer:
    """Show a page that takes a row and answers with the prediction, until Ctrl-C."""
    found = Project.find(project)
    if to is not None and not gradio:
        raise CompanionError("--to is for --gradio", hint="fastcompanion project app --gradio", code=Exit.USAGE)  # fmt: skip
    if session.dry_run:
        return Answer({"root": found.root, "model": model}, lambda _: [Line("It would show the app.")])  # fmt: skip
    study = session.workspace_or_none()
    if gradio:
        made = projects.space(
            found, model, to, kernel=kernel, study=study, reporter=session.reporter
        )
        return Answer(made, _space)
    name = projects.serve(found, model, port, kernel=kernel, study=study, reporter=session.reporter)
    return Answer({"root": found.root, "model": name}, lambda _: [Line(f"The app of {name} has ended.")])  # fmt: skip


def _space(made: Space) -> Iterable[Block]:
    yield Line(f"A Space of {made.model} is in {made.folder}: {len(made.written)} files.", "good")
    if made.own:
        yield Line(f"Left as you have changed them: {', '.join(made.own)}.")
    if made.unpinned:
        yield Warn(f"The run does not tell which version of {', '.join(made.unpinned)} it had: train it again to pin that.")  # fmt: skip
    if made.sample:
        yield Warn("It holds the rows of sample/: do the terms of the data allow to show them?")
    folder = spelled([str(made.folder)])
    yield Next(f"cd {folder} && pip install gradio -r {REQUIREMENTS} && python {PAGE}", "try it here")  # fmt: skip
    yield Next(f"cd {folder} && hf upload YOU/NAME . --repo-type space", "put it online; gradio brings hf")  # fmt: skip


def register(root: typer.Typer) -> None:
    """Add the group to the program."""
    root.add_typer(app, rich_help_panel="Groups")


def _begun(found: Begun) -> Iterable[Block]:
    answers = found.answers
    made = found.made
    yield Title(f"{made.name}: {answers['about']}")
    yield Facts(
        (
            ("predicts", f"{answers['target']}, {answers['rows']} rows"),
            *_inputs(answers),
            *([("competition", str(answers["competition"]))] if answers.get("competition") else []),
            ("metric", f"{answers['metric']}, {answers['direction']} is better: {answers['metric_why']}"),
            ("split", f"{answers['split']}: {answers['split_why']}"),
            ("final", f"{answers['final_rows']} rows are set aside, to be opened once at the end" if answers["final_rows"] else "no rows are set aside: there are too few, or the split is given"),
        )
    )  # fmt: skip
    for note in answers.get("notes", ()):
        yield Line(note.replace("`", ""))
    for question in found.questions:
        yield Warn(f"{question.text} {question.guess or 'Nothing'} is a guess: {question.flag} says it.")  # fmt: skip
    if found.board is None and not found.failed:
        yield Line(f"It would be made in {made.root}: {len(made.created)} files.")
        return
    yield Line(f"It is in {made.root}: {len(made.created)} files.")
    if made.commit is not None and not made.commit.made:
        yield Warn(f"Nothing was committed: {made.commit.reason}. {made.commit.hint}")
    if found.failed:
        yield Warn(f"The baseline did not run: {found.failed}")
    elif found.board is not None:
        yield from _runs(found.board)
    yield Next(f"cd {spelled([str(made.root)])} && fastcompanion project check")


def _inputs(answers: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Say what a model sees: columns of a table, or files."""
    if "file_count" in answers:
        where = "stay where they are" if answers["linked"] else "were copied"
        yield "inputs", f"{answers['file_count']} files ({size(answers['file_bytes'])}), which {where}"  # fmt: skip
        return
    pairs = [answers[name] for name in ("user", "item") if name in answers]
    told = ("texts",) if "texts" in answers else ("numbers", "words", "dates")
    yield "inputs", _some(pairs or [one for name in told for one in answers.get(name, ())])
    if not pairs and "texts" not in answers:
        yield "left out", _some([name for name, _ in answers["left_out"]])


def _some(names: list[str], most: int = 12) -> str:
    rest = len(names) - most
    return (", ".join(names[:most]) or "none") + (f" and {rest} more" if rest > 0 else "")


def _board(found: Board) -> Iterable[Block]:
    yield from _runs(found)
    if found.commit is not None and not found.commit.made and not found.commit.nothing:
        yield Line(f"The README was not committed: {found.commit.reason}.", "dim")
    yield Next("fastcompanion project next", "the next idea; or a better data.py")


def _runs(found: Board) -> Iterable[Block]:
    rows = found.runs[0].score.n
    yield Line(f"{found.metric} on {rows} rows, {found.direction} is better; intervals hold the truth 95 times of 100.")  # fmt: skip
    names = ("run", found.metric, f"against {found.baseline}", "")
    yield Table(names, tuple(_row(run) for run in found.runs))
    # A table of its own, as all in one is wider than a terminal.
    others = [run for run in found.runs if run.best and run.best_name != found.baseline]
    if others:
        yield Table(("run", "beside", "difference", ""), tuple(map(_beside, others)))
    for run in found.runs:
        if run.beside is not None and run.beside.verdict == "cannot tell":
            yield Line(f"{run.name} and {found.baseline} can't be told apart{_needed(run.beside)}.", "dim")  # fmt: skip
    for note in found.notes:
        yield Line(note, "dim")


def _row(run: Scored) -> tuple[str, ...]:
    return (
        run.name,
        f"{short(run.score.value)} [{short(run.score.low)}, {short(run.score.high)}]",
        _apart(run.beside),
        run.beside.verdict if run.beside else "",
    )


def _beside(run: Scored) -> tuple[str, ...]:
    """Compare a run with the best of the others, or with the one that was asked for."""
    return run.name, run.best_name, _apart(run.best), run.best.verdict if run.best else ""


def _apart(compared: Compared | None) -> str:
    if compared is None:
        return ""
    return scoring.apart(compared)


def _needed(compared: Compared) -> str:
    rows = compared.rows_needed
    if rows is None:
        return ""
    return f": a difference of this size would need about {max(rows, compared.n)} rows"


def _trained(found: Trained) -> Iterable[Block]:
    yield Line(found.said)
    if found.board is not None:
        yield from _board(found.board)


def _to_train(found: ToTrainAll) -> Iterable[Block]:
    for one in found.models:
        where = f" on {one.server}" if one.server else ""
        then = f"runs/{one.run}/ would be {'replaced' if one.again else 'written'}"
        yield Line(f"{one.name} would be trained{where} and {'scored' if one.run else 'tried on the first fold'}; {then if one.run else 'nothing would be written'}.")  # fmt: skip
        yield Code(spelled(["python", *one.command]))


def _growth(found: Growth) -> Iterable[Block]:
    step = found.step
    if step is None:
        yield Line(
            "All steps are done. What helps now is in data.py: python errors.py NAME", "good"
        )
        return
    if found.commit is None:
        yield Title(f"Next: {step.title}")
        yield Line(step.why)
        yield Line(f"It adds {', '.join(step.files)}, and changes nothing.")
        yield Next(f"fastcompanion project next {step.id} --yes")
        return
    yield Title(step.title)
    yield Line(f"Added: {', '.join(found.added) or 'nothing'}.")
    if found.kept:
        yield Warn(f"Was there already and stays as it is: {', '.join(found.kept)}.")
    if not found.commit.made:
        yield Warn(f"Not committed: {found.commit.reason}. {found.commit.hint}")
    yield Next(step.then, step.why)


_WORDS = {
    "added": "new",
    "replaced": "you had not changed it",
    "merged": "your changes and the new ones go together",
    "clash": "both changed the same lines: choose between <<<<<<< and >>>>>>>",
    "removed": "the template has it no longer, and you had not changed it",
    "yours": "the template has it no longer; yours stays",
    "absent": "you have deleted it; it stays so",
}


def _update(found: Update) -> Iterable[Block]:
    if not found.changes:
        yield Line("The project is as the newest template makes it.", "good")
        return
    same = found.old == found.new
    yield Title(f"Version {found.old} of the template{', as it is now' if same else f' to {found.new}'}")  # fmt: skip
    for change in found.changes:
        was = f" (was {change.was})" if change.was != change.name else ""
        text = f"{change.name}{was}: {_WORDS[change.what]}"
        yield Warn(text) if change.what == "clash" else Line(text)
    if not found.branch:
        yield Next("fastcompanion project update", "on a branch of its own")
    elif found.clashes:
        yield Line(f"You are on the branch {found.branch}. Nothing is committed yet; to drop it all: git switch -f {found.back}")  # fmt: skip
        yield Next("git commit -a", "when the marked lines are settled and pytest passes")
    elif found.commit is not None and not found.commit.made:
        yield Warn(f"Not committed: {found.commit.reason}. {found.commit.hint}")
    else:
        yield Line(f"It is committed on the branch {found.branch}, and you are on it: try it, then take it over.")  # fmt: skip
        yield Next(f"pytest && git switch {found.back} && git merge {found.branch}")


def _diff(found: Update) -> Iterable[Block]:
    for text in updating.diff(found):
        yield Code(text)
    yield from _update(found)


def _not_opened(found: dict[str, object]) -> Iterable[Block]:
    yield Line(f"The final rows stay closed; they would be opened for {found['name']}.")


def _opened(found: Opened) -> Iterable[Block]:
    score_ = found.score
    yield Title(f"{found.name} on the final rows")
    yield Line(f"{score_.metric} {short(score_.value)} [{short(score_.low)}, {short(score_.high)}] on {score_.n} rows; validated at {short(found.validated)}.")  # fmt: skip
    if found.beside is not None:
        yield Line(f"Against the baseline: {_apart(found.beside)}, {found.beside.verdict}.")
    inside = score_.low <= found.validated <= score_.high
    yield Line("The validated score lies in this interval." if inside else "The validated score lies outside of this interval: it was too good or too bad by chance, or by choosing.")  # fmt: skip
    yield Line("It stands in project.yml. A second look would make these rows ones to choose by.", "dim")  # fmt: skip


def _checked(found: Checked) -> Iterable[Block]:
    yield Title(
        f"{found.root}: {found.rows} rows, {len(found.inputs)} input{'' if len(found.inputs) == 1 else 's'}"
    )
    parts = (("The features of data.py", found.features), ("The split", found.split))
    for name, problems in (*parts, ("The raw data", found.raw)):
        if problems:
            yield Line(f"{name}:")
            yield from _problems(problems)
    if found.passed:
        yield Line("Nothing has to be mended.", "good")
        return
    yield Next("fastcompanion project check", "again, when data.py is mended")


def _problems(found: tuple[Problem, ...]) -> Iterable[Block]:
    for problem in found:
        text = f"{problem.where}: {problem.text} {problem.cure}".strip()
        yield Line(text, "dim") if problem.severity == "note" else Warn(text)
