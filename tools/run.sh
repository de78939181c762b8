#!/bin/sh
# `make run`: environment, translations, then the site. The last step replaces this shell,
# so that a signal sent to `make run` reaches the site itself.
set -eu
cd "$(dirname "$0")/.."

tools/environment.sh runtime
for po in pledge/translations/*/LC_MESSAGES/*.po; do
    mo=${po%.po}.mo
    if [ -f "$po" ] && { [ ! -f "$mo" ] || [ -n "$(find "$po" -newer "$mo")" ]; }; then
        .venv/bin/python tools/catalogues.py compile
        break
    fi
done
# The module, not the script: scripts in .venv/bin break when a folder is moved or its name has a space.
exec .venv/bin/python -m flask --app wsgi serve
