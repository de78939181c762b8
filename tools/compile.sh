#!/bin/sh
# Compile the message catalogues that changed; without the compiled files every page would be English.
set -eu
cd "$(dirname "$0")/.."
for po in pledge/translations/*/LC_MESSAGES/*.po; do
    mo=${po%.po}.mo
    if [ ! -f "$mo" ] || [ -n "$(find "$po" -newer "$mo")" ]; then
        exec .venv/bin/python tools/catalogues.py compile
    fi
done
