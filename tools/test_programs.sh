#!/bin/sh
# Install the programs that the tests use and this machine lacks: with `quick` those of `make test` alone, with `cluster` also
# those of the highly available example.
set -eu

has() { command -v "$1" >/dev/null 2>&1; }

missing=
has initdb || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
has redis-server || has valkey-server || missing="$missing redis-server"
has pdftotext || missing="$missing poppler-utils"
# The shell is Chromium without a window: a third less work for each page. Ubuntu has no package of it.
browser=
has chromium-headless-shell || has chromium || has chromium-browser || has google-chrome || browser=yes
has fc-list && [ -n "$(fc-list :lang=ko family 2>/dev/null)" ] || missing="$missing fonts-noto-cjk"
if [ "${1:-}" != quick ]; then
    has nginx || [ -x /usr/sbin/nginx ] || missing="$missing nginx-light"
    has spamassassin || missing="$missing spamassassin" # its local rules, run once; no service
    has pgbackrest || missing="$missing pgbackrest"
    has pgbouncer || [ -x /usr/sbin/pgbouncer ] || missing="$missing pgbouncer"
    ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1 || missing="$missing libfaketime"
    has curl || missing="$missing curl"
    has wrk || missing="$missing wrk" # the load of `make bench`
    # Checks the rules of deploy/prometheus. Older releases have it in the package of the whole server only: there its
    # tests are skipped.
    has promtool || ! apt-cache show promtool >/dev/null 2>&1 || missing="$missing promtool"
fi
if [ "${1:-}" = cluster ]; then
    has ip || missing="$missing iproute2"
    has sysctl || missing="$missing procps"
    has nft || missing="$missing nftables"
    has etcd || missing="$missing etcd-server"
    has patroni || missing="$missing patroni python3-etcd"
    has haproxy || missing="$missing haproxy"
    has keepalived || missing="$missing keepalived"
fi
[ -n "$missing$browser" ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
    as_root="sudo -n"
    sudo -n true 2>/dev/null || as_root=none
fi
if [ "$as_root" = none ] || ! has apt-get; then
    echo "The tests need these Debian packages; install them and try again: apt-get install$missing${browser:+ chromium}" >&2
    exit 1
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The Debian package would start a server of its own; the tests start theirs.
apt() { $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@" >>"$log" 2>&1; }
fail() {
    tail -n 5 "$log" >&2
    echo "apt-get could not install:$missing" >&2
    exit 1
}

apt update || fail
if [ -n "$browser" ]; then
    if apt-cache show chromium-headless-shell >/dev/null 2>&1; then
        missing="$missing chromium-headless-shell"
    else
        missing="$missing chromium"
    fi
fi
echo "Installing for the tests:$missing"
# shellcheck disable=SC2086  # a list of words
apt install -y --no-install-recommends $missing || fail
