#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# A policy as a management agent sets it, by root's calls on the bus: a good one is followed live, one with an error is refused with
# its line, one whose tunnel does not come up is gone back from, a crash in the middle leaves the old or the new one. Nothing leaks
# meanwhile.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"


call() { hs busctl --address="$HANDSET_BUS" --timeout=60 call org.mvpn1 /org/mvpn1 org.mvpn1.Manager "$@"; }
as_nobody() { hs setpriv --reuid=65534 --regid=65534 --clear-groups busctl --address="$HANDSET_BUS" call org.mvpn1 /org/mvpn1 org.mvpn1.Manager "$@"; }

# lines LINE…: a policy of these lines
lines() { printf '%s\n' "$@"; }

# apply TEXT LINE…: it must be taken; GENERATION is its number
apply() {
    local text=$1 answer
    shift
    answer=$(call ApplyPolicy s "$(lines "$@")") || fail "$text: not taken"
    GENERATION=${answer#u }
    pass "$text: generation $GENERATION"
}

# refused TEXT PATTERN LINE…: it must be refused with these words, checked or applied, and nothing may change
refused() {
    local text=$1 pattern=$2 method answer
    shift 2
    for method in CheckPolicy ApplyPolicy; do
        if answer=$(call $method s "$(lines "$@")" 2>&1); then fail "$text: $method took it"; fi
        grep -qE -- "$pattern" <<<"$answer" || fail "$text: $method said: $answer"
    done
    pass "$text: $answer"
    becomes "$text: nothing has changed" 5 state=connected "management.policy_generation=$GENERATION"
}

# store NAME: the certificate and key of the lab's pki under this name in mvpn's own store
store() {
    mkdir -p "$AGENT_STORE"/{certs,keys,roots} && cp "$LAB_DIR/pki/$1.pem" "$AGENT_STORE/certs/$1.pem" && cp "$LAB_DIR/pki/$1.key" "$AGENT_STORE/keys/$1.key" &&
        cp "$LAB_DIR/pki/ca.pem" "$AGENT_STORE/roots/lab.pem" || fail "the store cannot be filled"
}

MVPN_LAB_LINKS=wlan0
scenario "a policy of a management server"
gateway_start good gw2
connect_up
becomes "unmanaged" 5 management.managed=false management.policy_generation=
hs_spawn events "$MVPN_BIN/mvpnctl" events --json
world_mark

# ---- followed live ----
apply "a keepalive interval" '[Keepalive]' Mode=fixed Interval=17s
becomes "it is in force, on the tunnel that stands" 30 state=connected keepalive.interval=17 management.policy_on_trial=true
becomes "and good" 60 state=connected management.policy_on_trial=false "management.policy_generation=$GENERATION"
apply "another gateway" '[Tunnel]' "Gateway=$GW2_NAME" RemoteIdentity= '[Keepalive]' Mode=fixed Interval=18s
becomes "followed" 60 state=connected gateway.name=$GW2_NAME keepalive.interval=18
becomes "and good" 60 state=connected management.policy_on_trial=false
carries "by the policy's gateway"
no_leak "a policy that is followed"

# ---- refused ----
refused "no switch" 'policy:2: MTU=many' '[Tunnel]' MTU=many
refused "a forbidden interface" 'policy:3: Interface= may not be set by a policy' '[Tunnel]' MTU=1400 Interface=mvpn7
refused "a path" 'policy:2: Certificate= .*never a path' '[Tunnel]' Certificate=/etc/shadow
refused "an opening" 'policy:2: AllowLAN=.*may only be closed' '[Lockdown]' AllowLAN=yes
refused "a program" 'policy:2: PortalCommand= may not be set' '[Lockdown]' PortalCommand=/bin/sh
refused "a certificate that is not there" 'nothere' '[Tunnel]' Certificate=dm:nothere PrivateKey=dm:nothere
no_leak "policies that are refused"

# ---- gone back from ----
apply "a gateway of another name" '[Tunnel]' RemoteIdentity=wrong.example.com
becomes "gone back from at once" 60 "management.rolled_back_generation=$GENERATION" state=connected gateway.name=$GW2_NAME keepalive.interval=18
journal_has "Policy .* in force again, the one after it \\($GENERATION\\) was taken back" || fail "the journal does not say so"
carries "by the last good one"
lab_until 20 grep -q "\"policy-rolled-back\".*\"generation\": *\"$GENERATION\"" "$LAB_DIR/log/events.log" ||
    fail "no event says so: $(cat "$LAB_DIR/log/events.log")"
BAD=$GENERATION
mvpnd_kill9
mvpnd_start || fail "mvpnd does not start after a crash"
becomes "a crash forgets neither that nor why" 60 state=connected "management.rolled_back_generation=$BAD" "management.rolled_back_because!="
no_leak "a policy that the gateway's certificate does not fit"
gateway_silent on
apply "a gateway that does not answer" '[Tunnel]' "Gateway=$GW_NAME"
becomes "gone back from when its time is over" 200 "management.rolled_back_generation=$GENERATION" state=connected gateway.name=$GW2_NAME
no_leak "a policy whose gateway is silent"
gateway_silent off
apply "a good one again, by a number that was never used" '[Keepalive]' Mode=fixed Interval=19s
becomes "in force" 60 state=connected gateway.name=$GW_NAME keepalive.interval=19 management.policy_on_trial=false
call RollbackPolicy >/dev/null || fail "RollbackPolicy"
becomes "gone back from by hand" 60 state=connected gateway.name=$GW2_NAME keepalive.interval=18
refute "and no further" call RollbackPolicy

# ---- renewal: the old key until the new one has worked ----
store client
store client-rsa
store client-other
apply "a certificate of the store" '[Tunnel]' Certificate=dm:client PrivateKey=dm:client CACertificates=dm:lab
becomes "is used" 60 state=connected gateway.name=$GW_NAME management.policy_on_trial=false
apply "its successor" '[Tunnel]' Certificate=dm:client-rsa PrivateKey=dm:client-rsa CACertificates=dm:lab
becomes "is used" 60 state=connected management.policy_on_trial=false
log_mark
cp "$LAB_DIR/pki/client.pem" "$AGENT_STORE/certs/client-rsa.pem" && cp "$LAB_DIR/pki/client.key" "$AGENT_STORE/keys/client-rsa.key"
[ "$(call ApplyPolicy s "$(lines '[Tunnel]' Certificate=dm:client-rsa PrivateKey=dm:client-rsa CACertificates=dm:lab)")" = "u $GENERATION" ] ||
    fail "the same policy has another generation"
lab_until 60 sh -c "tail -n +$((LAB_LOG_LINES + 1)) '$(gateway_log)' | grep -q 'authentication of .handset-1.example.com. with ECDSA.* successful'" ||
    fail "a file that was replaced behind the same name is not used"
becomes "files that were replaced behind the same name are used" 60 state=connected
GOOD=$GENERATION
apply "one that the gateway does not know" '[Tunnel]' Certificate=dm:client-other PrivateKey=dm:client-other CACertificates=dm:lab
becomes "is gone back from" 60 "management.rolled_back_generation=$GENERATION" "management.policy_generation=$GOOD" state=connected
no_leak "renewal"

# ---- only root may disable ----
apply "UserMayDisable=no" '[Management]' UserMayDisable=no '[Tunnel]' Enabled=yes
becomes "good" 60 state=connected management.policy_on_trial=false management.user_may_disable=false
for method in Disable Disconnect; do
    answer=$(as_nobody $method 2>&1) && fail "nobody may $method"
    grep -q 'UserMayDisable=no' <<<"$answer" || fail "$method: $answer"
    pass "$method: $answer"
done
as_nobody ApplyPolicy s '' 2>/dev/null && fail "nobody may set a policy"
ctl disconnect || fail "root may disconnect"
becomes "root may disconnect" 30 state=offline reason=user-disconnected
ctl connect || fail "mvpnctl connect"
becomes "connected" 30 state=connected
no_leak "only root may disable"

# ---- a crash in the middle ----
for round in 1 2 3 4 5 6 7 8; do
    before=$GENERATION
    call ApplyPolicy s "$(lines '[Keepalive]' Mode=fixed "Interval=2${round}s")" >/dev/null 2>&1 &
    sleep "0.0$((round * 7 % 10))"
    mvpnd_kill9
    wait $!
    mvpnd_start || fail "mvpnd does not start after a crash"
    becomes "crash $round: connected" 60 state=connected
    GENERATION=$("$LAB_SUPPORT/json-get" management.policy_generation <"$LAB_DIR/run/status.json")
    interval=$("$LAB_SUPPORT/json-get" keepalive.interval <"$LAB_DIR/run/status.json")
    case $GENERATION in
    "$before") [ "$interval" = "${last:-20}" ] || fail "crash $round: the old policy, but an interval of $interval" ;;
    *) equal "crash $round: the new policy" "2$round" "$interval" ;;
    esac
    last=$interval
