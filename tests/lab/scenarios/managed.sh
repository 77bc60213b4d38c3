#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# The whole life of a managed handset: it enrols with a one-time password, has its tunnel by the certificate, is given a VPNv2 profile with
# LockDown through that tunnel, follows it live, refuses a bad one and goes back from another, and lets go of everything when the organisation
# or root ends it. Nothing leaks meanwhile.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
export MVPN_LAB_LINKS=wlan0
VPN=./Device/Vendor/MSFT/VPNv2/lab
OURS=./Vendor/mvpn/MobileVPN

# enrol PASSWORD: as Windows does it, by the mail address alone
enrol() {
    dm_otp anna@example.com "$1" 600
    printf '%s\n' "$1" | ctl enroll anna@example.com --device handset-1.example.com --ca "$LAB_DIR/pki/ca.pem"
}

# session TEXT: one with the server, through the tunnel, in which both keep every rule and each status is the one that the script expects
session() {
    dm_forget
    check "$1" ctl sync
    dm_clean "$1"
    check "$1: it came through the tunnel" grep -qE '"peer": "(10\.9[89]\.|fd9[89]:)' <(dm_log request area=dm)
}

# answered CODE [TARGET]: so many commands had this status
answered() { dm_log status "code=$1" ${2:+"target=$2"} | wc -l; }

# policy_says SECTION LINE: the policy that mvpnd keeps and goes by
policy_says() { sed -n "/^\\[$1\\]\$/,/^\\[/p" "$HANDSET_STATE/policy.conf" | grep -qxF -- "$2"; }

# tunnel_has GATEWAY PATTERN: the gateway's own view of the tunnel
tunnel_has() { gateway_vici "$1" --list-sas | grep -qE -- "$2"; }

# open_is_seen: the positive control; the one link has IPv4 only
open_is_seen() {
    local missing
    world_mark
    probe_round
    missing=$({ probes_missing wlan0 && probes_missing world forward; } | tr ' ' '\n' | grep '4$' | xargs)
    equal "positive control: IPv4 probes that were not seen without the VPN" "" "$missing"
    above "positive control: foreign packets" 0 "$(world_count)"
}

nothing_left() {
    agent_nothing_left "$1"
    equal "$1: keys, wherever they might be" "" "$(keys)"
    becomes "$1: no policy, and the VPN that it had switched on is off" 30 management.managed=false management.user_may_disable=true \
        state=disabled
    refute "$1: nothing of the profile in mvpnd's folder" grep -qE 'corp\.example|Interval|dm:' -r "$HANDSET_STATE"
    lab_until 20 kernel_is_as_before || fail "$1: left in the kernel: $(diff "$LAB_DIR/run/before" "$LAB_DIR/run/after")"
    pass "$1: no rule, no route, no interface"
}

# ended_silently TEXT: as no_leak, where the VPN ends meanwhile: the gateway's answer to the end may find no socket any more, and the kernel,
# open by then, says so to it
ended_silently() {
    local foreign
    world_count >/dev/null || fail "$1: the recorder does not answer"
    foreign=$(world_foreign | grep -vE "> ($GW_V4|$GW2_V4) proto 1 type 3 ")
    equal "$1: foreign packets" "" "$foreign"
    world_mark
}

keys() { grep -rl 'PRIVATE KEY' "$HANDSET_DIR" 2>/dev/null; }

kernel_is_as_before() {
    net_snapshot >"$LAB_DIR/run/after"
    cmp -s "$LAB_DIR/run/before" "$LAB_DIR/run/after"
}

scenario "a managed handset, from its enrolment to the end" gateway_start good gw
handset_forwards on
gateway_start good gw2
mvpn_config Tunnel.Certificate= Tunnel.PrivateKey= Tunnel.CACertificates= Tunnel.RemoteIdentity= Tunnel.LocalIdentity=
dm_start
dns_set enterpriseenrollment.example.com "$ENROLL_V4"
agent_start
mvpnd_start || fail "mvpnd does not start"
net_snapshot >"$LAB_DIR/run/before"
open_is_seen

# ---- a certificate, and the tunnel with it ----
check "enrolled with a one-time password" enrol once
refute "its key is on the handset" test -z "$(keys)"
world_mark
check "mvpnctl enable --wait" ctl enable --wait="$(patience 30)s"
probe_flood_start
carries "with the certificate that was issued" "$CORP_V4"
becomes "the policy of the enrolment is good" 60 state=connected management.policy_on_trial=false gateway.name=$GW_NAME \
    "management.server=https://$DM_NAME"

