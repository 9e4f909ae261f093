"""`blog build` and `blog preview`: posts as pages."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from fastcompanion import console
from fastcompanion.commands.blog_app import app, counted
from fastcompanion.commands.options import Session, command
from fastcompanion.console import Answer, Block, Line, Next, Title, Warn
from fastcompanion.study.posts import bundle, site
from fastcompanion.study.posts import preview as looking
from fastcompanion.study.posts.preview import Shown
from fastcompanion.study.posts.site import Site


@command(app, "build")
def build(
    session: Session,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Where the pages go.", show_default="_site in the study"),
    ] = None,
    drafts: Annotated[bool, typer.Option("--drafts", help="Build drafts as well.")] = False,
) -> Answer:
    """Build the blog's pages from what is saved, without running anything; only what changed is written."""
    study = session.workspace()
    if session.dry_run:
        return Answer(looking.would_build(study, drafts=drafts), _view_would_build)
    built = site.build(study, out or study.root / site.DEFAULT, drafts=drafts)
    waiting = not built.pages and bool(bundle.folders(study))
    return Answer(built, partial(_view_built, waiting=waiting))


@command(app, "preview")
def preview(
    session: Session,
    port: Annotated[
        int | None,
        typer.Option("--port", min=1, max=65535, help="The port.", show_default="a free one"),
    ] = None,
    open_it: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> Answer | None:
    """Show the blog with your drafts on this machine, made again at each save, until Ctrl-C."""
    study = session.workspace()
    if session.dry_run:
        return Answer(looking.would_build(study, drafts=True), _view_would_build)
    # Ctrl-C is the end of it, also in the moment in which a line is shown.
    with suppress(KeyboardInterrupt), looking.running(study, port=port) as live:
        for built in live.changes():
            shown = live.told(built)
            console.show_line(shown, _view_preview(shown))
            if open_it:
                live.open()
            open_it = False
    return None


def _view_would_build(built: Site) -> Iterable[Block]:
    yield Line(f"Would build {counted(built.pages)}, {len(built.written)} files.")
    yield from map(Warn, built.warnings)


def _view_built(built: Site, *, waiting: bool) -> Iterable[Block]:
    yield Title(f"{counted(built.pages)} in {built.folder}")
    yield Line(_files_of(built))
    yield from map(Warn, built.warnings)
    if waiting:
        yield Line(
            "All your posts are drafts, and drafts are left out: draft: false in one of them."
        )
        yield Next("fastcompanion blog preview", "shows drafts as well")
    elif not built.pages:
        yield Next('fastcompanion blog new "What I learned"')
    else:
        yield Next("fastcompanion blog preview", "to look at it")


def _files_of(built: Site) -> str:
    count = len(built.written)
    words = [f"{count} {'file' if count == 1 else 'files'} written", f"{len(built.kept)} kept"]
    return ", ".join(words + ([f"{len(built.removed)} removed"] if built.removed else []))


def _view_preview(shown: Shown) -> Iterable[Block]:
    if shown.version == 1:
        yield Title(shown.url)
        yield Line("Each save shows at once. End it with Ctrl-C.", "dim")
    if shown.error:
        yield Warn(shown.error)
    elif shown.site is not None:
        yield Line(f"{counted(shown.site.pages)}: {_files_of(shown.site)}")
        for one in shown.site.broken:
            yield Line(f"{one.place}: {one.message}", "bad")
        yield from map(Warn, shown.warnings)


def register(root: typer.Typer) -> None:
    """Add nothing to the root: importing this file has added to the group `blog`."""
