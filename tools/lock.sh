#!/bin/sh
# Turn requirements*.in into locks that hold one hash for each file, for every Python from 3.11 on.
set -eu
cd "$(dirname "$0")/.."
if command -v uv >/dev/null 2>&1; then
    uv=uv
elif [ -x .venv/bin/uv ]; then
    uv=.venv/bin/uv
else
    echo "make lock needs uv: .venv/bin/python -m pip install uv" >&2
    exit 1
fi
for name in requirements requirements-dev; do
    $uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header "$@" "$name.in" -o "$name.txt"
done