# ---- a profile with LockDown by one Atomic; the VPN follows on the spot ----
dm_profile --name lab "NativeProfile/Servers=$GW2_NAME" NativeProfile/CryptographySuite/EncryptionMethod=AES_GCM_128 \
    NativeProfile/CryptographySuite/IntegrityCheckMethod=SHA256 NativeProfile/CryptographySuite/DHGroup=ECP256 \
    NativeProfile/CryptographySuite/CipherTransformConstants=GCMAES128 \
    NativeProfile/CryptographySuite/AuthenticationTransformConstants=GCMAES128 NativeProfile/CryptographySuite/PfsGroup=ECP256 \
    "DomainNameInformationList/0/DomainName=.corp.example.com" "DomainNameInformationList/0/DnsServers=$CORP_DNS_V4"
session "an Atomic sets up a profile"
check "the Atomic was done" dm_log status verb=Atomic code=200
becomes "another gateway" 60 state=connected gateway.name=$GW2_NAME management.user_may_disable=false
check "the profile's proposals" tunnel_has gw2 'AES_GCM_16-128/PRF_HMAC_SHA2_256/ECP_256'
check "the profile's name servers" lab_until 20 hs sh -c "[ \"\$(awk '/^nameserver/ { print \$2 }' /etc/resolv.conf)\" = $CORP_DNS_V4 ]"
check "the profile's domain" hs grep -qE '^search .*corp\.example\.com' /etc/resolv.conf
becomes "the profile is good" 60 state=connected management.policy_on_trial=false
carries "by the profile's gateway" "$CORP_V4"
no_leak "a profile that is followed"

dm_script - <<END
{"packages": [[{"verb": "Replace", "target": "$OURS/KeepAlive/Mode", "format": "chr", "data": "fixed", "expect": 200},
               {"verb": "Replace", "target": "$OURS/KeepAlive/Interval", "format": "int", "data": "33", "expect": 200},
               {"verb": "Replace", "target": "$OURS/KeepAlive/WhenRoaming", "format": "bool", "data": "true", "expect": 200}],
              [{"verb": "Get", "target": "$OURS/Status/Gateway", "expect": 200, "want": "$GW2_NAME"}]]}
END
session "keepalives, and those while roaming"
becomes "another keepalive" 30 state=connected keepalive.interval=33 keepalive.mode=fixed gateway.name=$GW2_NAME
check "another roaming option" policy_says Roaming Keepalive=yes
becomes "all of it is good" 60 state=connected management.policy_on_trial=false
GOOD=$("$LAB_SUPPORT/json-get" management.policy_generation <"$LAB_DIR/run/status.json")

# ---- a bad profile is refused whole ----
dm_script - <<END
{"packages": [[{"verb": "Atomic", "expect": 507, "commands": [
    {"verb": "Replace", "target": "$VPN/NativeProfile/Servers", "format": "chr", "data": "$GW_NAME", "expect": 216},
    {"verb": "Replace", "target": "$VPN/NativeProfile/CryptographySuite/EncryptionMethod", "format": "chr", "data": "DES", "expect": 406},
    {"verb": "Replace", "target": "$OURS/KeepAlive/Interval", "format": "int", "data": "44", "expect": 215}]},
   {"verb": "Atomic", "expect": 507, "commands": [
    {"verb": "Replace", "target": "$OURS/KeepAlive/Interval", "format": "int", "data": "45", "expect": 216},
    {"verb": "Replace", "target": "$VPN/NativeProfile/RoutingPolicyType", "format": "chr", "data": "SplitTunnel", "expect": 406}]}],
  [{"verb": "Get", "target": "$VPN/NativeProfile/Servers", "expect": 200, "want": "$GW2_NAME"},
   {"verb": "Get", "target": "$OURS/KeepAlive/Interval", "expect": 200, "want": "33"}]]}
END
session "bad profiles are refused"
equal "each Atomic failed" 2 "$(answered 507)"
equal "what was done before was undone" 2 "$(answered 216)"
equal "what came behind was not begun" 1 "$(answered 215)"
becomes "nothing has changed" 5 state=connected gateway.name=$GW2_NAME keepalive.interval=33 "management.policy_generation=$GOOD"

# ---- one whose tunnel does not come up is gone back from ----
dm_script - <<END
{"packages": [[{"verb": "Atomic", "expect": 200, "commands": [
    {"verb": "Replace", "target": "$VPN/NativeProfile/Servers", "format": "chr", "data": "$GW_V4", "expect": 200},
    {"verb": "Replace", "target": "$OURS/KeepAlive/Interval", "format": "int", "data": "55", "expect": 200}]}]]}
