#!/bin/sh
# Make .venv hold exactly what a lock file names: `environment.sh runtime` or `environment.sh development`.
# Does nothing when the lock has not changed since the last time, so it costs a few milliseconds.
set -eu
cd "$(dirname "$0")/.."

kind=${1:-runtime}
case $kind in
    runtime) lock=requirements.txt ;;
    development) lock=requirements-dev.txt ;;
    *) echo "environment.sh: expected runtime or development, got $kind" >&2; exit 2 ;;
esac
stamp=.venv/installed-$lock

works() { "$@" >/dev/null 2>&1; }

if cmp -s "$lock" "$stamp" && works .venv/bin/python -c ''; then
    exit 0
fi

if ! works .venv/bin/python -c 'import pip'; then
    found=
    newest_seen=
    # The newest first: each release is faster than the one before it.
    # A name on PATH may be a shim without a Python behind it, so each candidate has to answer.
    for candidate in ${PYTHON:-} python3.14 python3.13 python3.12 python3.11 python3; do
        works "$candidate" -c '' || continue
        newest_seen=$candidate
        works "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || continue
        found=$candidate
        # Debian ships venv without ensurepip until python3-venv is installed.
        works "$candidate" -c 'import venv, ensurepip' && break
    done
    if [ -z "$found" ]; then
        have=${newest_seen:+" (found only $("$newest_seen" --version 2>&1))"}
        echo "Python 3.11 or newer is needed$have. On Debian or Ubuntu: apt-get install python3 python3-venv" >&2
        exit 1
    fi
    if ! works "$found" -c 'import venv, ensurepip'; then
        version=$("$found" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        echo "Python's venv module is missing. On Debian or Ubuntu: apt-get install python3-venv (or python$version-venv)" >&2
        exit 1
    fi
    echo "Creating .venv with $("$found" --version 2>&1)"
    "$found" -m venv --clear .venv
fi

echo "Installing $lock (once; under a minute on most machines)"
rm -f "$stamp"
if ! .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r "$lock"; then
    echo "The packages of $lock could not be installed; the lines above say why (often: no network)." >&2
    exit 1
fi
cp "$lock" "$stamp"
# The development lock holds every package of the runtime lock (a test compares them).
[ "$kind" = runtime ] || cp requirements.txt .venv/installed-requirements.txt
