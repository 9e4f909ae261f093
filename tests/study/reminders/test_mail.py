"""Reminders by e-mail, through a real mail server on this machine."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from fastcompanion.base import config
from fastcompanion.base.workspace import Workspace
from fastcompanion.study.reminders import mail
from fastcompanion.study.reminders.desktop import Delivery
from fastcompanion.study.reminders.wording import Message
from tests.waiting import nobody

Runner = Callable[..., Any]
SECRET = "correct horse battery"
MESSAGE = Message("Study at 19:30", "Now, for 90 min: über Ŝtrings <&>.\n.\nA dot alone.")


class Box:
    """What a mail server does with what it gets."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.logins: list[bytes] = []
        self.refuse = ""

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if self.refuse:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        found = message_from_bytes(envelope.content, policy=policy.SMTP)
        self.mails.append(found)
        return f"250 queued as {len(self.mails)}"

    def authenticate(
        self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any
    ) -> AuthResult:
        self.logins.append(data.password)
        return AuthResult(success=data.password == SECRET.encode(), handled=False)


Serve = Callable[..., int]


class Served(Controller):
    """A mail server on a port that the system chooses; a busy machine may take its time to begin."""

    def __init__(self, box: Box, **words: Any) -> None:
        super().__init__(box, hostname="127.0.0.1", port=0, ready_timeout=60, **words)

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
def serve(box: Box) -> Iterator[Serve]:
    """Start a mail server and give its port."""
    started: list[Served] = []

    def start(**words: Any) -> int:
        server = Served(box, **words)
        server.start()
        started.append(server)
        return server.port

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody but the test trusts; its key lies beside it."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("certificate")
    words = ["-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(
        ["openssl", "req", "-x509", *words, *names, *files], check=True, capture_output=True
    )
    return folder / "cert.pem"


