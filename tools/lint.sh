#!/bin/sh
# Every check that needs no running site. All of them run, so that one run shows everything that is wrong.
set -u
cd "$(dirname "$0")/.."
python=.venv/bin/python
failed=

check() {
    name=$1
    shift
    if output=$("$@" 2>&1); then
        printf 'ok      %s\n' "$name"
    else
        printf 'FAILED  %s\n%s\n' "$name" "$output"
        failed="$failed $name"
    fi
}

check "ruff check" $python -m ruff check .
check "ruff format" $python -m ruff format --check .
check "mypy" $python -m mypy
check "import contracts" $python -c 'from importlinter.cli import lint_imports_command; lint_imports_command()' --no-logo
check "named imports" $python -m deptry --no-ansi --config tools/deptry.toml .
check "djlint" $python -m djlint --lint --quiet pledge/templates
check "translations" $python tools/catalogues.py check

if [ -n "$failed" ]; then
    echo "make lint: failed:$failed" >&2
    exit 1
fi
echo "make lint: all good"
