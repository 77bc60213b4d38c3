# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# Debian packages that only the machine has: unpacked into the cache, and copied into its memory as if installed. For
# daemons that conflict with what the host has. The libraries that they need are the host's (tests/packages).

# layer_make NEW PACKAGE: without what would only be copied in vain; /lib is a link on the host, and stays one
layer_make() {
    unpacked "$1" "$2" && rm -rf "${1:?}/usr/share" || return 1
    [ ! -d "$1/lib" ] || { mkdir -p "$1/usr/lib" && cp -a "$1/lib/." "$1/usr/lib/" && rm -rf "${1:?}/lib"; }
}

# layers_get PACKAGE…: sets VM_LAYERS, their folders
layers_get() {
    local package version
    VM_LAYERS=
    for package; do
        version=$(apt-cache show --no-all-versions "$package" 2>/dev/null | sed -n 's/^Version: //p')
        [ -n "$version" ] || { echo "apt knows no package $package" >&2; return 1; }
        cached "vm-$package-$version" layer_make "$package" || return 1
        VM_LAYERS="$VM_LAYERS $VM_CACHE/vm-$package-$version"
    done
}
