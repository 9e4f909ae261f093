#!/usr/bin/python3
"""Stop this machine when nobody uses it. A timer starts `fastcompanion-idle watch` every few minutes.

    fastcompanion-idle status       what it sees, as JSON: who uses the machine, and when it will stop
    fastcompanion-idle keep 2h      do not stop for idleness in the next two hours (90m, 2h, 1d); `keep off`
    fastcompanion-idle free         exit code 0 if nobody uses the machine now
    fastcompanion-idle restart      restart for updates, if one is due and nobody uses the machine

In use is: a kernel that runs a cell, a GPU at work, keys typed in a terminal, programs of yours that compute
(in tmux, too), files that travel, a setup that runs, and what you asked to keep. A tunnel, an open browser and an
idle kernel are not. What cannot be told counts as use, until the hard limit: a timer of its own, and not in here.
"""

import fcntl
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

SETTINGS, JUPYTER = Path("/etc/fastcompanion/server.env"), Path("/etc/fastcompanion/jupyter.env")
RUN, KEEP = Path("/run/fastcompanion"), Path("/var/lib/fastcompanion/keep/until")
STATE = RUN / "idle.json"
TERMINALS, PROCESSES, RESTART_DUE = Path("/dev/pts"), Path("/proc"), Path("/run/reboot-required")
PATIENCE = 20  # seconds for a driver to answer
NOTICE = 600  # seconds between the warning and the stop
BUSY_GPU, BUSY_CPU = 5, 20  # percent; of a GPU, and of one core for all of a person's programs together
BUSY_NETWORK = 100  # kB a second, both ways; an open JupyterLab that lists many files takes a third of it


def read_settings(path):
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return {}
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def since_boot():
    """Seconds that no change of the clock can move."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def awake():
    """The same without the time that the machine slept."""
    return time.monotonic()


def kernels(settings, known):
    """Kernels that run a cell. Asked so that Jupyter does not take the question for activity."""
    jupyter = read_settings(JUPYTER)
    if "JUPYTER_TOKEN" not in jupyter:
        return []
    request = urllib.request.Request(
        f"http://127.0.0.1:{jupyter.get('JUPYTER_PORT', '8888')}/api/kernels?no_track_activity=1",
        headers={"Authorization": "token " + jupyter["JUPYTER_TOKEN"]},
    )
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=5) as answer:
            found = json.load(answer)
    except urllib.error.URLError as error:
        if isinstance(error.reason, ConnectionRefusedError):
            return []  # Jupyter is down: no kernel runs
        raise
    return [f"kernel {one['id'][:8]} runs" for one in found if one["execution_state"] == "busy"]


def gpu(settings, known):
    """GPUs at work. A driver that hangs must not hang us."""
    query = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=PATIENCE)
    except FileNotFoundError:
        return []
    if done.returncode == 9:
        return []  # no driver is loaded: nothing can use a GPU
    if done.returncode:
        raise ValueError(f"nvidia-smi ended with {done.returncode}")
    at_work = [int(one) for one in done.stdout.split()]
    return [f"a GPU is at {one} %" for one in at_work if one > BUSY_GPU]


def terminals(settings, known):
    """Keys typed: a terminal's access time moves with each. A tunnel has no terminal."""
    interval = 60 * float(settings.get("WATCH_MINUTES", 5))
    # Either way, as a clock that was set back leaves times in the future.
    ages = {one.name: abs(time.time() - one.stat().st_atime) for one in TERMINALS.glob("[0-9]*")}
    return [f"somebody types in terminal {name}" for name, age in ages.items() if age < interval + 30]


def a_persons(process):
    """Is it a person's program? Root's are told from the system's by where they began: with sudo, or in a container."""
    owner = process.stat().st_uid
    if owner == 0:
        return re.search("user.slice|fastcompanion-jupyter|docker[-/]", (process / "cgroup").read_text()) is not None
    return owner >= 1000 and owner != 65534


def programs(settings, known):
    """The time that people's programs, and those they started, computed since the last look: a training in tmux counts."""
    now, ticks = since_boot(), {}
    for folder in PROCESSES.glob("[0-9]*"):
        try:
            if not a_persons(folder):
                continue
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            # Its own, and that of its children that have ended: many short programs are work, too.
            ticks[f"{folder.name} {fields[19]}"] = sum(map(int, fields[11:15]))
        except (OSError, IndexError):
            continue  # it has just ended
    before, known["ticks"] = known.get("ticks"), {"at": now, "of": ticks}
    if before is None or now - before["at"] < 1:
        return []
    used = sum(value - before["of"].get(key, 0) for key, value in ticks.items())
    percent = 100 * used / os.sysconf("SC_CLK_TCK") / (now - before["at"])
    return [f"programs compute at {percent:.0f} % of a core"] if percent > BUSY_CPU else []


def traffic(settings, known):
    """Files that travel take little of the processor, and a machine that goes off would break them off."""
    lines = [line.split() for line in (PROCESSES / "net/dev").read_text().splitlines()[2:]]
    now, moved = since_boot(), sum(int(line[1]) + int(line[9]) for line in lines if line[0] != "lo:")
    before, known["moved"] = known.get("moved"), {"at": now, "of": moved}
    if before is None or now - before["at"] < 1:
        return []
    rate = (moved - before["of"]) / 1000 / (now - before["at"])
    return [f"files travel, {rate:.0f} kB a second"] if rate > BUSY_NETWORK else []


def woken(settings, known):
    """Nobody could use it while it slept, and whoever woke it has come to use it."""
    slept = since_boot() - awake()
    before, known["slept"] = known.get("slept", slept), slept
    return ["it has just been woken"] if slept - before > 60 else []


