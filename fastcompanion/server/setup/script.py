"""The text that sets a machine up: one file for ssh, for cloud-init and for a person's own hands."""

from __future__ import annotations

import hashlib
import re
import shlex
from typing import Literal, get_args

from fastcompanion.base import templates
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.server.setup import steps
from fastcompanion.server.setup.steps import Kind

Mode = Literal["apply", "check", "undo"]
MODES: tuple[Mode, ...] = get_args(Mode)
PORT = 8888

# Companies have ada.lovelace; of capitals alone sudo takes a name for a list of users.
_USER = re.compile(r"(?=.*[a-z])[A-Za-z_][A-Za-z0-9_.-]{0,31}")
_FOLDER = re.compile(r"/[A-Za-z0-9._+@/-]+")
_ZONE = re.compile(r"[A-Za-z0-9_+/-]+")
_WHOLE = "One that begins with / there, of letters, digits and . _ + @ -"
_VERSION = re.compile(r"[A-Za-z0-9.+!-]+")
_PLACEHOLDER = "@idle.py@\n"
# Whole lines alone.
_COMMENT = re.compile(r"^ *#(?!!).*\n", re.MULTILINE)
_TITLE = re.compile(r'^step (\w+) ".*" ".*"$', re.MULTILINE)
_BLANK = re.compile(r"\n{2,}")
# And those behind a command; a quotation mark would say that it may be part of a text.
_REMARK = re.compile(r"(?<=\S) +# [^'\"`\n]*$", re.MULTILINE)
# What the short form can do without: the way back, the reasons, and a client that looks on.
_LONG = r"undo|undo_\w+|still_there|forget|explain|apart|follow|look"
_ARM = re.compile(r"^arm\(\) \{.*\n(?:.*\n)*?\}\n", re.MULTILINE)
_UNDO = re.compile(rf"^(?:{_LONG})\(\) \{{(?: .*\}}\n|.*\n(?:.*\n)*?\}}\n)", re.MULTILINE)
_INDENT = re.compile(r"^ +", re.MULTILINE)
_RUN = "# --- the run ---\n"
_BODY = "@setup.sh@\n"


@frozen
class Options:
    """What a machine shall become. Nothing in it is secret, as cloud-init's data can be read by many."""

    kind: Kind = "cloud"
    #: who logs in; "" is the one who runs the script, or the one behind sudo
    user: str = ""
    #: the learner's public key, one line; "" leaves the keys as they are
    key: str = ""
    #: stop after so many minutes without use; 0 never
    idle_minutes: int = 60
    #: stop after so many hours in any case; 0 never
    max_hours: float = 8
    #: what idleness does; a warning alone is for those whose bill goes on in any case
    on_idle: Literal["poweroff", "warn"] = "poweroff"
    jupyter: bool = True
    #: of the night in which updates may restart the machine; "" is the machine's own
    timezone: str = ""
    skip: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    mode: Mode = "apply"
    #: steps that this kind of machine gets only when they are named
    also: tuple[str, ...] = ()
    driver: Literal["auto", "skip"] = "auto"
    #: a client will log in afresh and call off the way back; without one (cloud-init) there is none
    proven: bool = False
    #: sudo lets the one who sends this in without a password: it has just done so
    sudo_free: bool = False
    #: instead of the script's own lists
    packages: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    #: a virtual environment that is there already and is used as it is
    environment: str = ""
    dotfiles: str = ""
    #: the version of fastcompanion that belongs there; "" is none
    program: str = ""


def render(options: Options, *, terse: bool = False) -> str:
    """Give the whole script for these options: the same bytes whichever way they travel.

    `terse` leaves out the reasons and comments, the way back (`--undo`), and steps that have nothing to do
    here: for cloud-init's data, which many clouds limit to 16 KB. What it puts on the machine is the same.
    """
    check(options)
    body = templates.plain(steps.SCRIPT)
    if terse:
        body = _shortened(body, options)
    body = _with_settings(body, _settings(options))
    # It stands in quotes of bash, which thus needs no other program to hold it against the file there.
    watcher = templates.plain("server/idle.py").replace("'", r"'\''")
    body = body.replace(_PLACEHOLDER, watcher)
    digest = hashlib.sha256(body.encode()).hexdigest()
    carrier = templates.plain("server/carrier.sh").replace("@sha256@", digest)
    if terse:
        carrier = _COMMENT.sub("", carrier)
    return carrier.replace(_BODY, body)


