#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# Libreswan with the kernel's ESP and AES-GCM: ECDSA certificates by one data path of mvpnd's, RSA ones by the other.
# unpacked: libreswan
# shellcheck source=../../lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"
# shellcheck source=../gateways/story.sh
. "$LAB_SRC/tests/vm/gateways/story.sh"
# shellcheck source=../gateways/libreswan.sh
. "$LAB_SRC/tests/vm/gateways/libreswan.sh"

MVPN_LAB_LINKS=wlan0
CORP_ADDRESSES=("$CORP_V4")
scenario "libreswan" libreswan_start gateway ecdsa
connect_up
becomes "as configured" 5 base_link.interface=wlan0 gateway.identity=$GW_NAME "tunnel.data_path=$MVPN_LAB_DATA_PATH"
world_mark
both_ways "ECDSA"
moves                                           # before the IKE SA is renewed: libreswan forgets then that it knows MOBIKE
rekeys 2 "rekeyed IKE SA"
ends
no_leak "with ECDSA"

libreswan_stop
libreswan_start gateway-rsa rsasig              # rsa-sha2 would want RSASSA-PSS of the client, which it does not use
mvpn_config "Tunnel.Certificate=$LAB_DIR/pki/client-rsa.pem" "Tunnel.PrivateKey=$LAB_DIR/pki/client-rsa.key" \
    "Tunnel.DataPath=$(other_data_path)"
check "mvpnctl reload" ctl reload
check "mvpnctl connect" ctl connect
becomes "connected" 30 state=connected "tunnel.data_path=$(other_data_path)"
both_ways "RSA"
rekeys 1
ends
no_leak "with RSA"
