#!/bin/sh
# `make run`: environment, translations, then the site. The last step replaces this shell,
# so that a signal sent to `make run` reaches the site itself.
set -eu
cd "$(dirname "$0")/.."

tools/environment.sh runtime
tools/compile.sh
# The module, not the script: scripts in .venv/bin break when a folder is moved or its name has a space.
exec .venv/bin/python -m flask --app wsgi serve
