"""A second `server setup`, which has nothing to do, beside a bare `ssh HOST true`; in a box, over its real sshd.

    python -m benchmarks.run_all server_setup

What is timed is what travels over the line and runs there: the start of our own program is measured elsewhere.
"""

from __future__ import annotations

import statistics

from benchmarks.common import Missing, Row
from fastcompanion.server.setup import script
from tests.box.box import USER, Box, program_folders
from tests.box.box import Missing as NoBox
from tests.box.server import HOME_USER, Machine

RUNS, BUDGET = 15, 1.5
#: Both in turn, timed inside of the box: to enter it takes time, too.
LOOP = """
line="ssh -o BatchMode=yes -o StrictHostKeyChecking=accept-new USER@127.0.0.1"
for number in $(seq 0 RUNS); do
    a=$EPOCHREALTIME; $line true; b=$EPOCHREALTIME
    $line sudo -n bash -s <setup.sh >said; c=$EPOCHREALTIME
    grep -q '"note":"0 changed, 0 failed"' said || { cat said; exit 1; }
    echo "$a $b $c"
done
"""


def measure() -> list[Row]:
    """Give one row; needs what `make test-box` needs."""
    try:
        box = Box("server", shown=program_folders())
    except NoBox as why:
        raise Missing(f"a box: {why}") from None
    with box:
        machine = Machine(box)
        machine.rent()
        for _ in range(2):
            done = machine.script(machine.options())
            assert done.done, done
        text = script.render(machine.options(proven=True, sudo_free=True))
        box.put(f"/home/{HOME_USER}/setup.sh", text, user=HOME_USER)
        loop = LOOP.replace("USER", USER).replace("RUNS", str(RUNS))
        said = box.run(["bash", "-c", loop], user=HOME_USER, seconds=300).stdout
    return [_row(said)]


def _row(said: str) -> Row:
    marks = [[float(one) for one in line.split()] for line in said.splitlines()][1:]
    peers, mine = [b - a for a, b, _ in marks], [c - b for _, b, c in marks]
    pairs = sorted(one / other for one, other in zip(mine, peers, strict=True))
    ratio = statistics.median(mine) / statistics.median(peers)
    spread = f"{pairs[len(pairs) // 4]:.2f} to {pairs[-len(pairs) // 4]:.2f}"
    return Row("server setup, nothing to do", "ssh HOST true", BUDGET, ratio, spread, RUNS)
