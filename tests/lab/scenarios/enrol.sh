#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# A fresh handset enrols with a one-time password, has a tunnel by the certificate that it got, renews that in use, and ends the enrolment:
# no key, no file, no policy is left. Whoever is wrong (server, password, certificate) is told apart, and leaves nothing either.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
export MVPN_LAB_LINKS=wlan0

# enrol PASSWORD [OPTION…]
enrol() {
    local password=$1
    shift
    printf '%s\n' "$password" | ctl enroll "$ENROLL_NAME" --method est --user anna --device handset-1.example.com --ca "$LAB_DIR/pki/ca.pem" "$@"
}

# refused TEXT PATTERN PASSWORD [OPTION…]: an enrolment that must fail with these words, and leave nothing
refused() {
    local text=$1 pattern=$2
    shift 2
    if enrol "$@" >"$LAB_DIR/run/enrol.out" 2>&1; then fail "$text: it went well"; fi
    grep -q -- "$pattern" "$LAB_DIR/run/enrol.out" || fail "$text: said $(cat "$LAB_DIR/run/enrol.out")"
    agent_nothing_left "$text"
}

scenario "enrolment with a one-time password"
mvpn_config Tunnel.Certificate= Tunnel.PrivateKey= Tunnel.CACertificates=
gateway_start good gw
dm_start
agent_start
mvpnd_start || fail "mvpnd does not start"
net_snapshot >"$LAB_DIR/run/before"

# ---- whoever is wrong ----
dm_otp anna once 600
refused "a wrong password" "refused the password" twice
dm_mood tls-other-ca
refused "another CA's server" "not trusted" once
dm_mood tls-other-name
refused "a server of another name" "not trusted" once
dm_mood redirect
refused "a redirect" "elsewhere" once
dm_mood
for mood in cert-wrong-key cert-wrong-chain cert-ca cert-expired cert-future cert-no-client-auth; do
    dm_otp anna "$mood" 600
    dm_mood "$mood"
    refused "$mood" "certificate" "$mood"
done
dm_mood

# ---- a server that wants more time than anybody waits ----
dm_otp anna patience 600
dm_mood est-pending=900
if enrol patience >"$LAB_DIR/run/enrol.out" 2>&1; then fail "not decided yet: it went well"; fi
check "not decided yet: it says so" grep -q 'has not decided yet' "$LAB_DIR/run/enrol.out"
equal "the request is kept, for mvpn-dm alone" 600 "$(stat -c %a "$AGENT_STORE/pending/request.key")"
sed 1d "$AGENT_STORE/pending/request.key" | openssl pkey -pubout -out "$LAB_DIR/run/asked.pub"
dm_mood
dm_otp anna later 600
check "decided: enrolled with the key that was asked for" enrol later
check "the same key" cmp -s "$LAB_DIR/run/asked.pub" <(openssl pkey -in "$AGENT_STORE/keys/device-1.key" -pubout)
refute "the request is not kept any longer" test -e "$AGENT_STORE/pending"
check "mvpnctl unenroll, to begin anew" ctl unenroll
agent_nothing_left "unenrolled, to begin anew"

# ---- enrolment ----
dm_mood est-pending=1,2
check "enrolled, though the server took its time; none of those was shown the password" enrol once
dm_mood
equal "whose certificate" "subject=CN=handset-1.example.com,O=Example" "$(agent_subject device-1)"
equal "the key's mode" 640 "$(stat -L -c %a "$AGENT_STORE/keys/device-1.key")"
refute "the password is good once" enrol once
check "the enrolment is shown" grep -q '"enrolled": true' <(ctl dm show)

# ---- the tunnel with it ----
echo "$ENROLL_NAME $ENROLL_V4" >>"$LAB_DIR/zones/corp" # inside, the organisation tells names
world_mark
check "mvpnctl enable --wait" ctl enable --wait="$(patience 30)s"
becomes "connected by the certificate that was issued" 30 state=connected management.managed=true
carries "with the certificate that was issued" "$CORP_V4"
becomes "the policy is good" 60 state=connected management.policy_on_trial=false

