#!/bin/sh
# Makes .venv with this checkout installed in it; called by make.   usage: scripts/venv.sh base|dev
# Uses uv when it is there, otherwise (or when uv fails, it knows nothing of pip's settings) venv and pip.
set -eu
cd "$(dirname "$0")/.."
what=${1:-dev}
# Settings that would send packages somewhere else than into .venv.
unset PIP_TARGET PIP_PREFIX PIP_REQUIRE_VIRTUALENV PYTHONPATH PYTHONHOME VIRTUAL_ENV CONDA_PREFIX || true
export PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1

usable='import sys, venv; sys.exit(sys.version_info < (3, 11))'
has_pip='import ensurepip'
found=
for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.14 python}; do
    if "$candidate" -c "$usable" >/dev/null 2>&1; then
        found=$candidate
        break
    fi
done
if [ -z "$found" ]; then
    tried=${PYTHON:-python3}
    version="not found"
    if command -v "$tried" >/dev/null 2>&1; then version=$("$tried" --version 2>&1 || echo "broken"); fi
    echo "fastcompanion needs Python 3.11 or newer, and '$tried' is: $version" >&2
    echo "Name another one: make PYTHON=/path/to/python3.11 ..." >&2
    exit 1
fi

uv=
if uv --version >/dev/null 2>&1; then uv=uv; fi

new_venv() {
    if "$found" -c "$has_pip" >/dev/null 2>&1; then
        "$found" -m venv --clear .venv
    elif [ -n "$uv" ]; then
        uv venv --quiet --clear --seed --python "$("$found" -c 'import sys; print(sys.executable)')" .venv
    else
        echo "Python's venv module is incomplete here (on Debian and Ubuntu: apt install python3-venv)." >&2
        exit 1
    fi
}

bin=.venv/bin
if [ ! -x "$bin/python" ] || ! "$bin/python" -c "$usable" >/dev/null 2>&1; then
    echo "Making .venv with $("$found" --version)"
    new_venv
fi

group=
if [ "$what" = dev ]; then group="--group dev"; fi
echo "Installing fastcompanion ($what) into .venv"
if [ -n "$uv" ] && uv pip install --quiet --python "$bin/python" --editable . $group; then
    :
else
    "$bin/python" -m pip install --quiet --upgrade 'pip>=25.1'
    "$bin/python" -m pip install --quiet --editable . $group
fi
touch ".venv/.$what"
if [ "$what" = dev ]; then touch .venv/.base; fi
