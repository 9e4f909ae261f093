"""Reminders by e-mail: the standard library's smtplib, the password from the keyring alone.

A password never stands in a settings file or in a file of the system's timer: it is asked from the
keyring (service "fastcompanion"), or read from FASTCOMPANION_SMTP_PASSWORD. It is only sent over an
encrypted line, or to this machine itself.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from typing import TYPE_CHECKING

from fastcompanion.base import clock, process
from fastcompanion.base.config import Settings
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.study.reminders.desktop import Delivery, session_environment
from fastcompanion.study.reminders.wording import Message

if TYPE_CHECKING:
    import smtplib
    from email.message import EmailMessage

VARIABLE = "FASTCOMPANION_SMTP_PASSWORD"
SERVICE = "fastcompanion"
SECONDS = 20.0
_TOO_LATE = "the mail server did not answer in time"
SECURITIES = ("starttls", "tls", "none")
_LOCAL = ("localhost", "127.0.0.1", "::1")
# What every mail server takes; a domain with other letters has a name in these too (xn--...).
_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w.-]+", re.ASCII)


@frozen
class Account:
    """Where mail is handed in, and to whom it goes."""

    to: str
    host: str
    port: int
    security: str
    user: str


def account(settings: Settings) -> Account:
    """Read the account from the settings; what is missing is named with its command."""
    for key, example in (("email", "you@example.org"), ("smtp_host", "smtp.example.org")):
        if not str(settings.get(f"remind.{key}")).strip():
            raise CompanionError(
                f"e-mail needs the setting remind.{key}",
                hint=f"fastcompanion config set remind.{key} {example}",
                code=Exit.NOT_SET_UP,
            )
    to = str(settings.get("remind.email")).strip()
    if not _ADDRESS.fullmatch(to):
        raise CompanionError(
            f"remind.email is no address: {to!r}",
            hint="fastcompanion config set remind.email you@example.org",
            code=Exit.USAGE,
        )
    security = str(settings.get("remind.smtp_security")).strip().lower()
    if security not in SECURITIES:
        raise CompanionError(
            f"remind.smtp_security is {security!r}; there are {', '.join(SECURITIES)}",
            hint="fastcompanion config set remind.smtp_security starttls",
            code=Exit.USAGE,
        )
    host = _host(settings)
    user = str(settings.get("remind.smtp_user")).strip()
    if user and security == "none" and host not in _LOCAL:
        raise CompanionError(
            "a password is not sent over a line that anybody can read",
            hint="fastcompanion config set remind.smtp_security starttls",
            code=Exit.USAGE,
        )
    return Account(
        to=to,
        host=host,
        port=int(settings.get("remind.smtp_port")),
        security=security,
        user=user,
    )


def _host(settings: Settings) -> str:
    """Read the mail server's name; one that can't be looked up at all is refused."""
    host = str(settings.get("remind.smtp_host")).strip()
    try:
        host.encode("idna")
    except UnicodeError:
        raise CompanionError(
            f"remind.smtp_host is no name of a server: {host!r}",
            hint="fastcompanion config set remind.smtp_host smtp.example.org",
            code=Exit.USAGE,
        ) from None
    return host


def send(message: Message, settings: Settings, *, calendar: str = "") -> Delivery:
    """Hand a message to the mail server; the proof is the server's own answer."""
    import smtplib
    import ssl

    try:
        mine = account(settings)
        secret = password(mine) if mine.user else ""
        return Delivery(
            "email", "accepted", _hand_in(mine, secret, compose(mine, message, calendar))
        )
    except CompanionError as error:
        hint = f" ({error.hint})" if error.hint else ""
        return Delivery("email", "failed", cause=f"{error.message}{hint}")
    except smtplib.SMTPException as error:
        # A timeout in the midst of it comes as a line that was cut.
        late = isinstance(error.__context__, TimeoutError)
        return Delivery("email", "failed", cause=_TOO_LATE if late else _refusal(error))
    except ssl.SSLError as error:
        why = getattr(error, "verify_message", "") or error.reason or str(error)
        cause = f"the line to the mail server is not safe, so nothing was sent: {why}"
        return Delivery("email", "failed", cause=cause)
    except TimeoutError:
        return Delivery("email", "failed", cause=_TOO_LATE)
    except UnicodeEncodeError:
        cause = (
            "name or password of the mail account holds letters that can't be sent to a server; "
            "choose a password of plain letters, digits and signs"
        )
        return Delivery("email", "failed", cause=cause)
    except OSError as error:
        cause = f"the mail server can't be reached: {error.strerror or error}"
        return Delivery("email", "failed", cause=cause)


