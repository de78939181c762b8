#!/bin/sh
# Every check that needs no running site. All of them run, so that one run shows everything that is wrong.
set -u
cd "$(dirname "$0")/.." || exit
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

# What tools/lint/package-lock.json names, in .cache/lint.
node_tools() {
    cmp -s tools/lint/package-lock.json .cache/lint/installed && return
    mkdir -p .cache/lint
    cp tools/lint/package.json tools/lint/package-lock.json .cache/lint/
    npm ci --prefix .cache/lint --ignore-scripts --no-audit --no-fund || return
    cp tools/lint/package-lock.json .cache/lint/installed
}

check "ruff check" $python -m ruff check .
check "ruff format" $python -m ruff format --check .
check "mypy" $python -m mypy
check "import contracts" $python -c 'from importlinter.cli import lint_imports_command; lint_imports_command()' --no-logo
check "named imports" $python -m deptry --no-ansi --config tools/deptry.toml .
check "djlint" $python -m djlint --lint --quiet pledge/templates
check "translations" $python tools/catalogues.py check
check "anywhere.html" $python tools/build_anywhere.py --check
check "shellcheck" .venv/bin/shellcheck .ci/run deploy/container/run tools/*.sh
if command -v npm >/dev/null || [ -n "${CI:-}" ]; then
    check "node tools" node_tools
    check "types of pages' scripts" .cache/lint/node_modules/.bin/tsc -p tools/lint/pages.json
    check "types of workers' scripts" .cache/lint/node_modules/.bin/tsc -p tools/lint/workers.json
    check "types of anywhere.html" .cache/lint/node_modules/.bin/tsc -p tools/lint/anywhere.json
    check "stylelint" .cache/lint/node_modules/.bin/stylelint --config tools/lint/stylelint.json --config-basedir .cache/lint \
        --ignore-path .gitignore --cache --cache-location .cache/stylelint 'pledge/static/css/**/*.css'
else
    echo "skipped JavaScript and style sheets: there is no npm here (apt-get install nodejs npm)"
fi

if [ -n "$failed" ]; then
    echo "make lint: failed:$failed" >&2
    exit 1
fi
echo "make lint: all good"
