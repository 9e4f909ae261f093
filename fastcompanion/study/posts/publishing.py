"""Publishing: the site as a commit on the branch gh-pages; taking posts off is one more commit.

The site is built from what is saved, into a folder of its own; no notebook is ever run. Nothing of the
learner's work tree, index or HEAD is touched, nothing is forced.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

from fastcompanion.base import branch, events, repo, store, workspace
from fastcompanion.base.branch import Entry, Remote
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.repo import CommitResult
from fastcompanion.base.workspace import Workspace
from fastcompanion.study.posts import address, blog, bundle, checking, drafting, site
from fastcompanion.study.posts.bundle import Post
from fastcompanion.study.posts.checking import CheckedPost
from fastcompanion.study.posts.listing import BRANCH
from fastcompanion.study.posts.site import Site

#: lists what we published, so that files of others on the branch are told apart and kept
MARKER = "fastcompanion-site.json"
_NO_JEKYLL, _DOMAIN = ".nojekyll", "CNAME"
_HEAD = f"refs/heads/{BRANCH}"
_TRIES = 3
_BUSY = "the blog is being published by another process"
Consent = Callable[[str], bool]


@frozen
class SiteFile:
    """A file of the site and its size in bytes."""

    path: str
    bytes: int


@frozen
class Published:
    """What became of the blog.

    `stopped` names the posts that must not be published so: then nothing was done; `to_mend` those in
    which readers will see that something is wrong. `added` and `removed` are against what others see,
    and `changed` says whether they see anything new. `pushed` is false with `reason` and the line to
    type in `hint`.
    """

    branch: str
    url: str
    remote: str
    posts: tuple[str, ...]
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    drafts: tuple[str, ...] = ()
    files: tuple[SiteFile, ...] = ()
    bytes: int = 0
    kept: tuple[str, ...] = ()
    stopped: tuple[CheckedPost, ...] = ()
    warnings: tuple[str, ...] = ()
    to_mend: tuple[str, ...] = ()
    commit: str | None = None
    changed: bool = False
    pushed: bool = False
    reason: str = ""
    hint: str = ""
    agreed: bool = True
    study: CommitResult | None = None


@frozen
class _Built:
    """A site on disk: its files, the posts in it, what its builder says."""

    files: Mapping[str, Path]
    posts: tuple[str, ...]
    warnings: tuple[str, ...]


@frozen
class _Ground:
    """What the new commit goes on: the branch here, the commit below, what both sides are."""

    root: Path
    local: str | None
    parent: str | None
    remote: Remote | None
    seen: str | None
    url: str = ""
    adopt: bool = False

    @property
    def known(self) -> bool:
        """Whether the remote was ever seen with the branch."""
        return self.seen is not None


def publish(
    ws: Workspace, *, consent: Consent, adopt: bool = False, dry_run: bool = False
) -> Published:
    """Build the site, commit it to gh-pages and push it; asks before what is here first goes public."""
    with _alone(ws, dry_run=dry_run):
        return _publish(ws, consent, adopt=adopt, dry_run=dry_run)


def _alone(ws: Workspace, *, dry_run: bool) -> AbstractContextManager[object]:
    """Keep others from publishing meanwhile; who only looks needs no lock, and leaves none."""
    return nullcontext() if dry_run else store.lock(ws.lock("publish"), busy=_BUSY)


def _waiting(drafts: tuple[str, ...]) -> str:
    if not drafts:
        return "there is none yet"
    return f"{', '.join(drafts)} {'is a draft' if len(drafts) == 1 else 'are drafts'}"


def _publish(ws: Workspace, consent: Consent, *, adopt: bool, dry_run: bool) -> Published:
    ground = replace(_look(ws), adopt=adopt)
    everything = bundle.look(ws)
    drafts = tuple(post.slug for post in everything.posts if post.front.draft)
    checked = [post for post in checking.check(ws).posts if post.slug not in drafts]
    stopped = tuple(post for post in checked if post.stopped)
    shown = [post for post in everything.posts if not post.front.draft]
    if stopped:
        return _told(ground, _Built({}, (), ()), drafts, stopped=stopped)
    _refuse_foreign(ground)
    if not shown and ground.parent is None and not ws.portfolio.is_file():
        raise CompanionError(
            f"there is no post to publish: {_waiting(drafts)}",
            hint="draft: false in a post's front matter"
            if drafts
            else 'fastcompanion blog new "TITLE"',
            code=Exit.CHECK_SAYS_NO,
        )
    slugs = tuple(post.slug for post in shown)
    _refuse_lost(ground, slugs, ground.local)
    mend = tuple(
        post.slug for post in checked if any(one.severity == "mend" for one in post.findings)
    )
    if dry_run:
        with site.built_apart(ws) as made:
            return replace(_told(ground, _of_site(ws, made, slugs), drafts), to_mend=mend)
    built = _build(ws, slugs)
    told = replace(_told(ground, built, drafts), to_mend=mend)
    where = told.url or (ground.remote.url if ground.remote else "")
    first = ground.remote is not None and not ground.known
    if first and not consent(f"This becomes public: {where}. Publish it?"):
        return replace(told, agreed=False)
    done = _commit(ground, built, told, _message("Publish the blog", told))
    return replace(done, study=_remember(ws, shown, done))


def unpublish(
    ws: Workspace, name: str | None, *, consent: Consent, dry_run: bool = False
) -> Published:
    """Take a post off the site, or all of them, as a new commit; what is taken off becomes a draft."""
    with _alone(ws, dry_run=dry_run):
        return _unpublish(ws, name, consent, dry_run=dry_run)


def _unpublish(ws: Workspace, name: str | None, consent: Consent, *, dry_run: bool) -> Published:
    ground = _look(ws)
    if ground.parent is None:
        raise CompanionError("nothing was published from here", hint="fastcompanion blog publish")
    _refuse_foreign(ground)
    held = _posts_of(branch.files(ground.root, ground.parent))
    everything = bundle.look(ws).posts
    taken = [bundle.find(ws, name)] if name is not None else [one for one in everything if one.slug in held]  # fmt: skip
    if name is not None and taken[0].slug not in held:
        raise CompanionError(f"{taken[0].slug} is not on the site", hint="fastcompanion blog list")
    stay = [one for one in everything if not one.front.draft and one not in taken] if name else []
    _refuse_more(ws, stay, held)
    told = _told(ground, _Built({}, tuple(one.slug for one in stay), ()), ())
    what = f"the post {taken[0].slug!r}" if name is not None else f"all posts ({len(held)})"
    if dry_run:
        return told
    if not consent(f"Take {what} off {told.url or 'the site'}?"):
        return replace(told, agreed=False)
    page = name is not None and ws.portfolio.is_file()
    return _take_off(ws, ground, taken, stay, page=page)


def _refuse_more(ws: Workspace, stay: list[Post], held: frozenset[str]) -> None:
    """Taking a post off must not publish another one by the way."""
    new = [one.slug for one in stay if one.slug not in held]
    if new:
        raise CompanionError(
            f"the site is built anew for this, and {', '.join(new)} would be published with it",
            hint="Publish it first (fastcompanion blog publish), or say draft: true in it.",
            code=Exit.CHECK_SAYS_NO,
        )
    for post in stay:
        if checking.check(ws, post.folder.name).posts[0].stopped:
            raise CompanionError(
                f"the site is built anew for this, and {post.slug} can't be published as it is now",
                hint=f"fastcompanion blog check {post.slug}",
                code=Exit.CHECK_SAYS_NO,
            )


def _take_off(
    ws: Workspace, ground: _Ground, taken: list[Post], stay: list[Post], *, page: bool
) -> Published:
    """Make drafts of posts, so that the next publishing leaves them out too, and commit what is left.

    `page` says that the portfolio stays there, though it may be all that is left.
    """
    texts = {one.source: store.read_bytes(one.source) for one in taken}
    try:
        for one in taken:
            drafting.set_draft(one)
        slugs = tuple(one.slug for one in stay)
        built = _build(ws, slugs) if stay or page else _Built({}, (), ())
        told = _told(ground, built, ())
        done = _commit(ground, built, told, _message("Take posts off the blog", told))
    except BaseException:
        for path, data in texts.items():
            store.write_bytes(path, data)
        raise
    return replace(done, study=_forget(ws, list(texts), done))


def _build(ws: Workspace, shown: tuple[str, ...]) -> _Built:
    """Build into a folder of our own, where the next publishing finds what has not changed."""
    return _of_site(ws, site.build(ws, ws.cache / "published"), shown)


def _of_site(ws: Workspace, made: Site, shown: tuple[str, ...]) -> _Built:
    names = sorted((*made.written, *made.kept))
    # What is said of single posts is what `blog check` says.
    others = tuple(one for one in made.warnings if not one.startswith(f"{ws.posts.name}/"))
    return _Built({name: made.folder / name for name in names}, shown, others)


def _look(ws: Workspace) -> _Ground:
    """Look at the repository: what gh-pages is here, and what was last seen of it over there."""
    root = ws.root
    place = repo.state(root)
    if not place.exists:
        raise CompanionError("the study is not a git repository", hint=f"git -C '{root}' init", code=Exit.NOT_SET_UP)  # fmt: skip
    if place.branch == BRANCH or branch.checked_out(root, BRANCH):
        raise CompanionError(
            f"the branch {BRANCH} is checked out, so it can't be written beside your work",
            hint="git switch main",
        )
    to = branch.remote(root)
    local = branch.tip(root, _HEAD)
    seen = branch.tip(root, f"refs/remotes/{to.name}/{BRANCH}") if to else None
    ahead = local is None or (seen is not None and branch.contains(root, seen, local))
    url = blog.read(ws).url or address.public_url(to.url if to else "")
    return _Ground(root, local, seen if ahead and seen else local, to, seen, url)


def _refuse_foreign(ground: _Ground) -> None:
    """Leave a branch alone that somebody else makes."""
    if ground.parent is None or ground.adopt or _ours(ground.root, ground.parent) is not None:
        return
    raise CompanionError(
        f"there is a branch {BRANCH} that is not ours; nothing was changed",
        hint="fastcompanion blog publish --adopt puts your blog in its place, as a new commit on top of it",
        code=Exit.CHECK_SAYS_NO,
    )


def _ours(root: Path, commit: str) -> frozenset[str] | None:
    """Name the files of a commit that we published; None: the commit is not ours."""
    text = branch.text(root, commit, MARKER)
    try:
        told = json.loads(text) if text is not None else None
    except json.JSONDecodeError:
        return None
    if not isinstance(told, dict) or not isinstance(told.get("files"), list):
        return None
    return frozenset(map(str, told["files"])) | {MARKER, _NO_JEKYLL}


def _kept(root: Path, parent: str | None) -> dict[str, Entry]:
    """Give the files of the branch that stay: those that others put beside ours, and a domain."""
    if parent is None:
        return {}
    own, there = _ours(root, parent), branch.files(root, parent)
    if own is None:
        return {name: one for name, one in there.items() if name == _DOMAIN}
    return {name: one for name, one in there.items() if name not in own}


def _posts_of(names: Mapping[str, object]) -> frozenset[str]:
    parts = [name.split("/") for name in names]
    return frozenset(
        one[1] for one in parts if len(one) == 3 and one[0] == "posts" and one[2] == "index.html"
    )


def _told(
    ground: _Ground,
    built: _Built,
    drafts: tuple[str, ...],
    *,
    stopped: tuple[CheckedPost, ...] = (),
) -> Published:
    """Say what would be published, and where it could be read."""
    kept = _kept(ground.root, ground.parent)
    # What others see counts: a push that did not work has made nothing public yet.
    public = ground.seen if ground.remote is not None else ground.parent
    before = _posts_of(branch.files(ground.root, public)) if public else frozenset()
    domain = (branch.text(ground.root, ground.parent, _DOMAIN) or "") if ground.parent else ""
    remote = ground.remote
    files = tuple(SiteFile(name, path.stat().st_size) for name, path in built.files.items())
    return Published(
        branch=BRANCH,
        url=address.public_url("", domain) or ground.url,
        remote=remote.name if remote else "",
        posts=built.posts,
        added=tuple(one for one in built.posts if one not in before),
        removed=tuple(sorted(before - set(built.posts))) if not stopped else (),
        drafts=drafts,
        files=files,
        bytes=sum(one.bytes for one in files),
        kept=tuple(sorted(name for name in kept if name not in built.files)),
        stopped=stopped,
        warnings=built.warnings,
    )


def _message(title: str, told: Published) -> str:
    lines = [f"Add {one}" for one in told.added] + [f"Take off {one}" for one in told.removed]
    return "\n\n".join([title, "\n".join(lines)] if lines else [title])


def _commit(ground: _Ground, built: _Built, told: Published, message: str) -> Published:
    """Commit the site where it differs, and push what the other side lacks."""
    commit = _made(ground, built, message)
    changed = commit != (ground.seen if ground.remote is not None else ground.parent)
    if commit != ground.local:
        branch.move(ground.root, BRANCH, commit, ground.local)
    told = replace(told, commit=commit if commit != ground.parent else None, changed=changed)
    if ground.remote is None:
        return replace(told, reason="the study has no remote, so nobody else can see the blog", hint="Make an empty repository on GitHub, then: git remote add origin ADDRESS, and publish again")  # fmt: skip
    return _pushed(ground, ground.remote, built, told, message)


def _made(ground: _Ground, built: _Built, message: str) -> str:
    """Make the commit of a site on top of the parent; the same site is the parent itself."""
    place = workspace.runtime_folder()
    try:
        own = dict(built.files)
        listed = sorted({*own, _NO_JEKYLL})
        extra = {MARKER: json.dumps({"version": 1, "files": listed}, ensure_ascii=False, indent=0) + "\n"}  # fmt: skip
        for name, text in (*extra.items(), *([] if _NO_JEKYLL in own else [(_NO_JEKYLL, "")])):
            store.write_text(place / name, text, durable=False)
            own[name] = place / name
        tree = branch.make_tree(ground.root, own, _kept(ground.root, ground.parent))
    finally:
        store.remove(place)
    if ground.parent is not None and branch.tree_of(ground.root, ground.parent) == tree:
        return ground.parent
    return branch.make_commit(ground.root, tree, ground.parent, message)


def _pushed(ground: _Ground, to: Remote, built: _Built, told: Published, message: str) -> Published:
    """Push; where the other side has more, go on top of it if it is ours."""
    before = ground.local
    for _ in range(_TRIES):
        said = branch.push(ground.root, to, BRANCH)
        if said.done:
            return replace(told, pushed=True, reason="", hint="")
        if not said.rejected:
            hint = f"git push {to.name} {BRANCH}"
            return replace(told, reason=said.reason, hint=hint)
        mine = branch.tip(ground.root, _HEAD)
        try:
            theirs = branch.fetch(ground.root, to, BRANCH)
            ground = replace(ground, local=mine, parent=theirs, seen=theirs)
            _refuse_foreign(ground)
            _refuse_lost(ground, built.posts, before)
        except CompanionError:
            branch.move(ground.root, BRANCH, before, mine)
            raise
        commit = _made(ground, built, message)
        branch.move(ground.root, BRANCH, commit, mine)
        told = replace(told, commit=commit if commit != theirs else None, changed=commit != theirs)
    return replace(told, reason="the other side changed again and again", hint="fastcompanion blog publish")  # fmt: skip


def _refuse_lost(ground: _Ground, posts: tuple[str, ...], before: str | None) -> None:
    """Refuse to take posts off that only another machine has; `before` is our branch as it was."""
    if ground.parent is None or ground.parent == before:
        return
    mine = _posts_of(branch.files(ground.root, before)) if before else frozenset()
    unknown = sorted(_posts_of(branch.files(ground.root, ground.parent)) - mine - set(posts))
    if unknown and not ground.adopt:
        theirs = f"{ground.remote.name}/{BRANCH}" if ground.remote else BRANCH
        raise CompanionError(
            f"another machine has published posts that are not here: {', '.join(unknown)}",
            hint=f"git pull, then publish again (if they are to go: git branch -f {BRANCH} {theirs})",
            code=Exit.CHECK_SAYS_NO,
        )


def _remember(ws: Workspace, shown: list[Post], done: Published) -> CommitResult | None:
    """Record what became public or no longer is, and commit the texts that the site was made from."""
    own = [one for post in shown for one in _files_of(post)]
    words = f"Publish {', '.join(done.added)}" if done.added else "Update published posts"
    return events.commit_paths(ws, [*own, *_recorded(ws, done)], words)


def _files_of(post: Post) -> list[Path]:
    """Give the files of a post's folder but hidden ones: what is hidden is not looked through either."""
    found = sorted(post.folder.rglob("*"))
    parts = {one: one.relative_to(post.folder).parts for one in found if one.is_file()}
    return [one for one in parts if not any(part.startswith(".") for part in parts[one])]


def _forget(ws: Workspace, files: list[Path], done: Published) -> CommitResult | None:
    """Record what is no longer public, and commit that it is a draft."""
    names = ", ".join(path.parent.name for path in files)
    return events.commit_paths(ws, [*files, *_recorded(ws, done)], f"Take {names} off the blog")


def _recorded(ws: Workspace, done: Published) -> tuple[Path, ...]:
    """Record what changed for everybody, once it did; where there is no remote, the branch is all there is."""
    if done.remote and not done.pushed:
        return ()
    for kind, slugs in (("post.published", done.added), ("post.unpublished", done.removed)):
        for slug in slugs:
            events.record(ws, kind, None, {"slug": slug})
    return (ws.progress,) if done.added or done.removed else ()