def compose(mine: Account, message: Message, calendar: str = "") -> EmailMessage:
    """Write the mail; `calendar` is an .ics text that goes with it."""
    from email.message import EmailMessage
    from email.utils import formatdate, make_msgid

    mail = EmailMessage()
    mail["From"] = mail["To"] = mine.to
    mail["Subject"] = message.title
    mail["Date"] = formatdate(clock.now().timestamp(), localtime=False)
    mail["Message-ID"] = make_msgid(domain=mine.to.rpartition("@")[2])
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(
        f"{message.body}\n\n-- \nfastcompanion; fastcompanion remind remove ends these.\n"
    )
    if calendar:
        mail.add_attachment(
            calendar.encode("utf-8"), maintype="text", subtype="calendar", filename="study.ics"
        )
        part = next(one for one in mail.iter_attachments())
        part.set_param("method", "PUBLISH")
        part.set_param("charset", "utf-8")
    return mail


def password(mine: Account) -> str:
    """Find the password: the environment, else the keyring."""
    given = os.environ.get(VARIABLE)
    if given:
        return given
    if importlib.util.find_spec("keyring") is not None:
        # A process of its own: a keyring that asks for its pass phrase would keep us waiting for ever.
        argv = [sys.executable, "-P", "-m", "keyring", "get", SERVICE, mine.user]
        done = process.run(argv, check=False, timeout=SECONDS, env=session_environment())
        found = done.out.rstrip("\r\n")
        if done.code == 0 and found:
            return found
    raise CompanionError(
        f"there is no password for {mine.user} at {mine.host}",
        hint=f"keyring set {SERVICE} {mine.user}, or set {VARIABLE} where it is sent from",
        code=Exit.NOT_SET_UP,
    )


def _hand_in(mine: Account, secret: str, mail: EmailMessage) -> str:
    with _connect(mine) as server:
        if secret:
            server.login(mine.user, secret)
        answer = _submit(server, mine.to, mail)
    return f"{mine.host} answered: {answer}"


def _connect(mine: Account) -> smtplib.SMTP:
    import smtplib
    import ssl

    if mine.security == "tls":
        safe = ssl.create_default_context()
        return smtplib.SMTP_SSL(mine.host, mine.port, timeout=SECONDS, context=safe)
    server = smtplib.SMTP(mine.host, mine.port, timeout=SECONDS)
    if mine.security == "starttls":
        try:
            server.starttls(context=ssl.create_default_context())
        except BaseException:
            server.close()
            raise
    return server


def _submit(server: smtplib.SMTP, to: str, mail: EmailMessage) -> str:
    """Send, and give the last answer: `sendmail` would keep it to itself."""
    import smtplib
    from email import policy

    server.ehlo_or_helo_if_needed()
    code, words = server.mail(to)
    if code == 250:
        code, words = server.rcpt(to)
    if code in (250, 251):
        code, words = server.data(mail.as_bytes(policy=policy.SMTP))
    if code != 250:
        raise smtplib.SMTPResponseException(code, words)
    return f"{code} {words.decode('utf-8', 'replace').strip()}"[:200]


def _refusal(error: Exception) -> str:
    import smtplib

    if isinstance(error, smtplib.SMTPAuthenticationError):
        return (
            f"the mail server refused name or password ({error.smtp_code}); "
            f"keyring set {SERVICE} YOUR-NAME, with a password made for programs"
        )
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return (
            f"the mail server does not offer what is asked of it: {error}; "
            "fastcompanion config set remind.smtp_security tls, with remind.smtp_port 465"
        )
    if isinstance(error, smtplib.SMTPResponseException):
        words = error.smtp_error
        text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
        return f"the mail server refused it: {error.smtp_code} {text.strip()}"[:300]
    return f"the mail server broke off: {error}"[:300]
