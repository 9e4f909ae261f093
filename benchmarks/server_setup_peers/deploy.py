"""What `server setup` looks at, as steps of pyinfra: pyinfra HOST --user USER --sudo -y deploy.py.

benchmarks/server_setup.py writes things.json beside it.
"""

from __future__ import annotations

import json
from pathlib import Path

from pyinfra import host  # type: ignore[import-not-found]
from pyinfra.facts.server import Command  # type: ignore[import-not-found]
from pyinfra.operations import apt, files, server, systemd  # type: ignore[import-not-found]

THINGS = json.loads(Path("things.json").read_text(encoding="utf-8"))

apt.packages(packages=THINGS["packages"])
server.user(user=THINGS["user"])
for one in THINGS["files"]:
    files.put(src=one["source"], dest=one["path"], mode=one["mode"], user=one["owner"])
files.directory(path=THINGS["keep"], user=THINGS["user"])
for unit in THINGS["units"]:
    systemd.service(service=unit, running=True, enabled=True)

# It has no steps for these: the question, and what answers it well.
for question, answer, cure in THINGS["questions"]:
    if answer not in host.get_fact(Command, question):
        server.shell(commands=[cure])
