#!/bin/sh
# Make what is not in git: the joined style sheets, static files compressed for who takes them so (WhiteNoise serves those
# beside the files), and the message catalogues, without which every page would be English.
set -eu
cd "$(dirname "$0")/.."
.venv/bin/python tools/build_css.py
compressed=pledge/static/css/site.css.br
if [ ! -f $compressed ] || [ -n "$(find pledge/static -type f ! -name '*.br' ! -name '*.gz' -newer $compressed)" ]; then
    find pledge/static \( -name '*.br' -o -name '*.gz' \) -delete
    .venv/bin/python tools/compress.py
fi
for po in pledge/translations/*/LC_MESSAGES/*.po; do
    mo=${po%.po}.mo
    if [ ! -f "$mo" ] || [ -n "$(find "$po" -newer "$mo")" ]; then
        exec .venv/bin/python tools/catalogues.py compile
    fi
done
