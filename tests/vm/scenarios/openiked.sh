#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# OpenIKED with the kernel's ESP, which it reaches by PF_KEY: AES-CBC with SHA2-512, for it has no AES-GCM there. By both
# of mvpnd's data paths.
# unpacked: openiked
# shellcheck source=../../lab/lib.sh
. "$(dirname "$0")/../../lab/lib.sh"
# shellcheck source=../gateways/story.sh
. "$LAB_SRC/tests/vm/gateways/story.sh"
# shellcheck source=../gateways/openiked.sh
. "$LAB_SRC/tests/vm/gateways/openiked.sh"

MVPN_LAB_LINKS=wlan0
CORP_ADDRESSES=("$CORP_V4")
scenario "openiked" openiked_start
mvpn_config Tunnel.ESPProposals=aes256-sha512
connect_up
becomes "as configured" 5 base_link.interface=wlan0 gateway.identity=$GW_NAME "tunnel.data_path=$MVPN_LAB_DATA_PATH"
world_mark
both_ways "AES-CBC, data path $MVPN_LAB_DATA_PATH"
moves
rekeys 1 "rekeyed as new IKESA"
ends

mvpn_config Tunnel.ESPProposals=aes256-sha512 "Tunnel.DataPath=$(other_data_path)"
check "mvpnctl reload" ctl reload
check "mvpnctl connect" ctl connect
becomes "connected" 30 state=connected "tunnel.data_path=$(other_data_path)"
both_ways "AES-CBC, data path $(other_data_path)"
ends
no_leak "all the while"
