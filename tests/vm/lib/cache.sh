# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# Debian packages downloaded by apt and unpacked into the cache, never installed. The cache is $MVPN_CACHE_DIR, else a
# folder of the build; an entry appears whole or not at all, so that several runs may share it.

: "${VM_CACHE:=${MVPN_CACHE_DIR:-${MVPN_BUILD:-$VM_SRC/build}/vm}}"

# unpacked DIR PACKAGE…: download Debian packages and unpack them below DIR
unpacked() {
    local dir=$1 file
    shift
    mkdir -p "$dir.deb"
    (cd "$dir.deb" && apt-get -q=2 -o APT::Sandbox::User=root download "$@") >&2 || return 1
    mkdir -p "$dir"
    for file in "$dir.deb"/*.deb; do
        dpkg -x "$file" "$dir" || return 1
    done
    rm -rf "$dir.deb"
}

# cached NAME FUNCTION ARGUMENT…: the folder NAME of the cache, made by FUNCTION NEW-FOLDER ARGUMENT… if it is not there
cached() {
    local name=$1 make=$2 new
    shift 2
    [ -d "$VM_CACHE/$name" ] && return
    mkdir -p "$VM_CACHE"
    (
        flock 9                                 # another run may be making it just now
        [ -d "$VM_CACHE/$name" ] && exit 0
        new=$VM_CACHE/$name.new
        rm -rf "$new" "$new".*
        "$make" "$new" "$@" && mv -T "$new" "$VM_CACHE/$name"
    ) 9>"$VM_CACHE/$name.lock"
}
