#!/bin/sh
# `make run`: environment, translations, then the site; `make demo` is the same with `--demo`: sample data in a database of
# its own, so that `make run` stays empty. The last step replaces this shell, so that a signal sent to `make run` reaches the
# site itself.
set -eu
cd "$(dirname "$0")/.."

if [ "${1:-}" = --demo ]; then
    export PLEDGE_INSTANCE_DIR="${PLEDGE_INSTANCE_DIR:-$PWD/instance/demo}"
fi
tools/environment.sh runtime
tools/compile.sh
# The module, not the script: scripts in .venv/bin break when a folder is moved or its name has a space.
exec .venv/bin/python -m flask --app wsgi serve "$@"
