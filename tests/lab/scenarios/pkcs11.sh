#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# The device's key in a token, which it never leaves.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

MODULE=/usr/lib/softhsm/libsofthsm2.so
[ -e $MODULE ] || { say "skipped: no SoftHSM"; exit 77; }

# make_token CLIENT: a token with that client's key, as object 01
make_token() {
    export SOFTHSM2_CONF=$LAB_DIR/handset/softhsm2.conf
    mkdir -p "$LAB_DIR/handset/tokens"
    echo "directories.tokendir = $LAB_DIR/handset/tokens" >"$SOFTHSM2_CONF"
    softhsm2-util --init-token --free --label handset --pin 1234 --so-pin 1234 >/dev/null || fail "no token"
    openssl pkcs8 -topk8 -nocrypt -in "$LAB_DIR/pki/$1.key" -out "$LAB_DIR/handset/token.p8"
    softhsm2-util --import "$LAB_DIR/handset/token.p8" --token handset --label device --id 01 --pin 1234 >/dev/null ||
        fail "the key does not go into the token"
    rm "$LAB_DIR/handset/token.p8"
}

MVPN_LAB_LINKS=wlan0
scenario "a key in a token"
make_token client
mvpn_config "Tunnel.PrivateKey=pkcs11:token=handset;id=%01;type=private?module-path=$MODULE&pin-value=1234"
connect_up "SOFTHSM2_CONF=$SOFTHSM2_CONF"
carries "with the key in a token"
if grep -q 1234 "$MVPND_LOG" "$MVPND_JOURNAL" || ctl check | grep -q 1234; then
    fail "the PIN is in the log"
fi
pass "the PIN is in no log"
