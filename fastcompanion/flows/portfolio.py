"""The portfolio: projects with their scores from the project wing, posts from the study. Never fetches."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from fastcompanion.base import branch, config, events, process, repo, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.process import Child
from fastcompanion.base.records import frozen
from fastcompanion.base.repo import CommitResult
from fastcompanion.base.reporter import Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.flows import projects
from fastcompanion.project import render, scoring
from fastcompanion.project.place import BASELINE, MAJORITY, README, Project
from fastcompanion.project.scoring import Board, Scored, apart, short
from fastcompanion.study import portfolio
from fastcompanion.study.portfolio import Card, Item, PostLine, State
from fastcompanion.study.posts import bundle, images

_NOTES = ("NOTES.md", "notes.md", "docs/notes.md", "FAILURES.md", "LESSONS.md", "journal.md")
_LICENCES = re.compile(r"(?i)(?:licen[cs]e|copying|unlicense)(?:\.\w+)?")
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/?")
_TEST_SECONDS, _APP_SECONDS, _ASK_SECONDS = 600.0, 120.0, 10.0
_PASSED = re.compile(r"(\d+) passed")


@frozen
class Checked:
    """All projects with what they show; `advice` is the one step that is worth most, for one project."""

    projects: tuple[Card, ...]
    missing: tuple[str, ...]
    advice: Item | None
    project: str
    ran: bool


@frozen
class Built:
    """The page: the projects and posts on it, those left out with the reason, whether it changed."""

    file: str
    projects: tuple[str, ...]
    posts: tuple[str, ...]
    left_out: tuple[str, ...]
    changed: bool
    commit: CommitResult | None


def check(
    ws: Workspace, name: str = "", *, run: bool = False, kernel: str = "", reporter: Reporter
) -> Checked:
    """Look at what each project shows; with `run` its tests are run and its app is asked."""
    places = _places(ws)
    if name:
        places = [one for one in places if name in (one[0], one[2])]
        if not places:
            known = ", ".join(one[0] for one in _places(ws)) or "none yet"
            raise CompanionError(
                f"there is no project {name!r} (projects: {known})",
                hint="fastcompanion project new NAME --data PATH",
                code=Exit.USAGE,
            )
    there = [(title, root, place) for title, root, place in places if root.is_dir()]
    gone = tuple(f"{title}: {place}" for title, root, place in places if not root.is_dir())
    cards = []
    for title, root, place in there:
        with reporter.task(f"Looking at {title}"):
            cards.append(_card(ws, title, root, place, run=run, kernel=kernel, reporter=reporter))
    found = portfolio.closest(cards)
    advice, of = (found[1], found[0].name) if found else (None, "")
    return Checked(tuple(cards), gone, advice, of, run)


def build(ws: Workspace, *, dry_run: bool = False, reporter: Reporter) -> Built:
    """Write the finished projects and the posts that are no drafts into portfolio.md, between markers."""
    checked = check(ws, reporter=reporter)
    shown = [post for post in bundle.look(ws).posts if not post.front.draft]
    lines = [
        PostLine(post.title, str(post.day or ""), ws.relative(post.source), post.front.description)
        for post in shown
    ]
    cards, pictures = _with_pictures(ws, checked.projects)
    path = ws.portfolio
    old = store.read_text(path) if path.exists() else ""
    title = f"Portfolio: {config.load(ws).get('study.name')}"
    new = portfolio.placed(old, portfolio.page(cards, lines), title)
    stale = [target for target, data in pictures.items() if not _holds(target, data)]
    changed, commit = new != old or bool(stale), None
    if changed and not dry_run:
        for target in stale:
            store.write_bytes(target, pictures[target])
        store.write_text(path, new)
        commit = events.commit_paths(ws, [path, *pictures], "Build the portfolio")
    left = [f"{card.name}: {_why_left(card)}" for card in checked.projects if not card.finished]
    left += [f"{one}: its folder is not there" for one in checked.missing]
    finished = tuple(card.name for card in checked.projects if card.finished)
    slugs = tuple(post.slug for post in shown)
    return Built(ws.relative(path), finished, slugs, tuple(left), changed, commit)


def _with_pictures(
    ws: Workspace, cards: Sequence[Card]
) -> tuple[tuple[Card, ...], dict[Path, bytes]]:
    """Bring the pictures of finished projects into the study: projects are repositories of their own."""
    made, pictures = [], {}
    for card in cards:
        if card.finished and card.picture:
            source = Path(card.picture)
            name = re.sub(r"[^\w.-]+", "-", card.name).strip("-.") or "project"
            target = ws.portfolio_pictures / f"{name}{source.suffix.lower()}"
            pictures[target] = store.read_bytes(source)
            made.append(replace(card, picture=ws.relative(target)))
        else:
            made.append(card)
    return tuple(made), pictures


def _holds(path: Path, data: bytes) -> bool:
    return path.is_file() and store.read_bytes(path) == data


def _why_left(card: Card) -> str:
    result = next((item for item in card.items if item.kind == "result"), None)
    return result.text if result is not None and result.state != "yes" else "it has no README of your own"  # fmt: skip


def _places(ws: Workspace) -> list[tuple[str, Path, str]]:
    """Read projects.yaml: names, folders, and the places as they stand there."""
    path = ws.projects
    if not path.exists():
        return []
    told = store.check_version(store.read_yaml(path), path)
    rows = told.get("projects") or []
    if not isinstance(rows, list) or not all(isinstance(one, dict) and one.get("path") for one in rows):  # fmt: skip
        raise CompanionError(
            "each project needs a name and a path", hint="- {name: birds, path: projects/birds}", file=path
        )  # fmt: skip
    return [(str(one.get("name") or one["path"]), ws.root / str(one["path"]), str(one["path"])) for one in rows]  # fmt: skip


def _card(
    ws: Workspace, name: str, root: Path, place: str, *, run: bool, kernel: str, reporter: Reporter
) -> Card:
    told, items = _readme(root, name)
    board, result = _result(root)
    items += [result, _tests(root, name), _demo(root, name, told), *_files(root, told)]
    if run:
        items = [_tried(ws, root, item, kernel, reporter) for item in items]
    public = _address(root)
    picture = told.picture if told and _local_picture(root, told) else ""
    by_kind = {item.kind: item.state for item in items}
    return Card(
        name=name,
        place=place,
        about=told.about if told else "",
        result=_words(board) if board is not None else "",
        repository=public,
        demo=told.demo if told else "",
        picture=str((root / unquote(picture)).resolve()) if picture else "",
        picture_alt=told.picture_alt if told else "",
        finished=by_kind.get("result") == "yes" and by_kind.get("what") == "yes",
        items=portfolio.in_order(items),
    )


def _readme(root: Path, name: str) -> tuple[portfolio.Told | None, list[Item]]:
    path = root / README
    if not path.is_file():
        return None, list(portfolio.of_readme(None, name))
    first = repo.versions(root, README)[:1] if (root / ".fastcompanion.yml").is_file() else []
    beside = [store.read_text(root / one) for one in _NOTES if (root / one).is_file()]
    text = render.without_scores(store.read_text(path))
    told = portfolio.read_me(text, render.without_scores(first[0]) if first else "", beside)
    return told, list(portfolio.of_readme(told, name))


def _result(root: Path) -> tuple[Board | None, Item]:
    """Say whether the best model is above the naive baseline, with intervals on the same rows."""
    try:
        project = Project.find(root)
        if project.root != root:
            raise CompanionError("is no project of this program")
        board = scoring.board(project, write=False)
    except CompanionError as error:
        known = (root / ".fastcompanion.yml").is_file()
        hint = error.hint if known else "Write the result, the naive baseline and the rows into its README; only projects of `project new` can be read."  # fmt: skip
        return None, Item("result", "no" if known else "not read", error.message, hint)
    best = _best(board)
    if best is None:
        text = "there are only naive models so far"
        return board, Item("result", "no", text, _in(root, "fastcompanion project next --yes"))
    verdict = best.beside.verdict if best.beside else "cannot tell"
    if verdict == "better":
        return board, Item("result", "yes", _words(board))
    return board, Item("result", "no", f"{_words(board)}: {verdict}", _in(root, "fastcompanion project next --yes"))  # fmt: skip


def _best(board: Board) -> Scored | None:
    return next((one for one in board.runs if one.name not in (BASELINE, MAJORITY)), None)


def _words(board: Board) -> str:
    best = _best(board)
    if best is None:
        return ""
    score = best.score
    text = f"{board.metric} {short(score.value)} [{short(score.low)}, {short(score.high)}] on {score.n} rows"  # fmt: skip
    return f"{text}, {apart(best.beside)} against the naive baseline" if best.beside else text


def _in(root: Path, command: str) -> str:
    return f"cd {process.shown([str(root)])} && {command}"


def _tests(root: Path, name: str) -> Item:
    found = sorted((root / "tests").glob("test_*.py")) if (root / "tests").is_dir() else []
    if not found:
        return Item("tests", "no", "there are no tests", f"Write one test that would have found your last mistake: {name}/tests/test_first.py")  # fmt: skip
    count = "1 file of tests" if len(found) == 1 else f"{len(found)} files of tests"
    return Item("tests", "not tried", f"{count}, not run", "fastcompanion portfolio check --run")


def _demo(root: Path, name: str, told: portfolio.Told | None) -> Item:
    if (root / "app.py").is_file():
        return Item("demo", "not tried", "app.py is there, not asked", "fastcompanion portfolio check --run")  # fmt: skip
    if told is not None and told.demo:
        return Item("demo", "not tried", f"{told.demo} is named; nothing is fetched, so look yourself", "")  # fmt: skip
    return Item("demo", "no", "there is nothing to try", _grow_an_app(root))


def _grow_an_app(root: Path) -> str:
    """Say how a project gets an app; that of `project new` stands on what was saved."""
    if not (root / ".fastcompanion.yml").is_file():
        return "Give people something to try: a small page, a Space, or a notebook that runs."
    steps = ("saved", "app") if not (root / "save.py").is_file() else ("app",)
    return _in(root, " && ".join(f"fastcompanion project next {step} --yes" for step in steps))


def _files(root: Path, told: portfolio.Told | None) -> Iterator[Item]:
    """Look for a licence, a picture, a place where others can read it, and work that is not committed."""
    licence = next((one.name for one in sorted(root.iterdir()) if _LICENCES.fullmatch(one.name)), "")  # fmt: skip
    yield Item("licence", "yes" if licence else "no", licence or "there is no licence, so nobody may use it", "" if licence else "Add a file LICENSE, e.g. the text of Apache-2.0 or MIT.")  # fmt: skip
    seen = bool(told and _local_picture(root, told))
    named = told is not None and bool(told.picture)
    text = told.picture if seen and told else "the README names a picture that is not there, or is none" if named else "the README shows no picture"  # fmt: skip
    yield Item("picture", "yes" if seen else "no", text, "" if seen else "Show one picture of a result at the top of the README: a good answer beside a bad one says most.")  # fmt: skip
    public = _address(root)
    yield Item("public", "yes" if public else "no", public or "nobody else can see the repository", "" if public else _in(root, "git remote add origin ADDRESS && git push -u origin main"))  # fmt: skip
    state = repo.state(root)
    own = state.exists and state.root is not None and state.root.resolve() == root.resolve()
    if not own:
        yield Item("committed", "no", "it is no git repository of its own", _in(root, "git init"))
        return
    changed = repo.changed(root)
    yield Item("committed", "no" if changed else "yes", f"changed and not committed: {', '.join(changed[:3])}" if changed else "everything is committed", _in(root, "git commit -a") if changed else "")  # fmt: skip


def _local_picture(root: Path, told: portfolio.Told) -> bool:
    """Say whether the picture is one, as it is copied and published: a README may name any file."""
    if not told.picture or "://" in told.picture:
        return False
    path = (root / unquote(told.picture)).resolve()
    ours = path.is_relative_to(root.resolve()) and path.is_file()
    if not ours or path.suffix.lower() not in images.SUFFIXES:
        return False
    return not images.broken(path.name, store.read_bytes(path))


def _address(root: Path) -> str:
    """Give the address at which people can read the repository, by its remote; empty for a folder."""
    to = branch.remote(root) if (root / ".git").exists() else None
    if to is None:
        return ""
    found = re.fullmatch(r"(?:ssh://)?git@([\w.-]+)[:/](.+?)(?:\.git)?/?", to.url)
    if found:
        return f"https://{found[1]}/{found[2]}"
    parts = urlsplit(to.url)
    if parts.scheme in ("http", "https") and parts.hostname:
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{parts.hostname}{port}{parts.path.removesuffix('.git')}"
    return ""


def _tried(ws: Workspace, root: Path, item: Item, kernel: str, reporter: Reporter) -> Item:
    """Run the tests, or start the app and ask it."""
    if item.state != "not tried":
        return item
    python = projects.python_for(Project(root), kernel, ws)
    if item.kind == "tests":
        return _run_tests(root, python, reporter)
    return _ask_app(root, kernel, reporter) if (root / "app.py").is_file() else item


def _run_tests(root: Path, python: Sequence[str], reporter: Reporter) -> Item:
    reporter.note("running the tests")
    words = [*python, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    try:
        done = process.run(words, cwd=root, timeout=_TEST_SECONDS, check=False)
    except CompanionError as error:
        return Item("tests", "no", error.message, _in(root, "pytest"))
    last = next((line.strip("= ") for line in reversed(done.out.splitlines()) if line.strip()), "")
    if "No module named pytest" in done.err:
        return Item("tests", "not tried", f"{python[0]} has no pytest", "--kernel with an environment that has pytest")  # fmt: skip
    state: State = "yes" if done.code == 0 and _PASSED.search(last) else "no"
    return Item("tests", state, last or f"exit {done.code}", "" if state == "yes" else _in(root, "pytest"))  # fmt: skip


def _ask_app(root: Path, kernel: str, reporter: Reporter) -> Item:
    """Start the app on a free port of this machine, ask for its page, and end it."""
    reporter.note("starting the app")
    # A file of the project's may be named as one of our libraries: its folder is none of our path.
    words = [sys.executable, "-P", "-m", "fastcompanion", "project", "app", "--project", str(root), "--port", "0"]  # fmt: skip
    words += ["--kernel", kernel] if kernel else []
    again = _in(root, "fastcompanion project app")
    with _started(words, root) as child:
        address, said = _listening(child)
        if not address:
            return Item("demo", "no", f"the app did not start: {said}", again)
        code, size = _get(address)
    if code == 200 and size:
        return Item("demo", "yes", f"the app answers ({size} bytes)")
    return Item("demo", "no", f"the app answers with {code or 'nothing'}", again)


@contextmanager
def _started(words: Sequence[str], root: Path) -> Iterator[Child]:
    env = {"PYTHONUNBUFFERED": "1"}
    child = process.spawn(words, cwd=root, env=env, pipes=True, merged=True)
    try:
        yield child
    finally:
        child.kill_tree()
        child.close()


def _listening(child: Child) -> tuple[str, str]:
    """Wait for the address that the app prints; gives it, or what it said instead."""
    lines = process.lines_until(child, lambda line: bool(_ADDRESS.search(line)), _APP_SECONDS)
    last = next((line for line in reversed(lines) if line.strip()), "it said nothing")
    found = _ADDRESS.search(last)
    return (found[0], "") if found else ("", last)


def _get(address: str) -> tuple[int, int]:
    """Ask this machine for a page; gives the status and the size."""
    from http.client import HTTPConnection, HTTPException

    parts = urlsplit(address)
    line = HTTPConnection(str(parts.hostname), parts.port, timeout=_ASK_SECONDS)
    try:
        line.request("GET", parts.path or "/")
        answer: Any = line.getresponse()
        return int(answer.status), len(answer.read())
    except (OSError, HTTPException):
        return 0, 0
    finally:
        line.close()