END
session "a profile that no gateway will serve"
becomes "is gone back from" 90 state=connected gateway.name=$GW2_NAME keepalive.interval=33 "management.policy_generation=$GOOD" \
    "management.rolled_back_generation>$GOOD"
BAD=$("$LAB_SUPPORT/json-get" management.rolled_back_generation <"$LAB_DIR/run/status.json")
dm_script - <<END
{"packages": [[{"verb": "Get", "target": "$OURS/Status/LastError", "expect": 200}]]}
END
session "the server asks why"
check "and is told" grep -q "certificate is for another name" <(dm_log results "target=$OURS/Status/LastError")
becomes "asking does not try it again" 5 state=connected gateway.name=$GW2_NAME "management.policy_generation=$GOOD" \
    "management.rolled_back_generation=$BAD"
check "the account has what was taken back" grep -q '^refused-print=.' "$AGENT_STORE/current/account"
no_leak "bad profiles, and going back from one"

# ---- it stands in the tree, and both processes start anew: why is still told, and a renewal goes with the profile that works ----
mvpnd_kill9
lab_stop agent TERM
agent_start
mvpnd_start || fail "mvpnd does not start after a crash"
becomes "the last good one is in force after a crash" 60 state=connected gateway.name=$GW2_NAME keepalive.interval=33 \
    "management.rolled_back_generation=$BAD"
dm_script - <<END
{"packages": [[{"verb": "Get", "target": "$OURS/Status/LastError", "expect": 200}]]}
END
session "the server asks once more"
check "and is told the same" grep -q "certificate is for another name" <(dm_log results "target=$OURS/Status/LastError")
echo "$ENROLL_NAME $ENROLL_V4" >>"$LAB_DIR/zones/corp" # inside, the organisation tells names
agent_make_due
session "renewed while a profile that was taken back stands in the tree"
check "the server took it as a renewal" dm_log enrolled operation=renew
becomes "the profile that works goes on with the new certificate" 90 state=connected gateway.name=$GW2_NAME keepalive.interval=33 \
    "management.policy_generation>$BAD" management.policy_on_trial=false
check "by its name" policy_says Tunnel Certificate=dm:device-2
GOOD=$("$LAB_SUPPORT/json-get" management.policy_generation <"$LAB_DIR/run/status.json")
dm_script - <<END
{"packages": [[{"verb": "Get", "target": "$OURS/Status/LastError", "expect": 200}]]}
END
session "the next session settles it"
refute "the old key is gone" test -e "$AGENT_STORE/keys/device-1.key"
check "behind the renewal it is still told why" grep -q "certificate is for another name" <(dm_log results "target=$OURS/Status/LastError")
becomes "and not tried again" 5 state=connected gateway.name=$GW2_NAME "management.policy_generation=$GOOD" "management.rolled_back_generation=$BAD"
no_leak "a renewal beside a profile that was taken back"
dm_script - <<END
{"packages": [[{"verb": "Replace", "target": "$VPN/NativeProfile/Servers", "format": "chr", "data": "$GW_NAME", "expect": 200}]]}
END
session "the server mends it"
becomes "followed" 60 state=connected gateway.name=$GW_NAME keepalive.interval=55
carries "by the profile that was mended" "$CORP_V4"
becomes "and good" 60 state=connected management.policy_on_trial=false
no_leak "a profile that was mended"

# ---- the certificate is renewed, and the profile goes on with it ----
dm_forget
agent_make_due
session "renewed through the tunnel"
check "the server took it as a renewal" dm_log enrolled operation=renew
becomes "the profile goes on with the new certificate" 60 state=connected keepalive.interval=55 management.policy_on_trial=false
session "the next session settles it"
refute "the old key is gone" test -e "$AGENT_STORE/keys/device-2.key"
no_leak "renewal"
probe_flood_stop

# ---- the organisation ends it ----
dm_script - <<'END'
{"packages": [[{"verb": "Exec", "target": "./Vendor/MSFT/DMClient/Unenroll", "format": "chr", "data": "mvpn-test", "expect": 202}]]}
END
session "the server ends it"
nothing_left "ended by the server"
ended_silently "the end"
check "the internet is open" traffic tcp "$WORLD_V4"

# ---- or root does, from under a profile with LockDown ----
check "enrolled once more" enrol again
world_mark
check "mvpnctl enable --wait, once more" ctl enable --wait="$(patience 30)s"
dm_profile --name lab
session "an Atomic sets up a profile, once more"
becomes "LockDown" 60 state=connected management.user_may_disable=false
dm_forget
check "mvpnctl unenroll" ctl unenroll
check "the server was told" dm_log alert code=1226
nothing_left "ended by root"
ended_silently "the end by root"
