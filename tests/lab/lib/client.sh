# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# Debian's own charon-systemd and swanctl as the client on the handset: the peer that mvpnd is measured against, and the
# proof that the lab itself works. It has no lockdown. Its tunnel device is ipsec0.

CLIENT_DIR=$LAB_DIR/client

client_swanctl() {
    cat <<END
connections {
    gw {
        version = 2
        remote_addrs = ${1:-$GW_V4}
        vips = 0.0.0.0, ::
        proposals = $GW_IKE_GOOD
        mobike = yes
        local { auth = pubkey
            certs = $LAB_DIR/pki/client.pem
            id = handset-1.example.com
        }
        remote { auth = pubkey
            cacerts = $LAB_DIR/pki/ca.pem
            id = $GW_NAME
        }
        children {
            net {
                esp_proposals = $GW_ESP_GOOD
                remote_ts = 10.0.0.0/8, fd00::/8
            }
        }
    }
}
END
}

client_vici() { STRONGSWAN_CONF=$CLIENT_DIR/strongswan.conf SWANCTL_DIR=$CLIENT_DIR hs swanctl "$@"; }

# client_start [GATEWAY-ADDRESS]: the daemon with its configuration, not yet connected
client_start() {
    mkdir -p "$CLIENT_DIR"/{x509,x509ca,private}
    cp "$LAB_DIR/pki/ca.pem" "$CLIENT_DIR/x509ca/"
    cp "$LAB_DIR/pki/client.key" "$CLIENT_DIR/private/"
    rm -f "$CLIENT_DIR/charon.vici"
    charon_settings charon-systemd "$CLIENT_DIR" user >"$CLIENT_DIR/strongswan.conf"
    client_swanctl "${1:-$GW_V4}" >"$CLIENT_DIR/swanctl.conf"
    client_spawn
    lab_until 20 test -S "$CLIENT_DIR/charon.vici" || die "charon did not start: $(cat "$CLIENT_DIR/charon.log")"
    client_vici --load-all --clear >"$CLIENT_DIR/load.log" 2>&1 || die "charon's configuration: $(cat "$CLIENT_DIR/load.log")"
}

client_spawn() { hs_spawn client env "STRONGSWAN_CONF=$CLIENT_DIR/strongswan.conf" /usr/sbin/charon-systemd; }

client_up() { client_vici --initiate --child net --timeout "$(patience 20)"; }

client_down() { client_vici --terminate --ike gw --timeout "$(patience 10)"; }

client_stop() { lab_stop client TERM; }
