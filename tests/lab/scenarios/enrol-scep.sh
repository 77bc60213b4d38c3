#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# A fresh handset enrols by SCEP with other people's server, which speaks http only: the authority is known by its pin. It has a tunnel by the
# certificate that it got, renews that in use, and ends the enrolment: no key, no file, no policy is left. Without the right pin or password
# nothing begins.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
export MVPN_LAB_LINKS=wlan0

fingerprint() { openssl x509 -in "$LAB_DIR/pki/scep-ca.pem" -noout -fingerprint -sha256 | cut -d= -f2; }

# enrol PASSWORD PIN [OPTION…]
enrol() {
    local password=$1 pin=$2
    shift 2
    printf '%s\n' "$password" | ctl enroll "http://$SCEP_NAME/scep" --method scep --device handset-1.example.com ${pin:+--pin "$pin"} "$@"
}

# refused TEXT PATTERN PASSWORD PIN: an enrolment that must fail with these words, and leave nothing
refused() {
    if enrol "$3" "$4" >"$LAB_DIR/run/enrol.out" 2>&1; then fail "$1: it went well"; fi
    grep -q -- "$2" "$LAB_DIR/run/enrol.out" || fail "$1: said $(cat "$LAB_DIR/run/enrol.out")"
    agent_nothing_left "$1"
}

scenario "enrolment by SCEP"
mvpn_config Tunnel.Certificate= Tunnel.PrivateKey= Tunnel.CACertificates=
scep_start s3cret
gateway_start scep gw
agent_start
mvpnd_start || fail "mvpnd does not start"
net_snapshot >"$LAB_DIR/run/before"

# ---- whoever is wrong ----
refused "no pin, and no https" "somebody must say who the authority is" s3cret ''
refused "another authority" "not the one that was given" s3cret "$(printf '00%.0s' $(seq 32))"
refused "a wrong password" "refused" wrong "$(fingerprint)"
refute "the methods without a pin of their own stay with https" ctl enroll "http://$SCEP_NAME/scep" --method est --otp-file /dev/null

# ---- enrolment ----
check "enrolled" enrol s3cret "$(fingerprint)"
equal "whose certificate" "subject=CN=handset-1.example.com" "$(agent_subject device-1)"
equal "the key's mode" 640 "$(stat -L -c %a "$AGENT_STORE/keys/device-1.key")"
check "an RSA key of 3072 bits" grep -q '3072 bit' <(openssl pkey -in "$AGENT_STORE/keys/device-1.key" -noout -text)
check "the enrolment is shown" grep -q '"method": "scep"' <(ctl dm show)

# ---- the tunnel with it ----
echo "$SCEP_NAME $SCEP_V4" >>"$LAB_DIR/zones/corp" # inside, the organisation tells names
world_mark
check "mvpnctl enable --wait" ctl enable --wait="$(patience 30)s"
becomes "connected by the certificate that was issued" 30 state=connected management.managed=true
carries "with the certificate that was issued" "$CORP_V4"
becomes "the policy is good" 60 state=connected management.policy_on_trial=false

# ---- renewal, in use ----
# this server wants its password of renewals, too, which RFC 8894 (2.4) leaves to the signature: so it runs without one
scep_serve
agent_make_due
check "renewed" ctl sync
check "the server took it as a renewal" grep -q 'RenewalReq (17)' "$LAB_DIR/log/scep.log"
check "old and new stand side by side" test -e "$AGENT_STORE/keys/device-1.key" -a -e "$AGENT_STORE/keys/device-2.key"
equal "the new one has the same subject" "$(agent_subject device-1)" "$(agent_subject device-2)"
refute "the new key is another one" cmp "$AGENT_STORE/keys/device-1.key" "$AGENT_STORE/keys/device-2.key"
becomes "connected with the new one" 60 state=connected management.policy_on_trial=false
check "the next session settles it" ctl sync
refute "the old key is gone" test -e "$AGENT_STORE/keys/device-1.key"
carries "after the renewal" "$CORP_V4"
no_leak "enrolled, connected, renewed"

# ---- the end ----
check "mvpnctl unenroll" ctl unenroll
agent_nothing_left "unenrolled"
becomes "unmanaged" 30 management.managed=false
blocked "unenrolled, but enabled"
no_leak "after unenrolling"
check "mvpnctl disable" ctl disable
net_snapshot >"$LAB_DIR/run/after"
check "nothing is left in the kernel" diff "$LAB_DIR/run/before" "$LAB_DIR/run/after"
