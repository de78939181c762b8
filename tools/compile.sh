#!/bin/sh
# Make what is not in git: the joined style sheets, and the message catalogues, without which every page would be English.
set -eu
cd "$(dirname "$0")/.."
.venv/bin/python tools/build_css.py
for po in pledge/translations/*/LC_MESSAGES/*.po; do
    mo=${po%.po}.mo
    if [ ! -f "$mo" ] || [ -n "$(find "$po" -newer "$mo")" ]; then
        exec .venv/bin/python tools/catalogues.py compile
    fi
done