done
no_leak "crashes while a policy is applied"

# ---- a policy that rots ----
apply "one that is good" '[Keepalive]' Mode=fixed Interval=31s
becomes "good" 60 state=connected management.policy_on_trial=false
apply "the next" '[Keepalive]' Mode=fixed Interval=32s
becomes "good" 60 state=connected management.policy_on_trial=false
mvpnd_stop
sed -i 's/Interval=32s/Interval=33s/' "$HANDSET_STATE/policy.conf"
mvpnd_start || fail "mvpnd does not start with a rotten policy"
becomes "the last good one is used" 60 state=connected keepalive.interval=31 management.managed=true "management.rolled_back_because!="
no_leak "a rotten policy"

# ---- switched on and off, and unmanaged again ----
apply "Enabled=yes" '[Tunnel]' Enabled=yes '[Management]' UserMayDisable=no
becomes "on" 60 state=connected management.policy_on_trial=false
ctl disable || fail "root may disable"
becomes "off by root" 30 state=disabled
apply "an always-on policy" '[Tunnel]' Enabled=yes '[Management]' UserMayDisable=no '[Keepalive]' Interval=22s
becomes "on again with the next policy that decrees it" 60 state=connected management.policy_on_trial=false
world_mark
apply "a policy that says nothing of it" '[Keepalive]' Interval=21s
becomes "still on" 60 state=connected management.policy_on_trial=false
call ApplyPolicy s '' >/dev/null || fail "an empty policy"
becomes "unmanaged, and a person's VPN is still on" 60 state=connected management.managed=false management.user_may_disable=true gateway.name=$GW_NAME
no_leak "on until somebody says off"
ctl disable || fail "mvpnctl disable"
apply "Enabled=yes where it was off" '[Tunnel]' Enabled=yes
becomes "on" 60 state=connected internet_blocked=false management.policy_on_trial=false
call ApplyPolicy s '' >/dev/null || fail "an empty policy"
becomes "off with the end of management" 60 state=disabled management.managed=false management.rolled_back_generation=
check "of what was taken back nothing is left" test ! -e "$HANDSET_STATE/policy.taken-back"
check "the internet is open" traffic tcp "$WORLD_V4"
