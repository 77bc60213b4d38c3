# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# From a fresh Debian 12 to a finished build: packages that are missing, then cmake and ninja. Used by tests/run and
# tests/demo. It asks apt for nothing when everything is there, and writes only below build/.

SETUP_SRC=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
SETUP_BUILD=${MVPN_BUILD:-$SETUP_SRC/build}

setup_say() { printf '== %s\n' "$*" >&2; }

# setup_wanted: packages of tests/packages for this architecture, one a line; a line may end with [ARCHITECTURE]
setup_wanted() {
    sed "s/#.*//; s/ *\[$(dpkg --print-architecture)\]//; /\[/d" "$SETUP_SRC/tests/packages" | xargs -n1
}

# setup_missing: those that are not installed, one a line
setup_missing() {
    local package
    setup_wanted | while read -r package; do
        dpkg-query -W -f='${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed$' || echo "$package"
    done
}

setup_packages() {
    local missing
    command -v dpkg-query >/dev/null || { setup_say "this is no Debian: the packages of tests/packages are up to you"; return 0; }
    missing=$(setup_missing)
    [ -n "$missing" ] || return 0
    # shellcheck disable=SC2086
    setup_say "installing:" $missing
    [ "$(id -u)" = 0 ] || { setup_say "these packages are missing, and only root can install them"; return 1; }
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q >&2 || return 1
    # shellcheck disable=SC2086
    apt-get install -y -q --no-install-recommends $missing >&2
}

# setup_build DIRECTORY [CMAKE-OPTION…] -- [TARGET…]
setup_build() {
    local dir=$1 options=()
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    [ "${CI:-}" = true ] && options+=(-DMVPN_WERROR=ON)
    setup_say "building in ${dir#"$SETUP_SRC"/}"
    cmake -S "$SETUP_SRC" -B "$dir" -G Ninja "${options[@]}" >"$dir.configure.log" 2>&1 || { cat "$dir.configure.log" >&2; return 1; }
    ninja -C "$dir" "$@" >"$dir.build.log" 2>&1 || { grep -v '^\[' "$dir.build.log" | tail -n 200 >&2; return 1; }
}
