# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# Libreswan's pluto as the gateway of the laboratory, with the kernel's ESP. Its keys are in an NSS database. It gives
# IPv4 addresses only: this version knows one pool and one pair of traffic selectors for each connection.

LIBRESWAN_DIR=$LAB_DIR/gw/libreswan
LIBRESWAN=/usr/libexec/ipsec

# libreswan_keys CERTIFICATE: the database with one certificate, its key and the CA
libreswan_keys() {
    local nss=sql:$LIBRESWAN_DIR/nss
    mkdir -p "$LIBRESWAN_DIR/nss"
    # nothing here is secret enough for ten thousand rounds on an emulated processor
    export NSS_MAX_MP_PBE_ITERATION_COUNT=1
    certutil -N -d "$nss" --empty-password &&
        certutil -A -d "$nss" -n ca -t CT,C,C -i "$LAB_DIR/pki/ca.pem" &&
        openssl pkcs12 -export -passout pass: -name gateway -in "$LAB_DIR/pki/$1.pem" -inkey "$LAB_DIR/pki/$1.key" \
            -out "$LIBRESWAN_DIR/gateway.p12" &&
        pk12util -d "$nss" -i "$LIBRESWAN_DIR/gateway.p12" -W ''
}

# libreswan_config AUTHBY
libreswan_config() {
    cat <<END
config setup
    nssdir=$LIBRESWAN_DIR/nss
    ipsecdir=$LIBRESWAN_DIR/ipsec.d
    dumpdir=$LIBRESWAN_DIR
    logfile=$(gateway_log)
    secretsfile=$LIBRESWAN_DIR/secrets
    virtual-private=%v4:10.0.0.0/8,%v4:192.168.0.0/16,%v4:100.64.0.0/10
    dnssec-enable=no
    plutodebug=none

conn handsets
    left=$GW_V4
    leftid=@$GW_NAME
    leftcert=gateway
    leftsendcert=always
    leftsubnet=0.0.0.0/0
    leftmodecfgserver=yes
    right=%any
    rightid=@handset-1.example.com
    rightca=%same
    rightaddresspool=10.99.0.1-10.99.0.20
    rightmodecfgclient=yes
    modecfgdns=$CORP_DNS_V4
    authby=$1
    ikev2=yes
    ike=aes_gcm128-sha2;dh19,aes_gcm256-sha2_384;dh20
    esp=aes_gcm256,aes_gcm128
    pfs=yes
    narrowing=yes
    mobike=yes
    fragmentation=yes
    salifetime=30s
    ikelifetime=70s
    rekeymargin=10s
    rekeyfuzz=0%
    dpddelay=30
    auto=add
END
}

# libreswan_start CERTIFICATE AUTHBY: start it and wait until it serves
libreswan_start() {
    mkdir -p "$LIBRESWAN_DIR/ipsec.d" "$LIBRESWAN_DIR/run"
    : >"$LIBRESWAN_DIR/secrets"
    libreswan_keys "$1" >"$LIBRESWAN_DIR/keys.log" 2>&1 || die "no keys: $(cat "$LIBRESWAN_DIR/keys.log")"
    libreswan_config "$2" >"$LIBRESWAN_DIR/ipsec.conf"
    lab_spawn libreswan gw "$LIBRESWAN/pluto" --nofork --config "$LIBRESWAN_DIR/ipsec.conf" --rundir "$LIBRESWAN_DIR/run"
    lab_until 20 libreswan_ask --status || die "no libreswan: $(cat "$LAB_DIR/log/libreswan.log" "$(gateway_log)")"
    in_ns gw "$LIBRESWAN/addconn" --config "$LIBRESWAN_DIR/ipsec.conf" --ctlsocket "$LIBRESWAN_DIR/run/pluto.ctl" handsets ||
        die "libreswan's configuration"
    libreswan_ask --listen || die "libreswan does not listen"
}

libreswan_ask() { in_ns gw "$LIBRESWAN/whack" --ctlsocket "$LIBRESWAN_DIR/run/pluto.ctl" "$@" >/dev/null 2>&1; }

libreswan_stop() {
    lab_stop libreswan TERM
    gateway_forget gw
    rm -rf "$LIBRESWAN_DIR"
}
