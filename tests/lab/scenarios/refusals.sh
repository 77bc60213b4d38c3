#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# Every way to be refused has its own reason and a sentence. What a person must mend is "failed" and is retried rarely, and
# at once when it has been mended; the rest is retried by backoff. Nothing leaks meanwhile.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# refused TEXT STATE REASON: begin anew with what has been set, and expect this
refused() {
    ctl reload >/dev/null 2>&1
    ctl enable || fail "$1: mvpnctl enable"
    becomes "$1: $3" 60 "state=$2" "reason=$3" internet_blocked=true
    equal "$1: a sentence" yes "$([ "$("$LAB_SUPPORT/json-get" message <"$LAB_DIR/run/status.json" | wc -w)" -ge 4 ] && echo yes)"
    if [ "$2" = failed ]; then
        # MaxDelay=60s, and the longest delay is drawn from its upper half
        python3 -c 'import json, sys
s = json.load(open(sys.argv[1])); sys.exit(not s["since"] + s["retry"]["next_in"] >= 29.5)' "$LAB_DIR/run/status.json" ||
            fail "$1: not retried rarely: $(cat "$LAB_DIR/run/status.json")"
    fi
    no_leak "$1"
    ctl disable || fail "$1: mvpnctl disable"
    world_mark
}

# by_gateway VARIANT REASON TEXT
by_gateway() {
    gateway_load "$1"
    refused "$3" failed "$2"
}

# by_client CERTIFICATE KEY REASON TEXT
by_client() {
    mvpn_config Reconnect.MaxDelay=60s "Tunnel.Certificate=$LAB_DIR/pki/$1" "Tunnel.PrivateKey=$LAB_DIR/pki/$2"
    refused "$4" failed "$3"
}

connects() {
    ctl reload || fail "$1: mvpnctl reload"
    ctl enable || fail "$1: mvpnctl enable"
    becomes "$1" 30 state=connected
    no_leak "$1"
    ctl disable || fail "$1: mvpnctl disable"
    world_mark
}

MVPN_LAB_LINKS=wlan0
scenario "refusals"
mvpn_config Reconnect.MaxDelay=60s
mvpnd_start || fail "mvpnd does not start"
allow_revocation on
world_mark

by_gateway wrong-ca gateway-untrusted "a gateway of another CA"
by_gateway wrong-identity gateway-identity-mismatch "a gateway of another name"
by_gateway expired gateway-certificate-expired "a gateway whose certificate has expired"
by_gateway refuse-ike proposals-refused "no common IKE proposal"
by_gateway refuse-esp proposals-refused "no common ESP proposal"
by_gateway refuse-ts selectors-refused "other traffic selectors"
by_gateway no-pool no-address "no address for us"
by_gateway refuse-auth auth-refused "a gateway that does not know our CA"

# in this order: a CRL, once fetched, is kept, and speaks for every certificate of its CA
mvpn_config Reconnect.MaxDelay=60s Tunnel.CheckRevocation=strict
by_gateway nocrl revocation-unknown "revocation unknown, and the policy is strict"
gateway_load ocsp
connects "a gateway that is not revoked, said by OCSP, and the policy is strict"
by_gateway ocsp-revoked gateway-certificate-revoked "a revoked gateway, said by OCSP"
mvpn_config Reconnect.MaxDelay=60s Tunnel.CheckRevocation=yes
gateway_load nocrl
connects "revocation unknown, and unknown is good enough"
by_gateway revoked gateway-certificate-revoked "a revoked gateway, said by CRL"
mvpn_config Reconnect.MaxDelay=60s Tunnel.CheckRevocation=strict
gateway_load good
connects "a gateway that is not revoked, said by CRL, and the policy is strict"
pki_service missing
by_gateway revoked gateway-certificate-revoked "a revoked gateway, said by the CRL that was kept"
pki_service good
mvpn_config Reconnect.MaxDelay=60s

gateway_load good
by_client client-expired.pem client-expired.key certificate-expired "our certificate has expired"
by_client client-future.pem client-future.key clock-wrong "our certificate is not valid yet"
by_client client-revoked.pem client-revoked.key auth-refused "our certificate is revoked"
by_client client-other.pem client-other.key auth-refused "our certificate is of another CA"
by_client client.pem client-rsa.key key-mismatch "a key that is not the certificate's"

mvpn_config Reconnect.MaxDelay=60s
dns_set $GW_NAME '!nxdomain'
refused "a name that does not exist" backoff name-unresolved
dns_set $GW_NAME '!servfail'
refused "a resolver that is broken" backoff name-unresolved
dns_set $GW_NAME '!silence'
refused "a resolver that is silent" backoff name-unresolved
dns_default
gateway_silent on
refused "a gateway that is silent" backoff gateway-silent
gateway_silent off
gateway_unreachable on
refused "a gateway to which there is no way" backoff "gateway-unreachable|gateway-silent"
gateway_unreachable off
link_down wlan0
refused "no link at all" offline no-link
link_up wlan0

# mended: a new certificate file and a reload suffice, without waiting
cp "$LAB_DIR/pki/client-expired.pem" "$LAB_DIR/handset/cert.pem"
cp "$LAB_DIR/pki/client-expired.key" "$LAB_DIR/handset/cert.key"
mvpn_config Reconnect.MaxDelay=5min "Tunnel.Certificate=$LAB_DIR/handset/cert.pem" \
    "Tunnel.PrivateKey=$LAB_DIR/handset/cert.key"
ctl reload
ctl enable
becomes "failed with an expired certificate" 30 state=failed reason=certificate-expired
cp "$LAB_DIR/pki/client.pem" "$LAB_DIR/handset/cert.pem"
cp "$LAB_DIR/pki/client.key" "$LAB_DIR/handset/cert.key"
check "mvpnctl reload" ctl reload
becomes "connected at once with a new one" 30 state=connected
no_leak "all the while"
