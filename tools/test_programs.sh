#!/bin/sh
# Install the programs that this machine lacks for one part of the tests (conftest.py), for `rest` of all of them, or for
# `bench` or `cluster`.
set -eu

part=${1:-rest}
has() { command -v "$1" >/dev/null 2>&1; }
for_one_of() { case " $* " in *" $part "*) ;; *) return 1 ;; esac; }

missing=
has initdb || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
has redis-server || has valkey-server || missing="$missing redis-server"
has pdftotext || missing="$missing poppler-utils"
# The shell is Chromium without a window: a third less work for each page. Ubuntu has no package of it.
browser=
has chromium-headless-shell || has chromium || has chromium-browser || has google-chrome || browser=yes
has fc-list && [ -n "$(fc-list :lang=ko family 2>/dev/null)" ] || missing="$missing fonts-noto-cjk"
if for_one_of faults operations rest bench cluster; then
    has nginx || [ -x /usr/sbin/nginx ] || missing="$missing nginx-light"
fi
if for_one_of faults rest cluster; then
    has pgbouncer || [ -x /usr/sbin/pgbouncer ] || missing="$missing pgbouncer"
    ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1 || missing="$missing libfaketime"
fi
if for_one_of operations rest; then
    has spamassassin || missing="$missing spamassassin" # its local rules, run once; no service
    has pgbackrest || missing="$missing pgbackrest"
    # Checks the rules of deploy/prometheus. Older releases have it in the package of the whole server only: there its
    # tests are skipped.
    has promtool || ! apt-cache show promtool >/dev/null 2>&1 || missing="$missing promtool"
fi
# The other engines. A release that has no package of one skips its tests.
if for_one_of browser rest; then
    has firefox-esr || ! apt-cache show firefox-esr >/dev/null 2>&1 || missing="$missing firefox-esr"
    has WebKitWebDriver || ! apt-cache show webkit2gtk-driver >/dev/null 2>&1 || missing="$missing webkit2gtk-driver"
    has Xvfb || missing="$missing xvfb" # WebKit wants a screen
fi
if for_one_of bench; then
    has wrk || missing="$missing wrk"
fi
if for_one_of cluster; then
    has curl || missing="$missing curl"
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
