#!/bin/sh
# Turn requirements*.in into locks that hold one hash for each file, for every Python from 3.11 on; and tools/lint/package.json
# into one without the address of a registry.
set -eu
cd "$(dirname "$0")/.."
for name in requirements requirements-traces requirements-dev; do
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header "$@" "$name.in" -o "$name.txt"
done
npm install --prefix tools/lint --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund --silent
