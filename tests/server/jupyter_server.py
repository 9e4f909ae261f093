"""What stands for JupyterLab where only its door matters: /api/status with a token, 403 without.

`python jupyter_server.py FOLDER TOKEN` writes the port into FOLDER/port and each address into FOLDER/asked.
"""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FOLDER, TOKEN = Path(sys.argv[1]), sys.argv[2]


class Door(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        with (FOLDER / "asked").open("a") as file:
            file.write(f"{self.path}\n")
        allowed = f"token {TOKEN}" == self.headers.get("Authorization") or TOKEN in self.path
        self.send_response(200 if allowed else 403)
        self.end_headers()
        self.wfile.write(b'{"started": "now"}')

    def log_message(self, *_: object) -> None:
        return


server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
(FOLDER / "port.new").write_text(str(server.server_port))
(FOLDER / "port.new").rename(FOLDER / "port")
server.serve_forever()