def safe(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    return context


def send(port: int, **changes: str) -> Delivery:
    given = {
        "remind.email": "ada@example.org",
        "remind.smtp_host": "127.0.0.1",
        "remind.smtp_port": str(port),
        "remind.smtp_security": "none",
        **{f"remind.{name}": value for name, value in changes.items()},
    }
    return mail.send(MESSAGE, config.load(None, given))


def test_a_mail_arrives_and_the_servers_answer_is_the_proof(serve: Serve, box: Box) -> None:
    done = send(serve())
    assert (done.outcome, done.proof) == ("accepted", "127.0.0.1 answered: 250 queued as 1")
    (got,) = box.mails
    assert (got["To"], got["From"]) == ("ada@example.org", "ada@example.org")
    assert got["Subject"] == "Study at 19:30"
    assert got["Auto-Submitted"] == "auto-generated"
    assert got.get_content().replace("\r\n", "\n").startswith(MESSAGE.body)


def test_starttls_with_a_password_from_the_environment(
    serve: Serve, box: Box, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv(mail.VARIABLE, SECRET)
    port = serve(
        tls_context=safe(certificate), require_starttls=True, auth_required=True,
        authenticator=box.authenticate,
    )  # fmt: skip
    done = send(port, smtp_security="starttls", smtp_user="ada")
    assert (done.outcome, done.cause) == ("accepted", "")
    assert box.logins == [SECRET.encode()]


def test_tls_from_the_first_byte(
    serve: Serve, box: Box, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    done = send(serve(ssl_context=safe(certificate)), smtp_security="tls")
    assert (done.outcome, len(box.mails)) == ("accepted", 1)


def test_a_certificate_that_nobody_vouches_for_gets_no_password(
    serve: Serve, box: Box, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(mail.VARIABLE, SECRET)
    port = serve(tls_context=safe(certificate), authenticator=box.authenticate)
    done = send(port, smtp_security="starttls", smtp_user="ada")
    assert done.outcome == "failed"
    assert "self-signed certificate" in done.cause
    assert (box.logins, box.mails) == ([], [])


def test_a_server_without_tls_is_refused(serve: Serve, box: Box) -> None:
    done = send(serve(), smtp_security="starttls")
    assert (done.outcome, box.mails) == ("failed", [])
    assert "STARTTLS" in done.cause
    assert "remind.smtp_security" in done.cause


def test_a_wrong_password_is_named_and_not_repeated(
    serve: Serve, box: Box, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv(mail.VARIABLE, "wrong")
    port = serve(tls_context=safe(certificate), authenticator=box.authenticate, auth_required=True)
    done = send(port, smtp_security="starttls", smtp_user="ada")
    assert done.outcome == "failed"
    assert "refused name or password (535)" in done.cause
    assert "wrong" not in done.cause


def test_letters_that_a_sign_in_cannot_carry_are_a_failure_on_record(
    serve: Serve, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = serve(authenticator=box.authenticate, auth_require_tls=False)
    monkeypatch.setenv(mail.VARIABLE, "pässword")
    done = send(port, smtp_user="ada")
    assert (done.outcome, "plain letters" in done.cause) == ("failed", True), done.cause
    assert "pässword" not in done.cause


def test_no_password_names_the_keyring(serve: Serve, box: Box) -> None:
    done = send(serve(), smtp_user="ada")
    assert (done.outcome, box.mails) == ("failed", [])
    assert "keyring set fastcompanion ada" in done.cause


@pytest.fixture
def keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """A keyring in the place of the real one, which asks a service of the desktop."""

    def make(code: str) -> None:
        folder = tmp_path / "installed" / "keyring"
        folder.mkdir(parents=True)
        (folder / "__init__.py").touch()
        (folder / "__main__.py").write_text(code)
        monkeypatch.syspath_prepend(str(folder.parent))
        monkeypatch.setenv("PYTHONPATH", str(folder.parent))

    return make


def test_the_password_comes_from_the_keyring(
    serve: Serve, box: Box, certificate: Path, monkeypatch: pytest.MonkeyPatch,
    keyring: Callable[[str], None],
) -> None:  # fmt: skip
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    keyring(
        f"import sys\nassert sys.argv[1:] == ['get', 'fastcompanion', 'ada']\nprint('{SECRET}')\n"
    )
    port = serve(tls_context=safe(certificate), authenticator=box.authenticate, auth_required=True)
    done = send(port, smtp_security="starttls", smtp_user="ada")
    assert (done.outcome, box.logins) == ("accepted", [SECRET.encode()])


def test_a_keyring_that_waits_for_its_own_password_is_given_up(
    serve: Serve, box: Box, monkeypatch: pytest.MonkeyPatch, keyring: Callable[[str], None]
) -> None:
    monkeypatch.setattr(mail, "SECONDS", 0.5)
    keyring("import threading\nthreading.Event().wait()\n")
    done = send(serve(), smtp_user="ada")
    assert (done.outcome, "took longer than 0.5 s" in done.cause) == ("failed", True)
    assert box.mails == []


def test_a_silent_server_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        done = send(silent.getsockname()[1])
    assert (done.outcome, done.cause) == ("failed", "the mail server did not answer in time")


def test_no_server_and_one_that_hangs_up(serve: Serve, box: Box) -> None:
    with nobody() as port:
        gone = send(port)
    assert (gone.outcome, "can't be reached: Connection refused" in gone.cause) == ("failed", True)
    box.refuse = "550 no such mailbox"
    refused = send(serve())
    assert (refused.outcome, "550 no such mailbox" in refused.cause) == ("failed", True)
    assert box.mails == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"email": ""}, "remind.email"),
        ({"email": "ada@example.org\r\nBcc: all@example.org"}, "no address"),
        ({"smtp_host": ""}, "remind.smtp_host"),
        ({"smtp_security": "ssl"}, "starttls, tls, none"),
        ({"smtp_host": "mail.example.org", "smtp_user": "ada"}, "anybody can read"),
        ({"email": "jürgen@example.org"}, "no address"),
        ({"email": "ada@[b"}, "no address"),
        ({"smtp_host": "mail..example.org"}, "no name of a server"),
        ({"smtp_host": f"{'a' * 80}.org"}, "no name of a server"),
    ],
)
def test_settings_that_are_missing_or_wrong(changes: dict[str, str], words: str) -> None:
    done = send(1, **changes)
    assert (done.outcome, words in done.cause) == ("failed", True), done.cause


PLAN = """
[plan]
timezone = "Europe/Warsaw"
[[plan.slots]]
days = ["tue"]
at = 19:30:00
minutes = 90
[remind]
channels = "desktop, email"
email = "ada@example.org"
smtp_host = "127.0.0.1"
smtp_security = "none"
smtp_port = {port}
"""


@pytest.fixture
def mailed(study: Path, serve: Serve) -> Path:
    settings = study / "fastcompanion.toml"
    settings.write_text(settings.read_text() + PLAN.format(port=serve()))
    return study


def test_the_calendar_comes_by_mail(mailed: Path, box: Box, run: Runner) -> None:
    import icalendar

    done = run("remind", "install", "--backend", "email", "--yes")
    assert done.code == 0, done.err
    assert "250 queued as 1" in done.out
    (got,) = box.mails
    (part,) = got.iter_attachments()
    assert (part.get_content_type(), part.get_param("method")) == ("text/calendar", "PUBLISH")
    text = part.get_payload(decode=True)
    assert isinstance(text, bytes)
    assert len(icalendar.Calendar.from_ical(text).walk("VEVENT")) == 1


def test_e_mail_is_taken_when_the_desktop_is_not_reached(
    mailed: Path,
    box: Box,
    run: Runner,
    frozen: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", str(mailed))
    frozen("2026-11-24T19:26:00+01:00")
    done = run("remind", "fire", "--json").data
    assert [one["outcome"] for one in done["attempts"]] == ["failed", "accepted"]
    assert done["arrived"] is True
    assert box.mails[0]["Subject"] == "Study at 19:30"


def test_the_password_stands_in_no_file(
    mailed: Path, run: Runner, isolated: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from tests.timer_programs import Programs

    monkeypatch.setenv(mail.VARIABLE, SECRET)
    Programs(tmp_path / "programs", monkeypatch).has("systemctl", "crontab")
    for backend in ("systemd", "cron"):
        assert run("remind", "install", "--yes", "--backend", backend).code == 0
        run("remind", "fire", "--test", "abc")
    for folder in (mailed, isolated, tmp_path):
        for path in folder.rglob("*"):
            if path.is_file() and ".git/" not in str(path):
                assert SECRET.encode() not in path.read_bytes(), path
    assert Workspace(mailed).reminders.exists()