def keep(settings, known):
    """What the learner asked for; the file is theirs, and may hold anything."""
    try:
        until = min(float(KEEP.read_text()[:40]), 4e9)
    except (OSError, ValueError):
        return []
    if not until > time.time():
        return []
    return [f"asked to keep running until {moment(until)}"]


def moment(seconds):
    return time.strftime("%d %b %H:%M %Z", time.localtime(seconds))


def setup(settings, known):
    """A setup holds a lock on this folder while it runs."""
    try:
        folder = os.open(RUN, os.O_RDONLY)
    except OSError:
        return []
    try:
        fcntl.flock(folder, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return ["a setup is running"]
    finally:
        os.close(folder)
    return []


def look(settings, known):
    """Everything that says that the machine is in use."""
    reasons = []
    for source in (kernels, gpu, terminals, programs, traffic, woken, keep, setup):
        try:
            reasons += source(settings, known)
        except Exception as error:
            reasons.append(f"cannot tell about {source.__name__} ({type(error).__name__})")
    return reasons


def load():
    try:
        known = json.loads(STATE.read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def save(known):
    RUN.mkdir(exist_ok=True)
    new = STATE.with_suffix(".new")
    new.write_text(json.dumps(known))
    new.replace(STATE)


def say(text):
    print(text, flush=True)
    subprocess.run(["sh", "-c", 'wall "$0"', text], stdin=subprocess.DEVNULL)


def watch(settings):
    """One look; warns first, and stops at the earliest when the warning is ten minutes old."""
    known, now = load(), since_boot()
    reasons = look(settings, known)
    idle = 60 * float(settings.get("IDLE_MINUTES", 60))
    if reasons or "last_use" not in known:
        known |= {"last_use": now, "warned": None}
    known["reasons"] = reasons
    quiet = now - known["last_use"]
    notice = min(NOTICE, idle / 2)
    if idle and quiet >= idle - notice and known.get("warned") is None:
        known["warned"] = now
        warn(settings, quiet, max(notice, idle - quiet))
    elif idle and quiet >= idle and now - known["warned"] >= notice:
        stop(settings, known)
    save(known)


def warn(settings, quiet, left):
    interval = 60 * float(settings.get("WATCH_MINUTES", 5))
    left = -(-left // interval) * interval
    minutes = f"Nobody has used this machine for {quiet / 60:.0f} minutes."
    if settings.get("ON_IDLE") == "warn":
        say(f"{minutes} It goes on costing money until you stop it.")
    else:
        say(f"{minutes} It stops in {left / 60:.0f} minutes, unless you use it: fastcompanion-idle keep 2h")


def stop(settings, known):
    save(known)
    if settings.get("ON_IDLE") == "warn":
        known["warned"] = None
        known["last_use"] = since_boot()  # so that it is said again after as long
        return
    say("Nobody uses this machine: it stops now.")
    subprocess.run(["systemctl", "poweroff"], check=True)


def status(settings):
    """What a person and `server status` want to know; changes nothing."""
    known, now = load(), since_boot()
    reasons = look(settings, dict(known))
    idle = 60 * float(settings.get("IDLE_MINUTES", 60))
    quiet = 0.0 if reasons else now - known.get("last_use", now)
    told = {
        "in_use": bool(reasons),
        "reasons": reasons,
        "quiet_seconds": round(quiet),
        "idle_seconds": round(idle),
        "on_idle": settings.get("ON_IDLE", "poweroff"),
        "stops_in_seconds": round(max(0, idle - quiet)) if idle else None,
        "limit_in_seconds": limit(),
    }
    print(json.dumps(told))


def limit():
    """Seconds to the hard limit, which is a timer of systemd's."""
    asked = ["systemctl", "show", "fastcompanion-limit.timer", "-p", "NextElapseUSecMonotonic", "--value"]
    try:
        span = subprocess.run(asked, capture_output=True, text=True, timeout=10).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return None
    units = {"y": 31557600, "month": 2629800, "w": 604800, "d": 86400, "h": 3600, "min": 60, "s": 1, "ms": 0.001, "us": 1e-6}
    parts = re.findall(r"([\d.]+)(month|min|ms|us|[ywdhs])", span)
    if not parts:
        return None
    return max(0, round(sum(float(number) * units[unit] for number, unit in parts) - time.monotonic()))


def keep_running(words):
    text = words[0] if words else ""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([mhd])", text)
    if text == "off":
        KEEP.unlink(missing_ok=True)
        print("It stops again when nobody uses it.")
        return
    if not found:
        sys.exit("How long? For instance: fastcompanion-idle keep 2h")
    span = float(found[1]) * {"m": 60, "h": 3600, "d": 86400}[found[2]]
    until = time.time() + span
    new = KEEP.with_name(".until")
    new.write_text(f"{until:.0f}\n")
    new.replace(KEEP)
    left = limit()
    stays = "stays" if left is None or left > span else f"stops it before that, in {spelled(left)}"
    print(f"Kept running until {moment(until)}; the hard limit {stays}.")


def spelled(seconds):
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours and minutes else f"{hours} h" if hours else f"{minutes} min"


def restart(settings):
    if not RESTART_DUE.exists():
        return
    if reasons := look(settings, load()):
        print(f"A restart is due, but {', '.join(reasons)}.")
        return
    say("This machine restarts now, for updates.")
    subprocess.run(["systemctl", "reboot"], check=True)


def main(words):
    settings = read_settings(SETTINGS)
    what = words[0] if words else "status"
    if what == "watch":
        watch(settings)
    elif what == "status":
        status(settings)
    elif what == "keep":
        keep_running(words[1:])
    elif what == "free":
        sys.exit(1 if look(settings, load()) else 0)
    elif what == "restart":
        restart(settings)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
