# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# OpenIKED's iked as the gateway of the laboratory, with the kernel's ESP by PF_KEY. That way knows neither AES-GCM nor
# SHA2-256 as RFC 4868 truncates it: a client must offer AES-CBC with SHA2-512. An SA made so carries only the family of
# its own outer addresses, and cannot be moved ("Invalid argument"): after MOBIKE nothing comes until it is rekeyed. Its
# files have fixed names in /etc/iked, so it can only run where that folder is nobody's.

openiked_config() {
    cat <<END
set fragmentation
set mobike
ikev2 "handsets" passive esp from 0.0.0.0/0 to dynamic local any peer any \\
    ikesa enc aes-256-gcm prf hmac-sha2-384 group ecp384 \\
    ikesa enc aes-256 auth hmac-sha2-512 prf hmac-sha2-512 group ecp384 \\
    childsa enc aes-256 auth hmac-sha2-512 noesn \\
    srcid $GW_NAME dstid handset-1.example.com ikelifetime 80 lifetime 50 \\
    config address 10.99.0.0/24 config name-server $CORP_DNS_V4
END
}

openiked_keys() {
    mkdir -p /etc/iked/{ca,certs,crls,ocsp,private,pubkeys/fqdn} /var/lib/openiked/empty
    cp "$LAB_DIR/pki/ca.pem" /etc/iked/ca/ca.crt
    cp "$LAB_DIR/pki/gateway.pem" "/etc/iked/certs/$GW_NAME.crt"
    cp "$LAB_DIR/pki/gateway.key" /etc/iked/private/local.key
    openssl pkey -in /etc/iked/private/local.key -pubout -out /etc/iked/local.pub
    chmod 0600 /etc/iked/private/local.key
}

# openiked_start: start it and wait until it says something. It is deaf for a while yet: the kernel looks for a module for
# every cipher that PF_KEY has a name for. mvpnd tries until it hears.
openiked_start() {
    [ ! -s /etc/iked/private/local.key ] || [ -n "${OPENIKED_OWN:-}" ] || die "there is an iked on this machine"
    OPENIKED_OWN=1
    getent passwd _iked >/dev/null || useradd --system --badname --home-dir /var/lib/openiked/empty _iked ||
        die "no user _iked"
    openiked_keys
    openiked_config >"$LAB_DIR/gw/iked.conf"
    chmod 0600 "$LAB_DIR/gw/iked.conf"
    lab_spawn iked gw iked -d -v -f "$LAB_DIR/gw/iked.conf" -s "$LAB_DIR/run/iked.sock"
    lab_until 40 openiked_serves || die "no iked: $(cat "$LAB_DIR/log/iked.log")"
    ln -sf "$LAB_DIR/log/iked.log" "$(gateway_log)"
}

openiked_serves() { in_ns gw ikectl -s "$LAB_DIR/run/iked.sock" show sa >/dev/null 2>&1; }

openiked_stop() {
    lab_stop iked TERM
    gateway_forget gw
}
