"""A site of our own making that answers as it likes: other hosts, endless bodies, lies in the head."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from fastcompanion.competition.site import client as clients
from fastcompanion.competition.site.client import Client
from fastcompanion.competition.site.credentials import Credential, Secret
from fastcompanion.competition.site.line import Patience

Answer = Callable[[Any], None]
KEY = "not-a-key-" + "x" * 22


class Strange:
    """Answers `METHOD /last part of the path` by a function that gets the open line."""

    def __init__(self, certificate: Path | None = None) -> None:
        self.answers: dict[str, Answer] = {}
        self.seen: list[tuple[str, dict[str, str]]] = []
        self._scheme = "http://127.0.0.1" if certificate is None else "https://localhost"
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{self._scheme}:{self._server.server_port}"

    def client(self) -> Client:
        """A client that takes it for kaggle.com, with a credential to lose."""
        credential = Credential("key", "the test", "learner", Secret(KEY))
        patience = Patience(connect=5, read=5, tries=2, first=0.01)
        return clients.at(self.url, credential, patience=patience)

    def lists(self, **sizes: int) -> None:
        """List files with their sizes; `a_csv` stands for a.csv."""
        files = [
            {"name": name.replace("_", "."), "totalBytes": size} for name, size in sizes.items()
        ]
        self.answers["POST ListDataFiles"] = told({"files": files})

    def leads(self, where: str, method: str = "DownloadDataFiles") -> None:
        """Give an address for the archive."""
        self.answers[f"POST {method}"] = redirect(where)


def told(answer: Any) -> Answer:
    """Answer with JSON."""
    return body(json.dumps(answer).encode(), "application/json")


def body(data: bytes, kind: str = "application/octet-stream", **headers: str) -> Answer:
    """Answer with bytes."""

    def act(line: Any) -> None:
        line.send_response(200)
        line.send_header("Content-Type", kind)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        for name, value in {"Content-Length": str(len(data)), **named}.items():
            line.send_header(name, value)
        line.end_headers()
        line.wfile.write(data)

    return act


def endless(head: bytes) -> Answer:
    """Answer without a length and without an end."""

    def act(line: Any) -> None:
        line.send_response(200)
        line.send_header("Connection", "close")
        line.end_headers()
        line.close_connection = True
        line.wfile.write(head)
        while True:
            line.wfile.write(bytes(1 << 16))

    return act


def redirect(where: str) -> Answer:
    """Lead to another place."""

    def act(line: Any) -> None:
        line.send_response(302)
        line.send_header("Location", where)
        line.send_header("Content-Length", "0")
        line.end_headers()

    return act


def certificate(folder: Path) -> Path:
    """Make a certificate of localhost with its key in one file, good from yesterday until tomorrow."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    day, now = timedelta(days=1), datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    path = folder / "cert.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, form, plain)
    )
    return path


def _handler(strange: Strange) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            self.rfile.read(length)
            name = f"{self.command} {self.path.partition('?')[0].rpartition('/')[2]}"
            strange.seen.append((name, dict(self.headers.items())))
            try:
                strange.answers[name](self)
            except (ConnectionError, TimeoutError):
                self.close_connection = True

        do_GET = do_POST = do_PUT = _handle  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            del format, args

    return Handler


@contextmanager
def strange(certificate: Path | None = None) -> Iterator[Strange]:
    """Serve while the block runs, encrypted where there is a certificate."""
    made = Strange(certificate)
    thread = threading.Thread(target=made._server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made._server.shutdown()
        made._server.server_close()
        thread.join()