def _shortened(body: str, options: Options) -> str:
    head, *parts = re.split(r"(?m)^(?=step )", body)
    last, mark, run = parts[-1].partition(_RUN)
    kept = [part for part in (*parts[:-1], last) if _needed(steps.name_of(part), options)]
    text = "".join((head, *kept, mark, run))
    for much in (_UNDO, _INDENT, _COMMENT, _REMARK):
        text = much.sub("", text)
    # With no client that could prove its login, no way back is armed; what is left is for this kind of machine.
    text = _TITLE.sub(rf"step \1 {options.kind}", _ARM.sub("arm() { :; }\n", text))
    return _BLANK.sub("\n", text)


def _needed(name: str, options: Options) -> bool:
    step = steps.find(name)
    if options.only:
        return name in options.only
    if name in options.skip or (name in ("dotfiles", "program") and not getattr(options, name)):
        return False
    return name in options.also or step.applies(options.kind)


def check(options: Options) -> None:
    """Refuse what would make a wrong script, before anything is sent anywhere."""
    known = {step.name for step in steps.all_steps()}
    for name in (*options.skip, *options.only, *options.also):
        if name not in known:
            raise _wrong(f"there is no step {name!r}", "One of: " + ", ".join(sorted(known)))
    if options.kind not in steps.KINDS:
        raise _wrong(f"{options.kind!r} is no kind of machine", "One of: " + ", ".join(steps.KINDS))
    for value, pattern, wrong, cure in (
        (options.user, _USER, "no user name", "Letters, digits and . _ -, not of capitals alone."),
        (options.timezone, _ZONE, "no time zone", "For instance Europe/Berlin."),
        (options.environment, _FOLDER, "no whole path", _WHOLE),
        (options.program, _VERSION, "no version", "For instance 0.1.0."),
    ):
        if value and not pattern.fullmatch(value):
            raise _wrong(f"{value!r} is {wrong}", cure)
    if re.search(r"://[^/]*@", options.dotfiles):
        raise _wrong(
            "the address of the dotfiles holds a password",
            "Leave it out, or use ssh: git@host:you/dotfiles",
        )
    if "\n" in options.key.strip():
        raise _wrong("the key has more than one line", "Give the public key, the file with .pub.")
    if "PRIVATE KEY" in options.key:
        raise _wrong("this is a private key", "It stays with you: give the file with .pub.")


def _wrong(message: str, hint: str) -> CompanionError:
    return CompanionError(message, hint=hint, code=Exit.USAGE)


def _settings(options: Options) -> dict[str, str]:
    return {
        "MODE": options.mode,
        "KIND": options.kind,
        "LEARNER": options.user,
        "PUBLIC_KEY": options.key.strip(),
        "IDLE_MINUTES": str(options.idle_minutes),
        "MAX_HOURS": f"{options.max_hours:g}",
        "ON_IDLE": options.on_idle,
        "JUPYTER": "yes" if options.jupyter else "no",
        "NIGHT_ZONE": options.timezone,
        "SKIP": " ".join(options.skip),
        "ONLY": " ".join(options.only),
        "ALSO": " ".join(options.also),
        "DRIVER": options.driver,
        "PROVEN": "yes" if options.proven else "no",
        "SUDO_FREE": "yes" if options.sudo_free else "no",
        "PACKAGES": " ".join(options.packages),
        "MODULES": " ".join(options.modules),
        "ENVIRONMENT": options.environment,
        "DOTFILES": options.dotfiles,
        "PROGRAM": options.program,
    }


def _with_settings(text: str, settings: dict[str, str]) -> str:
    """Write the settings over those of the template, each on its own line `NAME=value`."""
    lines, left = text.split("\n"), dict(settings)
    for number, line in enumerate(lines):
        if not left:
            break
        if (name := line.partition("=")[0]) in left:
            lines[number] = f"{name}={shlex.quote(left.pop(name))}"
    if left:
        raise CompanionError(f"the script has no setting {next(iter(left))}", file=steps.SCRIPT)
    return "\n".join(lines)