# ---- renewal, in use ----
agent_make_due
check "renewed" ctl sync
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
refute "there is nothing to end" ctl unenroll

# ---- as Windows does it, by the mail address alone ----
dns_set enterpriseenrollment.example.com "$ENROLL_V4"
by_mail() { printf '%s\n' "$1" | ctl enroll anna@example.com --device handset-1.example.com --ca "$LAB_DIR/pki/ca.pem"; }
refute "MDE2: a wrong password" by_mail wrong
agent_nothing_left "MDE2: a wrong password"
for mood in soap-relates discovery-http addr-http prov-no-certificate cert-wrong-key soap-fault=DeviceCapReached; do
    dm_otp anna@example.com "$mood" 600
    dm_mood "$mood"
    refute "MDE2: $mood" by_mail "$mood"
    agent_nothing_left "MDE2: $mood"
done
dm_mood
dm_otp anna@example.com mail 600
dm_forget
check "MDE2: enrolled" by_mail mail
dm_clean "MDE2: enrolment"
check "MDE2: mvpnctl enable --wait" ctl enable --wait="$(patience 30)s"
carries "with the certificate by MDE2" "$CORP_V4"
check "MDE2: the server's secrets are for mvpn-dm alone" test "$(stat -L -c %a "$AGENT_STORE/current/management")" = 600
becomes "MDE2: the policy is good" 60 state=connected management.policy_on_trial=false

# ---- managed through the tunnel ----
dm_script - <<'END'
{"packages": [[{"verb": "Get", "target": "./DevDetail/SwV", "expect": 200},
               {"verb": "Replace", "target": "./Vendor/mvpn/MobileVPN/KeepAlive/Interval", "format": "int", "data": "33", "expect": 200},
               {"verb": "Replace", "target": "./Vendor/mvpn/MobileVPN/KeepAlive/Mode", "format": "chr", "data": "fixed", "expect": 200}]]}
END
dm_forget
check "a session through the tunnel" ctl sync
dm_clean "a session through the tunnel"
check "it came from the tunnel's address" grep -qE '"peer": "(10\.99\.|fd99:)' <(dm_log request area=dm)
becomes "the VPN follows, live" 30 state=connected keepalive.interval=33
equal "the node tells it" 33 "$(ctl dm show ./Vendor/mvpn/MobileVPN/KeepAlive/Interval)"
becomes "the policy is good, too" 60 state=connected management.policy_on_trial=false

agent_make_due
check "MDE2: renewed through the tunnel, signed with the old key" ctl sync
check "MDE2: the server took it as a renewal" dm_log enrolled operation=renew
becomes "the managed policy goes on with the new certificate" 60 state=connected keepalive.interval=33
check "MDE2: mvpnctl unenroll" ctl unenroll
check "the management server was told" dm_log alert code=1226
agent_nothing_left "MDE2: unenrolled"
refute "MDE2: enrolling while blocked says what to do" by_mail mail
check "mvpnctl disable, again" ctl disable

# ---- the organisation ends it ----
dm_otp anna@example.com last 600
check "enrolled once more" by_mail last
check "mvpnctl enable --wait, once more" ctl enable --wait="$(patience 30)s"
dm_script - <<'END'
{"packages": [[{"verb": "Exec", "target": "./Vendor/MSFT/DMClient/Unenroll", "format": "chr", "data": "mvpn-test", "expect": 202}]]}
END
dm_forget
check "a session in which the server ends it" ctl sync
dm_clean "a session in which the server ends it"
agent_nothing_left "ended by the server"
becomes "unmanaged, and closed" 30 management.managed=false
check "mvpnctl disable, at last" ctl disable
check "disabled: the internet works" traffic tcp "$WORLD_V4"
